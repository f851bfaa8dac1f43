//! Opening hours: a week of spans in the wall time of one zone.
use super::code::codes;
use super::text::{self, Flaw, FlawKind};
use super::time::At;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Most spans of one week.
pub const SPANS_MAX: usize = 50;
/// Minutes of a day on the wall.
const DAY: u16 = 1_440;
const WEEK_MINUTES: i64 = 7 * 1_440;

codes! {
    /// Days of the week.
    Weekday {
        /// Monday.
        Monday "MONDAY",
        /// Tuesday.
        Tuesday "TUESDAY",
        /// Wednesday.
        Wednesday "WEDNESDAY",
        /// Thursday.
        Thursday "THURSDAY",
        /// Friday.
        Friday "FRIDAY",
        /// Saturday.
        Saturday "SATURDAY",
        /// Sunday.
        Sunday "SUNDAY",
    }
}

/// When something is open.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// At every instant.
    AroundTheClock,
    /// In the spans of a week.
    Weekly(Week),
}

/// The spans of a week, in the wall time of one zone.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Week {
    /// The zone.
    pub zone: ZoneName,
    /// The spans; they may touch and overlap.
    pub spans: Vec<Span>,
}

/// One span of a week: it begins on its weekday, and ends on the next day when `to` is not later than `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// The weekday that it begins on.
    pub weekday: Weekday,
    /// Begin, in minutes after midnight.
    pub from: u16,
    /// End, in minutes after midnight.
    pub to: u16,
}

/// The name of a time zone: a value of the IANA list, which facts may hold because no other text fits.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(String);

/// How something stands to its hours at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Open, without an end.
    Always,
    /// Open until then.
    Until(At),
    /// Closed.
    Closed,
}

impl ZoneName {
    /// Reads the name of a zone that the IANA list has.
    pub fn parse(field: &'static str, name: &str) -> Result<Self, Flaw> {
        super::facility::time_zone(field, name).map(|()| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ZoneName {
    type Error = Flaw;
    fn try_from(name: String) -> Result<Self, Flaw> {
        Self::parse("timeZone", &name)
    }
}

impl From<ZoneName> for String {
    fn from(zone: ZoneName) -> Self {
        zone.0
    }
}

impl Span {
    /// Whether it ends on the day after it begins.
    fn crosses_midnight(self) -> bool {
        self.to <= self.from
    }

    /// The instants it begins and ends at, when it begins on that day.
    fn on(self, day: Date, zone: &TimeZone) -> Option<(At, At)> {
        let last = if self.crosses_midnight() { day.tomorrow().ok()? } else { day };
        Some((instant(day, self.from, zone)?, instant(last, self.to, zone)?))
    }
}

/// The instant of a wall time: in the hour that a clock change leaves out, as much later; in the hour that comes twice,
/// the first.
fn instant(day: Date, minutes: u16, zone: &TimeZone) -> Option<At> {
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    let wall = day.to_datetime(jiff::civil::Time::new(hour, minute, 0, 0).ok()?);
    Some(At::from_micros(zone.to_ambiguous_timestamp(wall).compatible().ok()?.as_microsecond()))
}

fn weekday(day: Date) -> Weekday {
    use jiff::civil::Weekday as W;
    match day.weekday() {
        W::Monday => Weekday::Monday,
        W::Tuesday => Weekday::Tuesday,
        W::Wednesday => Weekday::Wednesday,
        W::Thursday => Weekday::Thursday,
        W::Friday => Weekday::Friday,
        W::Saturday => Weekday::Saturday,
        W::Sunday => Weekday::Sunday,
    }
}

impl Hours {
    /// Checks each limit.
    pub fn check(&self) -> Result<(), Flaw> {
        let Self::Weekly(week) = self else { return Ok(()) };
        let spans = i64::try_from(week.spans.len()).unwrap_or(i64::MAX);
        text::within("hours.open", spans, 1, i64::try_from(SPANS_MAX).unwrap_or(i64::MAX))?;
        week.spans.iter().flat_map(|span| [span.from, span.to]).try_for_each(|minutes| {
            if minutes < DAY { Ok(()) } else { Err(Flaw { field: "hours", kind: FlawKind::Malformed, min: 0, max: 0 }) }
        })
    }

    /// Whether it is open at an instant.
    pub fn open_at(&self, at: At) -> bool {
        self.at(at) != Opening::Closed
    }

    /// How it stands at an instant, and until when it stays open without a break.
    pub fn at(&self, at: At) -> Opening {
        match self {
            Self::AroundTheClock => Opening::Always,
            Self::Weekly(week) => week.at(at).unwrap_or(Opening::Closed),
        }
    }
}

impl Week {
    fn at(&self, at: At) -> Option<Opening> {
        let zone = TimeZone::get(self.zone.as_str()).ok()?;
        let today = zone.to_datetime(Timestamp::from_microsecond(at.micros()).ok()?).date();
        // From yesterday, whose spans may end today, to more than a week ahead, where spans that never break are seen.
        let mut spans: Vec<(At, At)> = (-1_i32..=8)
            .filter_map(|ahead| today.checked_add(jiff::Span::new().days(ahead)).ok())
            .flat_map(|day| {
                let here = weekday(day);
                self.spans.iter().filter(move |span| span.weekday == here).map(move |span| (span, day))
            })
            .filter_map(|(span, day)| span.on(day, &zone))
            .collect();
        spans.sort_unstable();
        let until = spans.iter().fold(at, |until, (from, to)| if *from <= until { until.max(*to) } else { until });
        Some(match until {
            until if until == at => Opening::Closed,
            until if until >= at.plus_minutes(WEEK_MINUTES) => Opening::Always,
            until => Opening::Until(until),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::code::Coded;
    use proptest::prelude::*;

    fn at(text: &str) -> At {
        At::parse(text).unwrap()
    }

    fn week(zone: &str, spans: &[(Weekday, u16, u16)]) -> Hours {
        let spans = spans.iter().map(|(weekday, from, to)| Span { weekday: *weekday, from: *from, to: *to }).collect();
        let hours = Hours::Weekly(Week { zone: ZoneName::parse("timeZone", zone).unwrap(), spans });
        hours.check().unwrap();
        hours
    }

    #[test]
    fn a_day_is_open_from_its_first_instant_to_just_before_its_last() {
        // 2026-03-02 is a Monday; New York is five hours behind.
        let office = week("America/New_York", &[(Weekday::Monday, 9 * 60, 17 * 60)]);
        for (when, open) in [
            ("2026-03-02T13:59:59.999999Z", false),
            ("2026-03-02T14:00:00Z", true),
            ("2026-03-02T21:59:59.999999Z", true),
            ("2026-03-02T22:00:00Z", false),
            ("2026-03-03T15:00:00Z", false),
            ("2026-03-09T13:30:00Z", true),
        ] {
            assert_eq!(office.open_at(at(when)), open, "{when}");
        }
        assert_eq!(office.at(at("2026-03-02T15:00:00Z")), Opening::Until(at("2026-03-02T22:00:00Z")));
    }

    #[test]
    fn a_night_crosses_midnight_and_the_end_of_the_week() {
        let night = week("America/New_York", &[(Weekday::Sunday, 22 * 60, 6 * 60)]);
        for (when, open) in [
            ("2026-03-02T02:59:59Z", false),
            ("2026-03-02T03:00:00Z", true),
            ("2026-03-02T10:59:59Z", true),
            ("2026-03-02T11:00:00Z", false),
            ("2026-03-03T03:30:00Z", false),
        ] {
            assert_eq!(night.open_at(at(when)), open, "{when}");
        }
    }

    #[test]
    fn spans_that_touch_are_one_and_a_whole_week_has_no_end() {
        let two = week("America/New_York", &[(Weekday::Friday, 16 * 60, 0), (Weekday::Saturday, 0, 0)]);
        assert_eq!(two.at(at("2026-03-06T22:00:00Z")), Opening::Until(at("2026-03-08T05:00:00Z")));
        let all: Vec<_> = Weekday::ALL.iter().map(|day| (*day, 0, 0)).collect();
        for when in ["2026-03-06T22:00:00Z", "2026-03-08T06:59:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"] {
            assert_eq!(week("America/New_York", &all).at(at(when)), Opening::Always, "{when}");
        }
        assert_eq!(Hours::AroundTheClock.at(At::default()), Opening::Always);
    }

    #[test]
    fn a_night_of_a_clock_change_is_an_hour_shorter_or_longer() {
        let night = |weekday| week("America/New_York", &[(weekday, 22 * 60, 6 * 60)]);
        // Clocks go forward at 02:00 on Sunday 2026-03-08: from Saturday 22:00 EST to Sunday 06:00 EDT are seven hours.
        let spring = night(Weekday::Saturday);
        assert_eq!(spring.at(at("2026-03-08T03:00:00Z")), Opening::Until(at("2026-03-08T10:00:00Z")));
        // They go back at 02:00 on Sunday 2026-11-01: from Saturday 22:00 EDT to Sunday 06:00 EST are nine.
        let autumn = night(Weekday::Saturday);
        assert_eq!(autumn.at(at("2026-11-01T02:00:00Z")), Opening::Until(at("2026-11-01T11:00:00Z")));
        assert!(autumn.open_at(at("2026-11-01T05:30:00Z")) && autumn.open_at(at("2026-11-01T06:30:00Z")));
    }

    #[test]
    fn a_wall_time_that_is_left_out_comes_later_and_one_that_comes_twice_counts_first() {
        let early = week("America/New_York", &[(Weekday::Sunday, 150, 300)]);
        // 02:30 is left out on 2026-03-08: it is 03:30 EDT.
        assert!(!early.open_at(at("2026-03-08T07:29:59Z")));
        assert_eq!(early.at(at("2026-03-08T07:30:00Z")), Opening::Until(at("2026-03-08T09:00:00Z")));
        let late = week("America/New_York", &[(Weekday::Sunday, 0, 90)]);
        // 01:30 comes twice on 2026-11-01: whoever closes at it closes at the first.
        assert_eq!(late.at(at("2026-11-01T04:30:00Z")), Opening::Until(at("2026-11-01T05:30:00Z")));
        assert!(!late.open_at(at("2026-11-01T06:15:00Z")));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(ZoneName::parse("timeZone", "America/Atlantis").is_err());
        let with = |spans: Vec<Span>| Hours::Weekly(Week { zone: ZoneName("UTC".into()), spans }).check();
        let span = |from, to| Span { weekday: Weekday::Monday, from, to };
        assert!(with(Vec::new()).is_err());
        assert!(with(vec![span(0, 1_440)]).is_err() && with(vec![span(1_440, 0)]).is_err());
        assert!(with(vec![span(0, 60); SPANS_MAX + 1]).is_err() && with(vec![span(0, 60); SPANS_MAX]).is_ok());
        assert!(serde_json::from_str::<ZoneName>("\"a person's name\"").is_err());
    }

    fn any_span() -> impl Strategy<Value = (usize, u16, u16)> {
        (0_usize..7, 0_u16..1_440, 0_u16..1_440)
    }

    proptest! {
        /// Where clocks never change, a minute of the week is open when a span holds it.
        #[test]
        fn a_minute_is_open_when_a_span_holds_it(spans in prop::collection::vec(any_span(), 1..6), minute in 0_i64..20_160) {
            let hours = week("America/Phoenix", &spans.iter().map(|(d, f, t)| (Weekday::ALL[*d], *f, *t)).collect::<Vec<_>>());
            // A Monday, 00:00 in Phoenix.
            let now = at("2026-03-02T07:00:00Z").plus_minutes(minute);
            let of_week = minute % WEEK_MINUTES;
            let held = spans.iter().any(|(day, from, to)| {
                let from_week = i64::try_from(*day).unwrap() * 1_440 + i64::from(*from);
                let long = i64::from(*to) - i64::from(*from) + if to <= from { 1_440 } else { 0 };
                (of_week - from_week).rem_euclid(WEEK_MINUTES) < long
            });
            prop_assert_eq!(hours.open_at(now), held);
            if let Opening::Until(end) = hours.at(now) {
                prop_assert!(end > now && hours.open_at(end.plus_micros(-1)) && !hours.open_at(end));
            }
        }

        /// Through the clock changes of a year too, it stays open until it says, and not a microsecond longer.
        #[test]
        fn it_stays_open_until_it_says(spans in prop::collection::vec(any_span(), 1..4), minute in 0_i64..525_600) {
            let hours = week("America/New_York", &spans.iter().map(|(d, f, t)| (Weekday::ALL[*d], *f, *t)).collect::<Vec<_>>());
            let now = at("2026-01-01T05:00:00Z").plus_minutes(minute);
            if let Opening::Until(end) = hours.at(now) {
                prop_assert!(end > now && hours.open_at(end.plus_micros(-1)) && !hours.open_at(end));
                prop_assert_eq!(hours.at(end.plus_micros(-1)), Opening::Until(end));
            }
        }
    }
}
