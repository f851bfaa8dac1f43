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
}

/// How a handoff ended, where a reason belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "how", content = "why", rename_all = "snake_case")]
pub enum Ending {
    /// The receiver sent the person on.
    Redirected(RedirectReason),
    /// It ended on the way.
    Failed(FailReason),
}
