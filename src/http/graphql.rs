//! `/graphql`: by POST, by GET, as a stream of Server-Sent Events, and by upgrade to a WebSocket.
use super::door::Door;
use super::gateway::{BAD_GRANT, NotSignedIn, chosen};
use super::listener::Peer;
use super::origin;
use super::rates::Held;
use super::trace::Trace;
use crate::graphql::Operation;
use crate::graphql::over_http::{self, Answer, Fault, Incoming, Media, negotiate};
use crate::graphql::seen::Asking;
use crate::graphql::socket::{GRANT, Hello};
use crate::graphql::tables::Served;
use crate::policy::Viewer;
use async_graphql::parser::types::OperationType;
use axum::body::{Body, Bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;
use uuid::Uuid;

/// Silence after which a stream sends a comment, so that proxies keep it.
const COMMENT_AFTER: Duration = Duration::from_secs(12);

/// What is known of a request before it is read.
struct Asked {
    media: Media,
    trace: Arc<str>,
    viewer: Viewer,
    authorization: Option<String>,
}

pub(super) async fn post(State(door): State<Door>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = match admit(&door, &parts, peer).await {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let limits = &door.0.limits;
    let most = limits.body_bytes_max;
    let wait = Duration::from_secs(limits.body_seconds);
    let read = tokio::time::timeout(wait, axum::body::to_bytes(body, most)).await;
    // What was not read of the body lies in the connection: whoever asks next asks on another.
    let unread = !matches!(read, Ok(Ok(_))) && parts.version <= Version::HTTP_11;
    let read = match read {
        Ok(Ok(body)) => over_http::read_post(text(&parts.headers, header::CONTENT_TYPE), &body, limits),
        Ok(Err(_)) => {
            let message = format!("the body has at most {most} bytes: send less in one request");
            Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message))
        }
        Err(_) => {
            let message = format!("the body did not come within {} s: send it again", limits.body_seconds);
            Err(Fault::new(StatusCode::REQUEST_TIMEOUT, "BAD_USER_INPUT", message))
        }
    };
    let mut response = run(&door, asked, Method::POST, read).await;
    if unread {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

pub(super) async fn get(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let (mut parts, _) = request.into_parts();
    if wants_socket(&parts.headers) {
        return upgrade(&door, peer, &mut parts).await;
    }
    let asked = match admit(&door, &parts, peer).await {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let read = over_http::read_get(query.as_deref().unwrap_or(""), &door.0.limits);
    run(&door, asked, Method::GET, read).await
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Other upgrades are declined by answering the request as it is (RFC 9110, 7.8).
fn wants_socket(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::UPGRADE).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("websocket"))
}

fn grant(headers: &HeaderMap) -> Option<&str> {
    headers.get(GRANT).map(|value| value.to_str().unwrap_or_default())
}

/// What is sent as a bearer: bytes that are no text are a bad token, not none.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default())
}

fn trace(parts: &Parts) -> Arc<str> {
    parts.extensions.get::<Trace>().map_or_else(|| "none".into(), |trace| trace.0.clone())
}

async fn admit(door: &Door, parts: &Parts, peer: Peer) -> Result<Asked, Box<Response>> {
    let (headers, trace) = (&parts.headers, trace(parts));
    let limits = &door.0.limits;
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let media = negotiate(accept);
    let refuse = |fault: Fault| Box::new(sent(fault.answer(media.unwrap_or(Media::Json), &trace, limits)));
    if !origin::is_known(door, headers) {
        let message = "this web origin may not call the API: an operator adds it to `origins`";
        return Err(refuse(Fault::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)));
    }
    let Ok(chosen) = chosen(grant(headers)) else {
        return Err(refuse(Fault::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", BAD_GRANT)));
    };
    let (authorization, from) = (authorization(headers), door.caller(peer, headers));
    let viewer = door.sign_in(authorization, chosen, from).await.and_then(|viewer| {
        door.0.rates.count(&viewer, from).map_err(NotSignedIn::TooMany)?;
        Ok(viewer)
    });
    let viewer = viewer.map_err(|why| Box::new(unsigned(why, media.unwrap_or(Media::Json), &trace, limits)))?;
    let Some(media) = media else { return Err(refuse(Fault::not_acceptable())) };
    Ok(Asked { media, trace, viewer, authorization: authorization.map(str::to_owned) })
}

fn unsigned(refused: NotSignedIn, media: Media, trace: &str, limits: &crate::graphql::limits::Limits) -> Response {
    let (status, message) = match refused {
        NotSignedIn::Refused => (
            StatusCode::UNAUTHORIZED,
            "this token is not accepted: get a new one from your identity provider".to_owned(),
        ),
        NotSignedIn::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "you cannot be signed in now: try again in a moment".to_owned())
        }
        NotSignedIn::TooMany(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, format!("too many requests: try again in {seconds} s"))
        }
    };
    let mut response = sent(Fault::new(status, refused.code(), message).answer(media, trace, limits));
    let headers = response.headers_mut();
    match refused {
        NotSignedIn::Refused => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
        }
        NotSignedIn::TooMany(seconds) => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds))),
        NotSignedIn::Unavailable => {}
    }
    response
}

async fn run(door: &Door, asked: Asked, method: Method, read: Result<Incoming, Fault>) -> Response {
    let limits = &door.0.limits;
    let operation = read.and_then(|incoming| {
        let operation = door.0.parts.schema.pass(incoming, limits)?;
        operation.admit(&method, asked.media)?;
        Ok(operation)
    });
    let operation = match operation {
        Ok(operation) => operation,
        Err(fault) => return sent(fault.answer(asked.media, &asked.trace, limits)),
    };
    let parts = &door.0.parts;
    if operation.kind() == OperationType::Subscription {
        if door.closing() {
            return sent(restarting().answer(asked.media, &asked.trace, limits));
        }
        return match door.0.rates.stream(&asked.viewer) {
            Ok(place) => stream(subscribed(door, operation, asked, place)),
            Err(most) => {
                let message = format!("at most {most} streams are open under one grant: close one, or use one socket");
                let fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, "LIMIT_EXCEEDED", message);
                sent(fault.answer(asked.media, &asked.trace, limits))
            }
        };
    }
    let request = operation.request().data(Asking::new(&parts.hub, asked.viewer));
    let response = match parts.schema.execute(operation.kind(), request).await {
        Ok(response) => response,
        Err(fault) => return sent(fault.answer(asked.media, &asked.trace, limits)),
    };
    if asked.media == Media::EventStream {
        let body = over_http::payload(response, &asked.trace, limits);
        let events = [over_http::event("next", &body), over_http::event("complete", b"")];
        return stream(futures_util::stream::iter(events));
    }
    sent(over_http::answer(asked.media, response, &asked.trace, limits))
}

fn subscribed(
    door: &Door,
    operation: Operation,
    asked: Asked,
    place: Vec<Held<Uuid>>,
) -> impl Stream<Item = Vec<u8>> + Send + use<> {
    let (door, seat) = (door.clone(), door.0.parts.tables.seat(operation, asked.viewer, asked.trace.clone()));
    let disproved = door.disproved(asked.authorization);
    async_stream::stream! {
        let _place = place;
        let mut closing = door.0.parts.closing.clone();
        let drain = Duration::from_secs(door.0.parts.config.shutdown.drain_seconds);
        let life = Duration::from_secs(door.0.parts.config.socket.life_minutes_max * 60);
        // What is queued is told first, but nobody keeps a node that ends.
        let ended = async move {
            let _ = closing.wait_for(|closing| *closing).await;
            tokio::time::sleep(drain).await;
        };
        let (mut seat, mut ended, mut disproved) = (std::pin::pin!(seat), std::pin::pin!(ended), std::pin::pin!(disproved));
        let mut dies = std::pin::pin!(tokio::time::sleep(life));
        let mut last: Option<Arc<str>> = None;
        loop {
            let served = tokio::select! {
                served = tokio::time::timeout(COMMENT_AFTER, seat.next()) => served,
                () = &mut ended => Ok(Some(Served::Closing(last.clone()))),
                () = &mut disproved => Ok(Some(Served::Unseated)),
                () = &mut dies => {
                    // Not complete: the client comes back for the rest.
                    let body = last_word("UNAVAILABLE", "streams end after their time: come back with your cursor", last.as_deref(), &asked.trace);
                    yield over_http::event("next", &body);
                    return;
                }
            };
            let (body, more) = match served {
                Err(_) => {
                    yield b":\n\n".to_vec();
                    continue;
                }
                Ok(None) => break,
                Ok(Some(Served::Closing(cursor))) => {
                    // Not complete: the client comes back for the rest.
                    let body = last_word("UNAVAILABLE", "the hub is restarting: come back with your cursor", cursor.or(last).as_deref(), &asked.trace);
                    yield over_http::event("next", &body);
                    return;
                }
                Ok(Some(Served::Frame(frame))) => {
                    last = frame.sent.map(|sent| sent.cursor).or(last);
                    (frame.body, true)
                }
                Ok(Some(Served::Refused(body))) => (body, false),
                Ok(Some(Served::TooSlow(cursor))) => {
                    (last_word("UNAVAILABLE", "you read too slowly: come back with your cursor", cursor.as_deref(), &asked.trace), false)
                }
                Ok(Some(Served::Unseated)) => {
                    (last_word("UNAUTHENTICATED", "the token or the grant has ended", None, &asked.trace), false)
                }
            };
            yield over_http::event("next", &body);
            if !more {
                break;
            }
        }
        yield over_http::event("complete", b"");
    }
}

fn restarting() -> Fault {
    Fault::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "the hub is restarting: try again in a moment")
}

fn last_word(code: &str, message: &str, cursor: Option<&str>, trace: &str) -> Bytes {
    let error =
        serde_json::json!({"message": message, "extensions": {"code": code, "cursor": cursor, "traceId": trace}});
    serde_json::to_vec(&serde_json::json!({"errors": [error]})).unwrap_or_default().into()
}

fn stream(events: impl Stream<Item = Vec<u8>> + Send + 'static) -> Response {
    let body = Body::from_stream(events.map(|event| Ok::<_, Infallible>(Bytes::from(event))));
    let headers = [
        (header::CONTENT_TYPE, Media::EventStream.content_type()),
        (header::CACHE_CONTROL, "no-cache"),
        // Buffering proxies would hold events back.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}

fn sent(answer: Answer) -> Response {
    let mut response = (answer.status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(allow) = answer.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

async fn upgrade(door: &Door, peer: Peer, parts: &mut Parts) -> Response {
    let (trace, limits) = (trace(parts), door.0.limits.clone());
    if door.closing() {
        return sent(restarting().answer(Media::Json, &trace, &limits));
    }
    if !origin::is_known(door, &parts.headers) {
        let message = "this web origin may not open a socket: an operator adds it to `origins`";
        return sent(Fault::new(StatusCode::FORBIDDEN, "FORBIDDEN", message).answer(Media::Json, &trace, &limits));
    }
    let from = door.caller(peer, &parts.headers);
    let Some(waiting) = door.0.rates.knock(from) else {
        let seconds = door.0.parts.config.socket.init_seconds;
        return unsigned(NotSignedIn::TooMany(seconds), Media::Json, &trace, &limits);
    };
    let hello = Hello {
        bearer: authorization(&parts.headers).map(str::to_owned),
        grant: grant(&parts.headers).map(str::to_owned),
    };
    let socket = match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(socket) => socket,
        Err(refused) => return refused.into_response(),
    };
    let spoken = text(&parts.headers, header::SEC_WEBSOCKET_PROTOCOL).unwrap_or("");
    if !spoken.split(',').any(|name| name.trim() == "graphql-transport-ws") {
        let message = "speak the subprotocol graphql-transport-ws";
        return sent(Fault::new(StatusCode::BAD_REQUEST, "BAD_USER_INPUT", message).answer(
            Media::Json,
            &trace,
            &limits,
        ));
    }
    let session = door.session(from, waiting, hello);
    let most = session.bounds.message_bytes_max;
    socket
        .protocols(["graphql-transport-ws"])
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_message_size(most)
        .max_frame_size(most)
        .on_upgrade({
            let (span, sockets) = (tracing::Span::current(), door.0.sockets.clone());
            move |socket| sockets.track_future(session.serve(socket, trace)).instrument(span)
        })
}
