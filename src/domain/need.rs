//! A need: what is known of a person who needs care, in coded fields; and how a unit fits it.
use super::ages::{Taken, taken};
use super::bed::{BedUnit, GenderPolicy, Seat, ShownAs, Specialty};
use super::code::codes;
use super::facility::Facility;
use super::service::{Service, ServiceKind};
use super::time::At;

codes! {
    /// A person's legal status, as search needs it.
    LegalStatus {
        /// Of their own will.
        Voluntary "VOLUNTARY",
        /// Under an involuntary hold.
        Involuntary "INVOLUNTARY",
    }
    /// Which rooms would suit the person.
    RoomGenderNeed {
        /// A men's unit or room.
        Male "M",
        /// A women's unit or room.
        Female "F",
        /// A private or flexibly arranged room.
        PrivateOrFlexible "PRIVATE_OR_FLEXIBLE",
        /// Not known: ask the person.
        Ask "ASK",
    }
    /// How far medical screening has come.
    MedicalScreening {
        /// Not done.
        NotDone "NOT_DONE",
        /// Done: stable.
        DoneStable "DONE_STABLE",
        /// Done: needs medical care.
        NeedsCare "NEEDS_CARE",
    }
    /// How acute the crisis is.
    Acuity {
        /// Low.
        Low "LOW",
        /// Moderate.
        Moderate "MODERATE",
        /// High.
        High "HIGH",
    }
    /// Behavior seen in the last 24 hours.
    Behavior {
        /// None of those listed.
        None "NONE",
        /// Hurt themself.
        SelfHarm "SELF_HARM",
        /// Was aggressive towards people.
        Aggression "AGGRESSION",
        /// Destroyed property.
        PropertyDestruction "PROPERTY_DESTRUCTION",
        /// Left care without agreement.
        Elopement "ELOPEMENT",
    }
    /// Coarse safety flags.
    SafetyFlag {
        /// None of those listed.
        None "NONE",
        /// Thoughts of suicide.
        Suicide "SUICIDE",
        /// Danger to others.
        Violence "VIOLENCE",
        /// Risk of fire-setting.
        FireSetting "FIRE_SETTING",
        /// A weapon was present.
        WeaponPresent "WEAPON_PRESENT",
    }
    /// Risk of withdrawal.
    WithdrawalRisk {
        /// None.
        None "NONE",
        /// Low.
        Low "LOW",
        /// Moderate.
        Moderate "MODERATE",
        /// Severe: medical management needed.
        Severe "SEVERE",
    }
    /// How the person moves.
    Mobility {
        /// Walks.
        Independent "INDEPENDENT",
        /// Needs help.
        Assisted "ASSISTED",
        /// Uses a wheelchair.
        Wheelchair "WHEELCHAIR",
        /// Cannot leave the bed.
        Bedbound "BEDBOUND",
    }
    /// Who pays; asked in transfers between facilities only.
    Payer {
        /// Medicaid.
        Medicaid "MEDICAID",
        /// Medicare.
        Medicare "MEDICARE",
        /// Commercial insurance.
        Commercial "COMMERCIAL",
        /// Veterans or military cover.
        Military "MILITARY",
        /// No cover.
        Uninsured "UNINSURED",
    }
    /// Whether a unit fits, wholly or in one point.
    Fit {
        /// It does.
        Met "MET",
        /// It has to be asked.
        Unknown "UNKNOWN",
        /// It does not.
        NotMet "NOT_MET",
    }
    /// The points in which a unit can fit or not.
    Criterion {
        /// A free place that can be believed.
        Capacity "CAPACITY",
        /// Age.
        Age "AGE",
        /// Legal status.
        LegalStatus "LEGAL_STATUS",
        /// Gender and rooms.
        RoomGender "ROOM_GENDER",
        /// Medical screening before arrival.
        MedicalScreening "MEDICAL_SCREENING",
        /// Intellectual or developmental disability.
        Idd "IDD",
        /// Dementia or brain injury.
        DementiaTbi "DEMENTIA_TBI",
        /// Pregnancy.
        Pregnancy "PREGNANCY",
        /// Medical devices.
        MedicalDevices "MEDICAL_DEVICES",
        /// One-to-one observation.
        OneToOne "ONE_TO_ONE",
        /// Risk of withdrawal.
        Withdrawal "WITHDRAWAL",
        /// Vital signs out of range.
        Vitals "VITALS",
        /// Mobility and access.
        Mobility "MOBILITY",
        /// Language.
        Language "LANGUAGE",
        /// Home county.
        Catchment "CATCHMENT",
        /// Acuity.
        Acuity "ACUITY",
        /// Behavior in the last 24 hours.
        Behavior "BEHAVIOR",
        /// Safety flags.
        Safety "SAFETY",
        /// Payer.
        Payer "PAYER",
        /// Opening hours.
        Hours "HOURS",
    }
}

/// What is known of a need. What is not given is unknown, and never taken for a match in silence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Need {
    /// The level of care; the search finds units of this level alone.
    pub level_of_care: Option<ServiceKind>,
    /// Age in years.
    pub age: Option<u16>,
    /// Legal status.
    pub legal_status: Option<LegalStatus>,
    /// Which rooms would suit.
    pub room_gender: Option<RoomGenderNeed>,
    /// Medical screening.
    pub medical_screening: Option<MedicalScreening>,
    /// Acuity.
    pub acuity: Option<Acuity>,
    /// Behavior in the last 24 hours.
    pub behaviors_24h: Vec<Behavior>,
    /// Safety flags.
    pub safety_flags: Vec<SafetyFlag>,
    /// Intellectual or developmental disability.
    pub idd: Option<bool>,
    /// Dementia or brain injury.
    pub dementia_or_brain_injury: Option<bool>,
    /// Pregnant.
    pub pregnant: Option<bool>,
    /// Has medical devices.
    pub medical_devices: Option<bool>,
    /// Needs one-to-one observation.
    pub one_to_one: Option<bool>,
    /// Risk of withdrawal.
    pub withdrawal_risk: Option<WithdrawalRisk>,
    /// Vital signs out of range.
    pub vitals_out_of_range: Option<bool>,
    /// Mobility.
    pub mobility: Option<Mobility>,
    /// Preferred language, ISO 639-1.
    pub language: Option<String>,
    /// Home county, Census FIPS code.
    pub home_county: Option<u32>,
    /// Payer, in transfers between facilities only.
    pub payer: Option<Payer>,
}

/// How one unit fits in one point, and what to say or ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The point.
    pub criterion: Criterion,
    /// Whether it fits.
    pub fit: Fit,
    /// A sentence for the person who searches.
    pub says: &'static str,
}

/// Tells each point in which a unit fits or not. What the answers of a pathway say is not asked of the unit again; what a
/// unit cannot take, no pathway opens.
fn points(need: &Need, seat: &Seat, shown: ShownAs, answers: &[Reason], tell: &mut impl FnMut(Reason)) {
    let Seat { unit, service, facility, .. } = seat;
    let mut tell = |reason: Reason| {
        if reason.fit == Fit::NotMet || !answers.iter().any(|answer| answer.criterion == reason.criterion) {
            tell(reason);
        }
    };
    tell(capacity(shown));
    [age(need, unit), legal_status(need, unit), room_gender(need, unit)].into_iter().flatten().for_each(&mut tell);
    let catchment = catchment(need.home_county, &service.details.catchment_fips);
    [screening(need, service), mobility(need, unit, facility), language(need, service), catchment]
        .into_iter()
        .flatten()
        .for_each(&mut tell);
    set_up_for(need, unit).for_each(&mut tell);
    to_ask(need).for_each(tell);
}

/// How a unit fits a need at an instant, when a pathway to it has answers: every point once, with its reason.
pub fn reasons(need: &Need, seat: &Seat, answers: &[Reason], now: At) -> Vec<Reason> {
    let mut found = Vec::new();
    points(need, seat, seat.unit.availability(now).shown_as, answers, &mut |reason| found.push(reason));
    let open = |answer: &&Reason| found.iter().all(|reason: &Reason| reason.criterion != answer.criterion);
    let open: Vec<Reason> = answers.iter().filter(open).cloned().collect();
    found.extend(open);
    found
}

/// The worst of the points of a unit and of a pathway to it.
pub fn fit(need: &Need, seat: &Seat, answers: &[Reason], shown: ShownAs) -> Fit {
    let mut fit = worst(answers);
    points(need, seat, shown, answers, &mut |reason| fit = fit.max(rank_of(&reason)));
    fit
}

/// The worst of some points: one that is not met, else one to ask, else met.
pub fn worst(reasons: &[Reason]) -> Fit {
    reasons.iter().map(rank_of).max().unwrap_or(Fit::Met)
}

/// What a point counts for. Who pays is said, and ranks nobody.
fn rank_of(reason: &Reason) -> Fit {
    if reason.criterion == Criterion::Payer { Fit::Met } else { reason.fit }
}

pub(super) fn reason(criterion: Criterion, fit: Fit, says: &'static str) -> Reason {
    Reason { criterion, fit, says }
}

fn capacity(shown: ShownAs) -> Reason {
    match shown {
        ShownAs::Available => reason(Criterion::Capacity, Fit::Met, "A place is reported free."),
        ShownAs::Call => {
            reason(Criterion::Capacity, Fit::Unknown, "Call: the last number is old, or staff ask for a call.")
        }
        ShownAs::Full => reason(Criterion::Capacity, Fit::NotMet, "No place is reported free."),
        ShownAs::Paused => reason(Criterion::Capacity, Fit::NotMet, "The unit has paused."),
    }
}

/// Children, adolescents and adults are not put together unless the unit says itself that it takes both: an end that it does
/// not name is no yes to whoever is on the other side of majority.
fn age(need: &Need, unit: &BedUnit) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::Age, fit, says));
    match taken(need.age, unit.definition().age_min, unit.definition().age_max) {
        Taken::AskAge => by(Fit::Unknown, "Ask the age: the unit takes certain ages only."),
        Taken::Yes => by(Fit::Met, "The unit takes this age."),
        Taken::No => by(Fit::NotMet, "The unit does not take this age."),
        Taken::AskYouth => by(Fit::Unknown, "Ask whether the unit takes young people: it says no youngest age."),
        Taken::AskAdults => by(Fit::Unknown, "Ask whether the unit takes adults: it says no oldest age."),
        Taken::Unsaid => None,
    }
}

fn legal_status(need: &Need, unit: &BedUnit) -> Option<Reason> {
    let definition = unit.definition();
    let takes = |status| match status {
        LegalStatus::Voluntary => definition.voluntary,
        LegalStatus::Involuntary => definition.involuntary,
    };
    match need.legal_status {
        None if definition.voluntary && definition.involuntary => None,
        None => Some(reason(
            Criterion::LegalStatus,
            Fit::Unknown,
            "Ask the legal status: the unit does not take every status.",
        )),
        Some(status) if takes(status) => {
            Some(reason(Criterion::LegalStatus, Fit::Met, "The unit takes this legal status."))
        }
        Some(_) => Some(reason(Criterion::LegalStatus, Fit::NotMet, "The unit does not take this legal status.")),
    }
}

fn room_gender(need: &Need, unit: &BedUnit) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::RoomGender, fit, says));
    match (unit.definition().gender, need.room_gender) {
        (GenderPolicy::Any | GenderPolicy::Flexible, None | Some(RoomGenderNeed::Ask)) => None,
        (GenderPolicy::Flexible, _)
        | (GenderPolicy::Female, Some(RoomGenderNeed::Female))
        | (GenderPolicy::Male, Some(RoomGenderNeed::Male))
        | (GenderPolicy::Any, Some(RoomGenderNeed::Male | RoomGenderNeed::Female)) => {
            by(Fit::Met, "The unit's rooms suit.")
        }
        (GenderPolicy::Any, Some(RoomGenderNeed::PrivateOrFlexible)) | (_, None | Some(RoomGenderNeed::Ask)) => {
            by(Fit::Unknown, "Ask which rooms would suit, and what the unit can arrange.")
        }
        (GenderPolicy::Female | GenderPolicy::Male, Some(_)) => by(Fit::NotMet, "The unit's rooms do not suit."),
    }
}

fn screening(need: &Need, service: &Service) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::MedicalScreening, fit, says));
    match (service.details.medical_clearance_required, need.medical_screening) {
        (_, Some(MedicalScreening::NeedsCare)) => {
            by(Fit::Unknown, "Medical care is needed: ask whether the unit can give it.")
        }
        (true, None) => by(Fit::Unknown, "Ask for medical screening: the unit wants it before arrival."),
        (true, Some(MedicalScreening::NotDone)) => by(Fit::NotMet, "The unit wants medical screening before arrival."),
        (true, Some(MedicalScreening::DoneStable)) => by(Fit::Met, "Medical screening is done."),
        (false, _) => None,
    }
}

fn mobility(need: &Need, unit: &BedUnit, facility: &Facility) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::Mobility, fit, says));
    let set_up = unit.definition().specialties.contains(&Specialty::Mobility);
    match need.mobility? {
        Mobility::Independent => None,
        _ if set_up => by(Fit::Met, "The unit is set up for limited mobility."),
        Mobility::Wheelchair if facility.details.wheelchair_accessible == Some(false) => {
            by(Fit::NotMet, "The building has no step-free access.")
        }
        Mobility::Wheelchair if facility.details.wheelchair_accessible == Some(true) => {
            by(Fit::Met, "The building has step-free access.")
        }
        _ => by(Fit::Unknown, "Ask whether the unit can help with mobility."),
    }
}

fn language(need: &Need, service: &Service) -> Option<Reason> {
    Some(spoken(service.details.languages.contains(need.language.as_ref()?)))
}

pub(super) fn spoken(spoken: bool) -> Reason {
    if spoken {
        reason(Criterion::Language, Fit::Met, "The language is spoken.")
    } else {
        reason(Criterion::Language, Fit::Unknown, "Ask for an interpreter.")
    }
}

pub(super) fn catchment(county: Option<u32>, served: &[u32]) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::Catchment, fit, says));
    match county {
        _ if served.is_empty() => None,
        None => by(Fit::Unknown, "Ask the home county: the service covers certain counties."),
        Some(county) if served.contains(&county) => by(Fit::Met, "The home county is covered."),
        Some(_) => by(Fit::NotMet, "The home county is not covered."),
    }
}

/// Needs that a unit is either set up for, or has to be asked about.
fn set_up_for(need: &Need, unit: &BedUnit) -> impl Iterator<Item = Reason> {
    let withdrawal = need.withdrawal_risk.map(|risk| matches!(risk, WithdrawalRisk::Moderate | WithdrawalRisk::Severe));
    [
        (need.idd, Criterion::Idd, Specialty::Idd),
        (need.dementia_or_brain_injury, Criterion::DementiaTbi, Specialty::DementiaTbi),
        (need.pregnant, Criterion::Pregnancy, Specialty::Perinatal),
        (need.medical_devices, Criterion::MedicalDevices, Specialty::MedicalPsych),
        (need.one_to_one, Criterion::OneToOne, Specialty::OneToOne),
        (need.vitals_out_of_range, Criterion::Vitals, Specialty::MedicalPsych),
        (withdrawal, Criterion::Withdrawal, Specialty::Withdrawal),
    ]
    .into_iter()
    .filter(|(needed, ..)| *needed == Some(true))
    .map(move |(_, criterion, specialty)| {
        if unit.definition().specialties.contains(&specialty) {
            reason(criterion, Fit::Met, "The unit is set up for this.")
        } else {
            reason(criterion, Fit::Unknown, "Ask whether the unit can take this.")
        }
    })
}

/// Needs that no unit's definition answers: they are asked, never assumed.
fn to_ask(need: &Need) -> impl Iterator<Item = Reason> + use<> {
    let behavior = need.behaviors_24h.iter().any(|b| *b != Behavior::None);
    let safety = need.safety_flags.iter().any(|f| *f != SafetyFlag::None);
    [
        (behavior, Criterion::Behavior, "Tell the unit what was seen in the last 24 hours."),
        (safety, Criterion::Safety, "Tell the unit about the safety flags."),
        (need.acuity == Some(Acuity::High), Criterion::Acuity, "Tell the unit how acute the crisis is."),
        (
            need.payer.is_some(),
            Criterion::Payer,
            "Ask whether the payer is taken. Never a reason to delay an emergency.",
        ),
    ]
    .into_iter()
    .filter(|(asked, ..)| *asked)
    .map(|(_, criterion, says)| reason(criterion, Fit::Unknown, says))
}
