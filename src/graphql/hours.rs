//! Opening hours in the schema.
use super::error::{ErrorCode, coded};
use super::scalars::Code;
use crate::domain::hours::{Hours, Span, Week, Weekday, ZoneName};
use async_graphql::{Error, InputObject, SimpleObject};

/// When something is open: around the clock, or in the spans of a week.
#[derive(Clone, SimpleObject)]
pub struct OpeningHours {
    /// Open at every instant; then there are no spans.
    around_the_clock: bool,
    /// IANA time zone of the spans; null around the clock.
    time_zone: Option<String>,
    /// The spans of a week; they may touch and overlap.
    open: Vec<OpeningSpan>,
}

/// One span of a week.
#[derive(Clone, SimpleObject)]
pub struct OpeningSpan {
    /// The weekday that it begins on.
    weekday: Code<Weekday>,
    /// Begin on the wall clock, such as 22:00.
    from: String,
    /// End on the wall clock, such as 06:00; on the next day when it is not later than `from`.
    to: String,
}

/// When something is open: around the clock, or in the spans of a week.
#[derive(Clone, Debug, InputObject)]
pub struct OpeningHoursInput {
    /// Open at every instant; leave the rest out.
    #[graphql(default)]
    around_the_clock: bool,
    /// IANA time zone of the spans, such as America/New_York.
    time_zone: Option<String>,
    /// The spans of a week, 1 to 50.
    #[graphql(validator(max_items = 50))]
    open: Option<Vec<OpeningSpanInput>>,
}

/// One span of a week.
#[derive(Clone, Debug, InputObject)]
pub struct OpeningSpanInput {
    /// The weekday that it begins on.
    weekday: Code<Weekday>,
    /// Begin on the wall clock, 00:00 to 23:59.
    from: String,
    /// End on the wall clock, 00:00 to 23:59; on the next day when it is not later than `from`: 00:00 to 00:00 is a whole day.
    to: String,
}

fn wall(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Minutes after midnight of a wall time.
fn minutes(wall: &str) -> Option<u16> {
    let (hours, minutes) = wall.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

impl From<&Hours> for OpeningHours {
    fn from(hours: &Hours) -> Self {
        match hours {
            Hours::AroundTheClock => Self { around_the_clock: true, time_zone: None, open: Vec::new() },
            Hours::Weekly(week) => Self {
                around_the_clock: false,
                time_zone: Some(week.zone.as_str().to_owned()),
                open: week
                    .spans
                    .iter()
                    .map(|span| OpeningSpan { weekday: Code(span.weekday), from: wall(span.from), to: wall(span.to) })
                    .collect(),
            },
        }
    }
}

impl OpeningHoursInput {
    /// The hours as the verbs take them.
    pub(in crate::graphql) fn read(self) -> Result<Hours, Error> {
        let bad = |message: &str| coded(ErrorCode::BadUserInput, message);
        match (self.around_the_clock, self.time_zone, self.open) {
            (true, None, None) => Ok(Hours::AroundTheClock),
            (false, Some(zone), Some(open)) => {
                let zone = ZoneName::parse("timeZone", &zone).map_err(|flaw| bad(&flaw.to_string()))?;
                let span = |span: OpeningSpanInput| {
                    let times = minutes(&span.from).zip(minutes(&span.to));
                    let (from, to) = times.ok_or_else(|| bad("a wall time is 00:00 to 23:59"))?;
                    Ok(Span { weekday: span.weekday.0, from, to })
                };
                let spans = open.into_iter().map(span).collect::<Result<_, Error>>()?;
                Ok(Hours::Weekly(Week { zone, spans }))
            }
            _ => Err(bad("send `aroundTheClock: true`, or `timeZone` and `open`")),
        }
    }
}
