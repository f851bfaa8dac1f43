//! Neutral records: what every source is turned into before anything else looks at it.
//!
//! **Invariant**: a record holds only cleaned values; a source's own id is a key within that source and never a hub id.
use super::travel::TravelRecord;
use crate::domain::code::{Coded, codes};
use crate::domain::organization::OrganizationKind;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

codes! {
    /// Where records come from: the formats that the hub reads.
    Source {
        /// Hospitals of the Homeland Infrastructure Foundation-Level Data.
        HifldHospitals "HIFLD_HOSPITALS",
        /// Mental-health sites of the SAMHSA treatment locator.
        SamhsaFacilities "SAMHSA_FACILITIES",
        /// Hospital bed snapshots of the Florida Agency for Health Care Administration.
        AhcaBeds "AHCA_BEDS",
        /// The hub's own CSV format for organizations and their facilities.
        HubCsv "HUB_CSV",
        /// Travel times from zones of a region to its facilities.
        TravelTimes "TRAVEL_TIMES",
    }

    /// What kind of place a source says that a facility is.
    FacilityKind {
        /// General acute-care hospital.
        Hospital "HOSPITAL",
        /// Critical-access hospital.
        CriticalAccessHospital "CRITICAL_ACCESS_HOSPITAL",
        /// Psychiatric hospital.
        PsychiatricHospital "PSYCHIATRIC_HOSPITAL",
        /// Long-term care hospital.
        LongTermCareHospital "LONG_TERM_CARE_HOSPITAL",
        /// Rehabilitation hospital.
        RehabilitationHospital "REHABILITATION_HOSPITAL",
        /// Military or veterans hospital.
        MilitaryHospital "MILITARY_HOSPITAL",
        /// Hospital for children.
        ChildrensHospital "CHILDRENS_HOSPITAL",
        /// Hospital for women.
        WomensHospital "WOMENS_HOSPITAL",
        /// Hospital for chronic disease.
        ChronicDiseaseHospital "CHRONIC_DISEASE_HOSPITAL",
        /// Hospital for another specialty.
        SpecialtyHospital "SPECIALTY_HOSPITAL",
        /// Mental-health site: clinic, center or program.
        MentalHealthSite "MENTAL_HEALTH_SITE",
        /// The source does not say.
        Unspecified "UNSPECIFIED",
    }
}

/// An organization as a source describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRecord {
    /// The line of the file that named it first.
    pub line: u64,
    /// Its stable key within the source.
    pub source_id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OrganizationKind,
}

/// A facility as a source describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacilityRecord {
    /// The line of the file that it stands on.
    pub line: u64,
    /// Its stable key within the source.
    pub source_id: String,
    /// The key of the organization that runs it, within the same source.
    pub organization_source_id: String,
    /// Its name.
    pub name: String,
    /// Street address.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, two letters.
    pub state: Option<String>,
    /// ZIP code, five digits.
    pub zip: Option<String>,
    /// County, as the source spells it.
    pub county: Option<String>,
    /// County, as a Census FIPS code.
    pub county_fips: Option<u32>,
    /// Latitude in millionths of a degree; present exactly when the longitude is.
    pub latitude_e6: Option<i32>,
    /// Longitude in millionths of a degree; present exactly when the latitude is.
    pub longitude_e6: Option<i32>,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// Extension to dial after the phone, digits.
    pub phone_extension: Option<String>,
    /// Website, http or https.
    pub website: Option<String>,
    /// IANA time zone of its wall times.
    pub time_zone: Option<String>,
    /// What kind of place it is.
    pub kind: FacilityKind,
    /// Licensed beds; `None` is unknown, not zero.
    pub licensed_beds: Option<u32>,
    /// The source says that it is closed.
    pub closed: bool,
}

/// One snapshot of a hospital's beds. Census and available add up to staffed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BedRecord {
    /// The first line of the file that belongs to it.
    pub line: u64,
    /// The day of the snapshot.
    pub snapshot_date: Date,
    /// The hospital's stable key within the source.
    pub source_id: String,
    /// The hospital's name.
    pub name: String,
    /// County, as the source spells it.
    pub county: String,
    /// Beds with somebody in them.
    pub census: u32,
    /// Staffed beds with nobody in them.
    pub available: u32,
    /// Staffed beds.
    pub staffed: u32,
}

/// One row's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A facility and the organization that runs it.
    Place(Box<(OrganizationRecord, FacilityRecord)>),
    /// A snapshot of beds.
    Beds(BedRecord),
    /// A travel time.
    Travel(TravelRecord),
}

/// Hashes fields so that no two different records have the same bytes: each with its presence and its length.
struct Print(Sha256);

impl Print {
    fn of(what: &str) -> Self {
        Self(Sha256::new()).text(Some("crisis-hub exchange 1")).text(Some(what))
    }

    fn text(mut self, value: Option<&str>) -> Self {
        self.0.update([u8::from(value.is_some())]);
        let bytes = value.unwrap_or_default().as_bytes();
        self.0.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn number(mut self, value: Option<i64>) -> Self {
        self.0.update([u8::from(value.is_some())]);
        self.0.update(value.unwrap_or_default().to_be_bytes());
        self
    }

    fn done(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl OrganizationRecord {
    /// The hash of what it says, wherever in the file it says so: equal means nothing has changed.
    pub fn fingerprint(&self) -> [u8; 32] {
        let Self { line: _, source_id, name, kind } = self;
        Print::of("organization").text(Some(source_id)).text(Some(name)).text(Some(kind.code())).done()
    }
}

impl FacilityRecord {
    /// The hash of what it says, wherever in the file it says so: equal means nothing has changed.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut print = Print::of("facility")
            .text(Some(&self.source_id))
            .text(Some(&self.organization_source_id))
            .text(Some(&self.name));
        let texts = [&self.street, &self.city, &self.state, &self.zip, &self.county, &self.phone];
        for text in texts.into_iter().chain([&self.phone_extension, &self.website, &self.time_zone]) {
            print = print.text(text.as_deref());
        }
        print
            .number(self.county_fips.map(i64::from))
            .number(self.latitude_e6.map(i64::from))
            .number(self.longitude_e6.map(i64::from))
            .text(Some(self.kind.code()))
            .number(self.licensed_beds.map(i64::from))
            .number(Some(i64::from(self.closed)))
            .done()
    }
}

impl BedRecord {
    /// The hash of what it says, wherever in the file it says so: equal means nothing has changed.
    pub fn fingerprint(&self) -> [u8; 32] {
        Print::of("beds")
            .text(Some(&self.snapshot_date.to_string()))
            .text(Some(&self.source_id))
            .text(Some(&self.name))
            .text(Some(&self.county))
            .number(Some(i64::from(self.census)))
            .number(Some(i64::from(self.available)))
            .number(Some(i64::from(self.staffed)))
            .done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(line: u64, source_id: &str, name: &str) -> OrganizationRecord {
        OrganizationRecord { line, source_id: source_id.into(), name: name.into(), kind: OrganizationKind::Hospital }
    }

    #[test]
    fn a_fingerprint_ignores_the_line_and_nothing_else() {
        let here = organization(2, "7", "Amber Fern");
        assert_eq!(here.fingerprint(), organization(9, "7", "Amber Fern").fingerprint());
        assert_ne!(here.fingerprint(), organization(2, "7A", "mber Fern").fingerprint());
        let beds = |census, available| BedRecord {
            line: 2,
            snapshot_date: Date::constant(2020, 7, 17),
            source_id: "7".into(),
            name: "Amber Fern".into(),
            county: "MONROE".into(),
            census,
            available,
            staffed: 3,
        };
        assert_ne!(beds(1, 2).fingerprint(), beds(2, 1).fingerprint());
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_release() {
        let print = organization(1, "7", "Amber Fern").fingerprint();
        let hex = print.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(hex, "47c0ab9ac7e9f96384808d0d801ca8f0f8d8126159e2952baa92328dae389051");
    }

    #[test]
    fn every_code_has_a_sentence() {
        assert!(FacilityKind::ALL.iter().all(|kind| kind.doc().ends_with('.')));
        assert!(Source::ALL.iter().all(|source| source.doc().ends_with('.')));
    }
}
