//! The closed lists of what is sealed.
use crate::domain::code::codes;

codes! {
    /// What kind of thing an entry of a handoff tells: who may read it depends on that.
    Tier {
        /// Who the person is: name, date of birth, contact.
        Identity "IDENTITY",
        /// Clinical: presenting problem, risk screen, medication, medical clearance, safety plan.
        Clinical "CLINICAL",
        /// Records of a program under 42 CFR Part 2.
        Part2 "PART2",
        /// Legal: kind of hold, its end, pickup order. Never criminal history.
        Legal "LEGAL",
        /// What became of the person: arrived, received, connected. No entry is of it: it is read in the handoff and its follow-ups.
        Outcome "OUTCOME",
        /// What a provider told an agency of a serious and imminent threat: pushed, and never asked for.
        Threat "THREAT",
    }
    /// What something is opened for. It decides, with the role, what is shown.
    Purpose {
        /// Treating the person.
        Treatment "TREATMENT",
        /// Finding and arranging the next place of care.
        CareCoordination "CARE_COORDINATION",
        /// Keeping the person, or somebody there, from harm.
        Safety "SAFETY",
        /// Reading again what one wrote oneself.
        OwnRecord "OWN_RECORD",
        /// A medical emergency of the person, in which they cannot be asked: for medical personnel, once for each act, with an account
        /// of it, and reviewed (42 CFR 2.51).
        MedicalEmergency "MEDICAL_EMERGENCY",
    }
    /// On what a line of the ledger stands.
    DisclosureBasis {
        /// The role is shown it without asking the person.
        Role "ROLE",
        /// A standing consent of the person, under which it was opened.
        Consent "CONSENT",
        /// A consent of the person by which the agency is told, while it stands, where the handoff stands and what becomes of the
        /// person.
        ToldByConsent "TOLD_BY_CONSENT",
        /// A serious and imminent threat, told by a provider (45 CFR 164.512(j)).
        Threat "THREAT",
        /// The same, read at the agency that was told.
        ThreatRead "THREAT_READ",
        /// A medical emergency, in which medical personnel opened a program's records without consent (42 CFR 2.51).
        MedicalEmergency "MEDICAL_EMERGENCY",
        /// What was said with such an opening, read by a privacy office.
        EmergencyReview "EMERGENCY_REVIEW",
    }
    /// What a person consented to.
    ConsentKind {
        /// Treatment, payment and health care operations.
        TreatmentTpo "TREATMENT_TPO",
        /// The same, for records of a program under 42 CFR Part 2 (2.31, single consent for all future uses).
        Part2Tpo "PART2_TPO",
        /// One disclosure of records of a program under 42 CFR Part 2, as named.
        Part2Specific "PART2_SPECIFIC",
        /// That somebody involved in the person's care is told.
        InvolvedPerson "INVOLVED_PERSON",
        /// That a peer is told.
        Peer "PEER",
        /// That whoever referred the person is told the outcome.
        OutcomeToReferrer "OUTCOME_TO_REFERRER",
    }
    /// In which capacity a consent was signed.
    Signer {
        /// The person.
        Person "PERSON",
        /// A parent, for a minor.
        Parent "PARENT",
        /// A guardian.
        Guardian "GUARDIAN",
        /// Whoever holds a health care power of attorney.
        HealthCareAgent "HEALTH_CARE_AGENT",
        /// A court.
        Court "COURT",
    }
    /// How a consent was given.
    ConsentGiven {
        /// On paper, signed.
        Written "WRITTEN",
        /// Signed electronically.
        Electronic "ELECTRONIC",
        /// By word of mouth, witnessed. It is not enough for records of a program under 42 CFR Part 2.
        Verbal "VERBAL",
    }
}
