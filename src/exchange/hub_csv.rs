//! HUB_CSV: the hub's own format for agencies that have nothing but a spreadsheet. One row is one facility; its
//! organization is repeated on each of its rows and must be the same each time.
//!
//! | column | | what it is |
//! | --- | --- | --- |
//! | organization_id | needed | the agency's own key, at most 100 characters |
//! | organization_name | needed | at most 200 characters |
//! | organization_kind | needed | a code of the hub's OrganizationKind, as `CRISIS_PROVIDER` |
//! | facility_id | needed | the agency's own key, unique in the file, at most 100 characters |
//! | facility_name | needed | at most 200 characters |
//! | street, city | optional | at most 200 and 100 characters |
//! | county | optional | its name, or its Census FIPS code of five digits |
//! | state | optional | two letters |
//! | zip | optional | five digits, or five and four |
//! | latitude, longitude | optional | degrees, both or neither |
//! | phone | optional | ten digits, or E.164 with its plus |
//! | time_zone | optional | IANA name, as `America/New_York` |
//!
//! Comma separated, UTF-8 with or without a byte order mark, first row the column names in any order; other columns are
//! ignored. A blank cell is unknown.
//!
//! **Invariant**: this is our own format, so nothing is left out quietly: a value that is not of its form refuses the row.
use super::clean::{self, Flaw};
use super::csv::{Column, Format, Row, needed, optional};
use super::record::{FacilityKind, FacilityRecord, OrganizationRecord, Record, Source};
use super::report::Report;
use crate::domain::code::Coded;
use crate::domain::facility;
use crate::domain::organization::OrganizationKind;

/// The hub's own CSV format.
#[derive(Clone, Copy, Debug, Default)]
pub struct HubCsv;

fn county(row: &Row<'_>) -> Result<(Option<String>, Option<u32>), Flaw> {
    let cell = row.cell("county")?.trim();
    if cell.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return Ok((None, clean::county_fips("county", cell)?));
    }
    Ok((clean::text("county", cell, clean::PLACE_MAX)?, None))
}

fn time_zone(row: &Row<'_>) -> Result<Option<String>, Flaw> {
    let zone = clean::text("time_zone", row.cell("time_zone")?, clean::PLACE_MAX)?;
    match &zone {
        Some(name) if facility::time_zone("time_zone", name).is_err() => {
            Err(clean::malformed("time_zone", name, "is not an IANA time zone"))
        }
        _ => Ok(zone),
    }
}

impl Format for HubCsv {
    const SOURCE: Source = Source::HubCsv;
    const COLUMNS: &'static [Column] = &[
        needed("organization_id"),
        needed("organization_name"),
        needed("organization_kind"),
        needed("facility_id"),
        needed("facility_name"),
        optional("street"),
        optional("city"),
        optional("county"),
        optional("state"),
        optional("zip"),
        optional("latitude"),
        optional("longitude"),
        optional("phone"),
        optional("time_zone"),
    ];
    const GIVES_IDS: bool = true;

    fn organization(&self, row: &Row<'_>) -> Option<String> {
        clean::required("organization_id", row.cell("organization_id").ok()?, clean::PLACE_MAX).ok()
    }

    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw> {
        let organization_id = clean::required("organization_id", row.cell("organization_id")?, clean::PLACE_MAX)?;
        let kind = row.cell("organization_kind")?.trim();
        let kind = OrganizationKind::from_code(kind).ok_or_else(|| clean::unknown_code("organization_kind", kind))?;
        let organization = OrganizationRecord {
            line: row.line,
            source_id: organization_id.clone(),
            name: clean::required("organization_name", row.cell("organization_name")?, clean::LINE_MAX)?,
            kind,
        };
        let name = clean::required("facility_name", row.cell("facility_name")?, clean::LINE_MAX)?;
        let point = clean::point(["latitude", "longitude"], row.cell("latitude")?, row.cell("longitude")?)?;
        let phone = clean::phone("phone", row.cell("phone")?)?.unzip();
        let (county, county_fips) = county(row)?;
        clean::note_formula(report, &organization.name);
        clean::note_formula(report, &name);
        let facility = FacilityRecord {
            line: row.line,
            source_id: clean::required("facility_id", row.cell("facility_id")?, clean::PLACE_MAX)?,
            organization_source_id: organization_id,
            street: clean::text("street", row.cell("street")?, clean::LINE_MAX)?,
            city: clean::text("city", row.cell("city")?, clean::PLACE_MAX)?,
            state: clean::state("state", row.cell("state")?)?,
            zip: clean::zip("zip", row.cell("zip")?, report)?,
            county,
            county_fips,
            latitude_e6: point.map(|point| point.latitude_e6),
            longitude_e6: point.map(|point| point.longitude_e6),
            phone: phone.0,
            phone_extension: phone.1.flatten(),
            website: None,
            time_zone: time_zone(row)?,
            kind: FacilityKind::Unspecified,
            licensed_beds: None,
            closed: clean::says_closed(&name),
            name,
        };
        Ok(Some(Record::Place(Box::new((organization, facility)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::csv::{FileError, Limits, RowErrorCode};
    use crate::exchange::import::{Import, read};

    const HEADER: &str = "organization_id,organization_name,organization_kind,facility_id,facility_name,county,zip,\
                          latitude,longitude,phone,time_zone\n";

    fn import(rows: &str) -> Import {
        read(Source::HubCsv, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    const GOOD: &str = "o1,Amber Fern,CRISIS_PROVIDER,f1,Amber House,12087,33040,24.55,-81.78,+13055550100,\
                        America/New_York\n";

    #[test]
    fn a_row_is_read_and_reads_the_same_twice() {
        let read = import(&GOOD.repeat(2));
        assert_eq!((read.organizations.len(), read.facilities.len(), read.report.duplicates), (1, 1, 1));
        let facility = &read.facilities[0];
        assert_eq!((facility.county_fips, facility.county.as_deref()), (Some(12_087), None));
        assert_eq!(facility.time_zone.as_deref(), Some("America/New_York"));
        assert_eq!(facility.phone.as_deref(), Some("+13055550100"));
        assert_eq!(facility.fingerprint(), import(&format!("\n{GOOD}")).facilities[0].fingerprint());
        assert!(read.is_whole());
    }

    #[test]
    fn optional_columns_may_be_missing_and_needed_ones_may_not() {
        let least =
            "FACILITY_ID,organization_id,organization_name,organization_kind,facility_name\nf1,o1,A,HOSPITAL,B\n";
        let read_least = read(Source::HubCsv, least.as_bytes(), Limits::default()).unwrap();
        assert_eq!(read_least.facilities[0].source_id, "f1");
        let without = read(Source::HubCsv, "organization_id,city\n".as_bytes(), Limits::default()).unwrap_err();
        assert_eq!(
            without.to_string(),
            "this is not a HUB_CSV file: missing columns organization_name, organization_kind, facility_id, facility_name"
        );
        let twice = HEADER.replace("zip", "phone");
        assert!(matches!(
            read(Source::HubCsv, twice.as_bytes(), Limits::default()),
            Err(FileError::RepeatedColumn("phone"))
        ));
    }

    #[test]
    fn our_own_format_is_strict() {
        let spoilt = [
            ("CRISIS_PROVIDER", "CLINIC", "organization_kind", RowErrorCode::UnknownCode),
            ("12087", "120870", "county", RowErrorCode::Malformed),
            ("33040", "3304O", "zip", RowErrorCode::Malformed),
            ("-81.78", "", "latitude", RowErrorCode::Empty),
            ("24.55", "NaN", "latitude", RowErrorCode::Malformed),
            ("+13055550100", "ask at the desk", "phone", RowErrorCode::Malformed),
            ("America/New_York", "Eastern", "time_zone", RowErrorCode::Malformed),
            ("Amber House", " ", "facility_name", RowErrorCode::Empty),
        ];
        for (from, to, field, code) in spoilt {
            let read = import(&GOOD.replace(from, to));
            let found: Vec<_> = read.errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
            assert_eq!(found, [(field, code)], "{to}");
            assert_eq!((read.organizations.len(), read.facilities.len()), (0, 0));
        }
    }

    #[test]
    fn one_id_for_two_things_holds_both_back() {
        let other = GOOD.replace("o1,Amber Fern", "o2,Teal Kelp").replace("Amber House", "Kelp House");
        let read = import(&format!("{GOOD}{other}"));
        assert_eq!(read.errors[0].code, RowErrorCode::DuplicateId);
        assert_eq!((read.organizations.len(), read.facilities.len(), read.report.quarantined), (0, 0, 1));
        let renamed = GOOD.replace("Amber Fern", "Amber Ferns").replace("f1", "f2");
        let read = import(&format!("{GOOD}{renamed}"));
        assert_eq!((read.errors[0].field.as_str(), read.errors[0].line), ("organization_id", 3));
        assert_eq!(read.facilities, []);
    }
}
