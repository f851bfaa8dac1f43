//! What a grant stands on: the claim that made it, the agency it is at, the application it comes through.
use super::bed::problems;
use super::grant::{application, mapped, role, someone};
use crate::forge::Key;
use crate::house::{Client, Db, House};
use crisis_hub::domain::role::Role;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

on_both!(
    what_a_claim_gave_ends_with_the_claim,
    a_role_is_held_where_it_fits,
    of_an_applications_grants_the_users_own_agencys_counts,
    what_may_be_done_to_a_grant_is_what_can_be_done,
);

const SAVE: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code } } }";
const GRANT: &str = "mutation($input: GrantRoleInput!) { grantRole(input: $input) {
    grant { id } problems { code path } } }";

async fn agency(house: &House, kind: &str, value: &str) -> String {
    let input = json!({ "name": value, "kind": kind, "externalIds": [{ "system": "registry", "value": value }] });
    let said = house.client("hub_operator").ask(SAVE, json!({ "input": input })).await;
    said.data("/saveOrganization/organization/id").as_str().unwrap().to_owned()
}

async fn what_a_claim_gave_ends_with_the_claim(db: Db) {
    let key = Key::new("mapped", Algorithm::ES256);
    let house = House::with(db, mapped(&key)).await;
    agency(&house, "CRISIS_PROVIDER", "dune").await;
    let nurse = json!({ "job": "nurse", "agency": "dune" });
    assert_eq!(role(&someone(&house, &key, "nora", nurse.clone())).await, "INTAKE");
    house.deliver().await;
    for less in
        [json!({}), json!({ "job": "nurse" }), json!({ "agency": "dune" }), json!({ "job": "king", "agency": "dune" })]
    {
        assert!(role(&someone(&house, &key, "nora", less.clone())).await.is_null(), "{less}");
    }
    assert_eq!(role(&someone(&house, &key, "nora", nurse)).await, "INTAKE");
    house.close().await;
}

async fn a_role_is_held_where_it_fits(db: Db) {
    let key = Key::new("mapped", Algorithm::ES256);
    let house = House::with(db, mapped(&key)).await;
    let (operator, police) = (house.client("hub_operator"), agency(&house, "LAW_ENFORCEMENT", "dune").await);
    let grant =
        |subject: &str, role: &str| json!({ "input": { "subject": subject, "role": role, "organizationId": police } });
    for role in ["OFFICER", "AGENCY_ADMIN", "DISPATCHER"] {
        let said = operator.ask(GRANT, grant(&format!("new-{role}"), role)).await;
        assert_eq!(problems(&said, "grantRole"), [""; 0], "{role}");
    }
    house.deliver().await;
    for person in ["hub_operator", "new-AGENCY_ADMIN"] {
        for role in ["INTAKE", "LINE_988", "MOBILE_TEAM", "EMERGENCY_DEPARTMENT", "PEER", "ADVOCATE"] {
            let said = house.client(person).ask(GRANT, grant("climber", role)).await;
            assert_eq!(problems(&said, "grantRole"), ["ROLE_DOES_NOT_FIT"], "{person} {role}");
            assert_eq!(said.data("/grantRole/problems/0/path"), &json!(["role"]));
        }
    }
    assert!(role(&house.client("climber")).await.is_null());
    // A claim that cannot be true here gives nothing either.
    let nurse = someone(&house, &key, "nora", json!({ "job": "nurse", "agency": "dune" }));
    assert!(role(&nurse).await.is_null());
    let chief = someone(&house, &key, "cole", json!({ "job": "chief", "agency": "dune" }));
    assert_eq!(role(&chief).await, "AGENCY_ADMIN");
    house.close().await;
}

async fn of_an_applications_grants_the_users_own_agencys_counts(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    for organization in [house.world.far.organization, theirs.organization, ours.organization] {
        application(&house, "ehr", Role::Intake, organization).await;
    }
    house.deliver().await;
    let through = |person: &str| {
        Client::new(house.address, Some(house.draft(person).claim("client_id", json!("ehr")).sign(&house.key)))
    };
    for (person, agency) in [("intake", &ours), ("intake-2", &theirs), ("intake-far", &house.world.far)] {
        let said = through(person).ask(super::bed::REPORT, super::bed::numbers(agency.chairs(), 5, 1)).await;
        assert_eq!(problems(&said, "reportBeds"), [""; 0], "{person}");
    }
    house.close().await;
}

async fn what_may_be_done_to_a_grant_is_what_can_be_done(db: Db) {
    let house = House::open(db).await;
    let ours = house.world.agencies[0].organization;
    let (peer, chief) =
        (house.grant("nora", Role::Peer, ours).await.id, house.grant("chief", Role::HubOperator, ours).await.id);
    house.deliver().await;
    let query = "query($action: Action!, $id: ID!) { viewer { may(action: $action, id: $id) { yes reason } } }";
    let may = async |person: &str, action: &str, id: String| {
        let said = house.client(person).ask(query, json!({ "action": action, "id": id })).await;
        (said.data("/viewer/may/yes").clone(), said.data("/viewer/may/reason").as_str().unwrap().to_owned())
    };
    for (person, action, id, yes) in [
        ("agency_admin", "REVOKE_GRANT", peer, true),
        ("agency_admin", "READ_GRANTS", peer, true),
        ("agency_admin", "REVOKE_GRANT", chief, false),
        ("agency_admin", "GRANT_ROLE", chief, false),
        ("hub_operator", "REVOKE_GRANT", chief, true),
        ("nora", "READ_GRANTS", peer, true),
        ("nora", "REVOKE_GRANT", peer, false),
        ("agency_admin-2", "REVOKE_GRANT", peer, false),
    ] {
        let (said, reason) = may(person, action, id.to_string()).await;
        assert_eq!(said, Value::Bool(yes), "{person} {action}: {reason}");
    }
    let hidden = may("agency_admin-2", "REVOKE_GRANT", peer.to_string()).await.1;
    assert!(hidden.contains("visible"), "{hidden}");
    house.close().await;
}
