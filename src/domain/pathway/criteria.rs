//! What a pathway takes, point by point; and how a need meets it.
//!
//! There is a point for each field of a need but the level of care, which the pathway's service has.
use super::super::ages::{Taken, taken};
use super::super::language::Language;
use super::super::need::{
    self, Acuity, Behavior, Criterion, Fit, LegalStatus, MedicalScreening, Mobility, Need, Payer, Reason,
    RoomGenderNeed, SafetyFlag, WithdrawalRisk, reason,
};
use super::super::service::ages;
use super::super::text::{self, Flaw};

/// Most values of one point.
const VALUES_MAX: i64 = 300;

/// What is taken. An empty list, or nothing, is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Criteria {
    /// Youngest age, in years.
    pub age_min: Option<u16>,
    /// Oldest age, in years.
    pub age_max: Option<u16>,
    /// Legal statuses.
    pub legal_status: Vec<LegalStatus>,
    /// Rooms that there are.
    pub room_gender: Vec<RoomGenderNeed>,
    /// How far medical screening must have come.
    pub medical_screening: Vec<MedicalScreening>,
    /// Acuity.
    pub acuity: Vec<Acuity>,
    /// Behavior in the last 24 hours; each that was seen has to be here.
    pub behaviors_24h: Vec<Behavior>,
    /// Safety flags; each that is raised has to be here.
    pub safety_flags: Vec<SafetyFlag>,
    /// People with an intellectual or developmental disability.
    pub idd: Option<bool>,
    /// People with dementia or a brain injury.
    pub dementia_or_brain_injury: Option<bool>,
    /// People who are pregnant.
    pub pregnant: Option<bool>,
    /// People with medical devices.
    pub medical_devices: Option<bool>,
    /// People who need one-to-one observation.
    pub one_to_one: Option<bool>,
    /// Risk of withdrawal.
    pub withdrawal_risk: Vec<WithdrawalRisk>,
    /// People with vital signs out of range.
    pub vitals_out_of_range: Option<bool>,
    /// Ways to move.
    pub mobility: Vec<Mobility>,
    /// Languages spoken; another one needs an interpreter and excludes nobody.
    pub languages: Vec<Language>,
    /// Home counties, as Census FIPS codes.
    pub home_counties: Vec<u32>,
    /// Payers, in transfers between facilities only.
    pub payers: Vec<Payer>,
}

/// What is said of one point: when it has to be asked, when it is met, when it is not.
type Says = [&'static str; 3];

impl Criteria {
    /// Checks each limit.
    pub fn check(&self) -> Result<(), Flaw> {
        ages(self.age_min, self.age_max)?;
        let many = |field, n: usize| text::within(field, i64::try_from(n).unwrap_or(i64::MAX), 0, VALUES_MAX);
        many("language", self.languages.len())?;
        many("homeCounty", self.home_counties.len())
    }

    /// How a need meets each point that has a condition.
    pub fn reasons(&self, need: &Need) -> Vec<Reason> {
        let listed = [
            self.age(need.age),
            among(Criterion::LegalStatus, need.legal_status.as_ref(), &self.legal_status, LEGAL),
            among(Criterion::RoomGender, need.room_gender.as_ref().filter(known), &self.room_gender, ROOMS),
            among(Criterion::MedicalScreening, need.medical_screening.as_ref(), &self.medical_screening, SCREENING),
            among(Criterion::Acuity, need.acuity.as_ref(), &self.acuity, ACUITY),
            each(Criterion::Behavior, &need.behaviors_24h, Behavior::None, &self.behaviors_24h, BEHAVIOR),
            each(Criterion::Safety, &need.safety_flags, SafetyFlag::None, &self.safety_flags, SAFETY),
            takes(Criterion::Idd, need.idd, self.idd),
            takes(Criterion::DementiaTbi, need.dementia_or_brain_injury, self.dementia_or_brain_injury),
            takes(Criterion::Pregnancy, need.pregnant, self.pregnant),
            takes(Criterion::MedicalDevices, need.medical_devices, self.medical_devices),
            takes(Criterion::OneToOne, need.one_to_one, self.one_to_one),
            among(Criterion::Withdrawal, need.withdrawal_risk.as_ref(), &self.withdrawal_risk, WITHDRAWAL),
            takes(Criterion::Vitals, need.vitals_out_of_range, self.vitals_out_of_range),
            among(Criterion::Mobility, need.mobility.as_ref(), &self.mobility, MOBILITY),
            self.language(need.language.as_deref()),
            need::catchment(need.home_county, &self.home_counties),
            // Who pays is not asked: it is said where it is known, and ranks nobody.
            need.payer.and_then(|payer| among(Criterion::Payer, Some(&payer), &self.payers, PAYER)),
        ];
        listed.into_iter().flatten().collect()
    }

    fn age(&self, age: Option<u16>) -> Option<Reason> {
        let by = |fit, says| Some(reason(Criterion::Age, fit, says));
        match taken(age, self.age_min, self.age_max) {
            // Whoever says nothing, or leaves an end open beyond majority, leaves it to the unit.
            _ if self.age_min.is_none() && self.age_max.is_none() => None,
            Taken::Unsaid | Taken::AskYouth | Taken::AskAdults => None,
            Taken::AskAge => by(Fit::Unknown, "Ask the age: this pathway takes certain ages only."),
            Taken::Yes => by(Fit::Met, "This pathway takes this age."),
            Taken::No => by(Fit::NotMet, "This pathway does not take this age."),
        }
    }

    fn language(&self, language: Option<&str>) -> Option<Reason> {
        let language = language.filter(|_| !self.languages.is_empty())?;
        Some(need::spoken(self.languages.iter().any(|spoken| spoken.to_string() == language)))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what a filter of references calls")]
fn known(need: &&RoomGenderNeed) -> bool {
    **need != RoomGenderNeed::Ask
}

const LEGAL: Says = [
    "Ask the legal status: this pathway does not take every status.",
    "This pathway takes this legal status.",
    "This pathway does not take this legal status.",
];
const ROOMS: Says = [
    "Ask which rooms would suit: there are not all kinds here.",
    "The rooms of this pathway suit.",
    "The rooms of this pathway do not suit.",
];
const SCREENING: Says = [
    "Ask how far medical screening has come: this pathway needs to know.",
    "Medical screening has come as far as this pathway wants.",
    "This pathway does not take people at this stage of medical screening.",
];
const ACUITY: Says = [
    "Ask how acute the crisis is: this pathway does not take every acuity.",
    "This pathway takes this acuity.",
    "This pathway does not take this acuity.",
];
const BEHAVIOR: Says = [
    "Ask what was seen in the last 24 hours.",
    "This pathway takes people after what was seen in the last 24 hours.",
    "This pathway does not take people after what was seen in the last 24 hours.",
];
const SAFETY: Says = [
    "Ask about safety: this pathway does not take every risk.",
    "This pathway takes people with these safety flags.",
    "This pathway does not take people with these safety flags.",
];
const WITHDRAWAL: Says = [
    "Ask about the risk of withdrawal.",
    "This pathway takes this risk of withdrawal.",
    "This pathway does not take this risk of withdrawal.",
];
const MOBILITY: Says = [
    "Ask how the person moves: the way in does not suit everybody.",
    "This pathway takes people who move so.",
    "This pathway does not take people who move so.",
];
const PAYER: Says = ["Ask who pays.", "This payer is accepted.", "This payer is not accepted."];

/// One value that has to be among those taken.
fn among<T: PartialEq>(criterion: Criterion, given: Option<&T>, taken: &[T], [ask, met, not]: Says) -> Option<Reason> {
    match given {
        _ if taken.is_empty() => None,
        None => Some(reason(criterion, Fit::Unknown, ask)),
        Some(given) if taken.contains(given) => Some(reason(criterion, Fit::Met, met)),
        Some(_) => Some(reason(criterion, Fit::NotMet, not)),
    }
}

/// Values that all have to be among those taken; `none`, which says that there is nothing, always is.
fn each<T: PartialEq>(
    criterion: Criterion,
    given: &[T],
    none: T,
    taken: &[T],
    [ask, met, not]: Says,
) -> Option<Reason> {
    match given {
        _ if taken.is_empty() => None,
        [] => Some(reason(criterion, Fit::Unknown, ask)),
        given if given.iter().all(|one| *one == none || taken.contains(one)) => Some(reason(criterion, Fit::Met, met)),
        _ => Some(reason(criterion, Fit::NotMet, not)),
    }
}

/// Something that people have or have not, and that a pathway says of whether it takes them.
fn takes(criterion: Criterion, has: Option<bool>, taken: Option<bool>) -> Option<Reason> {
    match (taken?, has) {
        (_, Some(false)) => None,
        (true, None) => None,
        (true, Some(true)) => Some(reason(criterion, Fit::Met, "This pathway takes people with this.")),
        (false, None) => Some(reason(criterion, Fit::Unknown, "Ask: this pathway does not take people with this.")),
        (false, Some(true)) => Some(reason(criterion, Fit::NotMet, "This pathway does not take people with this.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Criterion as C;

    fn fits(criteria: &Criteria, need: &Need) -> Vec<(Criterion, Fit)> {
        criteria.reasons(need).iter().map(|reason| (reason.criterion, reason.fit)).collect()
    }

    #[test]
    fn no_condition_says_nothing_whatever_the_need() {
        let need = Need { age: Some(30), pregnant: Some(true), payer: Some(Payer::Uninsured), ..Need::default() };
        assert_eq!(fits(&Criteria::default(), &need), []);
        assert_eq!(fits(&Criteria::default(), &Need::default()), []);
    }

    #[test]
    fn what_is_not_said_is_asked_and_never_met_in_silence() {
        let criteria = Criteria {
            age_min: Some(18),
            legal_status: vec![LegalStatus::Voluntary],
            behaviors_24h: vec![Behavior::SelfHarm],
            idd: Some(false),
            withdrawal_risk: vec![WithdrawalRisk::None, WithdrawalRisk::Low],
            payers: vec![Payer::Medicaid],
            ..Criteria::default()
        };
        let asked = fits(&criteria, &Need::default());
        assert!(asked.iter().all(|(_, fit)| *fit == Fit::Unknown), "{asked:?}");
        // The payer is never asked.
        assert_eq!(asked.len(), 5);
    }

    #[test]
    fn each_point_is_met_or_not_by_its_own_field() {
        let criteria = Criteria {
            age_min: Some(12),
            age_max: Some(17),
            behaviors_24h: vec![Behavior::SelfHarm],
            pregnant: Some(true),
            one_to_one: Some(false),
            languages: vec![Language::parse("language", "es").unwrap()],
            ..Criteria::default()
        };
        let need = |age, behavior, one_to_one, language: &str| Need {
            age: Some(age),
            behaviors_24h: vec![behavior],
            pregnant: Some(true),
            one_to_one: Some(one_to_one),
            language: Some(language.into()),
            ..Need::default()
        };
        let good = fits(&criteria, &need(17, Behavior::None, false, "es"));
        assert_eq!(
            good,
            [(C::Age, Fit::Met), (C::Behavior, Fit::Met), (C::Pregnancy, Fit::Met), (C::Language, Fit::Met)]
        );
        let bad = fits(&criteria, &need(18, Behavior::Aggression, true, "ht"));
        assert_eq!(
            bad,
            [
                (C::Age, Fit::NotMet),
                (C::Behavior, Fit::NotMet),
                (C::Pregnancy, Fit::Met),
                (C::OneToOne, Fit::NotMet),
                // An interpreter can be found.
                (C::Language, Fit::Unknown),
            ]
        );
    }

    #[test]
    fn a_room_to_be_asked_about_is_not_known() {
        let criteria = Criteria { room_gender: vec![RoomGenderNeed::Female], ..Criteria::default() };
        let of = |need| fits(&criteria, &Need { room_gender: need, ..Need::default() });
        assert_eq!(of(Some(RoomGenderNeed::Ask)), of(None));
        assert_eq!(of(Some(RoomGenderNeed::Female)), [(Criterion::RoomGender, Fit::Met)]);
        assert_eq!(of(Some(RoomGenderNeed::Male)), [(Criterion::RoomGender, Fit::NotMet)]);
    }
}
