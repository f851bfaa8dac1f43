//! Pages: Relay connections over lists in one stable order.
use super::error::{ErrorCode, coded};
use super::limits::Limits;
use super::scalars::{Cursor, DateTime, Uuid};
use super::seen::Asking;
use crate::app;
use crate::app::cursor::{Mark, Seal};
use crate::board::Past;
use crate::domain::id::NounId;
use crate::domain::time::At;
use async_graphql::connection::{
    Connection, ConnectionNameType, DefaultConnectionName, DefaultEdgeName, DisableNodesField, Edge, EdgeNameType,
    EmptyFields,
};
use async_graphql::{Context, ObjectType, OutputType, SimpleObject};

/// How long the pages of one search can be turned, in minutes.
const ORDER_MINUTES_MAX: i64 = 10;
/// What an answer about the past was folded from: the log's first `number` events, which are those that had been numbered
/// by the instant asked. The instants of numbers never run back, and no event is numbered before it is dated.
#[derive(Clone, SimpleObject)]
pub struct Proof {
    /// How many events of the log count: all up to this number, and none after it. 0 before the first.
    number: i64,
    /// The event with that number; null before the first.
    event_id: Option<Uuid>,
    /// Whether the log has gone on past the instant. Then the same question is answered from the same events for ever; until
    /// then an event of that very moment may still be on its way.
    settled: bool,
}

impl Proof {
    /// The proof of a past board.
    pub(super) fn of(past: &Past) -> Self {
        let event_id = past.board.last_event().map(|id| Uuid(id.key()));
        Self { number: past.board.number(), event_id, settled: past.settled }
    }
}

/// When a list was true. Begin to watch from `cursor` and nothing is missed between list and watch.
#[derive(Clone, SimpleObject)]
pub struct AsOf {
    /// The hub's time when the list was read; of an answer about the past, the instant asked.
    pub time: DateTime,
    /// The place in the log read before the list. That of `bedUnits` goes to `bedsChanged` with the same filter;
    /// that of any other list to `events`, or to `handoffsChanged` with any filter.
    pub cursor: Cursor,
    /// What an answer about the past was folded from; null of the present.
    pub proof: Option<Proof>,
}

/// What every connection carries beside its edges.
#[derive(Clone, SimpleObject)]
pub struct Extra {
    /// When the list was true.
    pub as_of: AsOf,
}

/// A page of nodes.
pub type Page<N, E = EmptyFields, C = DefaultConnectionName, D = DefaultEdgeName, X = Extra> =
    Connection<String, N, X, E, C, D, DisableNodesField>;

/// Which page.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// How many from the front.
    pub first: Option<i32>,
    /// After this cursor.
    pub after: Option<Cursor>,
    /// How many from the back.
    pub last: Option<i32>,
    /// Before this cursor.
    pub before: Option<Cursor>,
}

impl Paging {
    pub(super) fn size(&self, limits: &Limits) -> Result<(usize, bool), async_graphql::Error> {
        let most = i32::try_from(limits.page_max).unwrap_or(i32::MAX);
        match (self.first, self.last) {
            (Some(_), Some(_)) => Err(coded(ErrorCode::BadUserInput, "send `first` or `last`, not both")),
            (Some(n), None) | (None, Some(n)) if !(0..=most).contains(&n) => Err(coded(
                ErrorCode::LimitExceeded,
                format!("a page has 0 to {most} rows: send `first` or `last` within that"),
            )),
            (first, last) => {
                let size = first.or(last).and_then(|n| usize::try_from(n).ok()).unwrap_or(limits.page_default);
                Ok((size, last.is_some()))
            }
        }
    }
}

/// How many rows a list has that goes one way.
pub(super) fn page_size(ctx: &Context<'_>, first: Option<i32>) -> Result<usize, async_graphql::Error> {
    Paging { first, ..Paging::default() }.size(ctx.data_unchecked::<Limits>()).map(|(size, _)| size)
}

/// A row of a list, with the key that orders it.
pub struct Row<K, N, E> {
    /// Its place in the order.
    pub key: K,
    /// The node.
    pub node: N,
    /// What the edge says beside it.
    pub edge: E,
}

/// Orders a list latest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Latest<I: Ord>(std::cmp::Reverse<I>);

impl<I: Ord> Latest<I> {
    /// The place of a row, by its id.
    pub(super) fn of(id: I) -> Self {
        Self(std::cmp::Reverse(id))
    }
}

/// A list in one order, and what its cursors are bound to.
pub struct Listing<'a> {
    /// Who asks.
    pub asking: &'a Asking,
    /// The field and its filter.
    pub bound: String,
    /// What may be watched from its log cursor.
    pub watch: String,
    /// The log place read before the rows.
    pub head: Mark,
    /// The instant that the rows are as of.
    pub time: At,
    /// What they were folded from, if they are of the past.
    pub proof: Option<Proof>,
}

impl Listing<'_> {
    fn as_of(&self) -> AsOf {
        let cursor = Cursor(self.seal().log_cursor(&self.watch, self.head, self.asking.seen.now));
        AsOf { time: DateTime(self.time), cursor, proof: self.proof.clone() }
    }

    fn seal(&self) -> &Seal {
        self.asking.hub.seal()
    }

    /// The instant of the first page, which a cursor of a search holds; an order of long ago is no longer gone on with.
    pub fn instant(&self, cursor: &Cursor) -> Result<At, async_graphql::Error> {
        let (at, _) = self.key::<(At, serde_json::Value)>(cursor)?;
        if self.asking.seen.now.micros_since(at) <= ORDER_MINUTES_MAX * 60_000_000 {
            Ok(at)
        } else {
            Err(super::error::from_app(&app::Error::CursorExpired))
        }
    }

    pub(super) fn key<K: serde::de::DeserializeOwned>(&self, cursor: &Cursor) -> Result<K, async_graphql::Error> {
        let payload = self.seal().open(&page_bound(&self.bound), &cursor.0);
        let key = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        key.ok_or_else(|| super::error::from_app(&app::Error::CursorExpired))
    }

    /// The ids that a page of rows latest first lies between: below the first, above the second.
    pub(super) fn between<I: Ord + serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        paging: &Paging,
    ) -> Result<(Option<I>, Option<I>), async_graphql::Error> {
        let place = |cursor: &Option<Cursor>| cursor.as_ref().map(|cursor| self.key::<Latest<I>>(cursor)).transpose();
        Ok((place(&paging.after)?.map(|key| key.0.0), place(&paging.before)?.map(|key| key.0.0)))
    }

    /// The places that a page of rows in ascending order lies between: after the first, before the second.
    pub(super) fn places<K: serde::de::DeserializeOwned>(
        &self,
        paging: &Paging,
    ) -> Result<(Option<K>, Option<K>), async_graphql::Error> {
        let place = |cursor: &Option<Cursor>| cursor.as_ref().map(|cursor| self.key::<K>(cursor)).transpose();
        Ok((place(&paging.after)?, place(&paging.before)?))
    }

    /// Cuts a page out of rows latest first that lie [`Self::between`] its cursors already.
    pub(super) fn latest<I, N>(
        &self,
        ctx: &Context<'_>,
        paging: &Paging,
        rows: Vec<Row<Latest<I>, N, EmptyFields>>,
    ) -> Result<Page<N>, async_graphql::Error>
    where
        I: Ord + Clone + serde::Serialize + serde::de::DeserializeOwned,
        N: OutputType,
    {
        self.cut(ctx, paging, rows)
    }

    /// Cuts a page out of rows that lie between its cursors already.
    pub(super) fn cut<K, N>(
        &self,
        ctx: &Context<'_>,
        paging: &Paging,
        rows: Vec<Row<K, N, EmptyFields>>,
    ) -> Result<Page<N>, async_graphql::Error>
    where
        K: Ord + Clone + serde::Serialize + serde::de::DeserializeOwned,
        N: OutputType,
    {
        let cut = Paging { first: paging.first, last: paging.last, ..Paging::default() };
        let mut page: Page<N> = self.page(ctx, &cut, rows)?;
        page.has_previous_page |= paging.after.is_some();
        page.has_next_page |= paging.before.is_some();
        Ok(page)
    }

    /// Cuts a page out of rows in order.
    pub fn page<K, N, E, C, D>(
        &self,
        ctx: &Context<'_>,
        paging: &Paging,
        rows: Vec<Row<K, N, E>>,
    ) -> Result<Page<N, E, C, D>, async_graphql::Error>
    where
        K: Ord + Clone + serde::Serialize + serde::de::DeserializeOwned,
        N: OutputType,
        E: ObjectType,
        C: ConnectionNameType,
        D: EdgeNameType,
    {
        let keyed = rows.into_iter().map(|row| (row.key, (row.node, row.edge))).collect();
        self.page_of(ctx, paging, keyed, |row| row)
    }

    /// Cuts a page out of keyed things in order, and makes rows of those alone that are on it.
    pub fn page_of<K, T, N, E, C, D>(
        &self,
        ctx: &Context<'_>,
        paging: &Paging,
        mut rows: Vec<(K, T)>,
        row: impl Fn(T) -> (N, E),
    ) -> Result<Page<N, E, C, D>, async_graphql::Error>
    where
        K: Ord + Clone + serde::Serialize + serde::de::DeserializeOwned,
        N: OutputType,
        E: ObjectType,
        C: ConnectionNameType,
        D: EdgeNameType,
    {
        let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
        let after = paging.after.as_ref().map(|cursor| self.key::<K>(cursor)).transpose()?;
        let before = paging.before.as_ref().map(|cursor| self.key::<K>(cursor)).transpose()?;
        let all = rows.len();
        let mut begins = after.map_or(0, |after| rows.partition_point(|(key, _)| *key <= after));
        let mut ends = before.map_or(all, |before| rows.partition_point(|(key, _)| *key < before)).max(begins);
        let (mut previous, mut next) = (begins > 0, ends < all);
        if ends - begins > size {
            if backward {
                (begins, previous) = (ends - size, true);
            } else {
                (ends, next) = (begins + size, true);
            }
        }
        let mut page = Page::with_additional_fields(previous, next, Extra { as_of: self.as_of() });
        let bound = page_bound(&self.bound);
        for (key, of) in rows.drain(begins..ends) {
            let payload = serde_json::to_vec(&key).unwrap_or_default();
            let (node, edge) = row(of);
            page.edges.push(Edge::with_additional_fields(self.seal().close(&bound, &payload), node, edge));
        }
        Ok(page)
    }
}

/// A page's cursor is no cursor into the log.
fn page_bound(bound: &str) -> String {
    format!("page:{bound}")
}
