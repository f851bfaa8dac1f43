//! Episodes in the schema.
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::handoff::{Handoff, HandoffNeed};
use super::input::offer::EpisodeFilterInput;
use super::law::{GuardianStep, LegalHold, guardian_of, legal_hold_of};
use super::limits::Limits;
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::seen::{Seen, asking, pace};
use super::together::HandoffsOf;
use crate::app;
use crate::app::episode::Waiting;
use crate::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crate::domain::handoff::ChosenFor;
use crate::domain::id::EpisodeId;
use crate::policy::view::EpisodeView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object};

/// The search for one person's place, from the first word to where the person is in care. The agency that seeks reads it, and
/// while it is open those who coordinate the region, each look of theirs written into the audit: no receiver is told who else
/// was asked.
#[derive(Clone)]
pub struct Episode {
    view: EpisodeView,
    seen: Seen,
}

impl Episode {
    pub(super) fn new(view: EpisodeView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// The search for one person's place, from the first word to where the person is in care. The agency that seeks reads it, and
/// while it is open those who coordinate the region, each look of theirs written into the audit: no receiver is told who else
/// was asked.
#[Object]
impl Episode {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.episode().id)
    }
    /// Raised by every change of the search itself. Send it with a change to be refused when somebody else came first.
    async fn version(&self) -> i64 {
        self.view.episode().version
    }
    /// Where it stands. While it is SEEKING and no handoff of it awaits a receiver, the next word is the sender's.
    async fn state(&self) -> Code<EpisodeState> {
        Code(self.view.episode().state)
    }
    /// The agency that seeks.
    async fn sender(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.episode().sender).map(|entry| Organization::new(entry, &self.seen))
    }
    /// How it is settled.
    async fn settlement(&self) -> Code<Settlement> {
        Code(self.view.episode().settlement)
    }
    /// The person, or whoever decides for them, agrees with the search.
    async fn person_agreed(&self) -> bool {
        self.view.episode().person_agreed
    }
    /// What is known of the need, as it was offered last; null to officers and dispatchers.
    async fn need(&self) -> Option<HandoffNeed> {
        self.view.need().map(HandoffNeed::from)
    }
    /// Who was asked or announced to, latest first; at most 100.
    async fn handoffs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "How many, at most 100.", validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Answer<Vec<Handoff>> {
        let of = HandoffsOf(self.view.episode().id);
        let found = asking(ctx).together.load_one(of).await.map_err(|error| from_app(&error));
        let most = usize::try_from(first).unwrap_or(0);
        let handoffs =
            |found: Vec<_>| found.into_iter().rev().take(most).map(|view| Handoff::new(view, &self.seen)).collect();
        Some(found.map(|found| handoffs(found.unwrap_or_default())))
    }
    /// The legal hold that stands on the person; null when there is none, and to whoever does not read it.
    async fn legal_hold(&self, ctx: &Context<'_>) -> Answer<LegalHold> {
        legal_hold_of(ctx, self.view.episode().id).await
    }
    /// The step of reaching a minor's guardian; null where the need says no age of a minor, and to whoever does not read it.
    async fn guardian(&self, ctx: &Context<'_>) -> Answer<GuardianStep> {
        guardian_of(ctx, self.view.episode().id).await
    }
    /// Where the person goes, or went: one of `handoffs`.
    async fn settled_by_id(&self) -> Option<ID> {
        self.view.episode().handoff.map(id)
    }
    /// Whose preference decided; null to officers and dispatchers.
    async fn chosen_for(&self) -> Option<Code<ChosenFor>> {
        self.view.chosen_for().map(Code)
    }
    /// When it began: from here the wait is counted.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.view.episode().opened_at)
    }
    /// How many hours of waiting have been told: 4, 12, 24, then once a day.
    async fn waited_hours(&self) -> u32 {
        self.view.episode().waited_hours
    }
    /// When the wait is told next; null while nobody waits for a place.
    async fn due_at(&self) -> Option<DateTime> {
        self.view.episode().due_at.map(DateTime)
    }
    /// When it ended.
    async fn ended_at(&self) -> Option<DateTime> {
        self.view.episode().ended_at.map(DateTime)
    }
    /// Why it ended without a place.
    async fn end_reason(&self) -> Option<Code<EpisodeEnd>> {
        self.view.reason().map(Code)
    }
}

/// A page of episodes, latest first, or of open ones who has waited longest first; read from the database.
pub(super) async fn episodes(
    ctx: &Context<'_>,
    filter: EpisodeFilterInput,
    paging: Paging,
) -> Result<Page<Episode>, Error> {
    let bound = format!("episodes:{filter:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let filter = filter.read(asking.seen.now);
    if filter.open_only {
        let between = listing.places::<Waiting>(&paging)?;
        let found =
            app::episode::longest_waiting(&asking.hub, &asking.viewer, &filter, between, size as u64 + 1, backward)
                .await;
        let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
            key: (view.episode().opened_at, view.episode().id),
            node: Episode::new(view, &asking.seen),
            edge: EmptyFields,
        });
        return listing.cut(ctx, &paging, rows.collect());
    }
    let between = listing.between::<EpisodeId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::episode::list(&asking.hub, &asking.viewer, &filter, between, most, backward).await;
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.episode().id),
        node: Episode::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// One episode by its id.
pub(super) async fn episode(ctx: &Context<'_>, episode: EpisodeId) -> Answer<Episode> {
    let asking = asking(ctx);
    let found = asking.together.load_one(episode).await.map_err(|error| from_app(&error));
    found.map(|view| view.map(|view| Episode::new(view, &asking.eyes()))).transpose()
}
