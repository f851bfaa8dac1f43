//! The npm clients that partners use, as judges.
use super::{REPORT, report};
use crate::house::{Db, House, given};
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

on_both!(the_audits_of_graphql_http_find_no_error, graphql_ws_and_graphql_sse_follow_the_board);

fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(given("HUB_TEST_NODE"));
    command.args(arguments).current_dir(given("HUB_TEST_CLIENTS")).envs(variables.iter().copied()).kill_on_drop(true);
    command
}

/// Runs Node among the clients' packages, to its end.
pub async fn node(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let run = command(arguments, variables).output();
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("node did not end").unwrap()
}

async fn the_audits_of_graphql_http_find_no_error(db: Db) {
    let house = House::open(db).await;
    let run = node(&["audits.mjs"], &[("HUB_URL", &house.url()), ("HUB_TOKEN", &house.token("intake"))]).await;
    let tally: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert_eq!(tally["error"], 0, "{tally:#}");
    assert!(tally["warn"].as_u64().unwrap() <= 2, "{tally:#}");
    assert!(tally["ok"].as_u64().unwrap() >= 50, "{tally:#}");
    house.close().await;
}

async fn graphql_ws_and_graphql_sse_follow_the_board(db: Db) {
    let house = House::open(db).await;
    let (url, token) = (house.url(), house.token("officer"));
    let watch = "subscription { bedsChanged { cursor eventId change unitId unit { id shownAs } } }";
    for script in ["ws.mjs", "sse.mjs"] {
        let variables = [
            ("HUB_URL", url.as_str()),
            ("HUB_TOKEN", &token),
            ("HUB_DOCUMENT", watch),
            ("HUB_COUNT", "2"),
            ("HUB_TIMEOUT_MS", "20000"),
        ];
        let mut client = command(&[script], &variables).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let mut told = Vec::new();
        while let Some(line) = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await.unwrap().unwrap()
        {
            if line == "READY" {
                house.client("intake").ask(REPORT, report(&house)).await.data("");
            } else {
                told.push(serde_json::from_str::<Value>(&line).unwrap());
            }
        }
        let ended = client.wait_with_output().await.unwrap();
        assert!(ended.status.success(), "{script}: {}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(told[0]["query"]["data"]["viewer"]["role"], "OFFICER", "{script}");
        let change = &told.last().unwrap()["data"]["bedsChanged"];
        assert_eq!(change["unitId"], house.world.agencies[0].chairs().to_string(), "{script}: {told:#?}");
        assert_eq!(
            (&change["change"], &change["unit"]["shownAs"]),
            (&"CHANGED".into(), &"AVAILABLE".into()),
            "{script}"
        );
    }
    house.close().await;
}
