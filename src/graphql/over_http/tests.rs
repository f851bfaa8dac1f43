//! The audits of the npm package graphql-http 1.23.1, each by its id, and what they do not ask.
use super::{Answer, Fault, Media, Source, answer, negotiate, read_get, read_post};
use crate::graphql::guard::Documents;
use crate::graphql::{limits::Limits, operations};
use async_graphql::{Object, Result, Schema, ServerError, Subscription};
use axum::http::Method;
use futures_util::{Stream, stream};
use serde_json::{Value, json};

struct Query;
#[Object]
impl Query {
    async fn twice(&self, n: i32) -> i32 {
        n * 2
    }
    async fn fails(&self) -> Option<Result<i32>> {
        Some(Err("the disk /dev/sda1 is full".into()))
    }
}
struct Mutation;
#[Object]
impl Mutation {
    async fn act(&self) -> bool {
        true
    }
}
struct Ticks;
#[Subscription]
impl Ticks {
    async fn tick(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2])
    }
}

const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

/// A request as an audit sends it.
#[derive(Clone, Copy)]
struct Ask<'a> {
    method: &'a Method,
    accept: Option<&'a str>,
    content_type: Option<&'a str>,
    sent: &'a str,
}

/// The whole door in a few lines, as `http` will wire it.
async fn serve(ask: Ask<'_>) -> Answer {
    let limits = Limits::default();
    let Some(media) = negotiate(ask.accept) else {
        return Fault::not_acceptable().answer(Media::Json, "t-1", &limits);
    };
    let ready = match *ask.method {
        Method::GET => read_get(ask.sent, &limits),
        _ => read_post(ask.content_type, ask.sent.as_bytes(), &limits),
    };
    let ready = ready.and_then(|incoming| incoming.check(&limits, &Documents::default()));
    match ready.and_then(|ready| ready.admit(ask.method, media).map(|()| ready)) {
        Ok(ready) => {
            let schema = Schema::build(Query, Mutation, Ticks).finish();
            answer(media, schema.execute(ready.request()).await, "t-1", &limits)
        }
        Err(fault) => fault.answer(media, "t-1", &limits),
    }
}

async fn post(accept: Option<&str>, body: &str) -> (u16, &'static str, Value) {
    let ask = Ask { method: &Method::POST, accept, content_type: Some(JSON), sent: body };
    unpack(&serve(ask).await)
}

async fn get(accept: Option<&str>, query: &[(&str, &str)]) -> (u16, &'static str, Value) {
    let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    unpack(&serve(Ask { method: &Method::GET, accept, content_type: None, sent: &sent }).await)
}

fn unpack(answer: &Answer) -> (u16, &'static str, Value) {
    let body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    for error in body["errors"].as_array().into_iter().flatten() {
        assert!(error["message"].is_string() && error["extensions"]["code"].is_string(), "{body}");
        assert_eq!(error["extensions"]["traceId"], "t-1");
    }
    (answer.status.as_u16(), answer.content_type, body)
}

const TYPENAME: &str = r#"{"query":"{ __typename }"}"#;
const NAMED: &str =
    r#"{"query":"query Type($name: String!) { __type(name: $name) { name } }","variables":{"name":"sometype"}}"#;

#[tokio::test]
async fn audits_of_media_types_and_encodings() {
    for (audit, accept, said) in [
        ("22EB", Some(GRAPHQL), GRAPHQL),
        ("4655", Some(JSON), JSON),
        ("47DE", Some("*/*"), JSON),
        ("80D8 82A3 78D5 2C94 03D4", None, JSON),
        ("34A2", Some(GRAPHQL), GRAPHQL),
    ] {
        let (status, content_type, body) = post(accept, TYPENAME).await;
        assert_eq!((status, &body), (200, &json!({"data": {"__typename": "Query"}})), "{audit}");
        assert!(content_type.starts_with(said) && content_type.ends_with("charset=utf-8"), "{audit}");
    }
    let emoji = r#"{"query":"{ __type(name: \"Run🏃Swim🏊\") { name } }"}"#;
    let ask =
        Ask { method: &Method::POST, accept: None, content_type: Some("application/json; charset=utf-8"), sent: emoji };
    assert_eq!(serve(ask).await.status.as_u16(), 200, "BF61");
    assert_eq!(serve(Ask { content_type: Some("text/plain;charset=UTF-8"), ..ask }).await.status.as_u16(), 415, "9ABE");
    assert_eq!(get(None, &[("query", "{ __typename }")]).await.0, 200, "5A70");
    assert_eq!(get(Some(GRAPHQL), &[("query", "mutation { __typename }")]).await.0, 405, "9C48");
}

#[tokio::test]
async fn audits_of_parameters() {
    for accept in [None, Some(JSON), Some(GRAPHQL)] {
        for (audit, body) in [
            ("A5BF", ""),
            ("423L", r#"{"notquery":"{ __typename }"}"#),
            ("8764 3E3A", r#"{"qeury":"{ __typename }"}"#),
            ("B6DC BCF8 B7N8", r#"{ "not a JSON"#),
        ] {
            assert_eq!(post(accept, body).await.0, 400, "{audit}");
        }
        // LKJ0-3, 6C00-3, 4760-3, 58B0-3
        let wrong = [json!({"obj": "ect"}), json!(0), json!(false), json!(["array"]), json!("string")];
        for (parameter, wrong) in ["query", "operationName", "variables", "extensions"]
            .into_iter()
            .flat_map(|name| wrong.iter().map(move |wrong| (name, wrong)))
        {
            let text = matches!(parameter, "query" | "operationName");
            if !(text && wrong.is_string() || !text && wrong.is_object()) {
                let mut body = json!({"query": "{ __typename }"});
                body[parameter] = wrong.clone();
                let (status, _, answered) = post(accept, &body.to_string()).await;
                assert_eq!(status, 400, "{body}");
                assert!(answered.get("data").is_none(), "{body}");
            }
        }
        for (audit, body) in [
            ("13EE", TYPENAME),
            ("8161 B8B3", r#"{"operationName":"Query","query":"query Query { __typename }"}"#),
            ("94B0 0220", r#"{"query":"{ __typename }","variables":null}"#),
            ("94B1 0221", r#"{"query":"{ __typename }","operationName":null}"#),
            ("94B2 0222", r#"{"query":"{ __typename }","extensions":null}"#),
            ("2EA1 28B9", NAMED),
            ("428F 1B7A", r#"{"query":"{ __typename }","extensions":{"some":"value"}}"#),
        ] {
            let (status, _, body) = post(accept, body).await;
            assert_eq!((status, body.get("errors")), (200, None), "{audit} {body}");
        }
        let query = "query Type($name: String!) { __type(name: $name) { name } }";
        let (status, _, body) = get(accept, &[("query", query), ("variables", r#"{"name":"sometype"}"#)]).await;
        assert_eq!((status, body.get("errors")), (200, None), "D6D5 6A70");
    }
}

#[tokio::test]
async fn audits_of_failures_and_their_statuses() {
    for (audit, body) in [
        ("572B 865D 556A D586", r#"{"query":"{"}"#),
        ("FDE2 51FE 74FF 5E5B", r#"{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}"#),
        ("7B9B 86EE", r#"{"query":"query CoerceFailure($id: ID!){ __typename }","variables":{"id":null}}"#),
        ("unknown field", r#"{"query":"{ nothing }"}"#),
        ("wrong type", r#"{"query":"query($n: Int!) { twice(n: $n) }","variables":{"n":"x"}}"#),
        ("limit", r#"{"query":"{ twice(n: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]) }"}"#),
    ] {
        for (accept, expected) in [(JSON, 200), (GRAPHQL, 400)] {
            let (status, _, body) = post(Some(accept), body).await;
            assert_eq!((status, body.get("data")), (expected, None), "{audit} {body}");
            let code = if audit == "limit" { "LIMIT_EXCEEDED" } else { "BAD_USER_INPUT" };
            assert_eq!(body["errors"][0]["extensions"]["code"], code, "{audit} {body}");
        }
    }
}

#[tokio::test]
async fn a_field_error_keeps_the_data_and_an_unforeseen_one_says_nothing_of_us() {
    for accept in [JSON, GRAPHQL] {
        let (status, _, body) = post(Some(accept), r#"{"query":"{ twice(n: 4) fails }"}"#).await;
        assert_eq!((status, &body["data"]), (200, &json!({"twice": 8, "fails": null})));
        assert_eq!(
            (&body["errors"][0]["message"], &body["errors"][0]["path"]),
            (&json!("internal error"), &json!(["fails"]))
        );
        assert_eq!(body["errors"][0]["extensions"]["code"], "INTERNAL");
    }
    let limits = Limits { errors_max: 2, ..Limits::default() };
    let many = async_graphql::Response::from_errors(vec![ServerError::new("x".repeat(9_999), None); 50]);
    let body = super::payload(many, "t-1", &limits);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["errors"].as_array().unwrap().len(), 2);
    assert!(body.len() < 1_000);
}

#[tokio::test]
async fn a_method_or_a_media_type_that_cannot_carry_the_operation_is_refused() {
    let sent = "query=mutation+M+%7B+act+%7D+query+Q+%7B+fails+%7D&operationName=M";
    for accept in [None, Some(GRAPHQL), Some("text/event-stream")] {
        let refused = serve(Ask { method: &Method::GET, accept, content_type: None, sent }).await;
        assert_eq!((refused.status.as_u16(), refused.allow), (405, Some("POST")));
    }
    let (status, _, body) = get(None, &[("query", "subscription { tick }")]).await;
    assert!(status == 400 && body["errors"][0]["message"].as_str().unwrap().contains("text/event-stream"));
    assert_eq!(post(Some("text/html"), TYPENAME).await.0, 406);
    for content_type in [
        None,
        Some("text/plain"),
        Some("multipart/form-data; boundary=b"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=latin1"),
    ] {
        let refused = serve(Ask { method: &Method::POST, accept: None, content_type, sent: TYPENAME }).await;
        assert_eq!(refused.status.as_u16(), 415, "{content_type:?}");
    }
}

#[tokio::test]
async fn a_stream_says_one_result_and_ends() {
    for (body, says) in
        [(TYPENAME, r#""data":{"__typename":"Query"}"#), (r#"{"query":"{"}"#, r#""code":"BAD_USER_INPUT""#)]
    {
        let ask =
            Ask { method: &Method::POST, accept: Some("text/event-stream"), content_type: Some(JSON), sent: body };
        let answer = serve(ask).await;
        let text = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 200 && answer.content_type.starts_with("text/event-stream"));
        assert!(
            text.starts_with("event: next\ndata: {") && text.ends_with("}\n\nevent: complete\ndata: \n\n"),
            "{text}"
        );
        assert!(text.contains(says), "{text}");
    }
    // What never became a request is answered plainly.
    let ask = Ask { method: &Method::POST, accept: Some("text/event-stream"), content_type: Some(JSON), sent: "[]" };
    let answer = serve(ask).await;
    assert!(answer.status == 400 && answer.content_type.starts_with(JSON));
}

#[test]
fn a_request_is_read_strictly() {
    let limits = Limits::default();
    let refused = |body: &str| {
        let fault = read_post(Some(JSON), body.as_bytes(), &limits).unwrap_err();
        (fault.code(), fault.message().to_owned())
    };
    for (body, says) in [
        ("[{\"query\":\"{a}\"}]", "batches"),
        ("\"{a}\"", "must be a JSON object"),
        ("{\"query\":\"{a}\",\"query\":\"{b}\"}", "`query` is there twice"),
        ("{\"query\":\"{a}\",\"variables\":{\"v\":{\"k\":1,\"k\":2}}}", "`k` is there twice"),
        ("{\"query\":\"{a}\"} {}", "trailing"),
        ("{\"query\":\"{a}\",\"variables\":{\"v\":1e999}}", "range"),
        ("{\"query\":\"{a}\",\"documentId\":\"sha256:0\"}", "not both"),
        ("{\"documentId\":\"sha256:0\"}", "64 lower-case"),
        ("{\"documentId\":7}", "must be a string"),
    ] {
        let (code, message) = refused(body);
        assert!(code == "BAD_USER_INPUT" && message.contains(says), "{body}: {message}");
    }
    let nested = |levels: usize| {
        format!("{{\"query\":\"{{a}}\",\"variables\":{{\"v\":{}{}}}}}", "[".repeat(levels), "]".repeat(levels))
    };
    read_post(Some(JSON), nested(16).as_bytes(), &limits).unwrap();
    for levels in [17, 120, 40_000] {
        assert_eq!(refused(&nested(levels)).0, "LIMIT_EXCEEDED");
    }
    let deep = nested(40_000);
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    assert!(
        small
            .spawn(move || read_post(Some(JSON), deep.as_bytes(), &Limits::default()).is_err())
            .unwrap()
            .join()
            .unwrap()
    );
    let long = |bytes: usize| format!("{{\"query\":\"{}\"}}", "a".repeat(bytes - 12));
    read_post(Some(JSON), long(102_400).as_bytes(), &limits).unwrap();
    let fault = read_post(Some(JSON), long(102_401).as_bytes(), &limits).unwrap_err();
    assert_eq!(fault.clone().answer(Media::Json, "t", &limits).status.as_u16(), 413);
    assert_eq!(fault.code(), "PAYLOAD_TOO_LARGE");

    let read = read_get("query=%7Ba%7D&variables=&operationName=&cache=1", &limits).unwrap();
    assert_eq!((read.source, read.operation_name), (Source::Text("{a}".to_owned()), None));
    for sent in [
        "",
        "query=a&query=b",
        "query=a&variables=%5B%5D",
        "query=a&variables=1",
        "variables=%7B%7D",
        "documentId=sha256:xyz",
    ] {
        assert_eq!(read_get(sent, &limits).unwrap_err().code(), "BAD_USER_INPUT", "{sent}");
    }
    let deep = format!("query=a&variables={{\"v\":{}{}}}", "[".repeat(17), "]".repeat(17));
    assert_eq!(read_get(&deep, &limits).unwrap_err().code(), "LIMIT_EXCEEDED");
}

#[test]
fn a_trusted_document_is_asked_for_by_its_id() {
    let limits = Limits::default();
    let (id, _) = operations::all().find(|(_, operation)| operation.name == "bed_board").unwrap();
    let ready = read_get(&format!("documentId={id}&variables=%7B%22first%22%3A3%7D"), &limits)
        .unwrap()
        .check(&limits, &Documents::default());
    assert!(ready.unwrap().complexity > 3 * 8);
    let unknown = format!("{{\"documentId\":\"sha256:{}\"}}", "0".repeat(64));
    let fault =
        read_post(Some(JSON), unknown.as_bytes(), &limits).unwrap().check(&limits, &Documents::default()).unwrap_err();
    assert!(fault.message().contains("no trusted document"));
    assert_eq!(fault.answer(Media::Json, "t-1", &limits).status.as_u16(), 400);
}
