//! Any object by its id.
use super::bed::BedUnit;
use super::consent::Consent;
use super::course::FollowUp;
use super::directory::{Facility, Organization, Region, Service};
use super::episode::Episode;
use super::handoff::Handoff;
use super::hold::BedHold;
use super::log::Grant;
use super::notice::Notice;
use super::on_call::{Call, OnCall};
use super::pathway::Pathway;
use super::poll::BedUpdateRequest;
use super::push::PushSubscription;
use super::sealed::HandoffEntry;
use super::seen::Asking;
use super::team::Team;
use crate::app;
use crate::domain::id::{
    BedHoldId, CallId, ConsentId, EpisodeId, FollowUpId, GlobalId, HandoffEntryId, HandoffId, Noun, OnCallId,
    PushSubscriptionId,
};
use async_graphql::{ID, Interface};

/// An object with a global id.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque id."))]
pub enum Node {
    /// A region.
    Region(Region),
    /// An agency.
    Organization(Organization),
    /// A place.
    Facility(Facility),
    /// A service.
    Service(Service),
    /// A referral pathway.
    Pathway(Pathway),
    /// A unit.
    BedUnit(BedUnit),
    /// A hold.
    BedHold(BedHold),
    /// The search for one person's place.
    Episode(Episode),
    /// A handoff.
    Handoff(Handoff),
    /// What is done for somebody after a handoff.
    FollowUp(FollowUp),
    /// A sealed entry of a handoff, unopened.
    HandoffEntry(HandoffEntry),
    /// A consent.
    Consent(Consent),
    /// Who is on call for a unit or a team.
    OnCall(OnCall),
    /// The calls about one awaited answer.
    Call(Call),
    /// A browser that somebody is reached at.
    PushSubscription(PushSubscription),
    /// A mobile team.
    Team(Team),
    /// A grant.
    Grant(Grant),
    /// A notice.
    Notice(Notice),
    /// A request to units.
    BedUpdateRequest(BedUpdateRequest),
}

/// Objects by their ids, whatever their nouns, in the order asked. Holds, handoffs and what belongs to them are read from the
/// database, each all at once.
pub(super) async fn find(asking: &Asking, ids: &[ID]) -> Result<Vec<Option<Node>>, app::Error> {
    asking.known()?;
    let ids: Vec<Option<GlobalId>> = ids.iter().map(|id| GlobalId::parse(&id.0)).collect();
    let held: Vec<BedHoldId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut holds = match held.is_empty() {
        true => Vec::new(),
        false => app::hold::get(&asking.hub, &asking.viewer, &held).await?,
    }
    .into_iter();
    let moving: Vec<HandoffId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut handoffs = match moving.is_empty() {
        true => Vec::new(),
        false => app::handoff::get(&asking.hub, &asking.viewer, &moving).await?,
    }
    .into_iter();
    let sought: Vec<EpisodeId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut episodes = match sought.is_empty() {
        true => Vec::new(),
        false => app::episode::get(&asking.hub, &asking.viewer, &sought).await?,
    }
    .into_iter();
    let after: Vec<FollowUpId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut follow_ups = match after.is_empty() {
        true => Vec::new(),
        false => app::follow_up::get(&asking.hub, &asking.viewer, &after).await?,
    }
    .into_iter();
    let noted: Vec<HandoffEntryId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut entries = match noted.is_empty() {
        true => Vec::new(),
        false => app::sealed::get(&asking.hub, &asking.viewer, &noted).await?,
    }
    .into_iter();
    let agreed: Vec<ConsentId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut consents = match agreed.is_empty() {
        true => Vec::new(),
        false => app::consent::get(&asking.hub, &asking.viewer, &agreed).await?,
    }
    .into_iter();
    let ready: Vec<OnCallId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut chains = match ready.is_empty() {
        true => Vec::new(),
        false => app::on_call::get(&asking.hub, &asking.viewer, &ready).await?,
    }
    .into_iter();
    let called: Vec<CallId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut calls = match called.is_empty() {
        true => Vec::new(),
        false => app::call::get(&asking.hub, &asking.viewer, &called).await?,
    }
    .into_iter();
    let reached: Vec<PushSubscriptionId> = ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
    let mut browsers = app::push::get(&asking.hub, &asking.viewer, &reached).await?.into_iter();
    let mut node = |id: GlobalId| match id.noun {
        Noun::HandoffEntry => entries.next().flatten().map(|facts| HandoffEntry::new(facts, &asking.seen).into()),
        Noun::Consent => consents.next().flatten().map(|consent| Consent::new(consent, &asking.seen).into()),
        Noun::FollowUp => follow_ups.next().flatten().map(|view| FollowUp::new(view, &asking.seen).into()),
        Noun::OnCall => chains.next().flatten().map(|chain| OnCall::new(chain, &asking.seen).into()),
        Noun::Call => calls.next().flatten().map(|view| Call::new(view, &asking.seen).into()),
        Noun::PushSubscription => browsers.next().flatten().map(|one| PushSubscription::new(one).into()),
        Noun::Episode => episodes.next().flatten().map(|view| Episode::new(view, &asking.seen).into()),
        Noun::Handoff => handoffs.next().flatten().map(|view| Handoff::new(view, &asking.seen).into()),
        Noun::BedHold => holds.next().flatten().map(|view| BedHold::new(view, &asking.seen).into()),
        _ => on_board(asking, id),
    };
    Ok(ids.into_iter().map(|id| node(id?)).collect())
}

/// One object that the board holds.
fn on_board(asking: &Asking, id: GlobalId) -> Option<Node> {
    let seen = &asking.seen;
    match id.noun {
        Noun::Region => id.as_noun().and_then(|id| seen.entry(id)).map(|entry| Region::new(entry, seen).into()),
        Noun::Organization => {
            id.as_noun().and_then(|id| seen.entry(id)).map(|entry| Organization::new(entry, seen).into())
        }
        Noun::Facility => id.as_noun().and_then(|id| seen.entry(id)).map(|entry| Facility::new(entry, seen).into()),
        Noun::Service => id.as_noun().and_then(|id| seen.entry(id)).map(|entry| Service::new(entry, seen).into()),
        Noun::Pathway => id.as_noun().and_then(|id| seen.entry(id)).map(|entry| Pathway::new(entry, seen).into()),
        Noun::BedUnit => {
            let view = id.as_noun().and_then(|id| seen.board.unit(&seen.scope, id, seen.now));
            view.map(|view| BedUnit::new(view, seen).into())
        }
        Noun::Team => {
            let view = id.as_noun().and_then(|id| seen.board.team(&seen.scope, id, seen.now));
            view.map(|view| Team::new(view, seen).into())
        }
        Noun::Grant => {
            let grant = id.as_noun().and_then(|id| seen.board.grant(id)).filter(|grant| seen.scope.sees_grant(grant));
            grant.map(|grant| Grant { grant: crate::domain::grant::Grant::clone(grant), seen: seen.clone() }.into())
        }
        Noun::Notice => id.as_noun().and_then(|id| Notice::find(asking, id)).map(Into::into),
        Noun::BedUpdateRequest => id.as_noun().and_then(|id| BedUpdateRequest::find(seen, id)).map(Into::into),
        Noun::BedHold
        | Noun::Episode
        | Noun::Handoff
        | Noun::FollowUp
        | Noun::HandoffEntry
        | Noun::Consent
        | Noun::OnCall
        | Noun::Call
        | Noun::PushSubscription
        | Noun::Disclosure
        | Noun::BedReport
        | Noun::TravelTimes
        | Noun::Event
        | Noun::AuditEntry
        | Noun::AuditChain => None,
    }
}
