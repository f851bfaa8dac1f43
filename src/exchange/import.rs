//! A whole file as one import: what may be applied, what may not, and why.
//!
//! **Invariant**: an organization with a bad row of its own is not in an import at all, and bad rows that do not say
//! whose they are, are counted: whoever applies the import must ask about those; no key comes twice; what is held is bounded
//! by the limits of the reading.
use super::ahca::Ahca;
use super::csv::{FileError, Format, Limits, RowError, RowErrorCode, Rows};
use super::hifld::Hifld;
use super::hub_csv::HubCsv;
use super::record::{BedRecord, FacilityRecord, OrganizationRecord, Record, Source};
use super::report::Report;
use super::samhsa::Samhsa;
use super::travel::{Travel, TravelRecord};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// What a file holds, ready to be applied: organizations first, then facilities, then beds, each in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The format it was read as.
    pub source: Source,
    /// Organizations, each key once.
    pub organizations: Vec<OrganizationRecord>,
    /// Facilities, each key once, each of an organization above.
    pub facilities: Vec<FacilityRecord>,
    /// Bed snapshots, each day and hospital once.
    pub beds: Vec<BedRecord>,
    /// Travel times.
    pub travel: Vec<TravelRecord>,
    /// Row errors, up to the number that is kept.
    pub errors: Vec<RowError>,
    /// The counts.
    pub report: Report,
}

impl Import {
    /// Whether every row became a record. Only such an import can say that something is missing from the source.
    pub fn is_whole(&self) -> bool {
        self.report.error_total() == 0
    }

    /// Counts a row that the whole file shows to be wrong.
    pub(super) fn refuse(&mut self, error: RowError) {
        self.report.count_error(error.code);
        self.report.unattributed += 1;
        self.errors.push(error);
    }

    /// Counts an organization that the directory would not take, and its facilities, as held back.
    pub(super) fn hold_back(&mut self, error: RowError, facilities: usize) {
        let held = u64::try_from(facilities).unwrap_or(u64::MAX);
        self.report.count_error(error.code);
        self.report.organizations = self.report.organizations.saturating_sub(1);
        self.report.facilities = self.report.facilities.saturating_sub(held);
        self.report.quarantined += held;
        self.report.quarantined_organizations += 1;
        self.errors.push(error);
    }
}

/// Reads a whole file as one source's format. Row errors are in the import; an error here means that nothing of the
/// file may be applied.
pub fn read<R: Read>(source: Source, input: R, limits: Limits) -> Result<Import, FileError> {
    match source {
        Source::HifldHospitals => gather(Hifld, input, limits),
        Source::SamhsaFacilities => gather(Samhsa, input, limits),
        Source::AhcaBeds => gather(Ahca::default(), input, limits),
        Source::HubCsv => gather(HubCsv, input, limits),
        Source::TravelTimes => gather(Travel, input, limits),
    }
}

fn gather<F: Format, R: Read>(format: F, input: R, limits: Limits) -> Result<Import, FileError> {
    let mut rows = Rows::open(format, input, limits)?;
    let mut desk = Desk { gives_ids: F::GIVES_IDS, errors_kept: limits.errors_kept, ..Desk::default() };
    while let Some(outcome) = rows.next_record()? {
        match outcome {
            Ok(Record::Place(place)) => desk.place(place.0, place.1),
            Ok(Record::Beds(beds)) => desk.beds(beds),
            Ok(Record::Travel(travel)) => desk.travel.push(travel),
            Err(error) => desk.refuse(error),
        }
    }
    Ok(desk.close(F::SOURCE, rows.into_report()))
}

/// Where the records of a file are laid out until the whole file is known.
#[derive(Default)]
struct Desk {
    gives_ids: bool,
    errors_kept: usize,
    organizations: BTreeMap<String, OrganizationRecord>,
    facilities: BTreeMap<String, FacilityRecord>,
    beds: BTreeMap<(Date, String), BedRecord>,
    travel: Vec<TravelRecord>,
    names: BTreeMap<String, Names>,
    refused: BTreeSet<String>,
    errors: Vec<RowError>,
    /// Errors, duplicates and renames; the rest of the counts come from the rows.
    counts: Report,
}

/// The latest name of one key.
struct Names {
    since: Date,
    name: String,
    changed: bool,
}

impl Desk {
    fn refuse(&mut self, error: RowError) {
        self.counts.count_error(error.code);
        match &error.organization_source_id {
            Some(organization) => drop(self.refused.insert(organization.clone())),
            None => self.counts.unattributed += 1,
        }
        if self.errors.len() < self.errors_kept {
            self.errors.push(error);
        }
    }

    fn twice(&mut self, line: u64, field: &str, organization: &str, first_line: u64) {
        let message = format!("has the id of line {first_line} and says something else");
        let organization_source_id = Some(organization.to_owned());
        self.refuse(RowError {
            line,
            field: field.into(),
            code: RowErrorCode::DuplicateId,
            message,
            organization_source_id,
        });
    }

    fn place(&mut self, organization: OrganizationRecord, facility: FacilityRecord) {
        match self.organizations.get(&organization.source_id) {
            Some(first) if self.gives_ids && first.fingerprint() != organization.fingerprint() => {
                let first_line = first.line;
                return self.twice(organization.line, "organization_id", &organization.source_id, first_line);
            }
            Some(_) => {}
            None => drop(self.organizations.insert(organization.source_id.clone(), organization)),
        }
        let Some(first) = self.facilities.get(&facility.source_id) else {
            self.facilities.insert(facility.source_id.clone(), facility);
            return;
        };
        if first.fingerprint() == facility.fingerprint() {
            self.counts.duplicates += 1;
        } else if self.gives_ids {
            let first_line = first.line;
            self.refused.insert(first.organization_source_id.clone());
            self.twice(facility.line, "facility_id", &facility.organization_source_id, first_line);
        } else {
            self.counts.duplicates_differing += 1;
        }
    }

    fn beds(&mut self, beds: BedRecord) {
        match self.names.get_mut(&beds.source_id) {
            None => {
                let names = Names { since: beds.snapshot_date, name: beds.name.clone(), changed: false };
                self.names.insert(beds.source_id.clone(), names);
            }
            Some(known) => {
                known.changed |= known.name != beds.name;
                if beds.snapshot_date >= known.since {
                    known.since = beds.snapshot_date;
                    known.name.clone_from(&beds.name);
                }
            }
        }
        let key = (beds.snapshot_date, beds.source_id.clone());
        match self.beds.get(&key) {
            None => drop(self.beds.insert(key, beds)),
            Some(first) if first.fingerprint() == beds.fingerprint() => self.counts.duplicates += 1,
            Some(first) => {
                let first_line = first.line;
                self.twice(beds.line, "snapshot_date", &beds.source_id, first_line);
            }
        }
    }

    fn close(self, source: Source, mut report: Report) -> Import {
        let Self { refused, counts, names, errors, travel, .. } = self;
        let mut organizations: Vec<_> = self.organizations.into_values().collect();
        let mut facilities: Vec<_> = self.facilities.into_values().collect();
        let mut beds: Vec<_> = self.beds.into_values().collect();
        let laid = facilities.len() + beds.len();
        organizations.retain(|record| !refused.contains(&record.source_id));
        facilities.retain(|record| !refused.contains(&record.organization_source_id));
        beds.retain(|record| !refused.contains(&record.source_id));
        organizations.sort_by_key(|record| record.line);
        facilities.sort_by_key(|record| record.line);
        beds.sort_by_key(|record| record.line);
        for record in &mut beds {
            if let Some(latest) = names.get(&record.source_id) {
                record.name.clone_from(&latest.name);
            }
        }
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        report.organizations = size(organizations.len());
        report.facilities = size(facilities.len());
        report.beds = size(beds.len());
        report.errors = counts.errors;
        report.unattributed = counts.unattributed;
        report.duplicates = counts.duplicates;
        report.duplicates_differing = counts.duplicates_differing;
        report.quarantined = size(laid.saturating_sub(facilities.len() + beds.len()));
        report.quarantined_organizations = size(refused.len());
        report.closed = size(facilities.iter().filter(|record| record.closed).count());
        report.renamed = size(names.values().filter(|names| names.changed).count());
        Import { source, organizations, facilities, beds, travel, errors, report }
    }
}
