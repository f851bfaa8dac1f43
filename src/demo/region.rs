//! The demo region: Miami-Dade, Broward, Palm Beach and Monroe in Florida.
//!
//! What is real: where something stands (city, county, ZIP code, position to 0.01 degree), how many licensed beds it has,
//! and how its beds filled up on 19 days of 2020. What is invented: every organization, every name and every phone. There
//! is no street and no website. [`super::cut::cut`] makes both files from the three public files that it names, and makes
//! the same bytes each time.
//!
//! How the files are cut:
//! - hospitals: open HIFLD hospitals of the four counties that are PSYCHIATRIC, or GENERAL ACUTE CARE with an AHCA series
//!   or at least 150 licensed beds (large enough to plausibly have a psychiatric unit);
//! - mental-health sites: every SAMHSA site of the four counties, repeated rows once;
//! - bed series: an AHCA file number joins a hospital when normalised name and county are equal and each of them is the
//!   only one; the files share no identifier. A series counts all staffed beds of its hospital, psychiatric or not;
//! - names: an organization is a word of light and a word of plants or sea life, drawn from a seeded ChaCha8 stream, and a
//!   form that fits its kind (`Health`, `Behavioral Health`, `Mental Health Care`); its places carry the same two words. Sites
//!   of one real organization stay together under one invented one. A pair of words that stands in any real name of the
//!   three files, anywhere in the country, is not used;
//! - phones: area code of the county, 555-0100 to 555-0199, numbers that are reserved for fiction;
//! - keys: `F001` onward in the order of county, kind, ZIP code and position, so that they say nothing of the sources.
//!
//! Numbers and positions are real, so a demo facility can be recognised by somebody who looks for it. Every page of the
//! demo says that its behavior is invented.
//!
//! **Invariant**: no real organization, facility, street, phone or website is in the files; tests compare them with the
//! real files when those are present.
use crate::domain::code::Coded;
use crate::exchange::record::FacilityKind;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A county of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct County {
    /// Census FIPS code.
    pub fips: u32,
    /// Its name.
    pub name: &'static str,
    /// Area code of its invented phones.
    pub area_code: u16,
    /// Latitude of its internal point in millionths of a degree.
    pub latitude_e6: i32,
    /// Longitude of its internal point in millionths of a degree.
    pub longitude_e6: i32,
    /// Land area in square meters.
    pub land_m2: u64,
}

/// The counties; points and areas from the Census Bureau's county gazetteer of 2017 (INTPTLAT, INTPTLONG, ALAND).
pub const COUNTIES: [County; 4] = [
    County {
        fips: 12_011,
        name: "Broward",
        area_code: 954,
        latitude_e6: 26_193_535,
        longitude_e6: -80_476_683,
        land_m2: 3_120_024_303,
    },
    County {
        fips: 12_086,
        name: "Miami-Dade",
        area_code: 786,
        latitude_e6: 25_610_580,
        longitude_e6: -80_499_137,
        land_m2: 4_917_514_967,
    },
    County {
        fips: 12_087,
        name: "Monroe",
        area_code: 305,
        latitude_e6: 24_535_414,
        longitude_e6: -82_006_920,
        land_m2: 2_545_998_106,
    },
    County {
        fips: 12_099,
        name: "Palm Beach",
        area_code: 561,
        latitude_e6: 26_649_124,
        longitude_e6: -80_448_374,
        land_m2: 5_092_730_552,
    },
];

/// The file of facilities, as committed.
pub const FACILITIES_CSV: &str = include_str!("data/facilities.csv");
/// The file of bed snapshots, as committed.
pub const BEDS_CSV: &str = include_str!("data/beds_2020.csv");

/// The columns of the file of facilities.
pub(crate) const FACILITY_COLUMNS: [&str; 12] = [
    "key",
    "organization",
    "facility",
    "kind",
    "city",
    "county",
    "fips",
    "zip",
    "latitude",
    "longitude",
    "licensed_beds",
    "phone",
];
/// The columns of the file of bed snapshots.
pub(crate) const BED_COLUMNS: [&str; 5] = ["key", "snapshot_date", "census", "available", "staffed"];

/// A place of the demo region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFacility {
    /// Its key in the region's files.
    pub key: String,
    /// The invented organization that runs it; equal names are one organization.
    pub organization: String,
    /// Its invented name.
    pub name: String,
    /// HOSPITAL, PSYCHIATRIC_HOSPITAL or MENTAL_HEALTH_SITE.
    pub kind: FacilityKind,
    /// City.
    pub city: String,
    /// County.
    pub county: String,
    /// County, as a Census FIPS code.
    pub county_fips: u32,
    /// ZIP code, five digits.
    pub zip: String,
    /// Latitude in millionths of a degree, to 0.01 degree.
    pub latitude_e6: i32,
    /// Longitude in millionths of a degree, to 0.01 degree.
    pub longitude_e6: i32,
    /// Licensed beds; `None` is unknown or none.
    pub licensed_beds: Option<u32>,
    /// A phone that is reserved for fiction, E.164.
    pub phone: String,
}

/// How one hospital's beds stood on one day of 2020.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionBeds {
    /// The key of the hospital.
    pub facility_key: String,
    /// The day.
    pub snapshot_date: Date,
    /// Beds with somebody in them.
    pub census: u32,
    /// Staffed beds with nobody in them.
    pub available: u32,
    /// Staffed beds.
    pub staffed: u32,
}

type Cells = BTreeMap<String, String>;

/// A line that does not read is left out; a test holds that every line of the compiled-in files reads.
fn lines<T>(file: &str, line: impl Fn(&Cells) -> Option<T>) -> Vec<T> {
    csv::Reader::from_reader(file.as_bytes()).into_deserialize().filter_map(|cells| line(&cells.ok()?)).collect()
}

fn text(cells: &Cells, column: &str) -> Option<String> {
    cells.get(column).filter(|cell| !cell.is_empty()).cloned()
}

fn number<N: std::str::FromStr>(cells: &Cells, column: &str) -> Option<N> {
    cells.get(column)?.parse().ok()
}

fn e6(cells: &Cells, column: &str) -> Option<i32> {
    let (whole, hundredths) = cells.get(column)?.split_once('.').filter(|(_, part)| part.len() == 2)?;
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let whole: i32 = whole.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(sign * hundredths.parse::<i32>().ok()? * 10_000)
}

/// The places of the region, in the order of their keys.
pub fn facilities() -> Vec<RegionFacility> {
    lines(FACILITIES_CSV, |cells| {
        Some(RegionFacility {
            key: text(cells, "key")?,
            organization: text(cells, "organization")?,
            name: text(cells, "facility")?,
            kind: FacilityKind::from_code(cells.get("kind")?)?,
            city: text(cells, "city")?,
            county: text(cells, "county")?,
            county_fips: number(cells, "fips")?,
            zip: text(cells, "zip")?,
            latitude_e6: e6(cells, "latitude")?,
            longitude_e6: e6(cells, "longitude")?,
            licensed_beds: number(cells, "licensed_beds"),
            phone: text(cells, "phone")?,
        })
    })
}

/// The bed snapshots of the region, by hospital and day.
pub fn beds() -> Vec<RegionBeds> {
    lines(BEDS_CSV, |cells| {
        Some(RegionBeds {
            facility_key: text(cells, "key")?,
            snapshot_date: number(cells, "snapshot_date")?,
            census: number(cells, "census")?,
            available: number(cells, "available")?,
            staffed: number(cells, "staffed")?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_reads() {
        assert_eq!(facilities().len() + 1, FACILITIES_CSV.lines().count());
        assert_eq!(beds().len() + 1, BEDS_CSV.lines().count());
        assert_eq!(FACILITIES_CSV.lines().next(), Some(FACILITY_COLUMNS.join(",").as_str()));
        assert_eq!(BEDS_CSV.lines().next(), Some(BED_COLUMNS.join(",").as_str()));
        assert!(FACILITIES_CSV.len() + BEDS_CSV.len() < 300_000);
    }

    #[test]
    fn places_are_in_the_region_under_their_own_names_and_fictional_phones() {
        let facilities = facilities();
        let unique = |of: fn(&RegionFacility) -> &String| facilities.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(unique(|f| &f.key), facilities.len());
        assert_eq!(unique(|f| &f.name), facilities.len());
        assert_eq!(unique(|f| &f.phone), facilities.len());
        for facility in &facilities {
            let county = COUNTIES.iter().find(|county| county.fips == facility.county_fips).unwrap();
            assert_eq!(facility.county, county.name);
            assert!(facility.phone.starts_with(&format!("+1{}55501", county.area_code)) && facility.phone.len() == 12);
            assert!((24_000_000..27_000_000).contains(&facility.latitude_e6), "{}", facility.key);
            assert!((-82_000_000..-79_900_000).contains(&facility.longitude_e6), "{}", facility.key);
            assert_eq!((facility.latitude_e6 % 10_000, facility.longitude_e6 % 10_000), (0, 0));
            assert!(facility.zip.len() == 5 && facility.zip.starts_with('3'));
            let site = facility.kind == FacilityKind::MentalHealthSite;
            assert!(!site || facility.licensed_beds.is_none());
        }
        for county in COUNTIES {
            assert!(facilities.iter().any(|facility| facility.county_fips == county.fips), "{}", county.name);
        }
    }

    #[test]
    fn beds_belong_to_hospitals_and_add_up() {
        let hospitals: BTreeSet<_> = facilities()
            .into_iter()
            .filter(|facility| facility.kind != FacilityKind::MentalHealthSite)
            .map(|facility| facility.key)
            .collect();
        for day in beds() {
            assert!(hospitals.contains(&day.facility_key), "{}", day.facility_key);
            assert_eq!(day.census + day.available, day.staffed);
        }
    }
}
