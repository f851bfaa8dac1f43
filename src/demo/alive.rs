//! Keeps the demo alive: its units go on reporting, each as its own people and at its own habit, in real time.
//!
//! **Invariant**: it acts through `bed` as a holder of a grant; it is never a machine and knows no other way in.
use super::dice::Dice;
use super::numbers::Habit;
use super::world::{Living, stands, viewer};
use crate::app::bed::{self, About, ReportBeds, SetPause, UnitReport};
use crate::app::{Error, Hub};
use crate::domain::bed::PauseReason;
use crate::domain::time::At;
use std::time::Duration;

/// What was due long ago is spread over so many minutes, so that a start is no burst.
const CATCH_UP_MINUTES: i64 = 10;
/// One report in so many begins a pause.
const PAUSES: i64 = 80;

/// Reports for good.
pub async fn run(hub: Hub, units: Vec<Living>, seed: u64) {
    // The instant is part of the stream: each run goes another way.
    let started = hub.clock().now();
    let mut dice = Dice::new(seed ^ started.micros().unsigned_abs(), 0);
    let mut due: Vec<(At, Living)> = Vec::new();
    for unit in units {
        let last = stands(&hub, unit.id).and_then(|unit| unit.report).map_or(started, |report| report.as_of);
        if let Some(next) = unit.habit.next(unit.sla_minutes, last, &mut dice) {
            let soon = started.plus_seconds(dice.between(5, CATCH_UP_MINUTES * 60));
            due.push((next.max(soon), unit));
        }
    }
    while let Some(first) = due.iter_mut().min_by_key(|(at, _)| *at) {
        let wait = first.0.micros_since(hub.clock().now());
        tokio::time::sleep(Duration::from_micros(u64::try_from(wait).unwrap_or(0))).await;
        if let Err(error) = report(&hub, &first.1, &mut dice).await {
            tracing::warn!(%error, "a unit of the demo could not report");
        }
        let now = hub.clock().now();
        first.0 = first.1.habit.next(first.1.sla_minutes, now, &mut dice).unwrap_or(now.plus_minutes(60));
    }
}

async fn report(hub: &Hub, unit: &Living, dice: &mut Dice) -> Result<(), Error> {
    let (viewer, now) = (viewer(hub, &unit.reporter).await?, hub.clock().now());
    let Some(stands) = stands(hub, unit.id) else { return Ok(()) };
    let last = stands.report.as_ref().map(|report| &report.census);
    let census = Some(unit.series.census(unit.licensed, last, now, dice));
    let about = About::Units(vec![UnitReport { unit: unit.id, as_of: None, census }]);
    bed::report(hub, &viewer, ReportBeds { about, provenance: unit.provenance, keyed: None }).await?;
    let pause = match stands.pause {
        Some(pause) if pause.until <= now => None,
        None if unit.habit == Habit::Fresh && dice.between(1, PAUSES) == 1 => {
            Some((PauseReason::Staffing, now.plus_minutes(dice.between(60, 300))))
        }
        _ => return Ok(()),
    };
    bed::set_pause(hub, &viewer, SetPause { unit: unit.id, pause, keyed: None }).await?;
    Ok(())
}
