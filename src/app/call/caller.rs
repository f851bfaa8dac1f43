//! The caller: follows the log for answers that are awaited, and calls people for them, step by step.
//!
//! A step is taken in three parts: a write that keeps the call from every other node for a while, the sending outside of any
//! write, and a write that says how it went. A node that is killed in between has told nobody: after the while, it is sent
//! again, under the same name.
use super::browsers;
use super::carry::{Carried, Carrier, Letter};
use crate::app::Hub;
use crate::app::error::Error;
use crate::domain::call::{CALLS_PER_UNIT_MAX, Call, CallChannel, CallFailure, Next, StepDone};
use crate::domain::code::Coded;
use crate::domain::handoff::{Destination, Handoff};
use crate::domain::id::{CallId, HandoffId};
use crate::policy::{Machine, Viewer, permit};
use crate::store::{Committed, MayConflict, Store, Tx};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Most handoffs that one pass follows.
const FOLLOWED: u64 = 100;
/// Most calls that one pass takes a step of.
const BATCH: u64 = 32;
/// How many numbers the noted place in the log may be behind, where nobody is called.
const BEHIND_MAX: i64 = 5_000;
/// How long a node keeps a call to itself, in seconds: longer than any carrier takes.
const LEASE_SECONDS: i64 = 30;
/// When a call that cannot be read is tried again, in minutes.
const POSTPONE_MINUTES: i64 = 10;

/// Calls people. One a node.
pub struct Caller {
    hub: Hub,
    store: Store,
    carrier: Arc<dyn Carrier>,
    read: AtomicI64,
}

/// A step that is about to be sent.
#[derive(Debug)]
pub struct Sending {
    call: CallId,
    number: usize,
    letter: Letter,
}

impl Caller {
    /// A caller over a hub's store, on connections of its own.
    pub fn new(hub: Hub, carrier: Arc<dyn Carrier>) -> Self {
        Self { store: hub.store().apart(), hub, carrier, read: AtomicI64::new(-1) }
    }

    /// Follows what the log tells of handoffs, and begins and ends calls for it. Answers whether there may be more.
    pub async fn follow(&self) -> Result<bool, Error> {
        let noted = self.store.calls_read().await?;
        let from = noted.max(self.read.load(Ordering::Acquire));
        let me = Viewer::machine(Machine::Caller);
        let reader = self.store.read(&me).await?;
        let head = reader.head().await?;
        let told = reader.handoffs_told_after(from, FOLLOWED).await?;
        let mut handoffs: Vec<HandoffId> = told.iter().map(|(_, id)| *id).collect();
        handoffs.sort_unstable();
        handoffs.dedup();
        // Everything up to here is looked at; what comes meanwhile has a higher number.
        let full = told.len() as u64 >= FOLLOWED;
        let last = told.last().filter(|_| full).map_or(head, |(number, _)| *number);
        let somebody = !handoffs.is_empty() && {
            let to: Vec<_> = reader.handoffs(&handoffs).await?.iter().map(|handoff| handoff.to).collect();
            let chains = reader.on_calls_of(&to).await?;
            chains.iter().any(|chain| !chain.steps.is_empty()) || !reader.calls_about(&handoffs).await?.is_empty()
        };
        drop(reader);
        if somebody || last > noted + BEHIND_MAX {
            self.reconcile(&handoffs, last).await?;
        }
        self.read.fetch_max(last, Ordering::AcqRel);
        Ok(full)
    }

    /// Holds the calls about some handoffs against what is awaited of their receivers now: what is done twice is done once.
    async fn reconcile(&self, handoffs: &[HandoffId], last: i64) -> Result<(), Error> {
        let me = &Viewer::machine(Machine::Caller);
        self.store
            .write(me, |tx| async move {
                // One node at a time: two that see no call would begin two.
                tx.take_calls_read().await?;
                for handoff in tx.handoffs_as_they_are(handoffs).await? {
                    self.reconcile_one(&tx, me, &handoff).await?;
                }
                tx.set_calls_read(last).await?;
                Ok::<Committed<_>, Error>(tx.commit(()).await?)
            })
            .await
    }

    async fn reconcile_one(&self, tx: &Tx, me: &Viewer, handoff: &Handoff) -> Result<(), Error> {
        let owed = handoff.awaited_of_receiver();
        let mut called = false;
        for call in tx.open_calls_about(handoff.id).await? {
            if owed.is_some_and(|owed| call.is_about(owed)) {
                called = true;
            } else if let Some(changed) = call.over(handoff, tx.now()) {
                tx.save(permit::place_call(me, &call)?, &changed).await?;
            }
        }
        let (Some(owed), false) = (owed, called) else { return Ok(()) };
        let Some(chain) = tx.on_call_of(handoff.to).await? else { return Ok(()) };
        if tx.calling(handoff.to, CALLS_PER_UNIT_MAX).await? >= CALLS_PER_UNIT_MAX {
            metrics::counter!("hub_calls_not_started_total").increment(1);
            tracing::warn!(chain = %chain.id, "as many calls as one unit or team may have are under way");
            return Ok(());
        }
        let id: CallId = tx.id();
        if let Some(changed) = Call::start(id, handoff, owed, &chain, tx.now()) {
            tx.save(permit::start_call(me, handoff, id)?, &changed).await?;
        }
        Ok(())
    }

    /// Takes the next step of calls that are due, at most `most`, and answers those that have to be sent.
    pub async fn take(&self, most: usize) -> Result<Vec<Sending>, Error> {
        let most = u64::try_from(most).unwrap_or(BATCH).min(BATCH);
        let due: Vec<CallId> = self.store.due(self.hub.clock().now(), most).await?;
        let mut taken = Vec::new();
        for id in &due {
            match self.take_one(*id).await {
                Ok(sending) => taken.extend(sending),
                // Somebody else is at it; its alarm is still there.
                Err(error) if error.is_conflict() => {}
                // One row that cannot be read must not keep the others waiting.
                Err(Error::Store(error @ crate::store::Error::Corrupt { .. })) => {
                    tracing::error!(%error, call = %id, "a call cannot be read; its people are not called");
                    self.store.postpone(*id, self.hub.clock().now().plus_minutes(POSTPONE_MINUTES)).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    async fn take_one(&self, id: CallId) -> Result<Option<Sending>, Error> {
        let me = &Viewer::machine(Machine::Caller);
        self.store
            .write(me, |tx| async move {
                let mut sending = None;
                // Another node may have taken its alarm while this one waited for the call.
                if let Some(call) = tx.call(id).await?
                    && !tx.take_due(id, tx.now()).await?.is_empty()
                {
                    sending = self.step(&tx, me, &call).await?;
                }
                Ok::<Committed<_>, Error>(tx.commit(sending).await?)
            })
            .await
    }

    async fn step(&self, tx: &Tx, me: &Viewer, call: &Call) -> Result<Option<Sending>, Error> {
        let handoff = tx.handoffs_as_they_are(&[call.handoff]).await?.pop();
        let owed = handoff.and_then(|handoff| handoff.awaited_of_receiver());
        let (chain, now) = (tx.on_call_of(call.whose).await?, tx.now());
        let number = match call.next(owed, chain.as_ref(), now) {
            Next::Nothing => return Ok(None),
            Next::Wait(until) => {
                tx.lease_call(call.id, until);
                return Ok(None);
            }
            Next::Changed(changed) => {
                tx.save(permit::place_call(me, call)?, &changed).await?;
                return Ok(None);
            }
            Next::Take(number) => number,
        };
        let Some(step) = chain.as_ref().and_then(|chain| chain.steps.get(number)) else { return Ok(None) };
        let channel = step.channel;
        let carries = channel != CallChannel::Board && self.carrier.carries(channel);
        let to = if carries { browsers::reached(tx, me, call, step, now).await? } else { None };
        if let Some(to) = to
            && let Some(unit) = label(tx, call.whose).await?
        {
            tx.lease_call(call.id, now.plus_seconds(LEASE_SECONDS));
            let letter = Letter { id: format!("{}.{number}", call.id), channel, to, unit, at: now };
            return Ok(Some(Sending { call: call.id, number, letter }));
        }
        let failure = match channel {
            // It is told by the event itself.
            CallChannel::Board => None,
            CallChannel::Push if carries => Some(CallFailure::NotRegistered),
            _ => Some(CallFailure::NotConfigured),
        };
        let how = StepDone { channel, at: now, failure };
        count(how);
        if let Some(changed) = call.record(number, how, chain.as_ref(), now) {
            tx.save(permit::place_call(me, call)?, &changed).await?;
        }
        Ok(None)
    }

    /// Sends one step, and writes down how that went.
    pub async fn send(&self, sending: Sending) -> Result<(), Error> {
        let Carried { failure, gone } = self.carrier.carry(&sending.letter).await;
        let gone = &gone;
        let me = &Viewer::machine(Machine::Caller);
        let Sending { call: id, number, letter } = &sending;
        self.store
            .write(me, |tx| async move {
                if let Some(call) = tx.call(*id).await? {
                    let (chain, now) = (tx.on_call_of(call.whose).await?, tx.now());
                    let how = StepDone { channel: letter.channel, at: now, failure };
                    if let Some(changed) = call.record(*number, how, chain.as_ref(), now) {
                        tx.save(permit::place_call(me, &call)?, &changed).await?;
                    }
                }
                browsers::end_gone(&tx, me, gone).await?;
                Ok::<Committed<_>, Error>(tx.commit(()).await?)
            })
            .await?;
        count(StepDone { channel: letter.channel, at: letter.at, failure });
        Ok(())
    }

    /// Says how many calls are under way.
    pub async fn measure(&self) -> Result<(), Error> {
        metrics::gauge!("hub_calls_under_way").set(self.store.calls_under_way().await? as f64);
        Ok(())
    }
}

/// What staff say of a unit or a team.
async fn label(tx: &Tx, of: Destination) -> Result<Option<String>, Error> {
    Ok(match of {
        Destination::Unit(id) => tx.bed_units_as_they_are(&[id]).await?.pop().map(|unit| unit.entry.details.label),
        Destination::Team(id) => tx.teams_as_they_are(&[id]).await?.pop().map(|team| team.entry.details.label),
    })
}

fn count(how: StepDone) {
    let channel = how.channel.code();
    match how.failure {
        None => metrics::counter!("hub_calls_sent_total", "channel" => channel).increment(1),
        Some(why) => {
            metrics::counter!("hub_calls_failed_total", "channel" => channel, "why" => why.code()).increment(1);
        }
    }
}
