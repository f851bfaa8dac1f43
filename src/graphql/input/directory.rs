//! What is said of organizations, facilities and services.
use super::{PointInput, all_fips, externals, keyed, maybe_named};
use crate::app::directory::SaveEntry;
use crate::domain::entry::Provenance;
use crate::domain::facility::{FacilityDetails, Zone};
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::graphql::directory::ExternalIdInput;
use crate::graphql::hours::OpeningHoursInput;
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Adds (operators) or edits an agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveOrganizationInput {
    /// The agency; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Region of a new agency; your own when not given.
    region_id: Option<ID>,
    /// Its name, at most 200 characters.
    name: String,
    /// What it is: operators alone may change it, and not while grants hold whose roles nobody holds at such an agency.
    kind: Code<OrganizationKind>,
    /// A program under 42 CFR Part 2.
    #[graphql(default)]
    part2_program: bool,
    /// A covered entity under HIPAA.
    #[graphql(default)]
    covered_entity: bool,
    /// A criminal-justice agency: may be changed as `kind` may.
    #[graphql(default)]
    criminal_justice_agency: bool,
    /// Designated to coordinate its region: operators alone may change it.
    #[graphql(default)]
    coordinating: bool,
    /// Ids of the same agency in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds, edits or withdraws a place of your agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveFacilityInput {
    /// The place; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, at most 200 characters.
    name: String,
    /// Street address.
    street: Option<String>,
    /// City.
    city: Option<String>,
    /// State, two letters.
    state: Option<String>,
    /// ZIP code.
    zip: Option<String>,
    /// County (Census FIPS code of five digits).
    county_fips: Option<String>,
    /// Where it stands.
    point: Option<PointInput>,
    /// What kind of country it stands in; URBAN when not given.
    zone: Option<Code<Zone>>,
    /// IANA time zone of its wall times, such as America/New_York.
    time_zone: String,
    /// The line that staff answer at night (E.164).
    direct_line: Option<String>,
    /// Has an entrance for first responders.
    #[graphql(default)]
    first_responder_door: bool,
    /// People may walk in.
    #[graphql(default)]
    walk_in: bool,
    /// Step-free access; leave out when not known.
    wheelchair_accessible: Option<bool>,
    /// Ids of the same place in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Adds, edits or withdraws a service of your agency. An edit replaces the whole entry.
#[derive(Clone, Debug, InputObject)]
pub struct SaveServiceInput {
    /// The service; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, at most 200 characters.
    name: String,
    /// Where it is offered: a facility of your agency; none for a line or a mobile team.
    facility_id: Option<ID>,
    /// The level of care.
    kind: Code<ServiceKind>,
    /// First responders are never refused.
    #[graphql(default)]
    no_refusal: bool,
    /// Wants medical clearance before arrival.
    #[graphql(default)]
    medical_clearance_required: bool,
    /// Takes people who come of their own will.
    #[graphql(default = true)]
    voluntary: bool,
    /// Takes people under an involuntary hold.
    #[graphql(default)]
    involuntary: bool,
    /// Youngest age taken, 0 to 120.
    age_min: Option<u16>,
    /// Oldest age taken, 0 to 120.
    age_max: Option<u16>,
    /// Languages spoken (ISO 639-1), at most 50.
    languages: Option<Vec<String>>,
    /// Counties served (Census FIPS codes of five digits); any when not given.
    catchment_fips: Option<Vec<String>>,
    /// The line to call (E.164).
    direct_line: Option<String>,
    /// The line to text (E.164, or a short code of 3 to 6 digits).
    text_line: Option<String>,
    /// When it is open; leave out when not known.
    hours: Option<OpeningHoursInput>,
    /// Set up for people under 18; leave out when not known.
    youth_capable: Option<bool>,
    /// Ids of the same service in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Reads an agency.
pub(in crate::graphql) fn organization(
    asking: &Asking,
    input: SaveOrganizationInput,
) -> Result<SaveEntry<OrganizationDetails>, Error> {
    let keyed = keyed(asking, "saveOrganization", input.idempotency_key.as_deref(), &input)?;
    let details = OrganizationDetails {
        name: input.name,
        kind: input.kind.0,
        part2_program: input.part2_program,
        covered_entity: input.covered_entity,
        criminal_justice_agency: input.criminal_justice_agency,
        coordinating: input.coordinating,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    save.region = maybe_named(input.region_id.as_ref())?;
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}

/// Reads a place.
pub(in crate::graphql) fn facility(
    asking: &Asking,
    input: SaveFacilityInput,
) -> Result<SaveEntry<FacilityDetails>, Error> {
    let keyed = keyed(asking, "saveFacility", input.idempotency_key.as_deref(), &input)?;
    let details = FacilityDetails {
        name: input.name,
        street: input.street,
        city: input.city,
        state: input.state,
        zip: input.zip,
        county_fips: all_fips(input.county_fips.map(|code| vec![code]))?.pop(),
        point: input.point.map(PointInput::read).transpose()?,
        zone: input.zone.map_or(Zone::Urban, |c| c.0),
        time_zone: input.time_zone,
        direct_line: input.direct_line,
        first_responder_door: input.first_responder_door,
        walk_in: input.walk_in,
        wheelchair_accessible: input.wheelchair_accessible,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}

/// Reads a service.
pub(in crate::graphql) fn service(
    asking: &Asking,
    input: SaveServiceInput,
) -> Result<SaveEntry<ServiceDetails>, Error> {
    let keyed = keyed(asking, "saveService", input.idempotency_key.as_deref(), &input)?;
    let details = ServiceDetails {
        name: input.name,
        facility: maybe_named(input.facility_id.as_ref())?,
        kind: input.kind.0,
        no_refusal: input.no_refusal,
        medical_clearance_required: input.medical_clearance_required,
        voluntary: input.voluntary,
        involuntary: input.involuntary,
        age_min: input.age_min,
        age_max: input.age_max,
        languages: input.languages.unwrap_or_default(),
        catchment_fips: all_fips(input.catchment_fips)?,
        direct_line: input.direct_line,
        text_line: input.text_line,
        hours: input.hours.map(OpeningHoursInput::read).transpose()?,
        youth_capable: input.youth_capable,
    };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}
