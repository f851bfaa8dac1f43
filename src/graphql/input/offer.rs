//! What is said of offers, and of the search that they belong to.
use super::{NeedInput, absent, keyed, keyed_need, list, maybe_named, named};
use crate::app::handoff::{CloseEpisode, EpisodeFilter, MoveHandoff, OfferHandoff, OfferTo, OpenEpisode};
use crate::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crate::domain::handoff::{
    Acceptance, AcceptanceCondition, AcceptedBy, Choice, ChosenFor, DeclineReason, Destination, InformationItem, Move,
    Refusal, Waitlist, WhatChanged, WithdrawReason,
};
use crate::domain::time::At;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::search::sought;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which episodes; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "EpisodeFilter")]
pub struct EpisodeFilterInput {
    /// In one of these states.
    states: Option<Vec<Code<EpisodeState>>>,
    /// Of this region; it can be no other than yours.
    region_id: Option<ID>,
    /// That this agency began.
    sender_id: Option<ID>,
    /// Only those that go on, SEEKING or SETTLED: the list then begins with who has waited longest.
    #[graphql(default)]
    open_only: bool,
    /// Only those that go on and began this many minutes ago or more.
    waiting_minutes_min: Option<u32>,
}

impl EpisodeFilterInput {
    /// The filter as the verbs take it, as of an instant.
    pub(in crate::graphql) fn read(self, now: At) -> EpisodeFilter {
        let ago = |minutes: u32| now.plus_minutes(-i64::from(minutes));
        EpisodeFilter {
            states: list(self.states),
            region: self.region_id.as_ref().map(absent),
            sender: self.sender_id.as_ref().map(absent),
            open_only: self.open_only || self.waiting_minutes_min.is_some(),
            opened_by: self.waiting_minutes_min.map(ago),
        }
    }
}

/// One receiver that is asked.
#[derive(Clone, Debug, InputObject)]
pub struct OfferToInput {
    /// By which pathway, of the mode REQUEST: see `matchPathways`.
    pathway_id: ID,
    /// For which unit of its service; or say which team.
    unit_id: Option<ID>,
    /// Which team of its service is asked to come, where it leads to mobile teams.
    team_id: Option<ID>,
    /// In how many minutes of a yes the person arrives, 0 to the pathway's `arriveMinutes`, which is taken when not given.
    arrive_minutes: Option<u32>,
}

/// Asks receivers whether they take somebody. There is no field for a name, a diagnosis, or criminal history.
#[derive(Clone, Debug, InputObject)]
pub struct OfferHandoffInput {
    /// The search that goes on, of your agency; a new one begins when not given.
    episode_id: Option<ID>,
    /// Whom to ask, 1 to 3; never more than 3 at once in one search. Those who have put the person on their list do not count.
    #[graphql(validator(min_items = 1, max_items = 3))]
    to: Vec<OfferToInput>,
    /// What is known of the need, as it is now. It is held against each pathway; level of care, age band, legal status, room,
    /// mobility, language and safety flags are kept for the receivers, and the rest nowhere.
    need: NeedInput,
    /// The person, or whoever decides for them, agrees with the search; as it was said before when not given, of a new search no.
    person_agreed: Option<bool>,
    /// The person has spoken with each house whose pathway says `selfReferralCall`.
    #[graphql(default)]
    person_called: bool,
    /// How the search is settled; as before when not given, of a new search by the sender's choice, or where a team is asked by the
    /// first yes. What was asked before is
    /// settled as it was asked.
    settlement: Option<Code<Settlement>>,
    /// What has changed since these units were asked before: needed where one of them said no.
    #[graphql(default, validator(max_items = 8))]
    changed: Vec<Code<WhatChanged>>,
    /// For dispatchers: the call sign of the field unit that they ask for, at most 40 characters.
    on_behalf_of: Option<String>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Begins a search that asks nobody yet.
#[derive(Clone, Debug, InputObject)]
pub struct OpenEpisodeInput {
    /// What is known of the need, as it is now. It is kept as in `offerHandoff`.
    need: NeedInput,
    /// The person, or whoever decides for them, agrees with the search.
    #[graphql(default)]
    person_agreed: bool,
    /// How the search is settled, once somebody is asked; by the sender's choice when not given.
    settlement: Option<Code<Settlement>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Asks the sender for something before deciding.
#[derive(Clone, Debug, InputObject)]
pub struct AskForInformationInput {
    /// The handoff.
    handoff_id: ID,
    /// What is asked for.
    #[graphql(validator(min_items = 1, max_items = 11))]
    items: Vec<Code<InformationItem>>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Puts the person on the receiver's list.
#[derive(Clone, Debug, InputObject)]
pub struct WaitlistOfferInput {
    /// The handoff.
    handoff_id: ID,
    /// The place on the list, 1 to 500.
    position: u32,
    /// When you look again: within 7 days.
    review_at: DateTime,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Takes the person.
#[derive(Clone, Debug, InputObject)]
pub struct AcceptOfferInput {
    /// The handoff.
    handoff_id: ID,
    /// The accepting clinician, or at a peer house whoever meets the person: a name of your staff, at most 120 characters.
    accepted_by: String,
    /// How the sender reaches them: at most 40 characters.
    callback: String,
    /// On what your yes depends; with any of these, the sender has the choice.
    #[graphql(default, validator(max_items = 11))]
    conditions: Vec<Code<AcceptanceCondition>>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Chooses among the receivers that said yes.
#[derive(Clone, Debug, InputObject)]
pub struct ChooseOfferInput {
    /// The handoff.
    handoff_id: ID,
    /// Whose preference decided.
    chosen_for: Option<Code<ChosenFor>>,
    /// What the receiver's yes depends on is met.
    #[graphql(default)]
    conditions_met: bool,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Does not take the person.
#[derive(Clone, Debug, InputObject)]
pub struct DeclineOfferInput {
    /// The handoff.
    handoff_id: ID,
    /// Why. A house that people call by themselves gives no reason of health.
    reason: Code<DeclineReason>,
    /// What would make a yes of it.
    #[graphql(default, validator(max_items = 11))]
    could_accept_if: Vec<Code<AcceptanceCondition>>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Takes an offer back.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawOfferInput {
    /// The handoff.
    handoff_id: ID,
    /// Why; ANOTHER_CHOSEN is the hub's own.
    reason: Code<WithdrawReason>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Ends a search without a place.
#[derive(Clone, Debug, InputObject)]
pub struct CloseEpisodeInput {
    /// The search, of your agency.
    episode_id: ID,
    /// Why; SILENCE is the hub's own.
    reason: Code<EpisodeEnd>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

fn codes<C: crate::domain::code::Coded>(codes: &[Code<C>]) -> Vec<C> {
    codes.iter().map(|code| code.0).collect()
}

/// Reads whom to ask.
pub(in crate::graphql) fn offer(asking: &Asking, input: OfferHandoffInput) -> Result<OfferHandoff, Error> {
    let keyed = keyed_need(asking, "offerHandoff", input.idempotency_key.as_deref(), &input)?;
    let to = |to: &OfferToInput| {
        let goal = match (&to.unit_id, &to.team_id) {
            (Some(unit), None) => Destination::Unit(named(unit)?),
            (None, Some(team)) => Destination::Team(named(team)?),
            _ => return Err(coded(ErrorCode::BadUserInput, "each of `to` names one of `unitId` and `teamId`")),
        };
        Ok(OfferTo { pathway: named(&to.pathway_id)?, to: goal, arrive_minutes: to.arrive_minutes })
    };
    Ok(OfferHandoff {
        episode: maybe_named(input.episode_id.as_ref())?,
        to: input.to.iter().map(to).collect::<Result<_, Error>>()?,
        need: sought(asking, input.need)?,
        person_agreed: input.person_agreed,
        settlement: input.settlement.map(|code| code.0),
        called: input.person_called,
        changed: codes(&input.changed),
        on_behalf_of: input.on_behalf_of,
        keyed,
    })
}

/// Reads what is sought.
pub(in crate::graphql) fn open(asking: &Asking, input: OpenEpisodeInput) -> Result<OpenEpisode, Error> {
    let keyed = keyed_need(asking, "openEpisode", input.idempotency_key.as_deref(), &input)?;
    let settlement = input.settlement.map_or(Settlement::SenderChooses, |code| code.0);
    Ok(OpenEpisode { need: sought(asking, input.need)?, person_agreed: input.person_agreed, settlement, keyed })
}

macro_rules! moves {
    ($($(#[doc = $doc:literal])+ $read:ident $operation:literal $input:ident |$asking:ident, $given:ident| $to:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(in crate::graphql) fn $read($asking: &Asking, $given: $input) -> Result<MoveHandoff, Error> {
            let keyed = keyed($asking, $operation, $given.idempotency_key.as_deref(), &$given)?;
            let (handoff, expected_version, to) = (named(&$given.handoff_id)?, $given.expected_version, $to);
            Ok(MoveHandoff { handoff, expected_version, to, keyed })
        }
    )+};
}

moves! {
    /// Reads a question.
    ask "askForInformation" AskForInformationInput |asking, input| Move::Ask(codes(&input.items));
    /// Reads a place on a list.
    waitlist "waitlistOffer" WaitlistOfferInput |asking, input| {
        Move::Waitlist(Waitlist { position: input.position, review_at: input.review_at.0 })
    };
    /// Reads a yes.
    accept "acceptOffer" AcceptOfferInput |asking, input| {
        let by = AcceptedBy { name: input.accepted_by.clone(), callback: input.callback.clone() };
        by.check().map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))?;
        Move::Accept(Acceptance { by, conditions: codes(&input.conditions) })
    };
    /// Reads a choice.
    choose "chooseOffer" ChooseOfferInput |asking, input| Move::Choose(Choice {
        chosen_for: input.chosen_for.map(|code| code.0),
        conditions_met: input.conditions_met,
    });
    /// Reads a no.
    decline "declineOffer" DeclineOfferInput |asking, input| Move::Decline(Refusal {
        reason: input.reason.0,
        could_accept_if: codes(&input.could_accept_if),
        // The hub looks itself.
        bed_was_shown_available: false,
    });
    /// Reads why an offer is taken back.
    withdraw "withdrawOffer" WithdrawOfferInput |asking, input| match input.reason.0 {
        WithdrawReason::AnotherChosen => {
            return Err(coded(ErrorCode::BadUserInput, "`reason` ANOTHER_CHOSEN is the hub's own: choose with `chooseOffer`"));
        }
        reason => Move::Withdraw(reason),
    };
}

/// Reads why a search ends.
pub(in crate::graphql) fn close(asking: &Asking, input: CloseEpisodeInput) -> Result<CloseEpisode, Error> {
    let keyed = keyed(asking, "closeEpisode", input.idempotency_key.as_deref(), &input)?;
    let (episode, expected_version) = (named(&input.episode_id)?, input.expected_version);
    Ok(CloseEpisode { episode, expected_version, reason: input.reason.0, keyed })
}
