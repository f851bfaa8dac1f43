//! Who did what to which row: a line in the same transaction as the change.
use super::directory::{coded, count, number};
use super::error::Error;
use super::tx::{Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::entry::Version;
use crate::domain::event::Happening;
use crate::domain::id::{AuditEntryId, GlobalId, GrantId, Noun, NounId, OrganizationId};
use crate::domain::look::Look;
use crate::domain::time::At;
use crate::policy::permit::{Permit, ReadOpenEpisodes, Stamp};
use crate::policy::{Action, Machine};
use entity::audit_entry::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition};

const TABLE: &str = "audit_entry";

/// One line of the audit.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// Its id.
    pub id: AuditEntryId,
    /// When.
    pub at: At,
    /// Under which grant; none for a machine.
    pub grant: Option<GrantId>,
    /// Which machine, if it was one.
    pub machine: Option<Machine>,
    /// What was done.
    pub action: Action,
    /// To what.
    pub row: GlobalId,
    /// The row's version after it.
    pub version: Version,
    /// Whose row it is.
    pub owner: OrganizationId,
    /// By which door somebody looked, and how many objects were shown; none where something was done.
    pub look: Option<Look>,
}

impl Tx {
    /// The line of one change.
    pub(super) fn audit_line(&self, stamp: Stamp, happening: &Happening) -> Model {
        Model {
            id: self.id::<AuditEntryId>().key(),
            at: happening.at.micros(),
            grant_id: stamp.grant.map(NounId::key),
            machine: stamp.machine.map(|machine| machine.code().into()),
            action: stamp.action.code().into(),
            noun: stamp.noun.text().into(),
            row_id: happening.key,
            row_version: happening.version,
            owner_id: stamp.owner.key(),
            link: None,
            door: None,
            shown: None,
        }
    }

    /// Writes down that somebody looked, before the answer leaves: with the other lines of the write, which has nothing else
    /// to save.
    pub fn record_look(&self, permit: Permit<ReadOpenEpisodes>, look: Look) {
        let (stamp, row_id) = (permit.stamp(), permit.row());
        self.later().audit.push(Model {
            id: self.id::<AuditEntryId>().key(),
            at: self.now().micros(),
            grant_id: stamp.grant.map(NounId::key),
            machine: None,
            action: stamp.action.code().into(),
            noun: stamp.noun.text().into(),
            row_id,
            row_version: permit.version(),
            owner_id: stamp.owner.key(),
            link: None,
            door: Some(look.door.code().into()),
            shown: Some(number(look.shown)),
        });
    }
}

impl Reader {
    /// Lines of the audit between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn audit(
        &self,
        below: Option<AuditEntryId>,
        above: Option<AuditEntryId>,
        most: u64,
        from_end: bool,
    ) -> Result<Vec<AuditLine>, Error> {
        let which = Condition::all()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        self.between::<Entity>(which, Column::Id, most, from_end).await?.into_iter().map(line).collect()
    }
}

fn line(row: Model) -> Result<AuditLine, Error> {
    let noun = Noun::ALL.iter().copied().find(|noun| noun.text() == row.noun);
    Ok(AuditLine {
        id: AuditEntryId::of(row.id),
        at: At::from_micros(row.at),
        grant: row.grant_id.map(GrantId::of),
        machine: row.machine.as_deref().map(|code| coded(TABLE, code)).transpose()?,
        action: coded(TABLE, &row.action)?,
        row: GlobalId { noun: noun.ok_or(Error::Corrupt { table: TABLE, what: "noun" })?, key: row.row_id },
        version: row.row_version,
        owner: OrganizationId::of(row.owner_id),
        look: match (row.door.as_deref(), row.shown) {
            (Some(door), Some(shown)) => Some(Look { door: coded(TABLE, door)?, shown: count(TABLE, shown)? }),
            _ => None,
        },
    })
}
