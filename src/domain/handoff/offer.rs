//! What stands on a handoff that is asked for: by when it is answered, what the answers were, and who gave them.
use super::codes::{AcceptanceCondition, ChosenFor, DeclineReason, InformationItem, WhatChanged};
use crate::domain::id::HandoffId;
use crate::domain::text::{self, Flaw};
use crate::domain::time::At;

/// Longest wait on a receiver's list before it looks again, in days.
const REVIEW_DAYS_MAX: i64 = 7;
/// Last place on a receiver's list.
const POSITION_MAX: u32 = 500;
/// Shortest time that is left to decide after the sender has answered, in minutes.
const DECIDE_LEFT_MINUTES_MIN: i64 = 5;

/// An offer: the coded part, which the log keeps, and who accepted, which it does not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Offer {
    /// The coded part.
    pub coded: OfferCoded,
    /// Who said yes, for the sender to call.
    pub accepted_by: Option<AcceptedBy>,
}

/// The coded part of an offer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OfferCoded {
    /// The first receiver to accept settles it; otherwise the sender chooses.
    pub first_accept: bool,
    /// The person speaks with the house by themself: its answer says nothing of their health.
    pub self_referral: bool,
    /// Within how many minutes the pathway decides.
    pub decide_minutes: u32,
    /// Within how many minutes of that the person arrives.
    pub arrive_minutes: u32,
    /// For how many minutes beyond that a place is kept.
    pub hold_minutes: u32,
    /// By when the receiver decides.
    pub decide_by: At,
    /// How many microseconds were left to decide when the receiver asked for something.
    pub decide_left: Option<i64>,
    /// What the receiver asked for last.
    pub asked: Vec<InformationItem>,
    /// On what the receiver's yes depends.
    pub conditions: Vec<AcceptanceCondition>,
    /// Where on the receiver's list the person stands, and when it looks again.
    pub waitlist: Option<Waitlist>,
    /// What would have made a yes of the receiver's no.
    pub could_accept_if: Vec<AcceptanceCondition>,
    /// The unit was shown as free when the receiver said no.
    pub bed_was_shown_available: Option<bool>,
    /// What has changed since this receiver was asked before.
    pub changed: Vec<WhatChanged>,
    /// The offer to the same unit that this one follows.
    pub previous: Option<HandoffId>,
}

/// A place on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Waitlist {
    /// The place, from 1.
    pub position: u32,
    /// When the receiver looks again.
    pub review_at: At,
}

/// Who said yes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AcceptedBy {
    /// The clinician, or at a peer house whoever is at the door; at most 120 characters.
    pub name: String,
    /// How to reach them; at most 40 characters.
    pub callback: String,
}

/// A yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Who says it.
    pub by: AcceptedBy,
    /// On what it depends; with any of them, the sender has the choice.
    pub conditions: Vec<AcceptanceCondition>,
}

/// The sender's choice among those who said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whose preference decided.
    pub chosen_for: Option<ChosenFor>,
    /// What the yes depends on is met.
    pub conditions_met: bool,
}

/// A no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: DeclineReason,
    /// What would make a yes of it.
    pub could_accept_if: Vec<AcceptanceCondition>,
    /// The unit is shown as free: looked up by the hub, not said by anybody.
    pub bed_was_shown_available: bool,
}

impl AcceptedBy {
    /// Checks each limit.
    pub fn check(&self) -> Result<(), Flaw> {
        text::line("acceptedBy", &self.name, 120)?;
        text::line("callback", &self.callback, 40)
    }
}

impl Waitlist {
    /// Checks each limit.
    pub fn check(&self, now: At) -> Result<(), Flaw> {
        text::within("position", i64::from(self.position), 1, i64::from(POSITION_MAX))?;
        let ahead = self.review_at.micros_since(now).div_euclid(60_000_000);
        text::within("reviewAt, in minutes from now,", ahead, 1, REVIEW_DAYS_MAX * 24 * 60)
    }
}

impl OfferCoded {
    /// The receiver asks for something: its time to decide stands still.
    pub(super) fn ask(&mut self, items: &[InformationItem], from_the_list: bool, now: At) {
        // Who looks at the list again decides anew.
        let anew = i64::from(self.decide_minutes) * 60_000_000;
        self.decide_left = Some(if from_the_list { anew } else { self.decide_by.micros_since(now) });
        self.asked = items.to_vec();
    }

    /// The sender has answered: the time to decide goes on, and is never too short to look.
    pub(super) fn answer(&mut self, now: At) {
        if let Some(left) = self.decide_left.take() {
            self.decide_by = now.plus_micros(left.max(DECIDE_LEFT_MINUTES_MIN * 60_000_000));
        }
    }
}
