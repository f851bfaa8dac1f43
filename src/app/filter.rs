//! Which units a list or a subscription is about.
use crate::board::Snapshot;
use crate::domain::bed::{Freshness, ShownAs};
use crate::domain::event::Told;
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{FacilityId, OrganizationId};
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::policy::Scope;
use crate::policy::view::{self, BedUnitView};
use std::sync::Arc;

/// Which units; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitFilter {
    /// At this facility.
    pub facility: Option<FacilityId>,
    /// Of this agency.
    pub organization: Option<OrganizationId>,
    /// Of one of these levels of care.
    pub levels_of_care: Option<Vec<ServiceKind>>,
    /// In one of these counties.
    pub counties_fips: Option<Vec<u32>>,
    /// Shown as one of these.
    pub shown_as: Option<Vec<ShownAs>>,
    /// Of one of these freshnesses.
    pub freshness: Option<Vec<Freshness>>,
    /// Taking drop-offs by first responders.
    pub drop_off: Option<bool>,
}

/// How a unit stands to a filter after an event.
#[derive(Clone)]
pub enum Seen {
    /// It matches now and did not before.
    Entered(BedUnitView),
    /// It matched and still does.
    Changed(BedUnitView),
    /// It no longer matches, or is no longer the viewer's to see.
    Left,
}

fn any<T: PartialEq>(wanted: Option<&Vec<T>>, is: &T) -> bool {
    wanted.is_none_or(|wanted| wanted.contains(is))
}

impl UnitFilter {
    /// Whether a unit matches.
    pub fn matches(&self, board: &Snapshot, scope: &Scope, unit: &BedUnitView) -> bool {
        let (entry, definition, now) = (&unit.entry(), unit.definition(), unit.availability());
        self.facility.is_none_or(|id| id == definition.facility)
            && self.organization.is_none_or(|id| id == entry.owner)
            && self.drop_off.is_none_or(|drop_off| drop_off == definition.drop_off)
            && any(self.shown_as.as_ref(), &now.shown_as)
            && any(self.freshness.as_ref(), &now.freshness)
            && self.levels_of_care.as_ref().is_none_or(|levels| {
                board
                    .entry::<ServiceDetails>(scope, definition.service)
                    .is_some_and(|s| levels.contains(&s.details.kind))
            })
            && self.counties_fips.as_ref().is_none_or(|counties| {
                let facility = board.entry::<FacilityDetails>(scope, definition.facility);
                facility.and_then(|f| f.details.county_fips).is_some_and(|fips| counties.contains(&fips))
            })
    }

    /// What an event means to one who watches this filter; `None` when nothing.
    pub fn told(&self, board: &Snapshot, scope: &Scope, told: &Told) -> Option<Seen> {
        let after = told.after.as_ref()?;
        let at = told.event.happening.at;
        let matching = |unit: &Arc<_>, at| {
            let view = view::bed_unit(scope, Arc::clone(unit), at)?;
            (board.is_offered(view.entry()) && self.matches(board, scope, &view)).then_some(view)
        };
        // Before the event it was as its last event had told it: what time changed since is this event's news.
        let before = told.before.as_ref().and_then(|before| matching(before, before.entry.updated_at));
        match (before, matching(after, at)) {
            (None, Some(view)) => Some(Seen::Entered(view)),
            (Some(_), Some(view)) => Some(Seen::Changed(view)),
            (Some(_), None) => Some(Seen::Left),
            (None, None) => None,
        }
    }
}
