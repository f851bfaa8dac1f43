//! Verbs of threats: told by those who hold a person, and read by those who can lessen it.
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, log};
use crate::domain::handoff::Handoff;
use crate::domain::id::{HandoffId, OrganizationId, ThreatDisclosureId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::sealed::{Disclosure, DisclosureBasis, DisclosureReason, Purpose, Tier};
use crate::domain::threat::{
    self, NotTold, READ_MINUTES, THREATS_MAX, ThreatBasis, ThreatDisclosure, ThreatFacts, may_tell,
};
use crate::domain::time::At;
use crate::policy::view::{self, ThreatView};
use crate::policy::{Scope, Viewer, permit, told};
use crate::store::{Committed, Keyed, Tx};
use secrecy::zeroize::Zeroizing;

/// Tells a threat. It has no `Debug`: what it says belongs in no log.
#[derive(Clone)]
pub struct DiscloseThreat {
    /// In which handoff.
    pub handoff: HandoffId,
    /// Which agency is told.
    pub to: OrganizationId,
    /// On which ground.
    pub basis: ThreatBasis,
    /// What is told.
    pub says: String,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// A threat, opened.
pub struct ThreatRead {
    /// What may be known of it unopened.
    pub view: ThreatView,
    /// What it says.
    pub says: String,
}

/// Tells one agency of a threat, from a handoff in which the viewer's agency holds the person.
pub async fn disclose(hub: &Hub, viewer: &Viewer, input: DiscloseThreat) -> Result<Outcome<ThreatView>, Error> {
    log::known(viewer)?;
    threat::check(&input.says)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| disclose_in(tx, viewer, input)).await?;
    done.seen(|facts| view::threat(&Scope::of(viewer), facts, facts.at))
}

impl Again for ThreatFacts {
    type Id = ThreatDisclosureId;

    async fn again(tx: &Tx, ids: &[ThreatDisclosureId]) -> Result<Option<Self>, Error> {
        let Some(id) = ids.first() else { return Ok(None) };
        Ok(tx.threat(*id).await?.map(|threat| threat.facts))
    }
}

async fn disclose_in(tx: Tx, viewer: &Viewer, input: &DiscloseThreat) -> Result<Committed<ThreatFacts>, Error> {
    let grant = viewer.grant().ok_or(Error::Forbidden)?;
    let own = grant.organization;
    let home = tx.consult::<OrganizationDetails>(own).await?.ok_or(Error::NotFound)?;
    let to = tx.consult::<OrganizationDetails>(input.to).await?.filter(|to| !to.retired).ok_or(Error::NotFound)?;
    let handoff = tx.handoff(input.handoff).await?.ok_or(Error::NotFound)?;
    let (id, at) = (tx.id(), tx.now());
    let permit = permit::disclose_threat(viewer, &handoff, id)?;
    let refused = |code, path| Error::Refused(vec![Problem::new(code).at(&[path]).with_current(handoff.id)]);
    let knows = knows_by_program(&tx, &handoff, own).await?;
    may_tell(&handoff, (own, &home.details), &to.details, input.basis, knows).map_err(|why| match why {
        NotTold::NotHeld => refused(ProblemCode::WrongState, "handoffId"),
        NotTold::Program => refused(ProblemCode::Part2Program, "handoffId"),
        NotTold::NotLaw => refused(ProblemCode::NobodyToTell, "basis"),
    })?;
    if to.id == own || !told::can_read_threats(&to.details) {
        return Err(refused(ProblemCode::NobodyToTell, "toId"));
    }
    if !tx.is_openable(&handoff).await? {
        return Err(refused(ProblemCode::RetentionEnded, "handoffId"));
    }
    if tx.threats_of(handoff.id, own).await? >= THREATS_MAX as u64 {
        return Err(refused(ProblemCode::OutOfRange, "handoffId"));
    }
    let facts = ThreatFacts {
        id,
        region: handoff.region,
        handoff: handoff.id,
        from: own,
        to: to.id,
        basis: input.basis,
        grant: grant.id,
        at,
        until: at.plus_minutes(READ_MINUTES),
    };
    let line = line(&tx, viewer, &facts, DisclosureBasis::Threat, at)?;
    let noted = tx.note_disclosure(&permit, &line).await?;
    let sealed = tx.close_threat(&noted, &handoff, &facts, &input.says).await?;
    tx.save(permit, &ThreatDisclosure::tell(facts, sealed)).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(facts).await?)
}

/// Whether an agency knows in this handoff what a program wrote: as that program then, or because its people opened it.
async fn knows_by_program(tx: &Tx, of: &Handoff, own: OrganizationId) -> Result<bool, Error> {
    let written = tx.entries_of(&[of.id], &[Tier::Clinical, Tier::Part2]).await?;
    let mut of_programs = written.iter().filter(|entry| entry.part2);
    Ok(of_programs.clone().any(|entry| entry.author == own)
        || (of_programs.next().is_some() && tx.opened_of_programs(of.id, own).await?))
}

/// The ledger's line: the agency that is told, under the grant of whoever tells or reads, at the one instant of the write.
fn line(tx: &Tx, viewer: &Viewer, of: &ThreatFacts, basis: DisclosureBasis, at: At) -> Result<Disclosure, Error> {
    let grant = viewer.grant().ok_or(Error::Forbidden)?;
    Ok(Disclosure {
        id: tx.id(),
        region: of.region,
        at,
        grant: grant.id,
        role: grant.role,
        organization: of.to,
        handoff: of.handoff,
        tier: Tier::Threat,
        purpose: Purpose::Safety,
        author: Some(of.from),
        consent: None,
        basis,
        reason: Some(DisclosureReason::Threat(of.basis)),
        entries: 1,
    })
}

/// Reads what was told of a threat: the ledger says who does, and then it is opened.
pub async fn read(hub: &Hub, viewer: &Viewer, id: ThreatDisclosureId) -> Result<Outcome<ThreatRead>, Error> {
    log::known(viewer)?;
    let read = hub
        .store()
        .write(viewer, |tx| async move {
            let threat = tx.threat(id).await?.ok_or(Error::NotFound)?;
            let permit = permit::read_threat(viewer, &threat.facts)?;
            let line = line(&tx, viewer, &threat.facts, DisclosureBasis::ThreatRead, tx.now())?;
            let noted = tx.note_disclosure(&permit, &line).await?;
            let says = tx.open_threat(&noted, &threat).await?.ok_or_else(ended)?;
            Ok::<Committed<_>, Error>(tx.commit((threat.facts, Zeroizing::new(says), line.at)).await?)
        })
        .await;
    Outcome::settle(read.and_then(|(facts, says, at)| {
        let view = view::threat(&Scope::of(viewer), facts, at).ok_or(Error::NotFound)?;
        Ok(Outcome::done(ThreatRead { view, says: says.to_string() }, false))
    }))
}

fn ended() -> Error {
    Error::Refused(vec![Problem::new(ProblemCode::RetentionEnded)])
}

/// Threats by id, unopened, in the order asked; none for each that is absent, or not the viewer's to read any more.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[ThreatDisclosureId]) -> Result<Vec<Option<ThreatView>>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.threats(ids).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &ThreatDisclosureId| view::threat(&scope, *found.iter().find(|threat| threat.id == *id)?, now);
    Ok(ids.iter().map(one).collect())
}

/// Threats between two ids, unopened, latest first; the first `most`, or with `from_end` the last.
pub async fn list(
    hub: &Hub,
    viewer: &Viewer,
    between: (Option<ThreatDisclosureId>, Option<ThreatDisclosureId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<ThreatView>, Error> {
    log::known(viewer)?;
    let found = hub.store().read(viewer).await?.list_threats(between, most, from_end).await?;
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    Ok(found.into_iter().filter_map(|threat| view::threat(&scope, threat, now)).collect())
}
