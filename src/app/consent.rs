//! Verbs of consents: what a person agreed that may be told, recorded and revoked within a handoff.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, by_handoff, guardian, log};
use crate::domain::entry::Version;
use crate::domain::id::{ConsentId, HandoffId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::role::Role;
use crate::domain::sealed::{
    CONSENTS_MAX, Consent, ConsentFact, Disclosure, DisclosureBasis, NewConsent, Purpose, Standing, Tier, parties,
    standing,
};
use crate::domain::share::{self, SHARES_MAX};
use crate::domain::time::At;
use crate::policy::{Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::HashMap;

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
    once(hub, viewer, input.keyed.as_ref(), |tx| record_in(tx, hub, viewer, input)).await
}

async fn record_in(tx: Tx, hub: &Hub, viewer: &Viewer, input: &RecordConsent) -> Result<Committed<Consent>, Error> {
    let (recorder, grant) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
    let mut told_well = true;
    for agency in &input.terms.to {
        let agency = tx.consult::<OrganizationDetails>(*agency).await?.ok_or(Error::NotFound)?;
        told_well &= !input.terms.tells() || share::may_be_told(&agency);
    }
    // The directory before the handoff, as by everybody who holds both.
    let program = program(&tx, input.terms.handoff).await?;
    let handoff = tx.handoff(input.terms.handoff).await?.ok_or(Error::NotFound)?;
    let id = tx.id();
    let permit = permit::keep_consent(viewer, &handoff, id, None)?;
    let refused = |code, path| Error::Refused(vec![Problem::new(code).at(&[path]).with_current(handoff.id)]);
    // Whoever was only asked, or has nothing of it any more, has nobody to ask.
    if !standing(&handoff, recorder, tx.now()).opens() {
        return Err(refused(ProblemCode::WrongState, "handoffId"));
    }
    if !told_well {
        return Err(refused(ProblemCode::NobodyToTell, "toIds"));
    }
    let (before, at) = (tx.consents_of(&[handoff.id]).await?, tx.now());
    if before.len() >= CONSENTS_MAX {
        return Err(refused(ProblemCode::OutOfRange, "handoffId"));
    }
    guardian::may_sign(&tx, hub, &handoff, input.terms.signer).await?;
    let terms = ConsentFact { program, ..input.terms.clone() };
    if terms.tells() && share::told_from(&before, at) + terms.to.len() > SHARES_MAX {
        return Err(refused(ProblemCode::OutOfRange, "toIds"));
    }
    let changed = Consent::record(NewConsent { id, terms, recorder, grant }, &handoff, at)?;
    if changed.state().stands(at) {
        let role = viewer.role().ok_or(Error::Forbidden)?;
        for line in told(&tx, changed.state(), role, at) {
            let _noted = tx.note_disclosure(&permit, &line).await?;
        }
    }
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Whether one of a handoff's agencies is a program under 42 CFR Part 2.
async fn program(tx: &Tx, of: HandoffId) -> Result<bool, Error> {
    let known = tx.handoffs_as_they_are(&[of]).await?.pop().ok_or(Error::NotFound)?;
    let mut program = false;
    for agency in parties(&known) {
        let agency = tx.consult::<OrganizationDetails>(agency).await?;
        program |= agency.is_some_and(|agency| agency.details.part2_program);
    }
    Ok(program)
}

/// The ledger's lines of a consent that begins to tell: one for each agency, which from now on is told as things happen. The role is
/// that of whoever recorded it.
pub(super) fn told(tx: &Tx, consent: &Consent, role: Role, at: At) -> Vec<Disclosure> {
    let line = |to: &OrganizationId| Disclosure {
        id: tx.id(),
        region: consent.region,
        at,
        grant: consent.grant,
        role,
        organization: *to,
        handoff: consent.handoff,
        tier: Tier::Outcome,
        purpose: Purpose::CareCoordination,
        author: Some(consent.terms.from),
        consent: Some(consent.id),
        basis: DisclosureBasis::ToldByConsent,
        reason: None,
        entries: 0,
    };
    consent.terms.to.iter().filter(|_| consent.terms.tells()).map(line).collect()
}

/// Revokes a consent for good: what is asked from now on is no longer told under it.
pub async fn revoke(hub: &Hub, viewer: &Viewer, input: RevokeConsent) -> Result<Outcome<Consent>, Error> {
    log::known(viewer)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| revoke_in(tx, viewer, input)).await
}

async fn revoke_in(tx: Tx, viewer: &Viewer, input: &RevokeConsent) -> Result<Committed<Consent>, Error> {
    let consent = seen(viewer, tx.consent(input.consent).await?)?;
    tx.stop_consents(consent.handoff).await?;
    let handoff = tx.handoff(consent.handoff).await?.ok_or(Error::NotFound)?;
    // Read after the locks: whoever revoked it before has committed, and so has whoever told something under it.
    let consent = seen(viewer, tx.consent(input.consent).await?)?;
    let permit = permit::keep_consent(viewer, &handoff, consent.id, Some(&consent))?;
    let own = viewer.organization().ok_or(Error::Forbidden)?;
    if consent.recorder != own && standing(&handoff, own, tx.now()) == Standing::OnlyAsked {
        return Err(Error::Forbidden);
    }
    let refused = |code| Error::Refused(vec![Problem::new(code).with_current(consent.id)]);
    if input.expected_version.is_some_and(|version| version != consent.version) {
        return Err(refused(ProblemCode::StaleVersion));
    }
    let changed = consent.revoke(&handoff, tx.now()).ok_or_else(|| refused(ProblemCode::WrongState))?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [consent.id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

fn seen(viewer: &Viewer, consent: Option<Consent>) -> Result<Consent, Error> {
    consent.filter(|consent| permit::knows_consent(viewer, consent)).ok_or(Error::NotFound)
}

/// The consents of handoffs, revoked and ended ones too, latest first; of each handoff those that the viewer knows of.
pub async fn of_handoffs(
    hub: &Hub,
    viewer: &Viewer,
    of: &[HandoffId],
) -> Result<HashMap<HandoffId, Vec<Consent>>, Error> {
    log::known(viewer)?;
    let mut found = hub.store().read(viewer).await?.consents_of(of).await?;
    found.sort_unstable_by_key(|consent| std::cmp::Reverse((consent.recorded_at, consent.id)));
    let known = found.into_iter().filter(|consent| permit::knows_consent(viewer, consent));
    Ok(by_handoff(known, |consent| consent.handoff))
}

/// Consents by id, in the order asked; none for each that is absent, or not the viewer's to know of.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[ConsentId]) -> Result<Vec<Option<Consent>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.consents(ids).await?;
    let one = |id: &ConsentId| found.iter().find(|one| one.id == *id && permit::knows_consent(viewer, one)).cloned();
    Ok(ids.iter().map(one).collect())
}
