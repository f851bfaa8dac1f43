//! What is read by consent: handoffs of others and what became of the person; and what time changes of such consents.
use super::consent::told;
use super::error::Error;
use super::{Hub, log};
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, HandoffId, HandoffShareId, OrganizationId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::sealed::parties;
use crate::domain::share::HandoffShare;
use crate::policy::view::{self, FollowUpView, HandoffView, ShareView};
use crate::policy::{Machine, Scope, Viewer, permit};
use crate::store::{self, Committed, Reader};

/// What of handoffs the viewer may read: as one of their agencies, as a coordinator, or by a standing consent.
pub(super) async fn handoffs(
    hub: &Hub,
    viewer: &Viewer,
    reader: &Reader,
    found: Vec<Handoff>,
) -> Result<Vec<HandoffView>, Error> {
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let of_others = |handoff: &&Handoff| scope.stand_to_handoff(handoff).is_none();
    let told: Vec<HandoffId> = found.iter().filter(of_others).map(|handoff| handoff.id).collect();
    let shares = if told.is_empty() { Vec::new() } else { reader.shares_of(&told).await? };
    let view = |handoff: Handoff| {
        if scope.stand_to_handoff(&handoff).is_some() {
            return view::handoff(&scope, handoff, now);
        }
        let program = parties(&handoff).into_iter().any(|agency| is_program(hub, &scope, agency));
        view::shared_handoff(&scope, handoff, &shares, program, now)
    };
    Ok(found.into_iter().filter_map(view).collect())
}

/// What of follow-ups the viewer may read: as those who read outcomes, or by a standing consent.
pub(super) async fn follow_ups(
    hub: &Hub,
    viewer: &Viewer,
    reader: &Reader,
    found: Vec<FollowUp>,
) -> Result<Vec<FollowUpView>, Error> {
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let of_others = |one: &&FollowUp| !scope.sees_follow_up(one);
    let mut told: Vec<HandoffId> = found.iter().filter(of_others).filter_map(|one| one.handoff).collect();
    told.sort_unstable();
    told.dedup();
    let shares = if told.is_empty() { Vec::new() } else { reader.shares_of(&told).await? };
    let view = |one: FollowUp| {
        let program =
            || is_program(hub, &scope, one.owner) || one.party.is_some_and(|own| is_program(hub, &scope, own));
        view::follow_up(&scope, one).or_else(|| view::shared_follow_up(&scope, one, &shares, program(), now))
    };
    Ok(found.into_iter().filter_map(view).collect())
}

/// Whether an agency is a program under 42 CFR Part 2 today: the notice stands with what is read now, whatever it was when the
/// person agreed.
fn is_program(hub: &Hub, scope: &Scope, agency: OrganizationId) -> bool {
    let agency = hub.board().now().entry::<OrganizationDetails>(scope, agency);
    agency.is_some_and(|agency| agency.details.part2_program)
}

/// Shares by id, in the order asked; none for each that has ended or is not told to the viewer.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[HandoffShareId]) -> Result<Vec<Option<ShareView>>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let found = reader.shares(ids).await?;
    let within: Vec<HandoffId> = found.iter().map(|share| share.handoff).collect();
    let handoffs = if within.is_empty() { Vec::new() } else { reader.handoffs(&within).await? };
    let (scope, now) = (Scope::of(viewer), hub.clock().now());
    let one = |id: &HandoffShareId| {
        let share = found.iter().find(|share| share.id == *id)?.clone();
        let of = handoffs.iter().find(|handoff| handoff.id == share.handoff);
        let mut agencies = of.into_iter().flat_map(parties);
        let program = agencies.any(|agency| is_program(hub, &scope, agency));
        view::share(&scope, share, program, now)
    };
    Ok(ids.iter().map(one).collect())
}

/// Which of some shares tell nothing any more: what happened to them is told no longer, but for their end.
pub async fn ended(hub: &Hub, ids: &[HandoffShareId]) -> Result<Vec<HandoffShareId>, Error> {
    let me = &Viewer::machine(Machine::Follower);
    let found = hub.store().read(me).await?.shares(ids).await?;
    let now = hub.clock().now();
    let over = |share: &HandoffShare| share.ended_at.is_some() || share.until <= now;
    Ok(found.into_iter().filter(over).map(|share| share.id).collect())
}

/// Begins and ends what consents tell, as their time comes.
pub(super) async fn consents_are_due(hub: &Hub, due: &[ConsentId]) -> Result<usize, Error> {
    let me = &Viewer::machine(Machine::Sweeper);
    hub.store()
        .apart()
        .write(me, |tx| async move {
            // Their handoffs are locked first, as by everybody who changes a consent.
            let known = tx.consents_as_they_are(due).await?;
            let mut within: Vec<HandoffId> = known.iter().map(|consent| consent.handoff).collect();
            within.sort_unstable();
            within.dedup();
            let handoffs = tx.handoffs(&within).await?;
            let mut found = tx.consents_as_they_are(due).await?;
            found.sort_unstable_by_key(|consent| (consent.handoff, consent.id));
            for consent in found {
                let now = tx.now();
                let due = !tx.take_due(consent.id, now).await?.is_empty();
                let Some(of) = handoffs.iter().find(|handoff| handoff.id == consent.handoff) else { continue };
                let Some(changed) = consent.tell_time(of, now).filter(|_| due) else { continue };
                let permit = permit::tell_consent(me, of, &consent)?;
                if consent.stands(now) {
                    // It begins: the ledger says so now, under the grant that it was recorded under.
                    let role = hub.board().now().grant(consent.grant).map(|grant| grant.role);
                    let role = role.ok_or(store::Error::Corrupt { table: "consent", what: "grant_id" })?;
                    for line in told(&tx, &consent, role, now) {
                        let _noted = tx.note_disclosure(&permit, &line).await?;
                    }
                }
                tx.save(permit, &changed).await?;
            }
            Ok::<Committed<_>, Error>(tx.commit(()).await?)
        })
        .await?;
    Ok(due.len())
}
