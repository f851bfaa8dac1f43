//! Instants: UTC in whole microseconds, the finest that both databases keep.
use std::fmt;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct At(i64);

/// The latest instant that RFC 3339 can write: 9999-12-31T23:59:59.999999Z.
const LATEST: i64 = 253_402_300_799_999_999;
/// The earliest: 0001-01-01T00:00:00Z.
const EARLIEST: i64 = -62_135_596_800_000_000;

impl At {
    /// The instant so many microseconds after 1970, held within the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(EARLIEST, LATEST))
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with an offset; a naive time is refused. Finer than microseconds is truncated.
    pub fn parse(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        // RFC 3339 needs `T` and an offset; the parser is more generous than the standard.
        let rfc3339 = matches!(text.as_bytes().get(10), Some(b'T' | b't')) && !text.contains('[');
        let micros = instant.as_nanosecond().div_euclid(1_000);
        rfc3339.then_some(())?;
        i64::try_from(micros).ok().filter(|m| (EARLIEST..=LATEST).contains(m)).map(Self)
    }

    /// The instant so many minutes later.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_micros(minutes.saturating_mul(60_000_000))
    }

    /// The instant so many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }

    /// The instant so many microseconds later.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here; negative when `earlier` is later.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant:.6}"),
            Err(_) => f.write_str("0001-01-01T00:00:00.000000Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_in_microseconds() {
        let at = At::parse("2026-11-23T02:14:05.1234567-05:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-23T07:14:05.123456Z");
        assert_eq!(At::parse(&at.to_string()), Some(at));
    }

    #[test]
    fn a_naive_or_foreign_time_is_refused() {
        for bad in [
            "2026-11-23T02:14:05",
            "2026-11-23 02:14:05Z",
            "2026-11-23",
            "1732327445",
            "2026-13-01T00:00:00Z",
            "2026-11-23T02:14:05-05:00[America/New_York]",
            "",
        ] {
            assert_eq!(At::parse(bad), None, "{bad}");
        }
    }
}
