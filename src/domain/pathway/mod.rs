//! Referral pathways: who may send whom to a service, how it is asked, and by when it answers.
mod criteria;

pub use criteria::Criteria;

use super::code::codes;
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::follow_up::FollowUpTerm;
use super::hours::{Hours, Opening};
use super::id::{PathwayId, ServiceId};
use super::need::{Criterion, Fit, Need, Reason, reason};
use super::role::Role;
use super::text::{self, Flaw, FlawKind};
use super::time::At;

/// Longest target and longest hold, in minutes: two days.
pub const MINUTES_MAX: u32 = 2_880;
/// Most fallbacks of one pathway.
pub const FALLBACKS_MAX: usize = 10;

codes! {
    /// How a pathway is entered.
    PathwayMode {
        /// The arrival is announced: the service takes everybody, and may only redirect with a reason.
        Announce "ANNOUNCE",
        /// A place is asked for, and the service decides.
        Request "REQUEST",
    }
    /// Papers that travel with the person.
    Paper {
        /// Who the person is, and whom to call.
        FaceSheet "FACE_SHEET",
        /// Medical screening or clearance.
        MedicalClearance "MEDICAL_CLEARANCE",
        /// Medications.
        MedicationList "MEDICATION_LIST",
        /// Laboratory results.
        LabResults "LAB_RESULTS",
        /// The paper that began an involuntary hold.
        LegalHoldForm "LEGAL_HOLD_FORM",
        /// The person's consent, or a guardian's.
        Consent "CONSENT",
        /// The safety plan.
        SafetyPlan "SAFETY_PLAN",
        /// The certificate of a transfer between hospitals (42 CFR 489.24(e)).
        TransferCertificate "TRANSFER_CERTIFICATE",
    }
}

/// What an agency says about one of its pathways.
#[derive(Clone, Debug, PartialEq)]
pub struct PathwayDetails {
    /// Its name.
    pub name: String,
    /// Its terms, all of them coded.
    pub terms: Terms,
}

/// The coded terms of a pathway. The log keeps those of each version: what was sent under one version stays under it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    /// The service that it leads to.
    pub service: ServiceId,
    /// Who may send by it.
    pub from_roles: Vec<Role>,
    /// How it is entered.
    pub mode: PathwayMode,
    /// The person speaks with the service first.
    pub self_referral_call: bool,
    /// Whom it takes.
    pub criteria: Criteria,
    /// Papers that have to travel with the person.
    pub papers: Vec<Paper>,
    /// When it can be entered; `None` is at every hour.
    pub hours: Option<Hours>,
    /// Within how many minutes it acknowledges.
    pub acknowledge_minutes: u32,
    /// Within how many minutes it decides.
    pub decide_minutes: u32,
    /// Within how many minutes the person is to arrive.
    pub arrive_minutes: u32,
    /// For how many minutes an accepted place is kept beyond the time of arrival.
    pub hold_minutes: u32,
    /// Where to turn next, in this order.
    pub fallbacks: Vec<PathwayId>,
    /// What follows once the person is in care.
    #[serde(default)]
    pub follow_ups: Vec<FollowUpTerm>,
    /// From when on it can be entered.
    pub effective_from: Option<At>,
    /// Until when; at that instant it is over.
    pub effective_until: Option<At>,
}

/// One pathway.
pub type Pathway = Entry<PathwayDetails>;

impl Details for PathwayDetails {
    type Id = PathwayId;
    const SAVED: EventKind = EventKind::PathwaySaved;

    fn check(&self) -> Result<(), Flaw> {
        let terms = &self.terms;
        let many = |field, n: usize, min, max: usize| {
            let most = i64::try_from(max).unwrap_or(i64::MAX);
            text::within(field, i64::try_from(n).unwrap_or(i64::MAX), min, most)
        };
        text::line("name", &self.name, 120)?;
        many("fromRoles", terms.from_roles.len(), 1, Role::SENDERS.len())?;
        if !terms.from_roles.iter().all(|role| Role::SENDERS.contains(role)) {
            return Err(Flaw { field: "fromRoles", kind: FlawKind::Malformed, min: 1, max: 1 });
        }
        terms.criteria.check()?;
        many("fallbackIds", terms.fallbacks.len(), 0, FALLBACKS_MAX)?;
        for (field, minutes, min) in [
            ("acknowledgeMinutes", terms.acknowledge_minutes, 1),
            ("decideMinutes", terms.decide_minutes, 1),
            ("arriveMinutes", terms.arrive_minutes, 1),
            ("holdMinutes", terms.hold_minutes, 0),
        ] {
            text::within(field, i64::from(minutes), min, i64::from(MINUTES_MAX))?;
        }
        FollowUpTerm::check(&terms.follow_ups)?;
        if terms.effective_from.zip(terms.effective_until).is_some_and(|(from, until)| until <= from) {
            return Err(Flaw { field: "effectiveUntil", kind: FlawKind::Malformed, min: 0, max: 0 });
        }
        terms.hours.as_ref().map_or(Ok(()), Hours::check)
    }

    fn fact(&self, retired: bool) -> Fact {
        Fact::Pathway { terms: Box::new(self.terms.clone()), retired }
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Pathway { terms, .. } = fact else { return None };
        Some(Self { terms: Terms::clone(terms), ..self.clone() })
    }
}

impl Terms {
    /// Whether somebody in a role may send by it at an instant.
    pub fn is_open_to(&self, role: Role, now: At) -> bool {
        self.from_roles.contains(&role) && self.is_effective(now)
    }

    /// Whether it is within its dates.
    pub fn is_effective(&self, now: At) -> bool {
        self.effective_from.is_none_or(|from| from <= now) && self.effective_until.is_none_or(|until| now < until)
    }

    /// How a need meets it at an instant: every point that has a condition, with its reason.
    pub fn reasons(&self, need: &Need, now: At) -> Vec<Reason> {
        let mut found = self.criteria.reasons(need);
        found.extend(self.hours.as_ref().map(|hours| match hours.at(now) {
            Opening::Closed => reason(Criterion::Hours, Fit::NotMet, "This pathway is closed at this hour."),
            Opening::Always | Opening::Until(_) => {
                reason(Criterion::Hours, Fit::Met, "This pathway is open at this hour.")
            }
        }));
        found
    }
}

impl Role {
    /// Roles that send people somewhere.
    pub const SENDERS: [Self; 7] = [
        Self::Officer,
        Self::Dispatcher,
        Self::Ems,
        Self::EmergencyDepartment,
        Self::Intake,
        Self::MobileTeam,
        Self::Line988,
    ];
}

#[cfg(test)]
mod tests {
    use super::super::id::NounId;
    use super::*;

    fn pathway() -> PathwayDetails {
        let terms = Terms {
            service: ServiceId::of(uuid::Uuid::nil()),
            from_roles: vec![Role::Officer],
            mode: PathwayMode::Announce,
            self_referral_call: false,
            criteria: Criteria::default(),
            papers: Vec::new(),
            hours: None,
            acknowledge_minutes: 5,
            decide_minutes: 10,
            arrive_minutes: 60,
            hold_minutes: 30,
            fallbacks: Vec::new(),
            follow_ups: Vec::new(),
            effective_from: None,
            effective_until: None,
        };
        PathwayDetails { name: "Drop-off".into(), terms }
    }

    fn flawed(change: impl FnOnce(&mut Terms)) -> Option<&'static str> {
        let mut pathway = pathway();
        change(&mut pathway.terms);
        pathway.check().err().map(|flaw| flaw.field)
    }

    #[test]
    fn each_limit_is_checked() {
        assert_eq!(flawed(|_| {}), None);
        assert_eq!(flawed(|terms| terms.from_roles.clear()), Some("fromRoles"));
        assert_eq!(flawed(|terms| terms.from_roles.push(Role::Council)), Some("fromRoles"));
        assert_eq!(flawed(|terms| terms.decide_minutes = 0), Some("decideMinutes"));
        assert_eq!(flawed(|terms| terms.hold_minutes = MINUTES_MAX + 1), Some("holdMinutes"));
        assert_eq!(flawed(|terms| terms.criteria.age_max = Some(121)), Some("ageMax"));
        let at = At::from_micros(7);
        let never = |terms: &mut Terms| (terms.effective_from, terms.effective_until) = (Some(at), Some(at));
        assert_eq!(flawed(never), Some("effectiveUntil"));
    }

    #[test]
    fn it_is_open_within_its_dates_to_its_roles() {
        let at = At::from_micros;
        let terms = Terms { effective_from: Some(at(10)), effective_until: Some(at(20)), ..pathway().terms };
        let open = |role, now| terms.is_open_to(role, at(now));
        assert_eq!([9, 10, 19, 20].map(|now| open(Role::Officer, now)), [false, true, true, false]);
        assert!(!open(Role::Peer, 15));
    }

    #[test]
    fn its_terms_read_back_from_the_log() {
        let (was, now) = (pathway(), PathwayDetails { name: "Other".into(), ..pathway() });
        assert_eq!(now.told(&was.fact(false)), Some(PathwayDetails { name: "Other".into(), ..was }));
    }
}
