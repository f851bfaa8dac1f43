//! The program in an operator's hands: health, metrics, traces, TLS, the end of a node, backups, a full disk.
mod backup;
mod full;
mod health;
mod shutdown;
mod tls;
mod trace;

use crate::api::bed::{REPORT, numbers};
use crate::crash::Acknowledged;
use crate::house::Client;
use crisis_hub::domain::id::BedUnitId;
use serde_json::Value;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// Writers who report numbers that nobody else reports, until the hub is gone.
struct Writers {
    taken: Arc<Mutex<Vec<Acknowledged>>>,
    work: Vec<JoinHandle<()>>,
}

impl Writers {
    fn begin(people: &[(Client, BedUnitId)]) -> Self {
        let (taken, sent) = (Arc::<Mutex<Vec<Acknowledged>>>::default(), Arc::new(AtomicU32::new(0)));
        let work = people.iter().map(|(client, unit)| {
            let (client, unit, taken, sent) = (client.clone(), *unit, taken.clone(), sent.clone());
            tokio::spawn(async move {
                while let Some(acknowledged) = report(&client, unit, sent.fetch_add(1, SeqCst) % 10_000).await {
                    taken.lock().unwrap().extend(acknowledged);
                }
            })
        });
        Self { work: work.collect(), taken }
    }

    /// What has been acknowledged so far.
    fn taken(&self) -> Vec<Acknowledged> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until the hub is gone.
    async fn end(self) -> Vec<Acknowledged> {
        for writer in self.work {
            writer.await.unwrap();
        }
        self.taken.lock().unwrap().clone()
    }
}

/// One report: acknowledged, or refused for its time; `None` when the hub is gone.
async fn report(client: &Client, unit: BedUnitId, staffed: u32) -> Option<Option<Acknowledged>> {
    let body = serde_json::json!({ "query": REPORT, "variables": numbers(unit, staffed, 0) }).to_string();
    let request = client.request(reqwest::Method::POST).header("content-type", "application/json").body(body);
    let text = request.send().await.ok()?.text().await.ok()?;
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert!(answer.get("errors").is_none(), "{answer:#}");
    let unit = &answer["data"]["reportBeds"]["bedUnits"][0];
    Some(unit.is_object().then(|| Acknowledged {
        unit: unit["id"].as_str().unwrap().to_owned(),
        version: unit["version"].as_i64().unwrap(),
        staffed,
    }))
}
