//! HIFLD hospitals: one row is one hospital, which is its own organization.
//!
//! The dirt: `-999` beds are unknown, `NOT AVAILABLE` is null, a closed hospital says so in STATUS or only in its name,
//! the file begins with a byte order mark, ZIP codes are text.
//!
//! **Invariant**: the key is the ID column, as text with its leading zeros.
use super::clean::{self, Flaw};
use super::csv::{Column, Format, Row, needed};
use super::record::{FacilityKind, FacilityRecord, OrganizationRecord, Record, Source};
use super::report::Report;
use crate::domain::organization::OrganizationKind;

/// The format of the HIFLD hospital file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hifld;

const NULL: &str = "NOT AVAILABLE";

fn known<'a>(row: &'a Row<'_>, column: &'static str) -> Result<&'a str, Flaw> {
    row.cell(column).map(|cell| if cell.trim() == NULL { "" } else { cell })
}

fn kind(cell: &str) -> Result<FacilityKind, Flaw> {
    Ok(match cell.trim() {
        "GENERAL ACUTE CARE" => FacilityKind::Hospital,
        "CRITICAL ACCESS" => FacilityKind::CriticalAccessHospital,
        "PSYCHIATRIC" => FacilityKind::PsychiatricHospital,
        "LONG TERM CARE" => FacilityKind::LongTermCareHospital,
        "REHABILITATION" => FacilityKind::RehabilitationHospital,
        "MILITARY" => FacilityKind::MilitaryHospital,
        "CHILDREN" => FacilityKind::ChildrensHospital,
        "WOMEN" => FacilityKind::WomensHospital,
        "CHRONIC DISEASE" => FacilityKind::ChronicDiseaseHospital,
        "SPECIAL" => FacilityKind::SpecialtyHospital,
        other => return Err(clean::unknown_code("TYPE", other)),
    })
}

fn closed(status: &str, name: &str) -> Result<bool, Flaw> {
    match status.trim() {
        "OPEN" => Ok(clean::says_closed(name)),
        "CLOSED" => Ok(true),
        other => Err(clean::unknown_code("STATUS", other)),
    }
}

impl Format for Hifld {
    const SOURCE: Source = Source::HifldHospitals;
    const COLUMNS: &'static [Column] = &[
        needed("ID"),
        needed("NAME"),
        needed("ADDRESS"),
        needed("CITY"),
        needed("STATE"),
        needed("ZIP"),
        needed("TELEPHONE"),
        needed("TYPE"),
        needed("STATUS"),
        needed("COUNTY"),
        needed("COUNTYFIPS"),
        needed("LATITUDE"),
        needed("LONGITUDE"),
        needed("WEBSITE"),
        needed("BEDS"),
    ];
    const GIVES_IDS: bool = true;

    fn organization(&self, row: &Row<'_>) -> Option<String> {
        clean::required("ID", row.cell("ID").ok()?, clean::PLACE_MAX).ok()
    }

    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw> {
        let source_id = clean::required("ID", row.cell("ID")?, clean::PLACE_MAX)?;
        let name = clean::required("NAME", known(row, "NAME")?, clean::LINE_MAX)?;
        let point = clean::point(["LATITUDE", "LONGITUDE"], known(row, "LATITUDE")?, known(row, "LONGITUDE")?)?;
        let licensed_beds = clean::count_or_999("BEDS", known(row, "BEDS")?)?;
        let phone = clean::or_left_out(report, clean::phone("TELEPHONE", known(row, "TELEPHONE")?)).unzip();
        report.unknown_numbers += u64::from(licensed_beds.is_none());
        clean::note_formula(report, &name);
        let facility = FacilityRecord {
            line: row.line,
            source_id: source_id.clone(),
            organization_source_id: source_id.clone(),
            street: clean::text("ADDRESS", known(row, "ADDRESS")?, clean::LINE_MAX)?,
            city: clean::text("CITY", known(row, "CITY")?, clean::PLACE_MAX)?,
            state: clean::state("STATE", known(row, "STATE")?)?,
            zip: clean::zip("ZIP", known(row, "ZIP")?, report)?,
            county: clean::text("COUNTY", known(row, "COUNTY")?, clean::PLACE_MAX)?,
            county_fips: clean::county_fips("COUNTYFIPS", known(row, "COUNTYFIPS")?)?,
            latitude_e6: point.map(|point| point.latitude_e6),
            longitude_e6: point.map(|point| point.longitude_e6),
            phone: phone.0,
            phone_extension: phone.1.flatten(),
            website: clean::or_left_out(report, clean::website("WEBSITE", known(row, "WEBSITE")?)),
            time_zone: None,
            kind: kind(row.cell("TYPE")?)?,
            licensed_beds,
            closed: closed(row.cell("STATUS")?, &name)?,
            name: name.clone(),
        };
        let organization = OrganizationRecord { line: row.line, source_id, name, kind: OrganizationKind::Hospital };
        Ok(Some(Record::Place(Box::new((organization, facility)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::csv::{Limits, RowErrorCode};
    use crate::exchange::import::{Import, read};

    const HEADER: &str = "\u{feff}X,ID,NAME,ADDRESS,CITY,STATE,ZIP,TELEPHONE,TYPE,STATUS,COUNTY,COUNTYFIPS,LATITUDE,\
                          LONGITUDE,WEBSITE,BEDS\n";

    fn import(rows: &str) -> Import {
        read(Source::HifldHospitals, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    fn row(id: &str, name: &str, status: &str, beds: &str) -> String {
        format!(
            "-80,{id},{name},1 Nowhere Lane,MIAMI,FL,33101,(305) 555-0100,PSYCHIATRIC,{status},MIAMI-DADE,12086,25.77,\
             -80.19,www.example.org,{beds}\n"
        )
    }

    #[test]
    fn a_hospital_is_read_behind_the_byte_order_mark() {
        let read = import(&row("0001", "AMBER FERN HOSPITAL", "OPEN", "\"1,046\""));
        let facility = &read.facilities[0];
        assert_eq!((facility.source_id.as_str(), facility.line), ("0001", 2));
        assert_eq!((facility.latitude_e6, facility.longitude_e6), (Some(25_770_000), Some(-80_190_000)));
        assert_eq!(facility.phone.as_deref(), Some("+13055550100"));
        assert_eq!(facility.website.as_deref(), Some("http://www.example.org"));
        assert_eq!((facility.licensed_beds, facility.closed, facility.county_fips), (Some(1046), false, Some(12_086)));
        assert_eq!(read.organizations[0].name, "AMBER FERN HOSPITAL");
        assert_eq!(read.report.rows, 1);
    }

    #[test]
    fn unknown_is_not_zero_and_closed_is_read_from_status_or_name() {
        let rows = [
            row("1", "AMBER FERN", "OPEN", "-999"),
            row("2", "TEAL KELP - CLOSED", "OPEN", "0"),
            row("3", "OPAL WHELK", "CLOSED", "7"),
            row("4", "ENCLOSED MOSS", "OPEN", "NOT AVAILABLE"),
        ];
        let read = import(&rows.concat());
        let beds: Vec<_> = read.facilities.iter().map(|f| (f.licensed_beds, f.closed)).collect();
        assert_eq!(beds, [(None, false), (Some(0), true), (Some(7), true), (None, false)]);
        assert_eq!((read.report.closed, read.report.unknown_numbers), (2, 2));
    }

    #[test]
    fn a_bad_row_names_its_line_and_field_and_the_next_row_is_read() {
        let rows = [
            row("1", "STORM\u{1e}FERN", "OPEN", "5"),
            row("2", "TEAL KELP", "MAYBE", "5"),
            row("3", "OPAL WHELK", "OPEN", "10,001"),
            row("4", "RUSSET MOSS", "OPEN", "\"10,001\""),
            row("5", "VIOLET SORREL", "OPEN", "-3"),
            row("6", "LUCENT TANSY", "OPEN", "5").replace("25.77", "52.5"),
            row("7", "ROSY CLOVER", "OPEN", "5").replace("-80.19", "0"),
            row("8", "", "OPEN", "5"),
            row("9", "LAST ONE", "OPEN", "5"),
        ];
        let read = import(&rows.concat());
        let found: Vec<_> = read.errors.iter().map(|e| (e.line, e.field.as_str(), e.code)).collect();
        let expected = [
            (2, "NAME", RowErrorCode::ControlCharacter),
            (3, "STATUS", RowErrorCode::UnknownCode),
            (4, "row", RowErrorCode::ColumnCount),
            (5, "BEDS", RowErrorCode::OutOfRange),
            (6, "BEDS", RowErrorCode::Malformed),
            (8, "LONGITUDE", RowErrorCode::OutOfRange),
            (9, "NAME", RowErrorCode::Empty),
        ];
        assert_eq!(found, expected);
        assert_eq!(read.errors[0].organization_source_id.as_deref(), Some("1"));
        assert!(read.errors[0].message.contains("\\u{1e}"), "{}", read.errors[0].message);
        let kept: Vec<_> = read.facilities.iter().map(|f| f.source_id.as_str()).collect();
        assert_eq!(kept, ["6", "9"]);
    }

    #[test]
    fn a_row_that_is_not_utf8_is_refused_and_the_others_stand() {
        let mut file = format!("{HEADER}{}", row("1", "AMBER FERN", "OPEN", "5")).into_bytes();
        file.extend(row("2", "CASTA?ER", "OPEN", "5").bytes().map(|b| if b == b'?' { 0xD1 } else { b }));
        file.extend(row("3", "CASTAÑER", "OPEN", "5").bytes());
        let read = read(Source::HifldHospitals, file.as_slice(), Limits::default()).unwrap();
        assert_eq!(read.errors[0].code, RowErrorCode::InvalidUtf8);
        assert_eq!((read.errors[0].line, read.errors[0].organization_source_id.as_deref()), (3, Some("2")));
        assert_eq!(read.facilities[1].name, "CASTAÑER");
    }
}
