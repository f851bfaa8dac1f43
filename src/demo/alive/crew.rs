//! Crews on the street. Police and EMS announce somebody by a pathway and bring them to the door; mobile teams hold a chair.
//! Some come, some are brought elsewhere, and of some nobody hears again.
use super::{Actor, MILLIONS, Stage};
use crate::app::handoff::{self, Announce, HandoffFilter, MoveHandoff};
use crate::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crate::app::{Error, Hub};
use crate::demo::staff::{self, stands, viewer};
use crate::demo::world::{Living, Loaded};
use crate::domain::bed::ShownAs;
use crate::domain::handoff::{Door, FailReason, HandoffState, Move, Party};
use crate::domain::hold::{HoldState, ReleaseReason};
use crate::domain::id::{OrganizationId, PathwayId};
use crate::domain::need::{LegalStatus, Need};
use crate::domain::pathway::{PathwayDetails, PathwayMode};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::policy::view::HandoffView;
use crate::policy::{Scope, Viewer};
use crate::store::HoldFilter;
use futures_util::future::BoxFuture;

/// People brought to receiving chairs a day, for each million.
const ARRIVALS_A_DAY: i64 = 48;
/// How often a crew says where it is, in minutes.
const LOOK_MINUTES: i64 = 10;
/// Shortest drive, in seconds.
pub(super) const DRIVE_SECONDS_MIN: i64 = 8 * 60;

/// Why somebody who was to come does not, most common first.
const REASONS: [ReleaseReason; 4] = [
    ReleaseReason::PersonChoseOtherwise,
    ReleaseReason::PersonChoseOtherwise,
    ReleaseReason::WentElsewhere,
    ReleaseReason::NoLongerNeeded,
];

/// The crews of one agency.
struct Crew {
    subject: String,
    agency: OrganizationId,
    chairs: Vec<Living>,
    /// Of a thousand looks, how many begin a hold.
    begins_of_thousand: i64,
}

/// The crews of every agency that has some.
pub(super) fn all(loaded: &Loaded) -> Vec<Box<dyn Actor>> {
    let chairs: Vec<Living> = loaded.units.iter().filter(|unit| unit.drop_off).cloned().collect();
    let crews: Vec<_> =
        staff::crews().filter_map(|(key, _)| Some((staff::crew(&key), loaded.organizations.get(&key)?.0))).collect();
    let looks = i64::try_from(crews.len()).unwrap_or(0).max(1) * 24 * 60 / LOOK_MINUTES;
    let begins_of_thousand = MILLIONS * ARRIVALS_A_DAY * 1_000 / looks;
    let crew = |(subject, agency)| Crew { subject, agency, chairs: chairs.clone(), begins_of_thousand };
    crews.into_iter().map(|of| Box::new(crew(of)) as Box<dyn Actor>).collect()
}

/// Handoffs in some states, oldest first, that an agency sends or receives: who coordinates is shown no others.
pub(super) async fn standing(
    hub: &Hub,
    viewer: &Viewer,
    (party, agency): (Party, OrganizationId),
    states: &[HandoffState],
) -> Result<Vec<HandoffView>, Error> {
    let (sends, agency) = (party == Party::Sender, Some(agency));
    let (sender, receiver) = (agency.filter(|_| sends), agency.filter(|_| !sends));
    let filter = HandoffFilter { sender, receiver, states: Some(states.to_vec()), ..HandoffFilter::default() };
    let mut found = handoff::list(hub, viewer, &filter, (None, None), 50, false).await?;
    found.reverse();
    Ok(found)
}

/// Moves a handoff, and answers whether it did. What is refused was settled by somebody else, or has no place.
pub(super) async fn go(hub: &Hub, viewer: &Viewer, view: &HandoffView, to: Move) -> Result<bool, Error> {
    let input = MoveHandoff { handoff: view.handoff().id, expected_version: None, to, keyed: None };
    Ok(handoff::go(hub, viewer, input).await?.changed.is_some())
}

impl Crew {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = viewer(hub, &self.subject).await?;
        self.settle(hub, &viewer, stage).await?;
        self.drive(hub, &viewer, stage).await?;
        if stage.dice.between(1, 1_000) <= self.begins_of_thousand {
            self.begin(hub, &viewer, stage).await?;
        }
        Ok(())
    }

    /// Those on the way arrive, or do not.
    async fn settle(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let states = Some((vec![HoldState::Active], stage.now));
        let ours = HoldFilter { unit: None, holder: Some(self.agency), states };
        let left_before = stage.now.plus_micros(-DRIVE_SECONDS_MIN * 1_000_000 / stage.pace);
        for view in hold::list(hub, viewer, &ours, (None, None), 20, false, stage.now).await? {
            let to = match stage.dice.between(1, 20) {
                _ if view.hold().placed_at > left_before => continue,
                1..=12 => HoldTo::Arrive,
                13 => HoldTo::Release(stage.dice.of(&REASONS).copied().unwrap_or(ReleaseReason::NoLongerNeeded)),
                _ => continue,
            };
            // What is refused was settled by somebody else.
            hold::change(hub, viewer, ChangeHold { hold: view.hold().id, generation: None, to, keyed: None }).await?;
        }
        Ok(())
    }

    /// Those who were announced set out, come, and are handed over; or the person chose otherwise.
    async fn drive(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let ours = [HandoffState::Accepted, HandoffState::EnRoute, HandoffState::Received];
        let left_before = stage.now.plus_micros(-DRIVE_SECONDS_MIN * 1_000_000 / stage.pace);
        for view in standing(hub, viewer, (Party::Sender, self.agency), &ours).await? {
            let (times, chance) = (view.handoff().times, stage.dice.between(1, 40));
            let to = match view.handoff().state {
                HandoffState::Received => Move::Confirm(Door::default()),
                _ if chance == 1 => Move::Fail(FailReason::PersonChoseOtherwise),
                HandoffState::Accepted => Move::Depart,
                _ if chance <= 6 || times.departed_at.is_none_or(|left| left > left_before) => continue,
                _ => Move::Arrive,
            };
            go(hub, viewer, &view, to).await?;
        }
        Ok(())
    }

    /// The pathway by which the crew may announce somebody to a unit; mobile teams call, and hold a chair.
    fn pathway(hub: &Hub, viewer: &Viewer, unit: &Living, now: At) -> Option<PathwayId> {
        let role = viewer.role().filter(|role| *role != Role::MobileTeam)?;
        let service = stands(hub, unit.id)?.definition().service;
        let (scope, board) = (Scope::of(viewer), hub.board().now());
        let mut pathways = board.entries::<PathwayDetails>(&scope).map(|pathway| (pathway.id, &pathway.details.terms));
        let found = pathways.find(|(_, terms)| {
            terms.service == service && terms.mode == PathwayMode::Announce && terms.is_open_to(role, now)
        });
        found.map(|(id, _)| id)
    }

    /// Announces somebody, or holds a chair, where one is free; where none is, somebody has to call.
    async fn begin(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let free = |unit: &&Living| {
            stands(hub, unit.id).is_some_and(|unit| unit.availability().shown_as == ShownAs::Available)
        };
        let free: Vec<&Living> = self.chairs.iter().filter(free).collect();
        let Some(unit) = stage.dice.of(&free) else { return Ok(()) };
        let Some(pathway) = Self::pathway(hub, viewer, unit, stage.now) else {
            // What is refused was taken by somebody who came first.
            return hold::place(hub, viewer, HoldBed { unit: unit.id, minutes: None, need: None, keyed: None })
                .await
                .map(drop);
        };
        let statuses = [LegalStatus::Voluntary, LegalStatus::Involuntary, LegalStatus::Involuntary];
        let age = u16::try_from(stage.dice.between(18, 70)).ok();
        let need = Need { age, legal_status: stage.dice.of(&statuses).copied(), ..Need::default() };
        let arrive_minutes = u32::try_from(stage.dice.between(15, 45)).ok();
        let (on_behalf_of, hold, episode, keyed) = (None, None, None, None);
        // What is refused is not taken there: somebody has to call.
        let input = Announce { pathway, unit: unit.id, need, arrive_minutes, on_behalf_of, hold, episode, keyed };
        handoff::announce(hub, viewer, input).await.map(drop)
    }
}

impl Actor for Crew {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(LOOK_MINUTES))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}
