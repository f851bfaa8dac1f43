//! The search: who can take this person, ranked.
use super::snapshot::Snapshot;
use crate::domain::bed::Freshness;
use crate::domain::facility::{Facility, FacilityDetails};
use crate::domain::geo::Point;
use crate::domain::id::{BedUnitId, FacilityId};
use crate::domain::need::{self, Fit, Need, Reason};
use crate::domain::region::RegionDetails;
use crate::domain::service::ServiceDetails;
use crate::domain::time::At;
use crate::domain::travel::{self, TravelTimesDetails};
use crate::policy::Scope;
use crate::policy::view::BedUnitView;
use std::collections::{BTreeSet, HashMap};

/// What is sought, from where, at which instant.
#[derive(Clone, Debug)]
pub struct Seek<'a> {
    /// The need.
    pub need: &'a Need,
    /// Where the person is.
    pub near: Option<Point>,
    /// How far to look in a straight line, in meters.
    pub within_meters: Option<u32>,
    /// The instant that the answer is of.
    pub at: At,
    /// The instant that places in the answer are judged at: on a later page, the first page's.
    pub ranked_at: At,
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
}

impl Snapshot {
    /// Every unit in the scope that offers the level of care, ranked.
    pub fn search(&self, scope: &Scope, seek: &Seek<'_>) -> Vec<Found> {
        let near: Option<BTreeSet<FacilityId>> = seek
            .near
            .zip(seek.within_meters)
            .map(|(near, meters)| self.facilities_in(near.box_within(meters)).collect());
        let ways = self.ways(scope, seek);
        let mut found: Vec<Found> = match near {
            Some(facilities) => facilities
                .iter()
                .flat_map(|id| self.units_at(scope, *id, seek.at))
                .filter_map(|unit| self.found(scope, seek, &ways, unit))
                .collect(),
            None => self.units(scope, seek.at).filter_map(|unit| self.found(scope, seek, &ways, unit)).collect(),
        };
        found.sort_unstable_by_key(|found| found.rank);
        found
    }

    /// Minutes from where the person is to each facility that a region's table tells of, in the hour of its own clocks.
    fn ways(&self, scope: &Scope, seek: &Seek<'_>) -> HashMap<FacilityId, u16> {
        let Some(near) = seek.near else { return HashMap::new() };
        let mut ways = HashMap::new();
        for times in self.entries::<TravelTimesDetails>(scope) {
            let region = self.entry::<RegionDetails>(scope, times.region);
            let hour = travel::hour_of(region.as_ref().map_or("UTC", |region| &region.details.time_zone), seek.at);
            ways.extend(times.details.minutes_from(near, hour));
        }
        ways
    }

    fn found(
        &self,
        scope: &Scope,
        seek: &Seek<'_>,
        ways: &HashMap<FacilityId, u16>,
        unit: BedUnitView,
    ) -> Option<Found> {
        let definition = unit.unit().definition();
        let service = self.entry::<ServiceDetails>(scope, definition.service)?;
        if seek.need.level_of_care.is_some_and(|level| level != service.details.kind) {
            return None;
        }
        let facility = self.entry::<FacilityDetails>(scope, definition.facility)?;
        let meters = distance(seek, &facility);
        if seek.within_meters.is_some()
            && meters.is_none_or(|meters| seek.within_meters.is_some_and(|most| meters > most))
        {
            return None;
        }
        let minutes = ways.get(&facility.id).copied();
        let seconds = minutes.map(|minutes| u32::from(minutes) * 60);
        let reasons = need::reasons(seek.need, unit.unit(), &service, &facility, seek.at);
        let fit = need::fit(&reasons);
        let (fit_then, freshness_then) = if seek.ranked_at == seek.at {
            (fit, unit.availability().freshness)
        } else {
            let then = need::reasons(seek.need, unit.unit(), &service, &facility, seek.ranked_at);
            (need::fit(&then), unit.unit().availability(seek.ranked_at).freshness)
        };
        let rank = Rank {
            fit: fit_then as u8,
            may_refuse: !service.details.no_refusal,
            freshness: freshness(freshness_then),
            seconds: seconds.or(meters.map(travel::estimated_seconds)).unwrap_or(u32::MAX),
            meters: meters.unwrap_or(u32::MAX),
            unit: unit.unit().id(),
        };
        Some(Found { unit, meters, minutes, fit, reasons, rank })
    }
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
