//! Samples of what the law counts; and a jurisdiction, which only takes away.
use super::named::beside;
use super::samples::{Needs, Sample, sample};
use crate::house::House;
use crate::house::traffic::staff;
use crisis_hub::app::guardian;
use crisis_hub::app::handoff::{self, OfferHandoff, OfferTo};
use crisis_hub::app::legal_hold::{self, RecordLegalHold};
use crisis_hub::app::{console, episode};
use crisis_hub::clock::Clock;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::handoff::Destination;
use crisis_hub::domain::id::{HandoffId, LegalHoldId, PathwayId, TeamId};
use crisis_hub::domain::jurisdiction::Jurisdiction;
use crisis_hub::domain::need::Need;
use crisis_hub::domain::pathway::PathwayMode;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::sealed::{Side, Tier};
use crisis_hub::policy::law::{may_start, reach_under};
use crisis_hub::policy::rules::{Action, reach};
use crisis_hub::policy::tiers::may_write;
use serde_json::json;

/// In which roles people start the status of the sample.
const STARTS: &[Role] = &[Role::Officer, Role::EmergencyDepartment, Role::Intake];

pub const LAW: &[Sample] = &[
    sample(
        "Mutation.recordLegalHold",
        Needs::Start(STARTS),
        "mutation($input: RecordLegalHoldInput!) { recordLegalHold(input: $input) { legalHold { id beganAt } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "handoffId": named.driven.to_string(), "status": "BAKER_ACT_LAW_ENFORCEMENT",
                "beganAt": named.law.earlier } })
        },
    ),
    sample(
        "Mutation.endLegalHold",
        Needs::EndHold,
        "mutation($input: EndLegalHoldInput!) { endLegalHold(input: $input) { legalHold { id endedAt } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "handoffId": named.law.held.to_string(), "legalHoldId": named.law.legal_hold.to_string(),
                "reason": "RELEASED" } })
        },
    ),
    sample(
        "Mutation.recordGuardianReached",
        Needs::Note(Tier::Identity),
        "mutation($input: RecordGuardianReachedInput!) { recordGuardianReached(input: $input) { guardian { id reachedAt } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.law.minor.to_string(), "custody": "PARENT", "mayConsent": ["PARENT"] } }),
    ),
];

/// The first agency's own.
pub struct Ours {
    /// A handoff in which a legal hold stands.
    pub held: HandoffId,
    pub legal_hold: LegalHoldId,
    /// An offer to a team, for somebody of fifteen.
    pub minor: HandoffId,
    /// An instant that has passed.
    pub earlier: String,
}

impl Ours {
    pub async fn of(house: &House, held: HandoffId, team: TeamId, subject: &str) -> Self {
        keeps_to(house, "US-FL").await;
        let legal_hold = self::held(house, held).await;
        let pathway = to_teams(house, &format!("Amber teams of {subject}")).await;
        Self { held, legal_hold, minor: minor(house, pathway, team).await, earlier: house.clock.now().to_string() }
    }

    /// The same of what is not there.
    pub fn absent(&self) -> Self {
        let (held, legal_hold, minor) = (beside(self.held), beside(self.legal_hold), beside(self.minor));
        Self { held, legal_hold, minor, earlier: self.earlier.clone() }
    }
}

/// A hold that stands in one of its handoffs.
async fn held(house: &House, handoff: HandoffId) -> LegalHoldId {
    let (status, began_at) = ("BAKER_ACT_LAW_ENFORCEMENT".to_owned(), house.clock.now());
    let input = RecordLegalHold { handoff, status, began_at, expires_at: None, supersedes: false, keyed: None };
    let said = legal_hold::record(house.hub(), &staff(house.hub(), "intake"), input).await.unwrap();
    said.changed.unwrap_or_else(|| panic!("{:?}", said.problems)).hold().id
}

/// A search for somebody of fifteen, for whom a team of the agency itself is asked.
async fn minor(house: &House, pathway: PathwayId, team: TeamId) -> HandoffId {
    let sender = staff(house.hub(), "intake");
    let new = OfferHandoff {
        episode: None,
        to: vec![OfferTo { pathway, to: Destination::Team(team), arrive_minutes: None }],
        need: Need { age: Some(15), ..Need::default() },
        person_agreed: Some(true),
        settlement: None,
        called: false,
        changed: Vec::new(),
        on_behalf_of: None,
        keyed: None,
    };
    let episode = handoff::offer(house.hub(), &sender, new).await.unwrap().changed.unwrap().episode().id;
    assert!(guardian::of_episodes(house.hub(), &sender, &[episode]).await.unwrap().contains_key(&episode));
    episode::handoffs(house.hub(), &sender, &[episode]).await.unwrap()[&episode][0].handoff().id
}

/// A pathway to the teams of the first agency.
async fn to_teams(house: &House, name: &str) -> PathwayId {
    let agency = &house.world.agencies[0];
    let service = house.mobile(agency).await;
    house.pathway_with(agency, name, PathwayMode::Request, |terms| terms.service = service).await
}

/// The region keeps to a jurisdiction.
pub async fn keeps_to(house: &House, code: &str) {
    console::name_jurisdiction(house.hub(), "near", code).await.unwrap();
}

/// What the hub compiles in, each also as a state that would let everybody start everything.
fn laws() -> Vec<Jurisdiction> {
    let mut laws = crisis_hub::config::law().unwrap().all().to_vec();
    let generous = |law: &Jurisdiction| {
        let mut law = law.clone();
        law.statuses.iter_mut().for_each(|status| status.starts = Role::ALL.to_vec());
        law
    };
    laws.extend(laws.iter().map(generous).collect::<Vec<_>>());
    laws
}

#[test]
fn a_jurisdiction_only_takes_away() {
    let (mut taken, mut compared) = (0, 0);
    for law in laws() {
        for (role, action) in Role::ALL.iter().flat_map(|role| Action::ALL.iter().map(move |action| (*role, *action))) {
            let (without, under) = (reach(role, action), reach_under(&law, role, action));
            assert_eq!(without.and(under), under, "{} {role:?} {action:?}", law.code);
            compared += 1;
            taken += usize::from(without != under);
        }
        let sides = [Side::Sender, Side::Receiver].map(|side| [(side, false), (side, true)]).concat();
        for (status, role) in law.statuses.iter().flat_map(|status| Role::ALL.iter().map(move |role| (status, *role))) {
            for (side, program) in &sides {
                let writes = may_write(role, Tier::Legal, *side, *program);
                let starts = may_start(role, *side, *program, status);
                assert!(!starts || writes, "{} {} {role:?} gains", law.code, status.code);
                compared += 1;
                taken += usize::from(writes && !starts);
            }
        }
    }
    println!("{compared} compared: {taken} taken away, 0 given");
    assert!(compared > 2_500 && taken > 50, "{compared} compared, {taken} taken away");
}
