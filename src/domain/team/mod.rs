//! Mobile teams: who can come. What a team says of itself counts until its heartbeat is missed; its position is nowhere.
mod codes;

pub use codes::*;

use super::entry::{Changed, Details, Entry, Provenance, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::hours::Hours;
use super::id::{Noun, NounId, OrganizationId, RegionId, ServiceId, TeamId};
use super::language::Language;
use super::text::{self, Flaw};
use super::time::At;

/// Most minutes that a team may set as its heartbeat.
pub const HEARTBEAT_MINUTES_MAX: u32 = 240;
/// A team's heartbeat when it does not say, in minutes.
pub const HEARTBEAT_MINUTES: u32 = 15;
/// Furthest ahead that a team may expect to be free, in minutes.
pub const FREE_IN_MINUTES_MAX: u32 = 600;
/// Words that come within one of so many parts of a heartbeat are one word: what bounds how often the log is told.
const WORDS_A_HEARTBEAT: i64 = 3;

/// What an agency says about one of its teams.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamDetails {
    /// Its call sign.
    pub label: String,
    /// Its coded definition.
    pub definition: TeamDefinition,
}

/// The coded definition of a team.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TeamDefinition {
    /// What it offers: a service of the kind MOBILE.
    pub service: ServiceId,
    /// The counties it goes to, as Census FIPS codes.
    pub counties: Vec<u32>,
    /// When it is usually on duty.
    pub hours: Option<Hours>,
    /// Languages spoken.
    pub languages: Vec<Language>,
    /// Set up for people under 18.
    pub youth_capable: bool,
    /// A peer is part of it.
    pub peer_on_team: bool,
    /// Can take a person along.
    pub can_transport: bool,
    /// How long what it says counts, in minutes.
    pub heartbeat_minutes: u32,
}

/// What a team said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// Its status.
    pub status: TeamStatus,
    /// Since when.
    pub since: At,
    /// When it was last heard.
    pub heard_at: At,
    /// When it expects to be free.
    pub free_at: Option<At>,
}

/// A mobile team: its definition, and what it said last.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    /// What its agency says about it.
    pub entry: Entry<TeamDetails>,
    /// What it said last.
    pub said: Option<Said>,
    /// The log has told that its heartbeat was missed.
    pub lost: bool,
}

/// The whole coded state of a team, as the log keeps it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TeamFact {
    /// Its definition.
    pub definition: TeamDefinition,
    /// Whether it is withdrawn.
    pub retired: bool,
    /// What it said last.
    pub said: Option<Said>,
    /// Whether its heartbeat was missed, as told.
    pub lost: bool,
}

/// Why what a team says was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SayRefused {
    /// The team is withdrawn.
    Retired,
    /// Only a team that is busy says when it will be free.
    NotBusy,
    /// A number is outside its limits.
    Flawed(Flaw),
}

/// Whose state a team's fact is, and as of which version.
#[derive(Clone, Copy, Debug)]
pub struct TeamHead {
    /// The team.
    pub id: TeamId,
    /// Its region.
    pub region: RegionId,
    /// Its agency.
    pub owner: OrganizationId,
    /// Its version.
    pub version: Version,
    /// When it changed.
    pub at: At,
}

impl Details for TeamDetails {
    type Id = TeamId;
    const SAVED: EventKind = EventKind::TeamSaved;

    fn check(&self) -> Result<(), Flaw> {
        let d = &self.definition;
        let many = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        text::line("label", &self.label, 120)?;
        text::within("countiesFips", many(d.counties.len()), 1, 300)?;
        text::within("languages", many(d.languages.len()), 0, 50)?;
        text::within("heartbeatMinutes", i64::from(d.heartbeat_minutes), 1, i64::from(HEARTBEAT_MINUTES_MAX))?;
        d.hours.as_ref().map_or(Ok(()), Hours::check)
    }

    fn fact(&self, retired: bool) -> Fact {
        let definition = self.definition.clone();
        Fact::Team(Box::new(TeamFact { definition, retired, said: None, lost: false }))
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Team(team) = fact else { return None };
        Some(Self { definition: team.definition.clone(), ..self.clone() })
    }

    fn audience(&self) -> Audience {
        Audience::TEAMS
    }
}

impl Team {
    /// A new team, which has not said anything.
    pub fn create(entry: Changed<Entry<TeamDetails>>) -> Changed<Self> {
        let happening = entry.happening().clone();
        Changed::new(Self { entry: entry.into_state(), said: None, lost: false }, happening)
    }

    /// The team's id.
    pub fn id(&self) -> TeamId {
        self.entry.id
    }

    /// The team's version.
    pub fn version(&self) -> Version {
        self.entry.version
    }

    /// The team's coded definition.
    pub fn definition(&self) -> &TeamDefinition {
        &self.entry.details.definition
    }

    /// Takes new details; `None` when nothing differs.
    pub fn edit(&self, details: TeamDetails, provenance: Provenance, at: At) -> Result<Option<Changed<Self>>, Flaw> {
        let entry = self.entry.edit(details, provenance, at)?;
        Ok(entry.map(|entry| Self { entry: entry.into_state(), ..self.clone() }.changed(EventKind::TeamSaved, at)))
    }

    /// Withdraws the team; `None` when it already is.
    pub fn retire(&self, at: At) -> Option<Changed<Self>> {
        let entry = self.entry.retire(at)?.into_state();
        Some(Self { entry, ..self.clone() }.changed(EventKind::TeamSaved, at))
    }

    /// Takes what the team says; `None` when it says again what was just heard.
    ///
    /// The same again is its heartbeat. It is told to the log, because every board counts from there, but not each time:
    /// words that come within a third of a heartbeat are one word.
    pub fn say(
        &self,
        status: TeamStatus,
        free_in_minutes: Option<u32>,
        now: At,
    ) -> Result<Option<Changed<Self>>, SayRefused> {
        if self.entry.retired {
            return Err(SayRefused::Retired);
        }
        if let Some(minutes) = free_in_minutes {
            let most = i64::from(FREE_IN_MINUTES_MAX);
            text::within("freeInMinutes", i64::from(minutes), 0, most).map_err(SayRefused::Flawed)?;
            if !status.is_busy() {
                return Err(SayRefused::NotBusy);
            }
        }
        let known = self.said.filter(|said| said.status == status && self.shown_as(now) != TeamShownAs::Unknown);
        let expects = free_in_minutes.map(|minutes| now.plus_minutes(i64::from(minutes)));
        let Some(said) = known else {
            let said = Said { status, since: now, heard_at: now, free_at: expects };
            return Ok(Some(self.saying(said, EventKind::TeamStatusSet, now)));
        };
        let same_end = expects.is_none_or(|expects| said.free_at.is_some_and(|at| within_a_minute(at, expects)));
        if !same_end {
            let said = Said { heard_at: now, free_at: expects, ..said };
            return Ok(Some(self.saying(said, EventKind::TeamStatusSet, now)));
        }
        let again = said.heard_at.plus_seconds(self.heartbeat_seconds() / WORDS_A_HEARTBEAT);
        Ok((status != TeamStatus::Out && now >= again)
            .then(|| self.saying(Said { heard_at: now, ..said }, EventKind::TeamHeard, now)))
    }

    /// Tells the log that the heartbeat was missed; `None` when it was not, or has been told.
    pub fn tell_lost(&self, now: At) -> Option<Changed<Self>> {
        let missed = self.lost_at().is_some_and(|at| at <= now);
        missed.then(|| Self { lost: true, ..self.bumped(now) }.changed(EventKind::TeamLost, now))
    }

    /// When its heartbeat will have been missed; never of a team that is off duty, and once only.
    pub fn lost_at(&self) -> Option<At> {
        let said = self.said.filter(|said| said.status != TeamStatus::Out && !self.lost)?;
        Some(said.heard_at.plus_seconds(self.heartbeat_seconds()))
    }

    /// How the team is shown at an instant: a missed heartbeat shows at once, told or not.
    pub fn shown_as(&self, now: At) -> TeamShownAs {
        match self.said {
            Some(said) if !self.lost && self.lost_at().is_none_or(|at| now < at) => said.status.into(),
            _ => TeamShownAs::Unknown,
        }
    }

    /// When the team expects to be free, while it is busy and known to be.
    pub fn free_at(&self, now: At) -> Option<At> {
        self.said.filter(|_| self.shown_as(now) != TeamShownAs::Unknown)?.free_at
    }

    /// The whole coded state, as the log keeps it.
    pub fn fact(&self) -> TeamFact {
        let definition = self.definition().clone();
        TeamFact { definition, retired: self.entry.retired, said: self.said, lost: self.lost }
    }

    /// The team as a fact of the log tells it; words come from `label`.
    pub fn from_fact(fact: TeamFact, head: TeamHead, label: String) -> Self {
        Self {
            entry: Entry {
                id: head.id,
                region: head.region,
                owner: head.owner,
                version: head.version,
                details: TeamDetails { label, definition: fact.definition },
                external_ids: Vec::new(),
                retired: fact.retired,
                provenance: Provenance::Manual,
                updated_at: head.at,
            },
            said: fact.said,
            lost: fact.lost,
        }
    }

    fn heartbeat_seconds(&self) -> i64 {
        i64::from(self.definition().heartbeat_minutes) * 60
    }

    fn saying(&self, said: Said, kind: EventKind, now: At) -> Changed<Self> {
        Self { said: Some(said), lost: false, ..self.bumped(now) }.changed(kind, now)
    }

    fn bumped(&self, now: At) -> Self {
        let entry = Entry { version: self.entry.version + 1, updated_at: now, ..self.entry.clone() };
        Self { entry, ..self.clone() }
    }

    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let happening = Happening {
            kind,
            noun: Noun::Team,
            key: self.entry.id.key(),
            version: self.entry.version,
            region: self.entry.region,
            owner: self.entry.owner,
            party: None,
            audience: self.entry.details.audience(),
            at,
            fact: Fact::Team(Box::new(self.fact())),
        };
        Changed::new(self, happening)
    }
}

fn within_a_minute(one: At, other: At) -> bool {
    one.micros_since(other).abs() < 60_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Origin;
    use proptest::prelude::*;

    fn start() -> At {
        At::parse("2026-03-01T07:00:00Z").unwrap()
    }

    fn team() -> Team {
        let definition = TeamDefinition {
            service: ServiceId::of(uuid::Uuid::from_u128(1)),
            counties: vec![12_086],
            hours: None,
            languages: vec![Language::parse("languages", "en").unwrap()],
            youth_capable: true,
            peer_on_team: true,
            can_transport: false,
            heartbeat_minutes: HEARTBEAT_MINUTES,
        };
        let origin = Origin {
            region: RegionId::of(uuid::Uuid::from_u128(2)),
            owner: OrganizationId::of(uuid::Uuid::from_u128(3)),
            provenance: Provenance::Manual,
        };
        let details = TeamDetails { label: "Mobile 1".into(), definition };
        let id = TeamId::of(uuid::Uuid::from_u128(4));
        Team::create(Entry::create(id, origin, details, Vec::new(), start()).unwrap()).into_state()
    }

    fn said(team: &Team, status: TeamStatus, now: At) -> Team {
        team.say(status, None, now).unwrap().unwrap().into_state()
    }

    #[test]
    fn what_a_team_says_counts_for_one_heartbeat() {
        let (team, at) = (team(), start());
        assert_eq!((team.shown_as(at), team.lost_at()), (TeamShownAs::Unknown, None));
        let team = said(&team, TeamStatus::Available, at);
        assert_eq!(team.shown_as(at.plus_minutes(15).plus_micros(-1)), TeamShownAs::Available);
        assert_eq!(team.shown_as(at.plus_minutes(15)), TeamShownAs::Unknown);
        assert!(team.tell_lost(at.plus_minutes(15).plus_micros(-1)).is_none());
        let lost = team.tell_lost(at.plus_minutes(15)).unwrap();
        assert_eq!(lost.happening().kind, EventKind::TeamLost);
        let lost = lost.into_state();
        assert!(lost.tell_lost(at.plus_minutes(60)).is_none(), "it is told once");
        let found = lost.say(TeamStatus::Available, None, at.plus_minutes(61)).unwrap().unwrap();
        assert_eq!(found.happening().kind, EventKind::TeamStatusSet);
        assert_eq!(found.state().shown_as(at.plus_minutes(61)), TeamShownAs::Available);
    }

    #[test]
    fn the_same_again_is_a_heartbeat_told_at_most_three_times_in_its_interval() {
        let at = start();
        let mut team = said(&team(), TeamStatus::OnScene, at);
        let (mut told, mut now) = (0, at);
        for _ in 0..120 {
            now = now.plus_seconds(30);
            if let Some(changed) = team.say(TeamStatus::OnScene, None, now).unwrap() {
                assert_eq!(changed.happening().kind, EventKind::TeamHeard);
                team = changed.into_state();
                told += 1;
            }
            assert_eq!(team.shown_as(now), TeamShownAs::OnScene);
        }
        assert_eq!((told, team.said.unwrap().since), (12, at), "an hour of words every 30 s");
    }

    #[test]
    fn off_duty_needs_no_heartbeat_and_the_end_of_work_is_kept_to_the_minute() {
        let at = start();
        let out = said(&team(), TeamStatus::Out, at);
        assert_eq!((out.lost_at(), out.shown_as(at.plus_minutes(100_000))), (None, TeamShownAs::Out));
        assert_eq!(team().say(TeamStatus::Out, Some(5), at).unwrap_err(), SayRefused::NotBusy);
        assert_eq!(team().say(TeamStatus::Available, Some(0), at).unwrap_err(), SayRefused::NotBusy);
        assert!(matches!(team().say(TeamStatus::EnRoute, Some(601), at), Err(SayRefused::Flawed(_))));
        let busy = team().say(TeamStatus::EnRoute, Some(40), at).unwrap().unwrap().into_state();
        assert_eq!(busy.free_at(at), Some(at.plus_minutes(40)));
        let (later, again) = (at.plus_minutes(2), busy.say(TeamStatus::EnRoute, Some(38), at.plus_minutes(2)));
        assert!(again.unwrap().is_none(), "the same end, said two minutes later");
        let sooner = busy.say(TeamStatus::EnRoute, Some(10), later).unwrap().unwrap();
        assert_eq!(sooner.happening().kind, EventKind::TeamStatusSet);
        assert_eq!(
            (sooner.state().said.unwrap().since, sooner.state().free_at(later)),
            (at, Some(at.plus_minutes(12)))
        );
        let free = said(sooner.state(), TeamStatus::Available, later);
        assert_eq!(free.free_at(later), None);
        assert_eq!(busy.free_at(at.plus_minutes(15)), None, "what is unknown has no end");
        assert_eq!(
            free.retire(later).unwrap().into_state().say(TeamStatus::Out, None, later).unwrap_err(),
            SayRefused::Retired
        );
    }

    proptest! {
        /// Whoever speaks at least every two thirds of a heartbeat is never lost, and a team is shown as unknown from the
        /// very instant that the alarm is set to.
        #[test]
        fn who_speaks_often_enough_is_never_lost(gaps in prop::collection::vec(1_i64..=600, 1..60)) {
            let (mut team, mut now) = (said(&team(), TeamStatus::Available, start()), start());
            for gap in gaps {
                now = now.plus_seconds(gap);
                prop_assert!(team.tell_lost(now).is_none());
                if let Some(changed) = team.say(TeamStatus::Available, None, now).unwrap() {
                    team = changed.into_state();
                }
                let lost_at = team.lost_at().unwrap();
                prop_assert_eq!(team.shown_as(lost_at.plus_micros(-1)), TeamShownAs::Available);
                prop_assert_eq!(team.shown_as(lost_at), TeamShownAs::Unknown);
                prop_assert!(lost_at <= now.plus_minutes(15) && lost_at > now.plus_minutes(10));
            }
        }
    }
}
