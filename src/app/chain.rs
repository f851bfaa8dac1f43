//! The chain of the audit and the ledger: laid on, and its end told.
use super::Hub;
use super::error::Error;
use crate::domain::chain::ChainEnd;
use crate::policy::{Machine, Viewer, permit};
use crate::store::Committed;

/// Most lines that one batch takes up: on SQLite other writes wait behind it.
pub const BATCH_MAX: u64 = 100;

/// Takes one batch of lines into the chain, and answers how many.
pub async fn lay(hub: &Hub) -> Result<u64, Error> {
    Ok(hub.store().apart().lay_chain(BATCH_MAX).await?)
}

/// Tells the log, and the node's own lines, where the chain ends, when that is due: every 5 minutes, if it has moved.
///
/// The line is for whoever keeps what the node says elsewhere: `crisis-hub verify --anchor` compares with it.
pub async fn tell(hub: &Hub) -> Result<Option<ChainEnd>, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    let told = hub
        .store()
        .apart()
        .write(me, |tx| async move {
            let chain = tx.audit_chain().await?.ok_or(Error::NotFound)?;
            let Some(changed) = chain.tell(tx.now()) else {
                return Ok::<Committed<_>, Error>(tx.commit(None).await?);
            };
            tx.save(permit::tell_chain(me, &chain)?, &changed).await?;
            Ok(tx.commit(Some(changed.into_state().end)).await?)
        })
        .await?;
    if let Some(end) = told {
        tracing::info!(number = end.number, hash = %end.hash, anchor = %end, "the chain of the audit has grown");
    }
    Ok(told)
}
