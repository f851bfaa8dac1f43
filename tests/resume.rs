//! Subscribers that come and go: what they saw is the log.
use crate::house::follow::{Came, Follower, RESTARTING, Road};
use crate::house::model::{Model, Stood};
use crate::house::traffic::{Dice, caught_up, log, report, scale, staff};
use crate::house::{Client, Db, House};
use crisis_hub::app::bed::{SaveUnit, SetPause, save, set_pause};
use crisis_hub::app::directory::{self, Entered, SaveEntry};
use crisis_hub::app::{Hub, sweep};
use crisis_hub::clock::Clock;
use crisis_hub::domain::bed::{Accepting, PauseReason, UnitFact};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::entry::{Entry, Provenance};
use crisis_hub::domain::event::Event;
use crisis_hub::domain::facility::FacilityDetails;
use crisis_hub::domain::id::{BedUnitId, NounId, OrganizationId};
use crisis_hub::domain::service::{ServiceDetails, ServiceKind};
use crisis_hub::domain::time::At;
use crisis_hub::policy::{Scope, Viewer};
use crisis_hub::store::{Kept, KeptBy};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

on_both!(two_hundred_disconnects_leave_no_hole, subscribers_go_on_across_a_restart);

const FOLLOWERS: usize = 14;
/// Where the world's places stand, and where an edit moves them to.
const COUNTIES: [u32; 2] = [12_086, 12_011];

/// Who watches what.
#[derive(Clone)]
struct Watch {
    person: &'static str,
    shown: Option<&'static str>,
    fresh: Option<&'static str>,
    organization: Option<OrganizationId>,
    level: Option<ServiceKind>,
    county: Option<u32>,
    of_events: bool,
}

impl Watch {
    fn any(n: usize, organization: OrganizationId) -> Self {
        let (shown, fresh, level, county) = (None, None, None, None);
        let all = Self { person: "intake", shown, fresh, organization: None, level, county, of_events: false };
        match n % 7 {
            0 => Self { of_events: true, ..all },
            1 => Self { shown: Some("AVAILABLE"), ..all },
            2 => Self { person: "officer", shown: Some("FULL"), ..all },
            3 => Self { level: Some(ServiceKind::Sobering), shown: Some("AVAILABLE"), ..all },
            4 => Self { person: "officer", county: Some(COUNTIES[0]), level: Some(ServiceKind::Receiving23h), ..all },
            5 => Self { fresh: Some("FRESH"), organization: Some(organization), ..all },
            _ => Self { person: "officer", ..all },
        }
    }

    fn follower(&self) -> Follower {
        if self.of_events {
            return Follower::of_events();
        }
        Follower::of_beds(json!({
            "shownAs": self.shown.map(|shown| [shown]),
            "freshness": self.fresh.map(|fresh| [fresh]),
            "organizationId": self.organization.map(|id| id.to_string()),
            "levelsOfCare": self.level.map(|level| [level.code()]),
            "countiesFips": self.county.map(|county| [county.to_string()]),
        }))
    }

    /// Whether a unit matches, by what the log has said.
    fn matches(&self, model: &Model, unit: BedUnitId) -> bool {
        let Some(Stood { fact, owner, at, .. }) = model.units.get(&unit) else { return false };
        let (service, facility) = (&fact.definition.service, &fact.definition.facility);
        self.level.is_none_or(|level| model.levels[service] == level)
            && self.county.is_none_or(|county| model.counties[facility] == Some(county))
            && (self.person != "officer" || fact.definition.drop_off)
            && !fact.retired
            && self.shown.is_none_or(|shown| shown == shown_as(fact, *at))
            && self.fresh.is_none_or(|_| is_fresh(fact, *at))
            && self.organization.is_none_or(|id| id == *owner)
    }

    /// What the log says that it must have been told: event, change, unit, version, what it is shown as.
    fn expected(&self, log: &[Event], start: i64) -> Vec<Value> {
        let (mut model, mut told) = (Model::default(), Vec::new());
        for event in log {
            if self.of_events {
                if event.number > start {
                    told.push(json!({ "eventId": event.id.key(), "change": "CHANGED" }));
                }
                continue;
            }
            let moved = model.moved(event).into_iter();
            let before: Vec<_> = moved.map(|(unit, id)| (unit, id, self.matches(&model, unit))).collect();
            model.take(event);
            for (unit, id, was) in before {
                let is = self.matches(&model, unit);
                let change = match (was, is) {
                    (false, true) => "ENTERED",
                    (true, true) => "CHANGED",
                    (true, false) => "LEFT",
                    (false, false) => continue,
                };
                let (stood, unit) = (&model.units[&unit], unit.to_string());
                let shown = shown_as(&stood.fact, event.happening.at);
                let seen = is.then(|| json!({ "id": unit, "version": stood.version, "shownAs": shown }));
                if event.number > start {
                    told.push(json!({ "eventId": id, "change": change, "unitId": unit, "unit": seen }));
                }
            }
        }
        told
    }

    fn assert_told(&self, follower: &Follower, expected: &[Value]) {
        let told = follower.told.iter().map(|message| {
            let mut message = message.clone();
            let fields = message.as_object_mut().unwrap();
            fields.remove("cursor");
            fields.remove("event");
            message
        });
        let told: Vec<Value> = told.collect();
        let apart = told.iter().zip(expected).position(|(told, expected)| told != expected);
        if let Some(apart) = apart {
            panic!("apart at {apart}: told {:#}, the log says {:#}", told[apart], expected[apart]);
        }
        assert_eq!(told.len(), expected.len(), "{}: something is missing", self.person);
    }
}

fn minutes_old(fact: &UnitFact, at: At) -> Option<(i64, i64)> {
    let report = fact.report.as_ref()?;
    Some((at.micros_since(report.as_of), i64::from(fact.definition.sla_minutes) * 60_000_000))
}

fn is_fresh(fact: &UnitFact, at: At) -> bool {
    minutes_old(fact, at).is_some_and(|(age, sla)| age <= sla)
}

fn shown_as(fact: &UnitFact, at: At) -> &'static str {
    if let Some(pause) = fact.pause {
        return if at < pause.until { "PAUSED" } else { "CALL" };
    }
    let believed = minutes_old(fact, at).is_some_and(|(age, sla)| age <= 2 * sla);
    let Some(census) = fact.report.as_ref().map(|r| &r.census).filter(|_| believed) else { return "CALL" };
    let blocked: u32 = census.blocked.iter().map(|b| b.count).sum();
    match census.accepting {
        _ if census.staffed <= census.occupied + blocked => "FULL",
        Accepting::No => "FULL",
        Accepting::Yes => "AVAILABLE",
        Accepting::Call => "CALL",
    }
}

/// Reports, pauses, edits and time, until told to stop; how many verbs.
async fn traffic(house: Arc<House>, hubs: Vec<Hub>, seed: u64, stop: Arc<AtomicBool>) -> usize {
    let mut dice = Dice::new(seed);
    let agency = dice.roll(2);
    let suffix = ["", "-2"][agency];
    let (intake, admin) =
        (staff(&hubs[0], &format!("intake{suffix}")), staff(&hubs[0], &format!("agency_admin{suffix}")));
    let stands = house.world.agencies[agency].clone();
    let units = &stands.units;
    let mut verbs = 0;
    while !stop.load(SeqCst) {
        let (hub, unit) = (&hubs[dice.roll(hubs.len())], *dice.pick(units));
        match dice.roll(20) {
            0 => {
                house.clock.advance(i64::from(dice.count(20)));
                sweep::pass(hub).await.unwrap();
            }
            1 => {
                let pause = Some((PauseReason::Incident, hub.clock().now().plus_minutes(45)));
                set_pause(hub, &intake, SetPause { unit, pause, keyed: None }).await.unwrap();
            }
            2..=3 => drop(set_pause(hub, &intake, SetPause { unit, pause: None, keyed: None }).await.unwrap()),
            4..=5 => turn_drop_off(hub, &admin, unit).await,
            6 => {
                let kind = *dice.pick(&[ServiceKind::Receiving23h, ServiceKind::Sobering]);
                edit::<ServiceDetails>(hub, &admin, stands.service, |service| service.kind = kind).await;
            }
            7 => {
                let county = Some(*dice.pick(&COUNTIES));
                edit::<FacilityDetails>(hub, &admin, stands.facility, |facility| facility.county_fips = county).await;
            }
            _ => drop(report(hub, &intake, &dice.some(units, 2), &mut dice).await.unwrap()),
        }
        verbs += 1;
    }
    verbs
}

/// A unit that takes no drop-offs is no longer the officers' to see.
async fn turn_drop_off(hub: &Hub, admin: &Viewer, unit: BedUnitId) {
    let view = hub.board().now().unit(&Scope::of(admin), unit, hub.clock().now()).unwrap();
    let mut details = view.entry().details.clone();
    details.definition.drop_off = !details.definition.drop_off;
    let input = SaveUnit {
        unit: Some(unit),
        expected_version: None,
        details,
        external_ids: Vec::new(),
        retire: false,
        provenance: Provenance::Manual,
        keyed: None,
    };
    save(hub, admin, input).await.unwrap();
}

/// An edit of what units stand on.
async fn edit<D: Entered>(hub: &Hub, admin: &Viewer, id: D::Id, change: impl FnOnce(&mut D))
where
    Entry<D>: Kept + KeptBy<D::Action>,
{
    let mut details = directory::one::<D>(hub, admin, id).unwrap().details.clone();
    change(&mut details);
    directory::save(hub, admin, SaveEntry::new(Some(id), details, Provenance::Manual)).await.unwrap();
}

/// A client whose token outlives the test's leaps in time.
fn client(house: &House, person: &str) -> Client {
    let until = house.clock.now().micros() / 1_000_000 + 20 * 86_400;
    Client::new(house.address, Some(house.draft(person).claim("exp", until.into()).sign(&house.key)))
}

async fn two_hundred_disconnects_leave_no_hole(db: Db) {
    let house = House::open(db).await;
    let (hubs, addresses, _other) = house.hubs().await;
    for hub in &hubs {
        caught_up(hub).await;
    }
    let start = house.hub().board().now().number();
    let house = Arc::new(house);
    let mut followers = Vec::new();
    for n in 0..FOLLOWERS {
        let watch = Watch::any(n, house.world.agencies[0].organization);
        let mut follower = watch.follower();
        // The first time, before anything happens: from here on nothing may be missed.
        let client = client(&house, watch.person);
        follower.finish(&client, Road::Sse).await;
        followers.push((watch, follower, client));
    }
    let (stop, began) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let writers: Vec<_> = (0..3).map(|n| tokio::spawn(traffic(house.clone(), hubs.clone(), n, stop.clone()))).collect();
    let going = followers.into_iter().enumerate().map(|(n, (watch, follower, client))| {
        tokio::spawn(come_and_go(client, addresses.clone(), watch, follower, Dice::new(100 + n as u64)))
    });
    let mut came_back = Vec::new();
    for follower in going.collect::<Vec<_>>() {
        came_back.push(follower.await.unwrap());
    }
    stop.store(true, SeqCst);
    let mut verbs = 0;
    for writer in writers {
        verbs += writer.await.unwrap();
    }
    // Nothing is left to tell: the log stands still.
    while sweep::pass(house.hub()).await.unwrap() > 0 {}
    house.deliver().await;
    for hub in &hubs {
        caught_up(hub).await;
    }
    let took = began.elapsed();
    let (mut told, mut again, mut connections) = (0, 0, 0);
    let mut last = Vec::new();
    for (watch, mut follower) in came_back {
        follower.finish(&client(&house, watch.person), Road::Ws).await;
        last.push((watch, follower));
    }
    let log = log(house.store()).await;
    let up_to = house.hub().board().now().number();
    for (watch, follower) in &last {
        watch.assert_told(follower, &watch.expected(&log, start));
        told += follower.told.len();
        again += follower.again;
        connections += follower.connections;
    }
    println!(
        "{db:?}: {FOLLOWERS} followers, {connections} connections, {verbs} verbs, {} events in {took:.1?}, {told} told, {again} again, missing 0",
        up_to - start
    );
    assert!(connections >= 200 * scale());
    Arc::into_inner(house).unwrap().close().await;
}

/// Drops its connection at random moments, on either road and at any node.
async fn come_and_go(
    mut client: Client,
    addresses: Vec<std::net::SocketAddr>,
    watch: Watch,
    mut follower: Follower,
    mut dice: Dice,
) -> (Watch, Follower) {
    for _ in 0..20 * scale() {
        client.address = *dice.pick(&addresses);
        let mut open = follower.open(&client, *dice.pick(&[Road::Sse, Road::Ws])).await.unwrap();
        let leave = tokio::time::sleep(Duration::from_millis(dice.roll(250) as u64));
        let mut leave = std::pin::pin!(leave);
        loop {
            tokio::select! {
                () = &mut leave => break,
                came = follower.next(&mut open) => if let Came::Over(why) = came {
                    panic!("{} was sent away: {why}", watch.person);
                },
            }
        }
    }
    (watch, follower)
}

async fn subscribers_go_on_across_a_restart(db: Db) {
    let mut house = House::open(db).await;
    let start = house.hub().board().now().number();
    let watches: Vec<Watch> = (0..7).map(|n| Watch::any(n, house.world.agencies[0].organization)).collect();
    let mut followers: Vec<Follower> = watches.iter().map(Watch::follower).collect();
    let mut dice = Dice::new(4);
    for round in 0..2 * scale() {
        let mut opened = Vec::new();
        for (n, (watch, follower)) in watches.iter().zip(&mut followers).enumerate() {
            let road = [Road::Sse, Road::Ws][(n + round) % 2];
            opened.push(follower.open(&client(&house, watch.person), road).await.unwrap());
        }
        for (follower, open) in followers.iter_mut().zip(&mut opened) {
            while !matches!(follower.next(open).await, Came::Heartbeat) {}
        }
        for agency in [0, 1] {
            let intake = staff(house.hub(), ["intake", "intake-2"][agency]);
            for _ in 0..5 {
                report(house.hub(), &intake, &house.world.agencies[agency].units, &mut dice).await.unwrap();
            }
        }
        // Some of it is on its way when the node goes; everybody is sent home.
        house.restart().await;
        for (follower, open) in followers.iter_mut().zip(&mut opened) {
            loop {
                if let Came::Over(why) = follower.next(open).await {
                    assert!(RESTARTING.contains(&&*why), "{why}");
                    break;
                }
            }
        }
        let intake = staff(house.hub(), "intake");
        for _ in 0..5 {
            report(house.hub(), &intake, &house.world.agencies[0].units, &mut dice).await.unwrap();
        }
    }
    house.deliver().await;
    let log = log(house.store()).await;
    for (watch, follower) in watches.iter().zip(&mut followers) {
        follower.finish(&client(&house, watch.person), Road::Sse).await;
        watch.assert_told(follower, &watch.expected(&log, start));
    }
    house.close().await;
}
