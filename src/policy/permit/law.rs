//! Permits for what the law counts: legal holds, and the step of reaching a minor's guardian.
use super::{KeepLegalHold, NoteHandoff, Permit, Refused, Row, SendHandoff, TellTime, permit};
use crate::domain::guardian::Guardian;
use crate::domain::handoff::Handoff;
use crate::domain::id::{LegalHoldId, Noun, NounId, OrganizationId};
use crate::domain::jurisdiction::StatusTerms;
use crate::domain::legal_hold::LegalHold;
use crate::domain::organization::Organization;
use crate::domain::role::Role;
use crate::domain::sealed::sides_of;
use crate::policy::law;
use crate::policy::viewer::{Machine, Viewer};

/// May the viewer record, for their own agency `home`, that a hold on the person of this handoff began under a status? As far
/// as the law lets their role start it.
pub fn begin_legal_hold(
    viewer: &Viewer,
    home: &Organization,
    of: &Handoff,
    status: &StatusTerms,
    id: LegalHoldId,
) -> Result<Permit<KeepLegalHold>, Refused> {
    let program = home.details.part2_program;
    let starts = |side| viewer.stands_on().all(|grant| law::may_start(grant.role, side, program, status));
    if viewer.organization() != Some(home.id) || !sides_of(of, home.id).any(starts) {
        return Err(Refused);
    }
    // The audit keeps it with the agency that did it: what a hospital records is not for police to read in theirs.
    permit(viewer, Row { noun: Noun::LegalHold, key: id.key(), version: 0, region: of.region, owner: home.id })
}

/// May the viewer say, for their own agency, how this hold ended? Police say so of what their own agency recorded.
pub fn end_legal_hold(viewer: &Viewer, hold: &LegalHold) -> Result<Permit<KeepLegalHold>, Refused> {
    let owner = viewer.organization().ok_or(Refused)?;
    if viewer.stands_as(Role::Officer) && hold.recorder != owner {
        return Err(Refused);
    }
    permit(viewer, Row { owner, ..hold.into() })
}

/// The permit to tell the same to further agencies, a version later.
pub fn told_on<A>(of: &Permit<A>) -> Permit<A> {
    Permit { row: of.row, version: of.version + 1, stamp: of.stamp, action: of.action }
}

/// May the hub end a hold with the search that it belongs to?
pub fn end_legal_hold_with_search(of: &LegalHold) -> Result<Permit<SendHandoff>, Refused> {
    permit(&Viewer::machine(Machine::Settler), of.into())
}

/// May the viewer tell the log how much of a hold's time is over?
pub fn tell_legal_hold(viewer: &Viewer, of: &LegalHold) -> Result<Permit<TellTime>, Refused> {
    permit(viewer, of.into())
}

/// May the hub wait for a minor's guardian, anew or as it stands, or no longer? It is the hub's doing, whoever said how old the
/// person is.
pub fn await_guardian(of: &Guardian, stands: bool) -> Result<Permit<SendHandoff>, Refused> {
    let row = Row::from(of);
    permit(&Viewer::machine(Machine::Settler), if stands { row } else { Row { version: 0, ..row } })
}

/// May the viewer say for their own agency that a minor's guardian was reached? Who that is, is written down beside it. Police
/// say so once: what another agency has said of it is not theirs to see.
pub fn reach_guardian(viewer: &Viewer, owner: OrganizationId, of: &Guardian) -> Result<Permit<NoteHandoff>, Refused> {
    if viewer.stands_as(Role::Officer) && of.reached_by.is_some_and(|by| by != owner) {
        return Err(Refused);
    }
    permit(viewer, Row { owner, ..of.into() })
}

/// May the viewer tell the log that a minor's guardian was not reached in time?
pub fn tell_guardian(viewer: &Viewer, of: &Guardian) -> Result<Permit<TellTime>, Refused> {
    permit(viewer, of.into())
}

/// Kept in the audit with the agency that recorded it.
impl From<&LegalHold> for Row {
    fn from(of: &LegalHold) -> Self {
        let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.recorder);
        Self { noun: Noun::LegalHold, key, version, region, owner }
    }
}

/// Kept in the audit with the agency that seeks, which said how old the person is.
impl From<&Guardian> for Row {
    fn from(of: &Guardian) -> Self {
        let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.sender);
        Self { noun: Noun::Guardian, key, version, region, owner }
    }
}
