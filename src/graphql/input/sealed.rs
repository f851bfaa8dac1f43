//! What is said to be sealed, and what is asked to be opened.
use super::emergency::{EmergencyInput, of_emergency};
use super::{keyed_blind, named};
use crate::app::sealed::{Disclose, Note};
use crate::domain::sealed::{Content, HANDOFFS_MAX, Identity, Purpose, Tier};
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Who a person is; at least one field, each of at most 200 characters.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityInput {
    /// Name.
    name: Option<String>,
    /// Date of birth, as it was told.
    date_of_birth: Option<String>,
    /// How the person can be reached.
    contact: Option<String>,
}

impl From<IdentityInput> for Identity {
    fn from(given: IdentityInput) -> Self {
        Self { name: given.name, date_of_birth: given.date_of_birth, contact: given.contact }
    }
}

/// Writes a sealed entry into a handoff of your agency: words in every tier but IDENTITY, which takes `identity`. Criminal
/// history belongs in none.
#[derive(Clone, Debug, InputObject)]
pub struct AddHandoffNoteInput {
    /// The handoff: while it is open, and for 24 hours after its end.
    handoff_id: ID,
    /// Of which tier: `schema/tiers.txt` says who writes which.
    tier: Code<Tier>,
    /// Words, at most 8,000 characters.
    text: Option<String>,
    /// Who the person is.
    identity: Option<IdentityInput>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Opens sealed entries.
#[derive(Clone, Debug, InputObject)]
pub struct DiscloseInput {
    /// Of which handoffs of your agency, 1 to 50.
    handoff_ids: Vec<ID>,
    /// Of which tiers: `schema/tiers.txt` says who opens which.
    tiers: Vec<Code<Tier>>,
    /// For what. It is kept with what was opened.
    purpose: Code<Purpose>,
    /// With MEDICAL_EMERGENCY, which opens CLINICAL and PART2 of one handoff once, for EMERGENCY_DEPARTMENT, EMS and INTAKE, without
    /// consent, where another of its agencies is a program, and until a day after its end; the program's privacy office reviews it.
    /// Not with anything else.
    emergency: Option<EmergencyInput>,
}

/// Reads an entry.
pub(in crate::graphql) fn note(asking: &Asking, input: AddHandoffNoteInput) -> Result<Note, Error> {
    let keyed = keyed_blind(asking, "addHandoffNote", input.idempotency_key.as_deref(), &input)?;
    let content = Content { text: input.text, identity: input.identity.map(Into::into), ..Content::default() };
    Ok(Note { handoff: named(&input.handoff_id)?, tier: input.tier.0, content, keyed })
}

/// Reads what is to be opened.
pub(in crate::graphql) fn disclose(input: DiscloseInput) -> Result<Disclose, Error> {
    if input.handoff_ids.len() > HANDOFFS_MAX {
        return Err(coded(ErrorCode::BadUserInput, format!("`handoffIds` names at most {HANDOFFS_MAX} handoffs")));
    }
    let handoffs = input.handoff_ids.iter().map(named).collect::<Result<_, _>>()?;
    let tiers = input.tiers.into_iter().map(|tier| tier.0).collect();
    let emergency = input.emergency.map(of_emergency);
    Ok(Disclose { handoffs, tiers, purpose: input.purpose.0, emergency })
}
