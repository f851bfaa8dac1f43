//! Crews on the street: police, EMS and mobile teams hold a chair for somebody, and bring them. Some come, some are
//! brought elsewhere, and of some nobody hears again until the hold ends by itself.
use super::{Actor, MILLIONS, Stage};
use crate::app::hold::{self, ChangeHold, HoldBed, HoldTo};
use crate::app::{Error, Hub};
use crate::demo::staff::{self, stands, viewer};
use crate::demo::world::{Living, Loaded};
use crate::domain::bed::ShownAs;
use crate::domain::hold::{HoldState, ReleaseReason};
use crate::domain::id::OrganizationId;
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::store::HoldFilter;
use futures_util::future::BoxFuture;

/// People brought to receiving chairs a day, for each million.
const ARRIVALS_A_DAY: i64 = 48;
/// How often a crew says where it is, in minutes.
const LOOK_MINUTES: i64 = 10;
/// Shortest drive, in seconds.
const DRIVE_SECONDS_MIN: i64 = 8 * 60;

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

impl Crew {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let viewer = viewer(hub, &self.subject).await?;
        self.settle(hub, &viewer, stage).await?;
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

    /// Holds a chair where one is free; where none is, somebody has to call.
    async fn begin(&self, hub: &Hub, viewer: &Viewer, stage: &mut Stage<'_>) -> Result<(), Error> {
        let free = |unit: &&Living| {
            stands(hub, unit.id).is_some_and(|unit| unit.availability().shown_as == ShownAs::Available)
        };
        let free: Vec<&Living> = self.chairs.iter().filter(free).collect();
        if let Some(unit) = stage.dice.of(&free) {
            // What is refused was taken by somebody who came first.
            hold::place(hub, viewer, HoldBed { unit: unit.id, minutes: None, need: None, keyed: None }).await?;
        }
        Ok(())
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
