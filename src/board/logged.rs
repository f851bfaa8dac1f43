//! What the log has said: every unit, and what it stands on, exactly as of one number. The rest of the board may be ahead
//! of it by what this node has written itself, so what an event moves is told from here.
use super::follow::Words;
use super::snapshot::{Names, Snapshot};
use crate::domain::bed::{BedUnit, EntryHead, Moved, Seat, UnitFact, UnitWords};
use crate::domain::entry::Entry;
use crate::domain::event::{Event, Fact};
use crate::domain::facility::{Facility, FacilityDetails};
use crate::domain::id::{BedUnitId, FacilityId, Noun, NounId, OrganizationId, ServiceId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::service::{Service, ServiceDetails};
use crate::store::{Error, Reader};
use imbl::OrdMap;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// The nouns that are kept here.
const KEPT: [Noun; 4] = [Noun::Organization, Noun::Facility, Noun::Service, Noun::BedUnit];

/// Units and what they stand on, as the log left them.
#[derive(Clone, Default)]
pub(super) struct Logged {
    organizations: OrdMap<OrganizationId, Arc<Organization>>,
    facilities: OrdMap<FacilityId, Arc<Facility>>,
    services: OrdMap<ServiceId, Arc<Service>>,
    units: OrdMap<BedUnitId, Arc<BedUnit>>,
}

/// A noun of the directory that units stand on.
trait Carries: Names {
    fn map(logged: &mut Logged) -> &mut OrdMap<Self::Id, Arc<Entry<Self>>>;
    fn carries(id: Self::Id, unit: &BedUnit) -> bool;
}

impl Carries for OrganizationDetails {
    fn map(logged: &mut Logged) -> &mut OrdMap<OrganizationId, Arc<Organization>> {
        &mut logged.organizations
    }
    fn carries(id: OrganizationId, unit: &BedUnit) -> bool {
        unit.entry.owner == id
    }
}

impl Carries for FacilityDetails {
    fn map(logged: &mut Logged) -> &mut OrdMap<FacilityId, Arc<Facility>> {
        &mut logged.facilities
    }
    fn carries(id: FacilityId, unit: &BedUnit) -> bool {
        unit.definition().facility == id
    }
}

impl Carries for ServiceDetails {
    fn map(logged: &mut Logged) -> &mut OrdMap<ServiceId, Arc<Service>> {
        &mut logged.services
    }
    fn carries(id: ServiceId, unit: &BedUnit) -> bool {
        unit.definition().service == id
    }
}

impl Logged {
    /// Everything as the log left it: a row whose event still waits for its number is ahead of that.
    pub(super) async fn load(board: &Snapshot, reader: &Reader) -> Result<Self, Error> {
        let mut logged = Self {
            organizations: <OrganizationDetails as Names>::map(board).clone(),
            facilities: <FacilityDetails as Names>::map(board).clone(),
            services: <ServiceDetails as Names>::map(board).clone(),
            units: board.units.clone(),
        };
        let mut ahead = Vec::new();
        for noun in KEPT {
            ahead.extend(reader.ahead(noun).await?);
        }
        for key in &ahead {
            logged.organizations.remove(&OrganizationId::of(*key));
            logged.facilities.remove(&FacilityId::of(*key));
            logged.services.remove(&ServiceId::of(*key));
            logged.units.remove(&BedUnitId::of(*key));
        }
        let words = Words::default().over(board);
        for event in reader.last_events(&ahead, board.number).await? {
            logged.take(&event, &words);
        }
        Ok(logged)
    }

    /// What some events may move, and what that stands on, as the log had left it at the number before the first of them.
    pub(super) async fn before(
        events: &[Event],
        number: i64,
        today: &Snapshot,
        (reader, words): (&Reader, &Words),
    ) -> Result<Self, Error> {
        let told = events.iter().map(|event| &event.happening).filter(|told| KEPT.contains(&told.noun));
        let (of_units, of_entries): (Vec<_>, Vec<_>) = told.partition(|told| told.noun == Noun::BedUnit);
        // Only units of its own agency ever stand on an entry, and none on a new one.
        let edited = of_entries.iter().filter(|told| told.version > 1);
        let owners: HashSet<OrganizationId> = edited.map(|told| told.owner).collect();
        // Most of what is missed edits nothing: no board is walked for it.
        let all = (!owners.is_empty()).then(|| today.units.values()).into_iter().flatten();
        let theirs = all.filter(|unit| owners.contains(&unit.entry.owner)).map(|unit| unit.id().key());
        let units: BTreeSet<Uuid> = of_units.iter().map(|told| told.key).chain(theirs).collect();
        let stood = reader.last_events(&Vec::from_iter(units), number).await?;
        let mut on: BTreeSet<Uuid> = of_entries.iter().map(|told| told.key).collect();
        for event in stood.iter().chain(events) {
            if let Fact::Unit(unit) = &event.happening.fact {
                let (owner, stands) = (event.happening.owner, &unit.definition);
                on.extend([owner.key(), stands.facility.key(), stands.service.key()]);
            }
        }
        let mut logged = Self::default();
        for event in reader.last_events(&Vec::from_iter(on), number).await?.iter().chain(&stood) {
            logged.take(event, words);
        }
        Ok(logged)
    }

    /// The unit that an event was about.
    pub(super) fn unit_of(&self, event: &Event) -> Option<&Arc<BedUnit>> {
        self.units.get(&BedUnitId::of(event.happening.key)).filter(|_| event.happening.noun == Noun::BedUnit)
    }

    /// Takes an event, and answers what it moves in the order of their ids: a unit, or every unit that stands on an entry
    /// of the directory. That rule looks at no word, which an event does not carry: told again later, it is the same.
    pub(super) fn take(&mut self, event: &Event, words: &Words) -> Vec<Moved> {
        match event.happening.noun {
            Noun::Organization => self.take_entry::<OrganizationDetails>(event, words),
            Noun::Facility => self.take_entry::<FacilityDetails>(event, words),
            Noun::Service => self.take_entry::<ServiceDetails>(event, words),
            Noun::BedUnit => self.take_unit(event, words),
            _ => Vec::new(),
        }
    }

    fn take_unit(&mut self, event: &Event, words: &Words) -> Vec<Moved> {
        let known = |id| self.units.get(&id).map(|unit| unit.words());
        let Some(unit) = unit_of(event, |id| words.of_unit(id).or_else(|| known(id))) else { return Vec::new() };
        self.moving(&[unit.id()], |logged| drop(logged.units.insert(unit.id(), Arc::new(unit))))
    }

    fn take_entry<D: Carries>(&mut self, event: &Event, words: &Words) -> Vec<Moved> {
        let id = D::Id::of(event.happening.key);
        let Some(entry) = words.of_entry::<D>(event) else { return Vec::new() };
        let is_new = !<D as Carries>::map(self).contains_key(&id);
        let all = (!is_new).then(|| self.units.values()).into_iter().flatten();
        let standing = all.filter(|unit| D::carries(id, unit));
        let standing: Vec<BedUnitId> = standing.map(|unit| unit.id()).collect();
        self.moving(&standing, |logged| drop(<D as Carries>::map(logged).insert(id, Arc::new(entry))))
    }

    fn moving(&mut self, units: &[BedUnitId], change: impl FnOnce(&mut Self)) -> Vec<Moved> {
        let before: Vec<Option<Seat>> = units.iter().map(|id| self.seat(*id)).collect();
        change(self);
        let after = units.iter().map(|id| self.seat(*id));
        before.into_iter().zip(after).filter_map(|(before, after)| Some(Moved { before, after: after? })).collect()
    }

    fn seat(&self, id: BedUnitId) -> Option<Seat> {
        let unit = self.units.get(&id)?.clone();
        let service = self.services.get(&unit.definition().service)?.clone();
        let facility = self.facilities.get(&unit.definition().facility)?.clone();
        let agency = self.organizations.get(&unit.entry.owner)?;
        let offered = !(unit.entry.retired || service.retired || facility.retired || agency.retired);
        Some(Seat { unit, service, facility, offered })
    }
}

/// The unit that an event tells of, in words that no fact carries.
fn unit_of(event: &Event, words: impl Fn(BedUnitId) -> Option<UnitWords>) -> Option<BedUnit> {
    let Fact::Unit(fact) = &event.happening.fact else { return None };
    let happening = &event.happening;
    let id = BedUnitId::of(happening.key);
    let head = EntryHead {
        id,
        region: happening.region,
        owner: happening.owner,
        version: happening.version,
        at: happening.at,
    };
    Some(BedUnit::from_fact(UnitFact::clone(fact), head, words(id).unwrap_or_default()))
}
