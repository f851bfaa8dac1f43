//! The packet of a search: written once, sealed anew into each handoff, also of those who are asked later.
use super::bed::problems;
use super::disclose::{ask, behind, count, texts, wrote};
use super::disclose_part2::{consented, program, terms};
use super::handoff::{announce, open_door, to, went};
use super::offer::{Asked, input, offered};
use crate::house::{Answer, Client, Db, House};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

on_both!(
    what_is_written_once_is_told_to_all_who_are_asked,
    a_programs_packet_stays_the_programs,
    nobody_makes_a_packet_of_an_entry,
    a_packet_has_its_limit,
);

const NOTE: &str = "mutation($input: AddEpisodeNoteInput!) { addEpisodeNote(input: $input) {
    entries { id handoffId tier at author { id } } problems { code path current { id } } replayed } }";

async fn write(client: &Client, episode: &str, tier: &str, text: &str, more: Value) -> Answer {
    let mut input = json!({ "episodeId": episode, "tier": tier, "text": text });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ask(NOTE, json!({ "input": input })).await
}

/// What was opened: who wrote it, when, and what it says.
async fn opened(client: &Client, handoff: &str, tier: &str) -> Vec<Value> {
    let said = ask(client, &[handoff], &[tier], "TREATMENT").await;
    let entries = said.data("/disclose/entries").as_array().unwrap().clone();
    entries.iter().map(|entry| json!([entry["author"]["id"], entry["at"], entry["text"], entry["part2"]])).collect()
}

async fn what_is_written_once_is_told_to_all_who_are_asked(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber, basalt) =
        (house.client("emergency_department-2"), house.client("intake"), house.client("intake-2"));
    let (search, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    let said = write(&sender, &search, "CLINICAL", "Has not slept.", json!({ "idempotencyKey": "p" })).await;
    let entries = said.data("/addEpisodeNote/entries").as_array().unwrap_or_else(|| panic!("{:#}", said.body)).clone();
    let mut told: Vec<&str> = entries.iter().map(|entry| entry["handoffId"].as_str().unwrap()).collect();
    told.sort_unstable();
    let mut all: Vec<&str> = handoffs.iter().map(String::as_str).collect();
    all.sort_unstable();
    assert_eq!(told, all);
    let again = write(&sender, &search, "CLINICAL", "Has not slept.", json!({ "idempotencyKey": "p" })).await;
    assert_eq!(
        (again.data("/addEpisodeNote/replayed"), again.data("/addEpisodeNote/entries")),
        (&json!(true), &json!(entries))
    );
    // What is written into one of them is of that one.
    wrote(&sender, &handoffs[0], "CLINICAL", "For Amber alone.").await;
    let packet = json!([entries[0]["author"]["id"], entries[0]["at"], "Has not slept.", false]);
    for (desk, handoff, many) in [(&amber, &handoffs[0], 2), (&amber, &handoffs[1], 1), (&basalt, &handoffs[2], 1)] {
        let seen = opened(desk, handoff, "CLINICAL").await;
        assert_eq!((seen.len(), &seen[0]), (many, &packet), "{seen:?}");
    }
    // Amber's wards say no, and open nothing afterwards; whoever is asked an hour later has it with the offer.
    for no in &handoffs[..2] {
        went(&amber, "declineOffer", no, json!({ "reason": "ACUITY" })).await;
        assert_eq!(opened(&amber, no, "CLINICAL").await, [] as [Value; 0]);
    }
    went(&basalt, "declineOffer", &handoffs[2], json!({ "reason": "MILIEU" })).await;
    let closed = write(&sender, &search, "CLINICAL", "Nobody is asked.", json!({})).await;
    assert_eq!(problems(&closed, "addEpisodeNote"), ["WRONG_STATE"]);
    house.clock.advance(60);
    let chairs =
        json!([{ "pathwayId": asked.amber.to_string(), "unitId": house.world.agencies[0].chairs().to_string() }]);
    let (_, later) = offered(&sender, input(chairs, json!({ "episodeId": search }))).await;
    assert_eq!(opened(&amber, &later[0], "CLINICAL").await, std::slice::from_ref(&packet));
    // Written when it was written, told when it was carried: one entry a handoff, each under a key of its own.
    let behind = behind(&house).await;
    assert_eq!((count(&behind, "handoff_entry").await, count(&behind, "handoff_key").await), (5, 4));
    assert_eq!(count(&behind, "handoff_entry WHERE packet_id IS NULL").await, 1);
    // Whoever announces in the same search brings it along.
    let door = open_door(&house, 9, 4).await;
    let brought = announce(&sender, to(door, json!({ "episodeId": search }))).await;
    let brought = brought.data("/announceHandoff/handoff/id").as_str().unwrap_or_else(|| panic!("{:#}", brought.body));
    assert_eq!(opened(&amber, brought, "CLINICAL").await, [packet]);
    for (stranger, code) in
        [("intake", "NOT_FOUND"), ("council", "NOT_FOUND"), ("dispatcher-2", "FORBIDDEN"), ("ems-2", "FORBIDDEN")]
    {
        let said = write(&house.client(stranger), &search, "LEGAL", "a", json!({})).await;
        assert_eq!(said.code(), code, "{stranger}");
    }
    let empty = write(&sender, &search, "CLINICAL", " ", json!({})).await;
    assert_eq!(empty.code(), "BAD_USER_INPUT");
    behind.close().await.unwrap();
    house.close().await;
}

async fn a_programs_packet_stays_the_programs(db: Db) {
    let house = House::open(db).await;
    program(&house).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (search, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    let said = write(&sender, &search, "PART2", "zebra", json!({})).await;
    assert_eq!(problems(&said, "addEpisodeNote"), [""; 0], "{:#}", said.body);
    went(&amber, "declineOffer", &handoffs[0], json!({ "reason": "ACUITY" })).await;
    // The agency is no program any more when the next is asked: what it wrote as one stays labelled.
    let edit = "mutation($input: SaveOrganizationInput!) { saveOrganization(input: $input) { problems { code } } }";
    let agency = house.world.agencies[1].organization.to_string();
    let plain =
        json!({ "id": agency, "name": "Basalt", "kind": "TRIBAL", "coveredEntity": true, "part2Program": false });
    house.client("hub_operator").ask(edit, json!({ "input": plain })).await.data("");
    house.deliver().await;
    let guest =
        json!([{ "pathwayId": asked.amber.to_string(), "unitId": house.world.agencies[0].guest().to_string() }]);
    let (_, later) = offered(&sender, input(guest, json!({ "episodeId": search }))).await;
    let refused = ask(&amber, &[&later[0]], &["PART2"], "TREATMENT").await;
    assert_eq!((texts(&refused), problems(&refused, "disclose")), (vec![], vec!["CONSENT_REQUIRED"]));
    consented(&amber, terms(&house, &later[0], json!({}))).await;
    let seen = opened(&amber, &later[0], "PART2").await;
    assert_eq!(seen.iter().map(|entry| (&entry[2], &entry[3])).collect::<Vec<_>>(), [(&json!("zebra"), &json!(true))]);
    house.close().await;
}

async fn nobody_makes_a_packet_of_an_entry(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let (sender, amber) = (house.client("emergency_department-2"), house.client("intake"));
    let (search, handoffs) = offered(&sender, input(asked.one(&house), json!({}))).await;
    wrote(&sender, &handoffs[0], "CLINICAL", "zebra for Amber alone").await;
    wrote(&amber, &handoffs[0], "CLINICAL", "zebra of Amber").await;
    // Whoever has the database says of both that they belong to the packet.
    let behind = behind(&house).await;
    behind.execute_unprepared("UPDATE handoff_entry SET packet_id = id").await.unwrap();
    let basalt = json!([asked.three(&house)[2]]);
    // The person's search goes on, and nothing is carried with it.
    let (_, later) = offered(&sender, input(basalt, json!({ "episodeId": search }))).await;
    assert_eq!(later.len(), 1);
    assert_eq!((count(&behind, "handoff_entry").await, count(&behind, "handoff_key").await), (2, 1), "it was carried");
    behind.close().await.unwrap();
    let opened = ask(&amber, &[&handoffs[0]], &["CLINICAL"], "TREATMENT").await;
    assert_eq!(opened.code(), "INTERNAL");
    assert!(!opened.body.to_string().contains("zebra"));
    house.close().await;
}

async fn a_packet_has_its_limit(db: Db) {
    let house = House::open(db).await;
    let asked = Asked::open(&house, 4).await;
    let sender = house.client("emergency_department-2");
    let (search, handoffs) = offered(&sender, input(asked.three(&house), json!({}))).await;
    for n in 0..20 {
        let said = write(&sender, &search, "CLINICAL", &format!("zebra {n}"), json!({})).await;
        assert_eq!(problems(&said, "addEpisodeNote"), [""; 0], "{:#}", said.body);
    }
    let more = write(&sender, &search, "CLINICAL", "one more", json!({})).await;
    assert_eq!(problems(&more, "addEpisodeNote"), ["OUT_OF_RANGE"]);
    // Of one handoff there may be more, and all of the packet goes on.
    wrote(&sender, &handoffs[0], "CLINICAL", "For Amber alone.").await;
    let chairs =
        json!([{ "pathwayId": asked.amber.to_string(), "unitId": house.world.agencies[0].chairs().to_string() }]);
    for handoff in &handoffs[..2] {
        went(&house.client("intake"), "declineOffer", handoff, json!({ "reason": "ACUITY" })).await;
    }
    let (_, later) = offered(&sender, input(chairs, json!({ "episodeId": search }))).await;
    let carried = opened(&house.client("intake"), &later[0], "CLINICAL").await;
    let mut words: Vec<&str> = carried.iter().map(|entry| entry[2].as_str().unwrap()).collect();
    words.sort_unstable();
    let mut all: Vec<String> = (0..20).map(|n| format!("zebra {n}")).collect();
    all.sort_unstable();
    assert_eq!(words, all);
    house.close().await;
}
