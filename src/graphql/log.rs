//! The log, the grants and the audit in the schema.
use super::connection::{AsOf, Latest, Page, Paging, Row, page_size};
use super::directory::Organization;
use super::error::from_app;
use super::limits::Limits;
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, Uuid, id};
use super::seen::{Seen, asking};
use crate::app::{self, cursor};
use crate::domain::event::{self, EventKind};
use crate::domain::grant::{self, GrantOrigin, HolderKind};
use crate::domain::id::{AuditEntryId, GlobalId, NounId};
use crate::domain::look::LookDoor;
use crate::domain::role::Role;
use crate::policy::{Action, Machine};
use crate::store::AuditLine;
use async_graphql::connection::{EmptyFields, PageInfo};
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use std::sync::Arc;

/// One event of the log: that something happened, not what it holds. Read the object again through your own scope.
#[derive(Clone, SimpleObject)]
pub struct Event {
    /// Its id, the same at every delivery: use it to drop duplicates.
    event_id: Uuid,
    /// What kind of thing happened.
    kind: Code<EventKind>,
    /// The version of this kind's form.
    kind_version: i32,
    /// When.
    at: DateTime,
    /// The object it is about, for `node(id:)`.
    node_id: ID,
    /// The object's version after it: what is older than what you hold is no news.
    node_version: i64,
}

impl From<&event::Event> for Event {
    fn from(event: &event::Event) -> Self {
        let happening = &event.happening;
        Self {
            event_id: Uuid(event.id.key()),
            kind: Code(happening.kind),
            kind_version: happening.kind.version(),
            at: DateTime(happening.at),
            node_id: ID(GlobalId { noun: happening.noun, key: happening.key }.to_string()),
            node_version: happening.version,
        }
    }
}

/// One edge of the log.
#[derive(Clone, SimpleObject)]
#[graphql(name = "EventEdge")]
pub struct LogEdge {
    /// The place just after this event.
    pub(super) cursor: Cursor,
    /// The event.
    pub(super) node: Event,
}

/// A page of the log, oldest first.
#[derive(SimpleObject)]
#[graphql(name = "EventConnection")]
pub struct LogPage {
    /// The events.
    pub(super) edges: Vec<LogEdge>,
    /// Where the page stands. `endCursor` is the place up to which it is complete: ask again after it. It moves on even
    /// when no event was yours to see.
    pub(super) page_info: PageInfo,
    /// When the page was read.
    pub(super) as_of: AsOf,
}

/// What one principal may do: one role at one agency.
#[derive(Clone)]
pub struct Grant {
    pub(super) grant: grant::Grant,
    pub(super) seen: Seen,
}

/// What one principal may do: one role at one agency.
#[Object]
impl Grant {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.grant.id)
    }
    /// How often it has changed.
    async fn version(&self) -> i64 {
        self.grant.version
    }
    /// The issuer whose tokens name the principal.
    async fn issuer(&self) -> &str {
        &self.grant.principal.issuer
    }
    /// The issuer's name for the person, or the application's client id.
    async fn subject(&self) -> &str {
        &self.grant.principal.subject
    }
    /// Person or application.
    async fn holder(&self) -> Code<HolderKind> {
        Code(self.grant.principal.kind)
    }
    /// The role.
    async fn role(&self) -> Code<Role> {
        Code(self.grant.role)
    }
    /// The agency.
    async fn organization(&self) -> Option<Organization> {
        self.seen.entry(self.grant.organization).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Until when it holds; null for no end.
    async fn until(&self) -> Option<DateTime> {
        self.grant.until.map(DateTime)
    }
    /// How it came to be.
    async fn origin(&self) -> Code<GrantOrigin> {
        Code(self.grant.origin)
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.grant.created_at)
    }
    /// Since when it is revoked, for good.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.grant.revoked_at.map(DateTime)
    }
}

/// One line of the audit.
#[derive(Clone, SimpleObject)]
pub struct AuditEntry {
    /// Opaque id.
    id: ID,
    /// When.
    at: DateTime,
    /// The grant acted under; null for the hub itself.
    grant_id: Option<ID>,
    /// Which part of the hub acted, if no person did.
    machine: Option<Code<Machine>>,
    /// What was done.
    action: Code<Action>,
    /// To which object.
    node_id: ID,
    /// The object's version after it.
    node_version: i64,
    /// The agency whose object it is.
    organization_id: ID,
    /// Of a look: by which door a coordinator looked. `nodeId` is the object if one was shown, else the region.
    door: Option<Code<LookDoor>>,
    /// Of a look: how many objects of the agency were shown; of WATCH, how many searches of the region were open as it began.
    shown: Option<u32>,
}

impl From<&AuditLine> for AuditEntry {
    fn from(line: &AuditLine) -> Self {
        Self {
            id: id(line.id),
            at: DateTime(line.at),
            grant_id: line.grant.map(id),
            machine: line.machine.map(Code),
            action: Code(line.action),
            node_id: ID(line.row.to_string()),
            node_version: line.version,
            organization_id: id(line.owner),
            door: line.look.map(|look| Code(look.door)),
            shown: line.look.map(|look| look.shown),
        }
    }
}

/// A page of the log.
pub(super) async fn events(ctx: &Context<'_>, after: Option<Cursor>, first: Option<i32>) -> Result<LogPage, Error> {
    let asking = asking(ctx);
    let (most, bound) = (page_size(ctx, first)? as u64, super::subscription::EVENTS_BOUND);
    let after = after.map(|cursor| cursor.0);
    let read = app::log::events(&asking.hub, &asking.viewer, bound, after.as_deref(), most + 1).await;
    let (events, head) = read.map_err(|error| from_app(&error))?;
    let more = events.len() as u64 > most;
    let place = |mark| asking.hub.seal().log_cursor(bound, mark, asking.seen.now);
    let shown = events.iter().take(usize::try_from(most).unwrap_or(usize::MAX));
    let edges: Vec<LogEdge> = shown
        .map(|event| LogEdge {
            cursor: Cursor(place(cursor::Mark { number: event.number, id: event.id })),
            node: event.into(),
        })
        .collect();
    // The last page is complete up to the log's end; a page of no rows before it stands where it began.
    let end = match (more, edges.last()) {
        (false, _) => place(head),
        (true, Some(last)) => last.cursor.0.clone(),
        (true, None) => after.clone().unwrap_or_else(|| place(cursor::Mark::beginning())),
    };
    let page_info = PageInfo {
        has_previous_page: after.is_some(),
        has_next_page: more,
        start_cursor: edges.first().map(|edge| edge.cursor.0.clone()),
        end_cursor: Some(end),
    };
    let as_of = AsOf { time: DateTime(asking.seen.now), cursor: Cursor(place(head)), proof: None };
    Ok(LogPage { edges, page_info, as_of })
}

/// A page of grants.
pub(super) fn grants(ctx: &Context<'_>, paging: &Paging) -> Result<Page<Grant>, Error> {
    let (asking, listing) = listing(ctx, "grants".into(), super::subscription::EVENTS_BOUND.into())?;
    let seen = &asking.seen;
    let row = |grant: &Arc<grant::Grant>| Row {
        key: grant.id,
        node: Grant { grant: grant::Grant::clone(grant), seen: seen.clone() },
        edge: EmptyFields,
    };
    listing.page(ctx, paging, seen.board.grants(&seen.scope).map(row).collect())
}

/// A page of the audit, latest first.
pub(super) async fn audit_trail(ctx: &Context<'_>, paging: Paging) -> Result<Page<AuditEntry>, Error> {
    let (asking, listing) = listing(ctx, "auditTrail".into(), super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<AuditEntryId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors were applied in SQL.
    let lines = app::log::audit(&asking.hub, &asking.viewer, between, size as u64 + 1, backward).await;
    let lines = lines.map_err(|error| from_app(&error))?;
    let rows = lines.iter().map(|line| Row { key: Latest::of(line.id), node: line.into(), edge: EmptyFields });
    listing.latest(ctx, &paging, rows.collect())
}
