//! What is said of medical emergencies.
use super::{keyed, named};
use crate::app::emergency::{InEmergency, ReviewEmergency};
use crate::domain::emergency::{EmergencyAccount, EmergencyNature, ReviewVerdict};
use crate::domain::id::EmergencyDisclosureId;
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// What 42 CFR 2.51 asks to be written down when a program's records are opened in a medical emergency; every field.
#[derive(Clone, Debug, InputObject)]
pub struct EmergencyInput {
    /// The nature of the emergency.
    nature: Code<EmergencyNature>,
    /// What it is, in at most 1,000 characters.
    account: String,
    /// The name of the medical personnel who are told, at most 200 characters.
    recipient: String,
    /// With which health care facility they are, at most 200 characters.
    affiliation: String,
    /// The name of whoever makes the disclosure, at most 200 characters.
    discloser: String,
    /// That the person's consent cannot be had in time. Where it can, ask.
    consent_unobtainable: bool,
}

/// Reviews an opening in a medical emergency.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewEmergencyDisclosureInput {
    /// Which.
    emergency_disclosure_id: ID,
    /// What the privacy office says.
    verdict: Code<ReviewVerdict>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Opens what was said with an opening in a medical emergency.
#[derive(Clone, Debug, InputObject)]
pub struct ReadEmergencyAccountInput {
    /// Which.
    emergency_disclosure_id: ID,
}

/// Reads what is said of an emergency.
pub(super) fn of_emergency(input: EmergencyInput) -> InEmergency {
    let EmergencyInput { nature, account, recipient, affiliation, discloser, consent_unobtainable } = input;
    let says = EmergencyAccount { account, recipient, affiliation, discloser };
    InEmergency { nature: nature.0, consent_unobtainable, says }
}

/// Reads a review.
pub(in crate::graphql) fn review(
    asking: &Asking,
    input: ReviewEmergencyDisclosureInput,
) -> Result<ReviewEmergency, Error> {
    let keyed = keyed(asking, "reviewEmergencyDisclosure", input.idempotency_key.as_deref(), &input)?;
    let (opened, verdict) = (named(&input.emergency_disclosure_id)?, input.verdict.0);
    Ok(ReviewEmergency { opened, verdict, expected_version: input.expected_version, keyed })
}

/// Reads which account is opened.
pub(in crate::graphql) fn read(input: &ReadEmergencyAccountInput) -> Result<EmergencyDisclosureId, Error> {
    named(&input.emergency_disclosure_id)
}
