//! The table: who may do what, in one exhaustive match (`domain` roles x actions).
//!
//! The published form is `schema/policy.txt`, generated from here.
use super::viewer::Machine;
use super::{calls, keep, law, tiers, told};
use crate::domain::code::codes;
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::role::Role;

#[cfg(test)]
mod tests;

pub use super::table::{table, why};

codes! {
    /// What can be done.
    Action {
        /// Read regions, organizations, facilities, services and referral pathways.
        ReadDirectory "READ_DIRECTORY",
        /// Add or edit an organization.
        SaveOrganization "SAVE_ORGANIZATION",
        /// Add or edit a facility.
        SaveFacility "SAVE_FACILITY",
        /// Add or edit a service.
        SaveService "SAVE_SERVICE",
        /// Add or edit a referral pathway.
        SavePathway "SAVE_PATHWAY",
        /// Add or edit a bed unit.
        SaveBedUnit "SAVE_BED_UNIT",
        /// Set up or edit a region.
        SaveRegion "SAVE_REGION",
        /// Read a unit's availability.
        ReadAvailability "READ_AVAILABILITY",
        /// Read a unit's census and its reports.
        ReadCensus "READ_CENSUS",
        /// Report a unit's numbers.
        ReportBeds "REPORT_BEDS",
        /// Pause and resume a unit.
        PauseUnit "PAUSE_UNIT",
        /// Load a region's travel times.
        LoadTravelTimes "LOAD_TRAVEL_TIMES",
        /// Read holds: those of the own agency, on its units or on others'.
        ReadHolds "READ_HOLDS",
        /// Hold a place on a unit, under its hold policy; extend it, give it back, arrive on it.
        HoldBed "HOLD_BED",
        /// Settle any hold on a unit, as its agency: extend it, take it back with a reason, confirm an arrival.
        SettleHold "SETTLE_HOLD",
        /// Read handoffs that the own agency sends or receives.
        ReadHandoffs "READ_HANDOFFS",
        /// Read the open searches of others in the region with their handoffs: states, clocks, places and coded needs, no names
        /// and nothing sealed. Each look is written into the audit.
        ReadOpenEpisodes "READ_OPEN_EPISODES",
        /// Remind the party of a handoff whose word is awaited.
        NudgeHandoff "NUDGE_HANDOFF",
        /// Send somebody by a pathway, and say for the sender how the handoff goes on.
        SendHandoff "SEND_HANDOFF",
        /// Say for the receiver how a handoff goes on: arrived, taken over, redirected, ended.
        ReceiveHandoff "RECEIVE_HANDOFF",
        /// Read what becomes of people after handoffs of the own agency.
        ReadOutcomes "READ_OUTCOMES",
        /// Plan follow-ups after handoffs of the own agency, and say how they went.
        FollowUpHandoff "FOLLOW_UP_HANDOFF",
        /// Plan a follow-up after a call that needed no handoff, with the person's agreement.
        FollowUpCall "FOLLOW_UP_CALL",
        /// Read a handoff of others, or what became of the person after one of the own agency, where a standing consent of the
        /// person tells the own agency.
        ReadSharedHandoffs "READ_SHARED_HANDOFFS",
        /// Tell one agency of a serious and imminent threat, from an open handoff in which the own agency holds the person.
        DiscloseThreat "DISCLOSE_THREAT",
        /// Read a threat that the own agency was told, for a day.
        ReadThreats "READ_THREATS",
        /// Read which records of programs were opened in medical emergencies, of the own agency and by its people, with what was said
        /// of it.
        ReadEmergencies "READ_EMERGENCIES",
        /// Review what was opened in a medical emergency of what the own agency wrote.
        ReviewEmergency "REVIEW_EMERGENCY",
        /// Read until when people may be kept who do not stay of their own will; officers what their own agency recorded.
        ReadLegalHolds "READ_LEGAL_HOLDS",
        /// Record a person's legal hold, as far as the region's law lets the role start it, and say how it ended.
        KeepLegalHold "KEEP_LEGAL_HOLD",
        /// Write sealed entries of a handoff: `schema/tiers.txt` says which tiers.
        NoteHandoff "NOTE_HANDOFF",
        /// Open sealed entries of a handoff: `schema/tiers.txt` says which, and for which purpose.
        Disclose "DISCLOSE",
        /// Record, revoke and read consents within a handoff of the own agency.
        KeepConsent "KEEP_CONSENT",
        /// Read who opened what the own agency wrote, and what the own agency's people opened.
        ReadDisclosures "READ_DISCLOSURES",
        /// Preserve what is written in a handoff of the own agency beyond its retention, and lift that.
        PreserveHandoff "PRESERVE_HANDOFF",
        /// Read which handoffs the own agency preserves.
        ReadPreservations "READ_PRESERVATIONS",
        /// Shred what is written in a handoff when its retention has ended.
        ShredText "SHRED_TEXT",
        /// Read who is on call for units and teams of the own agency, with their addresses.
        ReadOnCall "READ_ON_CALL",
        /// Say who is on call for a unit or a team.
        SetOnCall "SET_ON_CALL",
        /// Read how the people of the own agency's units and teams are called. That people are called about a handoff,
        /// whoever reads the handoff at its sender reads too.
        ReadCalls "READ_CALLS",
        /// Call the people of a unit or a team whose answer is awaited.
        PlaceCall "PLACE_CALL",
        /// Say for the own agency that a call has been seen.
        AcknowledgeCall "ACKNOWLEDGE_CALL",
        /// Read which browsers one is reached at.
        ReadPush "READ_PUSH",
        /// Register a browser that one is reached at, and take it back.
        RegisterPush "REGISTER_PUSH",
        /// Read mobile teams and what they say of themselves.
        ReadTeams "READ_TEAMS",
        /// Add or edit a mobile team.
        SaveTeam "SAVE_TEAM",
        /// Say for a team whether it is free.
        SetTeamStatus "SET_TEAM_STATUS",
        /// Read grants.
        ReadGrants "READ_GRANTS",
        /// Grant a role.
        GrantRole "GRANT_ROLE",
        /// Revoke a grant.
        RevokeGrant "REVOKE_GRANT",
        /// Read the audit.
        ReadAudit "READ_AUDIT",
        /// Tell the log what time has changed.
        TellTime "TELL_TIME",
        /// Read notices, and what the own agency has acknowledged.
        ReadNotices "READ_NOTICES",
        /// Post a notice, and withdraw one of the own agency's.
        PostNotice "POST_NOTICE",
        /// Acknowledge a notice for the own agency.
        AcknowledgeNotice "ACKNOWLEDGE_NOTICE",
        /// Ask units to confirm their numbers now.
        RequestBedUpdate "REQUEST_BED_UPDATE",
    }
    /// How far an action reaches.
    Reach {
        /// Not at all.
        Nowhere "-",
        /// The viewer's own grant and doings.
        Own "self",
        /// Units that take first responders' drop-offs: available, call or full; no census.
        DropOff "drop-off",
        /// Units open to the public, and the viewer's own agency.
        Public "public",
        /// The viewer's own agency.
        Agency "agency",
        /// The viewer's region.
        Region "region",
        /// The whole hub.
        Hub "hub",
    }
}

impl Reach {
    /// What two reaches have in common, and never more.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::DropOff, Self::Public) | (Self::Public, Self::DropOff) => Self::Nowhere,
            (one, other) => one.min(other),
        }
    }
}

/// How far a role's action reaches.
pub fn reach(role: Role, action: Action) -> Reach {
    use Action as A;
    use Role as R;
    match action {
        A::ReadDirectory => match role {
            R::HubOperator => Reach::Hub,
            R::Officer
            | R::Dispatcher
            | R::Ems
            | R::EmergencyDepartment
            | R::Intake
            | R::MobileTeam
            | R::Line988
            | R::Peer => Reach::Region,
            R::Advocate | R::Council | R::Analyst | R::AgencyAdmin => Reach::Region,
        },
        A::ReadAvailability => match role {
            R::Officer | R::Dispatcher | R::Ems => Reach::DropOff,
            R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988 | R::Analyst | R::AgencyAdmin => {
                Reach::Region
            }
            R::Peer | R::Advocate => Reach::Public,
            R::HubOperator => Reach::Hub,
            R::Council => Reach::Nowhere,
        },
        A::ReadCensus | A::ReportBeds | A::PauseUnit => census(role, action),
        A::ReadHolds | A::HoldBed | A::SettleHold => holds(role, action),
        A::ReadHandoffs
        | A::SendHandoff
        | A::ReceiveHandoff
        | A::NudgeHandoff
        | A::ReadOutcomes
        | A::FollowUpHandoff
        | A::FollowUpCall => handoffs(role, action),
        A::ReadOpenEpisodes => Reach::Nowhere,
        A::ReadLegalHolds | A::KeepLegalHold => law::reach(role, action),
        A::NoteHandoff | A::Disclose | A::KeepConsent | A::ReadDisclosures => tiers::reach(role, action),
        A::PreserveHandoff | A::ReadPreservations => keep::reach(role, action),
        A::ReadSharedHandoffs | A::DiscloseThreat | A::ReadThreats | A::ReadEmergencies | A::ReviewEmergency => {
            told::reach(role, action)
        }
        A::ReadOnCall | A::SetOnCall | A::ReadCalls | A::AcknowledgeCall | A::ReadPush | A::RegisterPush => {
            calls::reach(role, action)
        }
        A::ReadTeams | A::SetTeamStatus => teams(role, action),
        A::SaveFacility | A::SaveService | A::SavePathway | A::SaveBedUnit | A::SaveTeam => {
            administration(role, Reach::Nowhere)
        }
        A::SaveOrganization | A::ReadGrants | A::GrantRole | A::RevokeGrant | A::ReadAudit => match (action, role) {
            (_, R::AgencyAdmin) => Reach::Agency,
            (_, R::HubOperator) => Reach::Hub,
            (A::ReadGrants, _) => Reach::Own,
            (A::ReadAudit, R::Council | R::Analyst) => Reach::Nowhere,
            (A::ReadAudit, _) => Reach::Own,
            _ => Reach::Nowhere,
        },
        A::SaveRegion | A::LoadTravelTimes => match role {
            R::HubOperator => Reach::Hub,
            _ => Reach::Nowhere,
        },
        A::TellTime | A::PlaceCall | A::ShredText => Reach::Nowhere,
        A::ReadNotices | A::PostNotice | A::AcknowledgeNotice | A::RequestBedUpdate => notices(role, action),
    }
}

fn notices(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (Action::ReadNotices, _) => reach(role, Action::ReadDirectory),
        (Action::AcknowledgeNotice, R::HubOperator) => Reach::Nowhere,
        (Action::AcknowledgeNotice, _) => Reach::Agency,
        (Action::PostNotice, R::AgencyAdmin) => Reach::Region,
        (Action::RequestBedUpdate, R::AgencyAdmin) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// How far a role's action reaches at an agency that is designated to coordinate its region; never less than elsewhere.
pub fn coordinator_reach(role: Role, action: Action) -> Reach {
    match (action, role) {
        (Action::PostNotice | Action::RequestBedUpdate, Role::Line988 | Role::Dispatcher | Role::AgencyAdmin) => {
            Reach::Region
        }
        // Those who care for people or send help to them; whoever stands at a person's side has their own handoffs.
        (
            Action::ReadOpenEpisodes | Action::NudgeHandoff,
            Role::EmergencyDepartment | Role::Intake | Role::MobileTeam | Role::Line988 | Role::Dispatcher,
        ) => Reach::Region,
        _ => reach(role, action),
    }
}

fn census(role: Role, action: Action) -> Reach {
    use Role as R;
    match role {
        R::EmergencyDepartment | R::Intake | R::Peer | R::AgencyAdmin => Reach::Agency,
        R::Analyst if action == Action::ReadCensus => Reach::Region,
        R::Officer
        | R::Dispatcher
        | R::Ems
        | R::MobileTeam
        | R::Line988
        | R::Advocate
        | R::Council
        | R::Analyst
        | R::HubOperator => Reach::Nowhere,
    }
}

fn teams(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (_, R::Council) => Reach::Nowhere,
        (Action::ReadTeams, R::HubOperator) => Reach::Hub,
        (Action::ReadTeams, _) => Reach::Region,
        (Action::SetTeamStatus, R::Dispatcher | R::MobileTeam | R::Line988 | R::AgencyAdmin) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

fn holds(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (_, R::Advocate | R::Council | R::Analyst | R::HubOperator) => Reach::Nowhere,
        (Action::ReadHolds, _) => Reach::Agency,
        (Action::HoldBed, R::Officer | R::Dispatcher | R::Ems) => Reach::DropOff,
        (Action::HoldBed, R::EmergencyDepartment | R::MobileTeam | R::Line988) => Reach::Region,
        (Action::HoldBed, R::Intake | R::Peer) => Reach::Agency,
        (Action::SettleHold, R::EmergencyDepartment | R::Intake | R::Peer | R::AgencyAdmin) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

fn handoffs(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (_, R::Advocate | R::Council | R::Analyst | R::AgencyAdmin | R::HubOperator) => Reach::Nowhere,
        (Action::ReadHandoffs | Action::NudgeHandoff, _) => Reach::Agency,
        // That somebody was treated is no business of police or dispatch, nor of an ambulance that has driven on.
        (Action::ReadOutcomes | Action::FollowUpHandoff, R::Officer | R::Dispatcher | R::Ems) => Reach::Nowhere,
        (Action::ReadOutcomes | Action::FollowUpHandoff, _) => Reach::Agency,
        (Action::FollowUpCall, R::Line988 | R::MobileTeam | R::Intake) => Reach::Agency,
        (Action::FollowUpCall, _) => Reach::Nowhere,
        // Peers receive people at their houses; whom they send, they call about.
        (Action::SendHandoff, R::Peer) => Reach::Nowhere,
        (Action::SendHandoff, _) => Reach::Agency,
        (Action::ReceiveHandoff, R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Peer) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

fn administration(role: Role, operator: Reach) -> Reach {
    match role {
        Role::AgencyAdmin => Reach::Agency,
        Role::HubOperator => operator,
        _ => Reach::Nowhere,
    }
}

/// Whether a role can be held at an agency: what it is decides what its people may be.
///
/// Police, courts and jails have no one in a role that is shown treatment capacity or treats people; a council's roles
/// are held at a council. A tribal agency may run everything.
pub fn fits(role: Role, agency: &OrganizationDetails) -> bool {
    !(agency.criminal_justice_agency && is_of_care(role)) && fits_kind(role, agency.kind)
}

/// Roles that treat people, or are shown what those who treat are shown.
fn is_of_care(role: Role) -> bool {
    use Role as R;
    match role {
        R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988 | R::Peer | R::Analyst | R::HubOperator => true,
        R::Officer | R::Dispatcher | R::Ems | R::Advocate | R::Council | R::AgencyAdmin => false,
    }
}

pub(super) fn fits_kind(role: Role, kind: OrganizationKind) -> bool {
    use OrganizationKind as K;
    let treats = matches!(kind, K::Hospital | K::CrisisProvider | K::CcbhcOutpatient | K::SudProvider);
    let justice = matches!(kind, K::LawEnforcement | K::CourtJail);
    kind == K::Tribal
        || match role {
            // Co-responders are a crisis provider's people.
            Role::Officer => justice || kind == K::CrisisProvider,
            Role::Dispatcher => matches!(kind, K::Psap | K::LawEnforcement | K::EmsFire),
            Role::Ems => matches!(kind, K::EmsFire | K::Hospital),
            Role::EmergencyDepartment => kind == K::Hospital,
            Role::Intake => treats || kind == K::PeerRun,
            Role::MobileTeam => treats || kind == K::PeerRun,
            Role::Line988 => matches!(kind, K::CallCenter988 | K::CrisisProvider | K::CcbhcOutpatient),
            Role::Peer => treats || matches!(kind, K::PeerRun | K::Advocacy | K::CallCenter988),
            Role::Advocate => treats || matches!(kind, K::Advocacy | K::PeerRun | K::Council),
            Role::Council => kind == K::Council,
            Role::Analyst => matches!(kind, K::Council | K::Payer),
            Role::AgencyAdmin => true,
            Role::HubOperator => !justice,
        }
}

/// How far a machine's action reaches.
pub fn machine_reach(machine: Machine, action: Action) -> Reach {
    use Action as A;
    let reads = matches!(
        action,
        A::ReadDirectory | A::ReadAvailability | A::ReadTeams | A::ReadCensus | A::ReadGrants | A::ReadNotices
    );
    let may = match machine {
        Machine::Sweeper => {
            matches!(
                action,
                A::TellTime
                    | A::ReadDirectory
                    | A::ReadAvailability
                    | A::ReadTeams
                    | A::ReadHolds
                    | A::ReadHandoffs
                    | A::ReadOutcomes
                    | A::ReadSharedHandoffs
                    | A::ReadEmergencies
                    | A::ReadLegalHolds
            )
        }
        Machine::Settler => {
            matches!(
                action,
                A::SendHandoff
                    | A::ReadHandoffs
                    | A::ReadSharedHandoffs
                    | A::ReadLegalHolds
                    | A::ReadDisclosures
                    | A::ReadHolds
                    | A::ReadDirectory
                    | A::ReadAvailability
            )
        }
        Machine::Caller => calls::calls(action),
        Machine::Retention => keep::shreds(action),
        Machine::Follower => {
            reads || matches!(action, A::ReadHandoffs | A::ReadOutcomes | A::ReadSharedHandoffs | A::ReadLegalHolds)
        }
        Machine::Doorway => matches!(action, A::GrantRole | A::ReadGrants | A::ReadDirectory),
        Machine::Console => {
            reads
                || matches!(
                    action,
                    A::SaveRegion
                        | A::SaveOrganization
                        | A::SaveFacility
                        | A::SaveService
                        | A::SavePathway
                        | A::SaveBedUnit
                        | A::SaveTeam
                        | A::LoadTravelTimes
                        | A::GrantRole
                        | A::RevokeGrant
                )
        }
    };
    if may { Reach::Hub } else { Reach::Nowhere }
}
