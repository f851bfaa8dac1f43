//! AHCA bed snapshots: four rows, one for each measure, are one snapshot of one hospital.
//!
//! The dirt: thousands separators, blank ratios, a row `All` for the whole state in each snapshot, hospitals that change
//! their name, uneven gaps between snapshots.
//!
//! **Invariant**: a snapshot is taken whole or not at all, and only when census and available add up to staffed.
use super::clean::{self, Flaw};
use super::csv::{Column, Format, Row, RowError, RowErrorCode, needed};
use super::record::{BedRecord, Record, Source};
use super::report::Report;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The statewide row's file number.
const STATEWIDE: &str = "All";
/// Snapshots whose rows have not all come yet; an honest file has one at a time.
const OPEN_MAX: usize = 10_000;

/// The format of the AHCA bed file, and the snapshots that it has begun.
#[derive(Clone, Debug, Default)]
pub struct Ahca {
    open: BTreeMap<(Date, String), Snapshot>,
}

#[derive(Clone, Debug, Default)]
struct Snapshot {
    line: u64,
    census: Option<u32>,
    available: Option<u32>,
    staffed: Option<u32>,
    refused: bool,
}

fn key(row: &Row<'_>) -> Result<(Date, String), Flaw> {
    let date = row.cell("snapshot_date")?.trim();
    // Only the plain form: the parser would also take a date with a time.
    let date = Some(date)
        .filter(|d| d.len() == 10)
        .and_then(|d| d.parse().ok())
        .ok_or_else(|| clean::malformed("snapshot_date", date, "is not a date as 2020-07-17"))?;
    Ok((date, file_number(row)?))
}

fn file_number(row: &Row<'_>) -> Result<String, Flaw> {
    clean::required("FileNumber", row.cell("FileNumber")?, clean::PLACE_MAX)
}

impl Ahca {
    fn measure(&mut self, row: &Row<'_>, key: &(Date, String), report: &mut Report) -> Result<Option<Record>, Flaw> {
        let measure = row.cell("Measure Names")?.trim();
        let cell = row.cell("Measure Values")?;
        if measure == "Available Capacity" {
            // A ratio that follows from the three counts, blank where there are no beds to divide by.
            report.unknown_numbers += u64::from(cell.trim().is_empty());
            return Ok(None);
        }
        let value = clean::count("Measure Values", cell)?
            .ok_or_else(|| Flaw::new("Measure Values", RowErrorCode::Empty, format!("{measure} must not be empty")))?;
        let name = clean::required("ProviderName", row.cell("ProviderName")?, clean::LINE_MAX)?;
        let county = clean::required("County", row.cell("County")?, clean::PLACE_MAX)?;
        if self.open.len() >= OPEN_MAX && !self.open.contains_key(key) {
            return Err(Flaw::new(
                "row",
                RowErrorCode::Incomplete,
                "too many snapshots are begun and not whole".into(),
            ));
        }
        let begun = self.open.entry(key.clone()).or_insert_with(|| Snapshot { line: row.line, ..Snapshot::default() });
        if begun.refused {
            return Ok(None);
        }
        let place = match measure {
            "Bed Census" => &mut begun.census,
            "Available" => &mut begun.available,
            "Total Staffed Bed Capacity" => &mut begun.staffed,
            other => return Err(clean::unknown_code("Measure Names", other)),
        };
        if place.replace(value).is_some() {
            return Err(Flaw::new("Measure Names", RowErrorCode::Incomplete, format!("{measure} comes twice")));
        }
        let (Some(census), Some(available), Some(staffed)) = (begun.census, begun.available, begun.staffed) else {
            return Ok(None);
        };
        if census + available != staffed {
            let message = format!("census {census} and available {available} are not staffed {staffed}");
            return Err(Flaw::new("Measure Values", RowErrorCode::DoesNotAddUp, message));
        }
        let line = begun.line;
        self.open.remove(key);
        let (snapshot_date, source_id) = key.clone();
        clean::note_formula(report, &name);
        let beds = BedRecord { line, snapshot_date, source_id, name, county, census, available, staffed };
        Ok(Some(Record::Beds(beds)))
    }
}

impl Format for Ahca {
    const SOURCE: Source = Source::AhcaBeds;
    const COLUMNS: &'static [Column] = &[
        needed("snapshot_date"),
        needed("County"),
        needed("FileNumber"),
        needed("Measure Names"),
        needed("ProviderName"),
        needed("Measure Values"),
    ];
    const GIVES_IDS: bool = true;

    fn organization(&self, row: &Row<'_>) -> Option<String> {
        file_number(row).ok()
    }

    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw> {
        let key = key(row)?;
        if key.1 == STATEWIDE {
            report.statewide += 1;
            return Ok(None);
        }
        let mapped = self.measure(row, &key, report);
        if mapped.is_err() && self.open.len() < OPEN_MAX {
            self.open.entry(key).or_default().refused = true;
        }
        mapped
    }

    fn finish(&mut self) -> Vec<RowError> {
        let begun = std::mem::take(&mut self.open).into_iter().filter(|(_, snapshot)| !snapshot.refused);
        begun
            .map(|((date, file_number), snapshot)| {
                let message = format!("the snapshot of {date} lacks a measure");
                Flaw::new("Measure Names", RowErrorCode::Incomplete, message).at(snapshot.line, Some(file_number))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::csv::Limits;
    use crate::exchange::import::{Import, read};

    const HEADER: &str = "snapshot_date,County,FileNumber,Measure Names,ProviderName,Measure Values\n";

    fn import(rows: &str) -> Import {
        read(Source::AhcaBeds, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    fn snapshot(date: &str, file: &str, name: &str, values: [&str; 4]) -> String {
        let measures = ["Bed Census", "Available", "Available Capacity", "Total Staffed Bed Capacity"];
        let rows = measures.iter().zip(values);
        let lines = rows.map(|(measure, value)| format!("{date},MONROE,{file},{measure},{name},{value}\n"));
        lines.collect::<Vec<_>>().concat()
    }

    #[test]
    fn four_rows_are_one_snapshot_and_the_state_is_no_hospital() {
        let rows = [
            snapshot("2020-07-17", "7", "AMBER FERN", ["877", "159", "0.15", "\"1,036\""]),
            snapshot("2020-07-17", "8", "TEAL KELP", ["0", "0", "", "0"]),
            snapshot("2020-07-17", "All", "All", ["\"47,300\"", "\"13,243\"", "0.2", "\"60,543\""]),
        ];
        let read = import(&rows.concat());
        assert_eq!(read.errors, []);
        let beds = &read.beds[0];
        assert_eq!((beds.census, beds.available, beds.staffed, beds.line), (877, 159, 1036, 2));
        assert_eq!(read.beds.len(), 2);
        assert_eq!((read.report.rows, read.report.statewide, read.report.unknown_numbers), (12, 4, 1));
    }

    #[test]
    fn the_latest_name_stands_and_renames_are_counted() {
        let rows = [
            snapshot("2020-08-01", "7", "AMBER FERN", ["1", "1", "0.5", "2"]),
            snapshot("2020-07-17", "7", "AMBER FERN INC", ["1", "1", "0.5", "2"]),
        ];
        let read = import(&rows.concat());
        assert!(read.beds.iter().all(|beds| beds.name == "AMBER FERN"));
        assert_eq!(read.report.renamed, 1);
    }

    #[test]
    fn what_does_not_add_up_or_is_not_whole_holds_back_the_hospital() {
        let rows = [
            snapshot("2020-07-17", "7", "AMBER FERN", ["1", "1", "0.5", "2"]),
            snapshot("2020-07-18", "7", "AMBER FERN", ["1", "1", "0.5", "3"]),
            snapshot("2020-07-17", "8", "TEAL KELP", ["1", "1", "0.5", ""]),
            snapshot("2020-07-17", "9", "OPAL WHELK", ["1", "1", "0.5", "2"]).replace("Available,", "Bed Census,"),
            "2020-07-17,MONROE,10,Bed Census,RUSSET MOSS,4\n".into(),
            snapshot("17.07.2020", "11", "ROSY CLOVER", ["1", "1", "0.5", "2"]),
        ];
        let read = import(&rows.concat());
        let found: Vec<_> = read.errors.iter().map(|e| (e.line, e.code)).collect();
        assert_eq!(
            &found[..4],
            [
                (9, RowErrorCode::DoesNotAddUp),
                (13, RowErrorCode::Empty),
                (15, RowErrorCode::Incomplete),
                (19, RowErrorCode::Malformed),
            ]
        );
        assert_eq!(found.last(), Some(&(18, RowErrorCode::Incomplete)));
        assert_eq!((read.beds.len(), read.report.quarantined), (0, 1));
    }

    #[test]
    fn a_snapshot_in_any_order_of_rows_is_read() {
        let rows = [
            snapshot("2020-07-17", "7", "AMBER FERN", ["1", "2", "0.5", "3"]),
            snapshot("2020-07-17", "8", "TEAL KELP", ["2", "2", "0.5", "4"]),
        ];
        let mut lines: Vec<_> = rows.iter().flat_map(|row| row.lines()).collect();
        lines.sort_by_key(|line| line.split(',').nth(3).map(str::len));
        assert_eq!(import(&format!("{}\n", lines.join("\n"))).beds.len(), 2);
    }
}
