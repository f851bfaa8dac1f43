//! Mobile teams on the board, and what comes before a place: who can talk, who can come.
use super::snapshot::Snapshot;
use crate::domain::entry::Version;
use crate::domain::event::{Event, Fact};
use crate::domain::id::{NounId, TeamId};
use crate::domain::need::{self, Fit, Need, Reason};
use crate::domain::respond;
use crate::domain::service::{Service, ServiceDetails, ServiceKind};
use crate::domain::team::{Team, TeamFact, TeamHead, TeamShownAs};
use crate::domain::time::At;
use crate::policy::Scope;
use crate::policy::view::{self, TeamView};
use std::sync::Arc;

/// Most lines, and most teams, of one answer.
const MOST: usize = 10;

/// For whom somebody to talk to or to come is sought, at which instant.
#[derive(Clone, Debug)]
pub struct Respond<'a> {
    /// The need.
    pub need: &'a Need,
    /// The county that the person is in.
    pub in_county: Option<u32>,
    /// The instant that hours and statuses are judged at.
    pub at: At,
}

/// A line that is open now.
#[derive(Clone, Debug)]
pub struct Talking {
    /// The line.
    pub service: Arc<Service>,
    /// Until when it is open, where that is known and has an end.
    pub until: Option<At>,
    /// Whether it fits.
    pub fit: Fit,
    /// Every point, with its reason.
    pub reasons: Vec<Reason>,
}

/// A team that can come, now or when it is free.
#[derive(Clone, Debug)]
pub struct Coming {
    /// The team.
    pub team: TeamView,
    /// Whether it fits.
    pub fit: Fit,
    /// Every point, with its reason.
    pub reasons: Vec<Reason>,
}

pub(super) fn team_of(event: &Event, label: impl Fn(TeamId) -> String) -> Option<Team> {
    let Fact::Team(fact) = &event.happening.fact else { return None };
    let happening = &event.happening;
    let id = TeamId::of(happening.key);
    let (region, owner, version, at) = (happening.region, happening.owner, happening.version, happening.at);
    Some(Team::from_fact(TeamFact::clone(fact), TeamHead { id, region, owner, version, at }, label(id)))
}

impl Snapshot {
    /// Takes a team, unless a newer one is here.
    pub(super) fn put_team(&mut self, team: Arc<Team>) {
        let old = self.teams.get(&team.id()).cloned();
        if old.as_ref().is_some_and(|old| old.version() >= team.version()) {
            return;
        }
        if old.as_ref().is_none_or(|old| old.entry.details.label != team.entry.details.label) {
            self.edition += 1;
        }
        let old = old.as_ref().map_or(&[][..], |old| &old.definition().counties);
        let new = &team.definition().counties;
        for left in old.iter().filter(|county| !new.contains(county)) {
            self.covering.entry(*left).or_default().remove(&team.id());
        }
        for entered in new.iter().filter(|county| !old.contains(county)) {
            self.covering.entry(*entered).or_default().insert(team.id());
        }
        self.teams.insert(team.id(), team);
    }

    /// One team, withdrawn or not; `None` when absent or not in the scope.
    pub fn team(&self, scope: &Scope, id: TeamId, now: At) -> Option<TeamView> {
        view::team(scope, self.teams.get(&id)?.clone(), now)
    }

    /// Teams that are not withdrawn, in the order of their ids; those that cover a county, when one is given.
    pub fn teams<'a>(
        &'a self,
        scope: &'a Scope,
        county: Option<u32>,
        now: At,
    ) -> impl Iterator<Item = TeamView> + use<'a> {
        let all = county.is_none().then(|| self.teams.keys()).into_iter().flatten();
        let covering = county.and_then(|county| self.covering.get(&county)).into_iter().flatten();
        all.chain(covering).filter_map(move |id| self.team(scope, *id, now)).filter(|view| !view.team().entry.retired)
    }

    /// The coded state of every team: what a fold of the log must give again.
    pub fn coded_teams(&self) -> Vec<(TeamId, Version, TeamFact)> {
        self.teams.values().map(|team| (team.id(), team.version(), team.fact())).collect()
    }

    /// A team's call sign, for facts that have no words.
    pub(super) fn call_sign(&self, id: TeamId) -> Option<String> {
        self.teams.get(&id).map(|team| team.entry.details.label.clone())
    }

    /// The lines that are open now and fit: those that fit in every point first.
    pub fn talking(&self, scope: &Scope, seek: &Respond<'_>) -> Vec<Talking> {
        let county = seek.need.home_county.or(seek.in_county);
        let mut lines: Vec<_> = self
            .entries::<ServiceDetails>(scope)
            .filter(|service| service.details.is_virtual())
            .map(|service| (service, respond::talk(seek.need, service, county, seek.at)))
            .map(|(service, reasons)| (need::worst(&reasons), service, reasons))
            .filter(|(fit, ..)| *fit != Fit::NotMet)
            .collect();
        lines.sort_by_key(|(fit, service, _)| (*fit as u8, service.details.kind != ServiceKind::Call, service.id));
        let line = |(fit, service, reasons): (Fit, &Arc<Service>, Vec<Reason>)| Talking {
            until: respond::open_until(&service.details, seek.at),
            service: service.clone(),
            fit,
            reasons,
        };
        lines.into_iter().take(MOST).map(line).collect()
    }

    /// The teams that can come to a county: the free ones first, then those that are free soonest.
    ///
    /// Without a county every team may, and has to be asked.
    pub fn coming(&self, scope: &Scope, seek: &Respond<'_>) -> Vec<Coming> {
        let county = seek.in_county.or(seek.need.home_county);
        let mut teams: Vec<_> = self
            .teams(scope, county, seek.at)
            .filter(|view| view.shown_as().may_come())
            .map(|team| {
                let reasons = respond::come(seek.need, team.team(), county, seek.at);
                Coming { fit: need::worst(&reasons), team, reasons }
            })
            .collect();
        teams.sort_by_key(|coming| {
            let (free, view) = (coming.team.shown_as() == TeamShownAs::Available, &coming.team);
            // Who does not know when it is free comes after who does; who does not fit, after everybody.
            let soonest = if free { None } else { Some(view.free_at().map_or(i64::MAX, At::micros)) };
            (coming.fit == Fit::NotMet, soonest, coming.fit as u8, view.team().id())
        });
        teams.truncate(MOST);
        teams
    }
}
