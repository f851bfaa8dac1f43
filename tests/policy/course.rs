//! Samples of what is said of how people are handed over, and of what follows.
use super::samples::{Needs, Sample, sample};
use crisis_hub::domain::handoff::HandoffStep;
use crisis_hub::policy::rules::Action;
use serde_json::json;

pub const COURSE: &[Sample] = &[
    sample(
        "Query.followUps",
        Needs::Rows(Action::ReadOutcomes),
        "{ followUps(first: 100) { edges { node { id by state attempts owner { name } handoff { id } } } } }",
        |_| json!({}),
    ),
    sample(
        "Mutation.setTransport",
        Needs::Handoff(HandoffStep::Drive),
        "mutation($input: SetTransportInput!) { setTransport(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.driven.to_string(), "mode": "EMS" } }),
    ),
    sample(
        "Mutation.recordContact",
        Needs::Handoff(HandoffStep::Contact),
        "mutation($input: RecordContactInput!) { recordContact(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.driven.to_string(), "kind": "THREE_WAY_CALL" } }),
    ),
    sample(
        "Mutation.askForPolice",
        Needs::Handoff(HandoffStep::AskPolice),
        "mutation($input: AskForPoliceInput!) { askForPolice(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.driven.to_string(), "trigger": "WEAPON", "personAgreed": false } }),
    ),
    sample(
        "Mutation.planFollowUp",
        Needs::Follow,
        "mutation($input: PlanFollowUpInput!) { planFollowUp(input: $input) { followUp { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.received.to_string(), "by": "CLINIC", "withinHours": 24 } }),
    ),
    sample(
        "Mutation.recordFollowUp",
        Needs::FollowUp,
        "mutation($input: RecordFollowUpInput!) { recordFollowUp(input: $input) { followUp { id } problems { code current { id } } } }",
        |named| json!({ "input": { "followUpId": named.follow_up.to_string(), "outcome": "ATTEMPTED" } }),
    ),
];
