//! The real files, whole. They are not in the repository: no facility of theirs may be shipped.
//!
//! **Invariant**: these tests never pass in silence without the files: they say so past the test runner's capture, and
//! a folder that was asked for by name must be there.
use super::csv::{Limits, RowErrorCode};
use super::import::{Import, read};
use super::record::{FacilityKind, Source};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The HIFLD file's name.
pub(crate) const HIFLD: &str = "hifld_hospitals_2020.csv";
/// The SAMHSA file's name.
pub(crate) const SAMHSA: &str = "samhsa_mental_health_facilities_2020.csv";
/// The AHCA file's name.
pub(crate) const AHCA: &str = "fl_ahca_hospital_bed_snapshots_2020.csv";

/// The folder of the real files: `HUB_TEST_DATA`, else `../shared/data` beside the repository.
#[expect(clippy::disallowed_methods, reason = "a test's own setting, not the hub's")]
pub(crate) fn folder(test: &str) -> Option<PathBuf> {
    if let Ok(named) = std::env::var("HUB_TEST_DATA") {
        let folder = PathBuf::from(named);
        assert!(folder.join(HIFLD).is_file(), "HUB_TEST_DATA has no {HIFLD}");
        return Some(folder);
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if beside.join(HIFLD).is_file() {
        return Some(beside);
    }
    // Not eprintln: the test runner would swallow it.
    let line = format!("NOT RUN: {test}: the real data is absent; set HUB_TEST_DATA to its folder\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// One real file as an import.
pub(crate) fn import(folder: &Path, source: Source) -> Import {
    let name = match source {
        Source::HifldHospitals => HIFLD,
        Source::SamhsaFacilities => SAMHSA,
        Source::AhcaBeds => AHCA,
        Source::HubCsv | Source::TravelTimes => unreachable!("ours is not a real file"),
    };
    read(source, std::fs::File::open(folder.join(name)).unwrap(), Limits::default()).unwrap()
}

#[test]
fn real_hifld_hospitals_are_read() {
    let Some(folder) = folder("real_hifld_hospitals_are_read") else { return };
    let read = import(&folder, Source::HifldHospitals);
    let found: Vec<_> = read.errors.iter().map(|e| (e.line, e.field.as_str(), e.code)).collect();
    assert_eq!(read.report.rows, 7_581);
    // Two names in which a hyphen was lost to a control character.
    assert_eq!(found.iter().filter(|e| (e.1, e.2) == ("NAME", RowErrorCode::ControlCharacter)).count(), 2, "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(read.facilities.len(), 7_579);
    assert_eq!(read.report.unknown_numbers, 662);
    assert_eq!(read.report.closed, 435);
    let psychiatric: Vec<_> = read.facilities.iter().filter(|f| f.kind == FacilityKind::PsychiatricHospital).collect();
    assert_eq!((psychiatric.len(), psychiatric.iter().filter(|f| f.licensed_beds.is_some()).count()), (741, 638));
    assert_eq!(read.facilities.iter().filter(|f| f.county_fips.is_none()).count(), 8);
    assert_eq!(read.facilities.iter().filter(|f| f.zip.is_none()).count(), 0);
}

#[test]
fn real_samhsa_sites_are_read() {
    let Some(folder) = folder("real_samhsa_sites_are_read") else { return };
    let read = import(&folder, Source::SamhsaFacilities);
    assert_eq!((read.report.rows, read.errors.as_slice()), (11_375, [].as_slice()));
    assert_eq!((read.report.duplicates, read.report.duplicates_differing), (341, 5));
    assert_eq!(read.facilities.len(), 11_375 - 346);
    assert_eq!(read.report.restored_zips, 1_124);
    assert_eq!(read.organizations.len(), 6_617);
    assert!(read.facilities.iter().all(|f| f.latitude_e6.is_some() && f.zip.as_ref().is_some_and(|z| z.len() == 5)));
}

#[test]
fn real_ahca_snapshots_are_read_and_add_up() {
    let Some(folder) = folder("real_ahca_snapshots_are_read_and_add_up") else { return };
    let read = import(&folder, Source::AhcaBeds);
    assert_eq!((read.report.rows, read.errors.as_slice()), (23_368, [].as_slice()));
    // 5,842 snapshots of which one on each of the 19 days is the whole state's.
    assert_eq!((read.beds.len(), read.report.statewide), (5_842 - 19, 19 * 4));
    assert_eq!(read.report.unknown_numbers, 113);
    assert_eq!(read.report.renamed, 3);
    assert_eq!(read.beds.iter().filter(|b| b.available == 0).count(), 440);
    let mut hospitals: Vec<_> = read.beds.iter().map(|b| b.source_id.as_str()).collect();
    hospitals.sort_unstable();
    hospitals.dedup();
    assert_eq!(hospitals.len(), 307);
}

#[test]
fn real_files_read_the_same_twice() {
    let Some(folder) = folder("real_files_read_the_same_twice") else { return };
    for source in [Source::HifldHospitals, Source::SamhsaFacilities, Source::AhcaBeds] {
        assert!(import(&folder, source) == import(&folder, source), "{source:?}");
    }
}
