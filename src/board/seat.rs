//! The board's seats: each unit beside what it stands on, so that a search follows pointers and looks nothing up.
use super::snapshot::Snapshot;
use crate::domain::bed::{BedUnit, Seat};
use crate::domain::id::{BedUnitId, FacilityId};
use std::sync::Arc;

impl Snapshot {
    /// Every unit with what it stands on, in the order of their ids.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values()
    }

    /// The units of a facility.
    pub(super) fn seats_at(&self, facility: FacilityId) -> impl Iterator<Item = &Seat> {
        self.at_facility.get(&facility).into_iter().flatten().filter_map(|id| self.seats.get(id))
    }

    /// One unit beside what it stands on, whoever may see it.
    pub fn seat(&self, id: BedUnitId) -> Option<&Seat> {
        self.seats.get(&id)
    }

    /// Seats a unit anew; one that stands on what is not here has no seat until it comes.
    pub(super) fn take_seat(&mut self, unit: &Arc<BedUnit>) {
        let on = unit.definition();
        let stands = self.services.get(&on.service).cloned().zip(self.facilities.get(&on.facility).cloned());
        match stands {
            Some((service, facility)) => {
                let (unit, offered) = (unit.clone(), self.is_offered(&unit.entry));
                self.seats.insert(unit.id(), Seat { unit, service, facility, offered });
            }
            None => drop(self.seats.remove(&unit.id())),
        }
    }

    /// Seats anew what stands on an entry that has changed. On a new one nothing stands yet, or it stood without a seat.
    pub(super) fn reseat(&mut self, is_new: bool, stands: impl Fn(&BedUnit) -> bool) {
        if is_new && self.seats.len() == self.units.len() {
            return;
        }
        let units: Vec<Arc<BedUnit>> = self.units.values().filter(|unit| stands(unit)).cloned().collect();
        for unit in &units {
            self.take_seat(unit);
        }
    }
}
