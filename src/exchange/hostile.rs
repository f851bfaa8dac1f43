//! Files that mean harm, or nothing.
use super::clean;
use super::csv::{FileError, Limits, RowErrorCode};
use super::import::read;
use super::record::Source;
use super::report::Report;
use crate::domain::code::Coded;
use proptest::prelude::*;
use std::io::Read;

const HEADER: &str = "organization_id,organization_name,organization_kind,facility_id,facility_name,phone,zip\n";
const GOOD: &str = "o1,Amber Fern,HOSPITAL,f1,Amber House,,\n";

fn hub(file: &[u8], limits: Limits) -> Result<super::import::Import, FileError> {
    read(Source::HubCsv, file, limits)
}

#[test]
fn an_open_quote_ends_at_the_row_limit_and_not_at_the_end_of_memory() {
    let endless = std::io::Cursor::new(format!("{HEADER}{GOOD}\"o2")).chain(std::io::repeat(b'x'));
    let error = read(Source::HubCsv, endless, Limits::default()).unwrap_err();
    assert!(matches!(error, FileError::RowTooLarge { after_line: 2, limit: 65_536 }), "{error}");
}

#[test]
fn a_quote_that_swallows_rows_is_a_row_error_that_no_organization_answers_for() {
    let read = hub(format!("{HEADER}{GOOD}o2,\"Teal,HOSPITAL,f2\n{GOOD}").as_bytes(), Limits::default()).unwrap();
    assert_eq!((read.errors[0].code, read.errors[0].line), (RowErrorCode::ColumnCount, 3));
    assert_eq!((read.report.unattributed, read.is_whole(), read.facilities.len()), (1, false, 1));
}

#[test]
fn every_limit_holds() {
    let file = format!("{HEADER}{GOOD}{GOOD}{GOOD}");
    let limits = Limits::default();
    let size = u64::try_from(file.len()).unwrap();
    assert!(hub(file.as_bytes(), Limits { rows: 3, bytes: size, ..limits }).is_ok());
    assert!(matches!(hub(file.as_bytes(), Limits { rows: 2, ..limits }), Err(FileError::TooManyRows(2))));
    assert!(matches!(hub(file.as_bytes(), Limits { bytes: size - 1, ..limits }), Err(FileError::TooManyBytes(_))));
    let long = GOOD.replace("Amber House", &"x".repeat(201));
    assert_eq!(hub(format!("{HEADER}{long}").as_bytes(), limits).unwrap().errors[0].code, RowErrorCode::TooLong);
    let bad = format!("{HEADER}{}", GOOD.replace("HOSPITAL", "").repeat(5));
    let few = hub(bad.as_bytes(), Limits { errors_kept: 2, ..limits }).unwrap();
    assert_eq!((few.errors.len(), few.report.error_total()), (2, 5));
}

#[test]
fn an_empty_or_foreign_file_is_refused_with_a_reason() {
    for source in Source::ALL {
        assert!(matches!(read(*source, [].as_slice(), Limits::default()), Err(FileError::NoHeader)));
        let other = read(*source, b"\xEF\xBB\xBFPK\x03\x04\n".as_slice(), Limits::default()).unwrap_err();
        assert!(other.to_string().starts_with(&format!("this is not a {} file", source.code())), "{other}");
    }
}

#[test]
fn a_reader_of_one_byte_at_a_time_reads_the_same() {
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = buffer.len().min(1);
            self.0.read(&mut buffer[..most])
        }
    }
    let file = format!("\u{feff}\"organization_id\"{}{GOOD}", HEADER.strip_prefix("organization_id").unwrap());
    let whole = hub(file.as_bytes(), Limits::default()).unwrap();
    assert_eq!(read(Source::HubCsv, Drip(file.as_bytes()), Limits::default()).unwrap(), whole);
    assert_eq!(whole.facilities.len(), 1);
}

#[test]
fn cells_are_read_exactly_or_refused() {
    let counts = [("1,046", Some(1046)), (" 7 ", Some(7)), ("", None), ("0", Some(0)), ("10,000", Some(10_000))];
    for (cell, count) in counts {
        assert_eq!(clean::count("n", cell), Ok(count), "{cell}");
    }
    for bad in ["1,04", "1046,000", ",5", "5,", "1e3", "-1", "5.0", "99999999999", "٣", "1 000"] {
        assert!(clean::count("n", bad).is_err(), "{bad}");
    }
    let mut report = Report::default();
    let zips = [("6708", "06708"), ("501", "00501"), ("33101-1234", "33101"), ("00907", "00907")];
    for (cell, zip) in zips {
        assert_eq!(clean::zip("z", cell, &mut report).unwrap().as_deref(), Some(zip));
    }
    assert_eq!(report.restored_zips, 2);
    for bad in ["42", "00000", "331012", "33101-", "ABCDE", "+3310"] {
        assert!(clean::zip("z", bad, &mut report).is_err(), "{bad}");
    }
    let phones =
        [("(305) 555-0100", "+13055550100"), ("1-305-555-0100", "+13055550100"), ("+44 20 7946 0000", "+442079460000")];
    for (cell, e164) in phones {
        assert_eq!(clean::phone("p", cell).unwrap().unwrap().0, e164);
    }
    for bad in ["911", "555-0100", "105-555-0100", "305-555-0100 or 0101", "+1+3055550100", "305-555-0100 x12a"] {
        assert!(clean::phone("p", bad).is_err(), "{bad}");
    }
    let sites = [
        ("HTTPS://a.example/x", Some("https://a.example/x")),
        ("http://", None),
        ("a.example\u{200e}", Some("http://a.example")),
    ];
    for (cell, site) in sites {
        assert_eq!(clean::website("w", cell).unwrap().as_deref(), site);
    }
    for bad in
        ["javascript:alert(1)", "http://a b.example", "ftp://a.example", "http://localhost", "a.example\"><script>"]
    {
        assert!(clean::website("w", bad).is_err(), "{bad}");
    }
    assert_eq!(clean::text("t", "a\u{a0}\n b\u{202e}c", 9), Ok(Some("a bc".into())));
    assert!(clean::text("t", "a\0b", 9).is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for source in Source::ALL {
            let _ = read(*source, bytes.as_slice(), Limits::default());
        }
    }

    #[test]
    fn random_rows_under_a_good_header_are_all_accounted_for(
        rows in proptest::collection::vec(proptest::collection::vec("\\PC{0,12}|[-=+@,\"0-9x. ]{0,12}", 7), 0..20),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER.trim().split(',')).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let read = hub(&writer.into_inner().unwrap(), Limits::default()).unwrap();
        prop_assert_eq!(read.report.rows, u64::try_from(rows.len()).unwrap());
        let accounted = read.report.facilities + read.report.quarantined + read.report.duplicates;
        prop_assert_eq!(read.report.rows, accounted + read.report.error_total());
    }

    #[test]
    fn random_cells_never_panic(cell in "\\PC{0,40}|[-+0-9.,x() ]{0,20}") {
        let mut report = Report::default();
        let _ = (clean::count("f", &cell), clean::zip("f", &cell, &mut report), clean::phone("f", &cell));
        let _ = (clean::website("f", &cell), clean::point(["f", "g"], &cell, &cell), clean::county_fips("f", &cell));
        if let Ok(Some(text)) = clean::text("f", &cell, 20) {
            prop_assert_eq!(clean::text("f", &text, 20), Ok(Some(text.clone())));
        }
    }
}
