//! Calls: people are told, step by step of their chain, that one answer is awaited of their unit or team.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::{Awaited, AwaitedWord, Destination, Handoff};
use super::id::{BedUnitId, CallId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId, TeamId};
use super::on_call::OnCall;
use super::time::At;

/// How long the last of a chain has, in minutes, until the hub says that nobody is left to call.
pub const LAST_MINUTES: i64 = 5;
/// How long "I have seen it" keeps the chain still at the least, in minutes; else until the answer is due.
pub const QUIET_MINUTES: i64 = 15;
/// The same two of a team, which is asked for minutes.
const TEAM_MINUTES: i64 = 1;
/// Most calls under way about one unit or team.
pub const CALLS_PER_UNIT_MAX: u64 = 50;

codes! {
    /// By which channel people are called.
    CallChannel {
        /// The unit's own board sounds, and repeats until somebody answers: it is told by the event.
        Board "BOARD",
        /// A mail.
        Email "EMAIL",
        /// A signed request to the network's own gateway, for text messages and telephone calls.
        Webhook "WEBHOOK",
        /// A push to the browsers that one person has registered: `registerPush`.
        Push "PUSH",
    }
    /// Where a call stands.
    CallState {
        /// People are called, step by step.
        Calling "CALLING",
        /// Somebody has seen it. When the answer is due and has not come, the chain goes on.
        Acknowledged "ACKNOWLEDGED",
        /// Nobody is left to call, and there is no answer.
        Exhausted "EXHAUSTED",
        /// The answer was given.
        Answered "ANSWERED",
        /// No answer is awaited any more.
        Ended "ENDED",
    }
    /// Why somebody was not reached.
    CallFailure {
        /// The hub has no settings for the channel.
        NotConfigured "NOT_CONFIGURED",
        /// The other side could not be reached, or did not answer in time.
        Unreachable "UNREACHABLE",
        /// The other side did not take it.
        Refused "REFUSED",
        /// The address cannot be written to.
        BadAddress "BAD_ADDRESS",
        /// The person has no browser registered, or none that its push service knows still.
        NotRegistered "NOT_REGISTERED",
    }
}

/// How one step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StepDone {
    /// By which channel.
    pub channel: CallChannel,
    /// When.
    pub at: At,
    /// Why it failed; none when it was sent.
    pub failure: Option<CallFailure>,
}

/// The calls about one answer that is awaited of one unit or team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// The agency whose answer is awaited.
    pub receiver: OrganizationId,
    /// The agency that waits for it.
    pub sender: OrganizationId,
    /// The handoff that it is about.
    pub handoff: HandoffId,
    /// The unit or team whose people are called.
    pub whose: Destination,
    /// Which answer is awaited.
    pub word: AwaitedWord,
    /// Where it stands.
    pub state: CallState,
    /// When the answer was asked for, as far as the hub called for it.
    pub asked_at: At,
    /// When the answer is due.
    pub due_at: At,
    /// How its steps went so far, in their order.
    pub steps: Vec<StepDone>,
    /// When it goes on; none when nothing is left to do.
    pub next_at: Option<At>,
    /// When somebody said that they have seen it, and under which grant.
    pub seen: Option<(At, GrantId)>,
    /// When it was over.
    pub ended_at: Option<At>,
}

/// A call as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CallFact {
    /// The handoff that it is about.
    pub handoff: HandoffId,
    /// The unit whose people are called; none where a team's are.
    #[serde(default)]
    pub unit: Option<BedUnitId>,
    /// The team whose people are called; none where a unit's are.
    #[serde(default)]
    pub team: Option<TeamId>,
    /// Which answer is awaited.
    pub word: AwaitedWord,
    /// Where it stands.
    pub state: CallState,
    /// When the answer is due.
    pub due_at: At,
    /// How many steps were taken.
    pub steps: u8,
    /// The step that this is about.
    pub step: Option<StepDone>,
}

/// What a call needs now.
#[derive(Clone, Debug)]
pub enum Next {
    /// Nothing before an instant.
    Wait(At),
    /// The step of this number is to be taken.
    Take(usize),
    /// It has changed by itself.
    Changed(Box<Changed<Call>>),
    /// It is over.
    Nothing,
}

/// Why nobody can say that they have seen it: it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IsOver;

impl CallState {
    /// Whether the answer is still awaited.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Calling | Self::Acknowledged | Self::Exhausted)
    }
}

impl Call {
    /// Begins to call for a word that a receiver owes; `None` where nobody is on call.
    pub fn start(id: CallId, of: &Handoff, owed: Awaited, chain: &OnCall, now: At) -> Option<Changed<Self>> {
        // What was asked before the hub took it up is asked now: nobody is called for hours that have passed.
        let (asked_at, due_at) = (now, owed.due_at.unwrap_or(now));
        let (_, first) = chain.step(0, asked_at, due_at)?;
        let call = Self {
            id,
            region: of.region,
            version: 1,
            receiver: of.receiver,
            sender: of.sender,
            handoff: of.id,
            whose: chain.whose,
            word: owed.word,
            state: CallState::Calling,
            asked_at,
            due_at,
            steps: Vec::new(),
            next_at: Some(first),
            seen: None,
            ended_at: None,
        };
        Some(call.changed(EventKind::CallStarted, None, now))
    }

    /// Whether it calls for this very word: one that is awaited anew has another instant.
    pub fn is_about(&self, owed: Awaited) -> bool {
        self.state.is_open() && self.word == owed.word && owed.due_at.is_none_or(|due| due == self.due_at)
    }

    /// What is to be done now, by the chain as it is now.
    pub fn next(&self, owed: Option<Awaited>, chain: Option<&OnCall>, now: At) -> Next {
        let Some(next_at) = self.next_at.filter(|_| self.state.is_open()) else { return Next::Nothing };
        if next_at > now {
            return Next::Wait(next_at);
        }
        // The answer has come, and the log is about to tell so.
        if !owed.is_some_and(|owed| self.is_about(owed)) {
            return Next::Wait(now.plus_minutes(1));
        }
        let number = self.steps.len();
        match chain.and_then(|chain| chain.step(number, self.asked_at, self.due_at)) {
            Some((_, at)) if at > now && !self.failed() => Next::Wait(at),
            Some(_) => Next::Take(number),
            None => {
                let state = CallState::Exhausted;
                let over = Self { state, next_at: None, version: self.version + 1, ..self.clone() };
                Next::Changed(Box::new(over.changed(EventKind::CallExhausted, None, now)))
            }
        }
    }

    /// So many minutes where a unit's people are called, and a team's a moment.
    fn at_least(&self, of_unit: i64) -> i64 {
        if self.whose.team().is_some() { TEAM_MINUTES } else { of_unit }
    }

    /// Whether the last step reached nobody: then the next one does not wait.
    fn failed(&self) -> bool {
        self.steps.last().is_some_and(|step| step.failure.is_some())
    }

    /// Writes down how the step of a number went; `None` when that is known already.
    pub fn record(&self, number: usize, how: StepDone, chain: Option<&OnCall>, now: At) -> Option<Changed<Self>> {
        if number != self.steps.len() {
            return None;
        }
        let mut told = Self { version: self.version + 1, ..self.clone() };
        told.steps.push(how);
        let quiet = self.state == CallState::Acknowledged && self.next_at.is_none_or(|until| until > now);
        if self.state.is_open() && !quiet {
            let next = chain.and_then(|chain| chain.step(number + 1, self.asked_at, self.due_at));
            told.state = CallState::Calling;
            told.next_at = Some(match next {
                _ if how.failure.is_some() => now,
                Some((_, at)) => at.max(now),
                None => now.plus_minutes(self.at_least(LAST_MINUTES)),
            });
        }
        let kind = if how.failure.is_some() { EventKind::CallFailed } else { EventKind::CallSent };
        Some(told.changed(kind, Some(how), now))
    }

    /// Somebody has seen it; `None` when somebody had before.
    pub fn acknowledge(&self, by: GrantId, now: At) -> Result<Option<Changed<Self>>, IsOver> {
        if !self.state.is_open() {
            return Err(IsOver);
        }
        if self.state == CallState::Acknowledged {
            return Ok(None);
        }
        // That an announcement is seen is all that is awaited of it. Everything else still has to be answered.
        let goes_on = self.word != AwaitedWord::Seen && self.state == CallState::Calling;
        let quiet = self.due_at.max(now.plus_minutes(self.at_least(QUIET_MINUTES)));
        let seen = Self {
            state: CallState::Acknowledged,
            next_at: goes_on.then_some(quiet),
            seen: Some((now, by)),
            version: self.version + 1,
            ..self.clone()
        };
        Ok(Some(seen.changed(EventKind::CallAcknowledged, None, now)))
    }

    /// The word is awaited no more: it was given, or the handoff has gone on or ended without it.
    pub fn over(&self, of: &Handoff, now: At) -> Option<Changed<Self>> {
        use super::handoff::HandoffState as S;
        if !self.state.is_open() {
            return None;
        }
        let silent = matches!(of.state, S::Expired | S::Lapsed | S::Withdrawn | S::Failed);
        // That the person arrived is no sign that somebody looked.
        let unseen = self.word == AwaitedWord::Seen && self.seen.is_none() && of.state != S::Redirected;
        let (state, kind) = match silent || unseen {
            true => (CallState::Ended, EventKind::CallEnded),
            false => (CallState::Answered, EventKind::CallAnswered),
        };
        let over = Self { state, next_at: None, ended_at: Some(now), version: self.version + 1, ..self.clone() };
        Some(over.changed(kind, None, now))
    }

    /// The sender is told that people are called and with what end, and never who or how.
    fn changed(self, kind: EventKind, step: Option<StepDone>, at: At) -> Changed<Self> {
        let fact = CallFact {
            handoff: self.handoff,
            unit: self.whose.unit(),
            team: self.whose.team(),
            word: self.word,
            state: self.state,
            due_at: self.due_at,
            steps: u8::try_from(self.steps.len()).unwrap_or(u8::MAX),
            step,
        };
        let happening = Happening {
            kind,
            noun: Noun::Call,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.receiver,
            party: step.is_none().then_some(self.sender),
            audience: Audience::PARTIES.and(Audience::AGENCY),
            at,
            fact: Fact::Call(Box::new(fact)),
        };
        Changed::new(self, happening)
    }
}
