//! Cursors and digests: sealed, and bound to what they were made for.
use super::error::Error;
use crate::domain::id::{EventId, NounId};
use crate::domain::time::At;
use crate::store::Reader;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a cursor into the log is good, in minutes: 7 days.
const GOOD_MINUTES: i64 = 7 * 24 * 60;
/// Bytes of the seal.
const TAG: usize = 16;
/// Longest cursor that is looked at, in characters.
pub const CURSOR_MAX: usize = 512;

/// The hub's seal: what it makes, it alone can have made.
#[derive(Clone)]
pub struct Seal {
    digests: Hmac<Sha256>,
    /// With the database's epoch: a restore ends every cursor, and no idempotency key.
    cursors: Hmac<Sha256>,
}

impl Seal {
    /// A seal from the database's secret and its epoch.
    pub fn new(secret: &[u8], epoch: &str) -> Self {
        // HMAC takes a key of any length.
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret);
        let digests =
            mac.unwrap_or_else(|_| <Hmac<Sha256> as KeyInit>::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        let mut cursors = digests.clone();
        cursors.update(epoch.as_bytes());
        Self { digests, cursors }
    }

    fn tag(&self, bound: &str, payload: &[u8]) -> Hmac<Sha256> {
        tag(&self.cursors, bound, payload)
    }
    /// A cursor over `payload`, good for `bound` alone.
    pub fn close(&self, bound: &str, payload: &[u8]) -> String {
        let tag = self.tag(bound, payload).finalize().into_bytes();
        let sealed: Vec<u8> = tag.iter().take(TAG).chain(payload).copied().collect();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The payload of a cursor made for `bound`; `None` for any other.
    pub fn open(&self, bound: &str, cursor: &str) -> Option<Vec<u8>> {
        let sealed = (cursor.len() <= CURSOR_MAX).then(|| URL_SAFE_NO_PAD.decode(cursor).ok())??;
        let (tag, payload) = sealed.split_at_checked(TAG)?;
        self.tag(bound, payload).verify_truncated_left(tag).ok()?;
        Some(payload.to_vec())
    }

    /// The digest of a mutation's input, for its idempotency key.
    pub fn digest(&self, operation: &str, input: &str) -> String {
        URL_SAFE_NO_PAD.encode(tag(&self.digests, operation, input.as_bytes()).finalize().into_bytes())
    }

    /// A cursor into the log: a number, the last bytes of the event's id there, and the minute it was handed out.
    pub fn log_cursor(&self, bound: &str, mark: Mark, now: At) -> String {
        let mut payload = mark.number.to_be_bytes().to_vec();
        payload.extend(mark.prefix());
        payload.extend(minute(now).to_be_bytes());
        self.close(bound, &payload)
    }
}

fn tag(mac: &Hmac<Sha256>, bound: &str, payload: &[u8]) -> Hmac<Sha256> {
    let mut mac = mac.clone();
    mac.update(&u64::try_from(bound.len()).unwrap_or(u64::MAX).to_be_bytes());
    mac.update(bound.as_bytes());
    mac.update(payload);
    mac
}

/// A place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The number; 0 before the first event.
    pub number: i64,
    /// The event there.
    pub id: EventId,
}

impl Mark {
    /// Before the first event.
    pub fn beginning() -> Self {
        Self { number: 0, id: EventId::of(uuid::Uuid::nil()) }
    }

    // The random half of the id: two databases of one age share the first.
    fn prefix(self) -> [u8; 8] {
        let [.., a, b, c, d, e, f, g, h] = self.id.key().into_bytes();
        [a, b, c, d, e, f, g, h]
    }
}

fn minute(at: At) -> i64 {
    at.micros().div_euclid(60_000_000)
}

/// The number that a log cursor names, if this log holds it and it was not handed out too long ago.
///
/// It is the cursor that grows old, not the event: a log may be silent for a week, or be read from its beginning.
pub async fn log_number(reader: &Reader, seal: &Seal, bound: &str, cursor: &str, now: At) -> Result<i64, Error> {
    let payload = seal.open(bound, cursor).ok_or(Error::CursorExpired)?;
    let (&[number, prefix, made], []) = payload.as_chunks::<8>() else { return Err(Error::CursorExpired) };
    let (number, made) = (i64::from_be_bytes(number), i64::from_be_bytes(made));
    if minute(now) >= made.saturating_add(GOOD_MINUTES) {
        return Err(Error::CursorExpired);
    }
    if number == 0 {
        return Ok(0);
    }
    let (id, _) = reader.mark(number).await?.ok_or(Error::CursorExpired)?;
    if (Mark { number, id }).prefix() == prefix { Ok(number) } else { Err(Error::CursorExpired) }
}

/// The last place in the log.
pub async fn head(reader: &Reader) -> Result<Mark, Error> {
    let number = reader.head().await?;
    Ok(reader.mark(number).await?.map_or_else(Mark::beginning, |(id, _)| Mark { number, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_what_it_closed_and_nothing_else() {
        let seal = Seal::new(b"one", "");
        let cursor = seal.close("bedUnits:{}", b"payload");
        assert_eq!(seal.open("bedUnits:{}", &cursor), Some(b"payload".to_vec()));
        assert_eq!(seal.open("bedUnits:{fresh}", &cursor), None);
        assert_eq!(Seal::new(b"two", "").open("bedUnits:{}", &cursor), None);
        let restored = Seal::new(b"one", "new");
        assert_eq!(restored.open("bedUnits:{}", &cursor), None);
        assert_eq!(restored.digest("reportBeds", "{}"), seal.digest("reportBeds", "{}"));
        let mut forged = cursor.clone();
        forged.replace_range(3..4, if &cursor[3..4] == "A" { "B" } else { "A" });
        assert_eq!(seal.open("bedUnits:{}", &forged), None);
        assert_eq!(seal.open("bedUnits:{}", ""), None);
        assert_eq!(seal.open("bedUnits:{}", &"A".repeat(100_000)), None);
    }
}
