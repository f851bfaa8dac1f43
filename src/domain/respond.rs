//! What comes before a place: somebody to talk to now, somebody who can come; and how they fit a need.
use super::hours::{Hours, Opening};
use super::need::{self, Criterion, Fit, Need, Reason, reason};
use super::service::{Service, ServiceDetails};
use super::team::{Team, TeamShownAs};
use super::time::At;

/// People younger than this need a team or a line that is set up for them, in years.
pub const YOUTH_BELOW: u16 = 18;

/// How a line fits a need at an instant, for a person of a county: every point, with its reason.
pub fn talk(need: &Need, line: &Service, county: Option<u32>, now: At) -> Vec<Reason> {
    let hours = match line.details.hours.as_ref().map(|hours| hours.at(now)) {
        None => reason(Criterion::Hours, Fit::Unknown, "Its hours are not known: try, and have another line ready."),
        Some(Opening::Closed) => reason(Criterion::Hours, Fit::NotMet, "It is closed now."),
        Some(_) => reason(Criterion::Hours, Fit::Met, "It is open now."),
    };
    let mut found = vec![hours];
    found.extend(talk_age(need, &line.details));
    found.extend(language(need, line.details.languages.iter().map(String::as_str)));
    found.extend(need::catchment(county, &line.details.catchment_fips));
    found
}

/// Until when a line is open, where that is known and has an end.
pub fn open_until(line: &ServiceDetails, now: At) -> Option<At> {
    match line.hours.as_ref()?.at(now) {
        Opening::Until(end) => Some(end),
        Opening::Always | Opening::Closed => None,
    }
}

fn talk_age(need: &Need, line: &ServiceDetails) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::Age, fit, says));
    let (min, max, youth) = (line.age_min, line.age_max, line.youth_capable);
    let bounded = min.is_some() || max.is_some();
    match need.age {
        None if bounded || youth == Some(false) => by(Fit::Unknown, "Ask the age: it is for certain ages only."),
        None => None,
        Some(age) if min.is_some_and(|min| age < min) || max.is_some_and(|max| age > max) => {
            by(Fit::NotMet, "It is not for this age.")
        }
        Some(age) if age < YOUTH_BELOW && youth == Some(false) => by(Fit::NotMet, "It is not set up for young people."),
        Some(age) if age < YOUTH_BELOW && youth.is_none() && min.is_none() => {
            by(Fit::Unknown, "Ask whether it is set up for young people.")
        }
        Some(_) if bounded || youth.is_some() => by(Fit::Met, "It is for this age."),
        Some(_) => None,
    }
}

/// How a team fits a need at an instant, for a person who is in a county: every point, with its reason.
pub fn come(need: &Need, team: &Team, county: Option<u32>, now: At) -> Vec<Reason> {
    let mut found = vec![capacity(team.shown_as(now)), coverage(team, county)];
    found.extend(on_duty(team.definition().hours.as_ref(), now));
    found.extend(come_age(need, team));
    let spoken: Vec<String> = team.definition().languages.iter().map(ToString::to_string).collect();
    found.extend(language(need, spoken.iter().map(String::as_str)));
    found
}

/// Whether a team goes to a county; one that is not known has to be asked.
pub fn covers(team: &Team, county: Option<u32>) -> Fit {
    match county {
        None => Fit::Unknown,
        Some(county) if team.definition().counties.contains(&county) => Fit::Met,
        Some(_) => Fit::NotMet,
    }
}

fn capacity(shown: TeamShownAs) -> Reason {
    let by = |fit, says| reason(Criterion::Capacity, fit, says);
    match shown {
        TeamShownAs::Available => by(Fit::Met, "The team says that it is free."),
        TeamShownAs::Assigned | TeamShownAs::EnRoute | TeamShownAs::OnScene => {
            by(Fit::Unknown, "The team is with somebody: ask when it can come.")
        }
        TeamShownAs::Out => by(Fit::NotMet, "The team is not on duty."),
        TeamShownAs::Unknown => by(Fit::NotMet, "Nothing has been heard of the team."),
    }
}

fn coverage(team: &Team, county: Option<u32>) -> Reason {
    let by = |fit, says| reason(Criterion::Catchment, fit, says);
    match covers(team, county) {
        Fit::Met => by(Fit::Met, "The team covers this county."),
        Fit::Unknown => by(Fit::Unknown, "Ask whether the team covers this place."),
        Fit::NotMet => by(Fit::NotMet, "The team does not cover this county."),
    }
}

/// What a team says of itself stands above its usual hours.
fn on_duty(hours: Option<&Hours>, now: At) -> Option<Reason> {
    Some(match hours?.at(now) {
        Opening::Closed => reason(Criterion::Hours, Fit::Unknown, "It is outside the team's usual hours: call first."),
        Opening::Always | Opening::Until(_) => reason(Criterion::Hours, Fit::Met, "It is within the team's hours."),
    })
}

fn come_age(need: &Need, team: &Team) -> Option<Reason> {
    let by = |fit, says| Some(reason(Criterion::Age, fit, says));
    match (need.age, team.definition().youth_capable) {
        (Some(age), true) if age < YOUTH_BELOW => by(Fit::Met, "The team is set up for young people."),
        (Some(age), false) if age < YOUTH_BELOW => by(Fit::NotMet, "The team is not set up for young people."),
        (None, false) => by(Fit::Unknown, "Ask the age: the team is not set up for young people."),
        _ => None,
    }
}

fn language<'a>(need: &Need, mut spoken: impl Iterator<Item = &'a str>) -> Option<Reason> {
    let language = need.language.as_deref()?;
    Some(need::spoken(spoken.any(|spoken| spoken == language)))
}
