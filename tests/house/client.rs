//! Clients as partners have them: HTTP, Server-Sent Events, WebSocket.
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// A part of `data`, by JSON pointer.
    pub fn data(&self, pointer: &str) -> &Value {
        assert!(self.body.get("errors").is_none(), "{:#}", self.body);
        self.body["data"].pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The code of the first error.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error in {:#}", self.body))
    }
}

impl Client {
    pub fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token, http: reqwest::Client::new() }
    }

    pub fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        self.signed(self.http.request(method, format!("http://{}/graphql", self.address)))
    }

    /// A GET with parameters.
    pub fn get(&self, pairs: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.signed(self.http.get(format!("http://{}/graphql?{pairs}", self.address)))
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let request = request.timeout(PATIENCE);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    /// Runs an operation by POST.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables });
        let request =
            self.request(reqwest::Method::POST).header("content-type", "application/json").body(body.to_string());
        self.send(request).await
    }

    /// Subscribes over SSE.
    pub async fn sse(&self, query: &str, variables: Value) -> Sse {
        self.try_sse(query, variables).await.unwrap()
    }

    /// Subscribes over SSE, if the hub can be reached.
    pub async fn try_sse(&self, query: &str, variables: Value) -> Option<Sse> {
        let body = json!({ "query": query, "variables": variables });
        let request = self
            .http
            .post(format!("http://{}/graphql", self.address))
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .body(body.to_string());
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.ok()?;
        // A node that ends takes nobody new.
        if response.status() == reqwest::StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        Some(Sse { bytes: Box::pin(response.bytes_stream()), held: String::new() })
    }

    /// Opens a socket and says hello.
    pub async fn ws(&self) -> Ws {
        self.try_ws().await.unwrap()
    }

    /// Opens a socket and says hello, if the hub can be reached.
    pub async fn try_ws(&self) -> Option<Ws> {
        let mut ws = Ws::try_raw(self.address, &[]).await.ok()?;
        let payload = self.token.as_ref().map(|token| json!({ "Authorization": format!("Bearer {token}") }));
        ws.send(json!({ "type": "connection_init", "payload": payload })).await;
        Some(ws)
    }
}

/// A stream of Server-Sent Events.
pub struct Sse {
    bytes: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    held: String,
}

impl Sse {
    /// The next event's name and data; `None` at the end.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let event = self.next_raw().await?;
            let field =
                |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(|v| v.trim_start().to_owned());
            let Some(name) = field("event:") else { continue };
            let data = field("data:").unwrap_or_default();
            return Some((name, serde_json::from_str(&data).unwrap_or(Value::Null)));
        }
    }

    /// The next event as it was sent, comments too; `None` at the end.
    pub async fn next_raw(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.held.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.held = rest;
                return Some(event);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("no event in time")?;
            self.held.push_str(std::str::from_utf8(&chunk.ok()?).unwrap());
        }
    }

    /// The next message that is no heartbeat, of one root field.
    pub async fn change(&mut self, field: &str) -> Value {
        loop {
            let (name, data) = self.next().await.expect("the stream ended");
            assert_eq!(name, "next", "{data:#}");
            let message = data["data"][field].clone();
            assert!(message.is_object(), "{data:#}");
            if !message["change"].is_null() {
                return message;
            }
        }
    }
}

/// A socket.
pub struct Ws(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ws {
    /// A socket that has not said anything.
    pub async fn raw(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        Self::try_raw(address, headers).await.unwrap()
    }

    pub async fn try_raw(
        address: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self(tokio_tungstenite::connect_async(request).await?.0))
    }

    pub async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        let _ = self.0.send(Message::Text(text.into())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
    }

    /// The next frame as it came, pings included.
    pub async fn frame(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("no frame in time")?.ok()
    }

    /// The next message; or the close code.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("no message in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// The close code and its reason, skipping messages.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("not closed in time");
            match message {
                Some(Ok(Message::Close(frame))) => {
                    return frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (1006, String::new()),
            }
        }
    }
}
