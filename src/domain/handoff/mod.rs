//! Handoffs: a person on the way from one agency into the care of another, from the offer to the door. Here stands what both may know: places, states,
//! clocks; nothing of who the person is.
mod awaited;
mod codes;
mod course;
mod goal;
mod moves;
mod nudge;
mod offer;
mod states;
mod summary;
mod supervisor;
#[cfg(test)]
mod tests;

pub use awaited::{Awaited, AwaitedWord, SEEN_MINUTES};
pub use codes::*;
pub use course::*;
pub use goal::{Destination, Goal};
pub use moves::{Move, MoveRefused};
pub use nudge::{Nudge, NudgeRefused, Nudger};
pub use offer::{Acceptance, AcceptedBy, Choice, Offer, OfferCoded, Refusal, Waitlist};
pub use states::{HandoffState, HandoffStep, Party, is_ever, next, table};
pub use summary::{AgeBand, NeedSummary};
pub use supervisor::{NAME_MINUTES, NotAwaited, Supervisor, SupervisorCoded, check_name};

use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{
    BedHoldId, BedUnitId, EpisodeId, GrantId, HandoffId, Noun, NounId, OrganizationId, PathwayId, RegionId, TeamId,
};
use super::pathway::Pathway;
use super::service::ServiceKind;
use super::text::{self, Flaw};
use super::time::At;

/// Within how many minutes of arrival those who brought the person are to be free again: the Crisis Now standard.
pub const CLEAR_MINUTES: i64 = 10;
/// How long the receiver's word waits for the sender's, in minutes.
pub const CONFIRM_MINUTES: i64 = 15;
/// How long a yes stands, with the place that is kept, for the sender to choose, in minutes.
pub const CHOICE_MINUTES: i64 = 15;
/// How long after its clock has run out a handoff is given up, in minutes.
pub const GIVE_UP_MINUTES: i64 = 240;
/// Characters of a short code.
const CODE_CHARS: u32 = 6;
/// What short codes are written in: Crockford's base 32, which has no letters that are mistaken for digits.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// One handoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    /// Its id.
    pub id: HandoffId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// What people call it on the radio.
    pub code: String,
    /// The agency that sends the person.
    pub sender: OrganizationId,
    /// The agency that receives the person.
    pub receiver: OrganizationId,
    /// The grant that it was announced under.
    pub sent_by: Option<GrantId>,
    /// The call sign of the field unit that it was announced for, by its dispatcher.
    pub on_behalf_of: Option<String>,
    /// What both may know of the need.
    pub need: NeedSummary,
    /// By which pathway, and by which version of its terms.
    pub pathway: (PathwayId, Version),
    /// The search for a place that it belongs to.
    pub episode: EpisodeId,
    /// What was asked and answered, where it was asked for; none when it was announced.
    pub offer: Option<Offer>,
    /// Where to, or who comes.
    pub to: Destination,
    /// How the person is handed over.
    pub course: Course,
    /// The place that is kept; none where none was free.
    pub hold: Option<BedHoldId>,
    /// Where it stands.
    pub state: HandoffState,
    /// When the person is expected.
    pub arrive_by: At,
    /// Until when the word that is awaited is expected; none when it has ended.
    pub due_at: Option<At>,
    /// The word that is awaited is late, and the log has told so.
    pub late: bool,
    /// When somebody last reminded the party whose word is awaited, and in which place they stand.
    pub nudged: Option<Nudge>,
    /// What happened when.
    pub times: Times,
    /// How it ended, where a reason belongs to it.
    pub ending: Option<Ending>,
    /// Who answers for it that the person was sent on, where that is asked.
    pub supervisor: Option<Supervisor>,
    /// What is written in it is preserved beyond its retention, by an agency whose own that is to know.
    pub text_kept: bool,
}

/// What happened when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Times {
    /// It was announced, or offered.
    pub announced_at: At,
    /// The receiver saw the offer.
    pub acknowledged_at: Option<At>,
    /// The receiver said yes.
    pub agreed_at: Option<At>,
    /// It was settled that the person comes here.
    pub settled_at: Option<At>,
    /// The person set out.
    pub departed_at: Option<At>,
    /// The person was at the door.
    pub arrived_at: Option<At>,
    /// The sender confirmed the transfer.
    pub sender_confirmed_at: Option<At>,
    /// The receiver confirmed the transfer.
    pub receiver_confirmed_at: Option<At>,
    /// It ended.
    pub ended_at: Option<At>,
    /// The retention of what was written in it ended: it was shredded, or is no longer shown to anybody.
    #[serde(default)]
    pub text_shredded_at: Option<At>,
}

/// The coded state of a handoff, as the log keeps it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HandoffFact {
    /// The agency that receives the person.
    pub receiver: OrganizationId,
    /// The level of care that is sought.
    pub level_of_care: Option<ServiceKind>,
    /// By which pathway, and by which version of its terms.
    pub pathway: (PathwayId, Version),
    /// The search for a place that it belongs to; of handoffs before there were such searches, none.
    pub episode: Option<EpisodeId>,
    /// What was asked and answered, where it was asked for.
    pub offer: Option<OfferCoded>,
    /// Where to; none where a team comes.
    pub unit: Option<BedUnitId>,
    /// Who comes; none where the person goes to a place.
    pub team: Option<TeamId>,
    /// How the person is handed over.
    #[serde(default)]
    pub course: Course,
    /// The place that is kept.
    pub hold: Option<BedHoldId>,
    /// Where it stands.
    pub state: HandoffState,
    /// When the person is expected.
    pub arrive_by: At,
    /// Until when the word that is awaited is expected.
    pub due_at: Option<At>,
    /// That word is late.
    pub late: bool,
    /// When somebody last reminded the party whose word is awaited.
    #[serde(default)]
    pub nudged: Option<Nudge>,
    /// What happened when.
    pub times: Times,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Whether somebody was named who answers for it that the person was sent on.
    #[serde(default)]
    pub supervisor: Option<SupervisorCoded>,
}

/// What is announced, or offered.
#[derive(Clone, Debug)]
pub struct NewHandoff {
    /// Its id.
    pub id: HandoffId,
    /// The search for a place that it belongs to.
    pub episode: EpisodeId,
    /// The agency that sends the person.
    pub sender: OrganizationId,
    /// The grant that it is announced under.
    pub sent_by: Option<GrantId>,
    /// The call sign of the field unit that it is announced for.
    pub on_behalf_of: Option<String>,
    /// What both may know of the need.
    pub need: NeedSummary,
    /// In how many minutes the person is expected; as the pathway says when not given.
    pub arrive_minutes: Option<u32>,
    /// The place that is kept.
    pub hold: Option<BedHoldId>,
}

/// What is asked beside, of a pathway that decides.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The first receiver to accept settles it.
    pub first_accept: bool,
    /// What has changed since this receiver was asked before.
    pub changed: Vec<WhatChanged>,
    /// The offer to the same unit that this one follows.
    pub previous: Option<HandoffId>,
}

impl Handoff {
    /// Announces a handoff to a unit by a pathway: it is accepted as it is made.
    pub fn announce(new: NewHandoff, pathway: &Pathway, to: impl Into<Goal>, now: At) -> Result<Changed<Self>, Flaw> {
        let handoff = Self::new(new, pathway, to.into(), now)?;
        let settled = Times { settled_at: Some(now), ..handoff.times };
        let due_at = Some(handoff.arrive_by);
        Ok(Self { due_at, times: settled, ..handoff }.changed(EventKind::HandoffAnnounced, now))
    }

    /// Asks a unit or a team by a pathway whether it takes somebody: the receiver has the next word.
    pub fn offer(
        new: NewHandoff,
        asked: Asked,
        pathway: &Pathway,
        to: impl Into<Goal>,
        now: At,
    ) -> Result<Changed<Self>, Flaw> {
        let terms = &pathway.details.terms;
        let handoff = Self::new(new, pathway, to.into(), now)?;
        let minutes = |count: u32| now.plus_minutes(i64::from(count));
        let decide_by = minutes(terms.decide_minutes.max(terms.acknowledge_minutes));
        let travel = handoff.arrive_by.micros_since(now);
        let coded = OfferCoded {
            first_accept: asked.first_accept,
            self_referral: terms.self_referral_call,
            decide_minutes: terms.decide_minutes,
            arrive_minutes: u32::try_from(travel / 60_000_000).unwrap_or(terms.arrive_minutes),
            hold_minutes: terms.hold_minutes,
            decide_by,
            decide_left: None,
            asked: Vec::new(),
            conditions: Vec::new(),
            waitlist: None,
            could_accept_if: Vec::new(),
            bed_was_shown_available: None,
            changed: asked.changed,
            previous: asked.previous,
        };
        let offered = Self {
            state: HandoffState::Offered,
            offer: Some(Offer { coded, accepted_by: None }),
            // At the latest, as far as anybody knows yet.
            arrive_by: decide_by.plus_micros(travel),
            due_at: Some(minutes(terms.acknowledge_minutes)),
            ..handoff
        };
        Ok(offered.changed(EventKind::HandoffOffered, now))
    }

    fn new(new: NewHandoff, pathway: &Pathway, goal: Goal, now: At) -> Result<Self, Flaw> {
        let terms = &pathway.details.terms;
        let minutes = new.arrive_minutes.unwrap_or(terms.arrive_minutes);
        text::within("arriveMinutes", i64::from(minutes), 0, i64::from(terms.arrive_minutes))?;
        text::maybe_line("onBehalfOf", new.on_behalf_of.as_ref(), 40)?;
        Ok(Self {
            id: new.id,
            region: goal.region,
            version: 1,
            code: short_code(new.id),
            sender: new.sender,
            receiver: goal.receiver,
            sent_by: new.sent_by,
            on_behalf_of: new.on_behalf_of,
            need: new.need,
            pathway: (pathway.id, pathway.version),
            episode: new.episode,
            offer: None,
            to: goal.to,
            course: Course::of(&terms.follow_ups),
            hold: new.hold,
            state: HandoffState::Accepted,
            arrive_by: now.plus_minutes(i64::from(minutes)),
            due_at: None,
            late: false,
            nudged: None,
            times: Times { announced_at: now, ..Times::default() },
            ending: None,
            supervisor: None,
            text_kept: false,
        })
    }

    /// Told to both its parties, and up to the event that ends it to those who coordinate the region: what follows when
    /// the person is in care is the parties' alone.
    pub(super) fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let fact = HandoffFact {
            receiver: self.receiver,
            level_of_care: self.need.level_of_care,
            pathway: self.pathway,
            episode: Some(self.episode),
            offer: self.offer.as_ref().map(|offer| offer.coded.clone()),
            unit: self.to.unit(),
            team: self.to.team(),
            course: self.course.clone(),
            hold: self.hold,
            state: self.state,
            arrive_by: self.arrive_by,
            due_at: self.due_at,
            late: self.late,
            nudged: self.nudged,
            times: self.times,
            ending: self.ending,
            supervisor: self.supervisor.as_ref().map(|supervisor| supervisor.coded),
        };
        let coordinated = self.times.ended_at.is_none_or(|ended| ended == at);
        let happening = Happening {
            kind,
            noun: Noun::Handoff,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.sender,
            party: Some(self.receiver),
            audience: if coordinated { Audience::PARTIES.and(Audience::COORDINATORS) } else { Audience::PARTIES },
            at,
            fact: Fact::Handoff(Box::new(fact)),
        };
        Changed::new(self, happening)
    }
}

/// What people call a handoff: the random end of its id, in letters that can be read out. Two that are open in a region at
/// once may share one in about a billion.
fn short_code(id: HandoffId) -> String {
    let bits = id.key().as_u128();
    let letter = |place: u32| ALPHABET.get(usize::try_from((bits >> (5 * place)) & 31).unwrap_or(0)).copied();
    (0..CODE_CHARS).rev().filter_map(letter).map(char::from).collect()
}
