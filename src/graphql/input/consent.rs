//! What is said of consents.
use super::{keyed, named};
use crate::app::consent::{RecordConsent, RevokeConsent};
use crate::domain::sealed::{ConsentFact, ConsentGiven, ConsentKind, Purpose, Signer, Tier};
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Records what a person agreed to, within a handoff of your agency.
#[derive(Clone, Debug, InputObject)]
pub struct RecordConsentInput {
    /// The handoff.
    handoff_id: ID,
    /// What it is. The tier PART2 needs one of the kinds PART2_TPO and PART2_SPECIFIC, in writing.
    kind: Code<ConsentKind>,
    /// Whose entries may be told: one of the handoff's two agencies.
    from_id: ID,
    /// To which agencies, 1 to 10. With OUTCOME none of criminal justice, no council and none that is withdrawn; and at most 20 that
    /// are told of one handoff, or will be, each counted for every consent that names it.
    to_ids: Vec<ID>,
    /// Which tiers. OUTCOME tells the agencies where the handoff stands and what becomes of the person while the consent stands,
    /// for CARE_COORDINATION: INVOLVED_PERSON their advocates, PEER their peers; OUTCOME_TO_REFERRER, with OUTCOME alone, from the
    /// receiver to the sender. With a program under 42 CFR Part 2 it is in writing. THREAT is nobody's to agree to.
    tiers: Vec<Code<Tier>>,
    /// For which purposes; MEDICAL_EMERGENCY is none: nobody is asked then.
    purposes: Vec<Code<Purpose>>,
    /// In which capacity it was signed. Where the region's law does not let a minor sign this alone, PERSON is refused with
    /// CONSENT_REQUIRED and the path `signer`.
    signer: Code<Signer>,
    /// How it was given.
    given: Code<ConsentGiven>,
    /// From when, at most a year before or after now; from now when not given.
    starts_at: Option<DateTime>,
    /// Until when, at most a year after its start.
    expires_at: DateTime,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Revokes a consent for good.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeConsentInput {
    /// The consent.
    consent_id: ID,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// A list without what stands in it twice.
fn once<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// Reads a consent.
pub(in crate::graphql) fn record(asking: &Asking, input: RecordConsentInput) -> Result<RecordConsent, Error> {
    let keyed = keyed(asking, "recordConsent", input.idempotency_key.as_deref(), &input)?;
    let terms = ConsentFact {
        handoff: named(&input.handoff_id)?,
        kind: input.kind.0,
        from: named(&input.from_id)?,
        to: once(input.to_ids.iter().map(named).collect::<Result<Vec<_>, _>>()?),
        tiers: once(input.tiers.into_iter().map(|tier| tier.0)),
        purposes: once(input.purposes.into_iter().map(|purpose| purpose.0)),
        signer: input.signer.0,
        given: input.given.0,
        starts_at: input.starts_at.map_or(asking.seen.now, |at| at.0),
        expires_at: input.expires_at.0,
        revoked_at: None,
        program: false,
    };
    Ok(RecordConsent { terms, keyed })
}

/// Reads a revocation.
pub(in crate::graphql) fn revoke(asking: &Asking, input: RevokeConsentInput) -> Result<RevokeConsent, Error> {
    let keyed = keyed(asking, "revokeConsent", input.idempotency_key.as_deref(), &input)?;
    Ok(RevokeConsent { consent: named(&input.consent_id)?, expected_version: input.expected_version, keyed })
}
