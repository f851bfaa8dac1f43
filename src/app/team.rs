//! Verbs of mobile teams.
use super::Hub;
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::domain::entry::{Changed, Entry, ExternalId, Origin, Provenance, Version};
use crate::domain::id::{OrganizationId, TeamId};
use crate::domain::language::Language;
use crate::domain::service::{Service, ServiceDetails, ServiceKind};
use crate::domain::team::{SayRefused, Team, TeamDetails, TeamShownAs, TeamStatus};
use crate::policy::view::{self, TeamView};
use crate::policy::{Permit, Scope, Viewer, permit};
use crate::store::{Committed, KeptBy, Keyed, Tx};
use std::sync::Arc;

/// Which teams; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamFilter {
    /// Of this agency.
    pub organization: Option<OrganizationId>,
    /// Shown as one of these.
    pub shown_as: Option<Vec<TeamShownAs>>,
    /// Covering this county.
    pub county_fips: Option<u32>,
    /// Free to come now, or not.
    pub available_now: Option<bool>,
    /// Speaking this language.
    pub language: Option<Language>,
    /// Set up for people under 18, or not.
    pub youth_capable: Option<bool>,
    /// The one that another system knows by this id.
    pub external: Option<ExternalId>,
}

impl TeamFilter {
    /// Whether a team matches.
    pub fn matches(&self, team: &TeamView) -> bool {
        let (entry, definition, shown) = (&team.team().entry, team.team().definition(), team.shown_as());
        self.organization.is_none_or(|id| id == entry.owner)
            && self.shown_as.as_ref().is_none_or(|wanted| wanted.contains(&shown))
            && self.county_fips.is_none_or(|county| definition.counties.contains(&county))
            && self.available_now.is_none_or(|wanted| wanted == (shown == TeamShownAs::Available))
            && self.language.is_none_or(|language| definition.languages.contains(&language))
            && self.youth_capable.is_none_or(|wanted| wanted == definition.youth_capable)
            && self.external.as_ref().is_none_or(|id| entry.external_ids.contains(id))
    }
}

/// Adds or edits a team.
#[derive(Clone, Debug)]
pub struct SaveTeam {
    /// The team; none adds one.
    pub team: Option<TeamId>,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// What the agency says about it.
    pub details: TeamDetails,
    /// Ids in other systems, of a new team.
    pub external_ids: Vec<ExternalId>,
    /// Withdraw it.
    pub retire: bool,
    /// Where the details come from.
    pub provenance: Provenance,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Adds, edits or withdraws a team of the viewer's own agency.
pub async fn save(hub: &Hub, viewer: &Viewer, input: SaveTeam) -> Result<Outcome<TeamView>, Error> {
    let input = &input;
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), |tx| save_in(tx, viewer, input)).await?)
}

async fn save_in(tx: Tx, viewer: &Viewer, input: &SaveTeam) -> Result<Committed<Team>, Error> {
    let Some(id) = input.team else { return add(tx, viewer, input).await };
    let team = tx.team(id).await?.ok_or(Error::NotFound)?;
    let permit = permit::edit(viewer, &team.entry, (!input.retire).then_some(&input.details))?;
    let changed = edited(&tx, input, &team).await?;
    finish(tx, permit, team, changed, input.keyed.as_ref()).await
}

async fn edited(tx: &Tx, input: &SaveTeam, team: &Team) -> Result<Option<Changed<Team>>, Error> {
    if input.expected_version.is_some_and(|expected| expected != team.version()) {
        return Err(Error::Refused(vec![
            Problem::new(ProblemCode::StaleVersion).at(&["expectedVersion"]).with_current(team.id()),
        ]));
    }
    if input.retire {
        return Ok(team.retire(tx.now()));
    }
    offered(tx, input).await?.filter(|service| service.owner == team.entry.owner).ok_or(Error::NotFound)?;
    Ok(team.edit(input.details.clone(), input.provenance, tx.now())?)
}

/// The service that the team offers: one that goes to people.
async fn offered(tx: &Tx, input: &SaveTeam) -> Result<Option<Service>, Error> {
    let service = tx.entry::<ServiceDetails>(input.details.definition.service).await?;
    if service.as_ref().is_some_and(|service| service.details.kind != ServiceKind::Mobile) {
        return Err(Error::BadInput("a team offers a service of the kind MOBILE".into()));
    }
    Ok(service)
}

async fn add(tx: Tx, viewer: &Viewer, input: &SaveTeam) -> Result<Committed<Team>, Error> {
    let service = offered(&tx, input).await?.ok_or(Error::NotFound)?;
    let id: TeamId = tx.id();
    let permit = permit::add::<TeamDetails>(viewer, id, service.region, service.owner)?;
    let origin = Origin { region: service.region, owner: service.owner, provenance: input.provenance };
    let changed = Team::create(Entry::create(id, origin, input.details.clone(), input.external_ids.clone(), tx.now())?);
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Says for a team whether it is free.
#[derive(Clone, Debug)]
pub struct SetStatus {
    /// The team.
    pub team: TeamId,
    /// What it says of itself.
    pub status: TeamStatus,
    /// In how many minutes it expects to be free.
    pub free_in_minutes: Option<u32>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Says for a team of the viewer's own agency whether it is free; the same again is its heartbeat.
pub async fn set_status(hub: &Hub, viewer: &Viewer, input: SetStatus) -> Result<Outcome<TeamView>, Error> {
    let input = &input;
    let say = |tx: Tx| async move {
        let team = tx.team(input.team).await?.ok_or(Error::NotFound)?;
        let permit = permit::set_team_status(viewer, &team)?;
        let changed = team.say(input.status, input.free_in_minutes, tx.now()).map_err(|why| refused(why, &team))?;
        finish(tx, permit, team, changed, input.keyed.as_ref()).await
    };
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), say).await?)
}

fn refused(why: SayRefused, team: &Team) -> Error {
    match why {
        SayRefused::Retired => {
            Error::Refused(vec![Problem::new(ProblemCode::Retired).at(&["teamId"]).with_current(team.id())])
        }
        SayRefused::NotBusy => Error::BadInput("`freeInMinutes` goes with ASSIGNED, EN_ROUTE or ON_SCENE".into()),
        SayRefused::Flawed(flaw) => flaw.into(),
    }
}

async fn finish<A: permit::Acts>(
    tx: Tx,
    permit: Permit<A>,
    team: Team,
    changed: Option<Changed<Team>>,
    keyed: Option<&Keyed>,
) -> Result<Committed<Team>, Error>
where
    Team: KeptBy<A>,
{
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    remember(&tx, keyed, [team.id()]).await?;
    Ok(tx.commit(changed.map_or(team, Changed::into_state)).await?)
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<Team>) -> Result<Outcome<TeamView>, Error> {
    done.seen(|team| {
        hub.board().learn_teams([&team]);
        view::team(&Scope::of(viewer), Arc::new(team), hub.clock().now())
    })
}
