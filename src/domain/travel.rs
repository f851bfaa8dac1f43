//! Travel times: how long the way from a zone of a region to a facility takes, by the hour of the day.
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::geo::Point;
use super::id::{FacilityId, TravelTimesId};
use super::text::{self, Flaw, FlawKind};
use super::time::At;
use std::collections::{BTreeMap, HashMap};

/// Most zones of one table.
pub const ZONES_MAX: usize = 500;
/// Most times of one table.
pub const TIMES_MAX: usize = 50_000;
/// Largest radius of a zone, in meters.
pub const RADIUS_MAX: u32 = 500_000;
/// Longest way, in minutes: a day.
pub const MINUTES_MAX: u16 = 1_440;
/// How fast a straight line is taken to be traveled where no table tells, in kilometers an hour: a road is longer than the
/// line, and a town is slower than the road.
pub const ESTIMATE_KMH: u32 = 40;

/// A zone: a named circle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// Its center.
    pub center: Point,
    /// Its radius in meters.
    pub radius_meters: u32,
}

/// Hours of the day by the region's clocks, the first included and the last not; they may go over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Band {
    /// From this hour on, 0 to 23.
    pub from: u8,
    /// Until this hour, 1 to 24; an earlier one than `from` is of the next day.
    pub until: u8,
}

/// How long the way from one zone to one facility takes within some hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct TravelTime {
    /// The zone, by its place in the table's list.
    pub zone: u16,
    /// The facility.
    pub facility: FacilityId,
    /// Within which hours.
    pub band: Band,
    /// How many minutes.
    pub minutes: u16,
}

/// A region's whole table. Equal tables say the same: zones and times are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TravelTimesDetails {
    /// The zones, in the order of their names.
    pub zones: Vec<Zone>,
    /// The times.
    pub times: Vec<TravelTime>,
}

/// The travel times of a region.
pub type TravelTimes = Entry<TravelTimesDetails>;

impl Band {
    /// Hours of the day; refused when they are no hours, or none.
    pub fn new(from: u8, until: u8) -> Result<Self, Flaw> {
        text::within("from_hour", i64::from(from), 0, 23)?;
        text::within("to_hour", i64::from(until), 1, 24)?;
        if from == until {
            return Err(Flaw { field: "to_hour", kind: FlawKind::Malformed, min: 1, max: 24 });
        }
        Ok(Self { from, until })
    }

    /// Whether an hour of the day is within.
    pub fn holds(self, hour: u8) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&hour)
        } else {
            hour >= self.from || hour < self.until
        }
    }

    /// Whether two bands have an hour in common.
    pub fn meets(self, other: Self) -> bool {
        (0..24).any(|hour| self.holds(hour) && other.holds(hour))
    }
}

impl Zone {
    fn holds(&self, point: Point) -> bool {
        self.center.meters_to(point) <= self.radius_meters
    }
}

impl TravelTimesDetails {
    /// A table from zones by name and times by the name of their zone.
    pub fn new(zones: BTreeMap<String, (Point, u32)>, times: Vec<(String, FacilityId, Band, u16)>) -> Self {
        let places: HashMap<String, u16> = zones.keys().cloned().zip(0..).collect();
        let zones = zones.into_iter().map(|(name, (center, radius_meters))| Zone { name, center, radius_meters });
        let mut times: Vec<TravelTime> = times
            .into_iter()
            .filter_map(|(zone, facility, band, minutes)| {
                Some(TravelTime { zone: *places.get(&zone)?, facility, band, minutes })
            })
            .collect();
        times.sort_unstable();
        Self { zones: zones.collect(), times }
    }

    /// Minutes to each facility that the table tells of, from a point, in an hour of the day: those of the smallest zone that
    /// holds the point; of two of one size, of the first by name.
    pub fn minutes_from(&self, point: Point, hour: u8) -> HashMap<FacilityId, u16> {
        let around = self.zones.iter().zip(0_u16..).filter(|(zone, _)| zone.holds(point));
        let Some((_, zone)) = around.min_by_key(|(zone, place)| (zone.radius_meters, *place)) else {
            return HashMap::new();
        };
        let times = self.times.iter().filter(|time| time.zone == zone && time.band.holds(hour));
        times.map(|time| (time.facility, time.minutes)).collect()
    }
}

/// The hour of the day at an instant by the clocks of an IANA time zone; UTC where the name is unknown.
pub fn hour_of(time_zone: &str, at: At) -> u8 {
    let zone = jiff::tz::TimeZone::get(time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    u8::try_from(zone.to_datetime(instant).hour()).unwrap_or(0)
}

/// Seconds that a straight line is taken for where no table tells.
pub fn estimated_seconds(meters: u32) -> u32 {
    let seconds = u64::from(meters) * 3_600 / (u64::from(ESTIMATE_KMH) * 1_000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// A time as people say it: to the minute up to ten, then to the next five.
pub fn says(minutes: u16) -> String {
    let rounded = if minutes <= 10 { minutes } else { (minutes + 2) / 5 * 5 };
    format!("about {rounded} min")
}

impl Details for TravelTimesDetails {
    type Id = TravelTimesId;
    const SAVED: EventKind = EventKind::TravelTimesLoaded;

    fn check(&self) -> Result<(), Flaw> {
        let many = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        text::within("zones", many(self.zones.len()), 1, many(ZONES_MAX))?;
        text::within("times", many(self.times.len()), 1, many(TIMES_MAX))?;
        for zone in &self.zones {
            text::line("zone", &zone.name, 100)?;
            text::within("radius_km", i64::from(zone.radius_meters), 1, i64::from(RADIUS_MAX))?;
        }
        for time in &self.times {
            Band::new(time.band.from, time.band.until)?;
            text::within("minutes", i64::from(time.minutes), 1, i64::from(MINUTES_MAX))?;
        }
        Ok(())
    }

    fn fact(&self, retired: bool) -> Fact {
        let many = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Fact::TravelTimes { zones: many(self.zones.len()), times: many(self.times.len()), retired }
    }

    // Today's table alone is kept: a fact tells how much was loaded.
    fn told(&self, fact: &Fact) -> Option<Self> {
        matches!(fact, Fact::TravelTimes { .. }).then(|| self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::NounId;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point::from_degrees(latitude, longitude).unwrap()
    }

    #[test]
    fn a_band_holds_its_first_hour_and_not_its_last_and_may_go_over_midnight() {
        let (day, night) = (Band::new(6, 22).unwrap(), Band::new(22, 6).unwrap());
        for hour in 0..24 {
            assert_eq!(day.holds(hour), (6..22).contains(&hour), "{hour}");
            assert_ne!(day.holds(hour), night.holds(hour), "{hour}");
        }
        assert!(!day.meets(night) && day.meets(Band::new(21, 23).unwrap()) && night.meets(Band::new(5, 6).unwrap()));
        assert!(Band::new(0, 24).unwrap().holds(0) && Band::new(0, 24).unwrap().holds(23));
        for (from, until) in [(24, 6), (6, 25), (6, 0), (7, 7)] {
            assert!(Band::new(from, until).is_err(), "{from} to {until}");
        }
    }

    #[test]
    fn the_smallest_zone_that_holds_a_point_tells() {
        let here = FacilityId::of(uuid::Uuid::from_u128(1));
        let zones = [("all", 50_000), ("town", 5_000), ("another town", 5_000)];
        let zones = zones.map(|(name, radius)| (name.to_owned(), (point(24.7, -81.1), radius)));
        let all = Band::new(0, 24).unwrap();
        let times =
            [("all", 60), ("town", 7), ("another town", 8)].map(|(zone, minutes)| (zone.into(), here, all, minutes));
        let table = TravelTimesDetails::new(zones.into(), times.to_vec());
        table.check().unwrap();
        assert_eq!(table.minutes_from(point(24.7, -81.1), 3), HashMap::from([(here, 8)]));
        assert_eq!(table.minutes_from(point(24.9, -81.1), 3), HashMap::from([(here, 60)]));
        assert_eq!(table.minutes_from(point(25.9, -81.1), 3), HashMap::new());
    }

    #[test]
    fn an_hour_is_of_the_regions_clocks_on_both_sides_of_daylight_saving() {
        let hour = |at: &str| hour_of("America/New_York", At::parse(at).unwrap());
        assert_eq!((hour("2026-03-08T06:59:59Z"), hour("2026-03-08T07:00:00Z")), (1, 3));
        assert_eq!((hour("2026-11-01T05:30:00Z"), hour("2026-11-01T06:30:00Z")), (1, 1));
        assert_eq!(hour_of("Nowhere/Else", At::parse("2026-11-01T05:30:00Z").unwrap()), 5);
    }

    #[test]
    fn a_time_is_said_to_the_minute_up_to_ten_and_then_to_five() {
        let said = [1, 10, 11, 12, 13, 48, 53, 1_440].map(says);
        let minutes = ["1", "10", "10", "10", "15", "50", "55", "1440"];
        assert_eq!(said, minutes.map(|minutes| format!("about {minutes} min")));
        assert_eq!((estimated_seconds(40_000), estimated_seconds(0), estimated_seconds(10)), (3_600, 0, 0));
    }
}
