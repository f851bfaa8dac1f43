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
use crate::domain::text::{Flaw, FlawKind};
use std::collections::BTreeMap;

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
    let facilities = facilities.into_iter().map(|record| facility(record)).collect::<Result<_, _>>()?;
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
    details.check()?;
    let fingerprint = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Foreign { source_id: source_id.to_owned(), said: (!closed).then_some(Said { fingerprint, details }) })
}

fn row_error(line: u64, flaw: &Flaw, organization: &str) -> RowError {
    let code = match flaw.kind {
        FlawKind::Empty => RowErrorCode::Empty,
        FlawKind::TooLong => RowErrorCode::TooLong,
        FlawKind::ControlCharacter => RowErrorCode::ControlCharacter,
        FlawKind::OutOfRange => RowErrorCode::OutOfRange,
        _ => RowErrorCode::Malformed,
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
