//! What law adds to policy: who reads and keeps legal holds, whose a minor's step is, and what a jurisdiction takes away. It
//! gives nothing that the table does not.
use super::rules::{self, Action, Reach};
use super::scope::Scope;
use super::tiers;
use super::viewer::Viewer;
use crate::domain::guardian::Guardian;
use crate::domain::id::OrganizationId;
use crate::domain::jurisdiction::{Jurisdiction, StatusTerms};
use crate::domain::legal_hold::LegalHold;
use crate::domain::role::Role;
use crate::domain::sealed::{READ_AFTER_END_DAYS, Side, Tier};
use crate::domain::time::At;

/// How far reading and keeping legal holds reach: those who read what is legal, and those who write it. The 988 line reads of
/// it that there is a clock, and no more.
pub(super) fn reach(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        (Action::KeepLegalHold, R::Officer | R::EmergencyDepartment | R::Intake | R::Line988) => Reach::Agency,
        (
            Action::ReadLegalHolds,
            R::Officer | R::Ems | R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Line988,
        ) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// Whether a role records that a person's hold began under a status, for the party that its agency is: whoever may write what
/// is legal, as far as the law lets them start it.
pub fn may_start(role: Role, side: Side, program: bool, status: &StatusTerms) -> bool {
    tiers::may_write(role, Tier::Legal, side, program) && status.starts.contains(&role)
}

/// How far an action of a role reaches where a jurisdiction is kept to: never further than without one.
pub fn reach_under(law: &Jurisdiction, role: Role, action: Action) -> Reach {
    let starts = law.statuses.iter().any(|status| status.starts.contains(&role));
    match action {
        Action::KeepLegalHold if !starts => Reach::Nowhere,
        _ => rules::reach(role, action),
    }
}

/// Whose clocks of law a scope covers: legal holds, or steps of reaching guardians.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clocks {
    /// Nobody's.
    None,
    /// Those that an agency recorded.
    Recorded(OrganizationId),
    /// Those of people whom an agency sends or receives.
    Party(OrganizationId),
    /// All.
    All,
}

impl Clocks {
    /// Those that a viewer's reach covers. Police read what their own agency recorded, and dispatchers nothing.
    pub(super) fn of(viewer: &Viewer, reach: Reach) -> Self {
        match (reach, viewer.organization()) {
            (Reach::Hub, _) => Self::All,
            _ if viewer.stands_as(Role::Dispatcher) => Self::None,
            (Reach::Agency, Some(own)) if viewer.stands_as(Role::Officer) => Self::Recorded(own),
            (Reach::Agency, Some(own)) => Self::Party(own),
            _ => Self::None,
        }
    }

    /// Whether something that happened between agencies is told: never to police.
    pub(super) fn are_told(self, owner: OrganizationId, party: Option<OrganizationId>) -> bool {
        match self {
            Self::None | Self::Recorded(_) => false,
            Self::Party(own) => own == owner || Some(own) == party,
            Self::All => true,
        }
    }

    /// Whether it covers what an agency recorded. Whose the search is, the store has looked up: it hands out no other.
    fn cover(self, recorder: Option<OrganizationId>) -> bool {
        match self {
            Self::None => false,
            Self::Recorded(own) => Some(own) == recorder,
            Self::Party(_) | Self::All => true,
        }
    }
}

/// As long after its end as what is sealed beside it is opened.
fn is_shown(ended_at: Option<At>, now: At) -> bool {
    ended_at.is_none_or(|ended| now < ended.plus_minutes(READ_AFTER_END_DAYS * 24 * 60))
}

/// A legal hold as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct LegalHoldView {
    hold: LegalHold,
    now: At,
}

/// What of a legal hold a scope may read: its instants, or nothing.
pub fn legal_hold(scope: &Scope, hold: LegalHold, now: At) -> Option<LegalHoldView> {
    let seen = scope.is_here(hold.region) && scope.legal_holds().cover(Some(hold.recorder));
    (seen && is_shown(hold.ended_at, now)).then_some(LegalHoldView { hold, now })
}

impl LegalHoldView {
    /// The legal hold.
    pub fn hold(&self) -> &LegalHold {
        &self.hold
    }

    /// How many percent of its time are over.
    pub fn percent(&self) -> u8 {
        self.hold.percent_at(self.hold.ended_at.unwrap_or(self.now))
    }
}

/// The step of reaching a guardian as one scope sees it at one instant.
#[derive(Clone, Debug)]
pub struct GuardianView {
    step: Guardian,
    now: At,
}

/// What of the step a scope may read: its instants, or nothing.
pub fn guardian(scope: &Scope, step: Guardian, now: At) -> Option<GuardianView> {
    let seen = scope.is_here(step.region) && scope.guardians().cover(step.reached_by);
    (seen && is_shown(step.ended_at, now)).then_some(GuardianView { step, now })
}

impl GuardianView {
    /// The step.
    pub fn step(&self) -> &Guardian {
        &self.step
    }

    /// Whether it is late, or was.
    pub fn is_late(&self) -> bool {
        self.step.is_late(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::Coded;
    use crate::domain::jurisdiction::tests::generous;
    use crate::policy::tiers::{Asked, Leave, Relation, may_open, may_write};

    #[test]
    fn a_state_that_lets_everybody_start_everything_gives_nobody_anything() {
        let law = generous();
        for role in Role::ALL {
            for side in [Side::Sender, Side::Receiver] {
                let (writes, starts) =
                    (may_write(*role, Tier::Legal, side, true), may_start(*role, side, true, &law.statuses[0]));
                assert_eq!(starts, writes, "{role:?}");
            }
            for action in Action::ALL {
                assert_eq!(reach_under(&law, *role, *action), rules::reach(*role, *action), "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn whoever_reads_clocks_may_be_told_what_is_legal_and_whoever_keeps_them_writes_it() {
        for role in Role::ALL {
            let keeps = reach(*role, Action::KeepLegalHold) != Reach::Nowhere;
            let writes = [Side::Sender, Side::Receiver].iter().any(|side| may_write(*role, Tier::Legal, *side, false));
            assert_eq!(keeps, writes, "{role:?}");
            let opens = |relation: &Relation| {
                use crate::domain::sealed::Purpose;
                let open = |purpose: &Purpose| {
                    let (role, purpose, relation) = (*role, *purpose, *relation);
                    may_open(Asked { role, tier: Tier::Legal, purpose, relation, part2: false }) != Leave::No
                };
                Purpose::ALL.iter().any(open)
            };
            let opens = Relation::ALL.iter().any(opens);
            // The line, too, which is told of it by voice: when it ends, and no more.
            assert_eq!(reach(*role, Action::ReadLegalHolds) != Reach::Nowhere, opens, "{role:?}");
        }
    }

    #[test]
    fn what_happens_with_a_clock_of_law_is_told_to_its_agencies_and_never_by_record() {
        let agency = |n| <OrganizationId as crate::domain::id::NounId>::of(uuid::Uuid::from_u128(n));
        let (one, two, three) = (agency(1), agency(2), agency(3));
        assert!(Clocks::Party(one).are_told(one, None) && Clocks::Party(two).are_told(one, Some(two)));
        assert!(!Clocks::Party(three).are_told(one, Some(two)) && !Clocks::Recorded(one).are_told(one, Some(two)));
        assert!(Clocks::All.are_told(one, None) && !Clocks::None.are_told(one, None));
        assert!(Clocks::Recorded(one).cover(Some(one)) && !Clocks::Recorded(one).cover(Some(two)));
    }
}
