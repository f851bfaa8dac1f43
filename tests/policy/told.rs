//! Samples of what is told beyond the two agencies of a handoff: threats, and what is opened in emergencies.
use super::named::beside;
use super::samples::{Needs, Sample, sample};
use crate::house::House;
use crate::house::traffic::staff;
use crisis_hub::app::console;
use crisis_hub::app::directory::{self, SaveEntry};
use crisis_hub::app::emergency::{self, InEmergency};
use crisis_hub::app::handoff::{self, Announce};
use crisis_hub::app::sealed::{self, Disclose};
use crisis_hub::app::threat::{self, DiscloseThreat};
use crisis_hub::domain::emergency::{EmergencyAccount, EmergencyNature};
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::id::{EmergencyDisclosureId, OrganizationId, PathwayId, ThreatDisclosureId};
use crisis_hub::domain::need::Need;
use crisis_hub::domain::organization::OrganizationDetails;
use crisis_hub::domain::sealed::{Purpose, Tier};
use crisis_hub::domain::threat::ThreatBasis;
use crisis_hub::policy::Scope;
use crisis_hub::policy::rules::Action;
use serde_json::json;

/// What is told to an agency, or opened of what it wrote.
#[derive(Clone, Copy)]
pub struct Told {
    /// Another agency, which can lessen threats.
    pub other: OrganizationId,
    /// Told to the agency.
    pub threat: ThreatDisclosureId,
    /// Opened of what the agency wrote.
    pub emergency: EmergencyDisclosureId,
}

impl Told {
    /// The same of what is not there.
    pub fn absent(self) -> Self {
        Self { threat: beside(self.threat), emergency: beside(self.emergency), ..self }
    }
}

pub const TOLD: &[Sample] = &[
    sample(
        "Query.threatDisclosures",
        Needs::Known,
        "{ threatDisclosures { edges { node { id basis from { id name } to { id name } handoffId } } } }",
        |_| json!({}),
    ),
    sample(
        "Query.emergencyDisclosures",
        Needs::Rows(Action::ReadEmergencies),
        "{ emergencyDisclosures { edges { node { id nature review author { id name } organization { id name } } } } }",
        |_| json!({}),
    ),
    sample(
        "Mutation.discloseThreat",
        Needs::Threaten,
        "mutation($input: DiscloseThreatInput!) { discloseThreat(input: $input) { threatDisclosure { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "handoffId": named.driven.to_string(), "toId": named.told.other.to_string(),
                "basis": "SERIOUS_IMMINENT_TO_PERSON", "text": "Amber" } })
        },
    ),
    sample(
        "Mutation.readThreatDisclosure",
        Needs::Threat,
        "mutation($input: ReadThreatDisclosureInput!) { readThreatDisclosure(input: $input) { text problems { code current { id } } } }",
        |named| json!({ "input": { "threatDisclosureId": named.told.threat.to_string() } }),
    ),
    sample(
        "Mutation.readEmergencyAccount",
        Needs::Emergency,
        "mutation($input: ReadEmergencyAccountInput!) { readEmergencyAccount(input: $input) { account { account } problems { code current { id } } } }",
        |named| json!({ "input": { "emergencyDisclosureId": named.told.emergency.to_string() } }),
    ),
    sample(
        "Mutation.reviewEmergencyDisclosure",
        Needs::Emergency,
        "mutation($input: ReviewEmergencyDisclosureInput!) { reviewEmergencyDisclosure(input: $input) {
            emergencyDisclosure { id } problems { code current { id } } } }",
        |named| json!({ "input": { "emergencyDisclosureId": named.told.emergency.to_string(), "verdict": "ACCEPTED" } }),
    ),
];

/// The first agency, which is a program under 42 CFR Part 2 from now on or is none.
async fn program(house: &House, part2_program: bool) {
    let agency = house.world.agencies[0].organization;
    let hub = house.hub();
    let known =
        hub.board().now().entry::<OrganizationDetails>(&Scope::of(&staff(hub, "hub_operator")), agency).unwrap();
    let details = OrganizationDetails { part2_program, ..known.details.clone() };
    let edit = SaveEntry::new(Some(agency), details, Provenance::Manual);
    directory::save(hub, &console::viewer(), edit).await.unwrap().changed.unwrap();
}

/// A threat that the second agency tells the first, of somebody whom it sends there; and what its emergency department opens of
/// what the first has written.
pub async fn told(house: &House, pathway: PathwayId) -> Told {
    let [amber, basalt] = &house.world.agencies;
    let (line, doctor) = (staff(house.hub(), "line_988-2"), staff(house.hub(), "emergency_department-2"));
    let new = Announce {
        pathway,
        unit: amber.chairs(),
        need: Need::default(),
        arrive_minutes: None,
        on_behalf_of: None,
        hold: None,
        episode: None,
        keyed: None,
    };
    let handoff = handoff::announce(house.hub(), &line, new).await.unwrap().changed.unwrap().handoff().id;
    let (basis, says) = (ThreatBasis::SeriousImminentToPublic, "Amber".to_owned());
    let tell = DiscloseThreat { handoff, to: amber.organization, basis, says, keyed: None };
    let threat = threat::disclose(house.hub(), &line, tell).await.unwrap().changed.unwrap().facts().id;
    let word = || "Amber".to_owned();
    let says = EmergencyAccount { account: word(), recipient: word(), affiliation: word(), discloser: word() };
    let with = InEmergency { nature: EmergencyNature::Overdose, consent_unobtainable: true, says };
    let (purpose, emergency) = (Purpose::MedicalEmergency, Some(with));
    let open = Disclose { handoffs: vec![handoff], tiers: vec![Tier::Part2], purpose, emergency };
    program(house, true).await;
    sealed::disclose(house.hub(), &doctor, open).await.unwrap();
    program(house, false).await;
    let office = staff(house.hub(), "agency_admin");
    let opened = emergency::list(house.hub(), &office, None, (None, None), 100, false).await.unwrap();
    let ours = opened.iter().find(|view| view.opened().handoff == handoff).unwrap().opened().clone();
    assert_eq!((ours.author, ours.organization), (amber.organization, basalt.organization));
    house.deliver().await;
    Told { other: basalt.organization, threat, emergency: ours.id }
}
