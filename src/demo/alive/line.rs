//! The 988 lines, which ask a mobile team to come and then the next; and the teams that come.
use super::crew::{go, standing};
use super::{Actor, MILLIONS, Stage};
use crate::app::episode::{self, EpisodeFilter};
use crate::app::handoff::{self, OfferHandoff, OfferTo};
use crate::app::team::{self, SetStatus};
use crate::app::{Error, Hub};
use crate::demo::staff;
use crate::demo::teams::LivingTeam;
use crate::demo::world::Loaded;
use crate::domain::episode::EpisodeState;
use crate::domain::handoff::{
    Acceptance, AcceptedBy, DeclineReason, Destination, Door, HandoffState, Move, Party, Refusal, SafetyTrigger, Warmth,
};
use crate::domain::id::{EpisodeId, OrganizationId};
use crate::domain::need::Need;
use crate::domain::pathway::{PathwayDetails, PathwayMode};
use crate::domain::team::{TeamShownAs, TeamStatus};
use crate::domain::time::At;
use crate::policy::{Scope, Viewer};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;

/// Visits a day that a line asks a team for, for each million.
const VISITS_A_DAY: i64 = 24;
/// How often a line looks after those who wait, in minutes: a team has three to say yes.
const LINE_MINUTES: i64 = 3;
/// How often a van's crew looks at its tablet, in minutes.
const VAN_MINUTES: i64 = 2;
/// Shortest drive, in seconds.
const DRIVE_SECONDS_MIN: i64 = 6 * 60;

/// One 988 line.
struct Line {
    subject: String,
    agency: OrganizationId,
    teams: Vec<LivingTeam>,
    /// Of a thousand looks, how many ask for a team.
    begins_of_thousand: i64,
}

/// The teams of one provider, all of which somebody speaks for.
struct Vans {
    subject: String,
    agency: OrganizationId,
    teams: Vec<LivingTeam>,
}

/// Both lines, and every provider's vans.
pub(super) fn all(loaded: &Loaded) -> Vec<Box<dyn Actor>> {
    let teams: Vec<LivingTeam> = loaded.teams.iter().filter(|team| team.begins.is_some()).cloned().collect();
    let begins_of_thousand = MILLIONS * VISITS_A_DAY * 1_000 / (2 * 24 * 60 / LINE_MINUTES);
    let line = |key: String| {
        let (subject, agency) = (staff::line(&key), loaded.organizations.get(&key)?.0);
        Some(Box::new(Line { subject, agency, teams: teams.clone(), begins_of_thousand }) as Box<dyn Actor>)
    };
    let mut by_crew: BTreeMap<&str, Vec<LivingTeam>> = BTreeMap::new();
    for team in &teams {
        by_crew.entry(&team.speaker).or_default().push(team.clone());
    }
    let vans = by_crew.into_iter().filter_map(|(subject, teams)| {
        let key = subject.strip_prefix("team:")?;
        let agency = loaded.organizations.get(key)?.0;
        Some(Box::new(Vans { subject: subject.into(), agency, teams }) as Box<dyn Actor>)
    });
    staff::lines().filter_map(line).chain(vans).collect()
}

impl Line {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = staff::viewer(hub, &self.subject).await?;
        let ours = [HandoffState::Received, HandoffState::EnRoute];
        for view in standing(hub, &viewer, (Party::Sender, self.agency), &ours).await? {
            let to = match (view.handoff().state, stage.dice.between(1, 60)) {
                (HandoffState::Received, 10..) => Move::Confirm(Door::default()),
                (HandoffState::EnRoute, 1) if view.course().is_some_and(|course| course.police.is_none()) => {
                    Move::AskPolice(SafetyTrigger::SceneUnsafe, false)
                }
                _ => continue,
            };
            go(hub, &viewer, &view, to).await?;
        }
        // Who was not answered is asked for again, of the next team.
        let states = Some(vec![EpisodeState::Seeking]);
        let seeking = EpisodeFilter { states, sender: Some(self.agency), ..EpisodeFilter::default() };
        for view in episode::list(hub, &viewer, &seeking, (None, None), 20, false).await? {
            let id = view.episode().id;
            let asked = episode::handoffs(hub, &viewer, &[id]).await?.remove(&id).unwrap_or_default();
            if !asked.iter().any(|one| one.handoff().state.is_offer()) {
                self.ask(hub, &viewer, stage, Some(id)).await?;
            }
        }
        if stage.dice.between(1, 1_000) <= self.begins_of_thousand {
            self.ask(hub, &viewer, stage, None).await?;
        }
        Ok(())
    }

    /// Asks one team that says that it is free; where none does, it is tried again at the next look.
    async fn ask(
        &self,
        hub: &Hub,
        viewer: &Viewer,
        stage: &mut Stage<'_>,
        episode: Option<EpisodeId>,
    ) -> Result<(), Error> {
        let free: Vec<OfferTo> = self.teams.iter().filter_map(|team| door(hub, viewer, team, stage.now)).collect();
        let Some(to) = stage.dice.of(&free).copied() else { return Ok(()) };
        let need = Need { age: u16::try_from(stage.dice.between(18, 70)).ok(), ..Need::default() };
        let offer = OfferHandoff {
            episode,
            to: vec![to],
            need,
            person_agreed: Some(true),
            settlement: None,
            called: false,
            changed: Vec::new(),
            on_behalf_of: None,
            keyed: None,
        };
        // What is refused was asked already, or is not for this person.
        handoff::offer(hub, viewer, offer).await.map(drop)
    }
}

/// How a line may ask a team that says that it is free.
fn door(hub: &Hub, viewer: &Viewer, team: &LivingTeam, now: At) -> Option<OfferTo> {
    let (scope, board) = (Scope::of(viewer), hub.board().now());
    let view = board.team(&scope, team.id, now).filter(|view| view.shown_as() == TeamShownAs::Available)?;
    let (service, role) = (view.team().definition().service, viewer.role()?);
    let mut pathways = board.entries::<PathwayDetails>(&scope).map(|pathway| (pathway.id, &pathway.details.terms));
    let found = pathways.find(|(_, terms)| {
        terms.service == service && terms.mode == PathwayMode::Request && terms.is_open_to(role, now)
    });
    found.map(|(pathway, _)| OfferTo { pathway, to: Destination::Team(team.id), arrive_minutes: None })
}

impl Vans {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = staff::viewer(hub, &self.subject).await?;
        let ours = [HandoffState::Offered, HandoffState::Accepted, HandoffState::EnRoute, HandoffState::Arrived];
        let left_before = stage.now.plus_micros(-DRIVE_SECONDS_MIN * 1_000_000 / stage.pace);
        for view in standing(hub, &viewer, (Party::Receiver, self.agency), &ours).await? {
            let (handoff, chance) = (view.handoff(), stage.dice.between(1, 10));
            let to = match handoff.state {
                _ if handoff.to.team().is_none() || chance == 1 => continue,
                HandoffState::Offered => yes(),
                HandoffState::Accepted => Move::Depart,
                HandoffState::EnRoute if handoff.times.departed_at.is_some_and(|left| left > left_before) => continue,
                HandoffState::EnRoute => Move::Arrive,
                _ => Move::Confirm(Door { warmth: Some(Warmth::WarmInPerson), ..Door::default() }),
            };
            let accepts = matches!(to, Move::Accept(_));
            if !go(hub, &viewer, &view, to).await? && accepts {
                go(hub, &viewer, &view, no()).await?;
            }
        }
        // Often enough that no heartbeat is missed.
        if stage.dice.between(1, 2) == 1 { self.speak(hub, &viewer, stage).await } else { Ok(()) }
    }

    /// Who is back says so; who is off duty, or new to the tablet, stays as it is.
    async fn speak(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        for team in &self.teams {
            let board = hub.board().now();
            let shown = board.team(&Scope::of(viewer), team.id, stage.now).map(|view| view.shown_as());
            let (status, free_in_minutes) = match shown {
                // The tablet is switched on.
                Some(TeamShownAs::Unknown) => match team.begins {
                    Some(begins) => begins,
                    None => continue,
                },
                Some(TeamShownAs::Available) => (TeamStatus::Available, None),
                Some(TeamShownAs::OnScene | TeamShownAs::EnRoute | TeamShownAs::Assigned)
                    if stage.dice.between(1, 12) == 1 =>
                {
                    // It is back; or whoever it went to is not there any more.
                    (TeamStatus::Available, None)
                }
                Some(TeamShownAs::OnScene) => (TeamStatus::OnScene, None),
                Some(TeamShownAs::EnRoute) => (TeamStatus::EnRoute, None),
                Some(TeamShownAs::Assigned) => (TeamStatus::Assigned, None),
                Some(TeamShownAs::Out) | None => continue,
            };
            let says = SetStatus { team: team.id, status, free_in_minutes, keyed: None };
            team::set_status(hub, viewer, says).await?;
        }
        Ok(())
    }
}

fn yes() -> Move {
    let by = AcceptedBy { name: "The crew".into(), callback: "(786) 555-0177".into() };
    Move::Accept(Acceptance { by, conditions: Vec::new() })
}

fn no() -> Move {
    let (reason, could_accept_if) = (DeclineReason::NoStaffedBed, Vec::new());
    Move::Decline(Refusal { reason, could_accept_if, bed_was_shown_available: false })
}

impl Actor for Line {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(LINE_MINUTES))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}

impl Actor for Vans {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(VAN_MINUTES))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}
