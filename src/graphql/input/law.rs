//! What is said of legal holds and of minors' guardians. It is sealed, and so is the digest of its key blinded: there are few
//! legal statuses, and whoever has the database alone could try each.
use super::{keyed_blind, named};
use crate::app::guardian::RecordGuardianReached;
use crate::app::legal_hold::{EndLegalHold, RecordLegalHold};
use crate::domain::sealed::{Custody, GuardianSaid, LegalHoldEnd, Signer};
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};
use std::collections::BTreeSet;

/// Records that a person's legal hold began.
#[derive(Clone, Debug, InputObject)]
pub struct RecordLegalHoldInput {
    /// In which handoff of your agency.
    handoff_id: ID,
    /// Under which status: a code of `Region.jurisdiction.legalStatuses` that has a clock.
    #[graphql(validator(max_length = 40))]
    status: String,
    /// When it began: what the clock runs from is the status's own `clock.runsFrom`. Not in the future, and at most 31 days back.
    began_at: DateTime,
    /// When its time is over, where the order says so, as over a weekend: at most `clock.minutesMax` after it began. As the
    /// status says when not given. The hub knows no holidays.
    expires_at: Option<DateTime>,
    /// It takes the place of the one that stands, which ends as SUPERSEDED.
    #[graphql(default)]
    supersedes: bool,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says how a legal hold ended.
#[derive(Clone, Debug, InputObject)]
pub struct EndLegalHoldInput {
    /// In which handoff of your agency.
    handoff_id: ID,
    /// Which legal hold.
    legal_hold_id: ID,
    /// How it ended.
    reason: Code<LegalHoldEnd>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says that a minor's guardian was reached.
#[derive(Clone, Debug, InputObject)]
pub struct RecordGuardianReachedInput {
    /// In which handoff of your agency.
    handoff_id: ID,
    /// In whose custody the minor is.
    custody: Code<Custody>,
    /// Who may consent.
    #[graphql(default)]
    may_consent: Vec<Code<Signer>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Reads a legal hold.
pub(in crate::graphql) fn record(asking: &Asking, input: RecordLegalHoldInput) -> Result<RecordLegalHold, Error> {
    let keyed = keyed_blind(asking, "recordLegalHold", input.idempotency_key.as_deref(), &input)?;
    Ok(RecordLegalHold {
        handoff: named(&input.handoff_id)?,
        status: input.status,
        began_at: input.began_at.0,
        expires_at: input.expires_at.map(|at| at.0),
        supersedes: input.supersedes,
        keyed,
    })
}

/// Reads how one ended.
pub(in crate::graphql) fn end(asking: &Asking, input: EndLegalHoldInput) -> Result<EndLegalHold, Error> {
    let keyed = keyed_blind(asking, "endLegalHold", input.idempotency_key.as_deref(), &input)?;
    let (handoff, legal_hold) = (named(&input.handoff_id)?, named(&input.legal_hold_id)?);
    Ok(EndLegalHold { handoff, legal_hold, reason: input.reason.0, keyed })
}

/// Reads that a guardian was reached.
pub(in crate::graphql) fn reached(
    asking: &Asking,
    input: RecordGuardianReachedInput,
) -> Result<RecordGuardianReached, Error> {
    let keyed = keyed_blind(asking, "recordGuardianReached", input.idempotency_key.as_deref(), &input)?;
    let may_consent: BTreeSet<Signer> = input.may_consent.into_iter().map(|code| code.0).collect();
    let said = GuardianSaid { custody: input.custody.0, may_consent: may_consent.into_iter().collect() };
    Ok(RecordGuardianReached { handoff: named(&input.handoff_id)?, said, keyed })
}
