//! Episodes: the search for one person's place, from the first word to where the person is in care. Offers and
//! announcements of one search belong together here.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::{AgeBand, ChosenFor, Ending, FailReason, Handoff, HandoffState, NeedSummary, Party};
use super::id::{EpisodeId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use super::need::LegalStatus;
use super::service::ServiceKind;
use super::time::At;

/// Most receivers who may be asked at once.
pub const PARALLEL_MAX: usize = 3;
/// Most handoffs of one episode.
pub const HANDOFFS_MAX: usize = 100;
/// After how many hours of waiting it is told: the marks by which boarding is measured, then once a day.
const MARKS: [u32; 3] = [4, 12, 24];
/// Most searches of one agency that go on at once.
pub const SEARCHES_MAX: usize = 200;
/// After how many hours a search that nobody goes on with is given up: a week.
const GIVE_UP_HOURS: u32 = 168;

codes! {
    /// Where the search for a place stands.
    EpisodeState {
        /// A place is sought.
        Seeking "SEEKING",
        /// It is settled where the person goes.
        Settled "SETTLED",
        /// The person is in the receiver's care.
        Placed "PLACED",
        /// It ended without a place, with a reason.
        Closed "CLOSED",
    }
    /// How a search is settled.
    Settlement {
        /// The first receiver to accept.
        FirstAccept "FIRST_ACCEPT",
        /// The sender, among those who said yes.
        SenderChooses "SENDER_CHOOSES",
    }
    /// Why a search ended without a place. A person's own choice is no failure, and counts against nobody.
    EpisodeEnd {
        /// The person chose otherwise.
        PersonChoseOtherwise "PERSON_CHOSE_OTHERWISE",
        /// No place is needed any more.
        NoLongerNeeded "NO_LONGER_NEEDED",
        /// The person left.
        PersonLeft "PERSON_LEFT",
        /// The person is in medical care.
        MedicalCare "MEDICAL_CARE",
        /// A place was found without the hub.
        FoundElsewhere "FOUND_ELSEWHERE",
        /// It was begun by mistake.
        Mistake "MISTAKE",
        /// Nobody said how it ended.
        Silence "SILENCE",
    }
}

/// The search for one person's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Its id.
    pub id: EpisodeId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// The agency that seeks.
    pub sender: OrganizationId,
    /// The grant under which it was begun.
    pub opened_by: Option<GrantId>,
    /// What is known of the need, as it was offered last.
    pub need: NeedSummary,
    /// How it is settled.
    pub settlement: Settlement,
    /// The person agrees with the search.
    pub person_agreed: bool,
    /// Where it stands.
    pub state: EpisodeState,
    /// Where the person goes, or went.
    pub handoff: Option<HandoffId>,
    /// Whose preference decided.
    pub chosen_for: Option<ChosenFor>,
    /// Why it ended without a place.
    pub reason: Option<EpisodeEnd>,
    /// When it began: from here the wait is counted.
    pub opened_at: At,
    /// When somebody was asked last, or the last of those who were asked answered.
    pub sought_at: At,
    /// How many hours of waiting have been told.
    pub waited_hours: u32,
    /// When the wait is told next; none while nobody waits for a place.
    pub due_at: Option<At>,
    /// When it ended.
    pub ended_at: Option<At>,
}

/// The coded state of an episode, as the log keeps it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EpisodeFact {
    /// The level of care that is sought.
    pub level_of_care: Option<ServiceKind>,
    /// How old the person is: for whom places are missing.
    #[serde(default)]
    pub age_band: Option<AgeBand>,
    /// The person's legal status.
    #[serde(default)]
    pub legal_status: Option<LegalStatus>,
    /// How it is settled.
    pub settlement: Settlement,
    /// Where it stands.
    pub state: EpisodeState,
    /// Where the person goes, or went.
    pub handoff: Option<HandoffId>,
    /// Whose preference decided.
    pub chosen_for: Option<ChosenFor>,
    /// Why it ended without a place.
    pub reason: Option<EpisodeEnd>,
    /// When it began.
    pub opened_at: At,
    /// How many hours of waiting have been told.
    pub waited_hours: u32,
}

/// What is sought.
#[derive(Clone, Debug)]
pub struct NewEpisode {
    /// Its id.
    pub id: EpisodeId,
    /// The region.
    pub region: RegionId,
    /// The agency that seeks.
    pub sender: OrganizationId,
    /// The grant under which it is begun.
    pub opened_by: Option<GrantId>,
    /// What is known of the need.
    pub need: NeedSummary,
    /// How it is settled.
    pub settlement: Settlement,
    /// The person agrees with the search.
    pub person_agreed: bool,
}

/// The search has ended, or is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSought;

impl Episode {
    /// Begins a search, by offers or for those to come.
    pub fn open(new: NewEpisode, now: At) -> Changed<Self> {
        let episode = Self::begun(new, now);
        Self { due_at: episode.next_mark(), ..episode }.changed(EventKind::EpisodeOpened, now)
    }

    /// Begins a search for which the hub knows of nobody to ask.
    pub fn unmatched(new: NewEpisode, now: At) -> Changed<Self> {
        let episode = Self::begun(new, now);
        Self { due_at: episode.next_mark(), ..episode }.changed(EventKind::EpisodeUnmatched, now)
    }

    /// Begins a search that is settled as it begins, by an announcement.
    pub fn announced(new: NewEpisode, handoff: HandoffId, now: At) -> Changed<Self> {
        let episode = Self::begun(new, now);
        Self { state: EpisodeState::Settled, handoff: Some(handoff), ..episode }.changed(EventKind::EpisodeSettled, now)
    }

    /// Goes on with other receivers, or with another need. What is not said stays as it was.
    pub fn seek(
        &self,
        need: NeedSummary,
        (settlement, person_agreed): (Option<Settlement>, Option<bool>),
        now: At,
    ) -> Result<Changed<Self>, NotSought> {
        self.is_sought()?;
        let settlement = settlement.unwrap_or(self.settlement);
        let person_agreed = person_agreed.unwrap_or(self.person_agreed);
        let next = Self { need, settlement, person_agreed, sought_at: now, ..self.next() };
        Ok(next.changed(EventKind::EpisodeWentOn, now))
    }

    /// It is settled where the person goes.
    pub fn settle(
        &self,
        handoff: HandoffId,
        chosen_for: Option<ChosenFor>,
        now: At,
    ) -> Result<Changed<Self>, NotSought> {
        self.is_sought()?;
        let settled =
            Self { state: EpisodeState::Settled, handoff: Some(handoff), chosen_for, due_at: None, ..self.next() };
        Ok(settled.changed(EventKind::EpisodeSettled, now))
    }

    /// Ends the search without a place.
    pub fn close(&self, reason: EpisodeEnd, now: At) -> Result<Changed<Self>, NotSought> {
        self.is_sought()?;
        Ok(self.ended(EpisodeState::Closed, Some(reason), now))
    }

    /// What the end of one of its handoffs, said by a party, means for the search; `None` when nothing. `others_open` says
    /// whether another of its offers is still open.
    ///
    /// Only the agency that seeks ends its search by what it says: who is told by a receiver not to come, and who never came to
    /// a door, is sought a place again.
    pub fn after(&self, ended: &Handoff, by: Party, others_open: bool, now: At) -> Option<Changed<Self>> {
        use EpisodeEnd as E;
        let close = |reason| Some(self.ended(EpisodeState::Closed, Some(reason), now));
        if self.state == EpisodeState::Seeking {
            let silent = ended.state.is_open() || ended.state == HandoffState::Withdrawn || others_open;
            let out = || Self { sought_at: now, ..self.next() }.changed(EventKind::EpisodeOutOfOffers, now);
            return (!silent).then(out);
        } else if self.state != EpisodeState::Settled || self.handoff != Some(ended.id) {
            return None;
        }
        match (ended.state, ended.ending) {
            (HandoffState::Transferred, _) => Some(self.ended(EpisodeState::Placed, None, now)),
            // Whoever was at the door is in somebody's hands, though nobody says so.
            (HandoffState::Lapsed, _) if ended.times.arrived_at.is_some() => close(E::Silence),
            (HandoffState::Failed, Some(Ending::Failed(why))) if by == Party::Sender => match why {
                FailReason::Transport => Some(self.reopened(now)),
                FailReason::LeftBeforeHandoff | FailReason::NoShow => close(E::PersonLeft),
                FailReason::MedicalDivert => close(E::MedicalCare),
                FailReason::PersonChoseOtherwise => close(E::PersonChoseOtherwise),
                FailReason::NoLongerNeeded => close(E::NoLongerNeeded),
                FailReason::Mistake => close(E::Mistake),
            },
            (HandoffState::Redirected | HandoffState::Failed | HandoffState::Lapsed, _) => Some(self.reopened(now)),
            _ => None,
        }
    }

    /// Tells the log how long somebody has waited; a week after anybody went on, that nobody seeks any more. `None` before its
    /// time.
    pub fn tell_time(&self, offers_open: bool, now: At) -> Option<Changed<Self>> {
        self.due_at.filter(|due| *due <= now)?;
        let waited_hours = Self::mark_after(self.waited_hours);
        let quiet = now.micros_since(self.sought_at) >= i64::from(GIVE_UP_HOURS) * 3_600_000_000;
        if quiet && !offers_open {
            let ended = self.ended(EpisodeState::Closed, Some(EpisodeEnd::Silence), now).into_state();
            return Some(Self { waited_hours, ..ended }.changed(EventKind::EpisodeEnded, now));
        }
        let waited = Self { waited_hours, ..self.next() };
        Some(Self { due_at: waited.next_mark(), ..waited }.changed(EventKind::EpisodeWaiting, now))
    }

    /// Whether it goes on: a place is sought, or the person is on the way to one.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Refuses when no place is sought.
    pub fn is_sought(&self) -> Result<(), NotSought> {
        if self.state == EpisodeState::Seeking { Ok(()) } else { Err(NotSought) }
    }

    fn begun(new: NewEpisode, now: At) -> Self {
        Self {
            id: new.id,
            region: new.region,
            version: 1,
            sender: new.sender,
            opened_by: new.opened_by,
            need: new.need,
            settlement: new.settlement,
            person_agreed: new.person_agreed,
            state: EpisodeState::Seeking,
            handoff: None,
            chosen_for: None,
            reason: None,
            opened_at: now,
            sought_at: now,
            waited_hours: 0,
            due_at: None,
            ended_at: None,
        }
    }

    fn mark_after(hours: u32) -> u32 {
        let daily = hours.saturating_add(24).saturating_sub(hours % 24);
        MARKS.into_iter().find(|mark| *mark > hours).unwrap_or(daily)
    }

    fn next_mark(&self) -> Option<At> {
        Some(self.opened_at.plus_minutes(i64::from(Self::mark_after(self.waited_hours)) * 60))
    }

    fn reopened(&self, now: At) -> Changed<Self> {
        let mut open = Self { state: EpisodeState::Seeking, handoff: None, chosen_for: None, ..self.next() };
        // Who is asked from here on is asked for the person to choose. What was waited meanwhile is not told mark by mark.
        (open.settlement, open.sought_at) = (Settlement::SenderChooses, now);
        while open.next_mark().is_some_and(|mark| mark <= now) {
            open.waited_hours = Self::mark_after(open.waited_hours);
        }
        Self { due_at: open.next_mark(), ..open }.changed(EventKind::EpisodeReopened, now)
    }

    fn ended(&self, state: EpisodeState, reason: Option<EpisodeEnd>, now: At) -> Changed<Self> {
        Self { state, reason, due_at: None, ended_at: Some(now), ..self.next() }.changed(EventKind::EpisodeEnded, now)
    }

    fn next(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Told to the agency that seeks and to those who coordinate its region, and to no receiver: who else is asked is not
    /// theirs to know.
    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let fact = EpisodeFact {
            level_of_care: self.need.level_of_care,
            age_band: self.need.age_band,
            legal_status: self.need.legal_status,
            settlement: self.settlement,
            state: self.state,
            handoff: self.handoff,
            chosen_for: self.chosen_for,
            reason: self.reason,
            opened_at: self.opened_at,
            waited_hours: self.waited_hours,
        };
        let happening = Happening {
            kind,
            noun: Noun::Episode,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.sender,
            party: None,
            audience: Audience::PARTIES.and(Audience::COORDINATORS),
            at,
            fact: Fact::Episode(Box::new(fact)),
        };
        Changed::new(self, happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(hours: i64) -> At {
        At::from_micros(0).plus_minutes(hours * 60)
    }

    fn opened() -> Episode {
        let new = NewEpisode {
            id: EpisodeId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            sender: OrganizationId::of(Uuid::nil()),
            opened_by: None,
            need: NeedSummary::default(),
            settlement: Settlement::SenderChooses,
            person_agreed: true,
        };
        Episode::open(new, at(0)).into_state()
    }

    #[test]
    fn the_wait_is_told_at_4_12_and_24_hours_and_then_once_a_day_until_somebody_goes_on() {
        // On the second day others are asked: the week of silence begins again.
        let went_on = opened().seek(NeedSummary::default(), (None, None), at(48)).unwrap().into_state();
        let (mut episode, mut told) = (went_on, Vec::new());
        while let Some(due) = episode.due_at {
            assert!(episode.tell_time(false, due.plus_micros(-1)).is_none(), "before its time");
            episode = episode.tell_time(false, due).unwrap().into_state();
            told.push(episode.waited_hours);
            assert_eq!(episode.version, i64::try_from(told.len()).unwrap() + 2);
        }
        assert_eq!(told, [4, 12, 24, 48, 72, 96, 120, 144, 168, 192, 216]);
        assert_eq!((episode.state, episode.reason), (EpisodeState::Closed, Some(EpisodeEnd::Silence)));
        assert_eq!(episode.ended_at, Some(at(216)));
    }

    #[test]
    fn a_search_is_settled_once() {
        let winner = HandoffId::of(Uuid::from_u128(1));
        let settled = opened().settle(winner, Some(ChosenFor::Guardian), at(1)).unwrap().into_state();
        assert_eq!((settled.state, settled.handoff, settled.due_at), (EpisodeState::Settled, Some(winner), None));
        assert_eq!(settled.settle(HandoffId::of(Uuid::from_u128(2)), None, at(1)).unwrap_err(), NotSought);
        assert_eq!(settled.close(EpisodeEnd::Mistake, at(1)).unwrap_err(), NotSought);
        assert_eq!(settled.seek(NeedSummary::default(), (None, None), at(1)).unwrap_err(), NotSought);
    }
}
