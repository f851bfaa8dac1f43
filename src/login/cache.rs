//! What was proven a moment ago, by the token's digest.
//!
//! **Invariant**: bounded, holds no token, and answers nothing past its instant.
use crate::domain::time::At;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The SHA-256 of a token.
pub(super) type Digest = [u8; 32];

/// The most answers that one cache holds.
const ENTRIES_MAX: usize = 10_000;

/// Answers good until an instant. When the young half is full it becomes the old one, and the old one is dropped:
/// what is used survives, in constant time.
pub(super) struct Cache<V> {
    halves: Mutex<Halves<V>>,
}

type Half<V> = HashMap<Digest, (At, V)>;

struct Halves<V> {
    young: Half<V>,
    old: Half<V>,
}

/// The digest by which a token is remembered.
pub(super) fn digest(token: &str) -> Digest {
    Sha256::digest(token.as_bytes()).into()
}

impl<V: Clone> Cache<V> {
    pub(super) fn new() -> Self {
        Self { halves: Mutex::new(Halves { young: HashMap::new(), old: HashMap::new() }) }
    }

    /// What is known of a token now.
    pub(super) fn get(&self, digest: &Digest, now: At) -> Option<V> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(promoted) = halves.old.remove(digest) {
            halves.put(*digest, promoted);
        }
        let (until, value) = halves.young.get(digest)?;
        (now < *until).then(|| value.clone())
    }

    /// Remembers until an instant.
    pub(super) fn put(&self, digest: Digest, until: At, value: V) {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner).put(digest, (until, value));
    }
}

impl<V> Halves<V> {
    fn put(&mut self, digest: Digest, entry: (At, V)) {
        if self.young.len() >= ENTRIES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_small_and_keeps_what_is_used() {
        let (cache, until, now) = (Cache::new(), At::from_micros(10), At::from_micros(9));
        let used = digest("used");
        cache.put(used, until, 0);
        for n in 0..3 * ENTRIES_MAX {
            cache.put(digest(&n.to_string()), until, n);
            assert_eq!(cache.get(&used, now), Some(0), "after {n}");
        }
        let halves = cache.halves.lock().unwrap();
        assert!(halves.young.len() + halves.old.len() <= ENTRIES_MAX);
    }

    #[test]
    fn nothing_is_known_past_its_instant() {
        let cache = Cache::new();
        cache.put(digest("a"), At::from_micros(10), ());
        assert_eq!(cache.get(&digest("a"), At::from_micros(9)), Some(()));
        assert_eq!(cache.get(&digest("a"), At::from_micros(10)), None);
        assert_eq!(cache.get(&digest("b"), At::from_micros(9)), None);
    }
}
