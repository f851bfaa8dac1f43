//! The plan of a world: who is in it and what they offer, before anything is saved.
//!
//! A general hospital of the region's file says how many beds it has, not how many are psychiatric. The rule: one bed in
//! sixteen is (about 6 %), at least 8 and at most 60; below 150 licensed beds there is no unit; 150 to 299 have one unit
//! for adults, from 300 on one for older adults too, from 500 on one for adolescents too. How full a unit is follows its
//! hospital's own series of 2020.
//!
//! **Invariant**: pure; the same seed gives the same plan.
use super::dice::Dice;
use super::invented;
use super::numbers::{Habit, Series};
use super::region::{self, COUNTIES, RegionFacility};
use super::teams::PlannedTeam;
use crate::domain::bed::{BedUnitDetails, Countable, GenderPolicy, HoldPolicy, Security, Specialty, UnitDefinition};
use crate::domain::facility::{FacilityDetails, Zone};
use crate::domain::geo::Point;
use crate::domain::id::{FacilityId, NounId, ServiceId};
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::role::Role;
use crate::domain::service::{ServiceDetails, ServiceKind};
use crate::exchange::record::FacilityKind;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The region's time zone.
pub(crate) const TIME_ZONE: &str = "America/New_York";
/// Licensed beds from which a general hospital of the plan has a psychiatric unit.
const UNIT_FROM: u32 = 150;

/// An organization to be.
pub(crate) struct Planned {
    /// Its id of the system `demo`; `invented:...` where not even its geography is real.
    pub(crate) key: String,
    pub(crate) details: OrganizationDetails,
    pub(crate) facilities: Vec<PlannedFacility>,
    /// What it offers without a place: a line, a mobile team.
    pub(crate) services: Vec<PlannedService>,
}

/// A place to be.
pub(crate) struct PlannedFacility {
    pub(crate) key: String,
    pub(crate) details: FacilityDetails,
    pub(crate) services: Vec<PlannedService>,
}

/// A service to be; its place is filled in when it is saved.
pub(crate) struct PlannedService {
    pub(crate) details: ServiceDetails,
    pub(crate) units: Vec<PlannedUnit>,
    pub(crate) teams: Vec<PlannedTeam>,
}

/// A unit to be; its place and service are filled in when it is saved.
#[derive(Clone)]
pub(crate) struct PlannedUnit {
    pub(crate) details: BedUnitDetails,
    pub(crate) series: Series,
    pub(crate) habit: Habit,
}

impl Planned {
    pub(crate) fn new(key: &str, name: String, kind: OrganizationKind) -> Self {
        use OrganizationKind as K;
        let care = matches!(kind, K::Hospital | K::CrisisProvider | K::CcbhcOutpatient | K::SudProvider | K::EmsFire);
        let details = OrganizationDetails {
            name,
            kind,
            part2_program: kind == K::SudProvider,
            covered_entity: care || kind == K::Payer,
            criminal_justice_agency: matches!(kind, K::LawEnforcement | K::Psap),
            coordinating: false,
        };
        Self { key: key.to_owned(), details, facilities: Vec::new(), services: Vec::new() }
    }

    /// In which role its own people report its units.
    pub(crate) fn reporter(&self) -> Role {
        if self.details.kind == OrganizationKind::PeerRun { Role::Peer } else { Role::Intake }
    }

    pub(crate) fn units(&self) -> usize {
        self.facilities.iter().map(PlannedFacility::units).sum()
    }
}

impl PlannedFacility {
    fn units(&self) -> usize {
        self.services.iter().map(|service| service.units.len()).sum()
    }

    pub(crate) fn offering(mut self, kind: ServiceKind, units: Vec<PlannedUnit>) -> Self {
        self.services.push(service(kind, units));
        self
    }
}

/// A bound of every unit; `None` when one has none.
fn bounds(units: &[PlannedUnit], bound: impl Fn(&UnitDefinition) -> Option<u16>) -> Option<Vec<u16>> {
    units.iter().map(|unit| bound(&unit.details.definition)).collect()
}

/// A service of a kind around its units.
pub(crate) fn service(kind: ServiceKind, units: Vec<PlannedUnit>) -> PlannedService {
    use ServiceKind as S;
    let name = match kind {
        S::Call => "988 line",
        S::Mobile => "Mobile crisis team",
        S::Receiving23h => "Crisis receiving center",
        S::StabilizationShort => "Crisis stabilization",
        S::PsychInpatient => "Inpatient psychiatry",
        S::WithdrawalMgmt => "Withdrawal management",
        S::PeerRespite => "Peer respite",
        S::Sobering => "Sobering center",
        S::LivingRoom => "Living room",
        _ => "Urgent outpatient care",
    };
    let involuntary = matches!(kind, S::Receiving23h | S::StabilizationShort | S::PsychInpatient);
    let details = ServiceDetails {
        name: name.into(),
        facility: None,
        kind,
        no_refusal: kind == S::Receiving23h,
        medical_clearance_required: kind == S::PsychInpatient,
        voluntary: true,
        involuntary,
        // Where one unit has no bound, the service has none.
        age_min: bounds(&units, |unit| unit.age_min).and_then(|ages| ages.into_iter().min()),
        age_max: bounds(&units, |unit| unit.age_max).and_then(|ages| ages.into_iter().max()),
        languages: ["en", "es", "ht"].map(str::to_owned).into(),
        catchment_fips: COUNTIES.map(|county| county.fips).into(),
        direct_line: None,
        text_line: None,
        hours: None,
        youth_capable: None,
    };
    PlannedService { details, units, teams: Vec::new() }
}

/// A unit of adults of a kind; the rest is said by the methods below.
pub(crate) fn unit(label: &str, kind: ServiceKind, licensed: u32, series: Series) -> PlannedUnit {
    use ServiceKind as S;
    let drop_off = matches!(kind, S::Receiving23h | S::Sobering);
    let public = matches!(kind, S::PeerRespite | S::LivingRoom | S::Receiving23h);
    let counts = match kind {
        S::Receiving23h | S::Sobering | S::LivingRoom => Countable::Chair,
        S::PeerRespite => Countable::Room,
        _ => Countable::Bed,
    };
    let locked = kind == S::PsychInpatient;
    let definition = UnitDefinition {
        facility: FacilityId::of(Uuid::nil()),
        service: ServiceId::of(Uuid::nil()),
        counts,
        age_min: Some(18),
        age_max: None,
        gender: if kind == S::PeerRespite { GenderPolicy::Flexible } else { GenderPolicy::Any },
        security: if locked { Security::Locked } else { Security::Open },
        voluntary: true,
        involuntary: matches!(kind, S::Receiving23h | S::StabilizationShort | S::PsychInpatient),
        specialties: if kind == S::WithdrawalMgmt { vec![Specialty::Withdrawal] } else { Vec::new() },
        licensed,
        sla_minutes: kind.update_interval_minutes(),
        hold_policy: if drop_off { HoldPolicy::Open } else { HoldPolicy::OnAccept },
        drop_off,
        public,
    };
    PlannedUnit { details: BedUnitDetails { label: label.to_owned(), definition }, series, habit: Habit::Fresh }
}

impl PlannedUnit {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut UnitDefinition)) -> Self {
        change(&mut self.details.definition);
        self
    }

    pub(crate) fn adolescents(self) -> Self {
        self.with(|unit| {
            (unit.age_min, unit.age_max) = (Some(12), Some(17));
            unit.specialties = vec![Specialty::Adolescent];
        })
    }

    pub(crate) fn older_adults(self) -> Self {
        self.with(|unit| {
            unit.age_min = Some(60);
            unit.specialties = vec![Specialty::Geriatric, Specialty::DementiaTbi, Specialty::Mobility];
        })
    }

    pub(crate) fn voluntary_and_open(self) -> Self {
        self.with(|unit| (unit.involuntary, unit.security) = (false, Security::Open))
    }
}

/// The plan of the demo region: its file, and what is invented beside it.
pub(crate) fn region(seed: u64) -> Vec<Planned> {
    let places = region::facilities();
    let mut series: BTreeMap<String, Vec<region::RegionBeds>> = BTreeMap::new();
    for day in region::beds() {
        series.entry(day.facility_key.clone()).or_default().push(day);
    }
    let mut plan: Vec<Planned> = Vec::new();
    let mut places_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, place) in places.iter().enumerate() {
        let at = *places_of.entry(&place.organization).or_insert_with(|| {
            let kind = match place.kind {
                FacilityKind::Hospital | FacilityKind::PsychiatricHospital => OrganizationKind::Hospital,
                _ => OrganizationKind::CcbhcOutpatient,
            };
            plan.push(Planned::new(&place.key, place.organization.clone(), kind));
            plan.len() - 1
        });
        let mut dice = Dice::new(seed, u64::try_from(number).unwrap_or(0));
        let days = series.get(&place.key).map_or(&[][..], Vec::as_slice);
        if let Some(organization) = plan.get_mut(at) {
            organization.facilities.push(facility(place, &Series::of(days, &mut dice)));
        }
    }
    plan.extend(invented::organizations(seed, &places));
    plan
}

fn facility(place: &RegionFacility, series: &Series) -> PlannedFacility {
    let details = FacilityDetails {
        first_responder_door: place.kind == FacilityKind::Hospital,
        walk_in: true,
        ..stands_at(place, place.name.clone(), place.phone.clone())
    };
    let planned = PlannedFacility { key: place.key.clone(), details, services: Vec::new() };
    let licensed = place.licensed_beds.unwrap_or(0);
    match place.kind {
        FacilityKind::PsychiatricHospital => {
            planned.offering(ServiceKind::PsychInpatient, psychiatric(licensed, series))
        }
        FacilityKind::Hospital if licensed >= UNIT_FROM => {
            planned.offering(ServiceKind::PsychInpatient, general(licensed, series))
        }
        FacilityKind::Hospital => planned,
        _ => planned.offering(ServiceKind::UrgentOutpatient, Vec::new()),
    }
}

/// Details of something that stands where a place of the region's file stands.
pub(crate) fn stands_at(place: &RegionFacility, name: String, phone: String) -> FacilityDetails {
    FacilityDetails {
        name,
        street: None,
        city: Some(place.city.clone()),
        state: Some("FL".into()),
        zip: Some(place.zip.clone()),
        county_fips: Some(place.county_fips),
        point: Some(Point { latitude_e6: place.latitude_e6, longitude_e6: place.longitude_e6 }),
        zone: match place.county_fips {
            12_087 => Zone::Rural,
            12_099 => Zone::Suburban,
            _ => Zone::Urban,
        },
        time_zone: TIME_ZONE.into(),
        direct_line: Some(phone),
        first_responder_door: false,
        walk_in: false,
        wheelchair_accessible: Some(true),
    }
}

fn inpatient(label: &str, licensed: u32, series: &Series) -> PlannedUnit {
    unit(label, ServiceKind::PsychInpatient, licensed.max(4), series.clone())
}

/// The units of a general hospital, by the rule above.
pub(crate) fn general(licensed: u32, series: &Series) -> Vec<PlannedUnit> {
    let beds = (licensed / 16).clamp(8, 60);
    match licensed {
        500.. => vec![
            inpatient("Adult behavioral health, 3 West", beds / 2, series),
            inpatient("Older adult behavioral health, 3 East", beds / 4, series).older_adults(),
            inpatient("Adolescent behavioral health, 4 East", beds / 4, series).adolescents(),
        ],
        300.. => vec![
            inpatient("Adult behavioral health, 3 West", beds * 2 / 3, series),
            inpatient("Older adult behavioral health, 3 East", beds / 3, series).older_adults(),
        ],
        _ => vec![inpatient("Adult behavioral health", beds, series)],
    }
}

/// The units of a psychiatric hospital: all of its beds.
fn psychiatric(licensed: u32, series: &Series) -> Vec<PlannedUnit> {
    let part = |of_ten: u32| licensed * of_ten / 10;
    let mut units = vec![
        inpatient("Adult acute", part(4), series),
        inpatient("Adult voluntary", part(3), series).voluntary_and_open(),
        inpatient("Adolescent", part(2), series).adolescents(),
    ];
    if licensed >= 60 {
        units.push(inpatient("Older adult", part(1), series).older_adults());
    }
    units
}
