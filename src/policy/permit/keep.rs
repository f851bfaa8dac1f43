//! Permits for how long what is written stays: preserving it, and shredding it.
use super::{FollowUpCall, Permit, PreserveHandoff, Refused, Row, ShredText, permit};
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::Handoff;
use crate::domain::id::{FollowUpId, Noun, NounId, OrganizationId, PreservationId, RegionId};
use crate::domain::preservation::Preservation;
use crate::domain::sealed::{Standing, parties, standing};
use crate::domain::time::At;
use crate::policy::rules::{Action, Reach};
use crate::policy::viewer::Viewer;

/// The viewer's agency, where the viewer preserves for it what they do not read.
pub fn privacy_office(viewer: &Viewer) -> Option<OrganizationId> {
    viewer.organization().filter(|_| viewer.reach(Action::PreserveHandoff) == Reach::Agency)
}

/// May the viewer preserve what is written in a handoff, for their own agency? Whoever was asked and has not taken the person
/// keeps nothing of what it was told for its answer.
pub fn preserve(
    viewer: &Viewer,
    of: &Handoff,
    id: PreservationId,
    now: At,
) -> Result<Permit<PreserveHandoff>, Refused> {
    let owner = viewer.organization().filter(|own| parties(of).contains(own)).ok_or(Refused)?;
    let was_asked = matches!(standing(of, owner, now), Standing::Asked | Standing::OnlyAsked);
    if was_asked && of.sender != owner {
        return Err(Refused);
    }
    permit(viewer, Row { noun: Noun::Preservation, key: id.key(), version: 0, region: of.region, owner })
}

/// May the viewer lift this preservation?
pub fn lift(viewer: &Viewer, of: &Preservation) -> Result<Permit<PreserveHandoff>, Refused> {
    let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.owner);
    permit(viewer, Row { noun: Noun::Preservation, key, version, region, owner })
}

/// May the viewer shred what is written in this handoff?
pub fn shred(viewer: &Viewer, of: &Handoff) -> Result<Permit<ShredText>, Refused> {
    let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.sender);
    permit(viewer, Row { noun: Noun::Handoff, key, version, region, owner })
}

/// May the viewer plan a follow-up after a call, for their own agency? Answers for which one, and where.
pub fn follow_up_call(
    viewer: &Viewer,
    id: FollowUpId,
) -> Result<(OrganizationId, RegionId, Permit<FollowUpCall>), Refused> {
    let (owner, region) = viewer.organization().zip(viewer.region()).ok_or(Refused)?;
    let permit = permit(viewer, Row { noun: Noun::FollowUp, key: id.key(), version: 0, region, owner })?;
    Ok((owner, region, permit))
}

/// May the viewer shred whom this follow-up is about?
pub fn forget(viewer: &Viewer, of: &FollowUp) -> Result<Permit<ShredText>, Refused> {
    permit(viewer, of.into())
}
