//! What is said of who is on call.
use super::{keyed, keyed_blind, named};
use crate::app::call::AcknowledgeCall;
use crate::app::on_call::SetOnCall;
use crate::domain::call::CallChannel;
use crate::domain::handoff::Destination;
use crate::domain::on_call::{CallFrom, OfStaff, OnCallStep};
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};
use std::fmt;

/// One step of a chain: who is called, how, and when.
#[derive(Clone, InputObject)]
pub struct OnCallStepInput {
    /// By which channel.
    channel: Code<CallChannel>,
    /// Where to, at most 200 characters: a mailbox for EMAIL; for WEBHOOK what your network's gateway takes, such as a
    /// telephone number; for PUSH the id of the grant of the person whose browsers are reached, which they read as
    /// `viewer { grant { id } }` and administrators in `grants`; nothing for BOARD.
    address: Option<String>,
    /// Who that is, for your own agency: a role or a name, at most 60 characters.
    label: Option<String>,
    /// From when `afterMinutes` counts.
    #[graphql(default_with = "Code(CallFrom::Asked)")]
    from: Code<CallFrom>,
    /// How many minutes after that, 0 to 1440. No step is taken before those that stand before it.
    #[graphql(default = 0)]
    after_minutes: u32,
}

/// Says who is on call for a unit or a mobile team of your agency, in place of whoever was.
#[derive(Clone, Debug, InputObject)]
pub struct SetOnCallInput {
    /// For which unit; or say which team.
    unit_id: Option<ID>,
    /// For which mobile team, whose people are called when it is asked to come.
    team_id: Option<ID>,
    /// The steps in their order, at most 8. None: nobody is called.
    steps: Vec<OnCallStepInput>,
    /// The version that you read, 0 for none: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says that a call has been seen.
#[derive(Clone, Debug, InputObject)]
pub struct AcknowledgeCallInput {
    /// The call.
    call_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

// The digest of a request needs every field, and nothing prints an input: but no address is to slip out if something did.
impl fmt::Debug for OnCallStepInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCallStepInput").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Reads who is on call.
pub(in crate::graphql) fn set(asking: &Asking, input: SetOnCallInput) -> Result<SetOnCall, Error> {
    let step = |step: OnCallStepInput| OnCallStep {
        channel: step.channel.0,
        address: step.address.map(OfStaff::new),
        label: step.label.map(OfStaff::new),
        from: step.from.0,
        after_minutes: step.after_minutes,
    };
    let steps: Vec<OnCallStep> = input.steps.into_iter().map(step).collect();
    let told = serde_json::to_string(&steps).unwrap_or_default();
    let whole = (&input.unit_id, &input.team_id, told, input.expected_version);
    let keyed = keyed_blind(asking, "setOnCall", input.idempotency_key.as_deref(), &whole)?;
    let whose = match (&input.unit_id, &input.team_id) {
        (Some(unit), None) => Destination::Unit(named(unit)?),
        (None, Some(team)) => Destination::Team(named(team)?),
        _ => return Err(coded(ErrorCode::BadUserInput, "say one of `unitId` and `teamId`")),
    };
    Ok(SetOnCall { whose, steps, expected_version: input.expected_version, keyed })
}

/// Reads what was seen.
pub(in crate::graphql) fn acknowledge(asking: &Asking, input: AcknowledgeCallInput) -> Result<AcknowledgeCall, Error> {
    let keyed = keyed(asking, "acknowledgeCall", input.idempotency_key.as_deref(), &input)?;
    Ok(AcknowledgeCall { call: named(&input.call_id)?, keyed })
}
