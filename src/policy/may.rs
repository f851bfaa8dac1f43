//! What a viewer may do, said before it is done: for `viewer { may }`.
use super::permit::{is_over, reaches, revoke_grant};
use super::rules::{self, Action, Reach};
use super::viewer::Viewer;
use crate::domain::event::Audience;
use crate::domain::grant::Grant;
use crate::domain::handoff::Handoff;
use crate::domain::id::{OrganizationId, RegionId};
use crate::domain::notice::Notice;
use crate::domain::organization::Organization;

/// The viewer's agency `home`, if it is designated to coordinate its region as far as an action goes.
pub fn coordinator(home: &Organization, action: Action) -> Option<OrganizationId> {
    match action {
        Action::ReadOpenEpisodes | Action::NudgeHandoff => home.watches_region(),
        _ => home.coordinator(),
    }
}

/// Whether the viewer may do something to a row of a region, an owner and an audience, and why.
///
/// `coordinator` is the viewer's agency, if it is designated to coordinate its region.
pub fn may(
    viewer: &Viewer,
    coordinator: Option<OrganizationId>,
    action: Action,
    row: Option<(RegionId, OrganizationId, Audience)>,
) -> (bool, String) {
    let Some(role) = viewer.role() else { return (false, "Nobody without a grant may do anything here.".into()) };
    let reach = viewer.reach_with(action, coordinator);
    let reads = matches!(
        action,
        Action::ReadDirectory
            | Action::ReadAvailability
            | Action::ReadTeams
            | Action::ReadCensus
            | Action::ReadHolds
            | Action::ReadHandoffs
            | Action::ReadSharedHandoffs
            | Action::ReadThreats
            | Action::ReadEmergencies
            | Action::ReadLegalHolds
            | Action::ReadOpenEpisodes
            | Action::ReadGrants
            | Action::ReadAudit
            | Action::ReadDisclosures
            | Action::ReadPreservations
            | Action::ReadOnCall
            | Action::ReadCalls
            | Action::ReadPush
            | Action::ReadNotices
    );
    let reached = match (reach, row) {
        (Reach::Nowhere, _) => false,
        (Reach::DropOff, Some((region, _, audience))) => {
            viewer.region() == Some(region) && audience.meets(Audience::FIRST_RESPONDER)
        }
        (_, Some((region, owner, _))) => {
            reaches(viewer, coordinator, action, region, owner) || (reads && reach != Reach::Agency)
        }
        (_, None) => true,
    };
    let mut why = rules::why(role, action);
    let full = if coordinator.is_some() { rules::coordinator_reach } else { rules::reach };
    if reach != full(role, action) {
        why.push_str(" The application that you use reaches less.");
    }
    (reached && (reads || !viewer.read_only()), why)
}

/// Whether the viewer may do something to a grant, and why.
pub fn may_with_grant(
    viewer: &Viewer,
    coordinator: Option<OrganizationId>,
    action: Action,
    grant: &Grant,
) -> (bool, String) {
    let (yes, why) = may(viewer, coordinator, action, Some((grant.region, grant.organization, Audience::AGENCY)));
    let yes = match action {
        Action::GrantRole => yes && !is_over(viewer, grant),
        Action::RevokeGrant => revoke_grant(viewer, grant).is_ok(),
        // Whoever asks sees it, if only because it is their own.
        Action::ReadGrants => true,
        _ => yes,
    };
    (yes, why)
}

/// Whether the viewer may do something to a handoff, and why: each party does its own, and coordinators look on and remind.
pub fn may_with_handoff(
    viewer: &Viewer,
    coordinator: Option<OrganizationId>,
    action: Action,
    handoff: &Handoff,
) -> (bool, String) {
    let receives = viewer.organization() == Some(handoff.receiver);
    let owner = match action {
        Action::SendHandoff => handoff.sender,
        Action::ReceiveHandoff => handoff.receiver,
        // Who sees it and has no part in it is told of it.
        Action::ReadSharedHandoffs if viewer.organization() != Some(handoff.sender) && !receives => {
            viewer.organization().unwrap_or(handoff.sender)
        }
        _ if receives => handoff.receiver,
        _ => handoff.sender,
    };
    may(viewer, coordinator, action, Some((handoff.region, owner, Audience::PARTIES)))
}

/// Whether the viewer may do something to a notice, and why: it is acknowledged for the own agency, and withdrawn by its own.
pub fn may_with_notice(
    viewer: &Viewer,
    coordinator: Option<OrganizationId>,
    action: Action,
    notice: &Notice,
) -> (bool, String) {
    let (author, own) = (notice.author, viewer.organization());
    let owner = match (action, own) {
        (Action::AcknowledgeNotice, Some(own)) => own,
        _ => author.organization,
    };
    let (yes, why) = may(viewer, coordinator, action, Some((author.region, owner, notice.audience())));
    (yes && (action != Action::PostNotice || own == Some(author.organization)), why)
}
