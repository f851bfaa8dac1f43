//! What of a need travels with a handoff for both parties to read: coded, and no more than getting there takes.
use crate::domain::code::codes;
use crate::domain::language::Language;
use crate::domain::need::{LegalStatus, Mobility, Need, RoomGenderNeed, SafetyFlag};
use crate::domain::service::ServiceKind;

codes! {
    /// How old somebody is, as far as finding a place takes.
    AgeBand {
        /// Younger than 12.
        Child "CHILD",
        /// 12 to 17.
        Adolescent "ADOLESCENT",
        /// 18 to 64.
        Adult "ADULT",
        /// 65 or older.
        OlderAdult "OLDER_ADULT",
    }
}

/// A need, as a handoff keeps it. What else was told to find the place is used for that and kept nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NeedSummary {
    /// The level of care that is sought.
    pub level_of_care: Option<ServiceKind>,
    /// How old the person is.
    pub age_band: Option<AgeBand>,
    /// Legal status.
    pub legal_status: Option<LegalStatus>,
    /// Which rooms would suit.
    pub room_gender: Option<RoomGenderNeed>,
    /// How the person moves.
    pub mobility: Option<Mobility>,
    /// Preferred language.
    pub language: Option<Language>,
    /// Coarse safety flags.
    pub safety_flags: Vec<SafetyFlag>,
}

impl AgeBand {
    /// The band of an age in years.
    pub fn of(age: u16) -> Self {
        match age {
            0..12 => Self::Child,
            12..18 => Self::Adolescent,
            18..65 => Self::Adult,
            65.. => Self::OlderAdult,
        }
    }
}

impl From<&Need> for NeedSummary {
    fn from(need: &Need) -> Self {
        Self {
            level_of_care: need.level_of_care,
            age_band: need.age.map(AgeBand::of),
            legal_status: need.legal_status,
            room_gender: need.room_gender,
            mobility: need.mobility,
            language: need.language.as_deref().and_then(|code| Language::parse("language", code).ok()),
            safety_flags: need.safety_flags.clone(),
        }
    }
}
