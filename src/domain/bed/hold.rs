//! What holds do to a unit: places kept, and people who came and whom no report has counted.
use super::{Accepting, BedUnit, Freshness};
use crate::domain::entry::Changed;
use crate::domain::event::EventKind;
use crate::domain::hold::{Arrival, Held, Side};
use crate::domain::id::BedHoldId;
use crate::domain::time::At;

impl BedUnit {
    /// Places kept at an instant.
    pub fn held_now(&self, now: At) -> u32 {
        count(self.held.iter().filter(|held| held.stands(now)).count())
    }

    /// People who came on a hold since the report was true.
    pub fn arrived(&self) -> u32 {
        count(self.arrivals.len())
    }

    /// When the first place that is kept comes free again, if nobody comes.
    pub fn held_until(&self, now: At) -> Option<At> {
        self.held.iter().filter(|held| held.stands(now)).map(|held| held.until).min()
    }

    /// Whether a place is free for one more hold. Others need a number that can be believed and a unit that takes people;
    /// the unit's own agency knows better than its last report how old it is, but not how many places there are.
    pub(in crate::domain) fn has_place_for(&self, side: Side, now: At) -> bool {
        let is = self.availability(now);
        let free = is.net_reported.is_some_and(|net| net > 0);
        match side {
            Side::Owner => free,
            Side::Holder => {
                let takes = self.report.as_ref().is_some_and(|report| report.census.accepting == Accepting::Yes);
                free && takes && self.pause.is_none() && matches!(is.freshness, Freshness::Fresh | Freshness::Aging)
            }
        }
    }

    /// The unit with a place kept, or kept longer.
    pub(in crate::domain) fn with_held(&self, held: Held, now: At) -> Changed<Self> {
        let mut next = self.bumped(now);
        next.held.retain(|other| other.hold != held.hold);
        next.held.push(held);
        next.changed(EventKind::BedHoldsChanged, now)
    }

    /// The unit with a place no longer kept; taken by who arrived, if somebody did.
    pub(in crate::domain) fn without_held(&self, hold: BedHoldId, arrival: Option<Arrival>, now: At) -> Changed<Self> {
        let mut next = self.bumped(now);
        next.held.retain(|held| held.hold != hold);
        next.arrivals.extend(arrival);
        next.changed(EventKind::BedHoldsChanged, now)
    }

    /// The unit without somebody who came on a hold and is not there any more; `None` when a report has counted since.
    pub fn without_arrival(&self, hold: BedHoldId, now: At) -> Option<Changed<Self>> {
        self.arrivals.iter().any(|arrival| arrival.hold == hold).then(|| {
            let mut next = self.bumped(now);
            next.arrivals.retain(|arrival| arrival.hold != hold);
            next.changed(EventKind::BedHoldsChanged, now)
        })
    }

    /// The arrivals that a report true at an instant has not counted.
    pub(super) fn arrivals_after(&self, as_of: At) -> Vec<Arrival> {
        self.arrivals.iter().filter(|arrival| arrival.at > as_of).copied().collect()
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
