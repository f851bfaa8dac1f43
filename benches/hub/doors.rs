//! Doors that refuse nobody, in the world that is measured: people are announced there, and what is told of them is sealed.
use crate::Done;
use crate::ground::Ground;
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::handoff::{self, Announce};
use crisis_hub::app::sealed::{self, Disclose, Note};
use crisis_hub::app::{Outcome, console};
use crisis_hub::demo::issuer::ISSUER;
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::handoff::HandoffState;
use crisis_hub::domain::id::{BedUnitId, HandoffId, NounId, OrganizationId, PathwayId};
use crisis_hub::domain::need::Need;
use crisis_hub::domain::pathway::{Criteria, PathwayDetails, PathwayMode, Terms};
use crisis_hub::domain::role::Role;
use crisis_hub::domain::sealed::{Content, Identity, Purpose, Tier};
use crisis_hub::domain::service::ServiceDetails;
use crisis_hub::domain::time::At;
use crisis_hub::policy::{Scope, Viewer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The states of handoffs that somebody still owes a word about.
pub const OPEN: [HandoffState; 10] = [
    HandoffState::Offered,
    HandoffState::Acknowledged,
    HandoffState::NeedsInformation,
    HandoffState::Waitlisted,
    HandoffState::Agreed,
    HandoffState::Accepted,
    HandoffState::EnRoute,
    HandoffState::Arrived,
    HandoffState::HandedOver,
    HandoffState::Received,
];

/// The age of everybody who is announced.
const AGE: u16 = 34;

/// One door: a unit of an agency, the pathway that leads there, and who works there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Door {
    pub unit: Uuid,
    pub pathway: Uuid,
    pub organization: Uuid,
    /// The subject of whoever takes people over.
    pub receiver: String,
}

impl Door {
    pub fn unit(&self) -> BedUnitId {
        BedUnitId::of(self.unit)
    }

    pub fn organization(&self) -> OrganizationId {
        OrganizationId::of(self.organization)
    }

    pub fn pathway(&self) -> PathwayId {
        PathwayId::of(self.pathway)
    }
}

fn done<T>(outcome: Outcome<T>) -> Done<T> {
    outcome.changed.ok_or_else(|| format!("{:?}", outcome.problems).into())
}

/// The agency whose people send: the world's first.
pub fn sender(ground: &Ground) -> Done<OrganizationId> {
    let (organization, _) = ground.loaded.organizations.get("invented:sized-0").ok_or("the world has no agency")?;
    Ok(*organization)
}

fn viewer(ground: &Ground, subject: String) -> Done<Viewer> {
    let principal = Principal { issuer: ISSUER.into(), subject, kind: HolderKind::Person };
    let board = ground.hub.board().now();
    let grant = board.grants_of(&principal, ground.hub.clock().now()).next().ok_or("nobody with this name")?;
    let until = At::parse("2099-01-01T00:00:00Z").ok_or("no instant")?;
    Ok(Viewer::holder(grant.as_ref().clone(), None, false, until))
}

/// Opens so many doors, each of another agency than the sender.
pub async fn open(ground: &Ground, most: usize) -> Done<Vec<Door>> {
    let console = console::viewer();
    let (scope, board, now) = (Scope::of(&console), ground.hub.board().now(), ground.hub.clock().now());
    let (sender, mut owners, mut found) = (sender(ground)?, Vec::new(), Vec::new());
    for unit in board.units(&scope, now) {
        let owner = unit.entry().owner;
        let service = board.entry::<ServiceDetails>(&scope, unit.definition().service);
        let Some(service) = service.filter(|service| service.details.no_refusal) else { continue };
        let takes = unit.definition().age_min.is_none_or(|least| least <= AGE)
            && unit.definition().age_max.is_none_or(|most| most >= AGE);
        if takes && owner != sender && !owners.contains(&owner) && found.len() < most {
            owners.push(owner);
            found.push((unit.id(), service));
        }
    }
    let mut doors = Vec::new();
    for (unit, service) in found {
        let terms = Terms {
            service: service.id,
            from_roles: Role::SENDERS.into(),
            mode: PathwayMode::Announce,
            self_referral_call: false,
            criteria: Criteria::default(),
            papers: Vec::new(),
            hours: None,
            acknowledge_minutes: 5,
            decide_minutes: 5,
            arrive_minutes: 60,
            hold_minutes: 30,
            fallbacks: Vec::new(),
            follow_ups: Vec::new(),
            effective_from: None,
            effective_until: None,
        };
        let details = PathwayDetails { name: "First-responder drop-off".into(), terms };
        let mut add = SaveEntry::new(None, details, Provenance::Manual);
        add.owner = Some(service.owner);
        let pathway = done(directory::save(&ground.hub, &console, add).await?)?.id;
        let living = ground.loaded.units.iter().find(|living| living.id == unit).ok_or("a unit that nobody reports")?;
        let receiver = living.reporter.clone();
        let organization = service.owner.key();
        doors.push(Door { unit: unit.key(), pathway: pathway.key(), organization, receiver });
    }
    if doors.is_empty() { Err("no door refuses nobody".into()) } else { Ok(doors) }
}

/// Announces so many people through the hub's verbs, at the doors in turn, under way when this ends.
pub async fn announce(ground: &Ground, doors: &[Door], many: usize) -> Done<Vec<HandoffId>> {
    let me = viewer(ground, crate::ground::subject(Role::MobileTeam))?;
    let mut made = Vec::with_capacity(many);
    for door in doors.iter().cycle().take(many) {
        let input = Announce {
            pathway: door.pathway(),
            unit: door.unit(),
            need: Need { age: Some(AGE), ..Need::default() },
            arrive_minutes: None,
            on_behalf_of: None,
            hold: None,
            episode: None,
            keyed: None,
        };
        made.push(done(handoff::announce(&ground.hub, &me, input).await?)?.handoff().id);
    }
    Ok(made)
}

/// Tells of each person who they are and how they are: two sealed entries a handoff.
pub async fn tell(ground: &Ground, handoffs: &[HandoffId]) -> Done {
    let me = viewer(ground, crate::ground::subject(Role::MobileTeam))?;
    for handoff in handoffs {
        let name = Some(format!("Somebody {handoff}"));
        let identity = Identity { name, date_of_birth: Some("1990-01-01".into()), ..Identity::default() };
        let words = "Found on a bridge, talked down, says that sleep has been gone for a week. ".repeat(8);
        for (tier, content) in [
            (Tier::Identity, Content { identity: Some(identity), ..Content::default() }),
            (Tier::Clinical, Content { text: Some(words.trim_end().into()), ..Content::default() }),
        ] {
            done(sealed::note(&ground.hub, &me, Note { handoff: *handoff, tier, content, keyed: None }).await?)?;
        }
    }
    Ok(())
}

/// Opens everything that is sealed in some handoffs, once.
pub async fn disclose(ground: &Ground, receiver: &str, handoffs: &[HandoffId]) -> Done {
    let me = viewer(ground, receiver.to_owned())?;
    let tiers = vec![Tier::Identity, Tier::Clinical];
    let input = Disclose { handoffs: handoffs.to_vec(), tiers, purpose: Purpose::Treatment, emergency: None };
    let disclosed = sealed::disclose(&ground.hub, &me, input).await?;
    if disclosed.entries.is_empty() { Err(format!("{:?}", disclosed.problems).into()) } else { Ok(()) }
}
