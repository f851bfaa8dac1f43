//! What the hub keeps of agencies' own staff: addresses of who is on call, and the browsers that people are reached at.
//!
//! It is no handoff's and has no month: it is sealed under a key of the ring itself, which no rotation changes.
use super::{BadRing, Vault, closed, hmac, seal};
use crate::store::error::Error;
use crate::store::tx::Store;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use uuid::Uuid;

/// Whether bytes are a point of P-256, as browsers' public keys are.
pub(in crate::store) fn is_point(bytes: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).parse().is_ok()
}

impl Vault {
    fn staff_key(&self) -> Result<seal::Secret, Error> {
        let ring = self.ring()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, ring.check().expose_secret());
        let mut held = Zeroizing::new([0; seal::KEY]);
        let tag = hmac::sign(&key, b"crisis-hub staff 1");
        held.copy_from_slice(tag.as_ref().get(..seal::KEY).ok_or_else(|| closed(BadRing::Random))?);
        Ok(SecretBox::new(Box::new(*held)))
    }
}

/// Where something of staff is kept: it opens there alone.
#[derive(Clone, Copy)]
pub(in crate::store) struct Place {
    /// The table.
    pub(in crate::store) table: &'static str,
    /// The row.
    pub(in crate::store) row: Uuid,
    /// Whose it is.
    pub(in crate::store) whose: Uuid,
}

impl Place {
    fn bound(&self) -> Vec<u8> {
        seal::bound(&[self.table.as_bytes(), self.row.as_bytes(), self.whose.as_bytes()])
    }
}

impl Store {
    /// Seals something of staff for its place.
    pub(in crate::store) fn close_staff(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self.vault()?.staff_key()?;
        seal::close(&key, &place.bound(), plain).ok_or_else(|| closed(BadRing::Random))
    }

    /// Opens what was sealed for this very place.
    pub(in crate::store) fn open_staff(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (key, table) = (self.vault()?.staff_key()?, place.table);
        seal::open(&key, &place.bound(), sealed).ok_or(Error::Corrupt { table, what: "sealed" })
    }
}
