//! How often who may ask, and how many may stay: people and applications by their grants, strangers by their address.
use crate::config::{Rates as PerMinute, Socket};
use crate::domain::grant::{Grant, HolderKind};
use crate::domain::id::NounId;
use crate::policy::Viewer;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Longest wait for a turn to have a token proven.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// What is counted of everybody who asks.
pub(super) struct Rates {
    people: DefaultKeyedRateLimiter<Uuid>,
    applications: DefaultKeyedRateLimiter<Uuid>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    /// Addresses whose tokens were refused too often, and until when no issuer is asked about another of theirs.
    barred: Mutex<HashMap<IpAddr, Instant>>,
    /// Who is having a token proven, here or by its issuer: nobody whose signature is looked at here waits for an issuer.
    turns: Mutex<HashMap<(IpAddr, bool), Arc<Semaphore>>>,
    turns_max: usize,
    waiting: Arc<Open<IpAddr>>,
    sockets: Arc<Open<Uuid>>,
    streams: Arc<Open<Uuid>>,
    bounds: Socket,
}

/// What stays open of one kind, by whom.
pub(super) struct Open<K: Hash + Eq>(Mutex<HashMap<K, usize>>);

/// One that stays open; it is counted until it is dropped.
pub(super) struct Held<K: Hash + Eq>(Arc<Open<K>>, K);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn per_minute<K: Hash + Eq + Clone>(n: u32) -> DefaultKeyedRateLimiter<K> {
    RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)))
}

fn wait(not_until: &NotUntil<<DefaultClock as Clock>::Instant>) -> Duration {
    not_until.wait_time_from(DefaultClock::default().now())
}

fn seconds(wait: Duration) -> u64 {
    metrics::counter!("hub_rate_limited_total").increment(1);
    wait.as_secs() + 1
}

impl<K: Hash + Eq + Clone> Open<K> {
    fn one_more(self: &Arc<Self>, key: K, most: usize) -> Option<Held<K>> {
        let mut open = lock(&self.0);
        let many = open.entry(key.clone()).or_default();
        if *many >= most {
            return None;
        }
        *many += 1;
        Some(Held(self.clone(), key))
    }
}

impl<K: Hash + Eq> Drop for Held<K> {
    fn drop(&mut self) {
        let mut open = lock(&self.0.0);
        if let Some(many) = open.get_mut(&self.1) {
            *many -= 1;
            if *many == 0 {
                open.remove(&self.1);
            }
        }
    }
}

impl Rates {
    pub(super) fn new(rates: PerMinute, bounds: Socket) -> Self {
        Self {
            people: per_minute(rates.person_per_minute),
            applications: per_minute(rates.application_per_minute),
            strangers: per_minute(rates.stranger_per_minute),
            barred: Mutex::default(),
            turns: Mutex::default(),
            turns_max: rates.proofs_at_once,
            waiting: Arc::new(Open(Mutex::default())),
            sockets: Arc::new(Open(Mutex::default())),
            streams: Arc::new(Open(Mutex::default())),
            bounds,
        }
    }

    /// Counts a request of a viewer; the seconds to wait when there were too many.
    ///
    /// A person who asks through an application is counted as both: no application spends one person's rate on another.
    pub(super) fn count(&self, viewer: &Viewer, from: IpAddr) -> Result<(), u64> {
        if viewer.is_nobody() {
            return self.strangers.check_key(&from).map_err(|not_until| seconds(wait(&not_until)));
        }
        for grant in viewer.stands_on() {
            let limiter = match grant.principal.kind {
                HolderKind::Person => &self.people,
                HolderKind::Application => &self.applications,
            };
            limiter.check_key(&grant.id.key()).map_err(|not_until| seconds(wait(&not_until)))?;
        }
        Ok(())
    }

    /// Counts a token that was refused; the seconds to wait when there were too many of its address.
    pub(super) fn refused(&self, from: IpAddr) -> Result<(), u64> {
        self.strangers.check_key(&from).map_err(|not_until| {
            let wait = wait(&not_until);
            lock(&self.barred).insert(from, Instant::now() + wait);
            seconds(wait)
        })
    }

    /// Refuses, with the seconds to wait, to ask an issuer about a token of an address whose tokens were refused too often.
    pub(super) fn may_ask(&self, from: IpAddr) -> Result<(), u64> {
        let left = lock(&self.barred).get(&from).map(|until| until.saturating_duration_since(Instant::now()));
        left.filter(|left| !left.is_zero()).map_or(Ok(()), |left| Err(seconds(left)))
    }

    /// Waits for the turn of an address to have a token proven: one address has a few at a time.
    pub(super) async fn turn(&self, from: IpAddr, must_wait: bool) -> Option<OwnedSemaphorePermit> {
        let turns = lock(&self.turns)
            .entry((from, must_wait))
            .or_insert_with(|| Arc::new(Semaphore::new(self.turns_max)))
            .clone();
        tokio::time::timeout(TURN_WAIT, turns.acquire_owned()).await.ok()?.ok()
    }

    /// A place for a socket that has not said who it is; none when its address has too many.
    pub(super) fn knock(&self, from: IpAddr) -> Option<Held<IpAddr>> {
        self.waiting.one_more(from, self.bounds.waiting_per_address_max)
    }

    /// A place for a socket, or how many a viewer may have.
    pub(super) fn socket(&self, viewer: &Viewer) -> Result<Vec<Held<Uuid>>, usize> {
        places(&self.sockets, viewer, self.bounds.per_person_max, self.bounds.per_application_max)
    }

    /// A place for a stream, or how many a viewer may have.
    pub(super) fn stream(&self, viewer: &Viewer) -> Result<Vec<Held<Uuid>>, usize> {
        places(&self.streams, viewer, self.bounds.streams_per_person_max, self.bounds.streams_per_application_max)
    }

    /// Forgets whoever has been silent.
    pub(super) fn forget_the_silent(&self) {
        self.people.retain_recent();
        self.applications.retain_recent();
        self.strangers.retain_recent();
        let now = Instant::now();
        lock(&self.barred).retain(|_, until| *until > now);
        // A permit holds on to its semaphore.
        lock(&self.turns).retain(|_, turns| Arc::strong_count(turns) > 1);
    }
}

fn places(
    open: &Arc<Open<Uuid>>,
    viewer: &Viewer,
    person: usize,
    application: usize,
) -> Result<Vec<Held<Uuid>>, usize> {
    let place = |grant: &Grant| {
        let most = match grant.principal.kind {
            HolderKind::Person => person,
            HolderKind::Application => application,
        };
        open.one_more(grant.id.key(), most).ok_or(most)
    };
    viewer.stands_on().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grant::{GrantOrigin, Principal};
    use crate::domain::id::{GrantId, OrganizationId, RegionId};
    use crate::domain::role::Role;
    use crate::domain::time::At;

    fn rates(person: u32, application: u32) -> Rates {
        let mut config = crate::config::Config::defaults().unwrap();
        (config.rates.person_per_minute, config.rates.application_per_minute) = (person, application);
        Rates::new(config.rates, config.socket)
    }

    fn grant(n: u128, kind: HolderKind) -> Grant {
        let principal = Principal { issuer: "i".into(), subject: n.to_string(), kind };
        Grant {
            id: GrantId::of(Uuid::from_u128(n)),
            version: 1,
            principal,
            role: Role::Intake,
            organization: OrganizationId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            until: None,
            origin: GrantOrigin::Console,
            created_at: At::default(),
            revoked_at: None,
        }
    }

    #[test]
    fn a_person_behind_an_application_is_counted_as_both() {
        let at = "192.0.2.1".parse().unwrap();
        let through = |person, application| {
            let application = grant(application, HolderKind::Application);
            Viewer::holder(grant(person, HolderKind::Person), Some(application), false, At::from_micros(i64::MAX))
        };
        let many = |rates: &Rates, viewer: &Viewer| (0..10).filter(|_| rates.count(viewer, at).is_ok()).count();
        // One application has one rate, however many people are behind it.
        let tight = rates(100, 3);
        assert_eq!((many(&tight, &through(1, 9)), many(&tight, &through(2, 9))), (3, 0));
        // And one person one, through however many applications they ask.
        let tight = rates(3, 100);
        assert_eq!((many(&tight, &through(1, 8)), many(&tight, &through(1, 9))), (3, 0));
        assert_eq!(many(&tight, &through(2, 9)), 3);
    }

    #[tokio::test]
    async fn one_address_does_not_take_every_turn() {
        let (rates, one, other) = (rates(1, 1), "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let mut held = Vec::new();
        for _ in 0..rates.turns_max {
            held.push(rates.turn(one, true).await.unwrap());
        }
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, rates.turn(one, true)).await.is_err());
        assert!(tokio::time::timeout(soon, rates.turn(one, false)).await.is_ok());
        assert!(tokio::time::timeout(soon, rates.turn(other, true)).await.is_ok());
        rates.forget_the_silent();
        assert!(tokio::time::timeout(soon, rates.turn(one, true)).await.is_err(), "who is at work is not forgotten");
        held.pop();
        assert!(rates.turn(one, true).await.is_some());
    }

    #[test]
    fn what_has_closed_makes_room() {
        let open = Arc::new(Open(Mutex::default()));
        let first = open.one_more(1, 2).unwrap();
        let _second = open.one_more(1, 2).unwrap();
        assert!(open.one_more(1, 2).is_none());
        assert!(open.one_more(2, 2).is_some());
        drop(first);
        assert!(open.one_more(1, 2).is_some());
        assert_eq!(lock(&open.0).len(), 1);
    }
}
