//! The past as it is played: the same at the same instant, and true to the region's habits.
use super::*;
use crate::board::Board;
use crate::clock::{Clock, Ids};
use crate::demo::world::{SEED, World};
use crate::domain::bed::{Freshness, ShownAs};
use crate::domain::event::{Event, EventKind};
use crate::policy::{Machine, Viewer};
use crate::store::{PoolSize, Store};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// A present that does not move.
struct Still(At);

impl Clock for Still {
    fn now(&self) -> At {
        self.0
    }
}

/// Ids from a counter.
#[derive(Default)]
struct Counted(AtomicU64);

impl Ids for Counted {
    fn key(&self, at: At) -> uuid::Uuid {
        let mut random = [0_u8; 10];
        random[2..].copy_from_slice(&self.0.fetch_add(1, SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.micros() / 1_000).unwrap(), &random).into_uuid()
    }
}

const PRESENT: &str = "2026-11-24T02:10:00-05:00";

struct Scene {
    hub: Hub,
    clock: Arc<PlayClock>,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn before(present: &str, minutes: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let present = At::parse(present).unwrap();
        let clock = Arc::new(PlayClock::starting(present.plus_minutes(-minutes), Arc::new(Still(present))));
        let url = format!("sqlite:{}", folder.path().join("hub.db").display());
        let size = PoolSize::small();
        let store = Store::open(&url, size, clock.clone(), Arc::new(Counted::default())).await.unwrap();
        store.migrate().await.unwrap();
        Self { hub: Hub::open(store).await.unwrap(), clock, _folder: folder }
    }

    async fn play(&self, world: &World) -> Loaded {
        let loaded = world.load(&self.hub, || {}).await.unwrap();
        let played = Cast::of(&self.hub, &loaded, SEED).play(&self.hub, &self.clock, |_| {}).await.unwrap();
        assert!(played.acts > 0);
        loaded
    }

    async fn log(&self) -> Vec<Event> {
        let reader = self.hub.store().read(&Viewer::machine(Machine::Follower)).await.unwrap();
        reader.events_after(0, 100_000).await.unwrap()
    }
}

#[tokio::test]
async fn the_same_instant_and_seed_give_the_same_history() {
    let world = World::sized(12);
    let mut logs = Vec::new();
    for _ in 0..2 {
        let scene = Scene::before(PRESENT, 45).await;
        scene.play(&world).await;
        logs.push(scene.log().await);
    }
    let facts = |log: &[Event]| -> Vec<_> {
        log.iter().map(|e| (e.happening.kind, e.happening.key, e.happening.at, e.happening.fact.clone())).collect()
    };
    assert!(logs[0].len() > 100, "{}", logs[0].len());
    assert!(facts(&logs[0]) == facts(&logs[1]));
    let other = Scene::before("2026-11-24T02:11:00-05:00", 45).await;
    other.play(&world).await;
    assert_ne!(facts(&other.log().await).len(), 0);
}

#[tokio::test]
async fn history_is_in_its_own_time_and_ends_in_a_region_as_it_is() {
    let scene = Scene::before(PRESENT, 60 * HISTORY_HOURS).await;
    let loaded = scene.play(&World::region()).await;
    let log = scene.log().await;
    assert!(log.is_sorted_by_key(|event| event.happening.at));
    let span = log.last().unwrap().happening.at.micros_since(log[0].happening.at) / 60_000_000;
    assert!((60 * HISTORY_HOURS - 5..=60 * HISTORY_HOURS).contains(&span), "{span} minutes");
    // Somebody was introduced to a peer house, and is there.
    let introduced = |event: &Event| match &event.happening.fact {
        crate::domain::event::Fact::Handoff(fact) => {
            event.happening.kind == EventKind::HandoffTransferred
                && fact.offer.as_ref().is_some_and(|offer| offer.self_referral)
        }
        _ => false,
    };
    assert!(log.iter().any(introduced), "no house of peers took anybody");
    let mut kinds: HashMap<EventKind, usize> = HashMap::new();
    for event in log {
        *kinds.entry(event.happening.kind).or_default() += 1;
    }
    // 6 million people, half a day, and the first reports.
    assert!((3_000..=4_500).contains(&kinds[&EventKind::BedsReported]), "{kinds:?}");
    assert!((4..=40).contains(&kinds[&EventKind::BedUnitPaused]), "{kinds:?}");
    assert!(kinds[&EventKind::BedUnitPauseEnded] > 0 && kinds[&EventKind::BedsAged] > 0, "{kinds:?}");
    assert!((60..=300).contains(&kinds[&EventKind::BedHeld]), "{kinds:?}");
    for kind in [
        EventKind::BedHoldArrived,
        EventKind::BedHoldReleased,
        EventKind::BedHoldExpired,
        EventKind::HandoffAnnounced,
        EventKind::HandoffTransferred,
        EventKind::HandoffFailed,
        EventKind::HandoffOffered,
        EventKind::HandoffAgreed,
        EventKind::HandoffDeclined,
        EventKind::HandoffWithdrawn,
        EventKind::EpisodeEnded,
        EventKind::HandoffTransportSet,
        EventKind::HandoffContacted,
        EventKind::HandoffExpired,
        EventKind::FollowUpPlanned,
        EventKind::FollowUpEnded,
    ] {
        assert!(kinds.get(&kind).is_some_and(|some| *some > 0), "{kinds:?}");
    }

    let states: Vec<_> =
        loaded.units.iter().filter_map(|unit| crate::demo::staff::stands(&scene.hub, unit.id)).collect();
    let fresh = |wanted| states.iter().filter(|unit| unit.availability().freshness == wanted).count();
    let shown = |wanted| states.iter().filter(|unit| unit.availability().shown_as == wanted).count();
    assert!(fresh(Freshness::Fresh) * 100 / states.len() >= 70, "{} of {}", fresh(Freshness::Fresh), states.len());
    assert!([Freshness::Aging, Freshness::Stale, Freshness::Expired].map(fresh).iter().all(|some| *some > 0));
    // A unit that is paused just now is a matter of the night; that some were is said above.
    assert!([ShownAs::Available, ShownAs::Call, ShownAs::Full].map(shown).iter().all(|some| *some > 0));

    let store = scene.hub.store();
    assert!(store.verify().await.unwrap().iter().all(|finding| finding.broken == 0));
    assert!(Board::replay(store).await.unwrap().coded() == Board::load(store).await.unwrap().now().coded());
}

#[tokio::test]
async fn whoever_fails_backs_off_and_goes_on() {
    struct Fails(Arc<AtomicU64>);
    impl Actor for Fails {
        fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
            Some(stage.within(1, 1))
        }
        fn act<'a>(&'a self, _: &'a Hub, _: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
            self.0.fetch_add(1, SeqCst);
            Box::pin(std::future::ready(Err(Error::NotFound)))
        }
    }
    let (scene, tried) = (Scene::before(PRESENT, 60).await, Arc::new(AtomicU64::new(0)));
    let mut cast = Cast { parts: Vec::new(), due: BinaryHeap::new(), pace: 1 };
    cast.join(&scene.hub, Box::new(Fails(tried.clone())), Dice::new(1, 1));
    cast.play(&scene.hub, &scene.clock, |_| {}).await.unwrap();
    // 2, 4, 8 .. 60 seconds apart, for an hour.
    assert!((60..=66).contains(&tried.load(SeqCst)), "{tried:?}");
    assert_eq!([1, 3, 6, 40, u32::MAX].map(back_off), [2, 8, 60, 60, 60]);
}

#[test]
fn a_faster_pace_brings_everything_nearer_but_the_clock() {
    let mut dice = Dice::new(1, 1);
    let now = At::parse(PRESENT).unwrap();
    let mut stage = Stage { now, dice: &mut dice, pace: 50 };
    assert_eq!(stage.within(100, 100), now.plus_seconds(2));
    let cast = Cast { parts: Vec::new(), due: BinaryHeap::new(), pace: 50 };
    assert_eq!(cast.sooner(now, now.plus_seconds(100)), now.plus_seconds(2));
    assert_eq!(cast.sooner(now, now.plus_seconds(-100)), now);
}
