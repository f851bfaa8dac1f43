//! The vault: the ring of keys that what is sealed is opened with. It stands beside the database and in no backup of it.
//!
//! Each handoff has a data key of its own, wrapped by the key of the month in which its retention ends; a node never makes
//! up a month's key where another node could make up another. **Invariant**: no key has a `Debug`, or is logged.
mod retain;
mod ring;
mod rotate;
mod seal;
mod staff;
#[cfg(test)]
mod tests;

pub use retain::Passed;
pub(super) use retain::generation;
pub use ring::{BadRing, KeyId, Month, Ring};
pub(super) use rotate::GENERATION;
pub(super) use seal::Secret;
pub(super) use staff::{Place, is_point};

use super::error::Error;
use super::meta::{hex, keep_once};
use super::tx::Store;
use crate::domain::emergency::EmergencyDisclosure;
use crate::domain::follow_up::PersonRef;
use crate::domain::handoff::Handoff;
use crate::domain::id::{HandoffId, NounId, OrganizationId};
use crate::domain::sealed::{EntryFacts, RETENTION_DAYS};
use crate::domain::threat::ThreatFacts;
use crate::domain::time::At;
use aws_lc_rs::hmac;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Where the database keeps what its ring must open.
const CHECK: &str = "keys";
/// What the check value says.
const SAYS: &[u8] = b"the ring of this database";

/// The ring of one node: read again whenever its file changes.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// The one node that there is made it.
    own: bool,
    held: RwLock<(Arc<Ring>, Seen)>,
}

/// The file as it was when it was read.
type Seen = (i64, i64, u64, u64);

/// Why a node has no vault.
#[derive(Debug, thiserror::Error)]
pub enum NoVault {
    /// The ring cannot be used.
    #[error(transparent)]
    Ring(#[from] BadRing),
    /// The database has none, and this program does not make one by itself.
    #[error("{0} holds no keys: `crisis-hub keys make` makes them, once; then bring the file to every node")]
    NotMade(PathBuf),
    /// The database has a ring, and it is not here.
    #[error(
        "{0}: the keys of this database are not there: bring the file from where it is kept (HUB_KEYS_FILE); no other opens \
         what is sealed"
    )]
    Gone(PathBuf),
    /// The ring is another database's.
    #[error("{0} holds the keys of another database: bring this one's (HUB_KEYS_FILE)")]
    Other(PathBuf),
    /// The store did not answer.
    #[error("the database: {0}")]
    Store(#[from] Error),
}

fn seen(path: &Path) -> Result<Seen, BadRing> {
    let metadata = std::fs::metadata(path).map_err(|error| BadRing::File(path.into(), error))?;
    Ok((metadata.mtime(), metadata.mtime_nsec(), metadata.size(), metadata.ino()))
}

fn closed(why: impl std::fmt::Display) -> Error {
    Error::Closed(why.to_string())
}

/// The month in which a handoff's retention ends: 120 days after its announcement, which leaves a month for the handoff
/// itself before the 90 days that its entries are opened after its end.
pub fn month_of(handoff: &Handoff) -> Month {
    Month::of_micros(handoff.times.announced_at.plus_minutes(RETENTION_DAYS * 24 * 60).micros())
}

/// The month under which something goes on that is kept beyond its own: as if it were announced now.
fn later_month(now: At) -> Month {
    Month::of_micros(now.plus_minutes(RETENTION_DAYS * 24 * 60).micros())
}

impl Ring {
    fn check_value(&self) -> Option<String> {
        let place = seal::bound(&[b"meta", CHECK.as_bytes(), self.name().as_bytes()]);
        Some(format!("{} {}", self.name(), hex(&seal::close(self.check(), &place, SAYS)?)))
    }

    fn opens(&self, value: &str) -> bool {
        let place = seal::bound(&[b"meta", CHECK.as_bytes(), self.name().as_bytes()]);
        let sealed = value.split_once(' ').filter(|(name, _)| *name == self.name()).and_then(|(_, text)| unhex(text));
        sealed.and_then(|sealed| seal::open(self.check(), &place, &sealed)).is_some_and(|says| *says == SAYS)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// What the data key of a handoff is bound to.
fn place_of_key(of: HandoffId, id: KeyId) -> Vec<u8> {
    seal::bound(&[b"handoff_key", of.key().as_bytes(), id.to_string().as_bytes()])
}

/// What an entry is bound to: its table, tier, row and handoff, whose data key it is under, its author's agency, and under which
/// grant and when it was written, for that decides who reads it as their own.
fn place_of_entry(entry: &EntryFacts) -> Vec<u8> {
    let mut place = earlier_place_of_entry(entry);
    place.extend(seal::bound(&[entry.grant.key().as_bytes(), &entry.at.micros().to_be_bytes()]));
    // What belongs to a packet is carried on: nobody makes that of an entry by changing its row.
    if let Some(packet) = entry.packet {
        place.extend(seal::bound(&[b"packet", packet.key().as_bytes()]));
    }
    place
}

/// What the first entries were bound to.
fn earlier_place_of_entry(entry: &EntryFacts) -> Vec<u8> {
    use crate::domain::code::Coded;
    seal::bound(&[
        b"handoff_entry",
        entry.tier.code().as_bytes(),
        entry.id.key().as_bytes(),
        entry.handoff.key().as_bytes(),
        entry.author.key().as_bytes(),
        &[u8::from(entry.part2)],
    ])
}

/// What a threat is bound to: its table, row and handoff, whose data key it is under, both agencies, and until when it is read.
fn place_of_threat(threat: &ThreatFacts) -> Vec<u8> {
    seal::bound(&[
        b"threat_disclosure",
        threat.id.key().as_bytes(),
        threat.handoff.key().as_bytes(),
        threat.from.key().as_bytes(),
        threat.to.key().as_bytes(),
        &threat.until.micros().to_be_bytes(),
    ])
}

/// Seals what is told of a threat under its handoff's data key.
pub(super) fn close_threat(key: &Secret, threat: &ThreatFacts, plain: &[u8]) -> Result<Vec<u8>, Error> {
    seal::close(key, &place_of_threat(threat), plain).ok_or_else(|| closed(BadRing::Random))
}

/// Opens what was told of a threat.
pub(super) fn open_threat(key: &Secret, threat: &ThreatFacts, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let corrupt = Error::Corrupt { table: "threat_disclosure", what: "sealed text" };
    seal::open(key, &place_of_threat(threat), sealed).ok_or(corrupt)
}

/// What the account of an emergency is bound to: its table, row and handoff, both agencies, under which grant and when.
fn place_of_account(opened: &EmergencyDisclosure) -> Vec<u8> {
    seal::bound(&[
        b"emergency_disclosure",
        opened.id.key().as_bytes(),
        opened.handoff.key().as_bytes(),
        opened.author.key().as_bytes(),
        opened.organization.key().as_bytes(),
        opened.grant.key().as_bytes(),
        &opened.at.micros().to_be_bytes(),
    ])
}

/// Seals what is said of an emergency under its handoff's data key.
pub(super) fn close_account(key: &Secret, opened: &EmergencyDisclosure, plain: &[u8]) -> Result<Vec<u8>, Error> {
    seal::close(key, &place_of_account(opened), plain).ok_or_else(|| closed(BadRing::Random))
}

/// Opens what was said of an emergency.
pub(super) fn open_account(
    key: &Secret,
    opened: &EmergencyDisclosure,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let corrupt = Error::Corrupt { table: "emergency_disclosure", what: "account" };
    seal::open(key, &place_of_account(opened), sealed).ok_or(corrupt)
}

/// Seals what an entry says under its handoff's data key.
pub(super) fn close_entry(key: &Secret, entry: &EntryFacts, plain: &[u8]) -> Result<Vec<u8>, Error> {
    seal::close(key, &place_of_entry(entry), plain).ok_or_else(|| closed(BadRing::Random))
}

/// Opens what an entry says.
pub(super) fn open_entry(key: &Secret, entry: &EntryFacts, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let corrupt = Error::Corrupt { table: "handoff_entry", what: "sealed text" };
    let opened = seal::open(key, &place_of_entry(entry), sealed);
    // The first entries belonged to no packet.
    let earlier = || seal::open(key, &earlier_place_of_entry(entry), sealed).filter(|_| entry.packet.is_none());
    opened.or_else(earlier).ok_or(corrupt)
}

impl Vault {
    fn open(path: &Path, own: bool) -> Result<Self, BadRing> {
        let seen = seen(path)?;
        let held = RwLock::new((Arc::new(Ring::read(path)?), seen));
        Ok(Self(Arc::new(Inner { path: path.into(), own, held })))
    }

    /// The ring as its file stands now: a key that was destroyed is gone at once.
    fn ring(&self) -> Result<Arc<Ring>, Error> {
        let now = seen(&self.0.path).map_err(closed)?;
        let (ring, before) = self.0.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        if now == before {
            return Ok(ring);
        }
        let read = Arc::new(Ring::read(&self.0.path).map_err(closed)?);
        if read.check().expose_secret() != ring.check().expose_secret() {
            return Err(closed(NoVault::Other(self.0.path.clone())));
        }
        *self.0.held.write().unwrap_or_else(PoisonError::into_inner) = (read.clone(), now);
        Ok(read)
    }

    /// A digest that nobody can try guesses against who has the database alone.
    fn digest(&self, text: &str) -> Result<String, Error> {
        let ring = self.ring()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, ring.check().expose_secret());
        let key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, b"crisis-hub digests 1").as_ref());
        Ok(hex(hmac::sign(&key, text.as_bytes()).as_ref()))
    }
}

/// The data key of a handoff.
pub(super) enum DataKey {
    /// As it is.
    Key(Secret),
    /// Nobody can unwrap it again.
    Destroyed,
}

impl Store {
    pub(super) fn vault(&self) -> Result<&Vault, Error> {
        self.vault_cell().get().ok_or_else(|| closed("this program has no ring of keys open"))
    }

    /// Opens the ring that the database knows, and lets this store seal and open with it.
    ///
    /// With `makes` a database that has none gets one; without, somebody has to make it. Keys of months ahead are then added
    /// too: by the one node that there is.
    pub async fn open_vault(&self, path: &Path, makes: bool) -> Result<(), NoVault> {
        if self.meta(CHECK).await?.is_none() {
            if !makes {
                return Err(NoVault::NotMade(path.into()));
            }
            self.make_ring(path).await?;
        }
        let check = self.meta(CHECK).await?.unwrap_or_default();
        let vault = match Vault::open(path, makes) {
            Err(BadRing::File(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(NoVault::Gone(path.into()));
            }
            other => other?,
        };
        if !vault.ring()?.opens(&check) {
            return Err(NoVault::Other(path.into()));
        }
        // There from the first write on, so that a rotation waits for whoever wraps under what it says.
        keep_once(&self.pools().writer, GENERATION, "1").await?;
        if makes {
            let now = Month::of_micros(self.clock().now().micros());
            Ring::change(path, |ring| ring.top_up(now).map(|added| (added, added > 0)))?;
        }
        let _ = self.vault_cell().set(vault);
        self.seal_chains().await?;
        Ok(())
    }

    /// Makes the ring of a database that has none; a ring that is there already, of a start that was cut short, is taken.
    pub async fn make_ring(&self, path: &Path) -> Result<Ring, NoVault> {
        if self.meta(CHECK).await?.is_some() {
            return Err(NoVault::Gone(path.into()));
        }
        let ring = match Ring::read(path) {
            Err(BadRing::Absent(_)) => {
                let ring = Ring::make(Month::of_micros(self.clock().now().micros()))?;
                ring.write_new(path)?;
                ring
            }
            other => other?,
        };
        let check = ring.check_value().ok_or(BadRing::Random)?;
        keep_once(&self.pools().writer, CHECK, &check).await?;
        // Whoever came first has made it.
        let kept = self.meta(CHECK).await?.unwrap_or_default();
        if ring.opens(&kept) { Ok(ring) } else { Err(NoVault::Other(path.into())) }
    }

    /// Whether a ring is this database's; none when the database has none.
    pub async fn knows_ring(&self, ring: &Ring) -> Result<Option<bool>, Error> {
        Ok(self.meta(CHECK).await?.map(|check| ring.opens(&check)))
    }

    /// A digest of words that nobody can try guesses against who has the database alone.
    pub fn blinded(&self, words: &str) -> Result<String, Error> {
        self.vault()?.digest(words)
    }

    /// Whom an agency follows up, by its own reference of the person: no other agency's is alike, and whoever has the database
    /// alone cannot try guesses against it.
    pub fn person_ref(&self, of: OrganizationId, reference: &str) -> Result<PersonRef, Error> {
        let digest = self.vault()?.digest(&format!("person {of} {reference}"))?;
        let corrupt = Error::Corrupt { table: "follow_up", what: "digest" };
        unhex(&digest).and_then(|digest| digest.try_into().ok()).map(PersonRef).ok_or(corrupt)
    }

    /// A new data key of a handoff, and it wrapped under a generation's key of its month.
    pub(super) fn new_data_key(&self, handoff: &Handoff, generation: u32) -> Result<(KeyId, Secret, Vec<u8>), Error> {
        // What goes on for longer than foreseen is never put under a month whose keys are about to go.
        let (own, now) = (month_of(handoff), self.clock().now());
        let month = if own > month_at(now) { own } else { later_month(now) };
        let id = KeyId { month, generation };
        let key = seal::random_key().ok_or_else(|| closed(BadRing::Random))?;
        let wrapped = self.wrap(handoff.id, id, &key)?;
        Ok((id, key, wrapped))
    }

    /// A data key, wrapped.
    pub(super) fn wrap(&self, of: HandoffId, id: KeyId, key: &Secret) -> Result<Vec<u8>, Error> {
        let (vault, place) = (self.vault()?, place_of_key(of, id));
        let mut ring = vault.ring()?;
        if ring.key(id).is_none() && self.dialect() == super::Dialect::Sqlite && ring.generation() == id.generation {
            // The one node that there is adds what is missing.
            let now = Month::of_micros(self.clock().now().micros());
            Ring::change(&vault.0.path, |ring| ring.top_up(now).map(|added| (added, added > 0))).map_err(closed)?;
            ring = vault.ring()?;
        }
        let missing = || closed(format!("{}: no key of {id}: run `crisis-hub keys rotate`", vault.0.path.display()));
        let by = ring.key(id).ok_or_else(missing)?;
        seal::close(by, &place, key.expose_secret()).ok_or_else(|| closed(BadRing::Random))
    }

    /// A data key, unwrapped.
    pub(super) fn unwrap_key(&self, of: HandoffId, id: KeyId, wrapped: &[u8]) -> Result<DataKey, Error> {
        let (vault, corrupt) = (self.vault()?, Error::Corrupt { table: "handoff_key", what: "wrapped key" });
        let ring = vault.ring()?;
        let Some(by) = ring.key(id) else {
            let why = || format!("{}: no key of {id}: this is an older copy of the ring", vault.0.path.display());
            return if ring.is_destroyed(id) { Ok(DataKey::Destroyed) } else { Err(closed(why())) };
        };
        let Some(key) = seal::open(by, &place_of_key(of, id), wrapped) else { return Err(corrupt) };
        let key = Zeroizing::new(<[u8; seal::KEY]>::try_from(key.as_slice()).map_err(|_| corrupt)?);
        Ok(DataKey::Key(SecretBox::new(Box::new(*key))))
    }
}

/// The month of an instant.
pub fn month_at(at: At) -> Month {
    Month::of_micros(at.micros())
}
