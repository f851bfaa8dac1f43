//! The chain: each line of the audit and of the ledger is bound to all lines before it.
//!
//! A line enters without a place; the chain takes it up a moment later, in bounded batches, so that no write waits for a hash.
//! A link's hash is SHA-256 of the hash before it and of the digest of what its line says. **Invariant**: a link is never
//! changed, and a line that has one neither.
mod check;
mod lay;

pub use check::ChainState;
pub(super) use check::findings;

use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Tx};
use crate::domain::chain::{AuditChain, ChainEnd, Digest};
use crate::domain::id::{AuditChainId, NounId};
use crate::domain::time::At;
use crate::policy::permit::TellTime;
use aws_lc_rs::digest::{Context, SHA256};
use entity::audit_chain::{ActiveModel, Column, Entity, Model};
use entity::{audit_entry, disclosure};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

const TABLE: &str = "audit_chain";
/// The audit, as links name it.
const AUDIT: &str = "audit_entry";
/// The ledger, as links name it.
const LEDGER: &str = "disclosure";

impl KeptBy<TellTime> for AuditChain {}

impl Kept for AuditChain {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: AuditChainId::of(row.id),
            version: row.version,
            end: ChainEnd { number: row.number, hash: kept(TABLE, &row.hash)? },
            told_number: row.told_number,
            told_at: (row.told_at > 0).then(|| At::from_micros(row.told_at)),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            version: self.version,
            number: self.end.number,
            hash: self.end.hash.bytes().to_vec(),
            told_number: self.told_number,
            told_at: self.told_at.map_or(0, At::micros),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// The chain, locked: nobody lays on until this write has ended.
    pub async fn audit_chain(&self) -> Result<Option<AuditChain>, Error> {
        self.one(key(Column::Id, AuditChain::only().key())).await
    }
}

/// The row that a new chain begins with.
pub(super) async fn begin_chain(conn: &impl ConnectionTrait) -> Result<(), Error> {
    let begin =
        AuditChain { id: AuditChain::only(), version: 1, end: ChainEnd::default(), told_number: 0, told_at: None };
    let once = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert(begin.row()).on_conflict(once).exec_without_returning(conn).await?;
    Ok(())
}

/// A digest as it was kept.
fn kept(table: &'static str, bytes: &[u8]) -> Result<Digest, Error> {
    bytes.try_into().map(Digest::of).map_err(|_| Error::Corrupt { table, what: "hash" })
}

fn sha256(words: Context) -> Digest {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(words.finish().as_ref()).for_each(|(to, from)| *to = *from);
    Digest::of(bytes)
}

/// The hash of a link: of the hash before it, and of what its line says.
fn linked(before: Digest, line: Digest) -> Digest {
    let mut context = Context::new(&SHA256);
    context.update(before.bytes());
    context.update(line.bytes());
    sha256(context)
}

/// A line taken in word by word, each with its length before it, so that no two lines read the same.
struct Words(Context);

impl Words {
    fn of(table: &str) -> Self {
        Self(Context::new(&SHA256)).word(table.as_bytes())
    }
    fn word(mut self, word: &[u8]) -> Self {
        self.0.update(&u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(word);
        self
    }
    fn text(self, text: &str) -> Self {
        self.word(text.as_bytes())
    }
    fn number(self, number: i64) -> Self {
        self.word(&number.to_be_bytes())
    }
    fn id(self, id: Uuid) -> Self {
        self.word(id.as_bytes())
    }
    /// What may be absent: one word that says so, then the word itself.
    fn maybe(self, word: Option<&[u8]>) -> Self {
        match word {
            Some(word) => self.word(&[1]).word(word),
            None => self.word(&[0]),
        }
    }
    fn done(self) -> Digest {
        sha256(self.0)
    }
}

fn maybe_id(id: Option<&Uuid>) -> Option<&[u8]> {
    id.map(|id| id.as_bytes().as_slice())
}

/// The digest of what a line of the audit says.
fn audit_digest(row: &audit_entry::Model) -> Digest {
    Words::of(AUDIT)
        .id(row.id)
        .number(row.at)
        .maybe(maybe_id(row.grant_id.as_ref()))
        .maybe(row.machine.as_ref().map(String::as_bytes))
        .text(&row.action)
        .text(&row.noun)
        .id(row.row_id)
        .number(row.row_version)
        .id(row.owner_id)
        .maybe(row.door.as_ref().map(String::as_bytes))
        .maybe(row.shown.map(i32::to_be_bytes).as_ref().map(<[u8; 4]>::as_slice))
        .done()
}

/// The digest of what a line of the ledger says.
fn ledger_digest(row: &disclosure::Model) -> Digest {
    let words = Words::of(LEDGER)
        .id(row.id)
        .id(row.region_id)
        .number(row.at)
        .id(row.grant_id)
        .text(&row.role)
        .id(row.organization_id)
        .id(row.handoff_id)
        .text(&row.tier)
        .text(&row.purpose)
        .maybe(maybe_id(row.author_id.as_ref()))
        .maybe(maybe_id(row.consent_id.as_ref()))
        .number(i64::from(row.entries));
    // Lines that say nothing of it were taken up before they could.
    match &row.basis {
        None => words.done(),
        Some(basis) => words.text(basis).maybe(row.reason.as_ref().map(String::as_bytes)).done(),
    }
}
