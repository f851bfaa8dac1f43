//! Referral pathways in the schema.
use super::bed::BedUnit;
use super::connection::{Page, Paging, Row};
use super::course::Follows;
use super::directory::{ExternalId, Organization, Service, external_ids, fips};
use super::error::from_app;
use super::hours::OpeningHours;
use super::input::pathway::PathwayFilter;
use super::input::{NeedInput, PointInput};
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::search::{FitReason, reasons, sought};
use super::seen::{Seen, asking, pace};
use crate::board::{Matched, Seek};
use crate::domain::need::{
    Acuity, Behavior, Fit, LegalStatus, MedicalScreening, Mobility, Payer, RoomGenderNeed, SafetyFlag, WithdrawalRisk,
};
use crate::domain::pathway::{self, Criteria, Paper, PathwayDetails, PathwayMode, Terms};
use crate::domain::role::Role;
use crate::domain::travel;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use std::sync::Arc;

/// Most pathways of one answer.
const MATCHES_MAX: usize = 50;

/// A referral pathway: who may send whom to a service, how it is asked, and by when it answers.
#[derive(Clone)]
pub struct Pathway {
    entry: Arc<pathway::Pathway>,
    seen: Seen,
}

/// Ages in years, both included.
#[derive(Clone, Copy, SimpleObject)]
pub struct AgeRange {
    /// The youngest; null is any.
    min: Option<u16>,
    /// The oldest; null is any.
    max: Option<u16>,
}

/// Whom a pathway takes: a condition for each field of `NeedInput` but the level of care, which is the service's. Null is no
/// condition; of a list, what is in it is taken.
#[derive(Clone)]
pub struct PathwayCriteria(Arc<pathway::Pathway>);

impl Pathway {
    pub(super) fn new(entry: Arc<pathway::Pathway>, seen: &Seen) -> Self {
        Self { entry, seen: seen.clone() }
    }

    fn terms(&self) -> &Terms {
        &self.entry.details.terms
    }
}

/// A referral pathway: who may send whom to a service, how it is asked, and by when it answers.
#[Object]
impl Pathway {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.entry.id)
    }
    /// How often it has changed; send it back as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.entry.version
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.entry.details.name
    }
    /// The agency that answers.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.entry.owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Where it leads.
    async fn service(&self) -> Option<Service> {
        pace().await;
        self.seen.entry(self.terms().service).map(|entry| Service::new(entry, &self.seen))
    }
    /// Who may send by it.
    async fn from_roles(&self) -> Vec<Code<Role>> {
        self.terms().from_roles.iter().copied().map(Code).collect()
    }
    /// How it is entered.
    async fn mode(&self) -> Code<PathwayMode> {
        Code(self.terms().mode)
    }
    /// The person speaks with the service before anything is settled; an offer is then an introduction.
    async fn self_referral_call(&self) -> bool {
        self.terms().self_referral_call
    }
    /// Whom it takes.
    async fn criteria(&self) -> PathwayCriteria {
        PathwayCriteria(self.entry.clone())
    }
    /// Papers that have to travel with the person.
    async fn papers(&self) -> Vec<Code<Paper>> {
        self.terms().papers.iter().copied().map(Code).collect()
    }
    /// When it can be entered; null is at every hour.
    async fn hours(&self) -> Option<OpeningHours> {
        self.terms().hours.as_ref().map(OpeningHours::from)
    }
    /// Whether it can be entered now, by its hours and its dates.
    async fn open_now(&self) -> bool {
        let now = self.seen.now;
        self.terms().is_effective(now) && self.terms().hours.as_ref().is_none_or(|hours| hours.open_at(now))
    }
    /// Within how many minutes an offer is acknowledged.
    async fn acknowledge_minutes(&self) -> u32 {
        self.terms().acknowledge_minutes
    }
    /// Within how many minutes an offer is decided.
    async fn decide_minutes(&self) -> u32 {
        self.terms().decide_minutes
    }
    /// Within how many minutes the person is to arrive.
    async fn arrive_minutes(&self) -> u32 {
        self.terms().arrive_minutes
    }
    /// For how many minutes an accepted place is kept beyond the time of arrival.
    async fn hold_minutes(&self) -> u32 {
        self.terms().hold_minutes
    }
    /// Where to turn next, in this order; those that are withdrawn are left out.
    async fn fallbacks(&self) -> Vec<Self> {
        pace().await;
        let next = self.terms().fallbacks.iter().filter_map(|id| self.seen.entry::<PathwayDetails>(*id));
        next.filter(|next| !next.retired).map(|next| Self::new(next, &self.seen)).collect()
    }
    /// What follows once the person is in care.
    async fn follow_ups(&self) -> Vec<Follows> {
        self.terms().follow_ups.iter().map(Into::into).collect()
    }
    /// From when on it can be entered; null is since ever.
    async fn effective_from(&self) -> Option<DateTime> {
        self.terms().effective_from.map(DateTime)
    }
    /// Until when it can be entered; null is without an end.
    async fn effective_until(&self) -> Option<DateTime> {
        self.terms().effective_until.map(DateTime)
    }
    /// Ids of the same pathway elsewhere, such as the number of an agreement.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.entry.external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.entry.retired
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.entry.updated_at)
    }
}

/// A list as published: null when it is no condition.
fn taken<C: crate::domain::code::Coded>(codes: &[C]) -> Option<Vec<Code<C>>> {
    (!codes.is_empty()).then(|| codes.iter().copied().map(Code).collect())
}

impl PathwayCriteria {
    fn taken(&self) -> &Criteria {
        &self.0.details.terms.criteria
    }
}

/// Whom a pathway takes: a condition for each field of `NeedInput` but the level of care, which is the service's. Null is no
/// condition; of a list, what is in it is taken.
#[Object]
impl PathwayCriteria {
    /// These ages.
    async fn age(&self) -> Option<AgeRange> {
        let (min, max) = (self.taken().age_min, self.taken().age_max);
        (min.is_some() || max.is_some()).then_some(AgeRange { min, max })
    }
    /// These legal statuses.
    async fn legal_status(&self) -> Option<Vec<Code<LegalStatus>>> {
        taken(&self.taken().legal_status)
    }
    /// These rooms there are.
    async fn room_gender_need(&self) -> Option<Vec<Code<RoomGenderNeed>>> {
        taken(&self.taken().room_gender)
    }
    /// These stages of medical screening.
    async fn medical_screening(&self) -> Option<Vec<Code<MedicalScreening>>> {
        taken(&self.taken().medical_screening)
    }
    /// These acuities.
    async fn acuity(&self) -> Option<Vec<Code<Acuity>>> {
        taken(&self.taken().acuity)
    }
    /// People after such behavior.
    #[graphql(name = "behaviors24h")]
    async fn behaviors_24h(&self) -> Option<Vec<Code<Behavior>>> {
        taken(&self.taken().behaviors_24h)
    }
    /// People with such safety flags.
    async fn safety_flags(&self) -> Option<Vec<Code<SafetyFlag>>> {
        taken(&self.taken().safety_flags)
    }
    /// Whether people with an intellectual or developmental disability are taken.
    async fn intellectual_or_developmental_disability(&self) -> Option<bool> {
        self.taken().idd
    }
    /// Whether people with dementia or a brain injury are taken.
    async fn dementia_or_brain_injury(&self) -> Option<bool> {
        self.taken().dementia_or_brain_injury
    }
    /// Whether people who are pregnant are taken.
    async fn pregnant(&self) -> Option<bool> {
        self.taken().pregnant
    }
    /// Whether people with medical devices are taken.
    async fn medical_devices(&self) -> Option<bool> {
        self.taken().medical_devices
    }
    /// Whether people who need one-to-one observation are taken.
    async fn one_to_one_observation(&self) -> Option<bool> {
        self.taken().one_to_one
    }
    /// These risks of withdrawal.
    async fn withdrawal_risk(&self) -> Option<Vec<Code<WithdrawalRisk>>> {
        taken(&self.taken().withdrawal_risk)
    }
    /// Whether people with vital signs out of range are taken.
    async fn vitals_out_of_range(&self) -> Option<bool> {
        self.taken().vitals_out_of_range
    }
    /// People who move so.
    async fn mobility(&self) -> Option<Vec<Code<Mobility>>> {
        taken(&self.taken().mobility)
    }
    /// Languages spoken (ISO 639-1). Another language needs an interpreter; it excludes nobody.
    async fn language(&self) -> Option<Vec<String>> {
        let spoken = &self.taken().languages;
        (!spoken.is_empty()).then(|| spoken.iter().map(ToString::to_string).collect())
    }
    /// People from these counties (Census FIPS codes of five digits).
    async fn home_county(&self) -> Option<Vec<String>> {
        let counties = &self.taken().home_counties;
        (!counties.is_empty()).then(|| counties.iter().copied().map(fips).collect())
    }
    /// These payers, in transfers between facilities only. It never ranks, and first responders are not asked.
    async fn payer(&self) -> Option<Vec<Code<Payer>>> {
        taken(&self.taken().payers)
    }
}

/// A pathway that you may send by, with the best place that it leads to.
#[derive(Clone, SimpleObject)]
pub struct PathwayMatch {
    /// The pathway.
    pathway: Pathway,
    /// The unit of its service that comes first in `bedSearch`; null where the service has none, or none that you see.
    unit: Option<BedUnit>,
    /// The straight-line distance to it in kilometers; the road is longer.
    distance_km: Option<f64>,
    /// How many minutes the way takes at this hour, by the region's table; null where the table tells of none.
    travel_minutes: Option<i32>,
    /// The same in words, such as "about 50 min".
    travel_says: Option<String>,
    /// Whether the pathway and the unit fit what is known. NOT_MET: an offer would be declined.
    fit: Code<Fit>,
    /// Every point, with what to say or ask.
    reasons: Vec<FitReason>,
}

impl PathwayMatch {
    fn new(matched: Matched, seen: &Seen) -> Self {
        let reasons = reasons(matched.reasons());
        let (place, fit) = (matched.place, Code(matched.fit));
        let minutes = place.as_ref().and_then(|place| place.minutes);
        Self {
            distance_km: place.as_ref().and_then(|place| place.meters).map(super::search::kilometers),
            travel_minutes: minutes.map(i32::from),
            travel_says: minutes.map(travel::says),
            unit: place.map(|place| BedUnit::new(place.unit, seen)),
            pathway: Pathway::new(matched.path.pathway, seen),
            fit,
            reasons,
        }
    }
}

/// A page of pathways, in the order of their ids.
pub(super) fn pathways(ctx: &Context<'_>, filter: PathwayFilter, paging: Paging) -> Result<Page<Pathway>, Error> {
    let filter = filter.read();
    let (asking, listing) = listing(ctx, format!("pathways:{filter:?}"), super::subscription::EVENTS_BOUND.into())?;
    let seen = &asking.seen;
    let rows = seen
        .board
        .entries::<PathwayDetails>(&seen.scope)
        .filter(|entry| filter.matches(entry))
        .map(|entry| Row { key: entry.id, node: Pathway::new(entry.clone(), seen), edge: EmptyFields })
        .collect();
    listing.page(ctx, &paging, rows)
}

/// The pathways by which the viewer may send somebody, best first.
pub(super) fn matches(
    ctx: &Context<'_>,
    need: NeedInput,
    near: Option<PointInput>,
) -> Result<Vec<PathwayMatch>, Error> {
    let asking = asking(ctx);
    asking.known().map_err(|error| from_app(&error))?;
    let need = sought(asking, need)?;
    let seen = &asking.seen;
    let seek = Seek {
        need: &need,
        role: asking.viewer.role(),
        near: near.map(PointInput::read).transpose()?,
        within_meters: None,
        at: seen.now,
        ranked_at: seen.now,
        after: None,
        most: MATCHES_MAX,
    };
    let matched = seen.board.match_pathways(&seen.scope, &seek);
    Ok(matched.into_iter().map(|matched| PathwayMatch::new(matched, seen)).collect())
}
