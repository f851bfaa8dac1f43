//! Traffic without a door: seeded dice, the staff of the world, and what the log says in the end.
use super::database::given;
use super::{House, ISSUER};
use crisis_hub::app::bed::{About, ReportBeds, UnitReport};
use crisis_hub::app::{Error, Hub, Outcome, bed, console};
use crisis_hub::domain::bed::{Accepting, BlockReason, Blocked, Census};
use crisis_hub::domain::entry::Provenance;
use crisis_hub::domain::event::Event;
use crisis_hub::domain::grant::{HolderKind, Principal};
use crisis_hub::domain::id::BedUnitId;
use crisis_hub::domain::time::At;
use crisis_hub::policy::Viewer;
use crisis_hub::policy::view::BedUnitView;
use crisis_hub::store::Store;
use std::time::Duration;

/// How often things are repeated: 1 in every run, 20 in a soak.
pub fn scale() -> usize {
    given("HUB_TEST_SCALE").parse().unwrap()
}

/// Dice that fall the same way in every run (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to one less than `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(sides).unwrap()).unwrap()
    }

    pub fn count(&mut self, below: u32) -> u32 {
        u32::try_from(self.next() % u64::from(below)).unwrap()
    }

    pub fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.roll(some.len())]
    }

    /// One to `most` of some, in any order.
    pub fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        let mut left = of.to_vec();
        let many = 1 + self.roll(most.min(left.len()));
        (0..many).map(|_| left.swap_remove(self.roll(left.len()))).collect()
    }

    /// Numbers that are as often full as not.
    pub fn census(&mut self) -> Census {
        let staffed = self.count(12);
        let blocked =
            if self.one_in(4) { vec![Blocked { count: 1, reason: BlockReason::Staffing }] } else { Vec::new() };
        Census {
            staffed,
            occupied: self.count(12),
            blocked,
            pending_discharge: self.count(3),
            waitlist: self.count(3),
            accepting: *self.pick(&[Accepting::Yes, Accepting::Yes, Accepting::Yes, Accepting::Call, Accepting::No]),
        }
    }
}

/// One of the world's people as the verbs know them, for good.
pub fn staff(hub: &Hub, subject: &str) -> Viewer {
    let principal = Principal { issuer: ISSUER.into(), subject: subject.into(), kind: HolderKind::Person };
    let board = hub.board().now();
    let grant = board.grants_of(&principal, hub.clock().now()).next().unwrap_or_else(|| panic!("no grant: {subject}"));
    Viewer::holder(grant.as_ref().clone(), None, false, At::parse("2099-01-01T00:00:00Z").unwrap())
}

/// So many staffed places, none in use.
pub fn places(staffed: u32) -> Census {
    let (blocked, accepting) = (Vec::new(), Accepting::Yes);
    Census { staffed, occupied: 0, blocked, pending_discharge: 0, waitlist: 0, accepting }
}

/// Reports of some units, as of now.
pub fn reports(units: &[BedUnitId], mut census: impl FnMut() -> Census) -> ReportBeds {
    let reports = units.iter().map(|unit| UnitReport { unit: *unit, as_of: None, census: Some(census()) });
    ReportBeds { about: About::Units(reports.collect()), provenance: Provenance::Manual, keyed: None }
}

/// Reports random numbers of some units.
pub async fn report(
    hub: &Hub,
    viewer: &Viewer,
    units: &[BedUnitId],
    dice: &mut Dice,
) -> Result<Outcome<Vec<BedUnitView>>, Error> {
    bed::report(hub, viewer, reports(units, || dice.census())).await
}

/// What the log tells whoever runs the hub: nothing of any handoff.
pub async fn log(store: &Store) -> Vec<Event> {
    log_of(store, &console::viewer()).await
}

/// The whole log, as somebody is told it.
pub async fn log_of(store: &Store, viewer: &Viewer) -> Vec<Event> {
    store.read(viewer).await.unwrap().events_after(0, 10_000_000).await.unwrap()
}

/// Waits until a node has been told everything that was committed, numbered already or not.
pub async fn caught_up(hub: &Hub) {
    until("the node follows the log", async || {
        let backlog = hub.store().backlog(0).await.unwrap();
        backlog.waiting == 0 && hub.board().now().number() >= backlog.head
    })
    .await;
}

/// Waits for something to be true.
pub async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is().await {
        assert!(began.elapsed() < Duration::from_mins(1), "it has not come about: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl House {
    /// Every node's hub: this one's, and on PostgreSQL a neighbor's.
    pub async fn hubs(&self) -> (Vec<Hub>, Vec<std::net::SocketAddr>, Option<crisis_hub::node::Node>) {
        match self.db {
            super::Db::Sqlite => (vec![self.hub().clone()], vec![self.address], None),
            super::Db::Postgres => {
                let (node, address) = self.neighbor().await;
                (vec![self.hub().clone(), node.hub.clone()], vec![self.address, address], Some(node))
            }
        }
    }
}
