//! Permits for places that are kept, and for those on the way to them.
use super::{
    FollowUpHandoff, HoldBed, Permit, Refused, Row, SendHandoff, SetTeamStatus, Stamp, TellTime, permit, reaches,
    reaches_unit,
};
use crate::domain::bed::BedUnit;
use crate::domain::chain::AuditChain;
use crate::domain::entry::Version;
use crate::domain::episode::Episode;
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::{self, ContactKind, Handoff, HandoffStep, Move, Party};
use crate::domain::hold::{Hold, Side};
use crate::domain::id::{BedHoldId, EpisodeId, FollowUpId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::role::Role;
use crate::domain::team::Team;
use crate::policy::rules::Action;
use crate::policy::viewer::{Machine, Viewer};
use std::marker::PhantomData;
use uuid::Uuid;

/// Both permits that one change of a hold takes, and for whom the viewer acts.
#[derive(Debug)]
pub struct HoldPermits {
    /// For the unit's agency, or for the hold's holder.
    pub side: Side,
    /// To change the unit.
    pub unit: Permit<HoldBed>,
    /// To change the hold.
    pub hold: Permit<HoldBed>,
}

/// May the viewer place this new hold, or change this one, on a unit? The unit's agency settles any hold on it; others
/// place and change their own.
pub fn hold_bed(
    viewer: &Viewer,
    unit: &BedUnit,
    hold: BedHoldId,
    stands: Option<&Hold>,
) -> Result<HoldPermits, Refused> {
    let mine = stands.is_none_or(|hold| viewer.organization() == Some(hold.holder));
    let (side, action) = if reaches_unit(viewer, Action::SettleHold, unit) {
        (Side::Owner, Action::SettleHold)
    } else if mine && reaches_unit(viewer, Action::HoldBed, unit) {
        (Side::Holder, Action::HoldBed)
    } else {
        return Err(Refused);
    };
    if viewer.read_only() {
        return Err(Refused);
    }
    let permit = |noun, row, version| {
        let (grant, machine, owner) = (viewer.grant_id(), viewer.as_machine(), unit.entry.owner);
        Permit { row, version, stamp: Stamp { grant, machine, action, noun, owner }, action: PhantomData }
    };
    Ok(HoldPermits {
        side,
        unit: permit(Noun::BedUnit, unit.id().key(), unit.version()),
        hold: permit(Noun::BedHold, hold.key(), stands.map_or(0, |hold| hold.generation)),
    })
}

/// May the viewer announce a new handoff to a unit, for their own agency?
pub fn announce(viewer: &Viewer, to: &BedUnit, id: HandoffId) -> Result<Permit<SendHandoff>, Refused> {
    let owner = viewer.organization().ok_or(Refused)?;
    permit(viewer, Row { noun: Noun::Handoff, key: id.key(), version: 0, region: to.entry.region, owner })
}

/// May the viewer ask others to take somebody, for their own agency?
pub fn seek(viewer: &Viewer, region: RegionId, episode: EpisodeId) -> Result<Permit<SendHandoff>, Refused> {
    let owner = viewer.organization().ok_or(Refused)?;
    permit(viewer, Row { noun: Noun::Episode, key: episode.key(), version: 0, region, owner })
}

/// May the viewer go on with this search, or end it? It is its sender's alone: a coordinator sees it, and leaves it.
pub fn go_on(viewer: &Viewer, of: &Episode) -> Result<Permit<SendHandoff>, Refused> {
    let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.sender);
    permit(viewer, Row { noun: Noun::Episode, key, version, region, owner })
}

/// The permit for an offer of a search: whoever may seek may ask.
pub fn offer(of: &Permit<SendHandoff>, id: HandoffId) -> Permit<SendHandoff> {
    beside(of, Noun::Handoff, id.key(), 0)
}

/// The permit for the search that a handoff of the same agency belongs to, at a version.
pub fn episode_of(of: &Permit<SendHandoff>, id: EpisodeId, version: Version) -> Permit<SendHandoff> {
    beside(of, Noun::Episode, id.key(), version)
}

/// May the hub change the search that somebody has answered? What the answer means for the search is written into the audit
/// of the agency that seeks: a receiver would read from its own whether others were asked.
pub fn settle(of: &Episode) -> Result<Permit<SendHandoff>, Refused> {
    let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.sender);
    permit(&Viewer::machine(Machine::Settler), Row { noun: Noun::Episode, key, version, region, owner })
}

/// The permit to end an offer of a search that somebody may end.
pub fn offer_of_episode(of: &Permit<SendHandoff>, offer: &Handoff) -> Permit<SendHandoff> {
    beside(of, Noun::Handoff, offer.id.key(), offer.version)
}

/// May the hub take back an offer that lost? It is told to the agency that was asked.
pub fn lose(offer: &Handoff) -> Result<Permit<SendHandoff>, Refused> {
    let (key, version, region, owner) = (offer.id.key(), offer.version, offer.region, offer.receiver);
    permit(&Viewer::machine(Machine::Settler), Row { noun: Noun::Handoff, key, version, region, owner })
}

fn beside(of: &Permit<SendHandoff>, noun: Noun, row: Uuid, version: Version) -> Permit<SendHandoff> {
    Permit { row, version, stamp: Stamp { noun, ..of.stamp }, action: PhantomData }
}

/// May the viewer tell the log how long somebody has waited, or what the silence of others means for the search?
pub fn tell_episode(viewer: &Viewer, of: &Episode) -> Result<Permit<TellTime>, Refused> {
    let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.sender);
    permit(viewer, Row { noun: Noun::Episode, key, version, region, owner })
}

/// May the viewer say this of a handoff at all? Who brings somebody may have been on the line; who cared for them, and how, is said
/// by those who did.
pub fn say(viewer: &Viewer, to: &Move) -> Result<(), Refused> {
    let brings = [Role::Officer, Role::Dispatcher, Role::Ems].iter().any(|role| viewer.stands_as(*role));
    let of_care = matches!(to, Move::Contact(kind) if *kind != ContactKind::ThreeWayCall);
    if brings && of_care { Err(Refused) } else { Ok(()) }
}

/// May the viewer move this handoff, and for which of its parties? Where an agency is both, for the one whose step it is.
pub fn move_handoff(viewer: &Viewer, of: &Handoff, step: HandoffStep) -> Result<(Party, Permit<SendHandoff>), Refused> {
    let parties =
        [(Party::Sender, Action::SendHandoff, of.sender), (Party::Receiver, Action::ReceiveHandoff, of.receiver)];
    let mine = |(party, action, owner): &(Party, Action, OrganizationId)| {
        handoff::is_ever(step, *party) && reaches(viewer, None, *action, of.region, *owner)
    };
    let moves = |(party, ..): &(Party, Action, OrganizationId)| handoff::next(of.state, step, *party).is_some();
    let mut mine = parties.into_iter().filter(mine);
    let first = mine.clone().find(moves).or_else(|| mine.next());
    // The audit keeps it with the agency that did it: what one party does is not the other's administrator's to read.
    let (party, action, owner) = first.filter(|_| !viewer.read_only()).ok_or(Refused)?;
    let (grant, machine) = (viewer.grant_id(), viewer.as_machine());
    let stamp = Stamp { grant, machine, action, noun: Noun::Handoff, owner };
    Ok((party, Permit { row: of.id.key(), version: of.version, stamp, action: PhantomData }))
}

/// Both permits for the place that a handoff keeps: whoever may move the handoff may move its place with it.
pub fn hold_of_handoff(
    of: &Permit<SendHandoff>,
    unit: &BedUnit,
    hold: BedHoldId,
    stands: Option<&Hold>,
) -> HoldPermits {
    let permit = |noun, row, version| {
        let stamp = Stamp { noun, owner: unit.entry.owner, ..of.stamp };
        Permit { row, version, stamp, action: PhantomData }
    };
    HoldPermits {
        side: Side::Holder,
        unit: permit(Noun::BedUnit, unit.id().key(), unit.version()),
        hold: permit(Noun::BedHold, hold.key(), stands.map_or(0, |hold| hold.generation)),
    }
}

/// May the viewer tell the log that a word about this handoff is late, or how it ended without one?
pub fn tell_handoff(viewer: &Viewer, of: &Handoff) -> Result<Permit<TellTime>, Refused> {
    let (key, version) = (of.id.key(), of.version);
    let owner = if of.awaits() == Some(Party::Receiver) { of.receiver } else { of.sender };
    permit(viewer, Row { noun: Noun::Handoff, key, version, region: of.region, owner })
}

/// The permit for the status of a team that a handoff leads to: whoever may say for the team how the handoff goes on says so.
pub fn team_of_handoff(of: &Permit<SendHandoff>, team: &Team) -> Permit<SetTeamStatus> {
    let stamp = Stamp { noun: Noun::Team, owner: team.entry.owner, ..of.stamp };
    Permit { row: team.id().key(), version: team.version(), stamp, action: PhantomData }
}

/// May the hub let follow what the pathway says? Not by whoever said the last word: an officer would read from their own audit
/// that somebody is followed up.
pub fn follow(of: &FollowUp) -> Result<Permit<SendHandoff>, Refused> {
    permit(&Viewer::machine(Machine::Settler), Row { version: 0, ..of.into() })
}

/// May the viewer plan a follow-up for their own agency, after a handoff of it?
pub fn plan_follow_up(viewer: &Viewer, of: &Handoff, id: FollowUpId) -> Result<Permit<FollowUpHandoff>, Refused> {
    let owner = viewer.organization().filter(|own| [of.sender, of.receiver].contains(own)).ok_or(Refused)?;
    permit(viewer, Row { noun: Noun::FollowUp, key: id.key(), version: 0, region: of.region, owner })
}

/// May the viewer say how a follow-up of their own agency went?
pub fn record_follow_up(viewer: &Viewer, of: &FollowUp) -> Result<Permit<FollowUpHandoff>, Refused> {
    permit(viewer, of.into())
}

/// May the viewer tell the log that a follow-up begins?
pub fn tell_new_follow_up(viewer: &Viewer, of: &FollowUp) -> Result<Permit<TellTime>, Refused> {
    permit(viewer, Row { version: 0, ..of.into() })
}

/// May the viewer tell the log that a follow-up is late?
pub fn tell_follow_up(viewer: &Viewer, of: &FollowUp) -> Result<Permit<TellTime>, Refused> {
    permit(viewer, of.into())
}

impl From<&FollowUp> for Row {
    fn from(of: &FollowUp) -> Self {
        let (key, version, region, owner) = (of.id.key(), of.version, of.region, of.owner);
        Self { noun: Noun::FollowUp, key, version, region, owner }
    }
}

/// May the viewer tell the log where the chain of the audit ends?
pub fn tell_chain(viewer: &Viewer, of: &AuditChain) -> Result<Permit<TellTime>, Refused> {
    let (region, owner) = (RegionId::of(Uuid::nil()), OrganizationId::of(Uuid::nil()));
    permit(viewer, Row { noun: Noun::AuditChain, key: of.id.key(), version: of.version, region, owner })
}

/// May the viewer tell the log that this hold's end has passed?
pub fn tell_hold_over(viewer: &Viewer, of: &Hold) -> Result<Permit<TellTime>, Refused> {
    let (region, owner) = (of.region, of.owner);
    permit(viewer, Row { noun: Noun::BedHold, key: of.id.key(), version: of.generation, region, owner })
}
