//! The closed lists of handoffs. A person's own choice is no failure, and counts against nobody.
use crate::domain::code::codes;

codes! {
    /// Why a receiver sends somebody on who was announced.
    RedirectReason {
        /// The person needs medical care first.
        Medical "MEDICAL",
        /// The person, or somebody there, would not be safe.
        Unsafe "UNSAFE",
    }
    /// Why a handoff ended on the way.
    FailReason {
        /// The person left before the handoff.
        LeftBeforeHandoff "LEFT_BEFORE_HANDOFF",
        /// Nobody came.
        NoShow "NO_SHOW",
        /// The person had to be brought to medical care.
        MedicalDivert "MEDICAL_DIVERT",
        /// The person chose otherwise.
        PersonChoseOtherwise "PERSON_CHOSE_OTHERWISE",
        /// Nobody could drive.
        Transport "TRANSPORT",
        /// It is no longer needed.
        NoLongerNeeded "NO_LONGER_NEEDED",
        /// It was announced by mistake.
        Mistake "MISTAKE",
    }
    /// What a receiver asks for before it decides.
    InformationItem {
        /// Medical screening or clearance.
        MedicalClearance "MEDICAL_CLEARANCE",
        /// Vital signs of the last hours.
        Vitals "VITALS",
        /// Laboratory results.
        LabResults "LAB_RESULTS",
        /// Medications.
        MedicationList "MEDICATION_LIST",
        /// A screen of risk to self or others.
        RiskScreen "RISK_SCREEN",
        /// The paper that began an involuntary hold.
        LegalHoldForm "LEGAL_HOLD_FORM",
        /// How to reach a guardian.
        GuardianContact "GUARDIAN_CONTACT",
        /// The person's consent, or a guardian's.
        Consent "CONSENT",
        /// Who the person is, and whom to call.
        FaceSheet "FACE_SHEET",
        /// A call from nurse to nurse.
        NurseCall "NURSE_CALL",
        /// A call from physician to physician.
        PhysicianCall "PHYSICIAN_CALL",
    }
    /// On what a yes depends, or what would make one of a no.
    AcceptanceCondition {
        /// Medical clearance.
        MedicalClearance "MEDICAL_CLEARANCE",
        /// Papers or results that are missing.
        Papers "PAPERS",
        /// A guardian's consent.
        GuardianConsent "GUARDIAN_CONSENT",
        /// Staff who come along to watch over the person.
        OneToOneStaff "ONE_TO_ONE_STAFF",
        /// A room to themself.
        PrivateRoom "PRIVATE_ROOM",
        /// Some hours without aggression.
        SettledBehavior "SETTLED_BEHAVIOR",
        /// A place that becomes free: a discharge is expected.
        NextDischarge "NEXT_DISCHARGE",
        /// The next shift, when there are more staff.
        NextShift "NEXT_SHIFT",
        /// Transport that is arranged.
        Transport "TRANSPORT",
        /// Another legal status.
        LegalStatus "LEGAL_STATUS",
        /// An interpreter.
        Interpreter "INTERPRETER",
    }
    /// Why a receiver does not take somebody. Silence is no reason: it is the state EXPIRED.
    DeclineReason {
        /// No bed with staff is free.
        NoStaffedBed "NO_STAFFED_BED",
        /// The person is too acutely ill for this unit.
        Acuity "ACUITY",
        /// Risk of aggression.
        AggressionRisk "AGGRESSION_RISK",
        /// Medical needs beyond this unit.
        MedicalComplexity "MEDICAL_COMPLEXITY",
        /// Medical clearance is not complete.
        ClearanceIncomplete "CLEARANCE_INCOMPLETE",
        /// Age.
        Age "AGE",
        /// No room that suits the person's gender.
        UnitSexMix "UNIT_SEX_MIX",
        /// Intellectual or developmental disability.
        Idd "IDD",
        /// Dementia or brain injury.
        DementiaTbi "DEMENTIA_TBI",
        /// Risk of withdrawal.
        WithdrawalRisk "WITHDRAWAL_RISK",
        /// Legal status.
        LegalStatus "LEGAL_STATUS",
        /// Who pays.
        Payer "PAYER",
        /// The person's home lies outside the area served.
        Catchment "CATCHMENT",
        /// No one speaks the person's language, and no interpreter.
        LanguageAccess "LANGUAGE_ACCESS",
        /// A safety event with this person here within 12 months.
        SafetyEventHere12M "SAFETY_EVENT_HERE_12M",
        /// The mix of people on the unit now.
        Milieu "MILIEU",
        /// No staff for one-to-one observation.
        OneToOneStaffing "ONE_TO_ONE_STAFFING",
        /// Pregnancy.
        Pregnancy "PREGNANCY",
        /// A medical device.
        MedicalDevice "MEDICAL_DEVICE",
        /// No clinician to accept the person.
        NoAcceptingClinician "NO_ACCEPTING_CLINICIAN",
        /// Papers are missing.
        DocsMissing "DOCS_MISSING",
        /// Nobody can drive.
        NoTransport "NO_TRANSPORT",
        /// The person and the house agreed that it does not suit.
        NotASuit "NOT_A_SUIT",
        /// None of those listed.
        Other "OTHER",
    }
    /// Why an offer is taken back.
    WithdrawReason {
        /// It is no longer needed.
        NoLongerNeeded "NO_LONGER_NEEDED",
        /// The person chose otherwise.
        PersonChoseOtherwise "PERSON_CHOSE_OTHERWISE",
        /// What is needed has changed.
        NeedChanged "NEED_CHANGED",
        /// It was sent by mistake.
        Mistake "MISTAKE",
        /// Another receiver was chosen, or was the first to accept. The hub says so, nobody else.
        AnotherChosen "ANOTHER_CHOSEN",
    }
    /// Whose preference decided between several that said yes.
    ChosenFor {
        /// The person's.
        Person "PERSON",
        /// A guardian's.
        Guardian "GUARDIAN",
        /// A clinician's.
        Clinician "CLINICIAN",
        /// The shorter way.
        Distance "DISTANCE",
    }
    /// What has changed since a receiver was asked before.
    WhatChanged {
        /// The person is medically cleared.
        MedicallyCleared "MEDICALLY_CLEARED",
        /// The person is calmer.
        BehaviorSettled "BEHAVIOR_SETTLED",
        /// Another legal status.
        LegalStatus "LEGAL_STATUS",
        /// Papers or results have come.
        PapersCame "PAPERS_CAME",
        /// Staff come along to watch over the person.
        OneToOneStaff "ONE_TO_ONE_STAFF",
        /// What is needed is another.
        Need "NEED",
        /// The unit shows a free place.
        PlaceFree "PLACE_FREE",
        /// Transport is arranged.
        Transport "TRANSPORT",
    }
}

impl AcceptanceCondition {
    /// Whether it says something of the person's health.
    pub fn is_clinical(self) -> bool {
        matches!(self, Self::MedicalClearance | Self::OneToOneStaff | Self::SettledBehavior)
    }
}

impl InformationItem {
    /// Whether it asks for something of the person's health.
    pub fn is_clinical(self) -> bool {
        match self {
            Self::MedicalClearance
            | Self::Vitals
            | Self::LabResults
            | Self::MedicationList
            | Self::RiskScreen
            | Self::NurseCall
            | Self::PhysicianCall => true,
            Self::LegalHoldForm | Self::GuardianContact | Self::Consent | Self::FaceSheet => false,
        }
    }
}

impl DeclineReason {
    /// Whether it says something of the person's health: what a house that the person calls by themself never answers.
    pub fn is_clinical(self) -> bool {
        match self {
            Self::Acuity
            | Self::AggressionRisk
            | Self::MedicalComplexity
            | Self::ClearanceIncomplete
            | Self::Idd
            | Self::DementiaTbi
            | Self::WithdrawalRisk
            | Self::SafetyEventHere12M
            | Self::OneToOneStaffing
            | Self::Pregnancy
            | Self::MedicalDevice => true,
            Self::NoStaffedBed
            | Self::Age
            | Self::UnitSexMix
            | Self::LegalStatus
            | Self::Payer
            | Self::Catchment
            | Self::LanguageAccess
            | Self::Milieu
            | Self::NoAcceptingClinician
            | Self::DocsMissing
            | Self::NoTransport
            | Self::NotASuit
            | Self::Other => false,
        }
    }
}

/// How a handoff ended, where a reason belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "how", content = "why", rename_all = "snake_case")]
pub enum Ending {
    /// The receiver sent the person on.
    Redirected(RedirectReason),
    /// It ended on the way.
    Failed(FailReason),
    /// The receiver does not take the person.
    Declined(DeclineReason),
    /// The offer was taken back.
    Withdrawn(WithdrawReason),
}
