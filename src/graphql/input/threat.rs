//! What is said of threats.
use super::{keyed_blind, named};
use crate::app::threat::DiscloseThreat;
use crate::domain::id::ThreatDisclosureId;
use crate::domain::threat::ThreatBasis;
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Tells one agency of a serious and imminent threat.
#[derive(Clone, Debug, InputObject)]
pub struct DiscloseThreatInput {
    /// The handoff, open, in which your agency holds the person: as the sender until the receiver has taken over, as the
    /// receiver from the door on.
    handoff_id: ID,
    /// The agency that is told: one that can lessen the threat, with officers or dispatchers; law enforcement alone for
    /// ESCAPED_FROM_CUSTODY.
    to_id: ID,
    /// On which ground.
    basis: Code<ThreatBasis>,
    /// What that agency needs to lessen the threat, and no more: at most 1,000 characters. Nothing of a program under 42 CFR Part 2
    /// belongs in it.
    text: String,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Opens a threat that your agency was told of.
#[derive(Clone, Debug, InputObject)]
pub struct ReadThreatDisclosureInput {
    /// The threat, of `threatDisclosures` or an event THREAT_DISCLOSED.
    threat_disclosure_id: ID,
}

/// Reads which threat is opened.
pub(in crate::graphql) fn read(input: &ReadThreatDisclosureInput) -> Result<ThreatDisclosureId, Error> {
    named(&input.threat_disclosure_id)
}

/// Reads a threat.
pub(in crate::graphql) fn disclose(asking: &Asking, input: DiscloseThreatInput) -> Result<DiscloseThreat, Error> {
    let keyed = keyed_blind(asking, "discloseThreat", input.idempotency_key.as_deref(), &input)?;
    let (handoff, to) = (named(&input.handoff_id)?, named(&input.to_id)?);
    Ok(DiscloseThreat { handoff, to, basis: input.basis.0, says: input.text, keyed })
}
