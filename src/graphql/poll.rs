//! Requests that units confirm their numbers, in the schema.
use super::bed::BedUnit;
use super::connection::{Page, Paging, Row};
use super::directory::Organization;
use super::notice::{Marker, marker};
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::seen::Seen;
use crate::domain::id::BedUpdateRequestId;
use crate::domain::poll;
use crate::domain::time::At;
use crate::policy::view::RequestView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use std::cmp::Reverse;

/// A request that units confirm their numbers now.
#[derive(Clone)]
pub struct BedUpdateRequest {
    view: RequestView,
    seen: Seen,
}

/// One unit that was asked to confirm its numbers.
#[derive(Clone, SimpleObject)]
pub struct BedUpdateAnswer {
    /// The unit.
    unit: BedUnit,
    /// When it first reported after it was asked; null when it has not.
    answered_at: Option<DateTime>,
}

impl BedUpdateRequest {
    pub(super) fn new(view: RequestView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    /// The request of an id, as a scope sees it.
    pub(super) fn find(seen: &Seen, id: BedUpdateRequestId) -> Option<Self> {
        seen.board.bed_update_request(&seen.scope, id, seen.now).map(|view| Self::new(view, seen))
    }

    fn asked(&self) -> &poll::BedUpdateRequest {
        self.view.request()
    }

    fn count(&self, which: impl Fn(Option<At>) -> bool) -> i32 {
        let answers = self.seen.board.answers(&self.seen.scope, self.asked(), self.seen.now);
        i32::try_from(answers.filter(|(_, answered)| which(*answered)).count()).unwrap_or(i32::MAX)
    }
}

/// A request that units confirm their numbers now. A unit answers with `reportBeds`, `stillCorrect` included. Whoever sees one
/// of the units sees the request, with those units alone. It can be read for 7 days.
#[Object]
impl BedUpdateRequest {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.asked().id)
    }
    /// Always 1: a request never changes, and its answers are the units' own reports.
    async fn version(&self) -> i64 {
        self.asked().version
    }
    /// The agency that asks.
    async fn organization(&self) -> Option<Organization> {
        self.seen.entry(self.asked().author.organization).map(|entry| Organization::new(entry, &self.seen))
    }
    /// When it was asked.
    async fn asked_at(&self) -> DateTime {
        DateTime(self.asked().asked_at)
    }
    /// By when an answer is wanted.
    async fn due_at(&self) -> DateTime {
        DateTime(self.asked().due_at)
    }
    /// The time to answer still runs.
    async fn open(&self) -> bool {
        self.asked().is_open(self.seen.now)
    }
    /// A line to those who are asked.
    async fn note(&self) -> Option<&str> {
        self.asked().note.as_deref()
    }
    /// Made in a drill.
    async fn drill(&self) -> bool {
        self.asked().drill
    }
    /// What has to be shown beside it; null when it is for real.
    async fn marker(&self) -> Option<Code<Marker>> {
        marker(self.asked().drill)
    }
    /// The units asked, as far as you see them, at most 200: who has answered, and when.
    async fn answers(&self) -> Vec<BedUpdateAnswer> {
        let answers = self.seen.board.answers(&self.seen.scope, self.asked(), self.seen.now);
        let answer = |(view, at): (_, Option<At>)| BedUpdateAnswer {
            unit: BedUnit::new(view, &self.seen),
            answered_at: at.map(DateTime),
        };
        answers.take(200).map(answer).collect()
    }
    /// How many units were asked, as far as you see them.
    async fn asked_count(&self) -> i32 {
        self.count(|_| true)
    }
    /// How many of them have answered.
    async fn answered_count(&self) -> i32 {
        self.count(|answered| answered.is_some())
    }
    /// How many of them answered by `dueAt`.
    async fn answered_in_time_count(&self) -> i32 {
        self.count(|answered| answered.is_some_and(|at| at <= self.asked().due_at))
    }
}

/// A request's place in the list: the first page's instant, then open ones, then the latest.
type Place = (At, (bool, Reverse<(At, BedUpdateRequestId)>));

/// Lists requests, open ones first, then the latest.
pub(super) fn bed_update_requests(ctx: &Context<'_>, paging: &Paging) -> Result<Page<BedUpdateRequest>, Error> {
    let (asking, listing) = listing(ctx, "bedUpdateRequests".into(), super::subscription::EVENTS_BOUND.into())?;
    // Every page is judged at the first page's instant, or time would move rows between pages.
    let at = match paging.after.as_ref().or(paging.before.as_ref()) {
        Some(cursor) => listing.instant(cursor)?,
        None => asking.seen.now,
    };
    let seen = &asking.seen;
    let mut rows: Vec<Row<Place, _, _>> = seen
        .board
        .bed_update_requests(&seen.scope, at)
        .map(|view| Row {
            key: (at, (!view.request().is_open(at), Reverse((view.request().asked_at, view.request().id)))),
            node: BedUpdateRequest::new(view, seen),
            edge: EmptyFields,
        })
        .collect();
    rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    listing.page(ctx, paging, rows)
}
