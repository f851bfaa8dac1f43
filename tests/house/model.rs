//! What the log has said of units and of what they stand on, kept the plain way.
use crisis_hub::domain::bed::UnitFact;
use crisis_hub::domain::entry::Version;
use crisis_hub::domain::event::{Event, Fact};
use crisis_hub::domain::id::{BedUnitId, FacilityId, NounId, OrganizationId, ServiceId};
use crisis_hub::domain::service::ServiceKind;
use crisis_hub::domain::time::At;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// A unit as the log left it, and when.
pub struct Stood {
    pub fact: UnitFact,
    pub version: Version,
    pub owner: OrganizationId,
    pub at: At,
}

/// What the log has said of units and of what they stand on.
#[derive(Default)]
pub struct Model {
    pub units: BTreeMap<BedUnitId, Stood>,
    pub levels: HashMap<ServiceId, ServiceKind>,
    pub counties: HashMap<FacilityId, Option<u32>>,
}

impl Model {
    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        let happening = &event.happening;
        match &happening.fact {
            Fact::Unit(fact) => {
                let (version, owner, at) = (happening.version, happening.owner, happening.at);
                let stood = Stood { fact: fact.as_ref().clone(), version, owner, at };
                self.units.insert(BedUnitId::of(happening.key), stood);
            }
            Fact::Service { kind, .. } => drop(self.levels.insert(ServiceId::of(happening.key), *kind)),
            Fact::Facility { county_fips, .. } => {
                self.counties.insert(FacilityId::of(happening.key), *county_fips);
            }
            _ => {}
        }
    }

    /// The units that an event is about: one, or those that stand on its row; each with the id of its message.
    pub fn moved(&self, event: &Event) -> Vec<(BedUnitId, Uuid)> {
        let (id, key) = (event.id.key(), event.happening.key);
        if matches!(event.happening.fact, Fact::Unit(_)) {
            return vec![(BedUnitId::of(key), id)];
        }
        let on = |stood: &Stood| [stood.fact.definition.service.key(), stood.fact.definition.facility.key()];
        let standing = self.units.iter().filter(|(_, stood)| on(stood).contains(&key));
        standing.map(|(unit, _)| (*unit, Uuid::new_v5(&id, unit.key().as_bytes()))).collect()
    }
}
