//! The program killed outright while it calls people: nobody who was to be called is forgotten.
use crate::api::bed::problems;
use crate::api::offer::{Asked, input, offer};
use crate::api::on_call::set;
use crate::api::ring::step;
use crate::calls::{PUBLIC, SECRET};
use crate::house::program::Program;
use crate::house::push::{Browser, PushService, Pushed};
use crate::house::sinks::{Gateway, MailServer};
use crate::house::traffic::{Dice, staff};
use crate::house::{Client, Db, House};
use crate::push::{push_to, registered};
use crisis_hub::domain::call::CallState;
use crisis_hub::domain::id::{BedUnitId, NounId};
use crisis_hub::messenger::new_push_key;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

on_both!(a_killed_node_forgets_nobody_who_was_to_be_called);

const KILLS: usize = 4;
const OFFERS: usize = 6;

/// How the program calls people.
fn settings(mail: &MailServer, gateway: &Gateway, service: &PushService) -> [(&'static str, String); 9] {
    let (key, _) = new_push_key().unwrap();
    [
        ("HUB_CALLS__PUBLIC_URL", PUBLIC.to_owned()),
        ("HUB_CALLS__SMTP_URL", mail.url()),
        ("HUB_CALLS__MAIL_FROM", "hub@hub.house.example".to_owned()),
        ("HUB_CALLS__WEBHOOK_URL", gateway.url()),
        ("HUB_CALLS__WEBHOOK_SECRET", SECRET.to_owned()),
        ("HUB_CALLS__PUSH_KEY", key),
        ("HUB_CALLS__PUSH_SUBJECT", "mailto:hub@hub.house.example".to_owned()),
        ("HUB_CALLS__PUSH_HOSTS", format!("[{:?}]", service.origin())),
        ("HUB_LOG", "debug".to_owned()),
    ]
}

/// Within a lease of the last start, and a look, each of the first three steps of each call is told as sent.
async fn all_sent(desk: &Client, made: usize) {
    let began = Instant::now();
    let sent = async || {
        let said = desk.ask("{ openCalls { steps { sent } } }", json!({})).await;
        let open = said.data("/openCalls").as_array().unwrap().clone();
        open.iter().filter(|call| call["steps"].as_array().unwrap().len() == 3).count()
    };
    while sent().await < made {
        assert!(began.elapsed() < Duration::from_mins(2), "{} of {made}", sent().await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How often each message came, by its name, and how many came at all.
fn letters(mail: &MailServer, gateway: &Gateway, pushes: Vec<String>) -> (BTreeMap<String, usize>, usize) {
    let mails = mail.mails().into_iter().map(|mail| {
        let id = mail.header("Message-ID").trim_matches(['<', '>']).to_owned();
        id.split('@').next().unwrap().to_owned()
    });
    let requests = gateway.requests();
    let ids = requests.iter().map(|request| request.headers["webhook-id"].to_str().unwrap().to_owned());
    let mut letters = BTreeMap::new();
    for id in mails.chain(ids).chain(pushes) {
        *letters.entry(id).or_default() += 1;
    }
    let came = letters.values().sum();
    (letters, came)
}

/// Three are called at once, and one when the answer is due.
async fn on_call(nurse: &Client, ward: BedUnitId, browser: &Browser) {
    let steps = json!([
        step("EMAIL", "zed.quill@amber.example", "ASKED", 0),
        step("WEBHOOK", "+13055550142", "ASKED", 0),
        push_to(nurse, "ASKED").await,
        step("EMAIL", "boss@amber.example", "DUE", 0),
    ]);
    registered(nurse, browser).await;
    let said = set(nurse, ward, steps, json!({})).await;
    assert_eq!(problems(&said, "setOnCall"), [""; 0]);
}

/// The names of the messages that a browser has read.
fn names(service: &PushService, browser: &Browser) -> Vec<String> {
    let read = |pushed: &Pushed| serde_json::from_str::<Value>(&browser.reads(pushed).unwrap()).unwrap();
    service.pushed().iter().map(|pushed| read(pushed)["id"].as_str().unwrap().to_owned()).collect()
}

async fn a_killed_node_forgets_nobody_who_was_to_be_called(db: Db) {
    let service = PushService::open().await;
    let mut house = House::with(db, |config| config.calls.push_hosts = vec![service.origin()]).await;
    let (mail, gateway, mut dice) = (MailServer::open().await, Gateway::open().await, Dice::new(23));
    let (browser, nurse) = (service.browser("vesper-canary"), house.client("intake"));
    let asked = Asked::open(&house, 9).await;
    let ward = house.world.agencies[0].ward();
    on_call(&nurse, ward, &browser).await;
    let to = asked.one(&house);
    house.deliver().await;
    let mut program = Program::of(&mut house).await;
    program.variables.extend(settings(&mail, &gateway, &service));
    let sender = Client::new(program.address, Some(house.token_of_today("emergency_department-2")));
    let (mut words, mut made) = (String::new(), 0);
    program.start().await;
    for _ in 0..KILLS {
        // It has the mail, and does not say so before it is too late.
        mail.slow(u64::from(dice.count(400)));
        let had = mail.mails().len() + gateway.requests().len();
        for _ in 0..OFFERS {
            let said = offer(&sender, input(to.clone(), json!({}))).await;
            assert_eq!(problems(&said, "offerHandoff"), [""; 0], "{:#}", said.body);
            made += 1;
        }
        while mail.mails().len() + gateway.requests().len() == had {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(dice.count(300)))).await;
        program.kill().await;
        words += &program.words();
        program.start().await;
        program.verify().await;
    }
    mail.slow(0);
    let began = Instant::now();
    all_sent(&Client::new(program.address, Some(house.token_of_today("intake"))), made).await;
    let waited = began.elapsed();
    // Counted every 10 s.
    while program.metric("hub_calls_under_way").await < made as f64 {
        assert!(began.elapsed() < Duration::from_mins(3), "{} under way", program.metric("hub_calls_under_way").await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    words += &program.words();
    let metrics = reqwest::get(format!("http://{}/metrics", program.address)).await.unwrap().text().await.unwrap();
    program.kill().await;
    house.start().await;
    house.deliver().await;
    let reader = house.store().read(&staff(house.hub(), "intake")).await.unwrap();
    let open = reader.open_calls(1_000).await.unwrap();
    assert_eq!(open.len(), made, "one call an offer");
    let (letters, came) = letters(&mail, &gateway, names(&service, &browser));
    for call in &open {
        assert!(call.state == CallState::Calling && call.steps.iter().all(|step| step.failure.is_none()), "{call:?}");
        for number in 0..3 {
            assert!(letters.contains_key(&format!("{}.{number}", call.id)), "lost: {} {number}", call.id.key());
        }
    }
    assert_eq!(letters.len(), 3 * made, "somebody was called about nothing");
    let (most, many) = (letters.values().max().unwrap(), letters.len());
    println!("{db:?}: {made} calls, {came} messages of {many}, at most {most} of one, within {waited:?} of the start");
    assert!(*most <= 1 + KILLS, "sent again without a kill");
    // Whom it called, it wrote down nowhere.
    for secret in ["quill", "5550142", "boss@amber", "MfKQ9r8G", "vesper-canary"] {
        assert!(!words.contains(secret) && !metrics.contains(secret), "{secret} is in the log, or in the metrics");
    }
    drop(reader);
    house.close().await;
}
