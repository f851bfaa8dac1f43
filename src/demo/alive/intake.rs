//! The desks that people are brought to: they take over whoever is at the door, and answer who asks for a place.
use super::crew::{go, standing};
use super::{Actor, Stage};
use crate::app::{Error, Hub};
use crate::demo::staff::{staff, viewer};
use crate::demo::world::Loaded;
use crate::domain::handoff::{
    Acceptance, AcceptanceCondition, AcceptedBy, DeclineReason, HandoffState, InformationItem, Move, RedirectReason,
    Refusal, Waitlist,
};
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::policy::view::HandoffView;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;

/// How often a desk looks up, in minutes.
const LOOK_MINUTES: i64 = 4;
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
        for view in standing(hub, &viewer, &awaited).await? {
            // What the agency itself sends elsewhere is not for this desk.
            if viewer.organization() == Some(view.handoff().receiver) {
                self.answer(hub, &viewer, &view, stage).await?;
            }
        }
        Ok(())
    }

    /// Says what is next; now and then somebody at the door needs medical care first, and some are kept waiting.
    async fn answer(&self, hub: &Hub, viewer: &Viewer, view: &HandoffView, stage: &mut Stage<'_>) -> Result<(), Error> {
        let chance = stage.dice.between(1, 40);
        let to = match (view.handoff().state, chance) {
            (HandoffState::Arrived, 1) => Move::Redirect(RedirectReason::Medical),
            (HandoffState::Arrived | HandoffState::HandedOver, 9..) => Move::Confirm,
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
            go(hub, viewer, view, no(stage)).await?;
        }
        Ok(())
    }
}

fn yes(stage: &mut Stage<'_>) -> Move {
    let name = stage.dice.of(&CLINICIANS).copied().unwrap_or_default().to_owned();
    let by = AcceptedBy { name, callback: "(786) 555-0142".into() };
    let depends = stage.dice.between(1, 6) == 1;
    let conditions = depends.then_some(AcceptanceCondition::MedicalClearance).into_iter().collect();
    Move::Accept(Acceptance { by, conditions })
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
