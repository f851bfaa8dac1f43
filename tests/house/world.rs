//! A small world: one region, two of each agency that matters, a person in each role at each.
use super::{House, ISSUER};
use crisis_hub::app::bed::{self, SaveUnit};
use crisis_hub::app::directory::{self, Entered, SaveEntry};
use crisis_hub::app::grant::{self, GrantRole};
use crisis_hub::app::team::{self, SaveTeam};
use crisis_hub::app::{Hub, console};
use crisis_hub::domain::bed::{
    BedUnitDetails, Countable, GenderPolicy, HoldPolicy, Security, Specialty, UnitDefinition,
};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::entry::{Entry, Provenance};
use crisis_hub::domain::facility::{FacilityDetails, Zone};
use crisis_hub::domain::geo::Point;
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::id::{BedUnitId, FacilityId, OrganizationId, PathwayId, RegionId, ServiceId, TeamId};
use crisis_hub::domain::language::Language;
use crisis_hub::domain::organization::{OrganizationDetails, OrganizationKind};
use crisis_hub::domain::pathway::{Criteria, PathwayDetails, PathwayMode, Terms};
use crisis_hub::domain::region::{County, RegionDetails};
use crisis_hub::domain::role::Role;
use crisis_hub::domain::service::{ServiceDetails, ServiceKind};
use crisis_hub::domain::team::{HEARTBEAT_MINUTES, TeamDefinition, TeamDetails};
use crisis_hub::policy::Scope;
use crisis_hub::store::{Kept, KeptBy};
use std::sync::Arc;

/// One agency with a place, a service and its units.
#[derive(Clone, Debug)]
pub struct Agency {
    pub organization: OrganizationId,
    pub facility: FacilityId,
    pub service: ServiceId,
    pub units: Vec<BedUnitId>,
}

/// What is there when a house opens. People are named after their role, at the second agency with `-2`.
#[derive(Clone)]
pub struct World {
    pub region: RegionId,
    /// Two crisis providers: `chairs` takes drop-offs, `ward` does not, `guest` is open to the public.
    pub agencies: [Agency; 2],
    /// A region apart, with an agency of its own and its people, `-far`.
    pub far: Agency,
    pub far_region: RegionId,
}

impl Agency {
    pub fn chairs(&self) -> BedUnitId {
        self.units[0]
    }
    pub fn ward(&self) -> BedUnitId {
        self.units[1]
    }
    pub fn guest(&self) -> BedUnitId {
        self.units[2]
    }
}

impl World {
    pub async fn build(hub: &Hub) -> Self {
        let region = region(hub, "near").await;
        let far_region = region_of(hub, "far").await;
        let agencies =
            [agency(hub, region, "Amber", 25.78, -80.20).await, agency(hub, region, "Basalt", 26.12, -80.14).await];
        let far = agency(hub, far_region, "Cedar", 30.33, -81.66).await;
        for role in Role::ALL {
            let name = role.code().to_lowercase();
            person(hub, &name, *role, agencies[0].organization).await;
            person(hub, &format!("{name}-2"), *role, agencies[1].organization).await;
            person(hub, &format!("{name}-far"), *role, far.organization).await;
        }
        Self { region, agencies, far, far_region }
    }
}

async fn save<D: Entered>(hub: &Hub, entry: SaveEntry<D>) -> Arc<Entry<D>>
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    directory::save(hub, &console::viewer(), entry).await.unwrap().changed.unwrap()
}

async fn region(hub: &Hub, code: &str) -> RegionId {
    region_of(hub, code).await
}

async fn region_of(hub: &Hub, code: &str) -> RegionId {
    let counties =
        vec![County { fips: 12_086, name: "Miami-Dade".into() }, County { fips: 12_011, name: "Broward".into() }];
    let details = RegionDetails {
        name: code.into(),
        code: code.into(),
        time_zone: "America/New_York".into(),
        counties,
        jurisdiction: None,
    };
    save(hub, SaveEntry::new(None, details, Provenance::Manual)).await.id
}

async fn agency(hub: &Hub, region: RegionId, name: &str, latitude: f64, longitude: f64) -> Agency {
    let details = OrganizationDetails {
        name: format!("{name} Crisis Care"),
        // The one kind that has people in every role.
        kind: OrganizationKind::Tribal,
        part2_program: false,
        covered_entity: true,
        criminal_justice_agency: false,
        coordinating: false,
    };
    let mut add = SaveEntry::new(None, details, Provenance::Manual);
    add.region = Some(region);
    let organization = save(hub, add).await.id;
    let mut add = SaveEntry::new(None, facility(name, latitude, longitude), Provenance::Manual);
    add.owner = Some(organization);
    let facility = save(hub, add).await.id;
    let mut add = SaveEntry::new(None, service(name, facility), Provenance::Manual);
    add.owner = Some(organization);
    let service = save(hub, add).await.id;
    let mut units = Vec::new();
    for (label, drop_off, public) in [("chairs", true, false), ("ward", false, false), ("guest", false, true)] {
        let details =
            BedUnitDetails { label: format!("{name} {label}"), definition: unit(facility, service, drop_off, public) };
        let input = SaveUnit {
            unit: None,
            expected_version: None,
            details,
            external_ids: Vec::new(),
            retire: false,
            provenance: Provenance::Manual,
            keyed: None,
        };
        units.push(bed::save(hub, &console::viewer(), input).await.unwrap().changed.unwrap().id());
    }
    Agency { organization, facility, service, units }
}

/// A place of an agency.
pub fn facility(name: &str, latitude: f64, longitude: f64) -> FacilityDetails {
    FacilityDetails {
        name: format!("{name} House"),
        street: None,
        city: Some("Somewhere".into()),
        state: Some("FL".into()),
        zip: Some("33101".into()),
        county_fips: Some(12_086),
        point: Some(Point::from_degrees(latitude, longitude).unwrap()),
        zone: Zone::Urban,
        time_zone: "America/New_York".into(),
        direct_line: Some("+13055550100".into()),
        first_responder_door: true,
        walk_in: true,
        wheelchair_accessible: Some(true),
    }
}

fn service(name: &str, facility: FacilityId) -> ServiceDetails {
    ServiceDetails {
        name: format!("{name} receiving"),
        facility: Some(facility),
        kind: ServiceKind::Receiving23h,
        no_refusal: true,
        medical_clearance_required: false,
        voluntary: true,
        involuntary: true,
        age_min: Some(18),
        age_max: None,
        languages: vec!["en".into(), "es".into()],
        catchment_fips: Vec::new(),
        direct_line: None,
        text_line: None,
        hours: None,
        youth_capable: None,
    }
}

fn unit(facility: FacilityId, service: ServiceId, drop_off: bool, public: bool) -> UnitDefinition {
    UnitDefinition {
        facility,
        service,
        counts: Countable::Chair,
        age_min: Some(18),
        age_max: None,
        gender: GenderPolicy::Any,
        security: Security::Open,
        voluntary: true,
        involuntary: true,
        specialties: vec![Specialty::Withdrawal],
        licensed: 12,
        sla_minutes: 60,
        hold_policy: HoldPolicy::Open,
        drop_off,
        public,
    }
}

/// A service of an agency that goes to people: the one that is there, or a new one.
pub async fn mobile(hub: &Hub, agency: &Agency) -> ServiceId {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    let mut there = board.entries::<ServiceDetails>(&scope);
    if let Some(known) = there.find(|s| s.owner == agency.organization && s.details.kind == ServiceKind::Mobile) {
        return known.id;
    }
    let details = ServiceDetails { facility: None, kind: ServiceKind::Mobile, ..service("Mobile", agency.facility) };
    let mut add = SaveEntry::new(None, details, Provenance::Manual);
    add.owner = Some(agency.organization);
    save(hub, add).await.id
}

impl House {
    /// A service of an agency that goes to people.
    pub async fn mobile(&self, agency: &Agency) -> ServiceId {
        mobile(self.hub(), agency).await
    }

    /// A third agency of the region, designated to coordinate it, with its people, `-c`.
    pub async fn coordinator(&self) -> OrganizationId {
        self.another("Dolomite Line", true, "c").await
    }

    /// A third agency of the region, with no part in what is between the two, with its people, `-t`.
    pub async fn third(&self) -> OrganizationId {
        self.another("Feldspar Family Liaison", false, "t").await
    }

    async fn another(&self, name: &str, coordinating: bool, suffix: &str) -> OrganizationId {
        let details = OrganizationDetails {
            name: name.into(),
            kind: OrganizationKind::Tribal,
            part2_program: false,
            covered_entity: true,
            criminal_justice_agency: false,
            coordinating,
        };
        let mut add = SaveEntry::new(None, details, Provenance::Manual);
        add.region = Some(self.world.region);
        let organization = save(self.hub(), add).await.id;
        for role in Role::ALL {
            person(self.hub(), &format!("{}-{suffix}", role.code().to_lowercase()), *role, organization).await;
        }
        self.deliver().await;
        organization
    }

    /// A new pathway to the service of an agency, for every sender and everybody.
    pub async fn pathway(&self, agency: &Agency, name: &str, mode: PathwayMode) -> PathwayId {
        self.pathway_with(agency, name, mode, |_| {}).await
    }

    /// The same, under other terms.
    pub async fn pathway_with(
        &self,
        agency: &Agency,
        name: &str,
        mode: PathwayMode,
        change: impl FnOnce(&mut Terms),
    ) -> PathwayId {
        let mut terms = Terms {
            service: agency.service,
            from_roles: Role::SENDERS.into(),
            mode,
            self_referral_call: false,
            criteria: Criteria::default(),
            papers: Vec::new(),
            hours: None,
            acknowledge_minutes: 30,
            decide_minutes: 60,
            arrive_minutes: 120,
            hold_minutes: 30,
            fallbacks: Vec::new(),
            follow_ups: Vec::new(),
            effective_from: None,
            effective_until: None,
        };
        change(&mut terms);
        let mut add = SaveEntry::new(None, PathwayDetails { name: name.into(), terms }, Provenance::Manual);
        add.owner = Some(agency.organization);
        save(self.hub(), add).await.id
    }

    /// A new team of an agency, in Miami-Dade, which has not said anything.
    pub async fn team(&self, agency: &Agency, label: &str) -> TeamId {
        let definition = TeamDefinition {
            service: self.mobile(agency).await,
            counties: vec![12_086],
            hours: None,
            languages: vec![Language::parse("languages", "en").unwrap()],
            youth_capable: true,
            peer_on_team: false,
            can_transport: false,
            heartbeat_minutes: HEARTBEAT_MINUTES,
        };
        let details = TeamDetails { label: label.into(), definition };
        let provenance = Provenance::Manual;
        let input = SaveTeam {
            team: None,
            expected_version: None,
            details,
            external_ids: Vec::new(),
            retire: false,
            provenance,
            keyed: None,
        };
        team::save(self.hub(), &console::viewer(), input).await.unwrap().changed.unwrap().team().id()
    }
}

async fn person(hub: &Hub, subject: &str, role: Role, organization: OrganizationId) {
    let principal = Principal { issuer: ISSUER.into(), subject: subject.into(), kind: HolderKind::Person };
    let input = GrantRole { principal, role, organization: Some(organization), until: None, keyed: None };
    grant::grant_role(hub, &console::viewer(), input).await.unwrap().changed.unwrap();
}
