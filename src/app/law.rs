//! Whose law is kept to where, whom its clocks concern, and what verbs about them have in common.
use super::Hub;
use super::error::Error;
use super::outcome::{Problem, ProblemCode};
use super::{guardian, legal_hold};
use crate::domain::entry::Changed;
use crate::domain::episode::Episode;
use crate::domain::handoff::Handoff;
use crate::domain::id::{EpisodeId, GrantId, HandoffId, OrganizationId, RegionId};
use crate::domain::jurisdiction::Jurisdiction;
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::region::RegionDetails;
use crate::domain::sealed::standing;
use crate::domain::time::At;
use crate::policy::permit::{self, Acts, Permit};
use crate::policy::{Machine, Scope, Viewer};
use crate::store::{KeptBy, Tx};
use futures_util::future::BoxFuture;

/// The jurisdiction of a code, if the hub knows it.
pub fn jurisdiction<'a>(hub: &'a Hub, code: &str) -> Option<&'a Jurisdiction> {
    hub.rules().law.get(code)
}

/// Whose law a region keeps to, where that is said.
pub(super) fn of(hub: &Hub, region: RegionId) -> Option<&Jurisdiction> {
    let (scope, board) = (Scope::of(&Viewer::machine(Machine::Follower)), hub.board().now());
    let region = board.entry::<RegionDetails>(&scope, region)?;
    jurisdiction(hub, region.details.jurisdiction.as_deref()?)
}

/// A search that a clock of law belongs to.
#[derive(Clone, Copy)]
pub(super) struct Searched {
    /// Which.
    pub(super) episode: EpisodeId,
    /// In which region.
    pub(super) region: RegionId,
    /// Who seeks.
    pub(super) sender: OrganizationId,
}

impl From<&Episode> for Searched {
    fn from(of: &Episode) -> Self {
        Self { episode: of.id, region: of.region, sender: of.sender }
    }
}

/// Whom a clock of law concerns: the agency that seeks, and those that a handoff of the search which goes on leads to. Each once.
pub(super) async fn concerned(tx: &Tx, of: Searched, also: &[OrganizationId]) -> Result<Vec<OrganizationId>, Error> {
    let handoffs = tx.handoffs_of(of.episode).await?;
    let open = handoffs.iter().filter(|handoff| handoff.state.is_open()).map(|handoff| handoff.receiver);
    let mut concerned = vec![of.sender];
    for agency in open.chain(also.iter().copied()) {
        if !concerned.contains(&agency) {
            concerned.push(agency);
        }
    }
    Ok(concerned)
}

/// Saves what was told to agencies, two at a time.
pub(super) async fn save_told<A, T>(tx: &Tx, mut permit: Permit<A>, changes: &[Changed<T>]) -> Result<(), Error>
where
    A: Acts,
    T: KeptBy<A>,
{
    for change in changes {
        let next = permit::told_on(&permit);
        tx.save(permit, change).await?;
        permit = next;
    }
    Ok(())
}

/// The clocks of law of a search that has ended end with it. `also` are agencies whose handoff has ended just now: they were
/// concerned until then.
pub(super) fn end_with<'a>(
    tx: &'a Tx,
    episode: &'a Episode,
    also: &'a [OrganizationId],
    now: At,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if episode.is_open() {
            return Ok(());
        }
        legal_hold::end_with(tx, episode, also, now).await?;
        guardian::end_with(tx, episode, also, now).await
    })
}

/// Where a verb about a clock of law is said: a handoff of the viewer's agency, with the search that it belongs to, both locked.
pub(super) struct Desk {
    pub(super) home: Organization,
    pub(super) grant: GrantId,
    pub(super) episode: Episode,
    pub(super) handoff: Handoff,
}

impl Desk {
    /// Finds and locks it.
    pub(super) async fn open(tx: &Tx, viewer: &Viewer, handoff: HandoffId) -> Result<Self, Error> {
        let (own, grant) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
        let home = tx.consult::<OrganizationDetails>(own).await?.ok_or(Error::NotFound)?;
        let known = tx.handoffs_as_they_are(&[handoff]).await?.pop().ok_or(Error::NotFound)?;
        // The search first, as by everybody else.
        let episode = tx.episodes_behind(&[known.episode]).await?.pop().ok_or(Error::NotFound)?;
        let mut handoffs = tx.handoffs_of(episode.id).await?.into_iter();
        let handoff = handoffs.find(|one| one.id == handoff).ok_or(Error::NotFound)?;
        Ok(Self { home, grant, episode, handoff })
    }

    /// A refusal about its handoff.
    pub(super) fn refused(&self, code: ProblemCode) -> Error {
        Error::Refused(vec![Problem::new(code).at(&["handoffId"]).with_current(self.handoff.id)])
    }

    /// Refuses where the search has ended, or the handoff leads to the viewer's agency no more. Whoever seeks says it while they
    /// seek, if all who were asked have said no.
    pub(super) fn is_under_way(&self, now: At) -> Result<(), Error> {
        let (own, handoff) = (self.home.id, &self.handoff);
        let here = handoff.state.is_open() || own == handoff.sender;
        let goes_on = self.episode.is_open() && here && standing(handoff, own, now).opens();
        if goes_on { Ok(()) } else { Err(self.refused(ProblemCode::WrongState)) }
    }
}
