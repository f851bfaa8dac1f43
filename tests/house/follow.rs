//! A subscriber that goes away and comes back with its last cursor.
use super::{Client, Sse, Ws};
use serde_json::{Value, json};
use std::collections::HashSet;

/// What watches units.
pub const BEDS: &str =
    "subscription($filter: BedUnitFilter, $after: Cursor) { bedsChanged(filter: $filter, after: $after) {
    cursor eventId change unitId unit { id version shownAs } } }";
/// What watches the log.
pub const EVENTS: &str = "subscription($after: Cursor) { events(after: $after) {
    cursor eventId change event { eventId kind nodeId nodeVersion } } }";

/// Which road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    Sse,
    Ws,
}

/// An open subscription.
pub enum Open {
    Sse(Sse),
    Ws(Box<Ws>),
}

/// What came.
#[derive(Debug)]
pub enum Came {
    /// A change, as the message tells it.
    Change,
    /// Everything up to here has been told.
    Heartbeat,
    /// The subscription is over: the error's code and words, or the close code, or nothing.
    Over(String),
}

/// How a node that goes sends its subscribers home: a stream by its last error, a socket by its close code.
pub const RESTARTING: [&str; 2] = ["UNAVAILABLE: the hub is restarting: come back with your cursor", "1001"];

/// One who follows, across connections.
pub struct Follower {
    field: &'static str,
    filter: Value,
    /// The place to go on from.
    pub cursor: Option<String>,
    /// Each event's message, as it first came.
    pub told: Vec<Value>,
    had: HashSet<String>,
    /// How many came again.
    pub again: usize,
    /// How often it came back.
    pub connections: usize,
}

impl Follower {
    /// One who follows units of a filter.
    pub fn of_beds(filter: Value) -> Self {
        Self::new("bedsChanged", filter)
    }

    /// One who follows the log.
    pub fn of_events() -> Self {
        Self::new("events", Value::Null)
    }

    fn new(field: &'static str, filter: Value) -> Self {
        let (told, had) = (Vec::new(), HashSet::new());
        Self { field, filter, cursor: None, told, had, again: 0, connections: 0 }
    }

    /// Comes back with the last cursor; `None` when the connection is refused.
    pub async fn open(&mut self, client: &Client, road: Road) -> Option<Open> {
        let (query, variables) = match self.field {
            "events" => (EVENTS, json!({ "after": self.cursor })),
            _ => (BEDS, json!({ "filter": self.filter, "after": self.cursor })),
        };
        self.connections += 1;
        Some(match road {
            Road::Sse => Open::Sse(client.try_sse(query, variables).await?),
            Road::Ws => {
                let mut ws = client.try_ws().await?;
                if ws.next().await.ok()?["type"] != "connection_ack" {
                    return None;
                }
                ws.subscribe("a", query, variables).await;
                Open::Ws(Box::new(ws))
            }
        })
    }

    /// The next message, noted.
    pub async fn next(&mut self, open: &mut Open) -> Came {
        let payload = match open {
            Open::Sse(sse) => match sse.next().await {
                Some((name, payload)) if name == "next" => payload,
                _ => return Came::Over(String::new()),
            },
            Open::Ws(ws) => match ws.next().await {
                Ok(message) if message["type"] == "next" => message["payload"].clone(),
                Ok(message) => json!({ "errors": message["payload"] }),
                Err(code) => return Came::Over(code.to_string()),
            },
        };
        let error = &payload["errors"][0];
        if let Some(code) = error["extensions"]["code"].as_str() {
            return Came::Over(format!("{code}: {}", error["message"].as_str().unwrap_or_default()));
        }
        let message = payload["data"][self.field].clone();
        let cursor = message["cursor"].as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned();
        self.cursor = Some(cursor.clone());
        let Some(event) = message["eventId"].as_str() else { return Came::Heartbeat };
        if self.had.insert(event.to_owned()) {
            self.told.push(message.clone());
        } else {
            self.again += 1;
        }
        Came::Change
    }

    /// Comes back once more and reads to where the log stands.
    pub async fn finish(&mut self, client: &Client, road: Road) {
        let mut open = self.open(client, road).await.unwrap();
        loop {
            match self.next(&mut open).await {
                Came::Heartbeat => return,
                Came::Change => {}
                Came::Over(why) => panic!("it ended before its first heartbeat: {why}"),
            }
        }
    }

    /// The ids of what it was told, in order.
    pub fn ids(&self) -> Vec<&str> {
        self.told.iter().map(|message| message["eventId"].as_str().unwrap()).collect()
    }
}
