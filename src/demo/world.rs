//! The world: a plan and a seed, saved through the same verbs as everyone's.
//!
//! **Invariant**: the same seed and the same clock give the same world; what is there already is left as it is.
use super::dice::Dice;
use super::invented;
use super::issuer::ISSUER;
use super::numbers::{Habit, Series};
use super::plan::{self, Planned, PlannedFacility, PlannedService, PlannedUnit, TIME_ZONE};
use super::region::{self, COUNTIES};
use crate::app::bed::{self, About, ReportBeds, SaveUnit, SetPause, UnitReport};
use crate::app::directory::{self, SaveEntry};
use crate::app::grant::{Claimant, GrantRole, grant_role, viewer_of};
use crate::app::{Error, Hub, Outcome, console};
use crate::board::Names;
use crate::domain::bed::{BedUnit, Census, PauseReason};
use crate::domain::entry::{ExternalId, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::id::{BedUnitId, FacilityId, OrganizationId, RegionId, ServiceId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::region::{County, RegionDetails};
use crate::domain::role::Role;
use crate::domain::service::ServiceDetails;
use crate::domain::time::At;
use crate::policy::{Scope, Viewer};
use std::collections::HashMap;

/// The seed of the demo region.
pub const SEED: u64 = 20_261_123;
/// The region's code.
pub const REGION: &str = "south-florida";
/// The system of the demo's external ids.
const SYSTEM: &str = "demo";
/// How long before its latest numbers a unit's earlier ones were true, in minutes.
const DAY: i64 = 24 * 60;
/// Units that one write reports at most.
const TOGETHER: usize = 100;

/// A world to load.
pub struct World {
    pub(crate) seed: u64,
    plan: Vec<Planned>,
}

/// What a loaded world holds.
pub struct Loaded {
    /// Its region.
    pub region: RegionId,
    /// Its organizations, by their ids of the system `demo`.
    pub organizations: HashMap<String, (OrganizationId, String)>,
    /// How many places it has.
    pub facilities: usize,
    /// Its units.
    pub units: Vec<Living>,
}

/// One loaded unit, and how its people behave.
#[derive(Clone)]
pub struct Living {
    /// The unit.
    pub id: BedUnitId,
    /// Its place.
    pub facility: FacilityId,
    /// The subject of the grant of whoever reports it.
    pub reporter: String,
    pub(crate) habit: Habit,
    pub(crate) series: Series,
    pub(crate) licensed: u32,
    pub(crate) sla_minutes: u32,
    pub(crate) provenance: Provenance,
}

impl World {
    /// The demo region.
    pub fn region() -> Self {
        Self::of(SEED, plan::region(SEED))
    }

    /// A world of exactly so many units, for benchmarks and tests.
    pub fn sized(units: usize) -> Self {
        Self::of(SEED, invented::sized(SEED, units, &region::facilities()))
    }

    fn of(seed: u64, mut plan: Vec<Planned>) -> Self {
        let units: usize = plan.iter().map(Planned::units).sum();
        let mut habits = Habit::of_all(units, &mut Dice::new(seed, u64::MAX)).into_iter();
        for unit in plan.iter_mut().flat_map(units_of) {
            unit.habit = habits.next().unwrap_or(Habit::Fresh);
        }
        Self { seed, plan }
    }

    /// How many steps a load takes, for a progress bar.
    pub fn steps(&self) -> u64 {
        u64::try_from(self.plan.len()).unwrap_or(0)
    }

    /// Saves what is not there yet and brings stale numbers up to date; `step` hears of each organization.
    pub async fn load(&self, hub: &Hub, step: impl Fn()) -> Result<Loaded, Error> {
        let region = region_of(hub).await?;
        let known = Known::of(hub);
        let mut loaded = Loaded { region, organizations: HashMap::new(), facilities: 0, units: Vec::new() };
        for planned in &self.plan {
            let first = loaded.units.len();
            let id = organization(hub, &known, region, planned, &mut loaded).await?;
            loaded.organizations.insert(planned.key.clone(), (id, planned.details.name.clone()));
            let units = loaded.units.get(first..).unwrap_or_default();
            if !units.is_empty() {
                employ(hub, &staff(&planned.key), planned.reporter(), id).await?;
                report_all(hub, units, self.seed, first).await?;
            }
            step();
        }
        Ok(loaded)
    }
}

fn units_of(planned: &mut Planned) -> impl Iterator<Item = &mut PlannedUnit> {
    planned.facilities.iter_mut().flat_map(|place| &mut place.services).flat_map(|service| &mut service.units)
}

/// The subject of an organization's staff.
fn staff(key: &str) -> String {
    format!("staff:{key}")
}

/// What is there already, by its id of the system `demo`.
struct Known {
    organizations: HashMap<String, OrganizationId>,
    facilities: HashMap<String, FacilityId>,
    services: HashMap<String, ServiceId>,
}

impl Known {
    fn of(hub: &Hub) -> Self {
        fn keyed<D: Names>(hub: &Hub) -> HashMap<String, D::Id> {
            let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
            let ours = |id: &&ExternalId| id.system == SYSTEM;
            board
                .entries::<D>(&scope)
                .filter_map(|entry| Some((entry.external_ids.iter().find(ours)?.value.clone(), entry.id)))
                .collect()
        }
        Self {
            organizations: keyed::<OrganizationDetails>(hub),
            facilities: keyed::<FacilityDetails>(hub),
            services: keyed::<ServiceDetails>(hub),
        }
    }
}

fn done<T>(outcome: Outcome<T>) -> Result<T, Error> {
    outcome.changed.ok_or(Error::Refused(outcome.problems))
}

fn marked(key: &str) -> Vec<ExternalId> {
    vec![ExternalId { system: SYSTEM.into(), value: key.into() }]
}

async fn region_of(hub: &Hub) -> Result<RegionId, Error> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    if let Some(known) = board.entries::<RegionDetails>(&scope).find(|region| region.details.code == REGION) {
        return Ok(known.id);
    }
    let details = RegionDetails {
        name: "South Florida (demo)".into(),
        code: REGION.into(),
        time_zone: TIME_ZONE.into(),
        counties: COUNTIES.iter().map(|county| County { fips: county.fips, name: county.name.into() }).collect(),
    };
    Ok(done(directory::save(hub, &console::viewer(), SaveEntry::new(None, details, Provenance::Import)).await?)?.id)
}

async fn organization(
    hub: &Hub,
    known: &Known,
    region: RegionId,
    planned: &Planned,
    loaded: &mut Loaded,
) -> Result<OrganizationId, Error> {
    let id = if let Some(id) = known.organizations.get(&planned.key) {
        *id
    } else {
        let new = SaveEntry::new(None, planned.details.clone(), Provenance::Import);
        let new = SaveEntry { region: Some(region), external_ids: marked(&planned.key), ..new };
        done(directory::save(hub, &console::viewer(), new).await?)?.id
    };
    for service in &planned.services {
        self::service(hub, known, (&planned.key, id), None, service).await?;
    }
    for place in &planned.facilities {
        let facility = self::facility(hub, known, id, place).await?;
        loaded.facilities += 1;
        for service in &place.services {
            let offered = self::service(hub, known, (&place.key, id), Some(facility), service).await?;
            for unit in &service.units {
                loaded.units.push(Living {
                    id: self::unit(hub, facility, offered, unit).await?,
                    facility,
                    reporter: staff(&planned.key),
                    habit: unit.habit,
                    series: unit.series.clone(),
                    licensed: unit.details.definition.licensed,
                    sla_minutes: unit.details.definition.sla_minutes,
                    provenance: if planned.reporter() == Role::Intake { Provenance::Adt } else { Provenance::Manual },
                });
            }
        }
    }
    Ok(id)
}

async fn facility(
    hub: &Hub,
    known: &Known,
    owner: OrganizationId,
    place: &PlannedFacility,
) -> Result<FacilityId, Error> {
    if let Some(id) = known.facilities.get(&place.key) {
        return Ok(*id);
    }
    let new = SaveEntry::new(None, place.details.clone(), Provenance::Import);
    let new = SaveEntry { owner: Some(owner), external_ids: marked(&place.key), ..new };
    Ok(done(directory::save(hub, &console::viewer(), new).await?)?.id)
}

async fn service(
    hub: &Hub,
    known: &Known,
    (of, owner): (&str, OrganizationId),
    facility: Option<FacilityId>,
    planned: &PlannedService,
) -> Result<ServiceId, Error> {
    use crate::domain::code::Coded;
    let key = format!("{of}:{}", planned.details.kind.code());
    if let Some(id) = known.services.get(&key) {
        return Ok(*id);
    }
    let details = ServiceDetails { facility, ..planned.details.clone() };
    let new = SaveEntry::new(None, details, Provenance::Import);
    let new = SaveEntry { owner: Some(owner), external_ids: marked(&key), ..new };
    Ok(done(directory::save(hub, &console::viewer(), new).await?)?.id)
}

/// A unit has no ids elsewhere: at its place it goes by its label.
fn labelled(hub: &Hub, facility: FacilityId, label: &str) -> Option<BedUnitId> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    let mut here = board.units_at(&scope, facility, hub.clock().now());
    here.find(|view| view.unit().entry.details.label == label).map(|view| view.unit().id())
}

async fn unit(hub: &Hub, facility: FacilityId, service: ServiceId, planned: &PlannedUnit) -> Result<BedUnitId, Error> {
    let mut details = planned.details.clone();
    (details.definition.facility, details.definition.service) = (facility, service);
    if let Some(known) = labelled(hub, facility, &details.label) {
        return Ok(known);
    }
    let provenance = Provenance::Import;
    let new = SaveUnit { unit: None, expected_version: None, details, retire: false, provenance, keyed: None };
    Ok(done(bed::save(hub, &console::viewer(), new).await?)?.unit().id())
}

fn principal(subject: &str) -> Principal {
    Principal { issuer: ISSUER.into(), subject: subject.into(), kind: HolderKind::Person }
}

/// Grants a role to a subject of the demo's issuer, unless it holds.
pub(crate) async fn employ(hub: &Hub, subject: &str, role: Role, at: OrganizationId) -> Result<(), Error> {
    let principal = principal(subject);
    let held = hub.board().now().grants_of(&principal, hub.clock().now()).next().is_some();
    if !held {
        let input = GrantRole { principal, role, organization: Some(at), until: None, keyed: None };
        done(grant_role(hub, &console::viewer(), input).await?)?;
    }
    Ok(())
}

/// The viewer that a subject of the demo's issuer is, by the same road as with a token.
pub(crate) async fn viewer(hub: &Hub, subject: &str) -> Result<Viewer, Error> {
    let claimant = Claimant {
        principal: principal(subject),
        client: None,
        read_only: false,
        expires_at: hub.clock().now().plus_minutes(60),
        claimed: None,
        chosen: None,
    };
    viewer_of(hub, &claimant).await
}

/// The unit as it stands.
pub(crate) fn stands(hub: &Hub, id: BedUnitId) -> Option<BedUnit> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    Some(board.unit(&scope, id, hub.clock().now())?.unit().clone())
}

/// Reports units of one organization as their own people: yesterday's numbers where there are none, then the latest.
async fn report_all(hub: &Hub, units: &[Living], seed: u64, first: usize) -> Result<(), Error> {
    let Some(reporter) = units.first().map(|unit| unit.reporter.clone()) else { return Ok(()) };
    let (viewer, now) = (viewer(hub, &reporter).await?, hub.clock().now());
    let (mut earlier, mut latest, mut paused) = (Vec::new(), Vec::new(), Vec::new());
    for (number, unit) in units.iter().enumerate() {
        let mut dice = Dice::new(seed, 1_000_000 + u64::try_from(first + number).unwrap_or(0));
        let Some(as_of) = unit.habit.as_of(unit.sla_minutes, now, &mut dice) else { continue };
        let known = stands(hub, unit.id);
        let report = known.as_ref().and_then(|unit| unit.report.as_ref());
        let mut last: Option<Census> = report.map(|report| report.census.clone());
        let mut says = |to: &mut Vec<UnitReport>, as_of: At| {
            let census = unit.series.census(unit.licensed, last.as_ref(), as_of, &mut dice);
            last = Some(census.clone());
            to.push(UnitReport { unit: unit.id, as_of: Some(as_of), census: Some(census) });
        };
        if report.is_none() {
            says(&mut earlier, as_of.plus_minutes(-DAY));
        }
        if report.is_none_or(|report| report.as_of < as_of) {
            says(&mut latest, as_of);
        }
        if unit.habit == Habit::Paused && known.is_none_or(|unit| unit.pause.is_none_or(|pause| pause.until <= now)) {
            paused.push((unit.id, now.plus_minutes(dice.between(120, 480))));
        }
    }
    let provenance = units.first().map_or(Provenance::Manual, |unit| unit.provenance);
    for reports in earlier.chunks(TOGETHER).chain(latest.chunks(TOGETHER)) {
        done(
            bed::report(hub, &viewer, ReportBeds { about: About::Units(reports.into()), provenance, keyed: None })
                .await?,
        )?;
    }
    for (unit, until) in paused {
        let input = SetPause { unit, pause: Some((PauseReason::Staffing, until)), keyed: None };
        done(bed::set_pause(hub, &viewer, input).await?)?;
    }
    Ok(())
}

impl Loaded {
    /// The ids of the units of an organization, by its id of the system `demo`.
    pub fn units_of<'a>(&'a self, key: &str) -> impl Iterator<Item = BedUnitId> + use<'a> {
        let reporter = staff(key);
        self.units.iter().filter(move |unit| unit.reporter == reporter).map(|unit| unit.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{HubClock, RandomIds};
    use crate::domain::bed::{Freshness, ShownAs};
    use crate::store::{PoolSize, Store};
    use std::sync::Arc;

    async fn hub(folder: &std::path::Path) -> Hub {
        let url = format!("sqlite:{}", folder.join("hub.db").display());
        let size = PoolSize::small();
        let store = Store::open(&url, size, Arc::new(HubClock::default()), Arc::new(RandomIds)).await.unwrap();
        store.migrate().await.unwrap();
        Hub::open(store).await.unwrap()
    }

    #[test]
    fn the_plan_holds_two_of_each_kind_and_names_nothing_twice() {
        let world = World::region();
        let names: std::collections::BTreeSet<_> = world.plan.iter().map(|planned| &planned.details.name).collect();
        assert_eq!(names.len(), world.plan.len());
        let invented = world.plan.iter().filter(|planned| planned.key.starts_with("invented:")).count();
        assert_eq!(invented, 20);
        let phones: Vec<_> =
            world.plan.iter().flat_map(|planned| &planned.facilities).map(|f| &f.details.direct_line).collect();
        assert_eq!(phones.iter().collect::<std::collections::BTreeSet<_>>().len(), phones.len());
        let units: usize = world.plan.iter().map(Planned::units).sum();
        assert!((120..=200).contains(&units), "{units}");
        assert_eq!(World::sized(1_000).plan.iter().map(Planned::units).sum::<usize>(), 1_000);
    }

    #[tokio::test]
    async fn a_world_loads_once_with_its_mix_and_a_second_load_adds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path()).await;
        let world = World::sized(100);
        let loaded = world.load(&hub, || {}).await.unwrap();
        let now = hub.clock().now();
        let states: Vec<_> = loaded.units.iter().filter_map(|unit| stands(&hub, unit.id)).collect();
        let fresh = states.iter().filter(|unit| unit.availability(now).freshness == Freshness::Fresh).count();
        assert_eq!((states.len(), fresh), (100, 77));
        assert_eq!(states.iter().filter(|unit| unit.availability(now).shown_as == ShownAs::Paused).count(), 2);
        let sizes = hub.board().now().sizes();
        let again = world.load(&hub, || {}).await.unwrap();
        assert_eq!(hub.board().now().sizes(), sizes);
        let ids = |loaded: &Loaded| loaded.units.iter().map(|unit| unit.id).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&loaded));
    }
}
