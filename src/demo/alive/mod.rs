//! Keeps the demo alive: its people act by themselves, first through the hours before the start, then in real time.
//!
//! One cast makes both: the past is drained up to the present, and from then on each act waits for its instant.
//!
//! **Invariant**: whoever acts does so as a holder of a grant, through the verbs that everybody has; nobody is a machine.
mod boarding;
mod clock;
mod closing;
mod crew;
mod desk;
mod intake;
mod line;
#[cfg(test)]
mod tests;

pub use clock::PlayClock;

use super::dice::Dice;
use super::world::Loaded;
use crate::app::{Error, Hub, sweep};
use crate::domain::time::At;
use futures_util::future::BoxFuture;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// How many hours before the start are played.
pub const HISTORY_HOURS: i64 = 12;
/// People of the region, in millions: what happens in a day follows from it.
const MILLIONS: i64 = 6;
/// How often the past is asked for what time alone has changed, in seconds.
const SWEEP_SECONDS: i64 = 60;
/// Longest sleep before the clock is looked at again: a machine may have slept meanwhile.
const LOOK_SECONDS: u64 = 30;
/// Acts that are later than this are spread over as long, so that a machine that wakes up makes no burst.
const LATE_SECONDS: i64 = 300;
/// Longest wait after acts that failed one after the other, in seconds.
const BACK_OFF_SECONDS_MAX: i64 = 60;

/// Somebody of the demo who acts without being asked. What they know of the hub they read from it, so a restart costs
/// them nothing.
trait Actor: Send + Sync {
    /// When they act after `stage.now`; `None`: never.
    fn next(&self, hub: &Hub, stage: &mut Stage<'_>) -> Option<At>;

    /// When they act first.
    fn first(&self, hub: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        // Somewhere within the wait, as for whoever comes in by chance.
        let wait = self.next(hub, stage)?.micros_since(stage.now).div_euclid(1_000_000);
        Some(stage.now.plus_seconds(stage.dice.between(0, wait)))
    }

    /// Does what is due.
    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>>;
}

/// What an actor works with.
struct Stage<'a> {
    now: At,
    dice: &'a mut Dice,
    pace: i64,
}

impl Stage<'_> {
    /// An instant between so many seconds from now; a faster pace brings it nearer.
    fn within(&mut self, least: i64, most: i64) -> At {
        let seconds = self.dice.between(least, most.max(least));
        self.now.plus_micros(seconds.saturating_mul(1_000_000) / self.pace)
    }

    /// An instant around so many minutes from now, sooner in busy hours.
    fn around(&mut self, minutes: i64) -> At {
        let seconds = minutes * 60 * 1_000 / super::numbers::busy(self.now).max(1);
        self.within(seconds * 7 / 10, seconds * 13 / 10)
    }
}

/// One actor, and their own chance: whoever joins changes nothing for the others.
struct Part {
    actor: Box<dyn Actor>,
    dice: Dice,
    failures: u32,
}

/// Everybody who acts, each with the instant at which they act next.
pub struct Cast {
    parts: Vec<Part>,
    due: BinaryHeap<Reverse<(At, usize)>>,
    pace: i64,
}

/// How much of the past was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Acts.
    pub acts: u64,
    /// Minutes.
    pub minutes: i64,
}

impl Cast {
    /// The people of a loaded world, from the hub's present on. The instant is part of their chance: no two nights are
    /// the same.
    pub fn of(hub: &Hub, loaded: &Loaded, seed: u64) -> Self {
        let from = hub.clock().now();
        let seed = seed ^ from.micros().unsigned_abs();
        let mut actors: Vec<Box<dyn Actor>> = desk::all(&loaded.units);
        actors.extend(closing::all(&loaded.units));
        actors.extend(crew::all(loaded));
        actors.extend(intake::all(loaded));
        actors.extend(boarding::all(loaded));
        actors.extend(line::all(loaded));
        let mut cast = Self { parts: Vec::new(), due: BinaryHeap::new(), pace: 1 };
        for (number, actor) in actors.into_iter().enumerate() {
            cast.join(hub, actor, Dice::new(seed, u64::try_from(number).unwrap_or(0)));
        }
        cast
    }

    fn join(&mut self, hub: &Hub, actor: Box<dyn Actor>, mut dice: Dice) {
        let mut stage = Stage { now: hub.clock().now(), dice: &mut dice, pace: self.pace };
        if let Some(first) = actor.first(hub, &mut stage) {
            self.due.push(Reverse((first, self.parts.len())));
        }
        self.parts.push(Part { actor, dice, failures: 0 });
    }

    /// Plays what is due up to the present, on a hub whose time is `clock`; `heard` is told the minutes played.
    pub async fn play(&mut self, hub: &Hub, clock: &PlayClock, heard: impl Fn(u64)) -> Result<Played, Error> {
        let from = clock.at();
        let (mut played, mut swept) = (Played::default(), from);
        while let Some(Reverse((due, part))) = self.due.peek().copied().filter(|due| due.0.0 <= clock.present()) {
            while swept.plus_seconds(SWEEP_SECONDS) <= due {
                swept = swept.plus_seconds(SWEEP_SECONDS);
                clock.go_to(swept);
                sweep::pass(hub).await?;
            }
            clock.go_to(due);
            self.due.pop();
            match self.act(hub, part).await {
                // The database is away: there is nothing to go on with.
                Err(Error::Store(error)) => return Err(Error::Store(error)),
                done => told(done),
            }
            played.acts += 1;
            heard(u64::try_from(due.micros_since(from) / 60_000_000).unwrap_or(0));
        }
        clock.go_to(clock.present());
        while sweep::pass(hub).await? > 0 {}
        played.minutes = clock.at().micros_since(from).div_euclid(60_000_000);
        Ok(played)
    }

    /// Goes on for good, each act at its instant, `pace` times as often as in life.
    pub async fn live(mut self, hub: Hub, pace: u32) {
        let now = hub.clock().now();
        self.pace = i64::from(pace.max(1));
        let waits = std::mem::take(&mut self.due).into_iter();
        self.due = waits.map(|Reverse((due, part))| Reverse((self.sooner(now, due), part))).collect();
        while let Some(Reverse((due, part))) = self.due.peek().copied() {
            let now = hub.clock().now();
            let wait = u64::try_from(due.micros_since(now)).unwrap_or(0);
            if wait > 0 {
                tokio::time::sleep(Duration::from_micros(wait).min(Duration::from_secs(LOOK_SECONDS))).await;
                continue;
            }
            self.due.pop();
            let late = due.plus_seconds(LATE_SECONDS) < now;
            if let Some(part_of) = self.parts.get_mut(part).filter(|_| late) {
                let soon = now.plus_seconds(part_of.dice.between(1, LATE_SECONDS));
                self.due.push(Reverse((soon, part)));
                continue;
            }
            told(self.act(&hub, part).await);
        }
    }

    fn sooner(&self, now: At, due: At) -> At {
        now.plus_micros(due.micros_since(now).max(0) / self.pace)
    }

    /// Lets one of them act, and notes when they act again.
    async fn act(&mut self, hub: &Hub, number: usize) -> Result<(), Error> {
        let Some(part) = self.parts.get_mut(number) else { return Ok(()) };
        let mut stage = Stage { now: hub.clock().now(), dice: &mut part.dice, pace: self.pace };
        let done = part.actor.act(hub, &mut stage).await;
        stage.now = hub.clock().now();
        let next = if done.is_ok() {
            part.failures = 0;
            part.actor.next(hub, &mut stage)
        } else {
            part.failures = part.failures.saturating_add(1);
            Some(stage.now.plus_seconds(back_off(part.failures)))
        };
        if let Some(next) = next {
            self.due.push(Reverse((next, number)));
        }
        done
    }
}

/// Seconds to wait after so many failures in a row.
fn back_off(failures: u32) -> i64 {
    (1_i64 << failures.min(6)).min(BACK_OFF_SECONDS_MAX)
}

fn told(done: Result<(), Error>) {
    if let Err(error) = done {
        tracing::warn!(%error, "somebody of the demo could not act; they try again");
    }
}
