//! Mobile teams in the schema.
use super::connection::{Page, Paging, Row};
use super::directory::{ExternalId, Organization, Service, external_ids, fips};
use super::error::Answer;
use super::hours::OpeningHours;
use super::input::team::TeamFilter;
use super::on_call::OnCall;
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::seen::Seen;
use crate::domain::entry::Provenance;
use crate::domain::handoff::Destination;
use crate::domain::team::{self, TeamShownAs, TeamStatus};
use crate::policy::view::TeamView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};

/// A mobile team: people who come to where somebody is. Where a team is, the hub does not know.
#[derive(Clone)]
pub struct Team {
    pub(super) view: TeamView,
    seen: Seen,
}

/// What a team said last, for sentences such as "last said AVAILABLE at 03:10". It is not what is true now.
#[derive(Clone, SimpleObject)]
pub struct LastSaid {
    /// The status.
    status: Code<TeamStatus>,
    /// Since when.
    since: DateTime,
}

impl Team {
    pub(super) fn new(view: TeamView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    fn definition(&self) -> &team::TeamDefinition {
        self.view.team().definition()
    }
}

/// A mobile team: people who come to where somebody is. Where a team is, the hub does not know.
#[Object]
impl Team {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.team().id())
    }
    /// How often it has changed, statuses and heartbeats included.
    async fn version(&self) -> i64 {
        self.view.team().version()
    }
    /// Its call sign.
    async fn label(&self) -> &str {
        &self.view.team().entry.details.label
    }
    /// What it offers.
    async fn service(&self) -> Option<Service> {
        self.seen.entry(self.definition().service).map(|entry| Service::new(entry, &self.seen))
    }
    /// Whose it is.
    async fn organization(&self) -> Option<Organization> {
        self.seen.entry(self.view.team().entry.owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The counties it goes to (Census FIPS codes of five digits).
    async fn counties_fips(&self) -> Vec<String> {
        self.definition().counties.iter().copied().map(fips).collect()
    }
    /// When it is usually on duty; null when not known. What it says of itself stands above this.
    async fn hours(&self) -> Option<OpeningHours> {
        self.definition().hours.as_ref().map(OpeningHours::from)
    }
    /// Languages spoken (ISO 639-1).
    async fn languages(&self) -> Vec<String> {
        self.definition().languages.iter().map(ToString::to_string).collect()
    }
    /// Set up for people under 18.
    async fn youth_capable(&self) -> bool {
        self.definition().youth_capable
    }
    /// A peer is part of it.
    async fn peer_on_team(&self) -> bool {
        self.definition().peer_on_team
    }
    /// Can take a person along.
    async fn can_transport(&self) -> bool {
        self.definition().can_transport
    }
    /// How long what it says counts, in minutes; OUT counts until it says something else.
    async fn heartbeat_minutes(&self) -> u32 {
        self.definition().heartbeat_minutes
    }
    /// How it stands now. UNKNOWN from the instant its heartbeat is missed: then it may be anywhere and busy.
    async fn status(&self) -> Code<TeamShownAs> {
        Code(self.view.shown_as())
    }
    /// Since when it stands so; null when it is UNKNOWN.
    async fn status_since(&self) -> Option<DateTime> {
        let said = self.view.said().filter(|_| self.view.shown_as() != TeamShownAs::Unknown)?;
        Some(DateTime(said.since))
    }
    /// What it said last, true or not by now; null when it never said anything.
    async fn last_said(&self) -> Option<LastSaid> {
        let said = self.view.said()?;
        Some(LastSaid { status: Code(said.status), since: DateTime(said.since) })
    }
    /// When it was last heard; words within a third of a heartbeat count as one.
    async fn heard_at(&self) -> Option<DateTime> {
        self.view.said().map(|said| DateTime(said.heard_at))
    }
    /// When it expects to be free, while it is busy.
    async fn free_at(&self) -> Option<DateTime> {
        self.view.free_at().map(DateTime)
    }
    /// In how many minutes it expects to be free, while it is busy; 0 when that is past.
    async fn free_in_minutes(&self) -> Option<i64> {
        let left = self.view.free_at()?.micros_since(self.view.now()).max(0);
        Some((left + 59_999_999).div_euclid(60_000_000))
    }
    /// Who is on call for it, for those of its own agency who say so: `setOnCall`.
    async fn on_call(&self, ctx: &Context<'_>) -> Answer<OnCall> {
        let team = self.view.team();
        OnCall::of(ctx, team.entry.owner, Destination::Team(team.id())).await
    }
    /// Ids of the same team in other systems.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.view.team().entry.external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.view.team().entry.retired
    }
    /// Where its details came from.
    async fn provenance(&self) -> Code<Provenance> {
        Code(self.view.team().entry.provenance)
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.view.team().entry.updated_at)
    }
}

pub(super) fn teams(ctx: &Context<'_>, filter: TeamFilter, paging: Paging) -> Result<Page<Team>, Error> {
    let filter = filter.read()?;
    let bound = format!("teams:{filter:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let seen = &asking.seen;
    let rows = seen
        .board
        .teams(&seen.scope, filter.county_fips, seen.now)
        .filter(|view| filter.matches(view))
        .map(|view| Row { key: view.team().id(), node: Team::new(view, seen), edge: EmptyFields })
        .collect();
    listing.page(ctx, &paging, rows)
}
