//! How long what is written stays, in the schema: preservations, and what is said beside them of a search and of a redirection.
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::handoff::Handoff;
use super::input;
use super::input::preservation::{
    AddEpisodeNoteInput, LiftPreservationInput, NameSupervisorInput, PreservationFilterInput, PreserveHandoffInput,
};
use super::limits::Limits;
use super::mutation::given;
use super::payload::{HandoffPayload, Problem, payload, problems};
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, id};
use super::sealed::HandoffEntry;
use super::seen::{Asking, Seen, asking, pace};
use crate::app::{self, Outcome};
use crate::domain::id::PreservationId;
use crate::domain::preservation::{self, PreservationReason};
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};

/// What is written in one handoff, preserved beyond its retention for a court, an inquiry or the person. It has nothing to do
/// with a hold of a person or of a bed. The administration of the agency that placed it alone reads it.
#[derive(Clone)]
pub struct Preservation {
    preservation: preservation::Preservation,
    seen: Seen,
}

impl Preservation {
    pub(super) fn new(preservation: preservation::Preservation, seen: &Seen) -> Self {
        Self { preservation, seen: seen.clone() }
    }
}

/// What is written in one handoff, preserved beyond its retention for a court, an inquiry or the person. It has nothing to do
/// with a hold of a person or of a bed. The administration of the agency that placed it alone reads it.
#[Object]
impl Preservation {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.preservation.id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.preservation.version
    }
    /// The handoff, for those who read it.
    async fn handoff_id(&self) -> ID {
        id(self.preservation.handoff)
    }
    /// The agency that preserves it.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.preservation.owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Why.
    async fn reason(&self) -> Code<PreservationReason> {
        Code(self.preservation.reason)
    }
    /// When it was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(self.preservation.placed_at)
    }
    /// The grant that it was placed under.
    async fn placed_by_grant_id(&self) -> ID {
        id(self.preservation.placed_by)
    }
    /// Until when it stands; null until it is lifted.
    async fn until(&self) -> Option<DateTime> {
        self.preservation.until.map(DateTime)
    }
    /// When it was lifted, for good.
    async fn lifted_at(&self) -> Option<DateTime> {
        self.preservation.lifted_at.map(DateTime)
    }
    /// It stands: what is written in the handoff stays.
    async fn standing(&self) -> bool {
        self.preservation.stands(self.seen.now)
    }
}

payload! {
    /// What a change to a preservation did.
    PreservationPayload preservation Preservation
}
payload! {
    /// What `addEpisodeNote` did: that it was written, never what.
    EpisodeNotePayload entries Vec<HandoffEntry>
}

/// What is asked of preservations.
pub struct KeepQuery;

/// Everything that can be asked.
#[Object]
impl KeepQuery {
    /// The preservations that your agency has placed, latest first: for its administration.
    async fn preservations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which; all of your agency's when not given.")] filter: Option<PreservationFilterInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Preservation>> {
        Some(preservations(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }).await)
    }
}

async fn preservations(
    ctx: &Context<'_>,
    filter: PreservationFilterInput,
    paging: Paging,
) -> Result<Page<Preservation>, Error> {
    let bound = format!("preservations:{filter:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let filter = filter.read(asking.seen.now);
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<PreservationId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::preservation::list(&asking.hub, &asking.viewer, &filter, between, most, backward).await;
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|preservation| Row {
        key: Latest::of(preservation.id),
        node: Preservation::new(preservation, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// What is changed of how long things stay, and of what is said beside.
pub struct KeepMutation;

/// Everything that can be changed.
#[Object]
impl KeepMutation {
    /// Preserves what is written in a handoff of your agency beyond its retention, for a court, an inquiry or the person, until
    /// an instant or until you lift it. To make it longer, place one that lasts longer beside it, and then lift the first. An
    /// agency that was asked and did not take the person preserves nothing. For your agency's administration, who read nothing
    /// of it by this.
    async fn preserve_handoff(&self, ctx: &Context<'_>, input: PreserveHandoffInput) -> Answer<PreservationPayload> {
        let asking = asking(ctx);
        let input = given!(input::preservation::preserve(asking, input));
        let outcome = app::preservation::preserve(&asking.hub, &asking.viewer, input).await;
        PreservationPayload::settle(asking, outcome, |placed| Preservation::new(placed, &asking.look())).await
    }

    /// Lifts a preservation of your agency for good: where the retention has ended and nobody else preserves it, what is
    /// written in the handoff is shredded within minutes.
    async fn lift_preservation(&self, ctx: &Context<'_>, input: LiftPreservationInput) -> Answer<PreservationPayload> {
        let asking = asking(ctx);
        let input = given!(input::preservation::lift(asking, input));
        let outcome = app::preservation::lift(&asking.hub, &asking.viewer, input).await;
        PreservationPayload::settle(asking, outcome, |lifted| Preservation::new(lifted, &asking.look())).await
    }

    /// Names the supervisor who answers for it that your agency sent on somebody who was announced: within 60 minutes of
    /// `redirectHandoff`, unless it was said there. If nobody is named, that is told.
    async fn name_supervisor(&self, ctx: &Context<'_>, input: NameSupervisorInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        let input = given!(input::preservation::supervisor(asking, input));
        let outcome = app::handoff::name_supervisor(&asking.hub, &asking.viewer, input).await;
        HandoffPayload::settle(asking, outcome, |view| Handoff::new(view, &asking.look())).await
    }

    /// Writes a sealed entry once for a whole search of your agency: every receiver that is open to it now has it in its own
    /// handoff, and whoever is asked later gets it with the offer. Who was asked and did not take the person opens nothing of
    /// it afterwards, as of any entry. At most 20 entries a search (OUT_OF_RANGE).
    async fn add_episode_note(&self, ctx: &Context<'_>, input: AddEpisodeNoteInput) -> Answer<EpisodeNotePayload> {
        let asking = asking(ctx);
        let input = given!(input::preservation::packet(asking, input));
        let outcome = app::packet::note(&asking.hub, &asking.viewer, input).await;
        let entries = |facts: Vec<_>| {
            let seen = asking.look();
            facts.into_iter().map(|facts| HandoffEntry::new(facts, &seen)).collect()
        };
        EpisodeNotePayload::settle(asking, outcome, entries).await
    }
}
