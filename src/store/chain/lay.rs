//! Laying the chain on: what waits is taken up, in the order of its instants.
use super::{AUDIT, LEDGER, TABLE, audit_digest, kept, ledger_digest, linked};
use crate::domain::chain::{AuditChain, ChainEnd, Digest};
use crate::domain::id::NounId;
use crate::store::error::Error;
use crate::store::later::inserts;
use crate::store::turns::Turn;
use crate::store::tx::Store;
use entity::{audit_chain, audit_entry, audit_link, disclosure};
use sea_orm::sea_query::{Expr, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

/// A line that waits: when, its key, its table, and the digest of what it says.
type Waiting = (i64, Uuid, &'static str, Digest);

impl Store {
    /// Takes up to `most` lines that wait into the chain, and answers how many: none while another node does.
    ///
    /// The row lock of the one chain is the election among nodes; on SQLite it is a write among others.
    pub async fn lay_chain(&self, most: u64) -> Result<u64, Error> {
        // Asked without a transaction: a quiet hub has nothing that waits.
        if waiting(&self.pools().readers, 1).await?.is_empty() {
            return Ok(0);
        }
        let turn = self.pools().turn().await?;
        let laid = self.lay_in(&turn, most).await;
        turn.end(laid.is_ok()).await?;
        laid
    }

    async fn lay_in(&self, turn: &Turn<'_>, most: u64) -> Result<u64, Error> {
        let tx = turn.begin().await?;
        #[expect(clippy::disallowed_methods, reason = "the hub's own chain has no viewer")]
        let chain = audit_chain::Entity::find().filter(audit_chain::Column::Id.eq(AuditChain::only().key()));
        let chain = chain.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(&tx).await?;
        let Some(chain) = chain else { return Ok(0) };
        let mut end = ChainEnd { number: chain.number, hash: kept(TABLE, &chain.hash)? };
        let (before, mut links) = (end.number, Vec::new());
        for (_, row_id, noun, digest) in waiting(&tx, most).await? {
            end = ChainEnd { number: end.number + 1, hash: linked(end.hash, digest) };
            let (digest, hash) = (digest.bytes().to_vec(), end.hash.bytes().to_vec());
            let link = audit_link::Model { number: end.number, noun: noun.into(), row_id, digest, hash };
            links.push(link.into_active_model().reset_all());
        }
        let laid = links.len() as u64;
        if laid > 0 {
            self.dialect().run(&tx, inserts(self.dialect().backend(), links)).await?;
            self.place(&tx, before, laid).await?;
            let now = self.clock().now().micros();
            let begun = if chain.told_at > 0 { chain.told_at } else { now };
            let to = audit_chain::Entity::update_many()
                .col_expr(audit_chain::Column::Number, Expr::val(end.number))
                .col_expr(audit_chain::Column::Hash, Expr::val(end.hash.bytes().to_vec()))
                .col_expr(audit_chain::Column::ToldAt, Expr::val(begun));
            to.filter(audit_chain::Column::Id.eq(chain.id)).exec(&tx).await?;
        }
        tx.commit().await?;
        metrics::gauge!("hub_audit_chain_number").set(end.number as f64);
        Ok(laid)
    }

    /// Writes its place beside each line that was taken up.
    async fn place(&self, tx: &DatabaseTransaction, before: i64, laid: u64) -> Result<(), Error> {
        let mut placed = 0;
        for noun in [AUDIT, LEDGER] {
            let sql = format!(
                "UPDATE {noun} SET link = laid.number FROM audit_link AS laid
                 WHERE laid.row_id = {noun}.id AND laid.noun = '{noun}' AND laid.number > $1"
            );
            let place = Statement::from_sql_and_values(self.dialect().backend(), sql, [before.into()]);
            placed += tx.execute_raw(place).await?.rows_affected();
        }
        if placed == laid { Ok(()) } else { Err(Error::Corrupt { table: TABLE, what: "links" }) }
    }
}

/// The first lines that wait, of both tables, by their instants.
async fn waiting(conn: &impl ConnectionTrait, most: u64) -> Result<Vec<Waiting>, Error> {
    use {audit_entry::Column as A, disclosure::Column as D};
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
    let audit = audit_entry::Entity::find().filter(A::Link.is_null()).order_by_asc(A::At).order_by_asc(A::Id);
    #[expect(clippy::disallowed_methods, reason = "the hub's own chain binds every line and shows none")]
    let ledger = disclosure::Entity::find().filter(D::Link.is_null()).order_by_asc(D::At).order_by_asc(D::Id);
    let audit = audit.limit(most).all(conn).await?;
    let ledger = ledger.limit(most).all(conn).await?;
    let mut lines: Vec<Waiting> = audit.iter().map(|row| (row.at, row.id, AUDIT, audit_digest(row))).collect();
    lines.extend(ledger.iter().map(|row| (row.at, row.id, LEDGER, ledger_digest(row))));
    lines.sort_unstable_by_key(|(at, id, ..)| (*at, *id));
    lines.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(lines)
}
