//! Units that pause with a reason, and open again: most when they said they would, some only when somebody asks.
use super::{Actor, MILLIONS, Stage};
use crate::app::bed::{self, SetPause};
use crate::app::{Error, Hub};
use crate::demo::numbers::Habit;
use crate::demo::staff::{done, stands, viewer};
use crate::demo::world::Living;
use crate::domain::bed::PauseReason;
use crate::domain::time::At;
use futures_util::future::BoxFuture;

/// Pauses a day for each million people.
const PAUSES_A_DAY: i64 = 4;
/// Looks at the units for each pause that begins: ends have to be noticed too.
const LOOKS: i64 = 4;
/// Of a unit that is past its expected end, how many looks find it still closed.
const FORGETFUL_OF_TEN: i64 = 3;

/// Why units pause, most common first.
const REASONS: [PauseReason; 8] = [
    PauseReason::Staffing,
    PauseReason::Staffing,
    PauseReason::Staffing,
    PauseReason::Incident,
    PauseReason::Incident,
    PauseReason::Infection,
    PauseReason::Building,
    PauseReason::Other,
];

/// The charge nurses of the region: now and then one closes a unit.
struct Closing {
    units: Vec<Living>,
}

/// Everybody who closes units.
pub(super) fn all(units: &[Living]) -> Vec<Box<dyn Actor>> {
    let units = units.iter().filter(|unit| unit.habit != Habit::Silent).cloned().collect();
    vec![Box::new(Closing { units })]
}

impl Closing {
    async fn look(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        for unit in &self.units {
            let over =
                stands(hub, unit.id).and_then(|unit| unit.pause()).is_some_and(|(_, _, until)| until <= stage.now);
            if over && stage.dice.between(1, 10) > FORGETFUL_OF_TEN {
                self.set(hub, unit, None).await?;
            }
        }
        if stage.dice.between(1, LOOKS) > 1 {
            return Ok(());
        }
        let Some(unit) = stage.dice.of(&self.units) else { return Ok(()) };
        let open = stands(hub, unit.id).is_some_and(|unit| unit.pause().is_none() && !unit.entry().retired);
        if let Some(reason) = stage.dice.of(&REASONS).copied().filter(|_| open) {
            let until = stage.within(3_600, 6 * 3_600).max(stage.now.plus_minutes(1));
            self.set(hub, unit, Some((reason, until))).await?;
        }
        Ok(())
    }

    async fn set(&self, hub: &Hub, unit: &Living, pause: Option<(PauseReason, At)>) -> Result<(), Error> {
        let viewer = viewer(hub, &unit.reporter).await?;
        done(bed::set_pause(hub, &viewer, SetPause { unit: unit.id, pause, keyed: None }).await?)?;
        Ok(())
    }
}

impl Actor for Closing {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        Some(stage.around(24 * 60 / (MILLIONS * PAUSES_A_DAY * LOOKS)))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.look(hub, stage))
    }
}
