//! Medical emergencies: what a program under 42 CFR Part 2 wrote, opened without consent by medical personnel (42 CFR 2.51). Each
//! act opens once, says why, and is reviewed by the privacy office of the agency that wrote.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{EmergencyDisclosureId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use super::role::Role;
use super::text::{self, Flaw, FlawKind};
use super::time::At;

/// Most characters of what is said of the emergency.
pub const ACCOUNT_MAX: usize = 1_000;
/// Most characters of a name, or of a place.
pub const NAME_MAX: usize = 200;
/// Within how many hours it is reviewed.
pub const REVIEW_HOURS: i64 = 72;

codes! {
    /// The nature of a medical emergency (42 CFR 2.51(c)).
    EmergencyNature {
        /// An overdose, or a poisoning.
        Overdose "OVERDOSE",
        /// The person cannot be woken, or is confused.
        AlteredConsciousness "ALTERED_CONSCIOUSNESS",
        /// Withdrawal that endangers life.
        SevereWithdrawal "SEVERE_WITHDRAWAL",
        /// Heart or breathing.
        CardiacOrRespiratory "CARDIAC_OR_RESPIRATORY",
        /// A seizure.
        Seizure "SEIZURE",
        /// An injury, by an accident, by others or by themselves.
        Injury "INJURY",
        /// A pregnancy or a birth.
        Obstetric "OBSTETRIC",
        /// What was given, or is to be given, may be dangerous with something else.
        MedicationDanger "MEDICATION_DANGER",
        /// Another condition that needs medical care at once.
        OtherImmediate "OTHER_IMMEDIATE",
    }
    /// Where the review of an opening in an emergency stands.
    EmergencyReview {
        /// It is awaited.
        Awaited "AWAITED",
        /// The privacy office takes it as it was.
        Accepted "ACCEPTED",
        /// The privacy office asks on: it is followed outside of the hub.
        Questioned "QUESTIONED",
    }
    /// What a privacy office says of an opening in an emergency.
    ReviewVerdict {
        /// It was as it should be.
        Accepted "ACCEPTED",
        /// It has to be looked into.
        Questioned "QUESTIONED",
    }
}

/// What is said with an opening in an emergency. It has no `Debug`: it names people.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EmergencyAccount {
    /// What the emergency is.
    pub account: String,
    /// Who is told: the medical personnel's name.
    pub recipient: String,
    /// With which health care facility they are.
    pub affiliation: String,
    /// Who makes the disclosure.
    pub discloser: String,
}

/// One opening in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyDisclosure {
    /// Its id.
    pub id: EmergencyDisclosureId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// Of which handoff.
    pub handoff: HandoffId,
    /// The program whose records were opened, whether it wrote anything or not.
    pub author: OrganizationId,
    /// The agency that opened it.
    pub organization: OrganizationId,
    /// Under which grant.
    pub grant: GrantId,
    /// In which role.
    pub role: Role,
    /// The nature of the emergency.
    pub nature: EmergencyNature,
    /// When.
    pub at: At,
    /// Where its review stands.
    pub review: EmergencyReview,
    /// Until when it is to be reviewed; none when it is.
    pub review_by: Option<At>,
    /// Its review is late, and the log has told so.
    pub late: bool,
    /// When it was reviewed.
    pub reviewed_at: Option<At>,
    /// Under which grant.
    pub reviewer: Option<GrantId>,
    /// What was said with it, sealed.
    pub sealed: Vec<u8>,
}

/// The coded state of an opening in an emergency, as the log keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EmergencyFact {
    /// Of which handoff.
    pub handoff: HandoffId,
    /// The nature of the emergency.
    pub nature: EmergencyNature,
    /// In which role it was opened.
    pub role: Role,
    /// Where its review stands.
    pub review: EmergencyReview,
    /// Its review is late.
    pub late: bool,
}

/// It is reviewed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reviewed;

impl EmergencyAccount {
    /// Checks each of its mandatory fields.
    pub fn check(&self, consent_unobtainable: bool) -> Result<(), Flaw> {
        if !consent_unobtainable {
            // Where the person can be asked, they are (42 CFR 2.51(a)).
            return Err(Flaw { field: "emergency.consentUnobtainable", kind: FlawKind::Malformed, min: 1, max: 1 });
        }
        text::lines("emergency.account", &self.account, ACCOUNT_MAX)?;
        text::line("emergency.recipient", &self.recipient, NAME_MAX)?;
        text::line("emergency.affiliation", &self.affiliation, NAME_MAX)?;
        text::line("emergency.discloser", &self.discloser, NAME_MAX)
    }
}

impl EmergencyDisclosure {
    /// It was opened: the privacy offices of both agencies are told, and one of them reviews it.
    pub fn opened(self) -> Changed<Self> {
        let at = self.at;
        self.changed(EventKind::EmergencyDisclosed, at)
    }

    /// Until when an opening is to be reviewed.
    pub fn review_by(at: At) -> At {
        at.plus_minutes(REVIEW_HOURS * 60)
    }

    /// Takes down what the privacy office says of it.
    pub fn reviewed(&self, verdict: ReviewVerdict, reviewer: GrantId, now: At) -> Result<Changed<Self>, Reviewed> {
        if self.review != EmergencyReview::Awaited {
            return Err(Reviewed);
        }
        let review = match verdict {
            ReviewVerdict::Accepted => EmergencyReview::Accepted,
            ReviewVerdict::Questioned => EmergencyReview::Questioned,
        };
        let (version, reviewed_at, reviewer) = (self.version + 1, Some(now), Some(reviewer));
        let next = Self { version, review, review_by: None, reviewed_at, reviewer, ..self.clone() };
        Ok(next.changed(EventKind::EmergencyReviewed, now))
    }

    /// When time next changes something of it.
    pub fn due_at(&self) -> Option<At> {
        self.review_by.filter(|_| !self.late)
    }

    /// Tells the log that its review is late; `None` while there is time, and when it has told so.
    pub fn tell_time(&self, now: At) -> Option<Changed<Self>> {
        self.due_at().filter(|due| *due <= now)?;
        let next = Self { version: self.version + 1, late: true, ..self.clone() };
        Some(next.changed(EventKind::EmergencyReviewLate, now))
    }

    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let fact = EmergencyFact {
            handoff: self.handoff,
            nature: self.nature,
            role: self.role,
            review: self.review,
            late: self.late,
        };
        let happening = Happening {
            kind,
            noun: Noun::EmergencyDisclosure,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.author,
            party: Some(self.organization),
            audience: Audience::EMERGENCIES,
            at,
            fact: Fact::EmergencyDisclosure(fact),
        };
        Changed::new(self, happening)
    }
}
