//! What a reading found: counts only.
//!
//! **Invariant**: no cell of the file is kept here; a report can be shown to anybody who may see that an import ran.
use super::csv::RowErrorCode;
use std::collections::BTreeMap;

/// The counts of one reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows read, without the header.
    pub rows: u64,
    /// Organizations that may be applied.
    pub organizations: u64,
    /// Facilities that may be applied.
    pub facilities: u64,
    /// Bed snapshots that may be applied.
    pub beds: u64,
    /// Row errors by code, also those beyond the number that is kept.
    pub errors: BTreeMap<RowErrorCode, u64>,
    /// Good records held back because their organization has a bad row.
    pub quarantined: u64,
    /// Organizations with a bad row.
    pub quarantined_organizations: u64,
    /// Row errors that name no organization: what they lost cannot be known.
    pub unattributed: u64,
    /// Facilities that the source says are closed.
    pub closed: u64,
    /// Rows that say again what an earlier row said.
    pub duplicates: u64,
    /// Rows that have an earlier row's derived key and say something else; the earlier row stands.
    pub duplicates_differing: u64,
    /// Keys that had more than one name over time; the latest name stands.
    pub renamed: u64,
    /// Values that the source left blank or marked as unknown where a number belongs.
    pub unknown_numbers: u64,
    /// Rows that sum up a whole state and belong to no hospital.
    pub statewide: u64,
    /// ZIP codes whose lost leading zeros were restored.
    pub restored_zips: u64,
    /// Optional values that were not of their form and were left out.
    pub left_out: u64,
    /// Texts that a spreadsheet would run as a formula; kept as the text they are.
    pub formula_like: u64,
}

impl Report {
    /// All row errors together.
    pub fn error_total(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Counts one row error.
    pub fn count_error(&mut self, code: RowErrorCode) {
        *self.errors.entry(code).or_default() += 1;
    }
}
