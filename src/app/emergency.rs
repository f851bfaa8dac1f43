//! Verbs of medical emergencies: each opening is written down as it is made, and reviewed by a privacy office.
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::emergency::{
    EmergencyAccount, EmergencyDisclosure, EmergencyNature, EmergencyReview, ReviewVerdict,
};
use crate::domain::handoff::Handoff;
use crate::domain::id::{EmergencyDisclosureId, OrganizationId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::sealed::{Disclosure, DisclosureBasis, DisclosureReason, Purpose, Tier, parties};
use crate::domain::time::At;
use crate::policy::view::{self, EmergencyView};
use crate::policy::{Machine, Scope, Viewer, permit};
use crate::store::{Committed, Keyed, Tx};
use std::collections::BTreeSet;

/// What is said when something is opened in an emergency. It has no `Debug`: it names people.
#[derive(Clone)]
pub struct InEmergency {
    /// The nature of the emergency.
    pub nature: EmergencyNature,
    /// The person cannot be asked.
    pub consent_unobtainable: bool,
    /// The rest, in words.
    pub says: EmergencyAccount,
}

/// Says what a privacy office says of an opening.
#[derive(Clone, Debug)]
pub struct ReviewEmergency {
    /// Which.
    pub opened: EmergencyDisclosureId,
    /// What it says.
    pub verdict: ReviewVerdict,
    /// The version that the client read; any when not given.
    pub expected_version: Option<i64>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// An opening with what was said with it.
pub struct AccountRead {
    /// The opening.
    pub view: EmergencyView,
    /// What was said.
    pub says: EmergencyAccount,
}

/// Whether the viewer may open a program's records in an emergency at all: asked before anything is looked up.
pub(super) async fn admit(tx: &Tx, viewer: &Viewer) -> Result<(), Error> {
    Ok(permit::is_medical(viewer, &home(tx, viewer).await?)?)
}

/// The viewer's agency.
async fn home(tx: &Tx, viewer: &Viewer) -> Result<Organization, Error> {
    let own = viewer.organization().ok_or(Error::Forbidden)?;
    tx.consult::<OrganizationDetails>(own).await?.ok_or(Error::NotFound)
}

/// The program whose records are opened: another agency of the handoff that is one, or that wrote in it when it was one. Where there
/// is none, nothing waits for a consent, and no privacy office would have anything to review.
pub(super) async fn program(
    tx: &Tx,
    viewer: &Viewer,
    of: &Handoff,
    programs: &BTreeSet<OrganizationId>,
) -> Result<OrganizationId, Error> {
    let own = viewer.organization().ok_or(Error::Forbidden)?;
    let written = tx.entries_of(&[of.id], &[Tier::Clinical, Tier::Part2]).await?;
    let wrote = written.iter().filter(|entry| entry.part2).map(|entry| entry.author);
    let mut every = parties(of).into_iter().filter(|party| programs.contains(party)).chain(wrote);
    every.find(|agency| *agency != own).ok_or_else(|| {
        Error::BadInput("no other program under 42 CFR Part 2 is part of this handoff: ask for TREATMENT".into())
    })
}

/// Writes down an opening of what a program wrote, beside the ledger's lines and before anything is opened. The handoff is locked,
/// for its key may be made here.
pub(super) async fn opened(
    tx: &Tx,
    viewer: &Viewer,
    (of, program): (&Handoff, OrganizationId),
    with: &InEmergency,
    at: At,
) -> Result<(), Error> {
    let grant = viewer.grant().ok_or(Error::Forbidden)?;
    if !tx.is_openable(of).await? {
        // Nothing is opened any more.
        return Ok(());
    }
    let id = tx.id();
    let permit = permit::open_in_emergency(viewer, of, id)?;
    let opened = EmergencyDisclosure {
        id,
        region: of.region,
        version: 1,
        handoff: of.id,
        author: program,
        organization: grant.organization,
        grant: grant.id,
        role: grant.role,
        nature: with.nature,
        at,
        review: EmergencyReview::Awaited,
        review_by: Some(EmergencyDisclosure::review_by(at)),
        late: false,
        reviewed_at: None,
        reviewer: None,
        sealed: Vec::new(),
    };
    let sealed = tx.close_account(of, &opened, &with.says).await?;
    tx.save(permit, &EmergencyDisclosure { sealed, ..opened }.opened()).await?;
    Ok(())
}

/// Says what the privacy office of the agency that wrote says of an opening.
pub async fn review(hub: &Hub, viewer: &Viewer, input: ReviewEmergency) -> Result<Outcome<EmergencyView>, Error> {
    log::known(viewer)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| review_in(tx, viewer, input)).await?;
    done.seen(|opened| view::emergency(&Scope::of(viewer), opened))
}

async fn review_in(tx: Tx, viewer: &Viewer, input: &ReviewEmergency) -> Result<Committed<EmergencyDisclosure>, Error> {
    let home = home(&tx, viewer).await?;
    let opened = tx.emergency(input.opened).await?.ok_or(Error::NotFound)?;
    let (reviewer, permit) = (viewer.grant_id(), permit::review_emergency(viewer, &home, &opened)?);
    let refused = |code| Error::Refused(vec![Problem::new(code).with_current(opened.id)]);
    if input.expected_version.is_some_and(|version| version != opened.version) {
        return Err(refused(ProblemCode::StaleVersion));
    }
    let reviewer = reviewer.ok_or(Error::Forbidden)?;
    let changed = opened.reviewed(input.verdict, reviewer, tx.now());
    let changed = changed.map_err(|_| refused(ProblemCode::WrongState))?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [opened.id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

fn seen(viewer: &Viewer, opened: EmergencyDisclosure) -> Result<EmergencyView, Error> {
    view::emergency(&Scope::of(viewer), opened).ok_or(Error::NotFound)
}

/// Reads what was said with an opening, for the privacy office of either agency: the ledger says who does, and then it is opened.
pub async fn read(hub: &Hub, viewer: &Viewer, id: EmergencyDisclosureId) -> Result<Outcome<AccountRead>, Error> {
    log::known(viewer)?;
    let read = hub
        .store()
        .write(viewer, |tx| async move {
            let home = home(&tx, viewer).await?;
            let opened = tx.emergency(id).await?.ok_or(Error::NotFound)?;
            let permit = permit::read_emergency(viewer, &home, &opened)?;
            let grant = viewer.grant().ok_or(Error::Forbidden)?;
            let line = Disclosure {
                id: tx.id(),
                region: opened.region,
                at: tx.now(),
                grant: grant.id,
                role: grant.role,
                organization: grant.organization,
                handoff: opened.handoff,
                tier: Tier::Part2,
                purpose: Purpose::MedicalEmergency,
                author: Some(opened.author),
                consent: None,
                basis: DisclosureBasis::EmergencyReview,
                reason: Some(DisclosureReason::Emergency(opened.nature)),
                entries: 0,
            };
            let noted = tx.note_disclosure(&permit, &line).await?;
            let says = tx.open_account(&noted, &opened).await?;
            let ended = || Error::Refused(vec![Problem::new(ProblemCode::RetentionEnded).with_current(opened.id)]);
            let read = AccountRead { says: says.ok_or_else(ended)?, view: seen(viewer, opened.clone())? };
            Ok::<Committed<_>, Error>(tx.commit(Outcome::done(read, false)).await?)
        })
        .await;
    Outcome::settle(read)
}

/// Tells the log which reviews are late.
pub(super) async fn reviews_are_due(hub: &Hub, due: &[EmergencyDisclosureId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            for opened in tx.emergencies(due).await? {
                let now = tx.now();
                let due = !tx.take_due(opened.id, now).await?.is_empty();
                if let Some(changed) = opened.tell_time(now).filter(|_| due) {
                    tx.save(permit::tell_emergency(me, &opened)?, &changed).await?;
                }
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}

/// Whether the viewer's agency may have an office that knows of openings.
fn has_an_office(hub: &Hub, viewer: &Viewer, scope: &Scope) -> bool {
    let home = viewer.organization().and_then(|own| hub.board().now().entry::<OrganizationDetails>(scope, own));
    home.is_some_and(|home| permit::knows_of_emergencies(viewer, &home))
}

/// Openings by id, in the order asked; none for each that is absent or not the viewer's to see.
pub async fn get(
    hub: &Hub,
    viewer: &Viewer,
    ids: &[EmergencyDisclosureId],
) -> Result<Vec<Option<EmergencyView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.emergencies(ids).await?;
    let scope = Scope::of(viewer);
    let found = if has_an_office(hub, viewer, &scope) { found } else { Vec::new() };
    let one = |id: &EmergencyDisclosureId| {
        found.iter().find(|opened| opened.id == *id).cloned().and_then(|opened| view::emergency(&scope, opened))
    };
    Ok(ids.iter().map(one).collect())
}

/// Openings between two ids, latest first, in one state of review where one is asked for.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    review: Option<EmergencyReview>,
    between: (Option<EmergencyDisclosureId>, Option<EmergencyDisclosureId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<EmergencyView>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.list_emergencies(review, between, most, from_end).await?;
    let scope = Scope::of(viewer);
    let found = if has_an_office(hub, viewer, &scope) { found } else { Vec::new() };
    Ok(found.into_iter().filter_map(|opened| view::emergency(&scope, opened)).collect())
}
