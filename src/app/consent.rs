//! Verbs of consents: what a person agreed that may be told, recorded and revoked within a handoff.
use super::error::Error;
use super::keyed::{remember, replayed_one};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::entry::Version;
use crate::domain::id::ConsentId;
use crate::domain::organization::OrganizationDetails;
use crate::domain::sealed::{CONSENTS_MAX, Consent, ConsentFact, NewConsent};
use crate::policy::{Viewer, permit};
use crate::store::{Committed, Keyed, Tx};

/// Records a consent.
#[derive(Clone, Debug)]
pub struct RecordConsent {
    /// What it says.
    pub terms: ConsentFact,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Revokes a consent.
#[derive(Clone, Debug)]
pub struct RevokeConsent {
    /// Which.
    pub consent: ConsentId,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Records what a person agreed to.
pub async fn record(hub: &Hub, viewer: &Viewer, input: RecordConsent) -> Result<Outcome<Consent>, Error> {
    log::known(viewer)?;
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            match done_before(&tx, input.keyed.as_ref()).await? {
                Some(consent) => Ok(tx.commit(Outcome::done(consent, true)).await?),
                None => record_in(tx, viewer, input).await,
            }
        })
        .await;
    Outcome::settle(written)
}

async fn record_in(tx: Tx, viewer: &Viewer, input: &RecordConsent) -> Result<Committed<Outcome<Consent>>, Error> {
    let (recorder, grant) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
    for agency in &input.terms.to {
        tx.consult::<OrganizationDetails>(*agency).await?.ok_or(Error::NotFound)?;
    }
    let handoff = tx.handoff(input.terms.handoff).await?.ok_or(Error::NotFound)?;
    let id = tx.id();
    let permit = permit::keep_consent(viewer, &handoff, id, None)?;
    if tx.consents_of(&[handoff.id]).await?.len() >= CONSENTS_MAX {
        let problem = Problem::new(ProblemCode::OutOfRange).at(&["handoffId"]).with_current(handoff.id);
        return Err(Error::Refused(vec![problem]));
    }
    let new = NewConsent { id, terms: input.terms.clone(), recorder, grant };
    let changed = Consent::record(new, &handoff, tx.now())?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(Outcome::done(changed.into_state(), false)).await?)
}

/// Revokes a consent for good: what is asked from now on is no longer told under it.
pub async fn revoke(hub: &Hub, viewer: &Viewer, input: RevokeConsent) -> Result<Outcome<Consent>, Error> {
    log::known(viewer)?;
    let input = &input;
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            match done_before(&tx, input.keyed.as_ref()).await? {
                Some(consent) => Ok(tx.commit(Outcome::done(consent, true)).await?),
                None => revoke_in(tx, viewer, input).await,
            }
        })
        .await;
    Outcome::settle(written)
}

async fn revoke_in(tx: Tx, viewer: &Viewer, input: &RevokeConsent) -> Result<Committed<Outcome<Consent>>, Error> {
    let consent = seen(viewer, tx.consent(input.consent).await?)?;
    tx.stop_consents(consent.handoff).await?;
    let handoff = tx.handoff(consent.handoff).await?.ok_or(Error::NotFound)?;
    // Read after the locks: whoever revoked it before has committed, and so has whoever told something under it.
    let consent = seen(viewer, tx.consent(input.consent).await?)?;
    let permit = permit::keep_consent(viewer, &handoff, consent.id, Some(&consent))?;
    let refused = |code| Error::Refused(vec![Problem::new(code).with_current(consent.id)]);
    if input.expected_version.is_some_and(|version| version != consent.version) {
        return Err(refused(ProblemCode::StaleVersion));
    }
    let changed = consent.revoke(&handoff, tx.now()).ok_or_else(|| refused(ProblemCode::WrongState))?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [consent.id]).await?;
    Ok(tx.commit(Outcome::done(changed.into_state(), false)).await?)
}

fn seen(viewer: &Viewer, consent: Option<Consent>) -> Result<Consent, Error> {
    consent.filter(|consent| permit::knows_consent(viewer, consent)).ok_or(Error::NotFound)
}

async fn done_before(tx: &Tx, keyed: Option<&Keyed>) -> Result<Option<Consent>, Error> {
    let Some(id) = replayed_one(tx, keyed).await? else { return Ok(None) };
    Ok(Some(tx.consent(id).await?.ok_or(Error::NotFound)?))
}

/// Consents by id, in the order asked; none for each that is absent, or not the viewer's to know of.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[ConsentId]) -> Result<Vec<Option<Consent>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.consents(ids).await?;
    let one = |id: &ConsentId| found.iter().find(|one| one.id == *id && permit::knows_consent(viewer, one)).cloned();
    Ok(ids.iter().map(one).collect())
}
