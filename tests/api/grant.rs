//! Grants: who gives which, whom claims admit, and that a revoked one is revoked now.
use super::bed::{REPORT, numbers, problems};
use crate::forge::{Key, key_set};
use crate::house::{AUDIENCE, Client, Db, House, ISSUER};
use crisis_hub::app::console;
use crisis_hub::app::grant::{GrantRole, grant_role};
use crisis_hub::clock::Clock;
use crisis_hub::config::Config;
use crisis_hub::domain::grant::{Grant, HolderKind, Principal};
use crisis_hub::domain::id::OrganizationId;
use crisis_hub::domain::role::Role;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

on_both!(
    administrators_grant_within_their_agency_and_operators_anywhere,
    the_same_grant_twice_and_one_in_the_past_are_refused,
    a_grant_ends_when_it_says,
    a_revoked_grant_is_revoked_now_and_for_good,
    claims_that_are_mapped_admit_once_and_others_give_nothing,
    an_application_narrows_whoever_asks_through_it,
    a_token_that_only_reads_changes_nothing,
    the_holder_of_two_grants_chooses_one,
);

const GRANT: &str = "mutation($input: GrantRoleInput!) { grantRole(input: $input) {
    grant { id version role subject holder origin until revokedAt } problems { code current { id } } replayed } }";
const REVOKE: &str = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) {
    grant { id revokedAt } problems { code } } }";
const ME: &str = "{ viewer { role readOnly organization { id } grant { id origin } } bedUnits { edges { cursor } } }";

pub async fn revoke(client: &Client, id: impl ToString) {
    let said = client.ask(REVOKE, json!({ "input": { "grantId": id.to_string() } })).await;
    assert!(said.data("/revokeGrant/grant/revokedAt").is_string(), "{:#}", said.body);
}

pub async fn role(client: &Client) -> Value {
    client.ask("{ viewer { role } }", json!({})).await.data("/viewer/role").clone()
}

async fn administrators_grant_within_their_agency_and_operators_anywhere(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let grant = |subject: &str, role: &str, at: OrganizationId| json!({ "input": { "subject": subject, "role": role, "organizationId": at.to_string() } });
    let admin = house.client("agency_admin");
    for role in [
        "OFFICER",
        "DISPATCHER",
        "EMS",
        "EMERGENCY_DEPARTMENT",
        "INTAKE",
        "MOBILE_TEAM",
        "LINE_988",
        "PEER",
        "ADVOCATE",
        "AGENCY_ADMIN",
    ] {
        let said = admin.ask(GRANT, grant(&format!("new-{role}"), role, ours.organization)).await;
        assert_eq!(problems(&said, "grantRole"), [""; 0], "{role}");
        assert_eq!(said.data("/grantRole/grant/origin"), "ADMIN");
        assert_eq!(self::role(&house.client(&format!("new-{role}"))).await, role);
    }
    for role in ["HUB_OPERATOR", "COUNCIL", "ANALYST"] {
        let said = admin.ask(GRANT, grant("climber", role, ours.organization)).await;
        assert_eq!(said.code(), "FORBIDDEN", "{role}");
    }
    let mut application = grant("climber", "INTAKE", ours.organization);
    application["input"]["holder"] = json!("APPLICATION");
    assert_eq!(admin.ask(GRANT, application.clone()).await.code(), "FORBIDDEN");
    assert_eq!(admin.ask(GRANT, grant("climber", "INTAKE", theirs.organization)).await.code(), "FORBIDDEN");
    assert_eq!(admin.ask(GRANT, grant("climber", "INTAKE", house.world.far.organization)).await.code(), "NOT_FOUND");
    for person in ["intake", "council", "analyst", "officer", "peer"] {
        let said = house.client(person).ask(GRANT, grant("climber", "INTAKE", ours.organization)).await;
        assert_eq!(said.code(), "FORBIDDEN", "{person}");
    }
    assert!(role(&house.client("climber")).await.is_null(), "a refused grant was made");
    let operator = house.client("hub_operator");
    for input in [
        grant("climber", "COUNCIL", theirs.organization),
        grant("far-away", "INTAKE", house.world.far.organization),
        application,
    ] {
        assert_eq!(problems(&operator.ask(GRANT, input).await, "grantRole"), [""; 0]);
    }
    // Whose grants one sees: the agency's, all, one's own.
    let count = async |person: &str| {
        house
            .client(person)
            .ask("{ grants(first: 100) { edges { node { id } } } }", json!({}))
            .await
            .data("/grants/edges")
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count("agency_admin").await, count("intake").await, count("council").await), (13 + 10 + 1, 1, 1));
    assert_eq!(count("hub_operator").await, 39 + 10 + 3);
    // And whose one revokes.
    let theirs = house.grant("victim", Role::Intake, theirs.organization).await.id.to_string();
    house.deliver().await;
    for person in ["agency_admin", "agency_admin-far", "intake", "officer-2"] {
        let said = house.client(person).ask(REVOKE, json!({ "input": { "grantId": theirs } })).await;
        assert_eq!(said.code(), "NOT_FOUND", "{person} does not see it");
    }
    let operators = house.grant("chief", Role::HubOperator, ours.organization).await.id.to_string();
    let said = admin.ask(REVOKE, json!({ "input": { "grantId": operators } })).await;
    assert_eq!(said.code(), "FORBIDDEN", "an agency's administrator does not unseat an operator");
    revoke(&house.client("agency_admin-2"), theirs).await;
    house.close().await;
}

async fn the_same_grant_twice_and_one_in_the_past_are_refused(db: Db) {
    let house = House::open(db).await;
    let admin = house.client("agency_admin");
    let input = |fields: Value| {
        let mut input = json!({ "subject": "nora", "role": "PEER" });
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "input": input })
    };
    let at = |minutes: i64| house.clock.now().plus_minutes(minutes).to_string();
    for bad in [
        json!({ "until": at(-1) }),
        json!({ "until": at(11 * 366 * 24 * 60) }),
        json!({ "until": "2026-03-01T09:00:00" }),
        json!({ "subject": "" }),
        json!({ "subject": "s".repeat(256) }),
        json!({ "issuer": "" }),
        json!({ "role": "KING" }),
    ] {
        assert_eq!(admin.ask(GRANT, input(bad.clone())).await.code(), "BAD_USER_INPUT", "{bad}");
    }
    let keyed = json!({ "idempotencyKey": "k" });
    let all = futures_util::future::join_all((0..8).map(|_| admin.ask(GRANT, input(keyed.clone())))).await;
    let id = all[0].data("/grantRole/grant/id").clone();
    assert!(id.is_string());
    assert!(all.iter().all(|said| *said.data("/grantRole/grant/id") == id), "one grant");
    assert_eq!(all.iter().filter(|said| said.data("/grantRole/replayed") == false).count(), 1);
    let said = admin.ask(GRANT, input(json!({}))).await;
    assert_eq!(problems(&said, "grantRole"), ["ALREADY_GRANTED"]);
    assert_eq!(said.data("/grantRole/problems/0/current/id"), &id);
    let said = admin.ask(GRANT, input(json!({ "role": "INTAKE", "idempotencyKey": "k" }))).await;
    assert_eq!(problems(&said, "grantRole"), ["IDEMPOTENCY_CONFLICT"]);
    let racing = (0..8).map(|_| admin.ask(GRANT, json!({ "input": { "subject": "otto", "role": "PEER" } })));
    let made = futures_util::future::join_all(racing)
        .await
        .iter()
        .filter(|said| problems(said, "grantRole").is_empty())
        .count();
    assert_eq!(made, 1, "of eight at once, one makes it");
    house.close().await;
}

async fn a_grant_ends_when_it_says(db: Db) {
    let house = House::open(db).await;
    let until = house.clock.now().plus_minutes(30).to_string();
    let input = json!({ "input": { "subject": "temp", "role": "INTAKE", "until": until } });
    assert_eq!(problems(&house.client("agency_admin").ask(GRANT, input).await, "grantRole"), [""; 0]);
    let temp = house.client("temp");
    assert_eq!(role(&temp).await, "INTAKE");
    let mut socket = temp.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    house.clock.advance(31);
    assert_eq!(socket.closed().await.0, 4401);
    assert!(role(&temp).await.is_null());
    assert_eq!(temp.ask(REPORT, numbers(house.world.agencies[0].chairs(), 1, 0)).await.code(), "UNAUTHENTICATED");
    house.close().await;
}

async fn a_revoked_grant_is_revoked_now_and_for_good(db: Db) {
    let mut house = House::open(db).await;
    let id = house.grant("nora", Role::Intake, house.world.agencies[0].organization).await.id;
    let (nora, unit) = (house.client("nora"), house.world.agencies[0].chairs());
    assert_eq!(problems(&nora.ask(REPORT, numbers(unit, 5, 1)).await, "reportBeds"), [""; 0]);
    revoke(&house.client("agency_admin"), id).await;
    // Without waiting for the feed: at once.
    let read = nora.ask("{ bedUnits { edges { cursor } } }", json!({})).await;
    assert_eq!((read.code(), &read.body["data"]["bedUnits"]), ("UNAUTHENTICATED", &Value::Null));
    assert!(role(&nora).await.is_null());
    assert_eq!(nora.ask(REPORT, numbers(unit, 5, 2)).await.code(), "UNAUTHENTICATED");
    assert_eq!(super::bed::unit(&house.client("intake"), unit).await["net"], 4, "the write was not taken");
    // Again is no error and no event.
    house.deliver().await;
    let head = house.hub().board().now().number();
    revoke(&house.client("agency_admin"), id).await;
    house.deliver().await;
    assert_eq!(house.hub().board().now().number(), head);
    let (node, address) = house.neighbor().await;
    let elsewhere = Client::new(address, nora.token.clone());
    assert!(role(&elsewhere).await.is_null(), "another node knows it too");
    drop(node);
    house.restart().await;
    assert!(role(&house.client("nora")).await.is_null(), "and so does a node that begins again");
    assert_eq!(role(&house.client("intake")).await, "INTAKE");
    house.close().await;
}

/// An issuer that maps claims and scopes.
pub fn mapped(key: &Key) -> impl FnOnce(&mut Config) + use<> {
    let set: Value = serde_json::from_str(&key_set(&[key])).unwrap();
    move |config| {
        let issuer = json!({ "issuer": "https://mapped.invalid", "audience": AUDIENCE, "algorithms": ["ES256"],
            "keys": { "jwks": set },
            "claims": { "role": "job", "organization": "agency", "roles": { "nurse": "INTAKE", "chief": "AGENCY_ADMIN" },
                "organizations": { "dune": "registry:dune" } },
            "scopes": { "read": "hub.read", "write": "hub.write" } });
        config.issuers.push(serde_json::from_value(issuer).unwrap());
    }
}

/// Somebody with a token of that issuer.
pub fn someone(house: &House, key: &Key, subject: &str, claims: Value) -> Client {
    let now = house.clock.now().micros() / 1_000_000;
    let mut draft = crate::forge::Draft::good("https://mapped.invalid", AUDIENCE, key, now)
        .claim("sub", json!(subject))
        .claim("scope", json!("hub.read hub.write"));
    for (name, value) in claims.as_object().unwrap() {
        draft = draft.claim(name, value.clone());
    }
    Client::new(house.address, Some(draft.sign(key)))
}

async fn claims_that_are_mapped_admit_once_and_others_give_nothing(db: Db) {
    let key = Key::new("mapped", Algorithm::ES256);
    let house = House::with(db, mapped(&key)).await;
    let save = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { organization { id } problems { code } } }";
    let dune = json!({ "name": "Dune", "kind": "CRISIS_PROVIDER", "externalIds": [{ "system": "registry", "value": "dune" }] });
    let operator = house.client("hub_operator");
    let said = operator.ask(save, json!({ "input": dune })).await;
    let organization = said.data("/saveOrganization/organization/id").clone();
    for (subject, claims) in [
        ("a", json!({})),
        ("b", json!({ "job": "nurse" })),
        ("c", json!({ "agency": "dune" })),
        ("d", json!({ "job": "king", "agency": "dune" })),
        ("e", json!({ "job": "nurse", "agency": "elsewhere" })),
        ("f", json!({ "job": "INTAKE", "agency": "registry:dune" })),
        ("g", json!({ "job": "HUB_OPERATOR", "agency": "dune" })),
        ("h", json!({ "role": "nurse", "organization": "dune" })),
    ] {
        assert!(role(&someone(&house, &key, subject, claims.clone())).await.is_null(), "{claims} gave something");
    }
    let nurse = json!({ "job": "nurse", "agency": "dune" });
    let nora = someone(&house, &key, "nora", nurse.clone());
    let all = futures_util::future::join_all((0..8).map(|_| nora.ask(ME, json!({})))).await;
    for me in &all {
        assert_eq!((me.data("/viewer/role"), me.data("/viewer/organization/id")), (&json!("INTAKE"), &organization));
        assert_eq!(me.data("/viewer/grant/origin"), "CLAIM");
    }
    let id = all[0].data("/viewer/grant/id").clone();
    assert!(all.iter().all(|me| *me.data("/viewer/grant/id") == id), "admitted once");
    // What the issuer once said no longer stands for it, and says nothing more either.
    let chief = someone(&house, &key, "nora", json!({ "job": "chief", "agency": "dune" }));
    assert!(role(&chief).await.is_null());
    assert_eq!(role(&nora).await, "INTAKE");
    revoke(&operator, id.as_str().unwrap()).await;
    for claims in [nurse, json!({ "job": "chief", "agency": "dune" })] {
        let again = someone(&house, &key, "nora", claims);
        assert!(role(&again).await.is_null(), "revoked stays revoked, whatever the claims say");
        assert_eq!(again.ask(REPORT, numbers(house.world.agencies[0].chairs(), 1, 0)).await.code(), "UNAUTHENTICATED");
    }
    house.close().await;
}

pub async fn application(house: &House, client: &str, role: Role, organization: OrganizationId) -> Grant {
    let principal = Principal { issuer: ISSUER.into(), subject: client.into(), kind: HolderKind::Application };
    let input = GrantRole { principal, role, organization: Some(organization), until: None, keyed: None };
    grant_role(house.hub(), &console::viewer(), input).await.unwrap().changed.unwrap()
}

async fn an_application_narrows_whoever_asks_through_it(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    application(&house, "cad", Role::Officer, ours.organization).await;
    application(&house, "ehr", Role::Intake, ours.organization).await;
    application(&house, "ehr-2", Role::Intake, theirs.organization).await;
    application(&house, "far", Role::Intake, house.world.far.organization).await;
    let ended = application(&house, "old", Role::Intake, ours.organization).await;
    house.deliver().await;
    revoke(&house.client("hub_operator"), ended.id).await;
    let through = |person: &str, client: &str| {
        Client::new(house.address, Some(house.draft(person).claim("client_id", json!(client)).sign(&house.key)))
    };
    let seen = async |client: &Client| {
        let said = client.ask("{ bedUnits { edges { node { id net } } } }", json!({})).await;
        said.body["data"]["bedUnits"]["edges"].as_array().map_or(0, Vec::len)
    };
    let report = numbers(ours.chairs(), 5, 1);
    // Unknown applications are no more than a name: the person alone counts.
    assert_eq!(seen(&through("intake", "unheard-of")).await, 6);
    assert_eq!(problems(&through("intake", "ehr").ask(REPORT, report.clone()).await, "reportBeds"), [""; 0]);
    // An application never does more than its own grant...
    let cad = through("intake", "cad");
    assert_eq!(seen(&cad).await, 2, "the dispatch system is shown drop-off units alone");
    assert_eq!(cad.ask(REPORT, report.clone()).await.code(), "FORBIDDEN");
    let unit = super::bed::unit(&cad, ours.chairs()).await;
    assert_eq!((&unit["shownAs"], &unit["net"], &unit["report"]), (&json!("AVAILABLE"), &Value::Null, &Value::Null));
    assert_eq!(
        through("intake", "ehr-2").ask(REPORT, report.clone()).await.code(),
        "FORBIDDEN",
        "another agency's system"
    );
    // ... nor more than its user.
    assert_eq!(through("officer", "ehr").ask(REPORT, report.clone()).await.code(), "FORBIDDEN");
    assert_eq!(seen(&through("officer", "ehr")).await, 2);
    assert_eq!(seen(&through("peer", "cad")).await, 0, "public units and drop-off units have none in common");
    for client in ["far", "old"] {
        let nobody = through("intake", client);
        assert!(role(&nobody).await.is_null(), "{client}");
        assert_eq!(nobody.ask(REPORT, report.clone()).await.code(), "UNAUTHENTICATED", "{client}");
    }
    // On its own account it is its grant.
    let own = Client::new(house.address, Some(house.draft("ehr").claim("client_id", json!("ehr")).sign(&house.key)));
    assert_eq!(role(&own).await, "INTAKE");
    assert_eq!(problems(&own.ask(REPORT, report).await, "reportBeds"), [""; 0]);
    house.close().await;
}

async fn a_token_that_only_reads_changes_nothing(db: Db) {
    let key = Key::new("mapped", Algorithm::ES256);
    let house = House::with(db, mapped(&key)).await;
    let principal =
        Principal { issuer: "https://mapped.invalid".into(), subject: "nora".into(), kind: HolderKind::Person };
    let input = GrantRole {
        principal,
        role: Role::Intake,
        organization: Some(house.world.agencies[0].organization),
        until: None,
        keyed: None,
    };
    grant_role(house.hub(), &console::viewer(), input).await.unwrap();
    house.deliver().await;
    let with = |scope: Value| someone(&house, &key, "nora", json!({ "scope": scope }));
    let report = numbers(house.world.agencies[0].chairs(), 5, 1);
    let reader = with(json!("openid hub.read"));
    let me = reader.ask(ME, json!({})).await;
    assert_eq!((me.data("/viewer/readOnly"), me.data("/viewer/role")), (&json!(true), &json!("INTAKE")));
    assert_eq!(me.data("/bedUnits/edges").as_array().unwrap().len(), 6);
    assert_eq!(reader.ask(REPORT, report.clone()).await.code(), "FORBIDDEN");
    let may = reader.ask("{ viewer { may(action: REPORT_BEDS) { yes } } }", json!({})).await;
    assert_eq!(may.data("/viewer/may/yes"), false);
    assert_eq!(problems(&with(json!("hub.write hub.read")).ask(REPORT, report.clone()).await, "reportBeds"), [""; 0]);
    for scope in [json!(""), json!("hub.write"), json!("hub.readx"), Value::Null, json!("HUB.READ")] {
        let said = with(scope.clone()).ask(ME, json!({})).await;
        assert_eq!((said.status, said.code()), (401, "UNAUTHENTICATED"), "{scope}");
    }
    house.close().await;
}

async fn the_holder_of_two_grants_chooses_one(db: Db) {
    let house = House::open(db).await;
    let [ours, theirs] = house.world.agencies.clone();
    let one = house.grant("nora", Role::Intake, ours.organization).await;
    let two = house.grant("nora", Role::Peer, theirs.organization).await;
    let stranger = house.grant("otto", Role::HubOperator, theirs.organization).await;
    house.deliver().await;
    let nora = house.client("nora");
    let acting = async |grant: Option<String>| {
        let request = nora.request(reqwest::Method::POST).header("content-type", "application/json");
        let request = match grant {
            Some(grant) => request.header("crisis-hub-grant", grant),
            None => request,
        };
        nora.send(request.body(json!({ "query": "{ viewer { role } }" }).to_string())).await
    };
    assert_eq!(acting(None).await.data("/viewer/role"), "INTAKE", "the oldest");
    assert_eq!(acting(Some(one.id.to_string())).await.data("/viewer/role"), "INTAKE");
    assert_eq!(acting(Some(two.id.to_string())).await.data("/viewer/role"), "PEER");
    assert!(acting(Some(stranger.id.to_string())).await.data("/viewer").is_null(), "another's grant is nobody's");
    assert_eq!(acting(Some("nonsense".into())).await.status, 400);
    house.close().await;
}
