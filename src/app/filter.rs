//! Which units a list or a subscription is about.
use crate::domain::bed::{Freshness, Moved, Seat, ShownAs};
use crate::domain::entry::ExternalId;
use crate::domain::event::Told;
use crate::domain::id::{BedUnitId, FacilityId, OrganizationId};
use crate::domain::service::ServiceKind;
use crate::policy::Scope;
use crate::policy::view::{self, BedUnitView};

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
    /// The one that another system knows by this id.
    pub external: Option<ExternalId>,
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

fn any<T: PartialEq>(wanted: Option<&Vec<T>>, is: Option<T>) -> bool {
    wanted.is_none_or(|wanted| is.is_some_and(|is| wanted.contains(&is)))
}

impl UnitFilter {
    /// Whether a unit matches, beside what it stands on.
    pub fn matches(&self, scope: &Scope, seat: &Seat, unit: &BedUnitView) -> bool {
        let (entry, definition, now) = (unit.entry(), unit.definition(), unit.availability());
        let level = Some(&seat.service).filter(|service| view::sees_entry(scope, service)).map(|s| s.details.kind);
        let facility = Some(&seat.facility).filter(|facility| view::sees_entry(scope, facility));
        let county = facility.and_then(|facility| facility.details.county_fips);
        self.facility.is_none_or(|id| id == definition.facility)
            && self.organization.is_none_or(|id| id == entry.owner)
            && self.drop_off.is_none_or(|drop_off| drop_off == definition.drop_off)
            && self.external.as_ref().is_none_or(|id| entry.external_ids.contains(id))
            && any(self.shown_as.as_ref(), Some(now.shown_as))
            && any(self.freshness.as_ref(), Some(now.freshness))
            && any(self.levels_of_care.as_ref(), level)
            && any(self.counties_fips.as_ref(), county)
    }

    /// What an event means to one who watches this filter, for each unit that it moved.
    pub fn told(&self, scope: &Scope, told: &Told) -> Vec<(BedUnitId, Seen)> {
        told.units.iter().filter_map(|moved| Some((moved.after.unit.id(), self.moved(scope, moved, told)?))).collect()
    }

    fn moved(&self, scope: &Scope, moved: &Moved, told: &Told) -> Option<Seen> {
        // A unit is, until its next event, what its last one told: what time has changed since is that next event's news.
        let is_in = |seat: &Seat| {
            let view = view::bed_unit(scope, seat.unit.clone(), seat.unit.entry.updated_at);
            view.is_some_and(|view| seat.offered && self.matches(scope, seat, &view))
        };
        let now = || view::bed_unit(scope, moved.after.unit.clone(), told.event.happening.at);
        match (moved.before.as_ref().is_some_and(is_in), is_in(&moved.after)) {
            (false, true) => Some(Seen::Entered(now()?)),
            (true, true) => Some(Seen::Changed(now()?)),
            (true, false) => Some(Seen::Left),
            (false, false) => None,
        }
    }
}
