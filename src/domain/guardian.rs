//! The step of reaching a minor's guardian, with its clock. Who that is, and who may consent, is sealed; here stands when.
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{EpisodeId, GuardianId, Noun, NounId, OrganizationId, RegionId};
use super::jurisdiction::{GUARDIAN_MINUTES, Jurisdiction, MAJORITY_YEARS};
use super::pairs;
use super::service::ServiceKind;
use super::time::At;

/// The step of one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardian {
    /// Its id.
    pub id: GuardianId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed, or been told.
    pub version: Version,
    /// The search that it belongs to.
    pub episode: EpisodeId,
    /// The agency that seeks.
    pub sender: OrganizationId,
    /// Since when the guardian is to be reached.
    pub awaited_at: At,
    /// By when.
    pub target_at: At,
    /// When it is told that nobody was reached; none when it has been, or somebody was.
    pub due_at: Option<At>,
    /// Nobody was reached in time, and the log has told so.
    pub late: bool,
    /// When the guardian was reached.
    pub reached_at: Option<At>,
    /// The agency that said so.
    pub reached_by: Option<OrganizationId>,
    /// To which kinds of service the law lets somebody of this age consent alone; none where no jurisdiction says so. The age
    /// itself is kept nowhere.
    pub consents_to: Option<Vec<ServiceKind>>,
    /// When nobody waits any more.
    pub ended_at: Option<At>,
}

/// What the log keeps of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GuardianFact {
    /// The search that it belongs to.
    pub episode: EpisodeId,
    /// By when the guardian was to be reached.
    pub target_at: At,
    /// When that was.
    pub reached_at: Option<At>,
    /// It was not in time.
    pub late: bool,
}

/// Whose guardian is awaited.
#[derive(Clone, Copy, Debug)]
pub struct NewGuardian {
    /// The step's id.
    pub id: GuardianId,
    /// The region.
    pub region: RegionId,
    /// The search.
    pub episode: EpisodeId,
    /// The agency that seeks.
    pub sender: OrganizationId,
}

/// Whether somebody of an age is a minor, where that is known.
pub fn is_minor(age: Option<u16>, law: Option<&Jurisdiction>) -> Option<bool> {
    Some(age? < law.map_or(MAJORITY_YEARS, |law| law.majority.years))
}

impl Guardian {
    /// Waits for a guardian of somebody of an age, and tells agencies.
    pub fn awaited(
        new: NewGuardian,
        age: u16,
        law: Option<&Jurisdiction>,
        to: &[OrganizationId],
        now: At,
    ) -> Vec<Changed<Self>> {
        let minutes = law.map_or(GUARDIAN_MINUTES, |law| law.guardian.minutes);
        let target_at = now.plus_minutes(i64::from(minutes));
        let step = Self {
            id: new.id,
            region: new.region,
            version: 0,
            episode: new.episode,
            sender: new.sender,
            awaited_at: now,
            target_at,
            due_at: Some(target_at),
            late: false,
            reached_at: None,
            reached_by: None,
            consents_to: law.map(|law| law.consents_at(age)),
            ended_at: None,
        };
        step.told(EventKind::GuardianAwaited, to, now)
    }

    /// The need says another age: what the law says of it is taken anew. `None` where it says the same.
    pub fn of_age(
        &self,
        age: u16,
        law: Option<&Jurisdiction>,
        to: &[OrganizationId],
        now: At,
    ) -> Option<Vec<Changed<Self>>> {
        let consents_to = law.map(|law| law.consents_at(age));
        let again = self.ended_at.is_some();
        if consents_to == self.consents_to && !again {
            return None;
        }
        let due_at = Some(self.target_at).filter(|_| self.reached_at.is_none() && !self.late);
        let next = Self { consents_to, ended_at: None, due_at, ..self.clone() };
        Some(next.told(EventKind::GuardianAwaited, to, now))
    }

    /// The guardian was reached, as an agency says; `None` when that was said before, or nobody waits.
    pub fn reach(&self, by: OrganizationId, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        let reached = Self { reached_at: Some(now), reached_by: Some(by), due_at: None, ..self.clone() };
        let waits = self.reached_at.is_none() && self.ended_at.is_none();
        waits.then(|| reached.told(EventKind::GuardianReached, to, now))
    }

    /// Tells agencies that nobody was reached in time; `None` while there is time.
    pub fn tell_time(&self, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        self.due_at.filter(|due| *due <= now)?;
        Some(Self { late: true, due_at: None, ..self.clone() }.told(EventKind::GuardianLate, to, now))
    }

    /// Nobody waits any more: the search has ended. `None` when nobody did.
    pub fn end(&self, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        let ended = Self { due_at: None, ended_at: Some(now), ..self.clone() };
        self.ended_at.is_none().then(|| ended.told(EventKind::GuardianEnded, to, now))
    }

    /// The need says that the person is no minor: nobody waits, and they sign for themself. `None` when nobody did.
    pub fn of_an_adult(&self, to: &[OrganizationId], now: At) -> Option<Vec<Changed<Self>>> {
        Self { consents_to: None, ..self.clone() }.end(to, now)
    }

    /// Whether it is late at an instant, whether or not the log has told so yet.
    pub fn is_late(&self, now: At) -> bool {
        self.late || self.due_at.is_some_and(|due| due <= now)
    }

    /// Whether the law lets this minor sign for a kind of service alone; what no jurisdiction says, it lets.
    pub fn may_sign(&self, kind: ServiceKind) -> bool {
        self.consents_to.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Told to those of agencies who care for people: that a minor is among them is no business of police.
    fn told(self, kind: EventKind, to: &[OrganizationId], at: At) -> Vec<Changed<Self>> {
        let next = |step: &Self| Self { version: step.version + 1, ..step.clone() };
        pairs::told(self, to, next, |step, owner, party| Happening {
            kind,
            noun: Noun::Guardian,
            key: step.id.key(),
            version: step.version,
            region: step.region,
            owner,
            party,
            audience: Audience::PARTIES,
            at,
            fact: Fact::Guardian(GuardianFact {
                episode: step.episode,
                target_at: step.target_at,
                reached_at: step.reached_at,
                late: step.late,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::jurisdiction::tests::generous;
    use uuid::Uuid;

    fn at(minutes: i64) -> At {
        At::from_micros(0).plus_minutes(minutes)
    }

    fn agency(n: u128) -> OrganizationId {
        OrganizationId::of(Uuid::from_u128(n))
    }

    fn awaited(age: u16, law: Option<&Jurisdiction>) -> Guardian {
        let (id, region) = (GuardianId::of(Uuid::nil()), RegionId::of(Uuid::nil()));
        let new = NewGuardian { id, region, episode: EpisodeId::of(Uuid::nil()), sender: agency(1) };
        last(Guardian::awaited(new, age, law, &[agency(1), agency(2)], at(0)))
    }

    fn last(changes: Vec<Changed<Guardian>>) -> Guardian {
        changes.into_iter().next_back().unwrap().into_state()
    }

    #[test]
    fn whoever_is_younger_than_majority_is_a_minor_and_who_is_not_known_is_asked() {
        let mut law = generous();
        law.majority.years = 19;
        for (age, law, minor) in [
            (None, None, None),
            (Some(17), None, Some(true)),
            (Some(18), None, Some(false)),
            (Some(18), Some(&law), Some(true)),
            (Some(19), Some(&law), Some(false)),
        ] {
            assert_eq!(is_minor(age, law), minor, "{age:?}");
        }
    }

    #[test]
    fn it_is_late_once_and_may_be_reached_after_that() {
        let law = generous();
        let step = awaited(13, Some(&law));
        assert_eq!((step.target_at, awaited(13, None).target_at), (at(30), at(60)));
        assert!(step.tell_time(&[agency(1)], at(29)).is_none() && !step.is_late(at(29)) && step.is_late(at(30)));
        let changes = step.tell_time(&[agency(1)], at(30)).unwrap();
        assert_eq!(changes[0].happening().kind, EventKind::GuardianLate);
        let late = last(changes);
        assert!(late.tell_time(&[agency(1)], at(400)).is_none(), "told once");
        let reached = last(late.reach(agency(2), &[agency(1)], at(45)).unwrap());
        assert_eq!((reached.reached_at, reached.reached_by, reached.late), (Some(at(45)), Some(agency(2)), true));
        assert!(reached.reach(agency(1), &[agency(1)], at(50)).is_none(), "the first word stands");
        let in_time = last(step.reach(agency(1), &[agency(1)], at(5)).unwrap());
        assert!(in_time.due_at.is_none() && !in_time.is_late(at(99)));
    }

    #[test]
    fn what_a_minor_signs_alone_is_the_laws_word_and_an_adult_signs() {
        let law = generous();
        for (age, signs) in [(13, false), (14, true)] {
            let step = awaited(age, Some(&law));
            assert_eq!(step.may_sign(ServiceKind::PsychInpatient), signs, "{age}");
            assert!(!step.may_sign(ServiceKind::PeerRespite));
        }
        assert!(awaited(5, None).may_sign(ServiceKind::PsychInpatient), "no jurisdiction says otherwise");
        let step = awaited(13, Some(&law));
        assert!(step.of_age(12, Some(&law), &[agency(1)], at(1)).is_none(), "nothing else is said of it");
        let older = last(step.of_age(14, Some(&law), &[agency(1)], at(1)).unwrap());
        assert!(older.may_sign(ServiceKind::PsychInpatient) && older.due_at == Some(at(30)));
        let adult = last(step.of_an_adult(&[agency(1)], at(2)).unwrap());
        assert!(adult.may_sign(ServiceKind::PeerRespite) && adult.due_at.is_none());
        assert!(adult.end(&[agency(1)], at(3)).is_none());
        let again = last(adult.of_age(13, Some(&law), &[agency(1)], at(3)).unwrap());
        assert!(!again.may_sign(ServiceKind::PeerRespite) && again.due_at == Some(at(30)));
    }
}
