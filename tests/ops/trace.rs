//! One id for a request's errors, its log lines and its spans; and nothing of anybody in any of them.
use crate::house::program::Program;
use crate::house::traffic::until;
use crate::house::{Client, Db, House};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What a collector was sent.
type Collected = Arc<Mutex<Vec<Span>>>;

async fn collect(State(collected): State<Collected>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let spans = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|s| s.spans);
    collected.lock().unwrap().extend(spans);
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_has_one_trace_in_its_errors_its_log_and_its_spans() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";
    const CANARY: &str = "canary-of-somebody";
    let collected = Collected::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sink = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/traces", axum::routing::post(collect)).with_state(collected.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });

    let mut house = House::open(Db::Sqlite).await;
    let mut program = Program::of(&mut house).await;
    program.variables = vec![("HUB_OTLP_ENDPOINT", sink), ("HUB_LOG", "info,crisis_hub=debug".into())];
    program.start().await;
    let intake = Client::new(program.address, Some(house.token_of_today("intake")));
    let ask = |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables }).to_string();
        intake.request(reqwest::Method::POST).header("content-type", "application/json").body(body)
    };
    let query = "query($after: String) { viewer { role } bedUnits(after: $after) { edges { node { id label } } } }";
    let request = ask(query, json!({ "after": CANARY })).header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let said = intake.send(request).await;
    assert_eq!(said.body["errors"][0]["extensions"]["traceId"], TRACE, "{:#}", said.body);
    let fresh = intake.send(ask("{ nothing }", json!({}))).await;
    let fresh = fresh.body["errors"][0]["extensions"]["traceId"].as_str().unwrap().to_owned();
    assert!(fresh.len() == 32 && fresh != TRACE, "{fresh}");
    let mut socket = intake.ws().await;
    assert_eq!(socket.next().await.unwrap()["type"], "connection_ack");
    socket.subscribe("a", "{ viewer { role } }", json!({})).await;
    assert_eq!(socket.next().await.unwrap()["type"], "next");
    drop(socket);
    // What is still held is sent when the program ends.
    program.stop().await;

    let spans = collected.lock().unwrap().clone();
    let of = |trace: &str| spans.iter().filter(|span| hex(&span.trace_id) == trace).cloned().collect::<Vec<_>>();
    let mine = of(TRACE);
    let request = mine.iter().find(|span| span.name == "request").unwrap_or_else(|| panic!("{spans:#?}"));
    assert_eq!(hex(&request.parent_span_id), PARENT);
    let mut verbs: Vec<&str> =
        mine.iter().filter(|span| span.parent_span_id == request.span_id).map(|span| &*span.name).collect();
    verbs.sort_unstable();
    assert_eq!(verbs, ["bedUnits", "viewer"]);
    assert_eq!(of(&fresh).iter().filter(|span| span.name == "request").count(), 1, "{spans:#?}");
    assert!(spans.iter().any(|span| span.name == "operation"), "an operation on a socket has a span");
    let told = format!("{spans:?}");
    for secret in [CANARY, "after", "intake", "bed_unit_", "grant_"] {
        assert!(!told.contains(secret), "{secret} was exported: {told}");
    }

    let words = program.words();
    let lines: Vec<Value> = words.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let line = |trace: &str| lines.iter().find(|line| line["spans"][0]["trace"] == trace);
    let line = line(TRACE).unwrap_or_else(|| panic!("no line of this trace:\n{words}"));
    assert_eq!((&line["message"], &line["status"]), (&json!("answered"), &json!(200)));
    assert!(!words.contains(CANARY), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_the_trace_is_the_callers_and_nothing_leaves() {
    let house = House::open(Db::Sqlite).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = house.client("intake").request(reqwest::Method::POST).header("content-type", "application/json");
    let request = request.header("traceparent", format!("00-{trace}-b7ad6b7169203331-00")).body(r#"{"query":"{ x }"}"#);
    let said = house.client("intake").send(request).await;
    assert_eq!(said.body["errors"][0]["extensions"]["traceId"], trace);
    // A collector that is away costs nobody anything.
    let mut house = house;
    let mut program = Program::of(&mut house).await;
    program.variables = vec![("HUB_OTLP_ENDPOINT", format!("http://{}", crate::house::program::free_address()))];
    program.start().await;
    let intake = Client::new(program.address, Some(house.token_of_today("intake")));
    until("it answers", async || intake.ask("{ viewer { role } }", json!({})).await.status == 200).await;
    program.stop().await;
}
