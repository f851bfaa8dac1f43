//! Facilities: the places people are taken to or walk into.
use super::code::codes;
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::geo::Point;
use super::id::FacilityId;
use super::text::{self, Flaw, FlawKind};

codes! {
    /// What kind of country a place stands in; response targets differ by it.
    Zone {
        /// City.
        Urban "URBAN",
        /// Suburb.
        Suburban "SUBURBAN",
        /// Countryside.
        Rural "RURAL",
        /// Remote country.
        Frontier "FRONTIER",
    }
}

/// What an agency says about one of its places.
#[derive(Clone, Debug, PartialEq)]
pub struct FacilityDetails {
    /// Its name.
    pub name: String,
    /// Street address.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, two letters.
    pub state: Option<String>,
    /// ZIP code, five digits.
    pub zip: Option<String>,
    /// County, as a Census FIPS code.
    pub county_fips: Option<u32>,
    /// Where it stands.
    pub point: Option<Point>,
    /// What kind of country it stands in.
    pub zone: Zone,
    /// IANA time zone of its wall times.
    pub time_zone: String,
    /// The line that staff answer at night, E.164.
    pub direct_line: Option<String>,
    /// Has an entrance for first responders.
    pub first_responder_door: bool,
    /// People may walk in.
    pub walk_in: bool,
    /// Step-free access.
    pub wheelchair_accessible: Option<bool>,
}

/// A place that an agency runs.
pub type Facility = Entry<FacilityDetails>;

/// Checks an IANA time zone name.
pub fn time_zone(field: &'static str, name: &str) -> Result<(), Flaw> {
    text::line(field, name, 64)?;
    match jiff::tz::TimeZone::get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(Flaw { field, kind: FlawKind::Malformed, min: 0, max: 64 }),
    }
}

/// Checks a phone number, E.164.
pub fn phone(field: &'static str, number: Option<&String>) -> Result<(), Flaw> {
    let e164 = |n: &str| {
        n.strip_prefix('+').is_some_and(|d| (8..=15).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
    };
    match number {
        Some(number) if !e164(number) => Err(Flaw { field, kind: FlawKind::Malformed, min: 8, max: 16 }),
        _ => Ok(()),
    }
}

impl Details for FacilityDetails {
    type Id = FacilityId;
    const SAVED: EventKind = EventKind::FacilitySaved;

    fn check(&self) -> Result<(), Flaw> {
        text::line("name", &self.name, 200)?;
        text::maybe_line("street", self.street.as_ref(), 200)?;
        text::maybe_line("city", self.city.as_ref(), 100)?;
        text::maybe_line("state", self.state.as_ref(), 2)?;
        text::maybe_line("zip", self.zip.as_ref(), 10)?;
        text::within("countyFips", self.county_fips.map_or(1_001, i64::from), 1_001, 99_999)?;
        phone("directLine", self.direct_line.as_ref())?;
        time_zone("timeZone", &self.time_zone)
    }

    fn fact(&self, retired: bool) -> Fact {
        Fact::Facility { county_fips: self.county_fips, zone: self.zone, retired }
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Facility { county_fips, zone, .. } = *fact else { return None };
        Some(Self { county_fips, zone, ..self.clone() })
    }
}
