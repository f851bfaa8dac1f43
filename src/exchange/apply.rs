//! From neutral records to what the verb of imports takes.
//!
//! **Invariant**: an organization is handed on whole or not at all; what its region knows better (a county's code, the
//! time zone) is filled in before its fingerprint is taken, so that knowing it later is a change.
use super::clean;
use super::csv::{RowError, RowErrorCode};
use super::import::Import;
use super::record::{FacilityRecord, OrganizationRecord, Source};
use crate::app::import::{Agency, Foreign, Said};
use crate::domain::entry::Details;
use crate::domain::facility::{FacilityDetails, Zone};
use crate::domain::geo::Point;
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::RegionDetails;
use crate::domain::text::{self, Flaw, FlawKind};
use std::collections::BTreeMap;

/// The longest key that an external id can be, in characters.
const SOURCE_ID_MAX: usize = 200;

/// Which facilities of a file are wanted; nothing named means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// States, two letters.
    pub states: Vec<String>,
    /// Counties, by name or Census FIPS code.
    pub counties: Vec<String>,
}

/// The state codes of the Census Bureau: the first two digits of a county's code.
const STATES: [(&str, u32); 56] = [
    ("AL", 1),
    ("AK", 2),
    ("AZ", 4),
    ("AR", 5),
    ("CA", 6),
    ("CO", 8),
    ("CT", 9),
    ("DE", 10),
    ("DC", 11),
    ("FL", 12),
    ("GA", 13),
    ("HI", 15),
    ("ID", 16),
    ("IL", 17),
    ("IN", 18),
    ("IA", 19),
    ("KS", 20),
    ("KY", 21),
    ("LA", 22),
    ("ME", 23),
    ("MD", 24),
    ("MA", 25),
    ("MI", 26),
    ("MN", 27),
    ("MS", 28),
    ("MO", 29),
    ("MT", 30),
    ("NE", 31),
    ("NV", 32),
    ("NH", 33),
    ("NJ", 34),
    ("NM", 35),
    ("NY", 36),
    ("NC", 37),
    ("ND", 38),
    ("OH", 39),
    ("OK", 40),
    ("OR", 41),
    ("PA", 42),
    ("RI", 44),
    ("SC", 45),
    ("SD", 46),
    ("TN", 47),
    ("TX", 48),
    ("UT", 49),
    ("VT", 50),
    ("VA", 51),
    ("WA", 53),
    ("WV", 54),
    ("WI", 55),
    ("WY", 56),
    ("AS", 60),
    ("GU", 66),
    ("MP", 69),
    ("PR", 72),
    ("VI", 78),
];

impl Source {
    /// The source's name in external ids and in the importer's memory.
    pub fn system(self) -> &'static str {
        match self {
            Self::HifldHospitals => "hifld",
            Self::SamhsaFacilities => "samhsa",
            Self::AhcaBeds => "ahca",
            Self::HubCsv => "hub-csv",
            Self::TravelTimes => "travel",
        }
    }
}

fn county_name(name: &str) -> String {
    let name = clean::normal(name);
    let bare = [" county", " parish", " borough"].into_iter().find_map(|kind| name.strip_suffix(kind));
    bare.map_or_else(|| name.clone(), str::to_owned)
}

/// The code of a county that the region has once by this name, and in this state when the record names one.
fn county_fips(region: &RegionDetails, record: &FacilityRecord) -> Option<u32> {
    let name = county_name(record.county.as_deref()?);
    let state = record.state.as_deref().map(|state| STATES.iter().find(|known| known.0 == state).map(|known| known.1));
    let here = |fips: u32| state.is_none_or(|state| state == Some(fips / 1_000));
    let mut found = region.counties.iter().filter(|county| county_name(&county.name) == name && here(county.fips));
    found.next().filter(|_| found.next().is_none()).map(|county| county.fips)
}

impl Filter {
    fn wants(&self, record: &FacilityRecord) -> bool {
        let state = |wanted: &String| record.state.as_ref().is_some_and(|state| state.eq_ignore_ascii_case(wanted));
        let county = |wanted: &String| {
            record.county_fips.is_some_and(|fips| wanted.parse() == Ok(fips))
                || record.county.as_ref().is_some_and(|county| county_name(county) == county_name(wanted))
        };
        (self.states.is_empty() || self.states.iter().any(state))
            && (self.counties.is_empty() || self.counties.iter().any(county))
    }
}

/// Takes the organizations and facilities out of an import, as far as the filter wants them.
///
/// An organization that the directory would not take is added to the import's row errors.
pub fn agencies(import: &mut Import, region: &RegionDetails, filter: &Filter) -> Vec<Agency> {
    let mut facilities: BTreeMap<String, Vec<FacilityRecord>> = BTreeMap::new();
    for mut record in std::mem::take(&mut import.facilities) {
        record.county_fips = record.county_fips.or_else(|| county_fips(region, &record));
        if filter.wants(&record) {
            record.time_zone.get_or_insert_with(|| region.time_zone.clone());
            facilities.entry(record.organization_source_id.clone()).or_default().push(record);
        }
    }
    let mut agencies = Vec::with_capacity(facilities.len());
    for organization in std::mem::take(&mut import.organizations) {
        let Some(facilities) = facilities.remove(&organization.source_id) else { continue };
        let held = facilities.len();
        match agency(&organization, facilities) {
            Ok(agency) => agencies.push(agency),
            Err((line, flaw)) => import.hold_back(row_error(line, &flaw, &organization.source_id), held),
        }
    }
    agencies
}

fn agency(organization: &OrganizationRecord, facilities: Vec<FacilityRecord>) -> Result<Agency, (u64, Flaw)> {
    let open = facilities.iter().any(|record| !record.closed);
    let details = OrganizationDetails {
        name: organization.name.clone(),
        kind: organization.kind,
        // What the law makes of an agency no public list says.
        part2_program: false,
        covered_entity: false,
        criminal_justice_agency: false,
        coordinating: false,
    };
    let organization = foreign(&organization.source_id, organization.fingerprint(), details, !open)
        .map_err(|flaw| (organization.line, flaw))?;
    let facilities = facilities.into_iter().map(facility).collect::<Result<_, _>>()?;
    Ok(Agency { organization, facilities })
}

fn facility(record: FacilityRecord) -> Result<Foreign<FacilityDetails>, (u64, Flaw)> {
    let (fingerprint, line) = (record.fingerprint(), record.line);
    let point = record.latitude_e6.zip(record.longitude_e6);
    let details = FacilityDetails {
        name: record.name,
        street: record.street,
        city: record.city,
        state: record.state,
        zip: record.zip,
        county_fips: record.county_fips,
        point: point.map(|(latitude_e6, longitude_e6)| Point { latitude_e6, longitude_e6 }),
        // No source says; the city's response targets are the strictest.
        zone: Zone::Urban,
        time_zone: record.time_zone.unwrap_or_default(),
        // A number with an extension cannot be dialled straight.
        direct_line: record.phone.filter(|_| record.phone_extension.is_none()),
        first_responder_door: false,
        walk_in: false,
        wheelchair_accessible: None,
    };
    foreign(&record.source_id, fingerprint, details, record.closed).map_err(|flaw| (line, flaw))
}

fn foreign<D: Details>(source_id: &str, fingerprint: [u8; 32], details: D, closed: bool) -> Result<Foreign<D>, Flaw> {
    text::line("id", source_id, SOURCE_ID_MAX)?;
    details.check()?;
    let fingerprint = fingerprint.map(|byte| format!("{byte:02x}")).concat();
    Ok(Foreign { source_id: source_id.to_owned(), said: (!closed).then_some(Said { fingerprint, details }) })
}

fn row_error(line: u64, flaw: &Flaw, organization: &str) -> RowError {
    let code = match flaw.kind {
        FlawKind::Empty => RowErrorCode::Empty,
        FlawKind::TooLong => RowErrorCode::TooLong,
        FlawKind::ControlCharacter => RowErrorCode::ControlCharacter,
        FlawKind::OutOfRange => RowErrorCode::OutOfRange,
        FlawKind::Malformed => RowErrorCode::Malformed,
    };
    let (field, organization) = (flaw.field.to_owned(), Some(organization.to_owned()));
    RowError { line, field, code, message: flaw.to_string(), organization_source_id: organization }
}

/// Writes row errors as CSV, with cells disarmed that a spreadsheet would run.
pub fn write_errors(out: impl std::io::Write, file: &str, errors: &[RowError]) -> Result<(), ::csv::Error> {
    use crate::domain::code::Coded;
    let disarmed = |cell: &str| match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    };
    let mut out = ::csv::Writer::from_writer(out);
    out.write_record(["file", "line", "field", "code", "message", "organization"])?;
    for error in errors {
        let organization = error.organization_source_id.as_deref().unwrap_or_default();
        let line = error.line.to_string();
        let cells = [file, &line, &error.field, error.code.code(), &error.message, organization];
        out.write_record(cells.map(disarmed))?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::region::County;
    use crate::exchange::csv::Limits;
    use crate::exchange::import::read;

    const HEADER: &str = "organization_id,organization_name,organization_kind,facility_id,facility_name,county,state\n";

    fn import(rows: &str) -> Import {
        read(Source::HubCsv, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    fn region() -> RegionDetails {
        let county = |fips, name: &str| County { fips, name: name.into() };
        let counties = vec![county(12_095, "Orange"), county(12_087, "Monroe County"), county(36_071, "Orange County")];
        RegionDetails { counties, ..crate::app::console::new_region("r", "America/New_York") }
    }

    fn codes(rows: &str, filter: &Filter) -> Vec<Option<u32>> {
        let agencies = agencies(&mut import(rows), &region(), filter);
        let said = agencies.into_iter().flat_map(|agency| agency.facilities).filter_map(|facility| facility.said);
        said.map(|said| said.details.county_fips).collect()
    }

    const ROWS: &str = "o1,A,HOSPITAL,f1,A1,orange,FL\no2,B,HOSPITAL,f2,B2,ORANGE COUNTY,NY\no3,C,HOSPITAL,f3,C3,Orange,CA\n\
                        o4,D,HOSPITAL,f4,D4,Orange,\no5,E,HOSPITAL,f5,E5,Monroe,\n";

    #[test]
    fn a_county_is_known_by_name_and_state_or_not_at_all() {
        let all = codes(ROWS, &Filter::default());
        assert_eq!(all, [Some(12_095), Some(36_071), None, None, Some(12_087)]);
    }

    #[test]
    fn a_filter_takes_what_it_names() {
        let (state, county) = (vec!["fl".to_owned()], vec!["12087".to_owned(), "orange county".to_owned()]);
        assert_eq!(codes(ROWS, &Filter { states: state.clone(), counties: Vec::new() }), [Some(12_095)]);
        assert_eq!(codes(ROWS, &Filter { states: Vec::new(), counties: county.clone() }).len(), 5);
        assert_eq!(codes(ROWS, &Filter { states: state, counties: county }).len(), 1);
    }

    #[test]
    fn knowing_a_county_later_is_a_change() {
        let bare = RegionDetails { counties: Vec::new(), ..region() };
        let (before, after) = (
            agencies(&mut import(ROWS), &bare, &Filter::default()),
            agencies(&mut import(ROWS), &region(), &Filter::default()),
        );
        assert_ne!(before[0].facilities[0].said, after[0].facilities[0].said);
        assert_eq!(before[2], after[2]);
        assert_eq!(before[0].organization, after[0].organization);
    }

    #[test]
    fn what_the_directory_would_not_take_is_held_back_whole() {
        let mut import = import(ROWS);
        import.facilities[0].name = "x".repeat(201);
        assert_eq!(agencies(&mut import, &region(), &Filter::default()).len(), 4);
        let error = &import.errors[0];
        assert_eq!((error.line, error.field.as_str(), error.code), (2, "name", RowErrorCode::TooLong));
        assert_eq!((import.report.organizations, import.report.quarantined), (4, 1));
        assert!(!import.is_whole());
    }

    #[test]
    fn errors_are_written_disarmed() {
        let mut import = import("=1+1,A,CLINIC,f1,A1,,\n");
        let mut out = Vec::new();
        write_errors(&mut out, "-list.csv", &import.errors).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().nth(1).unwrap().starts_with("'-list.csv,2,organization_kind,UNKNOWN_CODE,"), "{text}");
        assert!(text.ends_with(",'=1+1\n"), "{text}");
        assert_eq!(agencies(&mut import, &region(), &Filter::default()), []);
    }
}
