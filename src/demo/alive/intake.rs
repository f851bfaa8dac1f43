//! The desks that people are brought to: they take over whoever is at the door, and answer who asks for a place.
use super::crew::{go, standing};
use super::{Actor, Stage};
use crate::app::follow_up::{self, FollowUpFilter, RecordFollowUp};
use crate::app::{Error, Hub};
use crate::demo::staff::{staff, viewer};
use crate::demo::world::Loaded;
use crate::domain::follow_up::{FollowUpOutcome, FollowUpState};
use crate::domain::handoff::{
    Acceptance, AcceptanceCondition, AcceptedBy, ContactKind, DeclineReason, Door, HandoffState, InformationItem, Move,
    Party, RedirectReason, Refusal, Waitlist, Warmth,
};
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::policy::view::HandoffView;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;

/// How often a desk looks up, in minutes.
const LOOK_MINUTES: i64 = 4;
/// Of so many looks, one is at whom to call.
const LOOKS_A_CALL: i64 = 20;
/// Who says yes: invented names.
const CLINICIANS: [&str; 4] = ["A. Marlow, RN", "Dr. B. Castellan", "C. Okonjo, LCSW", "Dr. D. Whitfield"];
/// Why a place is refused, most common first.
const NO: [(DeclineReason, AcceptanceCondition); 5] = [
    (DeclineReason::NoStaffedBed, AcceptanceCondition::NextDischarge),
    (DeclineReason::NoStaffedBed, AcceptanceCondition::NextShift),
    (DeclineReason::ClearanceIncomplete, AcceptanceCondition::MedicalClearance),
    (DeclineReason::AggressionRisk, AcceptanceCondition::SettledBehavior),
    (DeclineReason::UnitSexMix, AcceptanceCondition::PrivateRoom),
];

/// The desk of one agency.
struct Desk {
    subject: String,
}

/// The desks of every agency whose chairs people are brought to, and of every invented one that is asked for a place.
pub(super) fn all(loaded: &Loaded) -> Vec<Box<dyn Actor>> {
    let invented = staff("invented:");
    let desks = loaded.units.iter().filter(|unit| unit.drop_off || unit.reporter.starts_with(&invented));
    let subjects: BTreeSet<String> = desks.map(|unit| unit.reporter.clone()).collect();
    subjects.into_iter().map(|subject| Box::new(Desk { subject }) as Box<dyn Actor>).collect()
}

impl Desk {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = viewer(hub, &self.subject).await?;
        let awaited = [
            HandoffState::Arrived,
            HandoffState::HandedOver,
            HandoffState::Offered,
            HandoffState::Acknowledged,
            HandoffState::Waitlisted,
        ];
        let agency = viewer.organization().ok_or(Error::Forbidden)?;
        for view in standing(hub, &viewer, (Party::Receiver, agency), &awaited).await? {
            self.answer(hub, &viewer, &view, stage).await?;
        }
        if stage.dice.between(1, LOOKS_A_CALL) == 1 { self.follow_up(hub, &viewer, stage).await } else { Ok(()) }
    }

    /// Calls some of those who are due to be called; of some nobody says how it went.
    async fn follow_up(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let due = FollowUpFilter { states: Some(vec![FollowUpState::Due]), ..FollowUpFilter::default() };
        for view in follow_up::list(hub, viewer, &due, (None, None), 20, true).await? {
            let outcome = match stage.dice.between(1, 400 / LOOKS_A_CALL) {
                _ if viewer.organization() != Some(view.follow_up().owner) => continue,
                1..=3 => FollowUpOutcome::Connected,
                4 => FollowUpOutcome::NotConnected,
                5 => FollowUpOutcome::Unreached,
                6..=8 => FollowUpOutcome::Attempted,
                _ => continue,
            };
            let record =
                RecordFollowUp { follow_up: view.follow_up().id, expected_version: None, outcome, keyed: None };
            follow_up::record(hub, viewer, record).await?;
        }
        Ok(())
    }

    /// Says what is next; now and then somebody at the door needs medical care first, and some are kept waiting.
    async fn answer(&self, hub: &Hub, viewer: &Viewer, view: &HandoffView, stage: &mut Stage<'_>) -> Result<(), Error> {
        let chance = stage.dice.between(1, 40);
        let to = match (view.handoff().state, chance) {
            (HandoffState::Arrived, 1) => Move::Redirect(RedirectReason::Medical, None),
            (HandoffState::Arrived | HandoffState::HandedOver, 9..) => Move::Confirm(met(view)),
            // A house of peers hears of somebody from the person, and answers with no word of health.
            (HandoffState::Offered | HandoffState::Acknowledged, 10..) if is_introduction(view) => match chance {
                10..=30 => Move::Accept(acceptance(stage)),
                31..=33 => no_suit(),
                _ => Move::Contact(ContactKind::ThreeWayCall),
            },
            (HandoffState::Offered | HandoffState::Acknowledged | HandoffState::Waitlisted, _)
                if is_introduction(view) =>
            {
                return Ok(());
            }
            (HandoffState::Offered, 9..) => Move::Acknowledge,
            (HandoffState::Acknowledged, 1..=3) => {
                Move::Ask(vec![InformationItem::Vitals, InformationItem::RiskScreen])
            }
            (HandoffState::Acknowledged, 4..=5) => {
                let review_at = stage.now.plus_minutes(stage.dice.between(60, 240));
                let position = u32::try_from(stage.dice.between(1, 4)).unwrap_or(1);
                Move::Waitlist(Waitlist { position, review_at })
            }
            (HandoffState::Acknowledged | HandoffState::Waitlisted, 6..=9) => no(stage),
            (HandoffState::Acknowledged, 10..=18) | (HandoffState::Waitlisted, 10..=11) => yes(stage),
            _ => return Ok(()),
        };
        let accepts = matches!(to, Move::Accept(_));
        if !go(hub, viewer, view, to).await? && accepts {
            // The last place went to somebody else.
            let no = if is_introduction(view) { no_suit() } else { no(stage) };
            go(hub, viewer, view, no).await?;
        }
        Ok(())
    }
}

fn is_introduction(view: &HandoffView) -> bool {
    view.offer().is_some_and(|offer| offer.coded.self_referral)
}

/// What was seen at the door: at a house of peers a peer is there.
fn met(view: &HandoffView) -> Door {
    let house = is_introduction(view);
    let warmth = if house { Warmth::WarmInPerson } else { Warmth::WarmProviderToProvider };
    Door { warmth: Some(warmth), peer_present: Some(house), restraint_used: None }
}

fn no_suit() -> Move {
    let (reason, could_accept_if) = (DeclineReason::NotASuit, Vec::new());
    Move::Decline(Refusal { reason, could_accept_if, bed_was_shown_available: false })
}

/// A yes that depends on nothing.
fn acceptance(stage: &mut Stage<'_>) -> Acceptance {
    let name = stage.dice.of(&CLINICIANS).copied().unwrap_or_default().to_owned();
    let by = AcceptedBy { name, callback: "(786) 555-0142".into() };
    Acceptance { by, conditions: Vec::new() }
}

fn yes(stage: &mut Stage<'_>) -> Move {
    let depends = stage.dice.between(1, 6) == 1;
    let conditions = depends.then_some(AcceptanceCondition::MedicalClearance).into_iter().collect();
    Move::Accept(Acceptance { conditions, ..acceptance(stage) })
}

fn no(stage: &mut Stage<'_>) -> Move {
    let (reason, could) =
        stage.dice.of(&NO).copied().unwrap_or((DeclineReason::NoStaffedBed, AcceptanceCondition::NextDischarge));
    Move::Decline(Refusal { reason, could_accept_if: vec![could], bed_was_shown_available: false })
}

impl Actor for Desk {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(LOOK_MINUTES))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}
