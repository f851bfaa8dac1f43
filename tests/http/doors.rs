//! Which requests are taken at all.
use super::{REPORT, head, report};
use crate::house::{Answer, Client, Db, House, Ws};
use reqwest::Method;
use serde_json::{Value, json};

on_both!(
    queries_come_by_get_and_mutations_do_not,
    a_form_of_another_site_executes_nothing,
    pages_of_other_origins_are_refused,
    what_cannot_be_answered_as_asked_is_refused,
    too_many_requests_are_told_when_to_come_back,
    trusted_documents_are_asked_for_by_their_hash,
);

async fn get(client: &Client, pairs: &[(&str, &str)]) -> Answer {
    client.send(client.get(pairs)).await
}

async fn queries_come_by_get_and_mutations_do_not(db: Db) {
    let house = House::open(db).await;
    let (intake, before) = (house.client("intake"), head(&house).await);
    let said = get(&intake, &[("query", "{ viewer { role } }")]).await;
    assert_eq!((said.status, said.data("/viewer/role")), (200, &json!("INTAKE")));
    let query = "query($id: ID!) { node(id: $id) { id } }";
    let variables = json!({ "id": house.world.agencies[0].facility.to_string() }).to_string();
    let said = get(&intake, &[("query", query), ("variables", &variables)]).await;
    assert!(said.data("/node/id").is_string(), "GET takes variables");
    let said = get(&intake, &[("query", REPORT), ("variables", &report(&house).to_string())]).await;
    assert_eq!((said.status, said.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert_eq!(said.code(), "BAD_USER_INPUT");
    let two = format!("query A {{ viewer {{ role }} }} {}", REPORT.replacen("mutation", "mutation B", 1));
    let said =
        get(&intake, &[("query", &two), ("operationName", "B"), ("variables", &report(&house).to_string())]).await;
    assert_eq!(said.status, 405);
    assert_eq!(head(&house).await, before, "a mutation by GET was executed");
    // The oracle: the same by POST is.
    intake.ask(REPORT, report(&house)).await.data("");
    assert_eq!(head(&house).await, before + 1);
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        assert_eq!(intake.send(intake.request(method)).await.status, 405);
    }
    house.close().await;
}

async fn a_form_of_another_site_executes_nothing(db: Db) {
    let house = House::open(db).await;
    let (intake, before) = (house.client("intake"), head(&house).await);
    let body = json!({ "query": REPORT, "variables": report(&house) }).to_string();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", REPORT)
        .append_pair("variables", &report(&house).to_string())
        .finish();
    let parts = format!("--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{body}\r\n--x--\r\n");
    for (kind, body) in [
        (Some("text/plain"), body.clone()),
        (Some("text/plain;charset=UTF-8"), body.clone()),
        (Some("application/x-www-form-urlencoded"), form),
        (Some("multipart/form-data; boundary=x"), parts),
        (Some("application/graphql"), REPORT.to_owned()),
        (Some("application/json; charset=utf-16"), body.clone()),
        (Some("application/jsonx"), body.clone()),
        (None, body.clone()),
    ] {
        let request = intake.request(Method::POST).body(body);
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        let said = intake.send(request).await;
        assert_eq!((said.status, said.code()), (415, "BAD_USER_INPUT"), "{kind:?}: {:#}", said.body);
    }
    let post = async |body: String| {
        intake.send(intake.request(Method::POST).header("content-type", "application/json").body(body)).await
    };
    for bad in [
        format!("[{body}]"),
        format!("[{body},{body}]"),
        "[]".into(),
        "null".into(),
        "1".into(),
        String::new(),
        "{".into(),
        format!("{body}{body}"),
        json!({ "variables": {} }).to_string(),
        json!({ "query": 1 }).to_string(),
        json!({ "query": REPORT, "variables": [] }).to_string(),
        json!({ "query": REPORT, "operationName": "Other", "variables": report(&house) }).to_string(),
        json!({ "query": "mutation { reportBeds" }).to_string(),
        json!({ "query": "" }).to_string(),
    ] {
        let said = post(bad.clone()).await;
        assert!([400, 200].contains(&said.status), "{bad}: {}", said.status);
        assert_eq!(said.code(), "BAD_USER_INPUT", "{bad}");
        assert!(said.body.get("data").is_none_or(Value::is_null), "{bad}");
        assert!(said.body["errors"][0]["extensions"]["traceId"].is_string());
    }
    assert_eq!(head(&house).await, before, "something was executed");
    house.close().await;
}

async fn pages_of_other_origins_are_refused(db: Db) {
    let house = House::with(db, |config| config.origins = vec!["https://board.example".into()]).await;
    let (intake, before) = (house.client("intake"), head(&house).await);
    let body = json!({ "query": REPORT, "variables": report(&house) }).to_string();
    let post = |origin: String| {
        intake
            .request(Method::POST)
            .header("content-type", "application/json")
            .header("origin", origin)
            .body(body.clone())
    };
    let own = format!("http://{}", house.address);
    let evil = [
        "https://evil.example",
        "null",
        "http://board.example",
        "https://board.example.evil.example",
        "https://board.example:444",
    ];
    for origin in evil {
        let said = intake.send(post(origin.into())).await;
        assert_eq!((said.status, said.code()), (403, "FORBIDDEN"), "{origin}");
        let said = intake.send(intake.get(&[("query", "{ viewer { role } }")]).header("origin", origin)).await;
        assert_eq!(said.status, 403, "{origin}");
        let said = intake.send(intake.request(Method::OPTIONS).header("origin", origin)).await;
        assert!(!said.headers.contains_key("access-control-allow-origin"), "{origin}");
        let refused = Ws::try_raw(house.address, &[("origin", origin)]).await;
        assert!(refused.err().unwrap().to_string().contains("403"), "{origin}");
    }
    assert_eq!(head(&house).await, before, "another origin's page executed something");
    for origin in [own.as_str(), "https://board.example"] {
        let forger = Client::new(house.address, Some("x.y.z".into()));
        let answers = [
            intake.send(post(origin.into())).await,
            forger.send(forger.get(&[("query", "{ viewer { role } }")]).header("origin", origin)).await,
            intake.send(intake.get(&[("query", "{")]).header("origin", origin).header("accept", "text/html")).await,
        ];
        assert_eq!(answers.each_ref().map(|said| said.status), [200, 401, 406], "{origin}");
        for said in answers {
            assert_eq!(said.headers["access-control-allow-origin"], origin);
            assert_eq!(said.headers["access-control-expose-headers"], "retry-after");
            assert_eq!(said.headers["vary"], "origin");
        }
        assert!(Ws::try_raw(house.address, &[("origin", origin)]).await.is_ok(), "{origin}");
    }
    let said = intake.send(intake.request(Method::OPTIONS).header("origin", "https://board.example")).await;
    assert_eq!(said.headers["access-control-allow-origin"], "https://board.example");
    assert!(!said.headers.contains_key("access-control-allow-credentials"), "tokens travel in headers, not cookies");
    house.close().await;
}

async fn what_cannot_be_answered_as_asked_is_refused(db: Db) {
    let house = House::open(db).await;
    let (intake, before) = (house.client("intake"), head(&house).await);
    let post = async |accept: &str, query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = intake.request(Method::POST).header("content-type", "application/json").header("accept", accept);
        intake.send(request.body(body)).await
    };
    for accept in ["text/html", "application/xml", "application/json;q=0", "image/*"] {
        let said = post(accept, REPORT, report(&house)).await;
        assert_eq!((said.status, said.code()), (406, "BAD_USER_INPUT"), "{accept}");
    }
    assert_eq!(head(&house).await, before, "a request that could not be answered was executed");
    for (accept, kind) in [
        ("application/graphql-response+json", "application/graphql-response+json; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let said = post(accept, "{ viewer { role } }", json!({})).await;
        assert_eq!((said.status, said.headers["content-type"].to_str().unwrap()), (200, kind));
        assert_eq!(said.headers["cache-control"], "no-store");
        let wrong = post(accept, "{ nothingOfThisName }", json!({})).await;
        let status = if accept == "application/graphql-response+json" { 400 } else { 200 };
        assert_eq!((wrong.status, wrong.code()), (status, "BAD_USER_INPUT"), "{accept}");
    }
    let said = post("application/json", "subscription { events { cursor } }", json!({})).await;
    assert_eq!((said.status, said.code()), (400, "BAD_USER_INPUT"));
    house.close().await;
}

async fn too_many_requests_are_told_when_to_come_back(db: Db) {
    let house = House::with(db, |config| {
        config.rates.person_per_minute = 20;
        config.rates.stranger_per_minute = 10;
    })
    .await;
    let (intake, before) = (house.client("intake"), head(&house).await);
    let all = futures_util::future::join_all((0..60).map(|_| intake.ask(REPORT, report(&house)))).await;
    let (served, refused): (Vec<_>, Vec<_>) = all.iter().partition(|said| said.status == 200);
    assert!((20..=25).contains(&served.len()), "{} were served", served.len());
    for said in &refused {
        assert_eq!((said.status, said.code()), (429, "RATE_LIMITED"));
        let seconds: u64 = said.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds));
    }
    assert!(head(&house).await - before <= i64::try_from(served.len()).unwrap(), "a refused request was executed");
    assert_eq!(
        house.client("officer").ask("{ viewer { role } }", json!({})).await.status,
        200,
        "another user is unaffected"
    );
    let mut socket = intake.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", "{ viewer { role } }", json!({})).await;
    let said = socket.next().await.unwrap();
    assert_eq!((&said["type"], &said["payload"][0]["extensions"]["code"]), (&json!("error"), &json!("RATE_LIMITED")));
    // Guessing at tokens is counted by address.
    let forger = Client::new(house.address, Some("x.y.z".into()));
    let all = futures_util::future::join_all((0..30).map(|_| forger.ask("{ viewer { role } }", json!({})))).await;
    assert!(all.iter().any(|said| said.status == 429) && all.iter().any(|said| said.status == 401));
    // A colleague behind the same address, whose token the hub has never seen.
    assert_eq!(house.client("advocate").ask("{ viewer { role } }", json!({})).await.status, 200);
}

async fn trusted_documents_are_asked_for_by_their_hash(db: Db) {
    let house = House::open(db).await;
    let client = house.client("intake");
    let ask = async |body: Value| {
        client
            .send(client.request(Method::POST).header("content-type", "application/json").body(body.to_string()))
            .await
    };
    let mut documents = crisis_hub::graphql::operations::all();
    let (id, _) = documents.find(|(_, document)| document.name == "bed_board").expect("the board's document");
    let said = ask(json!({ "documentId": id })).await;
    assert_eq!((said.status, said.data("/bedUnits/edges").as_array().unwrap().len()), (200, 6));
    for bad in [
        json!({ "documentId": format!("sha256:{}", "0".repeat(64)) }),
        json!({ "documentId": "x" }),
        json!({ "documentId": id, "query": "{ viewer { role } }" }),
    ] {
        let said = ask(bad.clone()).await;
        assert_eq!((said.status, said.code()), (400, "BAD_USER_INPUT"), "{bad}");
    }
    house.close().await;
}
