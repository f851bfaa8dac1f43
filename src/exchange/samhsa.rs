//! SAMHSA treatment locator, mental-health sites: one row is one site; an organization comes once for each site.
//!
//! The dirt: the first column is a row number without a name and no identifier, ZIP codes have lost their leading zeros,
//! `NA` and `http://` are null, phones carry extensions, some sites come twice.
//!
//! **Invariant**: a site's key is made of name1, name2, street1 and ZIP code, normalised; an organization's of name1 and
//! state. Nothing is keyed by the row number.
use super::clean::{self, Flaw};
use super::csv::{Column, Format, Row, RowErrorCode, needed};
use super::record::{FacilityKind, FacilityRecord, OrganizationRecord, Record, Source};
use super::report::Report;
use crate::domain::organization::OrganizationKind;

/// The format of the SAMHSA mental-health file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Samhsa;

fn known<'a>(row: &'a Row<'_>, column: &'static str) -> Result<&'a str, Flaw> {
    row.cell(column).map(|cell| if cell.trim() == "NA" { "" } else { cell })
}

fn organization_key(name: &str, state: &str) -> String {
    format!("{}|{}", clean::normal(name), state.to_ascii_lowercase())
}

fn names(row: &Row<'_>) -> Result<(String, String), Flaw> {
    let name = clean::required("name1", row.cell("name1")?, clean::LINE_MAX)?;
    let empty = || Flaw::new("state", RowErrorCode::Empty, "must not be empty".into());
    let state = clean::state("state", row.cell("state")?)?.ok_or_else(empty)?;
    Ok((name, state))
}

impl Format for Samhsa {
    const SOURCE: Source = Source::SamhsaFacilities;
    const COLUMNS: &'static [Column] = &[
        needed("name1"),
        needed("name2"),
        needed("street1"),
        needed("street2"),
        needed("city"),
        needed("state"),
        needed("zip"),
        needed("county"),
        needed("phone"),
        needed("website"),
        needed("latitude"),
        needed("longitude"),
        needed("type_facility"),
    ];
    const GIVES_IDS: bool = false;

    fn organization(&self, row: &Row<'_>) -> Option<String> {
        names(row).ok().map(|(name, state)| organization_key(&name, &state))
    }

    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw> {
        let (name1, state) = names(row)?;
        let name2 = clean::text("name2", row.cell("name2")?, clean::LINE_MAX)?;
        let street1 = clean::required("street1", row.cell("street1")?, clean::LINE_MAX)?;
        let street2 = clean::text("street2", row.cell("street2")?, clean::LINE_MAX)?;
        let no_zip = || Flaw::new("zip", RowErrorCode::Empty, "must not be empty".into());
        let zip = clean::zip("zip", known(row, "zip")?, report)?.ok_or_else(no_zip)?;
        let point = clean::point(["latitude", "longitude"], known(row, "latitude")?, known(row, "longitude")?)?;
        let kind = row.cell("type_facility")?;
        if kind != "MH" {
            return Err(clean::unknown_code("type_facility", kind));
        }
        let phone = clean::or_left_out(report, clean::phone("phone", known(row, "phone")?)).unzip();
        clean::note_formula(report, &name1);
        let key = [name1.as_str(), name2.as_deref().unwrap_or_default(), &street1, &zip].map(clean::normal);
        let organization_source_id = organization_key(&name1, &state);
        let facility = FacilityRecord {
            line: row.line,
            source_id: key.join("|"),
            organization_source_id: organization_source_id.clone(),
            name: name2.map_or_else(|| name1.clone(), |name2| format!("{name1}, {name2}")),
            street: Some(street2.map_or_else(|| street1.clone(), |street2| format!("{street1}, {street2}"))),
            city: clean::text("city", known(row, "city")?, clean::PLACE_MAX)?,
            state: Some(state),
            zip: Some(zip),
            county: clean::text("county", known(row, "county")?, clean::PLACE_MAX)?,
            county_fips: None,
            latitude_e6: point.map(|point| point.latitude_e6),
            longitude_e6: point.map(|point| point.longitude_e6),
            phone: phone.0,
            phone_extension: phone.1.flatten(),
            website: clean::or_left_out(report, clean::website("website", known(row, "website")?)),
            time_zone: None,
            kind: FacilityKind::MentalHealthSite,
            licensed_beds: None,
            closed: clean::says_closed(&name1),
        };
        // The locator does not say what kind of agency stands behind a site; outpatient is what nearly all of them are.
        let kind = OrganizationKind::CcbhcOutpatient;
        let organization = OrganizationRecord { line: row.line, source_id: organization_source_id, name: name1, kind };
        Ok(Some(Record::Place(Box::new((organization, facility)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::csv::Limits;
    use crate::exchange::import::{Import, read};

    const HEADER: &str = "\"\",\"name1\",\"name2\",\"street1\",\"street2\",\"city\",\"state\",\"zip\",\"county\",\"phone\",\
                          \"website\",\"latitude\",\"longitude\",\"type_facility\"\n";

    fn import(rows: &str) -> Import {
        read(Source::SamhsaFacilities, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    fn row(number: u32, name1: &str, name2: &str, suite: &str, zip: &str) -> String {
        format!(
            "\"{number}\",\"{name1}\",\"{name2}\",\"1 Nowhere Lane \",\"{suite}\",\"Waterbury\",\"CT\",{zip},\
             \"New Haven\",\"203-555-0100 x3060\",\"http://\",41.5,-73.0,\"MH\"\n"
        )
    }

    #[test]
    fn a_site_is_keyed_by_what_it_is_and_gets_its_zeros_back() {
        let read = import(&row(1, "Amber  Fern Inc ", "Teal's House", "Suite 2", "6708"));
        let site = &read.facilities[0];
        assert_eq!(site.source_id, "amber fern inc|teals house|1 nowhere lane|06708");
        assert_eq!(site.organization_source_id, "amber fern inc|ct");
        assert_eq!((site.name.as_str(), site.zip.as_deref()), ("Amber Fern Inc, Teal's House", Some("06708")));
        assert_eq!(site.street.as_deref(), Some("1 Nowhere Lane, Suite 2"));
        assert_eq!(site.phone.as_deref(), Some("+12035550100"));
        assert_eq!((site.phone_extension.as_deref(), site.website.as_deref()), (Some("3060"), None));
        assert_eq!((read.report.restored_zips, read.report.left_out), (1, 0));
    }

    #[test]
    fn a_site_that_comes_twice_is_one_site_and_is_reported() {
        let rows = [
            row(1, "Amber Fern", "", "", "6708"),
            row(2, "AMBER FERN", "", "", "06708"),
            row(3, "Amber Fern", "", "", "06708"),
            row(4, "Amber Fern", "Annex", "", "06708"),
        ];
        let read = import(&rows.concat());
        assert_eq!((read.organizations.len(), read.facilities.len()), (1, 2));
        assert_eq!((read.report.duplicates, read.report.duplicates_differing), (1, 1));
        assert_eq!(read.facilities[0].name, "Amber Fern");
    }

    #[test]
    fn an_organization_with_a_bad_row_is_held_back_whole() {
        let rows = [
            row(1, "Amber Fern", "", "", "6708"),
            row(2, "Amber Fern", "Annex", "", "zip"),
            row(3, "Teal Kelp", "", "", "6708"),
        ];
        let read = import(&rows.concat());
        assert_eq!(read.facilities.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["Teal Kelp"]);
        assert_eq!(read.organizations.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["Teal Kelp"]);
        assert_eq!((read.report.quarantined, read.report.quarantined_organizations), (1, 1));
        assert!(!read.is_whole());
    }

    #[test]
    fn a_formula_stays_text_and_is_counted() {
        let read = import(&row(1, "=HYPERLINK(1)", "", "", "6708"));
        assert_eq!(read.organizations[0].name, "=HYPERLINK(1)");
        assert_eq!(read.report.formula_like, 1);
    }
}
