//! One state of the board.
use super::logged::Logged;
use super::notice::Notices;
use crate::domain::bed::{BedUnit, BedUnitDetails, Seat, UnitFact, UnitWords};
use crate::domain::entry::{Details, Entry, Version};
use crate::domain::facility::{Facility, FacilityDetails};
use crate::domain::grant::{Grant, Principal};
use crate::domain::id::{
    BedUnitId, EventId, FacilityId, GrantId, OrganizationId, PathwayId, RegionId, ServiceId, TeamId, TravelTimesId,
};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::pathway::{Pathway, PathwayDetails};
use crate::domain::region::{Region, RegionDetails};
use crate::domain::service::{Service, ServiceDetails};
use crate::domain::team::Team;
use crate::domain::time::At;
use crate::domain::travel::{TravelTimes, TravelTimesDetails};
use crate::policy::Scope;
use crate::policy::view::{self, BedUnitView};
use crate::store::{Error, Kept, Reader};
use imbl::{HashMap, OrdMap, OrdSet};
use rstar::primitives::GeomWithData;
use std::sync::Arc;

/// A facility's place in the spatial index: longitude and latitude in degrees.
pub(super) type Place = GeomWithData<[f64; 2], FacilityId>;

/// The directory and every unit's state, as of a log number. Cloning it copies a few pointers.
#[derive(Clone, Default)]
pub struct Snapshot {
    pub(super) number: i64,
    /// The event with that number.
    pub(super) last: Option<EventId>,
    regions: OrdMap<RegionId, Arc<Region>>,
    organizations: OrdMap<OrganizationId, Arc<Organization>>,
    pub(super) facilities: OrdMap<FacilityId, Arc<Facility>>,
    pub(super) services: OrdMap<ServiceId, Arc<Service>>,
    pathways: OrdMap<PathwayId, Arc<Pathway>>,
    travel_times: OrdMap<TravelTimesId, Arc<TravelTimes>>,
    pub(super) units: OrdMap<BedUnitId, Arc<BedUnit>>,
    /// Exactly as of `number`: what an event moves is told from here.
    pub(super) logged: Logged,
    pub(super) seats: OrdMap<BedUnitId, Seat>,
    pub(super) at_facility: HashMap<FacilityId, OrdSet<BedUnitId>>,
    pub(super) teams: OrdMap<TeamId, Arc<Team>>,
    pub(super) covering: HashMap<u32, OrdSet<TeamId>>,
    grants: OrdMap<GrantId, Arc<Grant>>,
    holders: HashMap<Principal, OrdSet<GrantId>>,
    places: Arc<rstar::RTree<Place>>,
    pub(super) notices: Notices,
    /// Counts the changes of what no fact of a unit carries: past boards are kept in the words of one edition.
    pub(super) edition: u64,
}

/// A directory noun of the board.
pub trait Names: Details {
    /// Where the board keeps it.
    fn map(snapshot: &Snapshot) -> &OrdMap<Self::Id, Arc<Entry<Self>>>;
    /// Where the board keeps it, to change it.
    fn map_mut(snapshot: &mut Snapshot) -> &mut OrdMap<Self::Id, Arc<Entry<Self>>>;
    /// What else the board knows by it.
    fn index(_snapshot: &mut Snapshot, _old: Option<&Entry<Self>>, _new: &Entry<Self>) {}
}

macro_rules! names {
    ($($details:ty, $map:ident $(, $index:expr)?;)+) => { $(impl Names for $details {
        fn map(snapshot: &Snapshot) -> &OrdMap<Self::Id, Arc<Entry<Self>>> { &snapshot.$map }
        fn map_mut(snapshot: &mut Snapshot) -> &mut OrdMap<Self::Id, Arc<Entry<Self>>> { &mut snapshot.$map }
        $(fn index(snapshot: &mut Snapshot, old: Option<&Entry<Self>>, new: &Entry<Self>) { $index(snapshot, old, new) })?
    })+ };
}

names! {
    RegionDetails, regions;
    OrganizationDetails, organizations, Snapshot::agency;
    FacilityDetails, facilities, Snapshot::place;
    ServiceDetails, services, Snapshot::service;
    PathwayDetails, pathways;
    TravelTimesDetails, travel_times;
}

impl Snapshot {
    /// Loads everything from one snapshot of the database.
    pub(super) async fn load(reader: &Reader, now: At) -> Result<Self, Error> {
        let number = reader.head().await?;
        let last = reader.mark(number).await?.map(|(id, _)| id);
        let mut board = Self { number, last, ..Self::default() };
        board.load_directory(reader).await?;
        for unit in reader.all_bed_units().await? {
            board.put_unit(Arc::new(unit));
        }
        board.logged = Logged::load(&board, reader).await?;
        for team in reader.all_teams().await? {
            board.put_team(Arc::new(team));
        }
        board.load_notices(reader, now).await?;
        for grant in reader.all_grants().await? {
            board.put_grant(Arc::new(grant));
        }
        Ok(board)
    }

    pub(super) async fn load_directory(&mut self, reader: &Reader) -> Result<(), Error> {
        async fn all<D: Names>(board: &mut Snapshot, reader: &Reader) -> Result<(), Error>
        where
            Entry<D>: Kept,
        {
            reader.entries::<D>().await?.into_iter().for_each(|entry| board.put(Arc::new(entry)));
            Ok(())
        }
        all::<RegionDetails>(self, reader).await?;
        all::<OrganizationDetails>(self, reader).await?;
        all::<ServiceDetails>(self, reader).await?;
        all::<PathwayDetails>(self, reader).await?;
        all::<TravelTimesDetails>(self, reader).await?;
        // The spatial index is packed once, not grown a place at a time.
        self.facilities = reader.entries::<FacilityDetails>().await?.into_iter().map(|f| (f.id, Arc::new(f))).collect();
        let places = self.facilities.values().filter_map(|facility| place_of(facility)).collect();
        self.places = Arc::new(rstar::RTree::bulk_load(places));
        Ok(())
    }

    /// Takes an entry, unless a newer one is here.
    pub(super) fn put<D: Names>(&mut self, entry: Arc<Entry<D>>) {
        let old = D::map(self).get(&entry.id).cloned();
        if old.as_ref().is_none_or(|old| old.version < entry.version) {
            D::map_mut(self).insert(entry.id, entry.clone());
            D::index(self, old.as_deref(), &entry);
            self.edition += 1;
        }
    }

    /// Takes a unit, unless a newer one is here.
    pub(super) fn put_unit(&mut self, unit: Arc<BedUnit>) {
        self.notices.note_report(&unit);
        let old = self.units.get(&unit.id()).cloned();
        if old.as_ref().is_some_and(|old| old.version() >= unit.version()) {
            return;
        }
        if old.as_ref().is_none_or(|old| old.words() != unit.words()) {
            self.edition += 1;
        }
        let (id, here) = (unit.id(), unit.definition().facility);
        if let Some(there) = old.map(|old| old.definition().facility).filter(|there| *there != here) {
            self.at_facility.entry(there).or_default().remove(&id);
        }
        self.at_facility.entry(here).or_default().insert(id);
        self.units.insert(id, unit.clone());
        self.take_seat(&unit);
    }

    /// Takes a grant, unless a newer one is here.
    pub(super) fn put_grant(&mut self, grant: Arc<Grant>) {
        if self.grants.get(&grant.id).is_some_and(|old| old.version >= grant.version) {
            return;
        }
        self.holders.entry(grant.principal.clone()).or_default().insert(grant.id);
        self.grants.insert(grant.id, grant);
    }

    fn agency(&mut self, old: Option<&Organization>, new: &Organization) {
        self.reseat(old.is_none(), |unit| unit.entry.owner == new.id);
    }

    fn service(&mut self, old: Option<&Service>, new: &Service) {
        self.reseat(old.is_none(), |unit| unit.definition().service == new.id);
    }

    fn place(&mut self, old: Option<&Facility>, new: &Facility) {
        self.reseat(old.is_none(), |unit| unit.definition().facility == new.id);
        let (old, new) = (old.and_then(place_of), place_of(new));
        if old == new {
            return;
        }
        let places = Arc::make_mut(&mut self.places);
        if let Some(old) = old {
            places.remove(&old);
        }
        if let Some(new) = new {
            places.insert(new);
        }
    }

    /// The log number it is as of: everything up to it is here, and perhaps more.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Which edition of the directory's words it is in.
    pub(super) fn edition(&self) -> u64 {
        self.edition
    }

    /// How many units and entries of the directory it holds.
    pub(super) fn rows(&self) -> usize {
        self.units.len() + self.services.len() + self.facilities.len() + self.organizations.len() + self.regions.len()
    }

    /// The event with that number; none for an empty log.
    pub fn last_event(&self) -> Option<EventId> {
        self.last
    }

    /// One entry of the directory, withdrawn or not; `None` when absent or not in the scope.
    pub fn entry<D: Names>(&self, scope: &Scope, id: D::Id) -> Option<Arc<Entry<D>>> {
        D::map(self).get(&id).filter(|entry| view::sees_entry(scope, entry)).cloned()
    }

    /// Whether an agency is designated to follow the open searches of its region: what decides what its people see, so it is
    /// asked before there is a scope.
    pub fn watches_region(&self, agency: OrganizationId) -> bool {
        self.organizations.get(&agency).is_some_and(|agency| agency.watches_region().is_some())
    }

    /// Entries that are not withdrawn, in the order of their ids, after an id.
    pub fn entries<'a, D: Names>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Entry<D>>> {
        D::map(self)
            .values()
            .filter(|entry| !entry.retired && self.is_run(entry.owner) && view::sees_entry(scope, entry))
    }

    /// Whether an agency is not withdrawn; a region has none.
    fn is_run(&self, owner: OrganizationId) -> bool {
        self.organizations.get(&owner).is_none_or(|agency| !agency.retired)
    }

    /// Whether a unit may be offered: neither it nor anything that it stands on is withdrawn.
    pub fn is_offered(&self, entry: &Entry<BedUnitDetails>) -> bool {
        let on = &entry.details.definition;
        !entry.retired
            && self.is_run(entry.owner)
            && self.facilities.get(&on.facility).is_none_or(|facility| !facility.retired)
            && self.services.get(&on.service).is_none_or(|service| !service.retired)
    }

    /// One unit, withdrawn or not; `None` when absent or not in the scope.
    pub fn unit(&self, scope: &Scope, id: BedUnitId, now: At) -> Option<BedUnitView> {
        view::bed_unit(scope, self.units.get(&id)?.clone(), now)
    }

    /// Units that are offered, in the order of their ids.
    pub fn units<'a>(&'a self, scope: &'a Scope, now: At) -> impl Iterator<Item = BedUnitView> + 'a {
        self.units
            .values()
            .filter(|unit| self.is_offered(&unit.entry))
            .filter_map(move |unit| view::bed_unit(scope, unit.clone(), now))
    }

    /// The units of a facility that are offered.
    pub fn units_at<'a>(
        &'a self,
        scope: &'a Scope,
        facility: FacilityId,
        now: At,
    ) -> impl Iterator<Item = BedUnitView> + 'a {
        let ids = self.at_facility.get(&facility).into_iter().flatten();
        ids.filter_map(move |id| self.unit(scope, *id, now)).filter(|view| self.is_offered(view.entry()))
    }

    /// The facilities inside a box of degrees.
    pub(super) fn facilities_in(&self, (low, high): ([f64; 2], [f64; 2])) -> impl Iterator<Item = FacilityId> + '_ {
        self.places.locate_in_envelope_intersecting(rstar::AABB::from_corners(low, high)).map(|place| place.data)
    }

    /// A grant by id.
    pub fn grant(&self, id: GrantId) -> Option<&Arc<Grant>> {
        self.grants.get(&id)
    }

    /// The grants that a scope covers, in the order of their ids, revoked ones too.
    pub fn grants<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Grant>> {
        self.grants.values().filter(|grant| scope.sees_grant(grant))
    }

    /// Every grant.
    pub(super) fn all_grants(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.grants.values()
    }

    /// The grants of a principal that hold, oldest first.
    pub fn grants_of<'a>(&'a self, principal: &Principal, now: At) -> impl Iterator<Item = &'a Arc<Grant>> {
        let ids = self.holders.get(principal).into_iter().flatten();
        ids.filter_map(|id| self.grants.get(id)).filter(move |grant| grant.holds(now))
    }

    /// Whether any grant was ever made to a principal, revoked ones too.
    pub fn knows(&self, principal: &Principal) -> bool {
        self.holders.contains_key(principal)
    }

    /// How many units and grants it holds.
    pub fn sizes(&self) -> (usize, usize) {
        (self.units.len(), self.grants.len())
    }

    /// The coded state of every unit: what a fold of the log must give again.
    pub fn coded(&self) -> Vec<(BedUnitId, Version, UnitFact)> {
        self.units.values().map(|unit| (unit.id(), unit.version(), unit.fact())).collect()
    }

    /// A unit's words, for facts that have none.
    pub(super) fn words_of(&self, id: BedUnitId) -> Option<UnitWords> {
        self.units.get(&id).map(|unit| unit.words())
    }

    /// The same board less the units that `today` no longer shows a scope: what was moved out of sight stays out of sight.
    #[must_use]
    pub fn still_seen(&self, today: &Self, scope: &Scope) -> Self {
        let mut seen = self.clone();
        for (id, unit) in &self.units {
            let hidden = today.units.get(id).is_some_and(|now| !view::sees(scope, now));
            if hidden && view::sees(scope, unit) {
                seen.units.remove(id);
                seen.seats.remove(id);
            }
        }
        for (id, team) in &self.teams {
            let hidden = today.teams.get(id).is_some_and(|now| !view::sees_team(scope, now));
            if hidden && view::sees_team(scope, team) {
                seen.teams.remove(id);
            }
        }
        seen
    }
}

fn place_of(facility: &Facility) -> Option<Place> {
    facility.details.point.map(|p| GeomWithData::new([p.longitude(), p.latitude()], facility.id))
}
