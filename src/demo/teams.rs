//! The demo's lines and mobile teams: planned, saved through the same verbs as everyone's.
use super::plan::{PlannedService, TIME_ZONE, service};
use super::staff::{done, employ, viewer};
use crate::app::team::{self, SaveTeam, SetStatus};
use crate::app::{Error, Hub, console};
use crate::domain::code::Coded;
use crate::domain::entry::Provenance;
use crate::domain::hours::{Hours, Span, Week, Weekday, ZoneName};
use crate::domain::id::{NounId, OrganizationId, ServiceId, TeamId};
use crate::domain::language::Language;
use crate::domain::role::Role;
use crate::domain::service::ServiceKind;
use crate::domain::team::{HEARTBEAT_MINUTES, TeamDefinition, TeamDetails, TeamShownAs, TeamStatus};
use crate::policy::Scope;
use uuid::Uuid;

/// A team to be; its service is filled in when it is saved.
#[derive(Clone)]
pub(crate) struct PlannedTeam {
    details: TeamDetails,
    /// What it says when the world begins; a team that says nothing stays unknown.
    begins: Option<(TeamStatus, Option<u32>)>,
}

/// One loaded team.
#[derive(Clone)]
pub struct LivingTeam {
    pub(crate) id: TeamId,
    /// What it says when the world begins; one that says nothing stays unknown.
    pub(crate) begins: Option<(TeamStatus, Option<u32>)>,
    /// The subject of the grant of its own people.
    pub(crate) speaker: String,
}

/// Hours of every day, in whole hours.
fn daily(from: u16, to: u16) -> Option<Hours> {
    let zone = ZoneName::parse("timeZone", TIME_ZONE).ok()?;
    let span = |weekday: &Weekday| Span { weekday: *weekday, from: from * 60, to: to * 60 };
    Some(Hours::Weekly(Week { zone, spans: Weekday::ALL.iter().map(span).collect() }))
}

/// A phone of the reserved numbers that neither the region's places nor the invented ones have.
fn line(area_code: u16, number: u16) -> Option<String> {
    Some(format!("+1{area_code}55501{number:02}"))
}

fn area_code(which: usize) -> u16 {
    if which == 1 { 786 } else { 561 }
}

/// The line of a 988 center: around the clock, for everybody.
pub(crate) fn line_988(which: usize) -> PlannedService {
    let mut planned = service(ServiceKind::Call, Vec::new());
    let details = &mut planned.details;
    (details.direct_line, details.text_line) = (line(area_code(which), 80), line(area_code(which), 81));
    (details.hours, details.youth_capable) = (Some(Hours::AroundTheClock), Some(true));
    planned
}

/// The warm line of a peer network: adults, in the hours that peers answer.
pub(crate) fn warm_line(which: usize) -> PlannedService {
    let mut planned = service(ServiceKind::Call, Vec::new());
    let details = &mut planned.details;
    details.name = "Peer warm line".into();
    details.direct_line = line(area_code(which), 82);
    details.hours = if which == 1 { daily(16, 0) } else { daily(9, 21) };
    (details.age_min, details.youth_capable) = (Some(18), Some(false));
    details.languages = ["en", "es"].map(str::to_owned).into();
    planned
}

/// The teams of a crisis provider.
pub(crate) fn mobile(which: usize) -> PlannedService {
    use TeamStatus as S;
    let mut planned = service(ServiceKind::Mobile, Vec::new());
    planned.details.youth_capable = Some(true);
    planned.teams = if which == 1 {
        vec![
            planned_team("MCT 11", &[12_086], &["en", "es"], Some((S::Available, None)))
                .with(|team| (team.youth_capable, team.peer_on_team, team.can_transport) = (true, true, true)),
            planned_team("MCT 12", &[12_086, 12_087], &["en", "ht"], Some((S::OnScene, Some(35))))
                .with(|team| (team.peer_on_team, team.hours) = (true, daily(7, 23))),
            planned_team("MCT 13", &[12_011], &["en", "es"], Some((S::EnRoute, Some(80))))
                .with(|team| team.youth_capable = true),
        ]
    } else {
        vec![
            planned_team("MCT 21", &[12_099], &["en", "es"], Some((S::Available, None)))
                .with(|team| (team.youth_capable, team.can_transport) = (true, true)),
            planned_team("MCT 22", &[12_099, 12_011], &["en", "ht"], Some((S::Out, None)))
                .with(|team| (team.peer_on_team, team.hours) = (true, daily(14, 2))),
            planned_team("MCT 23", &[12_087], &["en"], None).with(|team| team.hours = daily(8, 20)),
        ]
    };
    planned
}

fn planned_team(
    label: &str,
    counties: &[u32],
    languages: &[&str],
    begins: Option<(TeamStatus, Option<u32>)>,
) -> PlannedTeam {
    let definition = TeamDefinition {
        service: ServiceId::of(Uuid::nil()),
        counties: counties.to_vec(),
        hours: Some(Hours::AroundTheClock),
        languages: languages.iter().filter_map(|code| Language::parse("languages", code).ok()).collect(),
        youth_capable: false,
        peer_on_team: false,
        can_transport: false,
        heartbeat_minutes: HEARTBEAT_MINUTES,
    };
    PlannedTeam { details: TeamDetails { label: label.to_owned(), definition }, begins }
}

impl PlannedTeam {
    fn with(mut self, change: impl FnOnce(&mut TeamDefinition)) -> Self {
        change(&mut self.details.definition);
        self
    }
}

/// Saves the teams of a service that are not there yet.
pub(super) async fn load(
    hub: &Hub,
    key: &str,
    owner: OrganizationId,
    service: ServiceId,
    teams: &[PlannedTeam],
) -> Result<Vec<LivingTeam>, Error> {
    if teams.is_empty() {
        return Ok(Vec::new());
    }
    let speaker = format!("team:{key}");
    employ(hub, &speaker, Role::MobileTeam, owner).await?;
    let mut living = Vec::new();
    for planned in teams {
        let id = match known(hub, service, &planned.details.label) {
            Some(id) => id,
            None => save(hub, service, &planned.details).await?,
        };
        living.push(LivingTeam { id, begins: planned.begins, speaker: speaker.clone() });
    }
    Ok(living)
}

/// Lets teams that are unknown speak, as their own people do.
pub async fn begin(hub: &Hub, teams: &[LivingTeam]) -> Result<(), Error> {
    for team in teams.iter().filter(|team| shown(hub, team.id) == TeamShownAs::Unknown) {
        let Some((status, free_in_minutes)) = team.begins else { continue };
        let crew = viewer(hub, &team.speaker).await?;
        done(team::set_status(hub, &crew, SetStatus { team: team.id, status, free_in_minutes, keyed: None }).await?)?;
    }
    Ok(())
}

async fn save(hub: &Hub, service: ServiceId, details: &TeamDetails) -> Result<TeamId, Error> {
    let mut details = details.clone();
    details.definition.service = service;
    let provenance = Provenance::Import;
    let new = SaveTeam {
        team: None,
        expected_version: None,
        details,
        external_ids: Vec::new(),
        retire: false,
        provenance,
        keyed: None,
    };
    Ok(done(team::save(hub, &console::viewer(), new).await?)?.team().id())
}

/// A team has no ids elsewhere: in its service it goes by its call sign.
fn known(hub: &Hub, service: ServiceId, label: &str) -> Option<TeamId> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    let mut teams = board.teams(&scope, None, hub.clock().now());
    teams
        .find(|view| view.team().definition().service == service && view.team().entry.details.label == label)
        .map(|view| view.team().id())
}

fn shown(hub: &Hub, id: TeamId) -> TeamShownAs {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    board.team(&scope, id, hub.clock().now()).map_or(TeamShownAs::Unknown, |view| view.shown_as())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::region;
    use crate::domain::entry::Details;

    #[test]
    fn every_line_and_team_passes_its_checks_and_no_phone_is_taken() {
        let taken: Vec<String> = region::facilities().into_iter().map(|place| place.phone).collect();
        for planned in [1, 2].into_iter().flat_map(|which| [line_988(which), warm_line(which), mobile(which)]) {
            planned.details.check().unwrap();
            for line in [&planned.details.direct_line, &planned.details.text_line].into_iter().flatten() {
                assert!(!taken.contains(line), "{line}");
                // The invented places count down from 99, one number a kind of agency.
                assert!(line.ends_with(|last: char| last <= '2') && line.contains("555018"), "{line}");
            }
            for team in &planned.teams {
                team.details.check().unwrap();
            }
            assert_eq!(planned.teams.len(), if planned.details.kind == ServiceKind::Mobile { 3 } else { 0 });
        }
    }
}
