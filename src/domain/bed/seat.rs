//! Seats: a unit beside what it stands on, so that whoever judges it looks nothing up.
use super::BedUnit;
use crate::domain::facility::Facility;
use crate::domain::service::Service;
use std::sync::Arc;

/// A unit and what it stands on.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The unit.
    pub unit: Arc<BedUnit>,
    /// What it offers.
    pub service: Arc<Service>,
    /// Where it is.
    pub facility: Arc<Facility>,
    /// Neither the unit nor anything that it stands on is withdrawn.
    pub offered: bool,
}

/// A unit that an event moved: the unit itself changed, or what it stands on.
#[derive(Clone, Debug)]
pub struct Moved {
    /// As it stood just before; none for a new unit.
    pub before: Option<Seat>,
    /// As it stands just after.
    pub after: Seat,
}
