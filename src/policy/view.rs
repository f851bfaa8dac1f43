//! Views: what of a row a viewer may read.
use super::rules::Reach;
use super::scope::Scope;
use crate::domain::bed::{Availability, BedUnit, PauseReason, Report};
use crate::domain::hold::{Hold, HoldState};
use crate::domain::time::At;
use std::sync::Arc;

/// A unit as one scope sees it at one instant. Only views become answers.
#[derive(Clone, Debug)]
pub struct BedUnitView {
    unit: Arc<BedUnit>,
    availability: Availability,
    numbers: bool,
    census: bool,
    now: At,
}

/// Whether a scope sees a unit at all.
pub fn sees(scope: &Scope, unit: &BedUnit) -> bool {
    scope.sees(unit.entry.region, unit.entry.owner, unit.definition().audience())
}

/// What of a unit a scope may read; `None` when the scope does not see it at all.
pub fn bed_unit(scope: &Scope, unit: Arc<BedUnit>, now: At) -> Option<BedUnitView> {
    let entry = &unit.entry;
    if !sees(scope, &unit) {
        return None;
    }
    let census = match scope.census() {
        Reach::Agency => scope.own().is_some_and(|(own, _)| own == entry.owner),
        Reach::Region | Reach::Hub => true,
        Reach::Nowhere | Reach::Own | Reach::DropOff | Reach::Public => false,
    };
    Some(BedUnitView { availability: unit.availability(now), numbers: census || !scope.coarse(), census, now, unit })
}

/// A hold as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct HoldView {
    hold: Hold,
    now: At,
}

/// What of a hold a scope may read: both its sides read all of it, and nobody else anything.
pub fn hold(scope: &Scope, hold: Hold, now: At) -> Option<HoldView> {
    scope.sees_hold(&hold).then_some(HoldView { hold, now })
}

impl HoldView {
    /// The hold, as both its sides may read it.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Where it stands at the instant it was seen, whether or not the log has told of its end yet.
    pub fn state(&self) -> HoldState {
        self.hold.state_at(self.now)
    }
}

impl BedUnitView {
    /// The unit's definition and words, which everyone who sees the unit may read.
    pub fn unit(&self) -> &BedUnit {
        &self.unit
    }

    /// What is derived from the last report, less the numbers.
    pub fn availability(&self) -> Availability {
        let mut seen = self.availability;
        if !self.numbers {
            seen.net = None;
            seen.net_reported = None;
            (seen.held, seen.arrived) = (0, 0);
            seen.over_capacity = false;
        }
        seen
    }

    /// Whether more places are used and blocked than have staff, for those who may read numbers.
    pub fn over_capacity(&self) -> Option<bool> {
        self.numbers.then_some(self.availability.over_capacity)
    }

    /// When the numbers were true.
    pub fn as_of(&self) -> Option<At> {
        self.unit.report.as_ref().map(|report| report.as_of)
    }

    /// The pause: why, for those who may read numbers; since when; and its expected end.
    pub fn pause(&self) -> Option<(Option<PauseReason>, At, At)> {
        let pause = self.unit.pause?;
        Some((Some(pause.reason).filter(|_| self.numbers), pause.since, pause.until))
    }

    /// Whether the scope reads the unit's census.
    pub fn reads_census(&self) -> bool {
        self.census
    }

    /// The whole report, for those who may read the census.
    pub fn report(&self) -> Option<&Report> {
        self.unit.report.as_ref().filter(|_| self.census)
    }

    /// People waiting, for those who may read numbers.
    pub fn waitlist(&self) -> Option<u32> {
        self.unit.report.as_ref().filter(|_| self.numbers).map(|report| report.census.waitlist)
    }

    /// Places kept, and people who came on a hold since the report was true, for those who may read numbers.
    pub fn held_and_arrived(&self) -> Option<(u32, u32)> {
        self.numbers.then_some((self.availability.held, self.availability.arrived))
    }

    /// The instant it was seen at.
    pub fn now(&self) -> At {
        self.now
    }
}
