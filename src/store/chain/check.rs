//! Whether the chain holds: read from its beginning, a batch at a time, so that no number of lines is too many.
use super::{AUDIT, LEDGER, TABLE, audit_digest, kept, ledger_digest, linked};
use crate::domain::chain::{AuditChain, ChainEnd, Digest};
use crate::domain::event::Fact;
use crate::domain::id::NounId;
use crate::store::dialect::Dialect;
use crate::store::error::Error;
use crate::store::tx::Store;
use crate::store::verify::Finding;
use entity::{audit_chain, audit_entry, audit_link, disclosure, event};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::HashMap;
use uuid::Uuid;

/// How many links are read at once.
const BATCH: u64 = 2_000;

/// Where a chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainState {
    /// Where it ends.
    pub end: ChainEnd,
    /// How many lines wait to be taken up.
    pub waiting: u64,
}

/// What breaks which promise.
#[derive(Default)]
struct Broken {
    dense: i64,
    hashes: i64,
    lines: i64,
    heads: i64,
}

impl Store {
    /// Where the chain stands.
    pub async fn chain_state(&self) -> Result<ChainState, Error> {
        let tx = self.dialect().begin_read(&self.pools().readers).await?;
        self.dialect().be_patient(&tx).await?;
        let waiting = lines(&tx, false).await?;
        Ok(ChainState { end: end(&tx).await?, waiting: u64::try_from(waiting).unwrap_or(0) })
    }
}

/// What the chain promises, and how often that is broken; against ends that somebody kept elsewhere.
pub(in crate::store) async fn findings(
    dialect: Dialect,
    tx: &DatabaseTransaction,
    kept_elsewhere: &[ChainEnd],
) -> Result<Vec<Finding>, Error> {
    let mut broken = Broken::default();
    let (links, last) = walk(dialect, tx, &mut broken).await?;
    let told = heads(tx, &mut broken).await?;
    let chain = chain(tx).await?;
    let stands = ChainEnd { number: chain.number, hash: kept(TABLE, &chain.hash).unwrap_or_default() };
    broken.heads += i64::from(told.count != chain.version - 1) + i64::from(told.last != chain.told_number);
    let mut findings = vec![
        Finding {
            promise: "the chain's links are dense from 1, up to where it ends",
            broken: broken.dense + i64::from(stands != last),
        },
        Finding { promise: "each link's hash is of the link before it and its line", broken: broken.hashes },
        Finding { promise: "each line in the chain is there as it was taken up", broken: broken.lines },
        Finding {
            promise: "no line has a place in the chain that is not its own",
            broken: (lines(tx, true).await? - links).abs(),
        },
        Finding { promise: "each end that the log was told is the chain's", broken: broken.heads },
    ];
    if !kept_elsewhere.is_empty() {
        let mut missing = 0;
        for anchor in kept_elsewhere {
            missing += i64::from(!holds(tx, *anchor).await?);
        }
        findings.push(Finding { promise: "the chain goes on from each end that was kept elsewhere", broken: missing });
    }
    Ok(findings)
}

/// Reads every link with its line: how many there are, and where they end.
async fn walk(dialect: Dialect, tx: &DatabaseTransaction, broken: &mut Broken) -> Result<(i64, ChainEnd), Error> {
    use audit_link::Column;
    let (mut links, mut last) = (0, ChainEnd::default());
    loop {
        #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
        let batch = audit_link::Entity::find().filter(Column::Number.gt(last.number));
        let batch = batch.order_by_asc(Column::Number).limit(BATCH).all(tx).await?;
        if batch.is_empty() {
            return Ok((links, last));
        }
        let said = said(dialect, tx, &batch).await?;
        for link in batch {
            let digest = kept(TABLE, &link.digest).unwrap_or_default();
            let hash = kept(TABLE, &link.hash).unwrap_or_default();
            broken.dense += i64::from(link.number != last.number + 1);
            broken.hashes += i64::from(linked(last.hash, digest) != hash);
            let there = said.get(&(link.noun.as_str(), link.row_id)) == Some(&(digest, Some(link.number)));
            broken.lines += i64::from(!there);
            (links, last) = (links + 1, ChainEnd { number: link.number, hash });
        }
    }
}

/// What the lines of links say now, and which place each believes to have.
async fn said(
    dialect: Dialect,
    tx: &DatabaseTransaction,
    links: &[audit_link::Model],
) -> Result<HashMap<(&'static str, Uuid), (Digest, Option<i64>)>, Error> {
    let of = |noun: &str| links.iter().filter(|link| link.noun == noun).map(|link| link.row_id).collect::<Vec<_>>();
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
    let audit = audit_entry::Entity::find().filter(dialect.any_of(audit_entry::Column::Id, &of(AUDIT)));
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
    let ledger = disclosure::Entity::find().filter(dialect.any_of(disclosure::Column::Id, &of(LEDGER)));
    let audit = audit.all(tx).await?.into_iter().map(|row| ((AUDIT, row.id), (audit_digest(&row), row.link)));
    let ledger = ledger.all(tx).await?.into_iter().map(|row| ((LEDGER, row.id), (ledger_digest(&row), row.link)));
    Ok(audit.chain(ledger).collect())
}

/// What the log was told of the chain.
#[derive(Default)]
struct Told {
    count: i64,
    last: i64,
}

/// Compares every end that the log was told with the link of its number.
async fn heads(tx: &DatabaseTransaction, broken: &mut Broken) -> Result<Told, Error> {
    use event::Column;
    let mut told = Told::default();
    let mut after = 0;
    loop {
        let ours = Condition::all().add(Column::RowId.eq(AuditChain::only().key())).add(Column::Noun.eq(TABLE));
        #[expect(clippy::disallowed_methods, reason = "where the chain ended tells nobody what happened")]
        let batch = event::Entity::find().filter(ours).filter(Column::RowVersion.gt(after));
        let batch = batch.order_by_asc(Column::RowVersion).limit(BATCH).all(tx).await?;
        let Some(last) = batch.last() else { return Ok(told) };
        after = last.row_version;
        for row in &batch {
            let end = match serde_json::from_str(&row.fact) {
                Ok(Fact::AuditChain(end)) => end,
                _ => ChainEnd { number: -1, ..ChainEnd::default() },
            };
            broken.heads += i64::from(!holds(tx, end).await?);
            told = Told { count: told.count + 1, last: end.number };
        }
    }
}

/// Whether the chain has the link that it once ended with.
async fn holds(tx: &DatabaseTransaction, end: ChainEnd) -> Result<bool, Error> {
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
    let link = audit_link::Entity::find().filter(audit_link::Column::Number.eq(end.number)).one(tx).await?;
    Ok(link.is_some_and(|link| link.hash == end.hash.bytes()))
}

async fn chain(tx: &DatabaseTransaction) -> Result<audit_chain::Model, Error> {
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain has no viewer")]
    let chain = audit_chain::Entity::find().filter(audit_chain::Column::Id.eq(AuditChain::only().key()));
    chain.one(tx).await?.ok_or(Error::Corrupt { table: TABLE, what: "row" })
}

async fn end(tx: &DatabaseTransaction) -> Result<ChainEnd, Error> {
    let chain = chain(tx).await?;
    Ok(ChainEnd { number: chain.number, hash: kept(TABLE, &chain.hash)? })
}

/// How many lines have a place in the chain, or wait for one.
async fn lines(tx: &impl ConnectionTrait, placed: bool) -> Result<i64, Error> {
    use {audit_entry::Column as A, disclosure::Column as D};
    let (audit, ledger) =
        if placed { (A::Link.is_not_null(), D::Link.is_not_null()) } else { (A::Link.is_null(), D::Link.is_null()) };
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain counts its lines and shows none")]
    let audit = audit_entry::Entity::find().filter(audit).count(tx).await?;
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain counts its lines and shows none")]
    let ledger = disclosure::Entity::find().filter(ledger).count(tx).await?;
    Ok(i64::try_from(audit + ledger).unwrap_or(i64::MAX))
}
