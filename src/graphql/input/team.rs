//! What is said of mobile teams.
use super::{absent, all_fips, external, externals, fips, keyed, list, maybe_named, named};
use crate::app::team::{self, SaveTeam, SetStatus};
use crate::domain::entry::Provenance;
use crate::domain::language::Language;
use crate::domain::team::{HEARTBEAT_MINUTES, TeamDefinition, TeamDetails, TeamShownAs, TeamStatus};
use crate::graphql::directory::ExternalIdInput;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::hours::OpeningHoursInput;
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which teams; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TeamFilter {
    /// Of this agency.
    organization_id: Option<ID>,
    /// Standing as one of these.
    status: Option<Vec<Code<TeamShownAs>>>,
    /// Covering this county (Census FIPS code of five digits).
    county_fips: Option<String>,
    /// Free to come now, or not.
    available_now: Option<bool>,
    /// Speaking this language (ISO 639-1).
    language: Option<String>,
    /// Set up for people under 18, or not.
    youth: Option<bool>,
    /// The one that another system knows by this id.
    external_id: Option<ExternalIdInput>,
}

/// Adds, edits or withdraws a mobile team of your agency. An edit replaces the whole definition.
#[derive(Clone, Debug, InputObject)]
pub struct SaveTeamInput {
    /// The team; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION. Statuses and heartbeats count as versions too.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its call sign, at most 120 characters.
    label: String,
    /// What it offers: a service of your agency, of the kind MOBILE.
    service_id: ID,
    /// The counties it goes to (Census FIPS codes of five digits), 1 to 300.
    counties_fips: Vec<String>,
    /// When it is usually on duty; leave out when not known.
    hours: Option<OpeningHoursInput>,
    /// Languages spoken (ISO 639-1), at most 50.
    languages: Option<Vec<String>>,
    /// Set up for people under 18.
    #[graphql(default)]
    youth_capable: bool,
    /// A peer is part of it.
    #[graphql(default)]
    peer_on_team: bool,
    /// Can take a person along.
    #[graphql(default)]
    can_transport: bool,
    /// How long what it says counts, 1 to 240 minutes; 15 when not given.
    heartbeat_minutes: Option<u32>,
    /// Ids of the same team in other systems; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says for a team of your agency whether it is free. Say the same again at least every half of its `heartbeatMinutes`:
/// from the instant a whole one is missed, everybody is shown UNKNOWN. OUT needs no heartbeat.
#[derive(Clone, Debug, InputObject)]
pub struct SetTeamStatusInput {
    /// The team.
    team_id: ID,
    /// How it stands.
    status: Code<TeamStatus>,
    /// With ASSIGNED, EN_ROUTE or ON_SCENE: in how many minutes it expects to be free, 0 to 600. What it said of this before
    /// is kept when you leave it out and the status is the same.
    free_in_minutes: Option<u32>,
    /// Your key for this request, at most 128 characters. A heartbeat needs none.
    idempotency_key: Option<String>,
}

fn language(code: &str) -> Result<Language, Error> {
    Language::parse("language", code).map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))
}

impl TeamFilter {
    /// The filter as the verbs take it.
    pub fn read(self) -> Result<team::TeamFilter, Error> {
        Ok(team::TeamFilter {
            organization: self.organization_id.as_ref().map(absent),
            shown_as: list(self.status),
            county_fips: self.county_fips.as_deref().map(fips).transpose()?,
            available_now: self.available_now,
            language: self.language.as_deref().map(language).transpose()?,
            youth_capable: self.youth,
            external: self.external_id.map(external),
        })
    }
}

/// Reads a team.
pub(in crate::graphql) fn save(asking: &Asking, input: SaveTeamInput) -> Result<SaveTeam, Error> {
    let keyed = keyed(asking, "saveTeam", input.idempotency_key.as_deref(), &input)?;
    let mut counties = all_fips(Some(input.counties_fips))?;
    counties.sort_unstable();
    counties.dedup();
    let spoken = input.languages.unwrap_or_default();
    let definition = TeamDefinition {
        service: named(&input.service_id)?,
        counties,
        hours: input.hours.map(OpeningHoursInput::read).transpose()?,
        languages: spoken.iter().map(|code| language(code)).collect::<Result<_, _>>()?,
        youth_capable: input.youth_capable,
        peer_on_team: input.peer_on_team,
        can_transport: input.can_transport,
        heartbeat_minutes: input.heartbeat_minutes.unwrap_or(HEARTBEAT_MINUTES),
    };
    Ok(SaveTeam {
        team: maybe_named(input.id.as_ref())?,
        expected_version: input.expected_version,
        details: TeamDetails { label: input.label, definition },
        external_ids: externals(input.external_ids),
        retire: input.retire,
        provenance: Provenance::Manual,
        keyed,
    })
}

/// Reads what a team says of itself.
pub(in crate::graphql) fn set_status(asking: &Asking, input: SetTeamStatusInput) -> Result<SetStatus, Error> {
    let keyed = keyed(asking, "setTeamStatus", input.idempotency_key.as_deref(), &input)?;
    let team = named(&input.team_id)?;
    Ok(SetStatus { team, status: input.status.0, free_in_minutes: input.free_in_minutes, keyed })
}
