//! Who is told beyond the two agencies of a handoff: by the person's consent, and of a threat. How far each role reaches, and
//! what a scope covers of it.
use super::rules::{self, Action, Reach};
use super::scope::Scope;
use super::viewer::Viewer;
use crate::domain::code::Coded;
use crate::domain::emergency::EmergencyDisclosure;
use crate::domain::event::{Audience, Fact, Happening};
use crate::domain::id::OrganizationId;
use crate::domain::organization::OrganizationDetails;
use crate::domain::role::Role;
use crate::domain::sealed::ConsentKind;
use crate::domain::share::HandoffShare;
use crate::domain::time::At;

/// How far a role's action reaches.
pub(super) fn reach(role: Role, action: Action) -> Reach {
    match action {
        Action::ReadSharedHandoffs if told_as(role) != Audience::NOBODY => Reach::Agency,
        Action::DiscloseThreat if tells_threats(role) => Reach::Agency,
        Action::ReadThreats if reads_threats(role) => Reach::Agency,
        Action::ReadEmergencies | Action::ReviewEmergency if role == Role::AgencyAdmin => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// As whom a role is told by consent.
///
/// Police and dispatchers are nobody here: they are told that somebody was received, and no outcome, whoever agrees
/// (45 CFR 164.512(f)); an ambulance and the peers of a sender are. Those who treat read a handoff as its parties.
fn told_as(role: Role) -> Audience {
    match role {
        Role::Advocate => Audience::INVOLVED,
        Role::Peer => Audience::PEERS.and(Audience::REFERRER),
        Role::Ems => Audience::REFERRER,
        Role::Officer
        | Role::Dispatcher
        | Role::EmergencyDepartment
        | Role::Intake
        | Role::MobileTeam
        | Role::Line988
        | Role::Council
        | Role::Analyst
        | Role::AgencyAdmin
        | Role::HubOperator => Audience::NOBODY,
    }
}

/// Whether a role tells of threats: those who hold people in care, and judge in good faith (45 CFR 164.512(j)(4)).
fn tells_threats(role: Role) -> bool {
    matches!(role, Role::EmergencyDepartment | Role::Intake | Role::MobileTeam | Role::Line988)
}

/// Whether a role reads a threat that its agency was told: whoever goes there, and whoever sends them.
fn reads_threats(role: Role) -> bool {
    matches!(role, Role::Officer | Role::Dispatcher)
}

/// Whether anybody at an agency could read a threat that it is told.
pub fn can_read_threats(agency: &OrganizationDetails) -> bool {
    Role::ALL.iter().any(|role| reads_threats(*role) && rules::fits(*role, agency))
}

/// Which threats a scope covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Threats {
    /// None.
    None,
    /// Those that an agency was told, while they are read.
    To(OrganizationId),
    /// Those that an agency told.
    By(OrganizationId),
    /// All.
    All,
}

impl Threats {
    pub(super) fn of(viewer: &Viewer) -> Self {
        let reach = |action| viewer.reach(action);
        match (reach(Action::ReadThreats), reach(Action::DiscloseThreat), viewer.organization()) {
            (Reach::Hub, ..) => Self::All,
            (Reach::Agency, _, Some(own)) => Self::To(own),
            (_, Reach::Agency, Some(own)) => Self::By(own),
            _ => Self::None,
        }
    }

    /// Whether it covers what happened to a threat of `from`, told to `to`.
    pub(super) fn cover(self, from: OrganizationId, to: Option<OrganizationId>) -> bool {
        match self {
            Self::None => false,
            Self::To(own) => Some(own) == to,
            Self::By(own) => own == from,
            Self::All => true,
        }
    }
}

/// What a scope is told by consents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// What consents tell an agency, as one of these.
    As(OrganizationId, Audience),
    /// All that any consent tells.
    All,
}

impl Told {
    pub(super) fn of(viewer: &Viewer) -> Self {
        match (viewer.reach(Action::ReadSharedHandoffs), viewer.organization()) {
            (Reach::Hub, _) => Self::All,
            (Reach::Agency, Some(own)) => {
                // No more than every grant that they stand on is told.
                let each = viewer.stands_on().map(|grant| told_as(grant.role));
                Self::As(own, each.reduce(Audience::only).unwrap_or_default())
            }
            _ => Self::Nothing,
        }
    }

    /// Whether it covers what an agency is told as these.
    pub(super) fn covers(self, to: OrganizationId, audience: Audience) -> bool {
        match self {
            Self::Nothing => false,
            Self::As(own, mine) => own == to && mine.meets(audience),
            Self::All => Audience::INVOLVED.and(Audience::PEERS).and(Audience::REFERRER).meets(audience),
        }
    }

    /// The kinds of consent that tell it anything, and of those the ones that tell more than a party knows of the handoff
    /// itself.
    pub fn kinds(self, of_handoffs: bool) -> impl Iterator<Item = ConsentKind> {
        let mine = match self {
            Self::Nothing => Audience::NOBODY,
            Self::As(_, mine) => mine,
            Self::All => Audience::ALL,
        };
        let tells = move |kind: &ConsentKind| {
            let outcome_alone = *kind == ConsentKind::OutcomeToReferrer;
            kind.tells().is_some_and(|told| mine.meets(told)) && !(of_handoffs && outcome_alone)
        };
        ConsentKind::ALL.iter().copied().filter(tells)
    }
}

impl Scope {
    /// Whether it covers an opening in a medical emergency.
    pub fn sees_emergency(&self, opened: &EmergencyDisclosure) -> bool {
        self.is_here(opened.region) && self.emergencies().are_between(opened.author, Some(opened.organization))
    }

    /// Whether something that it was told is told no longer at an instant: a threat is read for a day.
    pub fn is_told_no_more(&self, happening: &Happening, now: At) -> bool {
        let Fact::ThreatDisclosure(fact) = &happening.fact else { return false };
        matches!(self.threats(), Threats::To(_)) && fact.until <= now
    }

    /// Whether it reads every handoff that an agency sends or receives, whatever anybody agrees to.
    pub fn reads_handoffs_of(&self, agency: OrganizationId) -> bool {
        self.handoffs().are_between(agency, None)
    }

    /// Whether it is of the agency whose people opened.
    pub fn opened_in_emergency(&self, opened: &EmergencyDisclosure) -> bool {
        self.emergencies().are_between(opened.organization, None)
    }

    /// Whether it is told a handoff, or its outcome, by this share at an instant.
    pub fn is_told_by(&self, share: &HandoffShare, now: At) -> bool {
        let told = share.kind.tells().is_some_and(|audience| self.told().covers(share.to, audience));
        self.is_here(share.region) && told && share.stands(now)
    }

    /// The share, of some, by which it is told of a handoff that it has no part in.
    pub fn told_of_handoff<'a>(
        &self,
        shares: &'a [HandoffShare],
        of: crate::domain::id::HandoffId,
        now: At,
    ) -> Option<&'a HandoffShare> {
        let tells = |share: &&HandoffShare| {
            share.handoff == of && share.kind != ConsentKind::OutcomeToReferrer && self.is_told_by(share, now)
        };
        // The one that tells longest.
        shares.iter().filter(tells).max_by_key(|share| (share.until, share.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::rules::coordinator_reach;

    #[test]
    fn police_and_those_who_only_count_are_told_nothing_by_consent() {
        for role in Role::ALL {
            let told = told_as(*role) != Audience::NOBODY;
            assert_eq!(told, matches!(role, Role::Advocate | Role::Peer | Role::Ems), "{role:?}");
            assert_eq!(reach(*role, Action::ReadSharedHandoffs) == Reach::Agency, told, "{role:?}");
        }
    }

    #[test]
    fn nobody_is_told_by_consent_who_coordinates() {
        for role in Role::ALL {
            let coordinates = coordinator_reach(*role, Action::ReadOpenEpisodes) != Reach::Nowhere;
            assert!(
                !(coordinates && told_as(*role) != Audience::NOBODY),
                "{role:?}: a look would be taken for the other"
            );
        }
    }

    #[test]
    fn who_reads_of_threats_tells_of_none() {
        for role in Role::ALL {
            assert!(!(tells_threats(*role) && reads_threats(*role)), "{role:?}");
        }
    }

    #[test]
    fn who_is_told_as_two_is_told_what_both_are() {
        assert_eq!(told_as(Role::Peer).only(told_as(Role::Ems)), Audience::REFERRER);
        assert_eq!(told_as(Role::Advocate).only(told_as(Role::Peer)), Audience::NOBODY);
    }
}
