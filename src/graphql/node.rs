//! Any object by its id.
use super::bed::BedUnit;
use super::consent::Consent;
use super::course::FollowUp;
use super::directory::{Facility, Organization, Region, Service};
use super::emergency::EmergencyDisclosure;
use super::episode::Episode;
use super::handoff::Handoff;
use super::hold::BedHold;
use super::law::{GuardianStep, LegalHold};
use super::log::Grant;
use super::notice::Notice;
use super::on_call::{Call, OnCall};
use super::pathway::Pathway;
use super::poll::BedUpdateRequest;
use super::preservation::Preservation;
use super::push::PushSubscription;
use super::sealed::HandoffEntry;
use super::seen::{Asking, asking};
use super::share::{HandoffShare, shown, with_notice};
use super::team::Team;
use super::threat::ThreatDisclosure;
use crate::app;
use crate::domain::id::{GlobalId, Noun};
use async_graphql::{Context, ID, Interface};

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
    /// A legal hold, less what it is.
    LegalHold(LegalHold),
    /// The step of reaching a minor's guardian.
    GuardianStep(GuardianStep),
    /// A sealed entry of a handoff, unopened.
    HandoffEntry(HandoffEntry),
    /// A consent.
    Consent(Consent),
    /// What is written in a handoff, preserved.
    Preservation(Preservation),
    /// That your agency is told of a handoff by consent.
    HandoffShare(HandoffShare),
    /// A threat that was told, unopened.
    ThreatDisclosure(ThreatDisclosure),
    /// An opening in a medical emergency.
    EmergencyDisclosure(EmergencyDisclosure),
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

/// Those of some ids that name what a verb reads, all at once, in the order asked.
macro_rules! named {
    ($asking:ident, $ids:ident, $get:path) => {{
        let named: Vec<_> = $ids.iter().flatten().filter_map(|id| id.as_noun()).collect();
        let found = match named.is_empty() {
            true => Vec::new(),
            false => $get(&$asking.hub, &$asking.viewer, &named).await?,
        };
        found.into_iter()
    }};
}

/// Objects by their ids, whatever their nouns, in the order asked. Holds, handoffs and what belongs to them are read from the
/// database, each all at once.
pub(super) async fn find(asking: &Asking, ids: &[ID]) -> Result<Vec<Option<Node>>, app::Error> {
    asking.known()?;
    let ids: Vec<Option<GlobalId>> = ids.iter().map(|id| GlobalId::parse(&id.0)).collect();
    let mut holds = named!(asking, ids, app::hold::get);
    let mut handoffs = named!(asking, ids, app::handoff::get);
    let mut episodes = named!(asking, ids, app::episode::get);
    let mut follow_ups = named!(asking, ids, app::follow_up::get);
    let mut legal_holds = named!(asking, ids, app::legal_hold::get);
    let mut guardians = named!(asking, ids, app::guardian::get);
    let mut entries = named!(asking, ids, app::sealed::get);
    let mut consents = named!(asking, ids, app::consent::get);
    let mut chains = named!(asking, ids, app::on_call::get);
    let mut calls = named!(asking, ids, app::call::get);
    let mut shares = named!(asking, ids, app::share::get);
    let mut threats = named!(asking, ids, app::threat::get);
    let mut emergencies = named!(asking, ids, app::emergency::get);
    let mut preserved = named!(asking, ids, app::preservation::get);
    let mut browsers = named!(asking, ids, app::push::get);
    let mut node = |id: GlobalId| match id.noun {
        Noun::HandoffEntry => entries.next().flatten().map(|facts| HandoffEntry::new(facts, &asking.seen).into()),
        Noun::Consent => consents.next().flatten().map(|consent| Consent::new(consent, &asking.seen).into()),
        Noun::HandoffShare => shares.next().flatten().map(|view| HandoffShare::new(view, &asking.seen).into()),
        Noun::ThreatDisclosure => threats.next().flatten().map(|view| ThreatDisclosure::new(view, &asking.seen).into()),
        Noun::EmergencyDisclosure => {
            emergencies.next().flatten().map(|view| EmergencyDisclosure::new(view, &asking.seen).into())
        }
        Noun::FollowUp => follow_ups.next().flatten().map(|view| FollowUp::new(view, &asking.seen).into()),
        Noun::Preservation => preserved.next().flatten().map(|one| Preservation::new(one, &asking.seen).into()),
        Noun::LegalHold => legal_holds.next().flatten().map(|view| LegalHold::new(view).into()),
        Noun::Guardian => guardians.next().flatten().map(|view| GuardianStep::new(view).into()),
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

/// The same for a field: what has to stand with a notice is found with it alone.
pub(super) async fn find_shown(ctx: &Context<'_>, ids: &[ID]) -> Result<Vec<Option<Node>>, app::Error> {
    let needs = |node: &Node| match node {
        Node::Handoff(handoff) => handoff.needs_notice().then_some("Handoff"),
        Node::FollowUp(follow_up) => follow_up.needs_notice().then_some("FollowUp"),
        Node::HandoffShare(share) => share.needs_notice().then_some("HandoffShare"),
        _ => None,
    };
    let found = find(asking(ctx), ids).await?;
    let of = |found: &Vec<Option<Node>>| found.iter().flatten().filter_map(needs).collect::<Vec<_>>();
    shown(found, |found| !of(found).is_empty(), |found| of(found).iter().all(|of| with_notice(ctx, of)))
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
        | Noun::LegalHold
        | Noun::Guardian
        | Noun::HandoffEntry
        | Noun::Consent
        | Noun::Preservation
        | Noun::HandoffShare
        | Noun::ThreatDisclosure
        | Noun::EmergencyDisclosure
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
