//! One sample document for each root field, about an agency's own things.
use super::named::Named;
use crisis_hub::domain::handoff::HandoffStep;
use crisis_hub::domain::role::Role;
use crisis_hub::domain::sealed::{Purpose, Tier};
use crisis_hub::policy::rules::Action;
use serde_json::{Value, json};

/// What a caller needs for the sample.
pub enum Needs {
    /// Nothing: it tells of the schema alone.
    Public,
    /// Nothing; what the caller does not see is null.
    Absent,
    /// To be somebody.
    Known,
    /// To be somebody; there are rows where the action reaches anything.
    Rows(Action),
    /// To see the directory and be allowed the action on the agency's entry.
    Entry(Action),
    /// To see the unit and be allowed the action on it.
    Unit(Action),
    /// To see the unit and be allowed to hold a place on it, for its agency or for one's own.
    Place,
    /// To see the agency's hold and be allowed to change it.
    Hold,
    /// To see the unit and the pathway, and be allowed to send.
    Announce,
    /// To see the agency's handoff, which it both sends and receives, and be allowed the step.
    Handoff(HandoffStep),
    /// To see the agency's handoff, and to plan follow-ups.
    Follow,
    /// To see the agency's follow-up, and to say how it went.
    FollowUp,
    /// To be allowed the action for oneself or for one's own agency.
    Own(Action),
    /// To see the agency's handoff or preserve what is written in its handoffs, and be allowed the latter.
    Preserve,
    /// To read the agency's preservations, and lift them.
    Preservation,
    /// To see the agency's handoff, and be allowed to remind.
    Nudge,
    /// To see the agency's search, and be allowed to send.
    Episode,
    /// To see the agency's handoff, and to write an entry of a tier into it.
    Note(Tier),
    /// To see the agency's handoff, and to be in one of the roles that start a legal hold.
    Start(&'static [Role]),
    /// To see the agency's handoff, and to say how its legal hold ended.
    EndHold,
    /// To see the agency's handoff, and to be told of a tier for a purpose.
    Disclose(Tier, Purpose),
    /// To see the agency's handoff, and to keep consents.
    Agree,
    /// To know of the agency's consent.
    Consent,
    /// To see the agency's handoff, and to tell of threats.
    Threaten,
    /// To read a threat that the agency was told.
    Threat,
    /// To be of the agency's privacy office.
    Emergency,
    /// To know of the call of the agency's people, and be allowed to say that it is seen.
    Call,
    /// To be whose browser it is: the desk's.
    Push,
    /// To see the team and be allowed the action on it.
    Team(Action),
    /// To see the grant and be allowed the action on it.
    Grant(Action),
    /// To see the notice and be allowed the action on it.
    Notice(Action),
}

/// One root field's sample.
pub struct Sample {
    pub field: &'static str,
    pub document: &'static str,
    pub variables: fn(&Named) -> Value,
    pub needs: Needs,
}

pub const fn sample(
    field: &'static str,
    needs: Needs,
    document: &'static str,
    variables: fn(&Named) -> Value,
) -> Sample {
    Sample { field, document, variables, needs }
}

fn none(_: &Named) -> Value {
    json!({})
}

pub const SAMPLES: &[Sample] = &[
    sample(
        "Query.viewer",
        Needs::Absent,
        "query($id: ID!) { viewer { role readOnly until organization { id } region { id } grant { id subject }
            may(action: REPORT_BEDS, id: $id) { yes reason } } }",
        |named| json!({ "id": named.unit.to_string() }),
    ),
    sample(
        "Query.node",
        Needs::Known,
        "query($id: ID!) { node(id: $id) { __typename id } }",
        |named| json!({ "id": named.facility.to_string() }),
    ),
    sample("Query.nodes", Needs::Known, "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", |named| {
        json!({ "ids": named.all() })
    }),
    sample("Query._entities", Needs::Absent, "query($of: [_Any!]!) { _entities(representations: $of) { __typename
        ... on Organization { id name } ... on Facility { id name } ... on Service { id name } ... on Pathway { id name } ... on BedUnit { id label shownAs } ... on Team { id label status } ... on Handoff { id code state } ... on Episode { id state }
        ... on Notice { id headline } ... on BedUpdateRequest { id note } } }",
        |named| json!({ "of": [
            { "__typename": "Organization", "id": named.organization.to_string() },
            { "__typename": "Facility", "id": named.facility.to_string() },
            { "__typename": "Service", "id": named.service.to_string() },
            { "__typename": "Pathway", "id": named.pathway.to_string() },
            { "__typename": "BedUnit", "id": named.unit.to_string() },
            { "__typename": "Team", "id": named.team.to_string() },
            { "__typename": "Handoff", "id": named.handoffs[0].to_string() },
            { "__typename": "Episode", "id": named.episode.to_string() },
            { "__typename": "Notice", "id": named.notice.to_string() },
            { "__typename": "BedUpdateRequest", "id": named.request.to_string() },
        ] })),
    sample("Query._service", Needs::Public, "{ _service { sdl } }", none),
    sample("Query.regions", Needs::Rows(Action::ReadDirectory), "{ regions { id name } }", none),
    sample("Query.organizations", Needs::Rows(Action::ReadDirectory), "{ organizations { edges { node { id name } } } }", none),
    sample(
        "Query.facilities",
        Needs::Rows(Action::ReadDirectory),
        "query($of: ID) { facilities(organizationId: $of) { edges { node { id name bedUnits { id } } } } }",
        |named| json!({ "of": named.organization.to_string() }),
    ),
    sample("Query.services", Needs::Rows(Action::ReadDirectory), "{ services { edges { node { id name } } } }", none),
    sample(
        "Query.pathways",
        Needs::Rows(Action::ReadDirectory),
        "query($filter: PathwayFilter) { pathways(filter: $filter) { edges { node { id name service { id } } } } }",
        |named| json!({ "filter": { "organizationId": named.organization.to_string() } }),
    ),
    sample(
        "Query.matchPathways",
        Needs::Known,
        "{ matchPathways(need: { age: 30 }) { fit pathway { id name } unit { id label } } }",
        none,
    ),
    sample(
        "Query.bedUnits",
        Needs::Rows(Action::ReadAvailability),
        "query($filter: BedUnitFilter) { bedUnits(filter: $filter) { edges { node { id label net } } asOf { cursor } } }",
        |named| json!({ "filter": { "facilityId": named.facility.to_string(), "organizationId": named.organization.to_string() } }),
    ),
    sample(
        "Query.bedSearch",
        Needs::Rows(Action::ReadAvailability),
        "{ bedSearch(need: { age: 30 }) { talkNow { service { id } } canCome { team { id label } } edges { fit unit { id } } } }",
        none,
    ),
    sample(
        "Query.bedHolds",
        Needs::Known,
        "{ bedHolds { edges { node { id generation state until unit { id } holder { id } owner { id } } } } }",
        none,
    ),
    sample(
        "Query.teams",
        Needs::Rows(Action::ReadTeams),
        "query($filter: TeamFilter) { teams(filter: $filter) { edges { node { id label status } } } }",
        |named| json!({ "filter": { "organizationId": named.organization.to_string() } }),
    ),
    sample(
        "Query.episodes",
        Needs::Known,
        "{ episodes(first: 100) { edges { node { id state sender { name } handoffs(first: 2) { id code } } } } }",
        none,
    ),
    sample(
        "Query.handoffs",
        Needs::Known,
        "{ handoffs(first: 100) { edges { node { id code state onBehalfOf unit { label } receiver { name } } } } }",
        none,
    ),
    sample("Query.events", Needs::Rows(Action::ReadDirectory), "{ events { edges { node { kind nodeId } } pageInfo { endCursor } } }", none),
    sample(
        "Query.auditTrail",
        Needs::Known,
        "{ auditTrail(first: 100) { edges { node { id action nodeId organizationId grantId } } } }",
        none,
    ),
    sample(
        "Query.grants",
        Needs::Known,
        "{ grants(first: 100) { edges { node { id subject role } } } }",
        none,
    ),
    sample(
        "Query.notices",
        Needs::Rows(Action::ReadNotices),
        "{ notices { edges { node { id headline text acknowledgements { at } awaiting { id } } } } }",
        none,
    ),
    sample(
        "Query.bedUpdateRequests",
        Needs::Rows(Action::ReadAvailability),
        "{ bedUpdateRequests { edges { node { id note answers { answeredAt unit { id } } } } } }",
        none,
    ),
    sample(
        "Mutation.postNotice",
        Needs::Entry(Action::PostNotice),
        "mutation($input: PostNoticeInput!) { postNotice(input: $input) { notice { id } problems { code current { id } } } }",
        |named| json!({ "input": { "severity": "INFO", "headline": "Amber", "text": "Amber", "endsAt": named.later } }),
    ),
    sample(
        "Mutation.withdrawNotice",
        Needs::Notice(Action::PostNotice),
        "mutation($input: WithdrawNoticeInput!) { withdrawNotice(input: $input) { notice { id } problems { code current { id } } } }",
        |named| json!({ "input": { "noticeId": named.notice.to_string() } }),
    ),
    sample(
        "Mutation.acknowledgeNotice",
        Needs::Notice(Action::AcknowledgeNotice),
        "mutation($input: AcknowledgeNoticeInput!) { acknowledgeNotice(input: $input) { notice { id } problems { code current { id } } } }",
        |named| json!({ "input": { "noticeId": named.asking.to_string() } }),
    ),
    sample(
        "Mutation.requestBedUpdate",
        Needs::Unit(Action::RequestBedUpdate),
        "mutation($input: RequestBedUpdateInput!) { requestBedUpdate(input: $input) { bedUpdateRequest { id }
            problems { code current { id } } } }",
        |named| json!({ "input": { "unitIds": [named.unit.to_string()] } }),
    ),
    sample(
        "Mutation.reportBeds",
        Needs::Unit(Action::ReportBeds),
        "mutation($input: ReportBedsInput!) { reportBeds(input: $input) { bedUnits { id } problems { code current { id } } } }",
        |named| json!({ "input": { "units": [{ "unitId": named.unit.to_string(), "staffed": 400, "occupied": 1 }] } }),
    ),
    sample(
        "Mutation.pauseBedUnit",
        Needs::Unit(Action::PauseUnit),
        "mutation($input: PauseBedUnitInput!) { pauseBedUnit(input: $input) { bedUnit { id } problems { code current { id } } } }",
        |named| json!({ "input": { "bedUnitId": named.unit.to_string(), "reason": "OTHER", "until": named.later } }),
    ),
    sample(
        "Mutation.resumeBedUnit",
        Needs::Unit(Action::PauseUnit),
        "mutation($input: ResumeBedUnitInput!) { resumeBedUnit(input: $input) { bedUnit { id } problems { code current { id } } } }",
        |named| json!({ "input": { "bedUnitId": named.unit.to_string() } }),
    ),
    sample(
        "Mutation.holdBed",
        Needs::Place,
        "mutation($input: HoldBedInput!) { holdBed(input: $input) { hold { id } problems { code current { id } } } }",
        |named| json!({ "input": { "unitId": named.unit.to_string(), "minutes": 5 } }),
    ),
    sample(
        "Mutation.extendHold",
        Needs::Hold,
        "mutation($input: ExtendHoldInput!) { extendHold(input: $input) { hold { id } problems { code current { id } } } }",
        |named| json!({ "input": { "holdId": named.hold.to_string(), "minutes": 45 } }),
    ),
    sample(
        "Mutation.arriveOnHold",
        Needs::Hold,
        "mutation($input: ArriveOnHoldInput!) { arriveOnHold(input: $input) { hold { id } problems { code current { id } } } }",
        |named| json!({ "input": { "holdId": named.arriving.to_string() } }),
    ),
    sample(
        "Mutation.releaseHold",
        Needs::Hold,
        "mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) { hold { id } problems { code current { id } } } }",
        |named| json!({ "input": { "holdId": named.hold.to_string(), "reason": "MISTAKE" } }),
    ),
    sample(
        "Mutation.saveBedUnit",
        Needs::Unit(Action::SaveBedUnit),
        "mutation($input: SaveBedUnitInput!) { saveBedUnit(input: $input) { bedUnit { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "id": named.unit.to_string(), "label": "Renamed", "facilityId": named.facility.to_string(),
                "serviceId": named.service.to_string(), "licensed": 9, "dropOff": true } })
        },
    ),
    sample(
        "Mutation.saveOrganization",
        Needs::Entry(Action::SaveOrganization),
        "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code current { id } } } }",
        |named| json!({ "input": { "id": named.organization.to_string(), "name": "Amber Two", "kind": "TRIBAL", "coveredEntity": true } }),
    ),
    sample(
        "Mutation.saveFacility",
        Needs::Entry(Action::SaveFacility),
        "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) { facility { id } problems { code current { id } } } }",
        |named| json!({ "input": { "id": named.facility.to_string(), "name": "Amber Two", "timeZone": "America/New_York" } }),
    ),
    sample(
        "Mutation.saveService",
        Needs::Entry(Action::SaveService),
        "mutation($input: SaveServiceInput!) { saveService(input: $input) { service { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "id": named.service.to_string(), "name": "Amber Two", "kind": "RECEIVING_23H", "noRefusal": true,
                "facilityId": named.facility.to_string() } })
        },
    ),
    sample(
        "Mutation.savePathway",
        Needs::Entry(Action::SavePathway),
        "mutation($input: SavePathwayInput!) { savePathway(input: $input) { pathway { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "id": named.pathway.to_string(), "name": "Amber Two", "mode": "REQUEST",
                "serviceId": named.service.to_string(), "fromRoles": ["OFFICER"] } })
        },
    ),
    sample(
        "Mutation.announceHandoff",
        Needs::Announce,
        "mutation($input: AnnounceHandoffInput!) { announceHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "pathwayId": named.pathway.to_string(), "unitId": named.unit.to_string(), "need": {} } })
        },
    ),
    sample(
        "Mutation.departHandoff",
        Needs::Handoff(HandoffStep::Depart),
        "mutation($input: MoveHandoffInput!) { departHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[0].to_string() } }),
    ),
    sample(
        "Mutation.arriveHandoff",
        Needs::Handoff(HandoffStep::Arrive),
        "mutation($input: MoveHandoffInput!) { arriveHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[0].to_string() } }),
    ),
    sample(
        "Mutation.confirmTransfer",
        Needs::Handoff(HandoffStep::Confirm),
        "mutation($input: ConfirmTransferInput!) { confirmTransfer(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[0].to_string() } }),
    ),
    sample(
        "Mutation.redirectHandoff",
        Needs::Handoff(HandoffStep::Redirect),
        "mutation($input: RedirectHandoffInput!) { redirectHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[1].to_string(), "reason": "MEDICAL" } }),
    ),
    sample(
        "Mutation.failHandoff",
        Needs::Handoff(HandoffStep::Fail),
        "mutation($input: FailHandoffInput!) { failHandoff(input: $input) { handoff { id } problems { code current { id } } } }",
        |named| json!({ "input": { "handoffId": named.handoffs[2].to_string(), "reason": "NO_SHOW" } }),
    ),
    sample(
        "Query.personDisclosures",
        Needs::Known,
        "query($id: ID!) { personDisclosures(handoffId: $id) { edges { node { id tier purpose entries organization { id } } } } }",
        |named| json!({ "id": named.handoffs[0].to_string() }),
    ),
    sample(
        "Mutation.addHandoffNote",
        Needs::Note(Tier::Identity),
        "mutation($input: AddHandoffNoteInput!) { addHandoffNote(input: $input) { entry { id tier } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "handoffId": named.handoffs[0].to_string(), "tier": "IDENTITY", "identity": { "name": "Amber" } } })
        },
    ),
    sample(
        "Mutation.disclose",
        Needs::Disclose(Tier::Clinical, Purpose::Treatment),
        "mutation($input: DiscloseInput!) { disclose(input: $input) { entries { ... on PlainEntry { id text }
            ... on Part2Entry { id text redisclosureNotice } } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "handoffIds": [named.handoffs[0].to_string()], "tiers": ["CLINICAL"], "purpose": "TREATMENT" } })
        },
    ),
    sample(
        "Mutation.recordConsent",
        Needs::Agree,
        "mutation($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id } problems { code current { id } } } }",
        |named| {
            let agency = named.organization.to_string();
            json!({ "input": { "handoffId": named.handoffs[0].to_string(), "kind": "PEER", "fromId": agency, "toIds": [agency],
                "tiers": ["CLINICAL"], "purposes": ["CARE_COORDINATION"], "signer": "PERSON", "given": "VERBAL",
                "expiresAt": named.later } })
        },
    ),
    sample(
        "Mutation.revokeConsent",
        Needs::Consent,
        "mutation($input: RevokeConsentInput!) { revokeConsent(input: $input) { consent { id } problems { code current { id } } } }",
        |named| json!({ "input": { "consentId": named.consent.to_string() } }),
    ),
    sample(
        "Mutation.saveTeam",
        Needs::Team(Action::SaveTeam),
        "mutation($input: SaveTeamInput!) { saveTeam(input: $input) { team { id } problems { code current { id } } } }",
        |named| {
            json!({ "input": { "id": named.team.to_string(), "label": "Renamed", "serviceId": named.mobile.to_string(),
                "countiesFips": ["12086"] } })
        },
    ),
    sample(
        "Mutation.setTeamStatus",
        Needs::Team(Action::SetTeamStatus),
        "mutation($input: SetTeamStatusInput!) { setTeamStatus(input: $input) { team { id } problems { code current { id } } } }",
        |named| json!({ "input": { "teamId": named.team.to_string(), "status": "AVAILABLE" } }),
    ),
    sample(
        "Mutation.grantRole",
        Needs::Entry(Action::GrantRole),
        "mutation($input: GrantRoleInput!) { grantRole(input: $input) { grant { id } problems { code current { id } } } }",
        |named| json!({ "input": { "subject": named.subject, "role": "PEER", "organizationId": named.organization.to_string() } }),
    ),
    sample(
        "Mutation.revokeGrant",
        Needs::Grant(Action::RevokeGrant),
        "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { grant { id } problems { code current { id } } } }",
        |named| json!({ "input": { "grantId": named.grant.to_string() } }),
    ),
    sample(
        "Subscription.bedsChanged",
        Needs::Known,
        "subscription($filter: BedUnitFilter) { bedsChanged(filter: $filter) { cursor change unitId unit { id } } }",
        |named| json!({ "filter": { "facilityId": named.facility.to_string() } }),
    ),
    sample(
        "Subscription.handoffsChanged",
        Needs::Known,
        "subscription($filter: HandoffsWatched) { handoffsChanged(filter: $filter) { cursor change handoffId handoff { code } } }",
        |named| json!({ "filter": { "unitId": named.unit.to_string() } }),
    ),
    sample("Subscription.events", Needs::Known, "subscription { events { cursor change event { kind nodeId } } }", none),
];
