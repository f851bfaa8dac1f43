//! Every limit of one request, each met by a mutation just over it: nothing is executed, and others are served meanwhile.
use super::{REPORT, head, report};
use crate::house::{Answer, Client, Db, House};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

on_both!(
    what_asks_for_more_than_a_limit_executes_nothing,
    a_page_over_the_limit_inside_a_mutation_executes_nothing,
    values_nested_without_end_execute_nothing,
    a_larger_body_is_not_read,
    a_longer_query_string_is_not_read,
    the_standard_introspection_query_passes,
    what_is_answered_from_memory_runs_out_of_time_too,
    a_report_of_many_units_weighs_as_many,
);

async fn post(client: &Client, body: String) -> Answer {
    client.send(client.request(Method::POST).header("content-type", "application/json").body(body)).await
}

fn call(house: &House, selection: &str) -> String {
    let unit = house.world.agencies[0].chairs();
    format!("reportBeds(input: {{ units: [{{ unitId: \"{unit}\", staffed: 5, occupied: 1 }}] }}) {selection}")
}

/// Refused by a code, quickly, with nothing executed, while another client is served.
async fn refused(house: &House, body: String, codes: &[&str], what: &str) {
    let before = head(house).await;
    let (intake, officer) = (house.client("intake"), house.client("officer"));
    let begun = Instant::now();
    let (said, other) = tokio::join!(post(&intake, body), officer.ask("{ viewer { role } }", json!({})));
    assert!(begun.elapsed() < Duration::from_secs(5), "{what} took {:?}", begun.elapsed());
    assert_eq!(other.data("/viewer/role"), "OFFICER", "{what} kept another client waiting");
    assert!(codes.contains(&said.code()), "{what}: {:#}", said.body);
    assert!(said.body.get("data").is_none_or(Value::is_null), "{what}: {:#}", said.body);
    assert_eq!(head(house).await, before, "{what} was executed");
}

fn document(query: &str) -> String {
    json!({ "query": query }).to_string()
}

fn repeated(count: usize, each: impl Fn(usize) -> String) -> String {
    (0..count).map(each).collect::<Vec<_>>().join(" ")
}

/// `f0` spells `f1` twice, and so on: two to the power of `depth` fields.
fn bomb(house: &House, depth: usize) -> String {
    let mut text = "mutation { ...f0 }".to_owned();
    for n in 0..depth {
        let _ = write!(text, " fragment f{n} on Mutation {{ ...f{} ...f{} }}", n + 1, n + 1);
    }
    let _ = write!(text, " fragment f{depth} on Mutation {{ {} }}", call(house, "{ replayed }"));
    text
}

async fn what_asks_for_more_than_a_limit_executes_nothing(db: Db) {
    let house = House::open(db).await;
    let report = |selection: &str| call(&house, selection);
    let depth = |leaf: &str| {
        let inner = "service { facility { bedUnits { ".repeat(2);
        let chain = format!(
            "{{ problems {{ current {{ ... on BedUnit {{ {inner} service {{ facility {leaf} }} {}}} }} }} }}",
            "} } } ".repeat(2)
        );
        format!("mutation {{ {} }}", report(&chain))
    };
    let cycle = format!(
        "mutation {{ {} }} fragment a on BedUnit {{ facility {{ bedUnits {{ ...a }} }} }}",
        report("{ bedUnits { ...a } }")
    );
    let fields = "id asOf receivedAt provenance staffed occupied waitlist accepting pendingDischarge blocked { count }";
    let heavy = repeated(5, |n| format!("a{n}: reports(first: 100) {{ {fields} }}"));
    let heavy = format!("{{ bedUnits {{ {heavy} }} }}");
    let over: [(&str, String); 8] = [
        (
            "16 aliases",
            format!("mutation {{ {} }}", report(&format!("{{ {} }}", repeated(16, |n| format!("a{n}: replayed"))))),
        ),
        ("depth 13", depth("{ organization { id } }")),
        ("11 roots", format!("mutation {{ {} }}", repeated(11, |n| format!("a{n}: {}", report("{ replayed }"))))),
        ("2,001 tokens", format!("mutation {{ {} }}", report(&format!("{{ {} }}", "replayed ".repeat(2_001))))),
        ("complexity", format!("mutation {{ {} }}", report(&heavy))),
        ("a fragment bomb", bomb(&house, 20)),
        (
            "21 directives",
            format!("mutation {{ {} }}", report(&format!("{{ replayed {} }}", "@include(if: true)".repeat(21)))),
        ),
        ("nesting", format!("mutation {{ {} }}", report(&format!("{}{}", "{ bedUnits ".repeat(33), "} ".repeat(33))))),
    ];
    for (what, query) in over {
        refused(&house, document(&query), &["LIMIT_EXCEEDED"], what).await;
        let mut socket = house.client("intake").ws().await;
        assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
        socket.subscribe("a", &query, json!({})).await;
        match socket.next().await {
            Ok(told) => {
                assert_eq!(told["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{what} by socket: {told:#}");
            }
            Err(code) => panic!("{what} closed the socket with {code}"),
        }
    }
    refused(&house, document(&cycle), &["BAD_USER_INPUT", "LIMIT_EXCEEDED"], "a cycle of fragments").await;
    // The oracle: within the limits the same mutations are executed.
    let before = head(&house).await;
    for (what, query) in [
        (
            "15 aliases",
            format!("mutation {{ {} }}", report(&format!("{{ {} }}", repeated(15, |n| format!("a{n}: replayed"))))),
        ),
        ("depth 12", depth("{ id }")),
        ("10 roots", format!("mutation {{ {} }}", repeated(10, |n| format!("a{n}: {}", report("{ replayed }"))))),
    ] {
        let said = post(&house.client("intake"), document(&query)).await;
        assert!(said.body.get("errors").is_none(), "{what}: {:#}", said.body);
    }
    assert_eq!(head(&house).await, before + 12);
    // A unit's place, its units, their place and so on: few characters, and millions of answers.
    let loops = format!(
        "{{ bedUnits {{ edges {{ node {{ {} id {} }} }} }} }}",
        "facility { bedUnits { ".repeat(4),
        "} } ".repeat(4)
    );
    refused(&house, document(&loops), &["LIMIT_EXCEEDED"], "a loop through lists").await;
    let pages = "{ bedUnits(first: 100) { edges { node { reports(first: 100) { id } } } } }";
    refused(&house, document(pages), &["LIMIT_EXCEEDED"], "a list of a hundred under each of a hundred").await;
    house.close().await;
}

async fn a_page_over_the_limit_inside_a_mutation_executes_nothing(db: Db) {
    let house = House::open(db).await;
    let page = |first: &str| format!("{{ bedUnits {{ reports(first: {first}) {{ id }} }} }}");
    let literal = document(&format!("mutation {{ {} }}", call(&house, &page("101"))));
    refused(&house, literal, &["LIMIT_EXCEEDED", "BAD_USER_INPUT"], "a page of 101").await;
    let query = format!("mutation($n: Int!) {{ {} }}", call(&house, &page("$n")));
    let variable = json!({ "query": query, "variables": { "n": 101 } }).to_string();
    refused(&house, variable, &["LIMIT_EXCEEDED", "BAD_USER_INPUT"], "a page of 101 by variable").await;
    house.close().await;
}

async fn values_nested_without_end_execute_nothing(db: Db) {
    let house = House::open(db).await;
    let (open, shut) = ("[".repeat(3_000), "]".repeat(3_000));
    let inline = format!("mutation {{ reportBeds(input: {{ units: {open}1{shut} }}) {{ replayed }} }}");
    refused(&house, document(&inline), &["LIMIT_EXCEEDED"], "3,000 lists in a document").await;
    let (open, shut) = ("{a:".repeat(3_000), "}".repeat(3_000));
    let inline = format!("mutation {{ reportBeds(input: {{ units: {open}1{shut} }}) {{ replayed }} }}");
    refused(&house, document(&inline), &["LIMIT_EXCEEDED"], "3,000 objects in a document").await;
    for (open, shut) in [("[", "]"), ("{\"a\":", "}")] {
        let value = format!("{}1{}", open.repeat(3_000), shut.repeat(3_000));
        let query = serde_json::to_string(REPORT).unwrap();
        let body = format!("{{\"query\":{query},\"variables\":{{\"input\":{value}}}}}");
        refused(&house, body, &["LIMIT_EXCEEDED"], "3,000 levels in a variable").await;
        let body = format!("{{\"query\":{query},\"extensions\":{{\"x\":{value}}}}}");
        refused(&house, body, &["LIMIT_EXCEEDED"], "3,000 levels in extensions").await;
    }
    // Types in variable definitions, and unclosed brackets.
    let types = format!("mutation($a: {}Int{}) {{ __typename }}", "[".repeat(3_000), "]".repeat(3_000));
    refused(&house, document(&types), &["LIMIT_EXCEEDED", "BAD_USER_INPUT"], "3,000 levels of a type").await;
    refused(&house, document(&"{a".repeat(3_000)), &["LIMIT_EXCEEDED", "BAD_USER_INPUT"], "3,000 open brackets").await;
    house.close().await;
}

async fn a_larger_body_is_not_read(db: Db) {
    let house = House::open(db).await;
    let mut body = json!({ "query": REPORT, "variables": report(&house) }).to_string();
    let most = house.config.limits.body_bytes_max;
    assert_eq!(most, 100 * 1024);
    body.push_str(&" ".repeat(most - body.len()));
    let before = head(&house).await;
    assert_eq!(post(&house.client("intake"), body.clone()).await.status, 200, "just within");
    assert_eq!(head(&house).await, before + 1);
    body.push_str(&" ".repeat(1024));
    refused(&house, body.clone(), &["PAYLOAD_TOO_LARGE"], "101 KiB").await;
    assert_eq!(post(&house.client("intake"), body).await.status, 413);
    house.close().await;
}

async fn a_longer_query_string_is_not_read(db: Db) {
    let house = House::with(db, |config| config.limits.body_bytes_max = 2_000).await;
    let client = house.client("intake");
    let query = |pad: usize| format!("{{ viewer {{ role }} }} # {}", "x".repeat(pad));
    assert_eq!(client.send(client.get(&[("query", &query(1_900))])).await.data("/viewer/role"), "INTAKE");
    let said = client.send(client.get(&[("query", &query(2_000))])).await;
    assert_eq!((said.status, said.code()), (413, "PAYLOAD_TOO_LARGE"));
    house.close().await;
}

async fn what_is_answered_from_memory_runs_out_of_time_too(db: Db) {
    let house = House::with(db, |config| config.limits.query_seconds = 0).await;
    let facility = house.world.agencies[0].facility.to_string();
    let query =
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Facility { bedUnits(first: 3) { facility { id } } } } }";
    let said = house.client("intake").ask(query, json!({ "ids": vec![facility; 100] })).await;
    assert_eq!((said.status, said.code()), (503, "UNAVAILABLE"), "{:#}", said.body);
}

async fn a_report_of_many_units_weighs_as_many(db: Db) {
    let house = House::open(db).await;
    let unit = house.world.agencies[0].chairs().to_string();
    let fields =
        "id version label shownAs freshness net asOf facility { id name } service { id name } organization { id name }
        reports(first: 5) { id asOf }";
    let query =
        format!("mutation($input: ReportBedsInput!) {{ reportBeds(input: $input) {{ bedUnits {{ {fields} }} }} }}");
    let lines =
        |n: usize| json!({ "input": { "units": vec![json!({ "unitId": unit, "staffed": 5, "occupied": 1 }); n] } });
    let body = json!({ "query": query, "variables": lines(200) }).to_string();
    refused(&house, body, &["LIMIT_EXCEEDED"], "200 wide units").await;
    house.client("intake").ask(&query, lines(1)).await.data("");
    // A place has a page of units, and says no more of them.
    let facility = json!({ "id": house.world.agencies[0].facility.to_string() });
    let units = |first: &str| {
        format!("query($id: ID!) {{ node(id: $id) {{ ... on Facility {{ bedUnits{first} {{ id }} }} }} }}")
    };
    let ask = async |first: &str| house.client("intake").ask(&units(first), facility.clone()).await;
    assert_eq!(ask("").await.data("/node/bedUnits").as_array().unwrap().len(), 3);
    assert_eq!(ask("(first: 2)").await.data("/node/bedUnits").as_array().unwrap().len(), 2);
    assert_eq!(
        (ask("(first: 101)").await.code(), ask("(first: -1)").await.code()),
        ("LIMIT_EXCEEDED", "LIMIT_EXCEEDED")
    );
    house.close().await;
}

async fn the_standard_introspection_query_passes(db: Db) {
    let house = House::open(db).await;
    let script = "import('graphql').then(graphql => process.stdout.write(graphql.getIntrospectionQuery(
        { specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true })))";
    let query = super::clients::node(&["-e", script], &[]).await;
    assert!(query.status.success(), "{query:?}");
    let said = house.client("officer").ask(&String::from_utf8(query.stdout).unwrap(), json!({})).await;
    let types = said.data("/__schema/types").as_array().unwrap();
    assert!(types.iter().any(|kind| kind["name"] == "BedUnit"), "{} types", types.len());
    house.close().await;
}
