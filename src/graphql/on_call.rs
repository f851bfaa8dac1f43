//! Who is on call and who is called, in the schema.
use super::bed::BedUnit;
use super::directory::Organization;
use super::error::{Answer, answer, from_app};
use super::input;
use super::input::on_call::{AcknowledgeCallInput, SetOnCallInput};
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::scalars::{Code, DateTime, id};
use super::seen::{Asking, Seen, asking, pace};
use super::team::Team;
use super::together::OnCallOf;
use crate::app::{self, Outcome};
use crate::domain::call::{CallChannel, CallFailure, CallState, StepDone};
use crate::domain::handoff::{AwaitedWord, Destination};
use crate::domain::id::OrganizationId;
use crate::domain::on_call::{self, CallFrom, OfStaff};
use crate::policy::calls::CallView;
use async_graphql::{Context, ID, Object, SimpleObject};

/// Who is on call for a unit or a mobile team, in the order in which they are called. Its own agency alone reads it.
#[derive(Clone)]
pub struct OnCall {
    chain: on_call::OnCall,
    seen: Seen,
}

fn unit(seen: &Seen, whose: Destination) -> Option<BedUnit> {
    let view = seen.board.unit(&seen.scope, whose.unit()?, seen.now)?;
    Some(BedUnit::new(view, seen))
}

fn team(seen: &Seen, whose: Destination) -> Option<Team> {
    let view = seen.board.team(&seen.scope, whose.team()?, seen.now)?;
    Some(Team::new(view, seen))
}

/// One step of a chain: who is called, how, and when.
#[derive(Clone, SimpleObject)]
pub struct OnCallStep {
    /// By which channel.
    channel: Code<CallChannel>,
    /// Where to; null for the board.
    address: Option<String>,
    /// Who that is: a role or a name.
    label: Option<String>,
    /// From when `afterMinutes` counts.
    from: Code<CallFrom>,
    /// How many minutes after that.
    after_minutes: u32,
}

impl OnCall {
    pub(super) fn new(chain: on_call::OnCall, seen: &Seen) -> Self {
        Self { chain, seen: seen.clone() }
    }

    /// Who is on call for a unit or a team of an agency, for whoever may read it.
    pub(super) async fn of(ctx: &Context<'_>, owner: OrganizationId, whose: Destination) -> Answer<Self> {
        let asking = asking(ctx);
        // Of another agency's nobody reads it, and nothing has to be asked.
        if asking.viewer.organization() != Some(owner) {
            return None;
        }
        match asking.together.load_one(OnCallOf(whose)).await {
            Ok(chain) => chain.map(|chain| Ok(Self::new(chain, &asking.seen))),
            Err(error) => Some(Err(from_app(&error))),
        }
    }
}

/// Who is on call for a unit or a mobile team, in the order in which they are called. Its own agency alone reads it.
#[Object]
impl OnCall {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.chain.id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.chain.version
    }
    /// The unit; null where it is a team's.
    async fn unit(&self) -> Option<BedUnit> {
        pace().await;
        unit(&self.seen, self.chain.whose)
    }
    /// The team; null where it is a unit's.
    async fn team(&self) -> Option<Team> {
        pace().await;
        team(&self.seen, self.chain.whose)
    }
    /// The steps in their order; none, and nobody is called.
    async fn steps(&self) -> Vec<OnCallStep> {
        let words = |words: &Option<OfStaff>| words.as_ref().map(|words| words.expose().to_owned());
        let step = |step: &on_call::OnCallStep| OnCallStep {
            channel: Code(step.channel),
            address: words(&step.address),
            label: words(&step.label),
            from: Code(step.from),
            after_minutes: step.after_minutes,
        };
        self.chain.steps.iter().map(step).collect()
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.chain.updated_at)
    }
}

/// The calls about one answer that is awaited of a unit or a mobile team: its people are told, step by step, until they
/// answer. The agency that waits sees that they are called and with what end, and nobody of them.
#[derive(Clone)]
pub struct Call {
    view: CallView,
    seen: Seen,
}

/// How one step of a call went.
#[derive(Clone, SimpleObject)]
pub struct CallStep {
    /// By which channel.
    channel: Code<CallChannel>,
    /// When it was sent, or failed.
    at: DateTime,
    /// Whether it was sent: it is with whoever delivers it.
    sent: bool,
    /// Why it was not.
    failure: Option<Code<CallFailure>>,
}

impl From<&StepDone> for CallStep {
    fn from(step: &StepDone) -> Self {
        let (channel, at) = (Code(step.channel), DateTime(step.at));
        Self { channel, at, sent: step.failure.is_none(), failure: step.failure.map(Code) }
    }
}

impl Call {
    pub(super) fn new(view: CallView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// The calls about one answer that is awaited of a unit or a mobile team: its people are told, step by step, until they
/// answer. The agency that waits sees that they are called and with what end, and nobody of them.
#[Object]
impl Call {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.call().id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.view.call().version
    }
    /// The handoff, for `node`.
    async fn handoff_id(&self) -> ID {
        id(self.view.call().handoff)
    }
    /// The unit whose people are called; null where a team's are.
    async fn unit(&self) -> Option<BedUnit> {
        pace().await;
        unit(&self.seen, self.view.call().whose)
    }
    /// The team whose people are called; null where a unit's are.
    async fn team(&self) -> Option<Team> {
        pace().await;
        team(&self.seen, self.view.call().whose)
    }
    /// The agency whose answer is awaited.
    async fn receiver(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.call().receiver).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Which answer.
    async fn word(&self) -> Code<AwaitedWord> {
        Code(self.view.call().word)
    }
    /// Where it stands.
    async fn state(&self) -> Code<CallState> {
        Code(self.view.call().state)
    }
    /// Since when people are called.
    async fn asked_at(&self) -> DateTime {
        DateTime(self.view.call().asked_at)
    }
    /// When the answer is due.
    async fn due_at(&self) -> DateTime {
        DateTime(self.view.call().due_at)
    }
    /// When somebody said that they have seen it.
    async fn acknowledged_at(&self) -> Option<DateTime> {
        self.view.call().seen.map(|(at, _)| DateTime(at))
    }
    /// When it goes on; null when nothing is left to do, and for everybody but the agency whose answer is awaited.
    async fn next_at(&self) -> Option<DateTime> {
        self.view.steps()?;
        self.view.call().next_at.map(DateTime)
    }
    /// How its steps went, in their order; null for everybody but the agency whose answer is awaited.
    async fn steps(&self) -> Option<Vec<CallStep>> {
        Some(self.view.steps()?.iter().map(CallStep::from).collect())
    }
    /// When the answer came, or was awaited no more.
    async fn ended_at(&self) -> Option<DateTime> {
        self.view.call().ended_at.map(DateTime)
    }
}

payload! {
    /// What `setOnCall` did.
    OnCallPayload on_call OnCall
}
payload! {
    /// What `acknowledgeCall` did.
    CallPayload call Call
}

/// What is asked of calls.
pub struct CallQuery;

/// Everything that can be asked.
#[Object]
impl CallQuery {
    /// The calls that wait for an answer: of your agency's people, and those that your agency waits for; latest first, at most
    /// 100. Follow them by `events`, of the kinds that begin with CALL.
    async fn open_calls(&self, ctx: &Context<'_>) -> Answer<Vec<Call>> {
        let asking = asking(ctx);
        let open = app::call::open(&asking.hub, &asking.viewer).await;
        answer(open.map(|open| open.into_iter().map(|view| Call::new(view, &asking.seen)).collect()))
    }
}

/// What is changed of calls.
pub struct CallMutation;

/// Everything that can be changed.
#[Object]
impl CallMutation {
    /// Says who is on call for a unit or a mobile team of your agency, in place of whoever was. It holds for calls
    /// under way from their next step.
    async fn set_on_call(&self, ctx: &Context<'_>, input: SetOnCallInput) -> Answer<OnCallPayload> {
        let asking = asking(ctx);
        let input = given!(input::on_call::set(asking, input));
        let outcome = app::on_call::set(&asking.hub, &asking.viewer, input).await;
        OnCallPayload::settle(asking, outcome, |chain| OnCall::new(chain, &asking.look())).await
    }

    /// Says for your agency that a call has been seen: nobody else is called until the answer is due. If it has not come then,
    /// the chain goes on where it stood. Answering the handoff ends it for good.
    async fn acknowledge_call(&self, ctx: &Context<'_>, input: AcknowledgeCallInput) -> Answer<CallPayload> {
        let asking = asking(ctx);
        let input = given!(input::on_call::acknowledge(asking, input));
        let outcome = app::call::acknowledge(&asking.hub, &asking.viewer, input).await;
        CallPayload::settle(asking, outcome, |view| Call::new(view, &asking.look())).await
    }
}
