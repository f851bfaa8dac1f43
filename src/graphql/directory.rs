//! Regions, organizations, facilities and services in the schema.
use super::bed::BedUnit;
use super::connection::page_size;
use super::error::Answer;
use super::hours::OpeningHours;
use super::law::{Jurisdiction, jurisdiction};
use super::scalars::{Code, DateTime, id};
use super::seen::{Seen, pace};
use crate::domain::entry::{self, Entry, Provenance};
use crate::domain::facility::{FacilityDetails, Zone};
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::region::RegionDetails;
use crate::domain::service::{ServiceDetails, ServiceKind};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use std::sync::Arc;

/// An id that another system uses for the same thing.
#[derive(Clone, SimpleObject)]
pub struct ExternalId {
    /// The system's name, such as `hifld`.
    system: String,
    /// The id there.
    value: String,
}

/// An id that another system uses for the same thing.
#[derive(Clone, Debug, InputObject)]
pub struct ExternalIdInput {
    /// The system's name, such as `hifld`; at most 64 characters.
    #[graphql(validator(max_length = 64))]
    pub system: String,
    /// The id there; at most 200 characters.
    #[graphql(validator(max_length = 200))]
    pub value: String,
}

pub(super) fn external_ids(ids: &[entry::ExternalId]) -> Vec<ExternalId> {
    ids.iter().map(|e| ExternalId { system: e.system.clone(), value: e.value.clone() }).collect()
}

/// One county of a region.
#[derive(Clone, SimpleObject)]
pub struct County {
    /// Census FIPS code, five digits.
    fips: String,
    /// Its name.
    name: String,
}

/// A point on the map (WGS 84).
#[derive(Clone, SimpleObject)]
pub struct Point {
    /// Latitude in degrees.
    latitude: f64,
    /// Longitude in degrees.
    longitude: f64,
}

macro_rules! node {
    ($(#[doc = $doc:literal])+ $name:ident $details:ty) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        pub struct $name {
            pub(super) entry: Arc<Entry<$details>>,
            pub(super) seen: Seen,
        }
        impl $name {
            pub(super) fn new(entry: Arc<Entry<$details>>, seen: &Seen) -> Self {
                Self { entry, seen: seen.clone() }
            }
        }
    };
}

/// A region: the area that one council answers for.
#[derive(Clone)]
pub struct Region {
    entry: Arc<Entry<RegionDetails>>,
}

impl Region {
    pub(super) fn new(entry: Arc<Entry<RegionDetails>>, _seen: &Seen) -> Self {
        Self { entry }
    }
}

node! {
    /// An agency of the network.
    Organization OrganizationDetails
}
node! {
    /// A place that an agency runs.
    Facility FacilityDetails
}
node! {
    /// What a facility or an agency offers.
    Service ServiceDetails
}

/// A region: the area that one council answers for.
#[Object]
impl Region {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.entry.id)
    }
    /// How often it has changed.
    async fn version(&self) -> i64 {
        self.entry.version
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.entry.details.name
    }
    /// Short code, such as `south-florida`.
    async fn code(&self) -> &str {
        &self.entry.details.code
    }
    /// IANA time zone of its wall times.
    async fn time_zone(&self) -> &str {
        &self.entry.details.time_zone
    }
    /// Whose law it keeps to; null where nobody has said.
    async fn jurisdiction(&self, ctx: &Context<'_>) -> Option<Jurisdiction> {
        jurisdiction(ctx, self.entry.details.jurisdiction.as_deref())
    }
    /// The counties it covers.
    async fn counties(&self) -> Vec<County> {
        self.entry.details.counties.iter().map(|c| County { fips: fips(c.fips), name: c.name.clone() }).collect()
    }
}

/// An agency of the network.
#[Object]
impl Organization {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.entry.id)
    }
    /// How often it has changed; send it back as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.entry.version
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.entry.details.name
    }
    /// What it is.
    async fn kind(&self) -> Code<OrganizationKind> {
        Code(self.entry.details.kind)
    }
    /// A program under 42 CFR Part 2.
    async fn part2_program(&self) -> bool {
        self.entry.details.part2_program
    }
    /// A covered entity under HIPAA (45 CFR 160.103).
    async fn covered_entity(&self) -> bool {
        self.entry.details.covered_entity
    }
    /// A criminal-justice agency (28 CFR 20.3).
    async fn criminal_justice_agency(&self) -> bool {
        self.entry.details.criminal_justice_agency
    }
    /// Designated to coordinate its region.
    async fn coordinating(&self) -> bool {
        self.entry.details.coordinating
    }
    /// Its region.
    async fn region(&self) -> Option<Region> {
        self.seen.entry(self.entry.region).map(|entry| Region::new(entry, &self.seen))
    }
    /// Ids of the same agency in other systems.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.entry.external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.entry.retired
    }
    /// Where its details came from.
    async fn provenance(&self) -> Code<Provenance> {
        Code(self.entry.provenance)
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.entry.updated_at)
    }
}

/// A place that an agency runs.
#[Object]
impl Facility {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.entry.id)
    }
    /// How often it has changed; send it back as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.entry.version
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.entry.details.name
    }
    /// The agency that runs it.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.entry.owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Street address.
    async fn street(&self) -> Option<&str> {
        self.entry.details.street.as_deref()
    }
    /// City.
    async fn city(&self) -> Option<&str> {
        self.entry.details.city.as_deref()
    }
    /// State, two letters.
    async fn state(&self) -> Option<&str> {
        self.entry.details.state.as_deref()
    }
    /// ZIP code.
    async fn zip(&self) -> Option<&str> {
        self.entry.details.zip.as_deref()
    }
    /// County, as a Census FIPS code of five digits.
    async fn county_fips(&self) -> Option<String> {
        self.entry.details.county_fips.map(fips)
    }
    /// Where it stands.
    async fn point(&self) -> Option<Point> {
        self.entry.details.point.map(|p| Point { latitude: p.latitude(), longitude: p.longitude() })
    }
    /// What kind of country it stands in.
    async fn zone(&self) -> Code<Zone> {
        Code(self.entry.details.zone)
    }
    /// IANA time zone of its wall times.
    async fn time_zone(&self) -> &str {
        &self.entry.details.time_zone
    }
    /// The line that staff answer at night (E.164).
    async fn direct_line(&self) -> Option<&str> {
        self.entry.details.direct_line.as_deref()
    }
    /// Has an entrance for first responders.
    async fn first_responder_door(&self) -> bool {
        self.entry.details.first_responder_door
    }
    /// People may walk in.
    async fn walk_in(&self) -> bool {
        self.entry.details.walk_in
    }
    /// Step-free access; null when not known.
    async fn wheelchair_accessible(&self) -> Option<bool> {
        self.entry.details.wheelchair_accessible
    }
    /// Its units that you may see, in the order of their ids; all of them, page by page, are in `bedUnits` with its id.
    async fn bed_units(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 25 when not given.")] first: Option<i32>,
    ) -> Answer<Vec<BedUnit>> {
        pace().await;
        Some(page_size(ctx, first).map(|most| {
            let units = self.seen.board.units_at(&self.seen.scope, self.entry.id, self.seen.now);
            units.take(most).map(|view| BedUnit::new(view, &self.seen)).collect()
        }))
    }
    /// Ids of the same place in other systems.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.entry.external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.entry.retired
    }
    /// Where its details came from.
    async fn provenance(&self) -> Code<Provenance> {
        Code(self.entry.provenance)
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.entry.updated_at)
    }
}

/// What a facility or an agency offers.
#[Object]
impl Service {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.entry.id)
    }
    /// How often it has changed; send it back as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.entry.version
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.entry.details.name
    }
    /// The agency that offers it.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.entry.owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Where it is offered; null for a line or a mobile team.
    async fn facility(&self) -> Option<Facility> {
        pace().await;
        self.seen.entry(self.entry.details.facility?).map(|entry| Facility::new(entry, &self.seen))
    }
    /// The level of care.
    async fn kind(&self) -> Code<ServiceKind> {
        Code(self.entry.details.kind)
    }
    /// First responders are never refused.
    async fn no_refusal(&self) -> bool {
        self.entry.details.no_refusal
    }
    /// Wants medical clearance before arrival.
    async fn medical_clearance_required(&self) -> bool {
        self.entry.details.medical_clearance_required
    }
    /// Takes people who come of their own will.
    async fn voluntary(&self) -> bool {
        self.entry.details.voluntary
    }
    /// Takes people under an involuntary hold.
    async fn involuntary(&self) -> bool {
        self.entry.details.involuntary
    }
    /// Youngest age taken, in years.
    async fn age_min(&self) -> Option<u16> {
        self.entry.details.age_min
    }
    /// Oldest age taken, in years.
    async fn age_max(&self) -> Option<u16> {
        self.entry.details.age_max
    }
    /// Languages spoken (ISO 639-1).
    async fn languages(&self) -> &[String] {
        &self.entry.details.languages
    }
    /// Counties served, as Census FIPS codes; empty means any.
    async fn catchment_fips(&self) -> Vec<String> {
        self.entry.details.catchment_fips.iter().copied().map(fips).collect()
    }
    /// The line to call (E.164).
    async fn direct_line(&self) -> Option<&str> {
        self.entry.details.direct_line.as_deref()
    }
    /// The line to text (E.164 or a short code).
    async fn text_line(&self) -> Option<&str> {
        self.entry.details.text_line.as_deref()
    }
    /// When it is open; null when not known.
    async fn hours(&self) -> Option<OpeningHours> {
        self.entry.details.hours.as_ref().map(OpeningHours::from)
    }
    /// Open now; null when not known.
    async fn open_now(&self) -> Option<bool> {
        self.entry.details.hours.as_ref().map(|hours| hours.open_at(self.seen.now))
    }
    /// Set up for people under 18; null when not known.
    async fn youth_capable(&self) -> Option<bool> {
        self.entry.details.youth_capable
    }
    /// Ids of the same service in other systems.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.entry.external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.entry.retired
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.entry.updated_at)
    }
}

/// A FIPS code of five digits.
pub(super) fn fips(code: u32) -> String {
    format!("{code:05}")
}

/// Reads a FIPS code of five digits.
pub(super) fn parse_fips(code: &str) -> Option<u32> {
    let digits = code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| code.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::parse_fips;

    #[test]
    fn a_fips_code_is_five_digits() {
        assert_eq!((parse_fips("12086"), parse_fips("01001")), (Some(12_086), Some(1_001)));
        for bad in ["+1208", "-1208", "1208", "120866", "1208x", "１2", ""] {
            assert_eq!(parse_fips(bad), None, "{bad}");
        }
    }
}
