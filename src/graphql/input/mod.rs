//! Inputs, read into what the verbs take.
pub mod bed;
pub mod consent;
pub mod coordinate;
pub mod course;
pub mod directory;
pub mod emergency;
pub mod grant;
pub mod handoff;
pub mod hold;
pub mod law;
pub mod notice;
pub mod offer;
pub mod on_call;
pub mod pathway;
pub mod preservation;
pub mod push;
pub mod sealed;
pub mod team;
pub mod threat;

use super::directory::{ExternalIdInput, parse_fips};
use super::error::{ErrorCode, coded, from_app};
use super::scalars::{Code, parse_id};
use super::seen::Asking;
use crate::app;
use crate::app::filter::UnitFilter;
use crate::domain::bed::{Freshness, ShownAs};
use crate::domain::entry::ExternalId;
use crate::domain::geo;
use crate::domain::id::NounId;
use crate::domain::need::{
    Acuity, Behavior, LegalStatus, MedicalScreening, Mobility, Need, Payer, RoomGenderNeed, SafetyFlag, WithdrawalRisk,
};
use crate::domain::service::ServiceKind;
use crate::store::Keyed;
use async_graphql::{Error, ID, InputObject};
use secrecy::zeroize::Zeroizing;

/// Which units; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BedUnitFilter {
    /// At this facility.
    facility_id: Option<ID>,
    /// Of this agency.
    organization_id: Option<ID>,
    /// Of one of these levels of care.
    levels_of_care: Option<Vec<Code<ServiceKind>>>,
    /// In one of these counties (Census FIPS codes of five digits).
    counties_fips: Option<Vec<String>>,
    /// Shown as one of these.
    shown_as: Option<Vec<Code<ShownAs>>>,
    /// Of one of these freshnesses.
    freshness: Option<Vec<Code<Freshness>>>,
    /// Taking drop-offs by first responders.
    drop_off: Option<bool>,
    /// The one that another system knows by this id.
    external_id: Option<ExternalIdInput>,
}

/// A point on the map (WGS 84).
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PointInput {
    /// Latitude in degrees, -90 to 90.
    pub latitude: f64,
    /// Longitude in degrees, -180 to 180.
    pub longitude: f64,
}

/// What is known of a person who needs care, in coded fields. Leave out what is not known: the answer's `reasons` say what
/// still has to be asked. There is no field for a name, a diagnosis, or criminal history.
#[derive(Clone, Debug, Default, InputObject)]
pub struct NeedInput {
    /// The level of care to look for; any when not given.
    level_of_care: Option<Code<ServiceKind>>,
    /// Age in years.
    #[graphql(validator(maximum = 120))]
    age: Option<u16>,
    /// Legal status.
    legal_status: Option<Code<LegalStatus>>,
    /// Which rooms would suit.
    room_gender_need: Option<Code<RoomGenderNeed>>,
    /// How far medical screening has come.
    medical_screening: Option<Code<MedicalScreening>>,
    /// How acute the crisis is.
    acuity: Option<Code<Acuity>>,
    /// Behavior seen in the last 24 hours.
    #[graphql(name = "behaviors24h")]
    behaviors_24h: Option<Vec<Code<Behavior>>>,
    /// Coarse safety flags.
    safety_flags: Option<Vec<Code<SafetyFlag>>>,
    /// Intellectual or developmental disability.
    intellectual_or_developmental_disability: Option<bool>,
    /// Dementia or brain injury.
    dementia_or_brain_injury: Option<bool>,
    /// Pregnant.
    pregnant: Option<bool>,
    /// Has medical devices.
    medical_devices: Option<bool>,
    /// Needs one-to-one observation.
    one_to_one_observation: Option<bool>,
    /// Risk of withdrawal.
    withdrawal_risk: Option<Code<WithdrawalRisk>>,
    /// Vital signs out of range.
    vitals_out_of_range: Option<bool>,
    /// How the person moves.
    mobility: Option<Code<Mobility>>,
    /// Preferred language (ISO 639-1).
    #[graphql(validator(max_length = 2))]
    language: Option<String>,
    /// Home county (Census FIPS code of five digits).
    home_county: Option<String>,
    /// Payer: for transfers between facilities only. It never ranks a unit, and first responders are refused it.
    payer: Option<Code<Payer>>,
}

fn list<C: crate::domain::code::Coded>(codes: Option<Vec<Code<C>>>) -> Option<Vec<C>> {
    codes.map(|codes| codes.into_iter().map(|code| code.0).collect())
}

pub(super) fn fips(code: &str) -> Result<u32, Error> {
    parse_fips(code)
        .ok_or_else(|| coded(ErrorCode::BadUserInput, "a county is a Census FIPS code of five digits, such as 12086"))
}

/// An id that matches nothing reads as one that no row has.
fn absent<I: NounId>(id: &ID) -> I {
    parse_id(id).unwrap_or_else(|| I::of(uuid::Uuid::nil()))
}

impl BedUnitFilter {
    /// The filter as the verbs take it.
    pub fn read(self) -> Result<UnitFilter, Error> {
        let counties = self
            .counties_fips
            .map(|codes| codes.iter().map(|code| fips(code)).collect::<Result<Vec<_>, _>>())
            .transpose()?;
        Ok(UnitFilter {
            facility: self.facility_id.as_ref().map(absent),
            organization: self.organization_id.as_ref().map(absent),
            levels_of_care: list(self.levels_of_care),
            counties_fips: counties,
            shown_as: list(self.shown_as),
            freshness: list(self.freshness),
            drop_off: self.drop_off,
            external: self.external_id.map(external),
        })
    }
}

impl PointInput {
    /// The point as the verbs take it.
    pub fn read(self) -> Result<geo::Point, Error> {
        geo::Point::from_degrees(self.latitude, self.longitude)
            .map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))
    }
}

impl NeedInput {
    /// The need as the verbs take it.
    pub fn read(self) -> Result<Need, Error> {
        Ok(Need {
            level_of_care: self.level_of_care.map(|c| c.0),
            age: self.age,
            legal_status: self.legal_status.map(|c| c.0),
            room_gender: self.room_gender_need.map(|c| c.0),
            medical_screening: self.medical_screening.map(|c| c.0),
            acuity: self.acuity.map(|c| c.0),
            behaviors_24h: list(self.behaviors_24h).unwrap_or_default(),
            safety_flags: list(self.safety_flags).unwrap_or_default(),
            idd: self.intellectual_or_developmental_disability,
            dementia_or_brain_injury: self.dementia_or_brain_injury,
            pregnant: self.pregnant,
            medical_devices: self.medical_devices,
            one_to_one: self.one_to_one_observation,
            withdrawal_risk: self.withdrawal_risk.map(|c| c.0),
            vitals_out_of_range: self.vitals_out_of_range,
            mobility: self.mobility.map(|c| c.0),
            language: self.language,
            home_county: self.home_county.as_deref().map(fips).transpose()?,
            payer: self.payer.map(|c| c.0),
        })
    }
}

/// Reads the key of a request: the digest is of the input as this hub understood it.
fn keyed(
    asking: &Asking,
    operation: &'static str,
    key: Option<&str>,
    input: &impl std::fmt::Debug,
) -> Result<Option<Keyed>, Error> {
    let Some(key) = key else { return Ok(None) };
    crate::domain::text::line("idempotencyKey", key, 128)
        .map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))?;
    let stands_on: Vec<String> = asking.viewer.stands_on().map(|grant| grant.id.to_string()).collect();
    let digest = asking.hub.seal().digest(operation, &format!("{input:?}"));
    Ok(Some(Keyed { principal: stands_on.join(" "), operation, key: key.to_owned(), digest }))
}

/// The same where what is said is sealed: the digest is blinded first, since whoever has the database alone could try guesses
/// against it.
fn keyed_blind(
    asking: &Asking,
    operation: &'static str,
    key: Option<&str>,
    input: &impl std::fmt::Debug,
) -> Result<Option<Keyed>, Error> {
    let Some(key) = key else { return Ok(None) };
    let words = Zeroizing::new(format!("{input:?}"));
    let blind = app::sealed::blinded(&asking.hub, &words).map_err(|error| from_app(&error))?;
    keyed(asking, operation, Some(key), &blind)
}

/// The same of a need, of which no more is kept than travels with the handoff. Somebody waits: where the ring of keys cannot be
/// read, the search goes on all the same.
fn keyed_need(
    asking: &Asking,
    operation: &'static str,
    key: Option<&str>,
    input: &impl std::fmt::Debug,
) -> Result<Option<Keyed>, Error> {
    let words = Zeroizing::new(format!("{input:?}"));
    match key.map(|_| app::sealed::blinded(&asking.hub, &words)) {
        Some(Ok(blind)) => keyed(asking, operation, key, &blind),
        Some(Err(_)) | None => keyed(asking, operation, key, input),
    }
}

/// An id in a mutation: one that is no id of the noun names nothing.
pub(in crate::graphql) fn named<I: NounId>(id: &ID) -> Result<I, Error> {
    parse_id(id).ok_or_else(|| from_app(&app::Error::NotFound))
}

fn maybe_named<I: NounId>(id: Option<&ID>) -> Result<Option<I>, Error> {
    id.map(named).transpose()
}

fn all_fips(codes: Option<Vec<String>>) -> Result<Vec<u32>, Error> {
    let bad = || coded(ErrorCode::BadUserInput, "a county is a Census FIPS code of five digits, such as 12086");
    codes.unwrap_or_default().iter().map(|code| parse_fips(code).ok_or_else(bad)).collect()
}

pub(super) fn external(id: ExternalIdInput) -> ExternalId {
    ExternalId { system: id.system, value: id.value }
}

fn externals(ids: Option<Vec<ExternalIdInput>>) -> Vec<ExternalId> {
    ids.unwrap_or_default().into_iter().map(external).collect()
}
