//! What is said of referral pathways.
use super::course::FollowUpTermInput;
use super::{absent, all_fips, external, externals, keyed, list, maybe_named, named};
use crate::app::directory::SaveEntry;
use crate::domain::code::Coded;
use crate::domain::entry::{ExternalId, Provenance};
use crate::domain::id::{OrganizationId, ServiceId};
use crate::domain::language::Language;
use crate::domain::need::{
    Acuity, Behavior, LegalStatus, MedicalScreening, Mobility, Payer, RoomGenderNeed, SafetyFlag, WithdrawalRisk,
};
use crate::domain::pathway::{Criteria, Paper, Pathway, PathwayDetails, PathwayMode, Terms};
use crate::domain::role::Role;
use crate::graphql::directory::ExternalIdInput;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::hours::OpeningHoursInput;
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which pathways; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PathwayFilter {
    /// Of this agency.
    organization_id: Option<ID>,
    /// To this service.
    service_id: Option<ID>,
    /// That this role may send by.
    from_role: Option<Code<Role>>,
    /// Entered so.
    mode: Option<Code<PathwayMode>>,
    /// The one that another system knows by this id.
    external_id: Option<ExternalIdInput>,
}

/// Ages in years, both included.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct AgeRangeInput {
    /// The youngest, 0 to 120; any when not given.
    min: Option<u16>,
    /// The oldest, 0 to 120; any when not given.
    max: Option<u16>,
}

/// Whom a pathway takes: a condition for each field of `NeedInput` but the level of care, which is the service's. Leave out
/// what is no condition. Of a list, what is in it is taken. What a need does not say is asked, never assumed.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PathwayCriteriaInput {
    /// These ages.
    age: Option<AgeRangeInput>,
    /// These legal statuses.
    legal_status: Option<Vec<Code<LegalStatus>>>,
    /// These rooms there are.
    room_gender_need: Option<Vec<Code<RoomGenderNeed>>>,
    /// These stages of medical screening.
    medical_screening: Option<Vec<Code<MedicalScreening>>>,
    /// These acuities.
    acuity: Option<Vec<Code<Acuity>>>,
    /// People after such behavior; nobody needs to be after any.
    #[graphql(name = "behaviors24h")]
    behaviors_24h: Option<Vec<Code<Behavior>>>,
    /// People with such safety flags; nobody needs to have any.
    safety_flags: Option<Vec<Code<SafetyFlag>>>,
    /// Whether people with an intellectual or developmental disability are taken.
    intellectual_or_developmental_disability: Option<bool>,
    /// Whether people with dementia or a brain injury are taken.
    dementia_or_brain_injury: Option<bool>,
    /// Whether people who are pregnant are taken.
    pregnant: Option<bool>,
    /// Whether people with medical devices are taken.
    medical_devices: Option<bool>,
    /// Whether people who need one-to-one observation are taken.
    one_to_one_observation: Option<bool>,
    /// These risks of withdrawal.
    withdrawal_risk: Option<Vec<Code<WithdrawalRisk>>>,
    /// Whether people with vital signs out of range are taken.
    vitals_out_of_range: Option<bool>,
    /// People who move so.
    mobility: Option<Vec<Code<Mobility>>>,
    /// Languages spoken (ISO 639-1). Another language needs an interpreter; it excludes nobody.
    language: Option<Vec<String>>,
    /// People from these counties (Census FIPS codes of five digits).
    home_county: Option<Vec<String>>,
    /// These payers, in transfers between facilities only. It never ranks, and first responders are not asked.
    payer: Option<Vec<Code<Payer>>>,
}

/// Adds, edits or withdraws a referral pathway to a service of your agency. An edit replaces all of its terms; who was sent
/// under older terms stays under those.
#[derive(Clone, Debug, InputObject)]
pub struct SavePathwayInput {
    /// The pathway; a new one when not given.
    id: Option<ID>,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Withdraw it.
    #[graphql(default)]
    retire: bool,
    /// Its name, at most 120 characters.
    name: String,
    /// Where it leads: a service of your agency.
    service_id: ID,
    /// Who may send by it: OFFICER, DISPATCHER, EMS, EMERGENCY_DEPARTMENT, INTAKE, MOBILE_TEAM, LINE_988.
    from_roles: Vec<Code<Role>>,
    /// How it is entered. ANNOUNCE needs a service that refuses no first responder.
    mode: Code<PathwayMode>,
    /// The person speaks with the service before anything is settled; an offer is then an introduction.
    #[graphql(default)]
    self_referral_call: bool,
    /// Whom it takes; everybody when not given.
    criteria: Option<PathwayCriteriaInput>,
    /// Papers that have to travel with the person.
    papers: Option<Vec<Code<Paper>>>,
    /// When it can be entered; at every hour when not given.
    hours: Option<OpeningHoursInput>,
    /// Within how many minutes you acknowledge, 1 to 2,880.
    #[graphql(default = 30)]
    acknowledge_minutes: u32,
    /// Within how many minutes you decide, 1 to 2,880.
    #[graphql(default = 60)]
    decide_minutes: u32,
    /// Within how many minutes the person is to arrive, 1 to 2,880.
    #[graphql(default = 120)]
    arrive_minutes: u32,
    /// For how many minutes an accepted place is kept beyond the time of arrival, 0 to 2,880.
    #[graphql(default = 30)]
    hold_minutes: u32,
    /// Where to turn next, in this order: up to 10 other pathways of the region.
    fallback_ids: Option<Vec<ID>>,
    /// What follows once the person is in your care, up to 3: each begins with the transfer.
    #[graphql(default, validator(max_items = 3))]
    follow_ups: Vec<FollowUpTermInput>,
    /// From when on it can be entered; at once when not given.
    effective_from: Option<DateTime>,
    /// Until when; without an end when not given.
    effective_until: Option<DateTime>,
    /// Ids of the same pathway elsewhere, such as the number of an agreement; taken when it is added.
    #[graphql(validator(max_items = 20))]
    external_ids: Option<Vec<ExternalIdInput>>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// A filter of pathways, read.
#[derive(Clone, Debug)]
pub struct Wanted {
    organization: Option<OrganizationId>,
    service: Option<ServiceId>,
    from_role: Option<Role>,
    mode: Option<PathwayMode>,
    external: Option<ExternalId>,
}

impl PathwayFilter {
    /// The filter as it is asked.
    pub fn read(self) -> Wanted {
        Wanted {
            organization: self.organization_id.as_ref().map(absent),
            service: self.service_id.as_ref().map(absent),
            from_role: self.from_role.map(|role| role.0),
            mode: self.mode.map(|mode| mode.0),
            external: self.external_id.map(external),
        }
    }
}

impl Wanted {
    /// Whether it is about a pathway.
    pub fn matches(&self, pathway: &Pathway) -> bool {
        let terms = &pathway.details.terms;
        self.organization.is_none_or(|id| id == pathway.owner)
            && self.service.is_none_or(|id| id == terms.service)
            && self.from_role.is_none_or(|role| terms.from_roles.contains(&role))
            && self.mode.is_none_or(|mode| mode == terms.mode)
            && self.external.as_ref().is_none_or(|id| pathway.external_ids.contains(id))
    }
}

/// The values of a list, each once, in published order.
fn once<C: Coded + Ord>(codes: Option<Vec<Code<C>>>) -> Vec<C> {
    let mut codes = list(codes).unwrap_or_default();
    codes.sort_unstable();
    codes.dedup();
    codes
}

impl PathwayCriteriaInput {
    fn read(self) -> Result<Criteria, Error> {
        let language = |code: &String| Language::parse("language", code);
        let languages = self.language.unwrap_or_default().iter().map(language).collect::<Result<_, _>>();
        Ok(Criteria {
            age_min: self.age.and_then(|age| age.min),
            age_max: self.age.and_then(|age| age.max),
            legal_status: once(self.legal_status),
            room_gender: once(self.room_gender_need),
            medical_screening: once(self.medical_screening),
            acuity: once(self.acuity),
            behaviors_24h: once(self.behaviors_24h),
            safety_flags: once(self.safety_flags),
            idd: self.intellectual_or_developmental_disability,
            dementia_or_brain_injury: self.dementia_or_brain_injury,
            pregnant: self.pregnant,
            medical_devices: self.medical_devices,
            one_to_one: self.one_to_one_observation,
            withdrawal_risk: once(self.withdrawal_risk),
            vitals_out_of_range: self.vitals_out_of_range,
            mobility: once(self.mobility),
            languages: languages.map_err(|flaw| coded(ErrorCode::BadUserInput, flaw.to_string()))?,
            home_counties: all_fips(self.home_county)?,
            payers: once(self.payer),
        })
    }
}

/// Reads a pathway.
pub(in crate::graphql) fn save(asking: &Asking, input: SavePathwayInput) -> Result<SaveEntry<PathwayDetails>, Error> {
    let keyed = keyed(asking, "savePathway", input.idempotency_key.as_deref(), &input)?;
    let terms = Terms {
        service: named(&input.service_id)?,
        from_roles: once(Some(input.from_roles)),
        mode: input.mode.0,
        self_referral_call: input.self_referral_call,
        criteria: input.criteria.unwrap_or_default().read()?,
        papers: once(input.papers),
        hours: input.hours.map(OpeningHoursInput::read).transpose()?,
        acknowledge_minutes: input.acknowledge_minutes,
        decide_minutes: input.decide_minutes,
        arrive_minutes: input.arrive_minutes,
        hold_minutes: input.hold_minutes,
        fallbacks: input.fallback_ids.unwrap_or_default().iter().map(named).collect::<Result<_, _>>()?,
        follow_ups: input.follow_ups.into_iter().map(Into::into).collect(),
        effective_from: input.effective_from.map(|at| at.0),
        effective_until: input.effective_until.map(|at| at.0),
    };
    let details = PathwayDetails { name: input.name, terms };
    let mut save = SaveEntry::new(maybe_named(input.id.as_ref())?, details, Provenance::Manual);
    (save.expected_version, save.retire, save.keyed) = (input.expected_version, input.retire, keyed);
    save.external_ids = externals(input.external_ids);
    Ok(save)
}
