//! Idempotency keys: what a request did before is answered again, and done once.
use super::error::Error;
use super::outcome::{Problem, ProblemCode};
use crate::domain::id::{GlobalId, NounId};
use crate::store::{Keyed, Replay, Tx};

/// What a key was used for before: the ids that its effect answered.
pub(super) async fn replayed<I: NounId>(tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<Vec<I>>, Error> {
    let Some(keyed) = keyed else { return Ok(None) };
    match tx.replay(keyed).await? {
        Replay::Fresh => Ok(None),
        Replay::Same(ids) => Ok(Some(ids.split(' ').filter_map(|id| GlobalId::parse(id)?.as_noun()).collect())),
        Replay::Other => {
            Err(Error::Refused(vec![Problem::new(ProblemCode::IdempotencyConflict).at(&["idempotencyKey"])]))
        }
    }
}

/// What a key was used for before, where the effect answers one id.
pub(super) async fn replayed_one<I: NounId>(tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<I>, Error> {
    let Some(ids) = replayed(tx, keyed).await? else { return Ok(None) };
    ids.first().copied().map(Some).ok_or(Error::NotFound)
}

/// Remembers what a key was used for: the ids that its effect answers.
pub(super) async fn remember<I>(tx: &Tx, keyed: Option<&Keyed>, ids: impl IntoIterator<Item = I>) -> Result<(), Error>
where
    GlobalId: From<I>,
{
    let Some(keyed) = keyed else { return Ok(()) };
    let ids: Vec<String> = ids.into_iter().map(|id| GlobalId::from(id).to_string()).collect();
    Ok(tx.remember(keyed, ids.join(" ")).await?)
}
