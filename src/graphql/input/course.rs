//! What is said of how a person is handed over, and of what follows.
use super::{absent, keyed, keyed_blind, list, maybe_named, named};
use crate::app::follow_up::{FollowUpFilter, PlanAfterCall, PlanFollowUp, RecordFollowUp};
use crate::app::handoff::MoveHandoff;
use crate::domain::follow_up::{FollowUpBy, FollowUpOutcome, FollowUpState, FollowUpTerm};
use crate::domain::handoff::{ContactKind, Door, Move, SafetyTrigger, TransportMode, TransportWord, Warmth};
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Confirms the transfer of care, with what was seen at the door.
#[derive(Clone, Debug, InputObject)]
pub struct ConfirmTransferInput {
    /// The handoff.
    handoff_id: ID,
    /// How warm the handoff was. Where both parties say it, the receiver's word stands; so with what follows.
    warmth: Option<Code<Warmth>>,
    /// A peer was there.
    peer_present: Option<bool>,
    /// The person was restrained on the way.
    restraint_used: Option<bool>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says who drives, or who is asked to.
#[derive(Clone, Debug, InputObject)]
pub struct SetTransportInput {
    /// The handoff.
    handoff_id: ID,
    /// How the person is brought.
    mode: Code<TransportMode>,
    /// Whose transport it is, where that is an agency of the network.
    provider_id: Option<ID>,
    /// Somebody has said yes; until then it is REQUESTED.
    #[graphql(default)]
    assigned: bool,
    /// In how many minutes it comes, 0 to 1,440. When that has passed, it is told.
    #[graphql(default = 60)]
    pick_up_minutes: u32,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says that people have spoken.
#[derive(Clone, Debug, InputObject)]
pub struct RecordContactInput {
    /// The handoff.
    handoff_id: ID,
    /// Who with whom.
    kind: Code<ContactKind>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says that police were asked to come, and why.
#[derive(Clone, Debug, InputObject)]
pub struct AskForPoliceInput {
    /// The handoff.
    handoff_id: ID,
    /// Why. There is no other reason than these.
    trigger: Code<SafetyTrigger>,
    /// The person agreed.
    person_agreed: bool,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Which follow-ups; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "FollowUpFilter")]
pub struct FollowUpFilterInput {
    /// After this handoff.
    handoff_id: Option<ID>,
    /// That this agency sees to.
    owner_id: Option<ID>,
    /// In one of these states.
    states: Option<Vec<Code<FollowUpState>>>,
}

/// What a pathway lets follow.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct FollowUpTermInput {
    /// Who follows up, of your agency.
    by: Code<FollowUpBy>,
    /// Within how many hours of the transfer, 1 to 720.
    within_hours: u32,
}

/// Plans a follow-up for your agency.
#[derive(Clone, Debug, InputObject)]
pub struct PlanFollowUpInput {
    /// After which handoff of your agency: one in which the receiver has taken over.
    handoff_id: ID,
    /// Who follows up.
    by: Code<FollowUpBy>,
    /// Within how many hours from now, 1 to 720.
    within_hours: u32,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Plans a follow-up for your agency after a call that needed no handoff.
#[derive(Clone, InputObject)]
pub struct PlanCallFollowUpInput {
    /// Your agency's own reference of the person, at most 128 characters: never a name. It is kept as a keyed digest alone, so
    /// that nobody is called too often.
    person_reference: String,
    /// The person agreed to be called.
    person_agreed: bool,
    /// Who follows up.
    by: Code<FollowUpBy>,
    /// Within how many hours from now: 1 to 24 for LINE_988, 1 to 72 for others.
    within_hours: u32,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says how a follow-up went.
#[derive(Clone, Debug, InputObject)]
pub struct RecordFollowUpInput {
    /// The follow-up, of your agency.
    follow_up_id: ID,
    /// How it went. ATTEMPTED leaves it open; the others end it.
    outcome: Code<FollowUpOutcome>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

impl FollowUpFilterInput {
    /// The filter as the verbs take it.
    pub fn read(self) -> FollowUpFilter {
        FollowUpFilter {
            handoff: self.handoff_id.as_ref().map(absent),
            owner: self.owner_id.as_ref().map(absent),
            states: list(self.states),
        }
    }
}

impl From<FollowUpTermInput> for FollowUpTerm {
    fn from(input: FollowUpTermInput) -> Self {
        Self { by: input.by.0, within_hours: input.within_hours }
    }
}

macro_rules! moves {
    ($($(#[doc = $doc:literal])+ $read:ident $operation:literal $input:ident |$given:ident| $to:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(in crate::graphql) fn $read(asking: &Asking, $given: $input) -> Result<MoveHandoff, Error> {
            let keyed = keyed(asking, $operation, $given.idempotency_key.as_deref(), &$given)?;
            let (handoff, expected_version, to) = (named(&$given.handoff_id)?, $given.expected_version, $to);
            Ok(MoveHandoff { handoff, expected_version, to, keyed })
        }
    )+};
}

moves! {
    /// Reads a confirmation.
    confirm "confirmTransfer" ConfirmTransferInput |input| Move::Confirm(Door {
        warmth: input.warmth.map(|code| code.0),
        peer_present: input.peer_present,
        restraint_used: input.restraint_used,
    });
    /// Reads who drives.
    transport "setTransport" SetTransportInput |input| Move::Drive(TransportWord {
        mode: input.mode.0,
        provider: maybe_named(input.provider_id.as_ref())?,
        assigned: input.assigned,
        pick_up_minutes: input.pick_up_minutes,
    });
    /// Reads who spoke with whom.
    contact "recordContact" RecordContactInput |input| Move::Contact(input.kind.0);
    /// Reads why police were asked to come.
    police "askForPolice" AskForPoliceInput |input| Move::AskPolice(input.trigger.0, input.person_agreed);
}

/// Reads a plan.
pub(in crate::graphql) fn plan(asking: &Asking, input: PlanFollowUpInput) -> Result<PlanFollowUp, Error> {
    let keyed = keyed(asking, "planFollowUp", input.idempotency_key.as_deref(), &input)?;
    let term = FollowUpTerm { by: input.by.0, within_hours: input.within_hours };
    Ok(PlanFollowUp { handoff: named(&input.handoff_id)?, term, keyed })
}

/// Reads a plan after a call.
pub(in crate::graphql) fn plan_after_call(
    asking: &Asking,
    input: PlanCallFollowUpInput,
) -> Result<PlanAfterCall, Error> {
    let whole = (&input.person_reference, input.person_agreed, input.by.0, input.within_hours);
    let keyed = keyed_blind(asking, "planCallFollowUp", input.idempotency_key.as_deref(), &whole)?;
    let term = FollowUpTerm { by: input.by.0, within_hours: input.within_hours };
    Ok(PlanAfterCall { reference: input.person_reference, person_agreed: input.person_agreed, term, keyed })
}

/// Reads how a follow-up went.
pub(in crate::graphql) fn record(asking: &Asking, input: RecordFollowUpInput) -> Result<RecordFollowUp, Error> {
    let keyed = keyed(asking, "recordFollowUp", input.idempotency_key.as_deref(), &input)?;
    let (follow_up, expected_version) = (named(&input.follow_up_id)?, input.expected_version);
    Ok(RecordFollowUp { follow_up, expected_version, outcome: input.outcome.0, keyed })
}
