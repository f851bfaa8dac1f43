//! Cuts the demo region out of the real files. `region` says what is kept and what is invented.
//!
//! **Invariant**: the same files and seed give the same bytes on every machine; no real name, street, phone or website is
//! written.
use super::names::{Namer, WordsUsedUp};
use super::region::{BED_COLUMNS, COUNTIES, County, FACILITY_COLUMNS};
use crate::domain::code::Coded;
use crate::exchange::clean::normal;
use crate::exchange::csv::{FileError, Limits};
use crate::exchange::import::{Import, read};
use crate::exchange::record::{BedRecord, FacilityKind, FacilityRecord, Source};
use std::collections::BTreeMap;
use std::path::Path;

/// The seed of the files in this repository.
pub const SEED: u64 = 20_201_127;
/// The name of the file of facilities.
pub const FACILITIES_FILE: &str = "facilities.csv";
/// The name of the file of bed snapshots.
pub const BEDS_FILE: &str = "beds_2020.csv";
/// Licensed beds from which a general hospital plausibly has a psychiatric unit.
const LARGE: u32 = 150;
/// 555-0100 to 555-0199.
const PHONES_PER_AREA: usize = 100;

/// Why the region could not be cut.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// A real file cannot be read.
    #[error("{file}: {error}")]
    Read {
        /// Which.
        file: &'static str,
        /// Why.
        error: FileError,
    },
    /// A file cannot be written.
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
    /// The word lists are too short.
    #[error("there are not enough invented names: lengthen the word lists")]
    WordsUsedUp,
    /// A county has more places than phones that are reserved for fiction.
    #[error("{0} has more than {PHONES_PER_AREA} places")]
    PhonesUsedUp(&'static str),
}

impl From<WordsUsedUp> for CutError {
    fn from(_: WordsUsedUp) -> Self {
        Self::WordsUsedUp
    }
}

impl From<csv::Error> for CutError {
    fn from(error: csv::Error) -> Self {
        Self::Write(error.into())
    }
}

/// What was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutReport {
    /// Invented organizations.
    pub organizations: usize,
    /// General hospitals.
    pub hospitals: usize,
    /// Psychiatric hospitals.
    pub psychiatric_hospitals: usize,
    /// Mental-health sites.
    pub sites: usize,
    /// AHCA file numbers in the region.
    pub series_in_region: usize,
    /// Of these, joined to a hospital that was kept.
    pub series_joined: usize,
    /// Bed snapshots.
    pub beds: usize,
}

/// One place that is kept.
struct Place<'a> {
    county: &'static County,
    kind: FacilityKind,
    zip: &'a str,
    latitude: i32,
    longitude: i32,
    city: String,
    licensed_beds: Option<u32>,
    /// Only to keep the sites of one organization together; never written.
    organization: String,
    series: Option<&'a str>,
}

/// Reads the three real files in `data` and writes the two files of the demo region to `out`.
pub fn cut(data: &Path, out: &Path, seed: u64) -> Result<CutReport, CutError> {
    let hifld = open(data, "hifld_hospitals_2020.csv", Source::HifldHospitals)?;
    let samhsa = open(data, "samhsa_mental_health_facilities_2020.csv", Source::SamhsaFacilities)?;
    let ahca = open(data, "fl_ahca_hospital_bed_snapshots_2020.csv", Source::AhcaBeds)?;
    let mut places = hospitals(&hifld, &ahca);
    places.extend(sites(&samhsa));
    places.sort_by(|a, b| sorting(a).cmp(&sorting(b)));
    let real = [&hifld, &samhsa].into_iter().flat_map(|import| {
        let organizations = import.organizations.iter().map(|record| record.name.as_str());
        organizations.chain(import.facilities.iter().map(|record| record.name.as_str()))
    });
    let namer = Namer::new(seed, real.chain(ahca.beds.iter().map(|record| record.name.as_str())));
    let invented = invent(&places, namer)?;
    let (facilities, beds, snapshots) = written(&places, &invented, &ahca)?;
    std::fs::write(out.join(FACILITIES_FILE), facilities)?;
    std::fs::write(out.join(BEDS_FILE), beds)?;
    let of = |kind| places.iter().filter(|place| place.kind == kind).count();
    let in_region = series(&ahca).into_iter().filter(|(_, record)| county_named(&record.county).is_some()).count();
    let mut organizations: Vec<_> = invented.iter().map(|(organization, _)| organization).collect();
    organizations.sort_unstable();
    organizations.dedup();
    Ok(CutReport {
        organizations: organizations.len(),
        hospitals: of(FacilityKind::Hospital),
        psychiatric_hospitals: of(FacilityKind::PsychiatricHospital),
        sites: of(FacilityKind::MentalHealthSite),
        series_in_region: in_region,
        series_joined: places.iter().filter(|place| place.series.is_some()).count(),
        beds: snapshots,
    })
}

fn open(data: &Path, file: &'static str, source: Source) -> Result<Import, CutError> {
    let opened = std::fs::File::open(data.join(file)).map_err(FileError::Io);
    opened.and_then(|opened| read(source, opened, Limits::default())).map_err(|error| CutError::Read { file, error })
}

fn county_named(name: &str) -> Option<&'static County> {
    COUNTIES.iter().find(|county| normal(county.name) == normal(name))
}

/// A hospital's name for joining: without what the two agencies write differently.
fn joining(name: &str) -> String {
    let name = normal(name);
    let own = name.split_once(" a campus of ").map_or(name.as_str(), |(own, _)| own);
    let idle = ["the", "of", "at", "inc", "llc", "corp", "hospital"];
    own.split(' ').filter(|word| !idle.contains(word)).collect::<Vec<_>>().join(" ")
}

/// Each hospital of the bed file once.
fn series(ahca: &Import) -> BTreeMap<&str, &BedRecord> {
    ahca.beds.iter().map(|record| (record.source_id.as_str(), record)).collect()
}

/// What has its key alone.
fn alone<K: Ord, V>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut all: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        all.entry(key).or_default().push(value);
    }
    let alone = |(key, mut values): (K, Vec<V>)| if values.len() == 1 { Some((key, values.pop()?)) } else { None };
    all.into_iter().filter_map(alone).collect()
}

fn hospitals<'a>(hifld: &'a Import, ahca: &'a Import) -> Vec<Place<'a>> {
    let by_fips = |record: &FacilityRecord| COUNTIES.iter().find(|county| Some(county.fips) == record.county_fips);
    let open = hifld.facilities.iter().filter(|record| !record.closed);
    let region: Vec<_> = open.filter_map(|record| Some((by_fips(record)?, record))).collect();
    let hospital = alone(region.iter().map(|(county, record)| ((county.fips, joining(&record.name)), ())));
    let numbers =
        alone(series(ahca).into_iter().filter_map(|(number, record)| {
            Some(((county_named(&record.county)?.fips, joining(&record.name)), number))
        }));
    let place = |(county, record): (&'static County, &'a FacilityRecord)| {
        let key = (county.fips, joining(&record.name));
        let series = hospital.get(&key).and_then(|()| numbers.get(&key)).copied();
        let large = record.licensed_beds.is_some_and(|beds| beds >= LARGE);
        let kept = match record.kind {
            FacilityKind::PsychiatricHospital => true,
            FacilityKind::Hospital => series.is_some() || large,
            _ => false,
        };
        if kept { placed(county, record, &record.name, series) } else { None }
    };
    region.into_iter().filter_map(place).collect()
}

fn sites(samhsa: &Import) -> Vec<Place<'_>> {
    let names: BTreeMap<_, _> =
        samhsa.organizations.iter().map(|record| (record.source_id.as_str(), record.name.as_str())).collect();
    let open = samhsa.facilities.iter().filter(|record| !record.closed && record.state.as_deref() == Some("FL"));
    open.filter_map(|record| {
        let county = county_named(record.county.as_deref()?)?;
        placed(county, record, names.get(record.organization_source_id.as_str())?, None)
    })
    .collect()
}

fn placed<'a>(
    county: &'static County,
    record: &'a FacilityRecord,
    organization: &str,
    series: Option<&'a str>,
) -> Option<Place<'a>> {
    Some(Place {
        county,
        kind: record.kind,
        zip: record.zip.as_deref()?,
        latitude: hundredths(record.latitude_e6?),
        longitude: hundredths(record.longitude_e6?),
        city: title(record.city.as_deref()?),
        licensed_beds: record.licensed_beds,
        organization: joining(organization),
        series,
    })
}

fn hundredths(e6: i32) -> i32 {
    (e6 + 5_000).div_euclid(10_000)
}

fn degrees(hundredths: i32) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
}

fn title(city: &str) -> String {
    let mut before = ' ';
    let capitals = city.chars().map(|c| {
        let begins = !before.is_alphanumeric();
        before = c;
        if begins { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    });
    capitals.collect()
}

fn sorting<'a>(place: &'a Place<'_>) -> (u32, FacilityKind, &'a str, i32, i32, &'a str, Option<u32>, Option<&'a str>) {
    let Place { county, kind, zip, latitude, longitude, organization, licensed_beds, series, .. } = place;
    (county.fips, *kind, zip, *latitude, *longitude, organization, *licensed_beds, *series)
}

/// The invented organization and name of each place.
fn invent(places: &[Place<'_>], mut namer: Namer) -> Result<Vec<(String, String)>, CutError> {
    let mut largest: BTreeMap<&str, FacilityKind> = BTreeMap::new();
    for place in places {
        let kind = largest.entry(&place.organization).or_insert(place.kind);
        *kind = place.kind.min(*kind);
    }
    let mut roots: BTreeMap<&str, String> = BTreeMap::new();
    let mut invented = Vec::with_capacity(places.len());
    for place in places {
        let root = match roots.get(place.organization.as_str()) {
            Some(root) => root.clone(),
            None => namer.root()?,
        };
        roots.insert(&place.organization, root.clone());
        let kind = largest.get(place.organization.as_str()).copied().unwrap_or(place.kind);
        invented.push((Namer::organization(&root, kind), namer.facility(&root, place.kind)?));
    }
    Ok(invented)
}

type Written = (Vec<u8>, Vec<u8>, usize);

fn written(places: &[Place<'_>], invented: &[(String, String)], ahca: &Import) -> Result<Written, CutError> {
    let mut facilities = csv::Writer::from_writer(Vec::new());
    let mut beds = csv::Writer::from_writer(Vec::new());
    facilities.write_record(FACILITY_COLUMNS)?;
    beds.write_record(BED_COLUMNS)?;
    let mut phones: BTreeMap<u32, usize> = BTreeMap::new();
    let mut snapshots = 0;
    for (number, (place, (organization, facility))) in places.iter().zip(invented).enumerate() {
        let key = format!("F{:03}", number + 1);
        let phone = phones.entry(place.county.fips).or_default();
        if *phone >= PHONES_PER_AREA {
            return Err(CutError::PhonesUsedUp(place.county.name));
        }
        facilities.write_record([
            key.as_str(),
            organization,
            facility,
            place.kind.code(),
            &place.city,
            place.county.name,
            &place.county.fips.to_string(),
            place.zip,
            &degrees(place.latitude),
            &degrees(place.longitude),
            &place.licensed_beds.map(|beds| beds.to_string()).unwrap_or_default(),
            &format!("+1{}55501{phone:02}", place.county.area_code),
        ])?;
        *phone += 1;
        let mut days: Vec<_> = ahca.beds.iter().filter(|day| place.series == Some(day.source_id.as_str())).collect();
        days.sort_by_key(|day| day.snapshot_date);
        snapshots += days.len();
        for day in days {
            let counts = [day.census, day.available, day.staffed].map(|count| count.to_string());
            let [census, available, staffed] = &counts;
            beds.write_record([&key, &day.snapshot_date.to_string(), census, available, staffed])?;
        }
    }
    let bytes = |writer: csv::Writer<Vec<u8>>| writer.into_inner().map_err(|error| CutError::Write(error.into_error()));
    Ok((bytes(facilities)?, bytes(beds)?, snapshots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::region;
    use crate::exchange::real;

    #[test]
    fn positions_and_cities_are_written_plainly() {
        assert_eq!([degrees(2577), degrees(-8019), degrees(-5)], ["25.77", "-80.19", "-0.05"]);
        assert_eq!((hundredths(25_774_999), hundredths(-80_194_999)), (2577, -8019));
        assert_eq!(title("NORTH MIAMI-BEACH"), "North Miami-Beach");
    }

    #[test]
    fn names_join_across_what_agencies_write_differently() {
        assert_eq!(joining("THE AMBER FERN HOSPITAL, INC."), joining("Amber Fern"));
        assert_eq!(joining("AMBER FERN, A CAMPUS OF TEAL KELP HOSPITAL"), "amber fern");
        assert_ne!(joining("AMBER FERN NORTH"), joining("AMBER FERN"));
    }

    #[test]
    fn what_is_committed_is_what_is_cut() {
        let Some(data) = real::folder("what_is_committed_is_what_is_cut") else { return };
        let out = tempfile::tempdir().unwrap();
        let report = cut(&data, out.path(), SEED).unwrap();
        let file = |name| std::fs::read_to_string(out.path().join(name)).unwrap();
        assert!(file(FACILITIES_FILE) == region::FACILITIES_CSV, "facilities.csv is not what is cut: {report:?}");
        assert!(file(BEDS_FILE) == region::BEDS_CSV, "beds_2020.csv is not what is cut: {report:?}");
    }

    #[test]
    fn nothing_real_is_named() {
        let Some(data) = real::folder("nothing_real_is_named") else { return };
        let imports = [Source::HifldHospitals, Source::SamhsaFacilities].map(|source| real::import(&data, source));
        let mut names: Vec<_> = imports.iter().flat_map(|import| &import.facilities).map(|f| normal(&f.name)).collect();
        names.extend(imports.iter().flat_map(|import| &import.organizations).map(|o| normal(&o.name)));
        names.extend(real::import(&data, Source::AhcaBeds).beds.iter().map(|b| normal(&b.name)));
        names.sort_unstable();
        names.dedup();
        for facility in region::facilities() {
            let root: Vec<_> = facility.name.split(' ').take(2).collect();
            let root = format!(" {} ", normal(&root.join(" ")));
            assert!(
                !names.iter().any(|name| format!(" {name} ").contains(&root)),
                "{} is in a real name",
                facility.name
            );
            for invented in [normal(&facility.name), normal(&facility.organization)] {
                assert!(names.binary_search(&invented).is_err(), "{invented} is real");
                // A real name of one word is a word like any other.
                let within = names
                    .iter()
                    .find(|name| name.contains(' ') && format!(" {invented} ").contains(&format!(" {name} ")));
                assert_eq!(within, None, "{invented}");
            }
        }
        let shipped = format!("{}\n{}", region::FACILITIES_CSV, region::BEDS_CSV);
        let digits: Vec<_> = region::facilities().into_iter().map(|facility| facility.phone).collect();
        let plain = format!(" {} ", normal(&shipped));
        for record in imports.iter().flat_map(|import| &import.facilities) {
            let in_region = record.state.as_deref() == Some("FL");
            let street = record.street.as_deref().map(normal).filter(|_| in_region);
            assert!(
                !street.is_some_and(|street| plain.contains(&format!(" {street} "))),
                "a street of {}",
                record.line
            );
            assert!(!record.phone.as_ref().is_some_and(|phone| digits.contains(phone)), "a phone of {}", record.line);
        }
        assert!(!["http", "www", ".com", ".org"].iter().any(|web| shipped.contains(web)));
    }
}
