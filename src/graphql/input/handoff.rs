//! What is said of handoffs.
use super::{NeedInput, absent, keyed, keyed_need, list, maybe_named, named};
use crate::app::handoff::{Announce, HandoffFilter, MoveHandoff};
use crate::domain::code::Coded;
use crate::domain::handoff::{FailReason, HandoffFact, HandoffState, Move, RedirectReason};
use crate::domain::id::{BedUnitId, OrganizationId, TeamId};
use crate::domain::share::ShareFact;
use crate::graphql::scalars::Code;
use crate::graphql::search::sought;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which handoffs; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "HandoffFilter")]
pub struct HandoffFilterInput {
    /// To this unit.
    unit_id: Option<ID>,
    /// To this team.
    team_id: Option<ID>,
    /// That this agency sends.
    sender_id: Option<ID>,
    /// That this agency receives.
    receiver_id: Option<ID>,
    /// In one of these states.
    states: Option<Vec<Code<HandoffState>>>,
    /// Only those that have not ended: the same that `handoffsChanged` watches.
    #[graphql(default)]
    open_only: bool,
    /// By its short code; the letters I, L and O are read as 1, 1 and 0.
    #[graphql(validator(max_length = 6))]
    code: Option<String>,
}

/// Which open handoffs are watched; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct HandoffsWatched {
    /// To this unit.
    unit_id: Option<ID>,
    /// To this team.
    team_id: Option<ID>,
    /// That this agency sends.
    sender_id: Option<ID>,
    /// That this agency receives.
    receiver_id: Option<ID>,
}

/// Which open handoffs are watched, read.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    unit: Option<BedUnitId>,
    team: Option<TeamId>,
    sender: Option<OrganizationId>,
    receiver: Option<OrganizationId>,
}

impl HandoffsWatched {
    /// The filter as it is asked.
    pub fn read(self) -> Watched {
        Watched {
            unit: self.unit_id.as_ref().map(absent),
            team: self.team_id.as_ref().map(absent),
            sender: self.sender_id.as_ref().map(absent),
            receiver: self.receiver_id.as_ref().map(absent),
        }
    }
}

impl Watched {
    /// Whether it is about a handoff.
    pub fn matches(&self, sender: OrganizationId, fact: &HandoffFact) -> bool {
        self.unit.is_none_or(|id| fact.unit == Some(id))
            && self.team.is_none_or(|id| fact.team == Some(id))
            && self.sender.is_none_or(|id| id == sender)
            && self.receiver.is_none_or(|id| id == fact.receiver)
    }

    /// Whether it is about the handoff that an agency is told of by consent.
    pub fn matches_share(&self, fact: &ShareFact) -> bool {
        self.unit.is_none_or(|id| fact.unit == Some(id))
            && self.team.is_none_or(|id| fact.team == Some(id))
            && self.sender.is_none_or(|id| id == fact.sender)
            && self.receiver.is_none_or(|id| id == fact.receiver)
    }
}

/// Announces somebody to a unit by a pathway of the mode ANNOUNCE. It is accepted as it is made, and a place is kept where one
/// is free; the receiver may only redirect, with a reason. There is no field for a name, a diagnosis, or criminal history.
#[derive(Clone, Debug, InputObject)]
pub struct AnnounceHandoffInput {
    /// By which pathway: see `matchPathways`.
    pathway_id: ID,
    /// To which unit of its service.
    unit_id: ID,
    /// What is known of the need. It is held against the pathway; level of care, age band, legal status, room, mobility,
    /// language and safety flags are kept for the receiver, and the rest nowhere.
    need: NeedInput,
    /// In how many minutes the person is expected, 0 to the pathway's `arriveMinutes`, which is taken when not given.
    arrive_minutes: Option<u32>,
    /// A hold of your agency on the unit, to go on with; a new one is placed when not given.
    hold_id: Option<ID>,
    /// A search of your agency that this settles; whoever else was asked is told. A new one is begun and settled when not given.
    episode_id: Option<ID>,
    /// For dispatchers: the call sign of the field unit that they announce for, at most 40 characters.
    on_behalf_of: Option<String>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Moves a handoff.
#[derive(Clone, Debug, InputObject)]
pub struct MoveHandoffInput {
    /// The handoff.
    handoff_id: ID,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Sends somebody on who was announced to your agency.
#[derive(Clone, Debug, InputObject)]
pub struct RedirectHandoffInput {
    /// The handoff.
    handoff_id: ID,
    /// Why.
    reason: Code<RedirectReason>,
    /// The supervisor who answers for it, at most 120 characters: shown to those of both agencies who care for people. Of
    /// somebody who was announced it is awaited for 60 minutes, by `nameSupervisor`, when it is not said here.
    supervisor_name: Option<String>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Ends a handoff on the way.
#[derive(Clone, Debug, InputObject)]
pub struct FailHandoffInput {
    /// The handoff.
    handoff_id: ID,
    /// Why.
    reason: Code<FailReason>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

impl HandoffFilterInput {
    /// The filter as the verbs take it.
    pub fn read(self) -> HandoffFilter {
        // As Crockford's base 32 is read aloud and written down.
        let letter = |letter: char| match letter.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        };
        HandoffFilter {
            unit: self.unit_id.as_ref().map(absent),
            team: self.team_id.as_ref().map(absent),
            sender: self.sender_id.as_ref().map(absent),
            receiver: self.receiver_id.as_ref().map(absent),
            states: states(list(self.states), self.open_only),
            code: self.code.map(|code| code.chars().map(letter).collect()),
        }
    }
}

/// The states of a filter; none is any.
fn states(given: Option<Vec<HandoffState>>, open_only: bool) -> Option<Vec<HandoffState>> {
    if !open_only {
        return given;
    }
    let all = given.as_deref().unwrap_or(HandoffState::ALL);
    Some(all.iter().copied().filter(|state| state.is_open()).collect())
}

/// Reads an announcement.
pub(in crate::graphql) fn announce(asking: &Asking, input: AnnounceHandoffInput) -> Result<Announce, Error> {
    let keyed = keyed_need(asking, "announceHandoff", input.idempotency_key.as_deref(), &input)?;
    Ok(Announce {
        pathway: named(&input.pathway_id)?,
        unit: named(&input.unit_id)?,
        need: sought(asking, input.need)?,
        arrive_minutes: input.arrive_minutes,
        hold: maybe_named(input.hold_id.as_ref())?,
        episode: maybe_named(input.episode_id.as_ref())?,
        on_behalf_of: input.on_behalf_of,
        keyed,
    })
}

/// Reads a move that needs no reason.
pub(in crate::graphql) fn go(
    asking: &Asking,
    operation: &'static str,
    to: Move,
    input: MoveHandoffInput,
) -> Result<MoveHandoff, Error> {
    let keyed = keyed(asking, operation, input.idempotency_key.as_deref(), &input)?;
    Ok(MoveHandoff { handoff: named(&input.handoff_id)?, expected_version: input.expected_version, to, keyed })
}

/// Reads a redirection.
pub(in crate::graphql) fn redirect(asking: &Asking, input: RedirectHandoffInput) -> Result<MoveHandoff, Error> {
    let keyed = keyed(asking, "redirectHandoff", input.idempotency_key.as_deref(), &input)?;
    let (handoff, to) = (named(&input.handoff_id)?, Move::Redirect(input.reason.0, input.supervisor_name));
    Ok(MoveHandoff { handoff, expected_version: input.expected_version, to, keyed })
}

/// Reads how a handoff ended on the way.
pub(in crate::graphql) fn fail(asking: &Asking, input: FailHandoffInput) -> Result<MoveHandoff, Error> {
    let keyed = keyed(asking, "failHandoff", input.idempotency_key.as_deref(), &input)?;
    let (handoff, to) = (named(&input.handoff_id)?, Move::Fail(input.reason.0));
    Ok(MoveHandoff { handoff, expected_version: input.expected_version, to, keyed })
}
