//! Travel times of the Keys: islands on one road, where a straight line runs over the water.
//!
//! What is real: where the towns are, and their mile markers on US 1. What is invented: every facility, and how fast the
//! road is, which is said once here and never measured.
use crate::app::travel::{self, LoadTravelTimes};
use crate::app::{Error, Hub, console};
use crate::domain::facility::{Facility, FacilityDetails};
use crate::domain::geo::Point;
use crate::domain::id::{FacilityId, RegionId};
use crate::domain::travel::{Band, TravelTimesDetails};
use crate::policy::Scope;
use std::collections::BTreeMap;

/// A town on the road.
struct Stop {
    name: &'static str,
    degrees: (f64, f64),
    radius_meters: u32,
    /// Where it stands on US 1, in miles.
    mile: u32,
}

/// From the end of the road to where it reaches the mainland.
const STOPS: [Stop; 4] = [
    Stop { name: "Key West", degrees: (24.56, -81.77), radius_meters: 15_000, mile: 3 },
    Stop { name: "Marathon", degrees: (24.71, -81.09), radius_meters: 25_000, mile: 50 },
    Stop { name: "Key Largo", degrees: (25.09, -80.45), radius_meters: 20_000, mile: 100 },
    Stop { name: "Florida City", degrees: (25.45, -80.48), radius_meters: 12_000, mile: 127 },
];
/// The hours of the day and how fast the road is within them, in miles an hour.
const SPEEDS: [(u8, u8, u32); 2] = [(6, 22, 42), (22, 6, 52)];
/// Off the road: meters a minute, about 40 km/h.
const METERS_A_MINUTE: u32 = 670;
/// How far from a stop a place may be that the table tells of, in meters.
const FAR: u32 = 60_000;
/// Doors, lights and bridges: no way is shorter.
const MINUTES_MIN: u32 = 4;

/// Loads the table, unless it is there.
pub async fn load(hub: &Hub, region: RegionId) -> Result<bool, Error> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    let places: Vec<(FacilityId, usize, u32)> =
        board.entries::<FacilityDetails>(&scope).filter_map(|facility| on_the_road(facility)).collect();
    let zones: BTreeMap<String, (Point, u32)> =
        STOPS.iter().filter_map(|stop| Some((stop.name.to_owned(), (point(stop)?, stop.radius_meters)))).collect();
    let mut times = Vec::new();
    for (from, until, speed) in SPEEDS {
        let band = Band::new(from, until)?;
        for stop in &STOPS {
            times.extend(places.iter().filter_map(|(facility, near, off)| {
                let miles = STOPS.get(*near)?.mile.abs_diff(stop.mile);
                let minutes = (miles * 60 / speed + off / METERS_A_MINUTE).max(MINUTES_MIN);
                Some((stop.name.to_owned(), *facility, band, u16::try_from(minutes).ok()?))
            }));
        }
    }
    let details = TravelTimesDetails::new(zones, times);
    travel::load(hub, &console::viewer(), LoadTravelTimes { region, details, dry_run: false }).await
}

fn point(stop: &Stop) -> Option<Point> {
    Point::from_degrees(stop.degrees.0, stop.degrees.1).ok()
}

/// A facility, the stop that it is near to, and how far off the road that is, in meters.
fn on_the_road(facility: &Facility) -> Option<(FacilityId, usize, u32)> {
    let here = facility.details.point?;
    let off = STOPS.iter().enumerate().filter_map(|(place, stop)| Some((point(stop)?.meters_to(here), place)));
    let (off, near) = off.min()?;
    (off <= FAR).then_some((facility.id, near, off))
}
