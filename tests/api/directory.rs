//! Organizations, facilities, services: edited by their own agency, found by everybody of the region.
use super::bed::problems;
use crate::house::{Client, Db, House};
use serde_json::{Value, json};

on_both!(
    an_agency_edits_itself_and_operators_add_agencies,
    facilities_are_their_own_agencys,
    services_are_their_own_agencys_and_stand_in_its_facilities,
    what_another_system_calls_it_is_found_and_the_retired_are_hidden,
    what_another_system_calls_a_unit_a_team_or_a_pathway_is_found,
    a_key_makes_one_entry_however_often_it_is_sent,
);

const ORGANIZATION: &str = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) {
    organization { id version name retired coordinating } problems { code path current { id } } replayed } }";
const FACILITY: &str = "mutation($input: SaveFacilityInput!) { saveFacility(input: $input) {
    facility { id version name city retired organization { id } } problems { code path current { id } } replayed } }";
const SERVICE: &str = "mutation($input: SaveServiceInput!) { saveService(input: $input) {
    service { id version name kind retired facility { id } } problems { code path current { id } } replayed } }";

fn with(base: &Value, fields: Value) -> Value {
    let mut input = base.clone();
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "input": input })
}

async fn names(client: &Client, field: &str) -> Vec<String> {
    let said = client.ask(&format!("{{ {field}(first: 100) {{ edges {{ node {{ name }} }} }} }}"), json!({})).await;
    let edges = said.data(&format!("/{field}/edges")).as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["name"].as_str().unwrap().to_owned()).collect()
}

async fn an_agency_edits_itself_and_operators_add_agencies(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let new = json!({ "name": "Dune Mobile Care", "kind": "CRISIS_PROVIDER" });
    for person in ["agency_admin", "intake", "officer", "council", "analyst"] {
        assert_eq!(house.client(person).ask(ORGANIZATION, with(&new, json!({}))).await.code(), "FORBIDDEN", "{person}");
    }
    let operator = house.client("hub_operator");
    let added = operator.ask(ORGANIZATION, with(&new, json!({}))).await;
    assert_eq!(problems(&added, "saveOrganization"), [""; 0]);
    assert!(names(&house.client("officer"), "organizations").await.contains(&"Dune Mobile Care".to_owned()));

    let far = json!({ "regionId": house.world.far_region.to_string(), "name": "Elm Care" });
    let said = operator.ask(ORGANIZATION, with(&new, far.clone())).await;
    assert_eq!(problems(&said, "saveOrganization"), [""; 0]);
    assert!(names(&house.client("officer-far"), "organizations").await.contains(&"Elm Care".to_owned()));
    assert!(!names(&house.client("officer"), "organizations").await.contains(&"Elm Care".to_owned()));

    let admin = house.client("agency_admin");
    assert_eq!(admin.ask(ORGANIZATION, with(&new, far)).await.code(), "NOT_FOUND", "a region that they do not see");
    let is = json!({ "kind": "TRIBAL", "coveredEntity": true });
    let rename = |id: String| with(&with(&new, is.clone())["input"], json!({ "id": id, "name": "Amber Renamed" }));
    let said = admin.ask(ORGANIZATION, rename(ours.organization.to_string())).await;
    assert_eq!(said.data("/saveOrganization/organization/name"), "Amber Renamed");
    let version = said.data("/saveOrganization/organization/version").clone();
    // Visible, but not theirs; then one of another region, which to them is not there.
    assert_eq!(admin.ask(ORGANIZATION, rename(theirs.organization.to_string())).await.code(), "FORBIDDEN");
    assert_eq!(admin.ask(ORGANIZATION, rename(house.world.far.organization.to_string())).await.code(), "NOT_FOUND");
    assert_eq!(
        admin.ask(ORGANIZATION, rename(ours.facility.to_string())).await.code(),
        "NOT_FOUND",
        "another noun's id"
    );
    assert_eq!(admin.ask(ORGANIZATION, rename("nonsense".into())).await.code(), "NOT_FOUND");

    let stale = with(&rename(ours.organization.to_string())["input"], json!({ "expectedVersion": 1 }));
    let said = admin.ask(ORGANIZATION, stale).await;
    assert_eq!(problems(&said, "saveOrganization"), ["STALE_VERSION"]);
    assert_eq!(said.data("/saveOrganization/problems/0/current/id"), &json!(ours.organization.to_string()));
    let same = with(&rename(ours.organization.to_string())["input"], json!({ "expectedVersion": version }));
    let said = admin.ask(ORGANIZATION, same).await;
    assert_eq!(said.data("/saveOrganization/organization/version"), &version, "nothing new is no new version");
    for bad in [json!({ "name": "" }), json!({ "name": "n".repeat(201) }), json!({ "name": "a\u{7}b" })] {
        assert_eq!(operator.ask(ORGANIZATION, with(&new, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    // What an agency is decides what its staff may be and see: operators alone say so.
    let as_a = |fields: Value| with(&rename(ours.organization.to_string())["input"], fields);
    for fields in [
        json!({ "coordinating": true }),
        json!({ "kind": "HOSPITAL" }),
        json!({ "part2Program": true }),
        json!({ "coveredEntity": false }),
        json!({ "criminalJusticeAgency": true }),
    ] {
        assert_eq!(admin.ask(ORGANIZATION, as_a(fields.clone())).await.code(), "FORBIDDEN", "{fields}");
    }
    let said = operator.ask(ORGANIZATION, as_a(json!({ "coordinating": true }))).await;
    assert_eq!(said.data("/saveOrganization/organization/coordinating"), true);
    house.close().await;
}

async fn facilities_are_their_own_agencys(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let (admin, new) = (house.client("agency_admin"), json!({ "name": "Amber Annex", "timeZone": "America/New_York" }));
    for person in ["intake", "hub_operator", "officer", "council"] {
        assert_eq!(house.client(person).ask(FACILITY, with(&new, json!({}))).await.code(), "FORBIDDEN", "{person}");
    }
    let added = admin.ask(FACILITY, with(&new, json!({}))).await;
    assert_eq!(problems(&added, "saveFacility"), [""; 0]);
    assert_eq!(added.data("/saveFacility/facility/organization/id"), &json!(ours.organization.to_string()));
    let edit = |id: String, fields: Value| with(&with(&new, json!({ "id": id }))["input"], fields);
    let said = admin.ask(FACILITY, edit(ours.facility.to_string(), json!({ "city": "Elsewhere" }))).await;
    assert_eq!(said.data("/saveFacility/facility/city"), "Elsewhere");
    assert_eq!(admin.ask(FACILITY, edit(theirs.facility.to_string(), json!({}))).await.code(), "FORBIDDEN");
    assert_eq!(admin.ask(FACILITY, edit(house.world.far.facility.to_string(), json!({}))).await.code(), "NOT_FOUND");
    let stale = edit(ours.facility.to_string(), json!({ "expectedVersion": 1 }));
    assert_eq!(problems(&admin.ask(FACILITY, stale).await, "saveFacility"), ["STALE_VERSION"]);
    for bad in [
        json!({ "timeZone": "Mars/Olympus" }),
        json!({ "countyFips": "123" }),
        json!({ "point": { "latitude": 91.0, "longitude": 0.0 } }),
        json!({ "directLine": "call me" }),
        json!({ "state": "Florida" }),
        json!({ "name": " " }),
    ] {
        assert_eq!(admin.ask(FACILITY, with(&new, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    assert_eq!(names(&admin, "facilities").await.len(), 3, "refused entries were kept");
    house.close().await;
}

async fn services_are_their_own_agencys_and_stand_in_its_facilities(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let (admin, new) = (house.client("agency_admin"), json!({ "name": "Amber mobile", "kind": "MOBILE" }));
    for person in ["intake", "hub_operator", "line_988"] {
        assert_eq!(house.client(person).ask(SERVICE, with(&new, json!({}))).await.code(), "FORBIDDEN", "{person}");
    }
    let added = admin.ask(SERVICE, with(&new, json!({}))).await;
    assert!(added.data("/saveService/service/facility").is_null(), "a team has no place");
    let placed = admin.ask(SERVICE, with(&new, json!({ "facilityId": ours.facility.to_string() }))).await;
    assert_eq!(placed.data("/saveService/service/facility/id"), &json!(ours.facility.to_string()));
    for facility in [theirs.facility, house.world.far.facility] {
        let said = admin.ask(SERVICE, with(&new, json!({ "facilityId": facility.to_string() }))).await;
        assert_eq!(said.code(), "NOT_FOUND", "another agency's place is none of ours");
    }
    let edit = |id: String, fields: Value| with(&with(&new, json!({ "id": id }))["input"], fields);
    assert_eq!(admin.ask(SERVICE, edit(theirs.service.to_string(), json!({}))).await.code(), "FORBIDDEN");
    assert_eq!(admin.ask(SERVICE, edit(house.world.far.service.to_string(), json!({}))).await.code(), "NOT_FOUND");
    let said = admin.ask(SERVICE, edit(ours.service.to_string(), json!({ "expectedVersion": 9 }))).await;
    assert_eq!(problems(&said, "saveService"), ["STALE_VERSION"]);
    // Found by whose they are, and agencies by what they are.
    house.deliver().await;
    let query = "query($id: ID, $kind: OrganizationKind) { services(organizationId: $id, first: 100) { edges { node { organization { id } } } }
        organizations(kind: $kind, first: 100) { edges { node { kind } } } }";
    let said = admin.ask(query, json!({ "id": ours.organization.to_string(), "kind": "TRIBAL" })).await;
    let (services, agencies) = (said.data("/services/edges"), said.data("/organizations/edges"));
    let owner = json!(ours.organization.to_string());
    assert!(services.as_array().unwrap().iter().all(|edge| edge["node"]["organization"]["id"] == owner));
    assert!(services.as_array().unwrap().len() >= 3 && !agencies.as_array().unwrap().is_empty());
    assert!(agencies.as_array().unwrap().iter().all(|edge| edge["node"]["kind"] == "TRIBAL"), "{agencies:#}");
    for bad in [
        json!({ "ageMin": 121 }),
        json!({ "ageMin": 9, "ageMax": 8 }),
        json!({ "languages": ["english"] }),
        json!({ "languages": vec!["en"; 51] }),
        json!({ "catchmentFips": ["x"] }),
    ] {
        assert_eq!(admin.ask(SERVICE, with(&new, bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    house.close().await;
}

async fn what_another_system_calls_it_is_found_and_the_retired_are_hidden(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let base = json!({ "name": "Amber Annex", "timeZone": "America/New_York" });
    let known = json!({ "system": "hifld", "value": "4711" });
    let added = admin.ask(FACILITY, with(&base, json!({ "externalIds": [known] }))).await;
    let id = added.data("/saveFacility/facility/id").as_str().unwrap().to_owned();
    let query = "query($id: ExternalIdInput!) { facilities(externalId: $id) { edges { node { id externalIds { system value } } } } }";
    let find = async |system: &str, value: &str, person: &str| {
        let wanted = json!({ "id": { "system": system, "value": value } });
        house.client(person).ask(query, wanted).await.data("/facilities/edges").as_array().unwrap().clone()
    };
    let found = find("hifld", "4711", "officer").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["node"], json!({ "id": id, "externalIds": [known] }));
    assert!(find("hifld", "471", "officer").await.is_empty());
    assert!(find("samhsa", "4711", "officer").await.is_empty());
    assert!(find("hifld", "4711", "officer-far").await.is_empty(), "another region's");

    let gone = admin.ask(FACILITY, with(&base, json!({ "id": id, "retire": true }))).await;
    assert_eq!(gone.data("/saveFacility/facility/retired"), true);
    assert!(find("hifld", "4711", "officer").await.is_empty());
    assert!(!names(&admin, "facilities").await.contains(&"Amber Annex".to_owned()));
    let kept =
        admin.ask("query($id: ID!) { node(id: $id) { ... on Facility { retired } } }", json!({ "id": id })).await;
    assert_eq!(kept.data("/node/retired"), true, "kept for references");
    house.close().await;
}

async fn what_another_system_calls_a_unit_a_team_or_a_pathway_is_found(db: Db) {
    let house = House::open(db).await;
    let (admin, ours) = (house.client("agency_admin"), &house.world.agencies[0]);
    let mobile = admin.ask(SERVICE, json!({ "input": { "name": "Amber Mobile", "kind": "MOBILE" } })).await;
    let mobile = mobile.data("/saveService/service/id").clone();
    let service = ours.service.to_string();
    let known = json!({ "system": "cad", "value": "M-7" });
    for (save, field, filter, list, input) in [
        (
            "saveBedUnit",
            "bedUnit",
            "BedUnitFilter",
            "bedUnits",
            json!({ "label": "Amber West", "facilityId": ours.facility.to_string(), "serviceId": service, "licensed": 4, "dropOff": true }),
        ),
        (
            "saveTeam",
            "team",
            "TeamFilter",
            "teams",
            json!({ "label": "Amber Seven", "serviceId": mobile, "countiesFips": ["12086"] }),
        ),
        (
            "savePathway",
            "pathway",
            "PathwayFilter",
            "pathways",
            json!({ "name": "Amber Way", "serviceId": service, "fromRoles": ["OFFICER"], "mode": "ANNOUNCE" }),
        ),
    ] {
        let kind = format!("S{}Input", &save[1..]);
        let adds =
            format!("mutation($input: {kind}!) {{ {save}(input: $input) {{ {field} {{ id }} problems {{ code }} }} }}");
        let added = admin.ask(&adds, with(&input, json!({ "externalIds": [known] }))).await;
        let id = added.data(&format!("/{save}/{field}/id")).clone();
        let query = format!(
            "query($filter: {filter}) {{ {list}(filter: $filter) {{ edges {{ node {{ id externalIds {{ system value }} }} }} }} }}"
        );
        let find = async |system: &str, value: &str, person: &str| {
            let wanted = json!({ "filter": { "externalId": { "system": system, "value": value } } });
            house.client(person).ask(&query, wanted).await.data(&format!("/{list}/edges")).clone()
        };
        assert_eq!(
            find("cad", "M-7", "officer").await,
            json!([{ "node": { "id": id, "externalIds": [known] } }]),
            "{list}"
        );
        for (system, value, person) in
            [("cad", "M-77", "officer"), ("rms", "M-7", "officer"), ("cad", "M-7", "officer-far")]
        {
            assert_eq!(find(system, value, person).await, json!([]), "{list}: {system} {value} {person}");
        }
        let many = admin.ask(&adds, with(&input, json!({ "externalIds": vec![&known; 21] }))).await;
        assert_eq!(many.code(), "BAD_USER_INPUT", "{save}");
    }
    house.close().await;
}

async fn a_key_makes_one_entry_however_often_it_is_sent(db: Db) {
    let house = House::open(db).await;
    let (admin, operator) = (house.client("agency_admin"), house.client("hub_operator"));
    let organization = json!({ "name": "Dune Care", "kind": "HOSPITAL", "idempotencyKey": "k" });
    let facility = json!({ "name": "Annex", "timeZone": "America/New_York", "idempotencyKey": "k" });
    let service = json!({ "name": "Line", "kind": "CALL", "idempotencyKey": "k" });
    for (client, document, field, noun, input) in [
        (&operator, ORGANIZATION, "saveOrganization", "organization", organization),
        (&admin, FACILITY, "saveFacility", "facility", facility),
        (&admin, SERVICE, "saveService", "service", service),
    ] {
        let all = futures_util::future::join_all((0..8).map(|_| client.ask(document, with(&input, json!({}))))).await;
        let ids: std::collections::BTreeSet<_> =
            all.iter().map(|said| said.data(&format!("/{field}/{noun}/id")).to_string()).collect();
        assert_eq!(ids.len(), 1, "{field}: {ids:?}");
        assert!(ids.iter().all(|id| id != "null"));
        let fresh = all.iter().filter(|said| said.data(&format!("/{field}/replayed")) == false).count();
        assert_eq!(fresh, 1, "{field}");
        let said = client.ask(document, with(&input, json!({ "name": "Other" }))).await;
        assert_eq!(problems(&said, field), ["IDEMPOTENCY_CONFLICT"], "{field}");
    }
    house.close().await;
}
