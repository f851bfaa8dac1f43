//! One sample document for each root field, about an agency's own things.
use crate::house::House;
use crate::house::traffic::{places, reports, staff};
use crisis_hub::app::bed;
use crisis_hub::app::hold::{self, HoldBed};
use crisis_hub::app::notice::{self, PostNotice};
use crisis_hub::app::poll::{self, Asked, RequestBedUpdate};
use crisis_hub::clock::Clock;
use crisis_hub::domain::id::{
    BedHoldId, BedUnitId, BedUpdateRequestId, FacilityId, GrantId, NoticeId, NounId, OrganizationId, PathwayId,
    RegionId, ServiceId, TeamId,
};
use crisis_hub::domain::notice::{Address, NoticeSeverity, NoticeTerms, NoticeWords};
use crisis_hub::domain::poll::Ask;
use crisis_hub::domain::role::Role;
use crisis_hub::policy::rules::Action;
use serde_json::{Value, json};

/// Whose things the samples name.
pub struct Named {
    pub region: RegionId,
    pub organization: OrganizationId,
    pub facility: FacilityId,
    pub service: ServiceId,
    pub pathway: PathwayId,
    pub unit: BedUnitId,
    pub hold: BedHoldId,
    pub arriving: BedHoldId,
    pub mobile: ServiceId,
    pub team: TeamId,
    pub grant: GrantId,
    /// Posted by the agency.
    pub notice: NoticeId,
    /// Posted by another agency, which asks for an acknowledgement.
    pub asking: NoticeId,
    /// Made by the agency, of a unit that takes drop-offs and one that is open to the public.
    pub request: BedUpdateRequestId,
    pub subject: String,
    pub later: String,
}

/// An id that differs from a row's in its last bit: it sorts as the row's own, and no row has it.
pub fn beside<I: NounId>(id: I) -> I {
    I::of(uuid::Uuid::from_u128(id.key().as_u128() ^ 1))
}

/// A notice to the whole region that asks for acknowledgements.
async fn post(house: &House, person: &str) -> NoticeId {
    let now = house.clock.now();
    let terms = NoticeTerms {
        severity: NoticeSeverity::Warning,
        address: Address::default(),
        starts_at: now,
        ends_at: now.plus_minutes(60),
        acknowledge: true,
        drill: false,
    };
    let words = NoticeWords { headline: "Amber".into(), text: "Amber".into() };
    let input = PostNotice { words, terms, keyed: None };
    let posted = notice::post(house.hub(), &staff(house.hub(), person), input).await.unwrap();
    posted.changed.unwrap().notice().id
}

impl Named {
    /// The first agency's, with a grant made for the occasion.
    pub async fn ours(house: &House, subject: &str) -> Self {
        let agency = &house.world.agencies[0];
        let grant = house.grant(subject, Role::Peer, agency.organization).await;
        let told = [post(house, "agency_admin").await, post(house, "agency_admin-2").await];
        let ask = Ask { answer_minutes: 30, note: Some("Amber".into()), drill: false };
        let of = Asked::Units(vec![agency.chairs(), agency.guest()]);
        let asked = RequestBedUpdate { of, ask, keyed: None };
        let asked = poll::request(house.hub(), &staff(house.hub(), "agency_admin"), asked).await.unwrap();
        let intake = staff(house.hub(), "intake");
        bed::report(house.hub(), &intake, reports(&[agency.chairs()], || places(40))).await.unwrap();
        let hold = async || {
            let new = HoldBed { unit: agency.chairs(), minutes: None, need: None, keyed: None };
            hold::place(house.hub(), &intake, new).await.unwrap().changed.unwrap().hold().id
        };
        let (hold, arriving) = (hold().await, hold().await);
        let team = house.team(agency, &format!("Amber team of {subject}")).await;
        house.deliver().await;
        Self {
            region: house.world.region,
            organization: agency.organization,
            facility: agency.facility,
            service: agency.service,
            pathway: house.pathway(agency, &format!("Amber pathway of {subject}")).await,
            unit: agency.chairs(),
            hold,
            arriving,
            mobile: house.mobile(agency).await,
            team,
            grant: grant.id,
            notice: told[0],
            asking: told[1],
            request: asked.changed.unwrap().request().id,
            subject: format!("new-{subject}"),
            later: house.clock.now().plus_minutes(60).to_string(),
        }
    }

    /// The same request about what is not there.
    pub fn absent(&self) -> Self {
        Self {
            region: beside(self.region),
            organization: beside(self.organization),
            facility: beside(self.facility),
            service: beside(self.service),
            pathway: beside(self.pathway),
            unit: beside(self.unit),
            hold: beside(self.hold),
            arriving: beside(self.arriving),
            mobile: beside(self.mobile),
            team: beside(self.team),
            grant: beside(self.grant),
            notice: beside(self.notice),
            asking: beside(self.asking),
            request: beside(self.request),
            subject: self.subject.clone(),
            later: self.later.clone(),
        }
    }

    fn all(&self) -> Vec<String> {
        vec![
            self.region.to_string(),
            self.organization.to_string(),
            self.facility.to_string(),
            self.service.to_string(),
            self.pathway.to_string(),
            self.unit.to_string(),
            self.hold.to_string(),
            self.team.to_string(),
            self.grant.to_string(),
            self.notice.to_string(),
            self.asking.to_string(),
            self.request.to_string(),
        ]
    }
}

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

const fn sample(field: &'static str, needs: Needs, document: &'static str, variables: fn(&Named) -> Value) -> Sample {
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
        ... on Organization { id name } ... on Facility { id name } ... on Service { id name } ... on Pathway { id name } ... on BedUnit { id label shownAs } ... on Team { id label status }
        ... on Notice { id headline } ... on BedUpdateRequest { id note } } }",
        |named| json!({ "of": [
            { "__typename": "Organization", "id": named.organization.to_string() },
            { "__typename": "Facility", "id": named.facility.to_string() },
            { "__typename": "Service", "id": named.service.to_string() },
            { "__typename": "Pathway", "id": named.pathway.to_string() },
            { "__typename": "BedUnit", "id": named.unit.to_string() },
            { "__typename": "Team", "id": named.team.to_string() },
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
        |named| json!({ "input": { "units": [{ "unitId": named.unit.to_string(), "staffed": 90, "occupied": 1 }] } }),
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
            json!({ "input": { "id": named.service.to_string(), "name": "Amber Two", "kind": "RECEIVING_23H",
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
    sample("Subscription.events", Needs::Known, "subscription { events { cursor change event { kind nodeId } } }", none),
];
