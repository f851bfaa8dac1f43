//! The chain that binds each line of the audit and of the ledger to all lines before it: where it ends, and when the log is
//! told of that.
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{AuditChainId, Noun, NounId, OrganizationId, RegionId};
use super::time::At;
use std::fmt;
use uuid::Uuid;

/// How often the log is told where the chain ends, in minutes.
pub const TOLD_EVERY_MINUTES: i64 = 5;

/// A SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Digest([u8; 32]);

/// Where a chain ends, or ended: whoever keeps this elsewhere finds what is cut off or written anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChainEnd {
    /// The number of its last link; 0 for none.
    pub number: i64,
    /// The hash of that link; zeros for none.
    pub hash: Digest,
}

/// The hub's one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditChain {
    /// Its id.
    pub id: AuditChainId,
    /// How often the log was told, from 1.
    pub version: Version,
    /// Where it ends.
    pub end: ChainEnd,
    /// Up to which link the log was told.
    pub told_number: i64,
    /// When; before the first time, since when there is a link; none before that.
    pub told_at: Option<At>,
}

impl Digest {
    /// Takes the bytes of one.
    pub const fn of(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl ChainEnd {
    /// Reads what [`fmt::Display`] writes: `NUMBER:HASH`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hash) = text.split_once(':')?;
        let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
        let digits: Option<Vec<u8>> = hash.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
        let bytes: Vec<u8> = digits
            .filter(|digits| digits.len() == 64)?
            .chunks(2)
            .map(|two| two.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        Some(Self { number, hash: Digest(bytes.try_into().ok()?) })
    }
}

impl fmt::Display for ChainEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl AuditChain {
    /// The id of the hub's one chain.
    pub fn only() -> AuditChainId {
        AuditChainId::of(Uuid::nil())
    }

    /// Tells the log where it ends, when that is due: to hub operators, for it is of no region and no agency.
    pub fn tell(&self, now: At) -> Option<Changed<Self>> {
        let due = self.told_at?.plus_minutes(TOLD_EVERY_MINUTES) <= now;
        // To tell is itself a line of the audit: a hub where nothing else happens has nothing to tell.
        let moved = self.end.number - self.told_number > 1;
        (due && moved).then(|| {
            let told =
                Self { version: self.version + 1, told_number: self.end.number, told_at: Some(now), ..self.clone() };
            let happening = Happening {
                kind: EventKind::AuditChained,
                noun: Noun::AuditChain,
                key: told.id.key(),
                version: told.version,
                region: RegionId::of(Uuid::nil()),
                owner: OrganizationId::of(Uuid::nil()),
                party: None,
                audience: Audience::AGENCY,
                at: now,
                fact: Fact::AuditChain(told.end),
            };
            Changed::new(told, happening)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> At {
        At::from_micros(0).plus_minutes(minutes)
    }

    #[test]
    fn an_end_reads_back_and_nothing_else_does() {
        let end = ChainEnd { number: 41, hash: Digest::of(std::array::from_fn(|n| u8::try_from(n).unwrap() * 7)) };
        let text = end.to_string();
        assert_eq!(ChainEnd::parse(&text), Some(end));
        for bad in ["", "41", "41:", "41:ab", ":00", &text[1..][..10], &format!("{text}0"), &text.replace("41", "-1")] {
            assert_eq!(ChainEnd::parse(bad), None, "{bad}");
        }
        let fact = serde_json::to_string(&Fact::AuditChain(end)).unwrap();
        assert!(!fact.contains(&end.hash.to_string()), "the fact has text in it: {fact}");
        assert_eq!(serde_json::from_str::<Fact>(&fact).unwrap(), Fact::AuditChain(end));
    }

    #[test]
    fn the_log_is_told_every_five_minutes_of_what_has_moved() {
        let end = |number| ChainEnd { number, hash: Digest::default() };
        let chain = |number, told_number, told_at: Option<i64>| AuditChain {
            id: AuditChain::only(),
            version: 1,
            end: end(number),
            told_number,
            told_at: told_at.map(at),
        };
        assert!(chain(0, 0, None).tell(at(100)).is_none());
        assert!(chain(9, 0, Some(10)).tell(at(14)).is_none());
        let told = chain(9, 0, Some(10)).tell(at(15)).unwrap();
        assert_eq!((told.happening().version, &told.happening().fact), (2, &Fact::AuditChain(end(9))));
        let told = told.into_state();
        assert_eq!((told.version, told.told_number, told.told_at), (2, 9, Some(at(15))));
        // Its own line is no news.
        assert!(AuditChain { end: end(10), ..told.clone() }.tell(at(60)).is_none());
        assert!(AuditChain { end: end(11), ..told }.tell(at(20)).is_some());
    }
}
