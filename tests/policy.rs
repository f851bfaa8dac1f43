//! Every field of the schema, called as nobody, as each role, and as a stranger.
//!
//! The fields are listed from the published SDL: one that has no sample here fails.
use crate::house::{Client, Db, House};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::handoff::{self, Party};
use crisis_hub::domain::id::NounId;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::sealed::Side;
use crisis_hub::policy::rules::{Action, Reach, reach};
use crisis_hub::policy::tiers::{self, Asked, Leave, Relation};
use serde_json::{Value, json};
use std::collections::BTreeSet;

mod calls;
mod coordinator;
mod course;
mod keep;
pub mod law;
mod named;
mod offers;
mod samples;
mod told;

use calls::CALLS;
use course::COURSE;
use keep::KEEP;
use law::LAW;
use named::Named;
use offers::OFFERS;
use samples::{Needs, SAMPLES, Sample};
use told::TOLD;

/// Every sample, in the order in which a role sends them.
fn all() -> impl Iterator<Item = &'static Sample> {
    let all = SAMPLES.iter().chain(OFFERS).chain(COURSE).chain(LAW).chain(CALLS);
    all.chain(KEEP).chain(TOLD)
}

on_both!(
    nobody_is_told_nothing_and_changes_nothing,
    every_role_is_answered_as_the_table_says,
    to_a_stranger_what_is_ours_is_what_is_not_there,
);

/// The root fields of the published schema, as `Query.viewer`.
fn fields() -> BTreeSet<String> {
    let document = parse_schema(include_str!("../schema/hub.graphql")).unwrap();
    let mut fields = BTreeSet::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node.to_string();
        if let (TypeKind::Object(object), true) =
            (&definition.node.kind, ["Query", "Mutation", "Subscription"].contains(&name.as_str()))
        {
            fields.extend(object.fields.iter().map(|field| format!("{name}.{}", field.node.name.node)));
        }
    }
    fields
}

#[test]
fn every_root_field_of_the_schema_has_a_sample_here() {
    // These two come with federation and are not printed in a subgraph's SDL.
    let mut fields = fields();
    assert!(fields.len() > 20, "{fields:?}");
    fields.extend(["Query._entities".to_owned(), "Query._service".to_owned()]);
    let sampled: BTreeSet<String> = all().map(|sample| sample.field.to_owned()).collect();
    assert_eq!(
        fields, sampled,
        "a root field without a sample, or a sample without a field: mend tests/policy/samples.rs"
    );
}

/// Calls a sample; the whole answer of a query or mutation, the first message of a subscription.
async fn call(client: &Client, sample: &Sample, named: &Named) -> Value {
    let variables = (sample.variables)(named);
    let answer = if sample.field.starts_with("Subscription") {
        client.sse(sample.document, variables).await.next().await.map_or(Value::Null, |(_, data)| data)
    } else {
        client.ask(sample.document, variables).await.body
    };
    assert!(!answer.to_string().contains("INTERNAL"), "{}: {answer:#}", sample.field);
    answer
}

fn root<'a>(answer: &'a Value, sample: &Sample) -> &'a Value {
    &answer["data"][sample.field.split_once('.').unwrap().1]
}

fn code(answer: &Value) -> Option<&str> {
    answer["errors"][0]["extensions"]["code"].as_str()
}

async fn head(house: &House) -> i64 {
    house.deliver().await;
    house.hub().board().now().number()
}

async fn nobody_is_told_nothing_and_changes_nothing(db: Db) {
    let house = House::open(db).await;
    let ours = Named::ours(&house, "victim").await;
    let strange = Client::new(house.address, Some(house.token("without-a-grant")));
    let before = head(&house).await;
    for sample in all() {
        for client in [house.nobody(), strange.clone()] {
            let answer = call(&client, sample, &ours).await;
            let text = answer.to_string();
            assert!(!text.contains("Amber") && !text.contains("ISSUER"), "{}: {text}", sample.field);
            match sample.needs {
                // The schema is public, and federation's look-ups answer what is absent.
                Needs::Public => assert_eq!(code(&answer), None, "{}", sample.field),
                Needs::Absent => {
                    let root = root(&answer, sample);
                    let nothing = root.is_null() || root.as_array().is_some_and(|all| all.iter().all(Value::is_null));
                    assert!(
                        nothing && code(&answer).is_none_or(|code| code == "UNAUTHENTICATED"),
                        "{}: {text}",
                        sample.field
                    );
                }
                _ => {
                    assert_eq!(code(&answer), Some("UNAUTHENTICATED"), "{}: {text}", sample.field);
                    assert!(root(&answer, sample).is_null(), "{}: {text}", sample.field);
                }
            }
        }
    }
    assert_eq!(head(&house).await, before, "nobody changed something");
    house.close().await;
}

/// Whether a role sees the sample's unit, which takes drop-offs and is its own agency's.
fn sees_unit(role: Role) -> bool {
    match reach(role, Action::ReadAvailability) {
        Reach::DropOff | Reach::Region | Reach::Hub => true,
        _ => reach(role, Action::ReadCensus) == Reach::Agency,
    }
}

fn may_hold(role: Role, visible: bool) -> Option<&'static str> {
    let allowed = [Action::HoldBed, Action::SettleHold].iter().any(|action| reach(role, *action) != Reach::Nowhere);
    match (visible, allowed) {
        (false, _) => Some("NOT_FOUND"),
        (true, false) => Some("FORBIDDEN"),
        (true, true) => None,
    }
}

/// What a role is answered that does something with its agency's handoff.
fn may_with_handoff(role: Role, allowed: bool) -> Option<&'static str> {
    match (reach(role, Action::ReadHandoffs) != Reach::Nowhere, allowed) {
        (false, _) => Some("NOT_FOUND"),
        (true, allowed) => (!allowed).then_some("FORBIDDEN"),
    }
}

/// What a role is answered that knows of something by either of two actions, and does it by a third.
fn may_known(role: Role, by: [Action; 2], does: Action) -> Option<&'static str> {
    match (by.iter().any(|action| reach(role, *action) != Reach::Nowhere), reach(role, does) != Reach::Nowhere) {
        (false, _) => Some("NOT_FOUND"),
        (true, allowed) => (!allowed).then_some("FORBIDDEN"),
    }
}

/// What a role is answered: the code of the error, or none.
fn expected(role: Role, needs: &Needs) -> Option<&'static str> {
    let (visible, action) = match needs {
        Needs::Public | Needs::Absent | Needs::Known | Needs::Rows(_) => return None,
        Needs::Entry(action) => (reach(role, Action::ReadDirectory) != Reach::Nowhere, *action),
        Needs::Unit(action) => (sees_unit(role), *action),
        Needs::Notice(action) => (reach(role, Action::ReadNotices) != Reach::Nowhere, *action),
        // The unit takes drop-offs, and is the asker's own agency's.
        Needs::Place => return may_hold(role, sees_unit(role)),
        Needs::Hold => {
            return may_hold(role, sees_unit(role) && reach(role, Action::ReadHolds) != Reach::Nowhere);
        }
        Needs::Announce => (sees_unit(role), Action::SendHandoff),
        Needs::Handoff(step) => {
            let mine = [(Party::Sender, Action::SendHandoff), (Party::Receiver, Action::ReceiveHandoff)]
                .iter()
                .any(|(party, action)| handoff::is_ever(*step, *party) && reach(role, *action) != Reach::Nowhere);
            return may_with_handoff(role, mine);
        }
        Needs::Follow => return may_with_handoff(role, reach(role, Action::FollowUpHandoff) != Reach::Nowhere),
        Needs::FollowUp => return (reach(role, Action::ReadOutcomes) == Reach::Nowhere).then_some("NOT_FOUND"),
        Needs::Own(action) => return (reach(role, *action) == Reach::Nowhere).then_some("FORBIDDEN"),
        Needs::Preserve => {
            return may_known(role, [Action::PreserveHandoff, Action::ReadHandoffs], Action::PreserveHandoff);
        }
        Needs::Preservation => {
            return (reach(role, Action::ReadPreservations) == Reach::Nowhere).then_some("NOT_FOUND");
        }
        Needs::Nudge => return may_with_handoff(role, reach(role, Action::NudgeHandoff) != Reach::Nowhere),
        Needs::Episode => return may_with_handoff(role, reach(role, Action::SendHandoff) != Reach::Nowhere),
        Needs::Note(tier) => {
            let sides = [Side::Sender, Side::Receiver];
            return may_with_handoff(role, sides.iter().any(|side| tiers::may_write(role, *tier, *side, false)));
        }
        Needs::Start(starts) => {
            let starts = starts.contains(&role) && reach(role, Action::KeepLegalHold) != Reach::Nowhere;
            return may_with_handoff(role, starts);
        }
        Needs::EndHold => return may_with_handoff(role, reach(role, Action::KeepLegalHold) != Reach::Nowhere),
        Needs::Disclose(tier, purpose) => {
            // The sample's entry was written by a colleague.
            let asked = Asked { role, tier: *tier, purpose: *purpose, relation: Relation::Colleague, part2: false };
            return may_with_handoff(role, tiers::may_open(asked) != Leave::No);
        }
        Needs::Agree => return may_with_handoff(role, reach(role, Action::KeepConsent) != Reach::Nowhere),
        Needs::Consent => return (reach(role, Action::KeepConsent) == Reach::Nowhere).then_some("NOT_FOUND"),
        Needs::Threaten => return may_with_handoff(role, reach(role, Action::DiscloseThreat) != Reach::Nowhere),
        Needs::Threat => return (reach(role, Action::ReadThreats) == Reach::Nowhere).then_some("NOT_FOUND"),
        Needs::Emergency => return (reach(role, Action::ReadEmergencies) == Reach::Nowhere).then_some("NOT_FOUND"),
        // The agency calls its own people: whoever reads the handoff as its sender knows of the call too.
        Needs::Call => return may_known(role, [Action::ReadCalls, Action::ReadHandoffs], Action::AcknowledgeCall),
        Needs::Push => return (role != Role::Intake).then_some("NOT_FOUND"),
        Needs::Team(action) => (reach(role, Action::ReadTeams) != Reach::Nowhere, *action),
        Needs::Grant(action) => (matches!(reach(role, Action::ReadGrants), Reach::Agency | Reach::Hub), *action),
    };
    let allowed = matches!(reach(role, action), Reach::Agency | Reach::Region | Reach::Hub);
    match (visible, allowed) {
        (false, _) => Some("NOT_FOUND"),
        (true, false) => Some("FORBIDDEN"),
        (true, true) => None,
    }
}

async fn every_role_is_answered_as_the_table_says(db: Db) {
    let house = House::open(db).await;
    let (mut refused, mut answered) = (0, 0);
    for role in Role::ALL {
        let person = role.code().to_lowercase();
        let ours = Named::ours(&house, &format!("victim-of-{person}")).await;
        for sample in all() {
            let before = head(&house).await;
            let answer = call(&house.client(&person), sample, &ours).await;
            let expected = expected(*role, &sample.needs);
            assert_eq!(code(&answer), expected, "{person} asks {}: {answer:#}", sample.field);
            if expected.is_some() {
                refused += 1;
                assert!(root(&answer, sample).is_null(), "{person} asks {}", sample.field);
                assert_eq!(head(&house).await, before, "{person} was refused {} and changed something", sample.field);
                continue;
            }
            answered += 1;
            if let Needs::Rows(action) = sample.needs {
                let rows = root(&answer, sample);
                let rows = rows
                    .get("edges")
                    .unwrap_or(rows)
                    .as_array()
                    .unwrap_or_else(|| panic!("{}: {answer:#}", sample.field));
                let some = reach(*role, action) != Reach::Nowhere;
                assert_eq!(!rows.is_empty(), some, "{person} asks {}: {answer:#}", sample.field);
            }
            if sample.field.starts_with("Mutation") {
                let payload = root(&answer, sample);
                assert_eq!(payload["problems"], json!([]), "{person} asks {}: {answer:#}", sample.field);
            }
        }
    }
    assert!(refused > 80 && answered > 150, "{refused} refused, {answered} answered: the samples ask too little");
    house.close().await;
}

/// An answer less what differs by itself: ids, cursors, instants, trace ids.
fn plain(mut answer: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    if ["traceId", "cursor", "endCursor", "startCursor", "time", "until"].contains(&name.as_str()) {
                        *field = json!("*");
                    }
                    walk(field);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            Value::String(text) if crisis_hub::domain::id::GlobalId::parse(text).is_some() => *text = "an id".into(),
            _ => {}
        }
    }
    walk(&mut answer);
    answer
}

async fn to_a_stranger_what_is_ours_is_what_is_not_there(db: Db) {
    let house = House::open(db).await;
    let ours = Named::ours(&house, "victim").await;
    let absent = ours.absent();
    let before = head(&house).await;
    let mut compared = 0;
    for role in Role::ALL.iter().filter(|role| **role != Role::HubOperator) {
        let stranger = house.client(&format!("{}-far", role.code().to_lowercase()));
        for sample in all().filter(|sample| (sample.variables)(&ours) != (sample.variables)(&absent)) {
            let (mine, none) = (call(&stranger, sample, &ours).await, call(&stranger, sample, &absent).await);
            let text = mine.to_string();
            assert!(!text.contains("Amber"), "{role:?} asks {}: {text}", sample.field);
            assert_eq!(plain(mine).to_string(), plain(none).to_string(), "{role:?} asks {}", sample.field);
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} pairs were compared");
    assert_eq!(head(&house).await, before, "a stranger changed something");
    // The oracle: the very ids answer their own people.
    for sample in all().filter(|sample| ["Query.node", "Query.nodes", "Query._entities"].contains(&sample.field)) {
        let answer = call(&house.client("agency_admin"), sample, &ours).await;
        assert_ne!(
            plain(answer),
            plain(call(&house.client("agency_admin"), sample, &absent).await),
            "{}",
            sample.field
        );
    }
    house.close().await;
}

#[test]
fn ids_that_are_not_there_differ_from_ours_in_one_bit() {
    let key = uuid::Uuid::from_u128(0x019c_a832_6180_7000_8540_21de_755d_453b);
    let id = crisis_hub::domain::id::FacilityId::of(key);
    assert_ne!(named::beside(id), id);
    assert_eq!(named::beside(named::beside(id)), id);
}
