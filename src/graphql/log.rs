//! The log, the grants and the audit in the schema.
use super::connection::AsOf;
use super::directory::Organization;
use super::scalars::{Code, Cursor, DateTime, Uuid, id};
use super::seen::Seen;
use crate::domain::event::{self, EventKind};
use crate::domain::grant::{self, GrantOrigin, HolderKind};
use crate::domain::id::{GlobalId, NounId};
use crate::domain::role::Role;
use crate::policy::{Action, Machine};
use crate::store::AuditLine;
use async_graphql::connection::PageInfo;
use async_graphql::{ID, Object, SimpleObject};

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
        }
    }
}
