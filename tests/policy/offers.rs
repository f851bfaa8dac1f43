//! Samples of what is said of offers, and of the search that they belong to.
use super::samples::{Needs, Sample, sample};
use crisis_hub::domain::handoff::HandoffStep;
use crisis_hub::policy::rules::Action;
use serde_json::json;

pub const OFFERS: &[Sample] = &[
    sample(
        "Mutation.offerHandoff",
        Needs::Announce,
        "mutation($input: OfferHandoffInput!) { offerHandoff(input: $input) { episode { id } problems { code current { id } } } }",
        |named| json!({ "input": { "to": [{ "pathwayId": named.asked.to_string(), "unitId": named.unit.to_string() }], "need": {} } }),
    ),
    sample(
        "Mutation.acknowledgeOffer",
        Needs::Handoff(HandoffStep::Acknowledge),
        "mutation($input: MoveHandoffInput!) { acknowledgeOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[0].to_string() } }),
    ),
    sample(
        "Mutation.nudgeHandoff",
        Needs::Nudge,
        "mutation($input: NudgeHandoffInput!) { nudgeHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[0].to_string() } }),
    ),
    sample(
        "Mutation.askForInformation",
        Needs::Handoff(HandoffStep::Ask),
        "mutation($input: AskForInformationInput!) { askForInformation(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[1].to_string(), "items": ["VITALS"] } }),
    ),
    sample(
        "Mutation.waitlistOffer",
        Needs::Handoff(HandoffStep::Waitlist),
        "mutation($input: WaitlistOfferInput!) { waitlistOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[2].to_string(), "position": 1, "reviewAt": named.later } }),
    ),
    sample(
        "Mutation.acceptOffer",
        Needs::Handoff(HandoffStep::Agree),
        "mutation($input: AcceptOfferInput!) { acceptOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[3].to_string(), "acceptedBy": "Dr. Amber", "callback": "555-0100" } }),
    ),
    sample(
        "Mutation.declineOffer",
        Needs::Handoff(HandoffStep::Decline),
        "mutation($input: DeclineOfferInput!) { declineOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[4].to_string(), "reason": "ACUITY" } }),
    ),
    sample(
        "Mutation.withdrawOffer",
        Needs::Handoff(HandoffStep::Withdraw),
        "mutation($input: WithdrawOfferInput!) { withdrawOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[5].to_string(), "reason": "MISTAKE" } }),
    ),
    sample(
        "Mutation.answerInformation",
        Needs::Handoff(HandoffStep::Answer),
        "mutation($input: MoveHandoffInput!) { answerInformation(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[6].to_string() } }),
    ),
    sample(
        "Mutation.chooseOffer",
        Needs::Handoff(HandoffStep::Choose),
        "mutation($input: ChooseOfferInput!) { chooseOffer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.offers[7].to_string() } }),
    ),
    sample(
        "Mutation.openEpisode",
        Needs::Own(Action::SendHandoff),
        "mutation($input: OpenEpisodeInput!) { openEpisode(input: $input) { episode { id } problems { code current { id } } } }",
        |_| json!({ "input": { "need": {} } }),
    ),
    sample(
        "Mutation.closeEpisode",
        Needs::Episode,
        "mutation($input: CloseEpisodeInput!) { closeEpisode(input: $input) { episode { id } problems { code current { id } } } }",
        |named| json!({ "input": { "episodeId": named.episode.to_string(), "reason": "MISTAKE" } }),
    ),
];
