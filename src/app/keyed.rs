//! Idempotency keys: what a request did before is answered again, and done once.
use super::Hub;
use super::error::Error;
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::domain::bed::BedUnit;
use crate::domain::call::Call;
use crate::domain::emergency::EmergencyDisclosure;
use crate::domain::episode::Episode;
use crate::domain::follow_up::FollowUp;
use crate::domain::grant::Grant;
use crate::domain::guardian::Guardian;
use crate::domain::handoff::Handoff;
use crate::domain::hold::Hold;
use crate::domain::id::{self, GlobalId, NounId};
use crate::domain::legal_hold::LegalHold;
use crate::domain::notice::Notice;
use crate::domain::on_call::OnCall;
use crate::domain::poll::BedUpdateRequest;
use crate::domain::preservation::Preservation;
use crate::domain::push::PushSubscription;
use crate::domain::sealed::Consent;
use crate::domain::team::Team;
use crate::policy::Viewer;
use crate::store::{Committed, Keyed, Replay, Tx};
use futures_util::future::BoxFuture;
use std::future::Future;

/// What a request answers, and answers again when it comes again.
pub(super) trait Again: Sized + Send {
    /// What its key remembers of it.
    type Id: NounId;

    /// What was answered, read again through the viewer's present scope; nothing where they see it no more.
    fn again(tx: &Tx, ids: &[Self::Id]) -> impl Future<Output = Result<Option<Self>, Error>> + Send;
}

/// Does in one write what a request asks, or answers again what the same request did before. On the heap: all mutations stand in
/// one resolver, and each would take its room there.
pub(super) fn once<'a, T, V, F>(
    hub: &'a Hub,
    viewer: &'a Viewer,
    keyed: Option<&'a Keyed>,
    verb: V,
) -> BoxFuture<'a, Result<Outcome<T>, Error>>
where
    T: Again + 'a,
    V: Fn(Tx) -> F + Send + Sync + 'a,
    F: Future<Output = Result<Committed<T>, Error>> + Send + 'a,
{
    Box::pin(async move {
        let verb = &verb;
        let written = hub.store().write(viewer, |tx| async move {
            match replayed::<T::Id>(&tx, keyed).await? {
                Some(ids) => {
                    let before = T::again(&tx, &ids).await?.ok_or(Error::NotFound)?;
                    Ok(tx.commit(Outcome::done(before, true)).await?)
                }
                None => Ok(verb(tx).await?.map(|now| Outcome::done(now, false))),
            }
        });
        Outcome::settle(written.await)
    })
}

/// What a key was used for before: the ids that its effect answered.
async fn replayed<I: NounId>(tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<Vec<I>>, Error> {
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

/// What is answered as it is kept, under one id.
macro_rules! again {
    ($($read:ident: $id:ident => $noun:ty;)*) => {$(
        impl Again for $noun {
            type Id = id::$id;

            async fn again(tx: &Tx, ids: &[Self::Id]) -> Result<Option<Self>, Error> {
                let Some(id) = ids.first() else { return Ok(None) };
                Ok(tx.$read(*id).await?)
            }
        }
    )*};
}

again! {
    bed_hold: BedHoldId => Hold;
    bed_unit: BedUnitId => BedUnit;
    bed_update_request: BedUpdateRequestId => BedUpdateRequest;
    call: CallId => Call;
    consent: ConsentId => Consent;
    emergency: EmergencyDisclosureId => EmergencyDisclosure;
    episode: EpisodeId => Episode;
    follow_up: FollowUpId => FollowUp;
    grant: GrantId => Grant;
    guardian: GuardianId => Guardian;
    handoff: HandoffId => Handoff;
    legal_hold: LegalHoldId => LegalHold;
    notice: NoticeId => Notice;
    on_call: OnCallId => OnCall;
    preservation: PreservationId => Preservation;
    push_subscription: PushSubscriptionId => PushSubscription;
    team: TeamId => Team;
}
