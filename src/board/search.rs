//! The search: who can take this person, ranked.
use super::pathways::Path;
use super::snapshot::Snapshot;
use crate::domain::bed::{Freshness, Seat};
use crate::domain::facility::Facility;
use crate::domain::geo::Point;
use crate::domain::id::{BedUnitId, FacilityId};
use crate::domain::need::{self, Fit, Need, Reason};
use crate::domain::pathway::Pathway;
use crate::domain::region::RegionDetails;
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::domain::travel::{self, TravelTimesDetails};
use crate::policy::Scope;
use crate::policy::view::{self, BedUnitView};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What is sought, from where, at which instant.
#[derive(Clone, Debug)]
pub struct Seek<'a> {
    /// The need.
    pub need: &'a Need,
    /// In which role somebody seeks: only what this role may send by opens a way. None opens none.
    pub role: Option<Role>,
    /// Where the person is.
    pub near: Option<Point>,
    /// How far to look in a straight line, in meters.
    pub within_meters: Option<u32>,
    /// The instant that the answer is of.
    pub at: At,
    /// The instant that places in the answer are judged at: on a later page, the first page's.
    pub ranked_at: At,
    /// Only what stands after this place.
    pub after: Option<Rank>,
    /// How many at most.
    pub most: usize,
}

/// Where a unit stands in the answer: fit, then no-refusal, then freshness, then the way, then the straight line, then its id.
///
/// The way is the table's, or what the straight line is estimated at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Rank {
    fit: u8,
    may_refuse: bool,
    freshness: u8,
    seconds: u32,
    meters: u32,
    unit: BedUnitId,
}

/// One unit of the answer.
#[derive(Clone, Debug)]
pub struct Found {
    /// The unit.
    pub unit: BedUnitView,
    /// The straight line to it, in meters.
    pub meters: Option<u32>,
    /// Minutes on the way, where the region's table tells.
    pub minutes: Option<u16>,
    /// Whether it fits.
    pub fit: Fit,
    /// Every point, with its reason.
    pub reasons: Vec<Reason>,
    /// Where it stands.
    pub rank: Rank,
    /// The pathway by which the seeker may send there.
    pub pathway: Option<Arc<Pathway>>,
}

impl Snapshot {
    /// The units in the scope that offer the level of care, best first: those that stand after a place, at most so many.
    ///
    /// Every unit is ranked, and nothing more: what an answer says is made for the rows that it has.
    pub fn search(&self, scope: &Scope, seek: &Seek<'_>) -> Vec<Found> {
        let (ways, paths) = (self.ways(scope, seek), self.paths(scope, seek));
        // Looked up for units that are in the answer alone, and for none where there are no pathways.
        let path = |seat: &Seat| (!paths.is_empty()).then(|| Path::best(paths.get(&seat.service.id), seek, seat))?;
        let within = seek.near.zip(seek.within_meters);
        let mut ranks: Vec<Rank> = match within {
            Some((near, meters)) => {
                let facilities: BTreeSet<FacilityId> = self.facilities_in(near.box_within(meters)).collect();
                let seats = facilities.iter().flat_map(|id| self.seats_at(*id));
                seats.filter_map(|seat| rank(scope, seek, &ways, path, seat)).collect()
            }
            None => self.seats().filter_map(|seat| rank(scope, seek, &ways, path, seat)).collect(),
        };
        if let Some(after) = seek.after {
            ranks.retain(|rank| *rank > after);
        }
        if ranks.len() > seek.most {
            ranks.select_nth_unstable(seek.most);
            ranks.truncate(seek.most);
        }
        ranks.sort_unstable();
        let found = |rank: Rank| self.found(scope, seek, &ways, path(self.seat(rank.unit)?), rank);
        ranks.into_iter().filter_map(found).collect()
    }

    /// Minutes from where the person is to each facility that a region's table tells of, in the hour of its own clocks.
    pub(super) fn ways(&self, scope: &Scope, seek: &Seek<'_>) -> HashMap<FacilityId, u16> {
        let Some(near) = seek.near else { return HashMap::new() };
        let mut ways = HashMap::new();
        for times in self.entries::<TravelTimesDetails>(scope) {
            let region = self.entry::<RegionDetails>(scope, times.region);
            let hour = travel::hour_of(region.as_ref().map_or("UTC", |region| &region.details.time_zone), seek.at);
            ways.extend(times.details.minutes_from(near, hour));
        }
        ways
    }

    /// What is said of a ranked unit.
    pub(super) fn found(
        &self,
        scope: &Scope,
        seek: &Seek<'_>,
        ways: &HashMap<FacilityId, u16>,
        path: Option<&Path>,
        rank: Rank,
    ) -> Option<Found> {
        let (seat, unit) = (self.seat(rank.unit)?, self.unit(scope, rank.unit, seek.at)?);
        let answers = answers(path);
        Some(Found {
            meters: distance(seek, &seat.facility),
            minutes: ways.get(&seat.facility.id).copied(),
            fit: need::fit(seek.need, seat, answers, unit.availability().shown_as),
            reasons: need::reasons(seek.need, seat, answers, seek.at),
            unit,
            rank,
            pathway: path.map(|path| path.pathway.clone()),
        })
    }
}

/// What a pathway says of a need.
fn answers(path: Option<&Path>) -> &[Reason] {
    path.map_or(&[], |path| &path.reasons)
}

/// Where a unit stands; `None` when it is not in the answer.
pub(super) fn rank<'p>(
    scope: &Scope,
    seek: &Seek<'_>,
    ways: &HashMap<FacilityId, u16>,
    path: impl FnOnce(&Seat) -> Option<&'p Path>,
    seat: &Seat,
) -> Option<Rank> {
    let Seat { unit, service, facility, .. } = seat;
    let wanted = seek.need.level_of_care.is_none_or(|level| level == service.details.kind);
    if !seat.offered || !wanted || !view::sees_seat(scope, seat) {
        return None;
    }
    let meters = distance(seek, facility);
    if seek.within_meters.is_some_and(|most| meters.is_none_or(|meters| meters > most)) {
        return None;
    }
    let seconds = ways.get(&facility.id).map(|minutes| u32::from(*minutes) * 60);
    let then = unit.availability(seek.ranked_at);
    Some(Rank {
        fit: need::fit(seek.need, seat, answers(path(seat)), then.shown_as) as u8,
        may_refuse: !service.details.no_refusal,
        freshness: freshness(then.freshness),
        seconds: seconds.or(meters.map(travel::estimated_seconds)).unwrap_or(u32::MAX),
        meters: meters.unwrap_or(u32::MAX),
        unit: unit.id(),
    })
}

fn distance(seek: &Seek<'_>, facility: &Facility) -> Option<u32> {
    seek.near.zip(facility.details.point).map(|(from, to)| from.meters_to(to))
}

fn freshness(freshness: Freshness) -> u8 {
    match freshness {
        Freshness::Fresh => 0,
        Freshness::Aging => 1,
        Freshness::Stale => 2,
        Freshness::Expired => 3,
    }
}
