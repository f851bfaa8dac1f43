//! What is sealed in codes: the legal status that a hold began under and how it ended, a minor's custody and who may consent.
use super::{Content, Signer};
use crate::domain::code::{Coded, codes};
use crate::domain::jurisdiction::{Jurisdiction, StatusTerms};
use crate::domain::need::LegalStatus;
use crate::domain::text::{self, Flaw};
use crate::domain::time::At;

codes! {
    /// How a legal hold ended.
    LegalHoldEnd {
        /// The person stays of their own will.
        ConvertedVoluntary "CONVERTED_VOLUNTARY",
        /// The person was released.
        Released "RELEASED",
        /// Another hold took its place.
        Superseded "SUPERSEDED",
        /// Its time was over.
        Expired "EXPIRED",
    }
    /// In whose custody a minor is.
    Custody {
        /// A parent's.
        Parent "PARENT",
        /// An agency's.
        Agency "AGENCY",
        /// A court's.
        Court "COURT",
        /// Not known: ask.
        Unknown "UNKNOWN",
    }
}

/// Under which legal status a hold began. It has no `Debug`: it belongs in no log.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LegalHoldBegan {
    /// By whose law.
    pub jurisdiction: String,
    /// The status, by its code there.
    pub status: String,
    /// What it is called.
    pub title: String,
    /// What it is to a search.
    pub maps_to: LegalStatus,
    /// When it began.
    pub began_at: At,
    /// When its time is over.
    pub expires_at: At,
}

/// Whose a minor is, and who may consent. It has no `Debug`: it belongs in no log.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GuardianSaid {
    /// In whose custody the minor is.
    pub custody: Custody,
    /// Who may consent.
    pub may_consent: Vec<Signer>,
}

impl GuardianSaid {
    /// Checks each limit.
    pub fn check(&self) -> Result<(), Flaw> {
        let many = i64::try_from(self.may_consent.len()).unwrap_or(i64::MAX);
        text::within("mayConsent", many, 0, i64::try_from(Signer::ALL.len()).unwrap_or(i64::MAX))
    }
}

impl Content {
    /// That a hold began under a status, also in words for whoever reads those alone.
    pub fn of_legal_hold(law: &Jurisdiction, status: &StatusTerms, (began_at, expires_at): (At, At)) -> Self {
        let words = format!("{} ({} {}): from {began_at} until {expires_at}.", status.title, law.code, status.code);
        let legal_hold = LegalHoldBegan {
            jurisdiction: law.code.clone(),
            status: status.code.clone(),
            title: status.title.clone(),
            maps_to: status.maps_to,
            began_at,
            expires_at,
        };
        Self { text: Some(words), legal_hold: Some(legal_hold), ..Self::default() }
    }

    /// How a hold ended.
    pub fn of_end(reason: LegalHoldEnd) -> Self {
        let words = format!("The legal hold has ended. {}", reason.doc());
        Self { text: Some(words), legal_hold_ended: Some(reason), ..Self::default() }
    }

    /// Whose a minor is.
    pub fn of_guardian(said: GuardianSaid) -> Self {
        Self { guardian: Some(said), ..Self::default() }
    }
}
