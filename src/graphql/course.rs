//! How people are handed over, and what follows, in the schema.
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::handoff::{Handoff, handoff};
use super::input;
use super::input::course::{
    AskForPoliceInput, ConfirmTransferInput, FollowUpFilterInput, PlanCallFollowUpInput, PlanFollowUpInput,
    RecordContactInput, RecordFollowUpInput, SetTransportInput,
};
use super::limits::Limits;
use super::moves::go;
use super::mutation::given;
use super::payload::{HandoffPayload, Problem, payload, problems};
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, id, parse_id};
use super::seen::{Asking, Seen, asking, pace};
use super::share::{each_with_notice, shown, with_notice};
use crate::app;
use crate::app::Outcome;
use crate::domain::follow_up::{FollowUpBy, FollowUpState, FollowUpTerm};
use crate::domain::handoff::{self, ContactKind, Party, SafetyTrigger, TransportMode, TransportStage};
use crate::domain::id::FollowUpId;
use crate::domain::sealed::NOTICE;
use crate::policy::view::FollowUpView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};

/// Who drives.
#[derive(Clone, Copy, SimpleObject)]
pub struct Transport {
    /// How the person is brought.
    mode: Code<TransportMode>,
    /// How far it is.
    stage: Code<TransportStage>,
    /// By when it comes.
    pick_up_by: DateTime,
    /// That has passed.
    late: bool,
    /// When it was asked for.
    requested_at: DateTime,
    /// When somebody said yes.
    assigned_at: Option<DateTime>,
    /// When the person was under way.
    picked_up_at: Option<DateTime>,
}

impl From<handoff::Transport> for Transport {
    fn from(transport: handoff::Transport) -> Self {
        Self {
            mode: Code(transport.mode),
            stage: Code(transport.stage),
            pick_up_by: DateTime(transport.pick_up_by),
            late: transport.late,
            requested_at: DateTime(transport.requested_at),
            assigned_at: transport.assigned_at.map(DateTime),
            picked_up_at: transport.picked_up_at.map(DateTime),
        }
    }
}

/// Somebody spoke with somebody.
#[derive(Clone, Copy, SimpleObject)]
pub struct HandoffContact {
    /// Who with whom.
    kind: Code<ContactKind>,
    /// When it was said so.
    at: DateTime,
    /// By whom it was said.
    said_by: Code<Party>,
}

impl From<&handoff::Contact> for HandoffContact {
    fn from(contact: &handoff::Contact) -> Self {
        Self { kind: Code(contact.kind), at: DateTime(contact.at), said_by: Code(contact.by) }
    }
}

/// Why police were asked to come.
#[derive(Clone, Copy, SimpleObject)]
pub struct PoliceAsked {
    /// Why.
    trigger: Code<SafetyTrigger>,
    /// The person agreed.
    person_agreed: bool,
    /// When.
    at: DateTime,
}

impl From<handoff::PoliceAsked> for PoliceAsked {
    fn from(asked: handoff::PoliceAsked) -> Self {
        Self { trigger: Code(asked.trigger), person_agreed: asked.person_agreed, at: DateTime(asked.at) }
    }
}

/// What a pathway lets follow once the person is in care.
#[derive(Clone, Copy, SimpleObject)]
#[graphql(name = "FollowUpTerm")]
pub struct Follows {
    /// Who follows up, of the agency that received the person.
    by: Code<FollowUpBy>,
    /// Within how many hours of the transfer.
    within_hours: u32,
}

impl From<&FollowUpTerm> for Follows {
    fn from(term: &FollowUpTerm) -> Self {
        Self { by: Code(term.by), within_hours: term.within_hours }
    }
}

/// What is done for somebody after a handoff. Those who care for people at both agencies read it; peers read those of their
/// own agency; police, dispatch and ambulance read none.
#[derive(Clone)]
pub struct FollowUp {
    view: FollowUpView,
    seen: Seen,
}

impl FollowUp {
    pub(super) fn needs_notice(&self) -> bool {
        self.view.needs_notice()
    }

    pub(super) fn new(view: FollowUpView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// What is done for somebody after a handoff. Those who care for people at both agencies read it; peers read those of their
/// own agency; police, dispatch and ambulance read none.
#[Object]
impl FollowUp {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.follow_up().id)
    }
    /// Raised by every change. Send it with a change to be refused when somebody else came first.
    async fn version(&self) -> i64 {
        self.view.follow_up().version
    }
    /// After which handoff; null after a call that needed none.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        handoff(ctx, self.view.follow_up().handoff?).await
    }
    /// It follows a call that needed no handoff. Whom, its agency knows by its own reference, which is not read from here.
    async fn after_call(&self) -> bool {
        self.view.follow_up().handoff.is_none()
    }
    /// The agency that sees to it.
    async fn owner(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.follow_up().owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Who follows up.
    async fn by(&self) -> Code<FollowUpBy> {
        Code(self.view.follow_up().by)
    }
    /// Where it stands.
    async fn state(&self) -> Code<FollowUpState> {
        Code(self.view.follow_up().state)
    }
    /// When it was planned.
    async fn planned_at(&self) -> DateTime {
        DateTime(self.view.follow_up().planned_at)
    }
    /// By when it is to be done.
    async fn done_by(&self) -> DateTime {
        DateTime(self.view.follow_up().done_by)
    }
    /// It is late.
    async fn late(&self) -> bool {
        let follow_up = self.view.follow_up();
        follow_up.late || follow_up.due_at.is_some_and(|due| due <= self.seen.now)
    }
    /// The notice on redisclosure (42 CFR 2.32), where you read it by consent and one of the handoff's agencies is a program under
    /// 42 CFR Part 2: what is told so has to be asked for with it. Show it and keep it with what you read, wherever that goes.
    async fn redisclosure_notice(&self) -> Option<&str> {
        self.view.needs_notice().then_some(NOTICE)
    }
    /// How often somebody tried.
    async fn attempts(&self) -> u32 {
        self.view.follow_up().attempts
    }
    /// When it ended.
    async fn ended_at(&self) -> Option<DateTime> {
        self.view.follow_up().ended_at.map(DateTime)
    }
}

payload! {
    /// What a change to a follow-up did.
    FollowUpPayload follow_up FollowUp
}

/// What is asked of what follows handoffs.
pub struct CourseQuery;

/// Everything that can be asked.
#[Object]
impl CourseQuery {
    /// Follow-ups after handoffs of your agency, latest first.
    async fn follow_ups(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which follow-ups; all that you may see when not given.")] filter: Option<FollowUpFilterInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<FollowUp>> {
        Some(follow_ups(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }).await)
    }

    /// One follow-up, for federation.
    #[graphql(entity)]
    async fn find_follow_up_by_id(&self, ctx: &Context<'_>, id: ID) -> Answer<FollowUp> {
        let asking = asking(ctx);
        let found = app::follow_up::get(&asking.hub, &asking.viewer, &[parse_id(&id)?]).await;
        let found = found.map(|mut found| found.pop().flatten());
        let found = found.and_then(|view| {
            shown(view, |view| view.as_ref().is_some_and(FollowUpView::needs_notice), |_| with_notice(ctx, "FollowUp"))
        });
        super::error::maybe(found.map(|view| view.map(|view| FollowUp::new(view, &asking.seen))))
    }
}

async fn follow_ups(ctx: &Context<'_>, filter: FollowUpFilterInput, paging: Paging) -> Result<Page<FollowUp>, Error> {
    let filter = filter.read();
    let bound = format!("followUps:{filter:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<FollowUpId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::follow_up::list(&asking.hub, &asking.viewer, &filter, between, most, backward).await;
    let found = found.and_then(|found| {
        shown(found, |found| found.iter().any(FollowUpView::needs_notice), |_| each_with_notice(ctx))
    });
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.follow_up().id),
        node: FollowUp::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// What is said of how people are handed over, and of what follows.
pub struct CourseMutation;

/// Everything that can be changed.
#[Object]
impl CourseMutation {
    /// Confirms the transfer of care, as either party, with what was seen at the door. When both have, it is TRANSFERRED; the
    /// receiver's word is enough after fifteen minutes.
    async fn confirm_transfer(&self, ctx: &Context<'_>, input: ConfirmTransferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::course::confirm(asking, input)).await
    }

    /// Says who drives, or who is asked to, as either party. When it does not come in time, it is told: nobody waits unseen.
    async fn set_transport(&self, ctx: &Context<'_>, input: SetTransportInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::course::transport(asking, input)).await
    }

    /// Says that people have spoken: the person with both, nurse with nurse, physician with physician. Nothing else moves.
    async fn record_contact(&self, ctx: &Context<'_>, input: RecordContactInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::course::contact(asking, input)).await
    }

    /// Says that police were asked to come, for one of few reasons, with the person's agreement or without. It is counted; the
    /// hub calls nobody.
    async fn ask_for_police(&self, ctx: &Context<'_>, input: AskForPoliceInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::course::police(asking, input)).await
    }

    /// Plans a follow-up for your agency, after a handoff in which the receiver has taken over. What the pathway says follows
    /// by itself.
    async fn plan_follow_up(&self, ctx: &Context<'_>, input: PlanFollowUpInput) -> Answer<FollowUpPayload> {
        let asking = asking(ctx);
        let input = given!(input::course::plan(asking, input));
        let outcome = app::follow_up::plan(&asking.hub, &asking.viewer, input).await;
        FollowUpPayload::settle(asking, outcome, |view| FollowUp::new(view, &asking.look())).await
    }

    /// Plans a follow-up for your agency after a call that needed no handoff: with the person's agreement alone, at most 24
    /// hours ahead by the line itself and 72 by others. The hub keeps no name, and your reference of the person as a keyed
    /// digest alone.
    async fn plan_call_follow_up(&self, ctx: &Context<'_>, input: PlanCallFollowUpInput) -> Answer<FollowUpPayload> {
        let asking = asking(ctx);
        let input = given!(input::course::plan_after_call(asking, input));
        let outcome = app::follow_up::plan_after_call(&asking.hub, &asking.viewer, input).await;
        FollowUpPayload::settle(asking, outcome, |view| FollowUp::new(view, &asking.look())).await
    }

    /// Says how a follow-up of your agency went.
    async fn record_follow_up(&self, ctx: &Context<'_>, input: RecordFollowUpInput) -> Answer<FollowUpPayload> {
        let asking = asking(ctx);
        let input = given!(input::course::record(asking, input));
        let outcome = app::follow_up::record(&asking.hub, &asking.viewer, input).await;
        FollowUpPayload::settle(asking, outcome, |view| FollowUp::new(view, &asking.look())).await
    }
}
