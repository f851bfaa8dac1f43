//! Jurisdictions: what the law of a state adds to the hub's own rules. It adds clocks, and says to whom a permission that the
//! hub gives is not given there; it gives none. Every line has its source, and is to be checked with counsel.
use super::code::{Coded, codes};
use super::need::LegalStatus;
use super::role::Role;
use super::service::ServiceKind;
use super::text::{self, Flaw, FlawKind};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Below this age somebody is a minor where no jurisdiction says otherwise, in years.
pub const MAJORITY_YEARS: u16 = 18;
/// Within how many minutes a minor's guardian is to be reached where no jurisdiction says otherwise.
pub const GUARDIAN_MINUTES: u32 = 60;
/// Longest that a legal clock runs, in minutes: a month.
const CLOCK_MINUTES_MAX: i64 = 31 * 24 * 60;
/// Most characters of one line of law.
const LINE_MAX: usize = 400;
/// Most points at which a clock warns.
const WARNINGS_MAX: i64 = 5;

codes! {
    /// What a legal clock runs from.
    ClockFrom {
        /// From when the person was taken into custody.
        Custody "CUSTODY",
        /// From when the person arrived at the facility.
        Arrival "ARRIVAL",
        /// From when the order was executed.
        Order "ORDER",
    }
    /// For whom a legal status is.
    AgeGroup {
        /// For everybody.
        Any "ANY",
        /// For adults.
        Adults "ADULTS",
        /// For minors.
        Minors "MINORS",
    }
}

/// What has to be done with a line of law before anybody relies on it. There is nothing else to say, and no leaving it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Check {
    /// Counsel is asked.
    #[serde(rename = "check with counsel")]
    WithCounsel,
}

/// Where a line of law comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The statute, code or rule.
    pub law: String,
    /// What to do before anybody relies on it.
    pub check: Check,
}

/// A rule in words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it says.
    pub says: String,
    /// Where it comes from.
    pub source: Source,
}

/// An age in years.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Years {
    /// How many.
    pub years: u16,
    /// Where it comes from.
    pub source: Source,
}

/// A time in minutes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// How many.
    pub minutes: u32,
    /// Where it comes from.
    pub source: Source,
}

/// A paper that travels with the person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalPaper {
    /// What it is called.
    pub title: String,
    /// Where it comes from.
    pub source: Source,
}

/// The clock of a legal status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalClock {
    /// How long it runs, in minutes, where nobody says otherwise.
    pub minutes: u32,
    /// The longest that an order may let it run: over a weekend or a holiday.
    pub minutes_max: u32,
    /// What it runs from.
    pub runs_from: ClockFrom,
    /// At how many percent of it people are warned, in order.
    pub warn_at: Vec<u8>,
    /// Where it comes from.
    pub source: Source,
}

/// A legal status that a person can be in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusTerms {
    /// Its code, as verbs take it.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What it is to a search.
    pub maps_to: LegalStatus,
    /// For whom it is.
    pub ages: AgeGroup,
    /// Whose people may record that it began, if they may write what is legal at all.
    pub starts: Vec<Role>,
    /// How long it lasts; none where it has no end by itself.
    pub clock: Option<LegalClock>,
    /// Papers that travel with the person.
    pub papers: Vec<LegalPaper>,
    /// Where it comes from.
    pub source: Source,
}

/// From which age somebody may consent alone to some kinds of service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinorConsent {
    /// To which kinds.
    pub services: Vec<ServiceKind>,
    /// From which age, in years.
    pub years: u16,
    /// What goes with it.
    pub says: String,
    /// Where it comes from.
    pub source: Source,
}

/// What the law of one state adds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jurisdiction {
    /// Its code, ISO 3166-2, such as `US-FL`.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// Below which age somebody is a minor.
    pub majority: Years,
    /// Within how many minutes a minor's guardian is to be reached.
    pub guardian: Minutes,
    /// Where people are brought who are not there of their own will.
    pub receivers: Rule,
    /// Who drives.
    pub transport: Rule,
    /// Legal statuses.
    pub statuses: Vec<StatusTerms>,
    /// What minors may consent to alone.
    pub minor_consent: Vec<MinorConsent>,
    /// What people are told where it matters.
    pub notices: Vec<Rule>,
}

fn malformed(field: &'static str) -> Flaw {
    Flaw { field, kind: FlawKind::Malformed, min: 1, max: 1 }
}

/// Checks the form of a jurisdiction's code: a country and a part of it, such as `US-FL`.
pub fn code(field: &'static str, code: &str) -> Result<(), Flaw> {
    let upper = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let formed = code.split_once('-').is_some_and(|(country, part)| {
        country.len() == 2 && (1..=3).contains(&part.len()) && upper(country) && upper(part)
    });
    if formed { Ok(()) } else { Err(malformed(field)) }
}

impl Source {
    fn check(&self) -> Result<(), Flaw> {
        text::line("law", &self.law, LINE_MAX)
    }
}

impl Rule {
    fn check(&self) -> Result<(), Flaw> {
        text::line("says", &self.says, LINE_MAX)?;
        self.source.check()
    }
}

impl LegalClock {
    fn check(&self) -> Result<(), Flaw> {
        text::within("minutes", i64::from(self.minutes), 1, CLOCK_MINUTES_MAX)?;
        text::within("minutes_max", i64::from(self.minutes_max), i64::from(self.minutes), CLOCK_MINUTES_MAX)?;
        text::within("warn_at", i64::try_from(self.warn_at.len()).unwrap_or(i64::MAX), 1, WARNINGS_MAX)?;
        self.warn_at.iter().try_for_each(|percent| text::within("warn_at", i64::from(*percent), 1, 99))?;
        if !self.warn_at.is_sorted_by(|one, next| one < next) {
            return Err(malformed("warn_at"));
        }
        self.source.check()
    }
}

impl StatusTerms {
    fn check(&self) -> Result<(), Flaw> {
        text::line("code", &self.code, 40)?;
        if !self.code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
            return Err(malformed("code"));
        }
        text::line("title", &self.title, LINE_MAX)?;
        self.clock.iter().try_for_each(LegalClock::check)?;
        for paper in &self.papers {
            text::line("title", &paper.title, LINE_MAX)?;
            paper.source.check()?;
        }
        // What nobody is held under has no clock, and what somebody is held under has one.
        if self.clock.is_some() != (self.maps_to == LegalStatus::Involuntary) {
            return Err(malformed("clock"));
        }
        self.source.check()
    }
}

impl Jurisdiction {
    /// Checks each line.
    pub fn check(&self) -> Result<(), Flaw> {
        code("code", &self.code)?;
        text::line("title", &self.title, LINE_MAX)?;
        text::within("majority", i64::from(self.majority.years), 14, 21)?;
        self.majority.source.check()?;
        text::within("guardian", i64::from(self.guardian.minutes), 1, 24 * 60)?;
        self.guardian.source.check()?;
        [&self.receivers, &self.transport].into_iter().chain(&self.notices).try_for_each(Rule::check)?;
        self.statuses.iter().try_for_each(StatusTerms::check)?;
        once("statuses", self.statuses.iter().map(|status| &status.code))?;
        for consent in &self.minor_consent {
            text::within("years", i64::from(consent.years), 0, i64::from(self.majority.years))?;
            text::line("says", &consent.says, LINE_MAX)?;
            consent.source.check()?;
        }
        once("minor_consent", self.minor_consent.iter().flat_map(|consent| &consent.services))
    }

    /// A legal status by its code.
    pub fn status(&self, code: &str) -> Option<&StatusTerms> {
        self.statuses.iter().find(|status| status.code == code)
    }

    /// From which age somebody consents alone to a kind of service: from majority on, unless the law says earlier.
    pub fn consent_years(&self, kind: ServiceKind) -> u16 {
        let said = self.minor_consent.iter().find(|consent| consent.services.contains(&kind));
        said.map_or(self.majority.years, |consent| consent.years)
    }

    /// To which kinds of service somebody of an age consents alone.
    pub fn consents_at(&self, age: u16) -> Vec<ServiceKind> {
        ServiceKind::ALL.iter().copied().filter(|kind| age >= self.consent_years(*kind)).collect()
    }
}

fn once<T: Ord>(field: &'static str, items: impl Iterator<Item = T>) -> Result<(), Flaw> {
    let (mut seen, mut twice) = (BTreeSet::new(), false);
    items.for_each(|item| twice |= !seen.insert(item));
    if twice { Err(malformed(field)) } else { Ok(()) }
}

/// The jurisdictions that the hub knows. They never change while it runs.
#[derive(Clone, Debug, Default)]
pub struct Law(Arc<[Jurisdiction]>);

impl Law {
    /// Takes jurisdictions, each checked, no code twice.
    pub fn new(jurisdictions: Vec<Jurisdiction>) -> Result<Self, Flaw> {
        jurisdictions.iter().try_for_each(Jurisdiction::check)?;
        once("code", jurisdictions.iter().map(|jurisdiction| &jurisdiction.code))?;
        Ok(Self(jurisdictions.into()))
    }

    /// A jurisdiction by its code.
    pub fn get(&self, code: &str) -> Option<&Jurisdiction> {
        self.0.iter().find(|jurisdiction| jurisdiction.code == code)
    }

    /// Every jurisdiction.
    pub fn all(&self) -> &[Jurisdiction] {
        &self.0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn source() -> Source {
        Source { law: "Code 1".into(), check: Check::WithCounsel }
    }

    fn rule() -> Rule {
        Rule { says: "Ask.".into(), source: source() }
    }

    pub(crate) fn clock(minutes: u32) -> LegalClock {
        let (minutes_max, runs_from) = (minutes * 2, ClockFrom::Custody);
        LegalClock { minutes, minutes_max, runs_from, warn_at: vec![50, 75, 90], source: source() }
    }

    /// A state in which every role may start the one status that there is.
    pub(crate) fn generous() -> Jurisdiction {
        let status = StatusTerms {
            code: "HELD".into(),
            title: "Held".into(),
            maps_to: LegalStatus::Involuntary,
            ages: AgeGroup::Any,
            starts: Role::ALL.to_vec(),
            clock: Some(clock(480)),
            papers: Vec::new(),
            source: source(),
        };
        Jurisdiction {
            code: "US-XX".into(),
            title: "Nowhere".into(),
            majority: Years { years: 18, source: source() },
            guardian: Minutes { minutes: 30, source: source() },
            receivers: rule(),
            transport: rule(),
            statuses: vec![status],
            minor_consent: vec![MinorConsent {
                services: vec![ServiceKind::PsychInpatient],
                years: 14,
                says: "With a parent.".into(),
                source: source(),
            }],
            notices: Vec::new(),
        }
    }

    #[test]
    fn a_kind_of_service_has_its_age_and_every_other_that_of_majority() {
        let law = generous();
        assert_eq!(law.consents_at(13), []);
        assert_eq!(law.consents_at(14), [ServiceKind::PsychInpatient]);
        assert_eq!(law.consents_at(18), ServiceKind::ALL);
    }

    #[test]
    fn a_line_that_cannot_be_is_refused() {
        assert!(Law::new(vec![generous()]).is_ok());
        assert!(Law::new(vec![generous(), generous()]).is_err(), "twice");
        let spoils: [fn(&mut Jurisdiction); 12] = [
            |law| law.code = "Florida".into(),
            |law| law.title = " ".into(),
            |law| law.majority.years = 9,
            |law| law.guardian.minutes = 0,
            |law| law.transport.source.law.clear(),
            |law| law.statuses[0].code = "held".into(),
            |law| law.statuses.push(law.statuses[0].clone()),
            |law| law.statuses[0].clock = None,
            |law| law.statuses[0].clock.as_mut().unwrap().warn_at = vec![75, 50],
            |law| law.statuses[0].clock.as_mut().unwrap().minutes_max = 1,
            |law| law.minor_consent[0].years = 19,
            |law| law.minor_consent.push(law.minor_consent[0].clone()),
        ];
        for (n, spoil) in spoils.into_iter().enumerate() {
            let mut law = generous();
            spoil(&mut law);
            assert!(Law::new(vec![law]).is_err(), "{n}");
        }
    }
}
