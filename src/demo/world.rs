//! The world: a plan and a seed, saved through the same verbs as everyone's.
//!
//! **Invariant**: the same seed and the same clock give the same world; what is there already is left as it is.
use super::dice::Dice;
use super::invented;
use super::numbers::{Habit, Series};
use super::pathways;
use super::plan::{self, Planned, PlannedFacility, PlannedService, PlannedUnit, TIME_ZONE};
use super::region::{self, COUNTIES};
use super::staff::{done, employ, first_reports, posts, staff};
use super::teams::{self, LivingTeam};
use crate::app::bed;
use crate::app::directory::{self, Entered, SaveEntry};
use crate::app::{Error, Hub, console};
use crate::board::Names;
use crate::domain::bed::{Census, Countable, HoldPolicy};
use crate::domain::code::Coded;
use crate::domain::entry::{Entry, ExternalId, Provenance};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{BedUnitId, FacilityId, NounId, OrganizationId, PathwayId, RegionId, ServiceId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::pathway::PathwayDetails;
use crate::domain::region::{County, RegionDetails};
use crate::domain::role::Role;
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::domain::time::At;
use crate::policy::Scope;
use crate::policy::permit::Saves;
use crate::store::{Kept, KeptBy};
use std::collections::HashMap;

/// The seed of the demo region.
pub const SEED: u64 = 20_261_123;
/// The region's code.
pub const REGION: &str = "south-florida";
/// The system of the demo's external ids.
const SYSTEM: &str = "demo";

/// A world to load.
pub struct World {
    pub(crate) seed: u64,
    plan: Vec<Planned>,
    /// Whether its services say whom they take: a search is measured against one that knows of no pathways.
    has_pathways: bool,
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
    /// Its mobile teams.
    pub teams: Vec<LivingTeam>,
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
    pub(crate) counts: Countable,
    pub(crate) sla_minutes: u32,
    pub(crate) provenance: Provenance,
    /// First responders may hold a place and bring somebody.
    pub(crate) drop_off: bool,
}

impl Living {
    /// What its people say at an instant, after what they said last.
    pub(crate) fn says(&self, last: Option<&Census>, at: At, dice: &mut Dice) -> Census {
        self.series.census((self.licensed, self.counts), last, at, dice)
    }
}

impl World {
    /// The demo region.
    pub fn region() -> Self {
        Self { has_pathways: true, ..Self::of(SEED, plan::region(SEED)) }
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
        Self { seed, plan, has_pathways: false }
    }

    /// How many steps a load takes, for a progress bar.
    pub fn steps(&self) -> u64 {
        u64::try_from(self.plan.len()).unwrap_or(0)
    }

    /// Saves what is not there yet, with the first numbers of units that have none; `step` hears of each organization.
    pub async fn load(&self, hub: &Hub, step: impl Fn()) -> Result<Loaded, Error> {
        let region = region_of(hub).await?;
        let known = Known::of(hub);
        let organizations = self.organizations(hub, known.organizations, region).await?;
        let facilities = self.facilities(hub, known.facilities, &organizations).await?;
        let services = self.services(hub, known.services, &organizations, &facilities).await?;
        let units = self.units(hub, &facilities, &services).await?;
        let (facilities, teams) = (self.places().count(), self.teams(hub, &organizations, &services).await?);
        let mut loaded = Loaded { region, organizations: HashMap::new(), facilities, units: Vec::new(), teams };
        let mut units = units.into_iter();
        for planned in &self.plan {
            let first = loaded.units.len();
            loaded.units.extend(units.by_ref().take(planned.units()));
            let id = *organizations.get(&planned.key).ok_or(Error::NotFound)?;
            loaded.organizations.insert(planned.key.clone(), (id, planned.details.name.clone()));
            let units = loaded.units.get(first..).unwrap_or_default();
            if !units.is_empty() {
                employ(hub, &staff(&planned.key), planned.reporter(), id).await?;
                first_reports(hub, units, self.seed, first).await?;
            }
            step();
        }
        for (key, subject, role) in posts() {
            if let Some((id, _)) = loaded.organizations.get(&key) {
                employ(hub, &subject, role, *id).await?;
            }
        }
        if self.has_pathways {
            self.pathways(hub, known.pathways, &organizations, &services).await?;
        }
        Ok(loaded)
    }

    fn places(&self) -> impl Iterator<Item = (&Planned, &PlannedFacility)> {
        self.plan.iter().flat_map(|planned| planned.facilities.iter().map(move |place| (planned, place)))
    }

    async fn organizations(
        &self,
        hub: &Hub,
        known: HashMap<String, OrganizationId>,
        region: RegionId,
    ) -> Result<HashMap<String, OrganizationId>, Error> {
        let wanted = self.plan.iter().map(|planned| {
            let new = SaveEntry { region: Some(region), ..marked(&planned.key, planned.details.clone()) };
            (planned.key.clone(), new)
        });
        settle(hub, known, wanted.collect()).await
    }

    async fn facilities(
        &self,
        hub: &Hub,
        known: HashMap<String, FacilityId>,
        organizations: &HashMap<String, OrganizationId>,
    ) -> Result<HashMap<String, FacilityId>, Error> {
        let wanted = self.places().map(|(planned, place)| {
            let owner = organizations.get(&planned.key).copied();
            (place.key.clone(), SaveEntry { owner, ..marked(&place.key, place.details.clone()) })
        });
        settle(hub, known, wanted.collect()).await
    }

    /// Every service: of whom, its key, where, and what it is.
    fn offered(&self) -> impl Iterator<Item = (&Planned, String, Option<&PlannedFacility>, &PlannedService)> {
        let everywhere = self.plan.iter().flat_map(|planned| {
            planned.services.iter().map(move |service| (planned, service_key(&planned.key, service), None, service))
        });
        let here = self.places().flat_map(|(planned, place)| {
            place.services.iter().map(move |service| (planned, service_key(&place.key, service), Some(place), service))
        });
        everywhere.chain(here)
    }

    async fn services(
        &self,
        hub: &Hub,
        known: HashMap<String, ServiceId>,
        organizations: &HashMap<String, OrganizationId>,
        facilities: &HashMap<String, FacilityId>,
    ) -> Result<HashMap<String, ServiceId>, Error> {
        let wanted = self.offered().map(|(planned, key, place, service)| {
            let facility = place.and_then(|place| facilities.get(&place.key).copied());
            let details = ServiceDetails { facility, ..service.details.clone() };
            let new = SaveEntry { owner: organizations.get(&planned.key).copied(), ..marked(&key, details) };
            (key, new)
        });
        settle(hub, known, wanted.collect()).await
    }

    /// The pathways to the services. The first of a level of care are where its others turn next.
    async fn pathways(
        &self,
        hub: &Hub,
        mut known: HashMap<String, PathwayId>,
        organizations: &HashMap<String, OrganizationId>,
        services: &HashMap<String, ServiceId>,
    ) -> Result<(), Error> {
        let mut of_level: HashMap<ServiceKind, Vec<String>> = HashMap::new();
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for (planned, key, _, service) in self.offered() {
            let id = *services.get(&key).ok_or(Error::NotFound)?;
            let Some(details) = pathways::to(id, &service.details) else { continue };
            let new = SaveEntry { owner: organizations.get(&planned.key).copied(), ..marked(&key, details) };
            let level = of_level.entry(service.details.kind).or_default();
            if level.len() < pathways::FALLBACKS {
                level.push(key.clone());
                first.push((key, new));
            } else {
                others.push((service.details.kind, key, new));
            }
        }
        known = settle(hub, known, first).await?;
        let next = |kind| of_level.get(&kind).into_iter().flatten().filter_map(|key| known.get(key).copied()).collect();
        let others = others.into_iter().map(|(kind, key, mut new)| {
            new.details.terms.fallbacks = next(kind);
            (key, new)
        });
        let others = others.collect();
        settle(hub, known, others).await.map(drop)
    }

    async fn teams(
        &self,
        hub: &Hub,
        organizations: &HashMap<String, OrganizationId>,
        services: &HashMap<String, ServiceId>,
    ) -> Result<Vec<LivingTeam>, Error> {
        let mut living = Vec::new();
        for (planned, service) in self.plan.iter().flat_map(|p| p.services.iter().map(move |service| (p, service))) {
            let owner = *organizations.get(&planned.key).ok_or(Error::NotFound)?;
            let offered = *services.get(&service_key(&planned.key, service)).ok_or(Error::NotFound)?;
            living.extend(teams::load(hub, &planned.key, owner, offered, &service.teams).await?);
        }
        Ok(living)
    }

    /// The units in the order of the plan. One has no ids elsewhere: at its place it goes by its label.
    async fn units(
        &self,
        hub: &Hub,
        facilities: &HashMap<String, FacilityId>,
        services: &HashMap<String, ServiceId>,
    ) -> Result<Vec<Living>, Error> {
        let (mut living, mut missing, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for (planned, place) in self.places() {
            let facility = *facilities.get(&place.key).ok_or(Error::NotFound)?;
            for (service, unit) in place.services.iter().flat_map(|s| s.units.iter().map(move |unit| (s, unit))) {
                let service = *services.get(&service_key(&place.key, service)).ok_or(Error::NotFound)?;
                let mut details = unit.details.clone();
                (details.definition.facility, details.definition.service) = (facility, service);
                let known = labelled(hub, facility, &details.label);
                living.push(living_unit(known, planned, facility, unit));
                if known.is_none() {
                    missing.push(living.len() - 1);
                    new.push(details);
                }
            }
        }
        let mut added = Vec::with_capacity(new.len());
        for batch in new.chunks(bed::UNITS_MAX) {
            added.extend(done(bed::add_many(hub, &console::viewer(), batch.into(), Provenance::Import).await?)?);
        }
        for (place, view) in missing.into_iter().zip(added) {
            if let Some(unit) = living.get_mut(place) {
                unit.id = view.id();
            }
        }
        Ok(living)
    }
}

fn living_unit(known: Option<BedUnitId>, planned: &Planned, facility: FacilityId, unit: &PlannedUnit) -> Living {
    let fed = planned.reporter() == Role::Intake && matches!(unit.habit, Habit::Fresh | Habit::Paused);
    Living {
        id: known.unwrap_or(BedUnitId::of(uuid::Uuid::nil())),
        facility,
        reporter: staff(&planned.key),
        habit: unit.habit,
        series: unit.series.clone(),
        licensed: unit.details.definition.licensed,
        counts: unit.details.definition.counts,
        sla_minutes: unit.details.definition.sla_minutes,
        drop_off: unit.details.definition.drop_off && unit.details.definition.hold_policy == HoldPolicy::Open,
        // Whoever is late types the numbers in.
        provenance: if fed { Provenance::Adt } else { Provenance::Manual },
    }
}

/// Saves what is not known yet of one noun; answers every id by its key.
async fn settle<D: Entered>(
    hub: &Hub,
    known: HashMap<String, D::Id>,
    wanted: Vec<(String, SaveEntry<D>)>,
) -> Result<HashMap<String, D::Id>, Error>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let mut ids = known;
    let (keys, new): (Vec<_>, Vec<_>) = wanted.into_iter().filter(|(key, _)| !ids.contains_key(key)).unzip();
    let mut keys = keys.into_iter();
    for batch in new.chunks(directory::ENTRIES_MAX) {
        let saved = done(directory::save_many(hub, &console::viewer(), batch.into()).await?)?;
        ids.extend(saved.iter().zip(keys.by_ref()).map(|(entry, key)| (key, entry.id)));
    }
    Ok(ids)
}

fn units_of(planned: &mut Planned) -> impl Iterator<Item = &mut PlannedUnit> {
    planned.facilities.iter_mut().flat_map(|place| &mut place.services).flat_map(|service| &mut service.units)
}

/// What is there already, by its id of the system `demo`.
struct Known {
    organizations: HashMap<String, OrganizationId>,
    facilities: HashMap<String, FacilityId>,
    services: HashMap<String, ServiceId>,
    pathways: HashMap<String, PathwayId>,
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
            pathways: keyed::<PathwayDetails>(hub),
        }
    }
}

/// A new entry with its id of the system `demo`.
fn marked<D: Saves>(key: &str, details: D) -> SaveEntry<D> {
    let external_ids = vec![ExternalId { system: SYSTEM.into(), value: key.into() }];
    SaveEntry { external_ids, ..SaveEntry::new(None, details, Provenance::Import) }
}

fn service_key(of: &str, planned: &PlannedService) -> String {
    format!("{of}:{}", planned.details.kind.code())
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
        jurisdiction: Some("US-FL".into()),
    };
    Ok(done(directory::save(hub, &console::viewer(), SaveEntry::new(None, details, Provenance::Import)).await?)?.id)
}

fn labelled(hub: &Hub, facility: FacilityId, label: &str) -> Option<BedUnitId> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    let mut here = board.units_at(&scope, facility, hub.clock().now());
    here.find(|view| view.entry().details.label == label).map(|view| view.id())
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
    use crate::demo::staff::stands;
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
        assert_eq!(invented, 22);
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
        let states: Vec<_> = loaded.units.iter().filter_map(|unit| stands(&hub, unit.id)).collect();
        let fresh = states.iter().filter(|unit| unit.availability().freshness == Freshness::Fresh).count();
        assert_eq!((states.len(), fresh), (100, 77));
        assert_eq!(states.iter().filter(|unit| unit.availability().shown_as == ShownAs::Paused).count(), 2);
        let sizes = hub.board().now().sizes();
        let again = world.load(&hub, || {}).await.unwrap();
        assert_eq!(hub.board().now().sizes(), sizes);
        let ids = |loaded: &Loaded| loaded.units.iter().map(|unit| unit.id).collect::<Vec<_>>();
        assert_eq!(ids(&again), ids(&loaded));
    }
}
