//! What coordinators say.
use super::{keyed, named};
use crate::app::coordinate::NudgeHandoff;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Reminds the party whose word is awaited.
#[derive(Clone, Debug, InputObject)]
pub struct NudgeHandoffInput {
    /// The handoff.
    handoff_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Reads a reminder.
pub(in crate::graphql) fn nudge(asking: &Asking, input: NudgeHandoffInput) -> Result<NudgeHandoff, Error> {
    let keyed = keyed(asking, "nudgeHandoff", input.idempotency_key.as_deref(), &input)?;
    Ok(NudgeHandoff { handoff: named(&input.handoff_id)?, keyed })
}
