//! Samples of how long what is written stays, and of what is said beside.
use super::samples::{Needs, Sample, sample};
use crate::house::House;
use crate::house::traffic::staff;
use crisis_hub::app::preservation::{self, PreserveHandoff};
use crisis_hub::domain::handoff::HandoffStep;
use crisis_hub::domain::id::{HandoffId, PreservationId};
use crisis_hub::domain::preservation::PreservationReason;
use crisis_hub::domain::sealed::Tier;
use crisis_hub::policy::rules::Action;
use serde_json::json;

pub const KEEP: &[Sample] = &[
    sample(
        "Query.preservations",
        Needs::Rows(Action::ReadPreservations),
        "{ preservations(first: 100) { edges { node { id reason standing handoffId organization { name } } } } }",
        |_| json!({}),
    ),
    sample(
        "Mutation.preserveHandoff",
        Needs::Preserve,
        "mutation($input: PreserveHandoffInput!) { preserveHandoff(input: $input) { preservation { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.driven.to_string(), "reason": "LITIGATION" } }),
    ),
    sample(
        "Mutation.liftPreservation",
        Needs::Preservation,
        "mutation($input: LiftPreservationInput!) { liftPreservation(input: $input) { preservation { id } problems { code current { id } } } }",
        |named| json!({ "input": { "preservationId": named.preservation.to_string() } }),
    ),
    // After the sample that sends it on.
    sample(
        "Mutation.nameSupervisor",
        Needs::Handoff(HandoffStep::Redirect),
        "mutation($input: NameSupervisorInput!) { nameSupervisor(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[1].to_string(), "name": "Amber" } }),
    ),
    sample(
        "Mutation.addEpisodeNote",
        Needs::Note(Tier::Clinical),
        "mutation($input: AddEpisodeNoteInput!) { addEpisodeNote(input: $input) { entries { id tier } problems { code current { id } } } }",
        |named| json!({ "input": { "episodeId": named.packet.to_string(), "tier": "CLINICAL", "text": "Amber" } }),
    ),
    sample(
        "Mutation.planCallFollowUp",
        Needs::Own(Action::FollowUpCall),
        "mutation($input: PlanCallFollowUpInput!) { planCallFollowUp(input: $input) { followUp { id } problems { code } } }",
        |named| json!({ "input": { "personReference": named.subject, "personAgreed": true, "by": "TEAM", "withinHours": 24 } }),
    ),
];

/// The agency preserves what is written in a handoff of its own.
pub async fn preserved(house: &House, handoff: HandoffId) -> PreservationId {
    let input = PreserveHandoff { handoff, reason: PreservationReason::Investigation, until: None, keyed: None };
    let admin = staff(house.hub(), "agency_admin");
    preservation::preserve(house.hub(), &admin, input).await.unwrap().changed.unwrap().id
}
