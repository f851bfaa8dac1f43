//! Notices: what a coordinator or an agency tells others in its region, and which agencies have acknowledged it.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::id::{GrantId, NoticeId, Noun, NounId, OrganizationId, RegionId};
use super::organization::OrganizationKind;
use super::text::{self, Flaw};
use super::time::At;

/// Longest headline, in characters.
pub const HEADLINE_MAX: usize = 120;
/// Longest text, in characters.
pub const TEXT_MAX: usize = 2_000;
/// How far ahead a notice may start, and how long it may last, in minutes: 90 days.
pub const MINUTES_MAX: i64 = 90 * 24 * 60;
/// Most counties that a notice names.
pub const COUNTIES_MAX: i64 = 300;

codes! {
    /// How much a notice matters.
    NoticeSeverity {
        /// Good to know.
        Info "INFO",
        /// It changes how people are placed or reached.
        Warning "WARNING",
        /// Act now.
        Urgent "URGENT",
    }
    /// Where a notice stands.
    NoticeState {
        /// It has not started.
        Scheduled "SCHEDULED",
        /// It is in force.
        Active "ACTIVE",
        /// It has ended.
        Ended "ENDED",
        /// Its agency took it back.
        Withdrawn "WITHDRAWN",
    }
}

/// To which agencies a notice is addressed; to the whole region when nothing is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Address {
    /// With a place in one of these counties (Census FIPS codes), sorted; anywhere when empty.
    pub counties_fips: Vec<u32>,
    /// Of one of these kinds, sorted; of any kind when empty.
    pub kinds: Vec<OrganizationKind>,
}

/// The coded part of a notice.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NoticeTerms {
    /// How much it matters.
    pub severity: NoticeSeverity,
    /// To which agencies it is addressed.
    pub address: Address,
    /// From when it is in force.
    pub starts_at: At,
    /// Until when.
    pub ends_at: At,
    /// Each agency that it is addressed to is asked to acknowledge it.
    pub acknowledge: bool,
    /// Made in a drill.
    pub drill: bool,
}

/// The words of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeWords {
    /// One line.
    pub headline: String,
    /// The whole of it.
    pub text: String,
}

/// Who posts something, for which agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The region.
    pub region: RegionId,
    /// The agency.
    pub organization: OrganizationId,
    /// The grant acted under.
    pub grant: GrantId,
}

/// One agency's acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The agency.
    pub organization: OrganizationId,
    /// The grant of whoever acknowledged for it.
    pub grant: GrantId,
    /// When.
    pub at: At,
}

/// A notice.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// How often it has changed.
    pub version: Version,
    /// Who posted it.
    pub author: Author,
    /// When it was posted.
    pub posted_at: At,
    /// Its words.
    pub words: NoticeWords,
    /// Everything else that it says.
    pub terms: NoticeTerms,
    /// Since when it is withdrawn.
    pub withdrawn_at: Option<At>,
    /// Which agencies have acknowledged it, in the order of their ids.
    pub acknowledged: Vec<Acknowledgement>,
}

/// A notice as the log keeps it: no words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NoticeFact {
    /// What it says in codes.
    pub terms: NoticeTerms,
    /// Since when it is withdrawn.
    pub withdrawn_at: Option<At>,
    /// The agency that has just acknowledged it.
    pub acknowledged_by: Option<OrganizationId>,
}

/// Why a notice was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeRefused {
    /// It has ended, or was withdrawn.
    Over,
    /// It does not ask this agency to acknowledge it.
    NotAsked,
}

impl Address {
    /// Whether it reaches an agency of a kind with places in some counties.
    ///
    /// An agency without a place is everywhere: a line, a council, a dispatch center.
    pub fn reaches(&self, kind: OrganizationKind, counties_fips: &[u32]) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.counties_fips.is_empty()
                || counties_fips.is_empty()
                || counties_fips.iter().any(|fips| self.counties_fips.contains(fips)))
    }

    fn check(&self) -> Result<(), Flaw> {
        let many = i64::try_from(self.counties_fips.len()).unwrap_or(i64::MAX);
        text::within("countiesFips", many, 0, COUNTIES_MAX)
    }
}

/// Whole minutes from one instant to another, a begun one counted.
fn minutes(from: At, to: At) -> i64 {
    to.micros_since(from).saturating_add(59_999_999).div_euclid(60_000_000)
}

impl Notice {
    /// Posts a notice. A start that has passed is now.
    pub fn post(
        id: NoticeId,
        author: Author,
        words: NoticeWords,
        terms: NoticeTerms,
        now: At,
    ) -> Result<Changed<Self>, Flaw> {
        text::line("headline", &words.headline, HEADLINE_MAX)?;
        text::lines("text", &words.text, TEXT_MAX)?;
        terms.address.check()?;
        let terms = NoticeTerms { starts_at: terms.starts_at.max(now), ..terms };
        text::within("startsAt, in minutes from now,", minutes(now, terms.starts_at), 0, MINUTES_MAX)?;
        text::within("endsAt, in minutes after the start,", minutes(terms.starts_at, terms.ends_at), 1, MINUTES_MAX)?;
        let notice =
            Self { id, version: 1, author, posted_at: now, words, terms, withdrawn_at: None, acknowledged: Vec::new() };
        Ok(notice.changed(EventKind::NoticePosted, None, now))
    }

    /// Takes it back before its end; `None` when that was done.
    pub fn withdraw(&self, now: At) -> Result<Option<Changed<Self>>, NoticeRefused> {
        match self.state(now) {
            NoticeState::Withdrawn => Ok(None),
            NoticeState::Ended => Err(NoticeRefused::Over),
            NoticeState::Scheduled | NoticeState::Active => {
                let next = Self { withdrawn_at: Some(now), version: self.version + 1, ..self.clone() };
                Ok(Some(next.changed(EventKind::NoticeWithdrawn, None, now)))
            }
        }
    }

    /// Acknowledges it for an agency of a kind with places in some counties; `None` when somebody there has.
    pub fn acknowledge(
        &self,
        by: Author,
        kind: OrganizationKind,
        counties_fips: &[u32],
        now: At,
    ) -> Result<Option<Changed<Self>>, NoticeRefused> {
        let place = self.acknowledged.binary_search_by_key(&by.organization, |done| done.organization);
        let Err(place) = place else { return Ok(None) };
        if matches!(self.state(now), NoticeState::Ended | NoticeState::Withdrawn) {
            return Err(NoticeRefused::Over);
        } else if !self.asks(by.organization, kind, counties_fips) {
            return Err(NoticeRefused::NotAsked);
        }
        let mut next = Self { version: self.version + 1, ..self.clone() };
        next.acknowledged.insert(place, Acknowledgement { organization: by.organization, grant: by.grant, at: now });
        Ok(Some(next.changed(EventKind::NoticeAcknowledged, Some(by.organization), now)))
    }

    /// Whether it asks an agency to acknowledge it. Its own agency knows it.
    pub fn asks(&self, organization: OrganizationId, kind: OrganizationKind, counties_fips: &[u32]) -> bool {
        self.terms.acknowledge
            && organization != self.author.organization
            && self.terms.address.reaches(kind, counties_fips)
    }

    /// The acknowledgement of an agency.
    pub fn acknowledgement_of(&self, organization: OrganizationId) -> Option<&Acknowledgement> {
        self.acknowledged.iter().find(|done| done.organization == organization)
    }

    /// Where it stands at an instant.
    pub fn state(&self, at: At) -> NoticeState {
        if self.withdrawn_at.is_some_and(|since| since <= at) {
            NoticeState::Withdrawn
        } else if at < self.terms.starts_at {
            NoticeState::Scheduled
        } else if at < self.terms.ends_at {
            NoticeState::Active
        } else {
            NoticeState::Ended
        }
    }

    /// Who may read it: addressing says whom it concerns, and hides nothing.
    pub fn audience(&self) -> Audience {
        Audience::NOTICE
    }

    fn changed(self, kind: EventKind, acknowledged_by: Option<OrganizationId>, at: At) -> Changed<Self> {
        let fact = NoticeFact { terms: self.terms.clone(), withdrawn_at: self.withdrawn_at, acknowledged_by };
        let happening = Happening {
            kind,
            noun: Noun::Notice,
            key: self.id.key(),
            version: self.version,
            region: self.author.region,
            owner: self.author.organization,
            party: None,
            audience: self.audience(),
            at,
            fact: Fact::Notice(Box::new(fact)),
        };
        Changed::new(self, happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: i64 = 1_000_000_000_000_000;

    fn author(organization: u128) -> Author {
        Author {
            region: RegionId::of(Uuid::from_u128(1)),
            organization: OrganizationId::of(Uuid::from_u128(organization)),
            grant: GrantId::of(Uuid::from_u128(organization + 100)),
        }
    }

    fn terms(starts: i64, ends: i64) -> NoticeTerms {
        let at = |minutes| At::from_micros(NOW).plus_minutes(minutes);
        NoticeTerms {
            severity: NoticeSeverity::Warning,
            address: Address { counties_fips: vec![12_086], kinds: vec![OrganizationKind::Hospital] },
            starts_at: at(starts),
            ends_at: at(ends),
            acknowledge: true,
            drill: false,
        }
    }

    fn posted(headline: &str, text: &str, terms: NoticeTerms) -> Result<Notice, Flaw> {
        let words = NoticeWords { headline: headline.into(), text: text.into() };
        let id = NoticeId::of(Uuid::from_u128(7));
        Notice::post(id, author(1), words, terms, At::from_micros(NOW)).map(Changed::into_state)
    }

    #[test]
    fn words_and_times_have_bounds() {
        assert!(posted("Storm", "Two lines\nof text", terms(0, 1)).is_ok());
        assert!(posted("Storm", "t", terms(MINUTES_MAX, 2 * MINUTES_MAX)).is_ok());
        assert_eq!(posted("Storm", "t", terms(-10, 5)).unwrap().terms.starts_at, At::from_micros(NOW));
        for (headline, text, terms, field) in [
            ("", "t".to_owned(), terms(0, 1), "headline"),
            ("two\nlines", "t".to_owned(), terms(0, 1), "headline"),
            (&*"h".repeat(121), "t".to_owned(), terms(0, 1), "headline"),
            ("Storm", " ".to_owned(), terms(0, 1), "text"),
            ("Storm", "bell\u{7}".to_owned(), terms(0, 1), "text"),
            ("Storm", "t".repeat(2_001), terms(0, 1), "text"),
            ("Storm", "t".to_owned(), terms(MINUTES_MAX + 1, MINUTES_MAX + 2), "startsAt, in minutes from now,"),
            ("Storm", "t".to_owned(), terms(0, 0), "endsAt, in minutes after the start,"),
            ("Storm", "t".to_owned(), terms(-10, -5), "endsAt, in minutes after the start,"),
            ("Storm", "t".to_owned(), terms(0, MINUTES_MAX + 1), "endsAt, in minutes after the start,"),
        ] {
            assert_eq!(posted(headline, &text, terms).unwrap_err().field, field);
        }
    }

    #[test]
    fn both_parts_of_an_address_have_to_hold_and_the_placeless_are_everywhere() {
        let address = terms(0, 1).address;
        assert!(address.reaches(OrganizationKind::Hospital, &[12_011, 12_086]));
        assert!(address.reaches(OrganizationKind::Hospital, &[]));
        assert!(!address.reaches(OrganizationKind::Hospital, &[12_011]));
        assert!(!address.reaches(OrganizationKind::Council, &[12_086]));
        assert!(Address::default().reaches(OrganizationKind::Council, &[12_011]));
    }

    #[test]
    fn an_agency_that_is_asked_acknowledges_once_and_not_too_late() {
        let (notice, now) = (posted("Storm", "t", terms(0, 10)).unwrap(), At::from_micros(NOW));
        let by = |notice: &Notice, organization, at| {
            notice.acknowledge(author(organization), OrganizationKind::Hospital, &[12_086], at)
        };
        assert_eq!(by(&notice, 1, now).unwrap_err(), NoticeRefused::NotAsked, "its own agency");
        let once = by(&notice, 3, now).unwrap().unwrap().into_state();
        let both = by(&once, 2, now).unwrap().unwrap().into_state();
        assert!(by(&both, 3, now).unwrap().is_none());
        assert_eq!(both.version, 3);
        assert!(both.acknowledged.is_sorted_by_key(|done| done.organization));
        let other = notice.acknowledge(author(4), OrganizationKind::Council, &[], now);
        assert_eq!(other.unwrap_err(), NoticeRefused::NotAsked);
        assert_eq!(by(&both, 4, now.plus_minutes(10)).unwrap_err(), NoticeRefused::Over);
        assert!(by(&both, 3, now.plus_minutes(10)).unwrap().is_none(), "done is done");
        let withdrawn = both.withdraw(now).unwrap().unwrap().into_state();
        assert_eq!(by(&withdrawn, 4, now).unwrap_err(), NoticeRefused::Over);
        assert!(withdrawn.withdraw(now).unwrap().is_none());
        assert_eq!(both.withdraw(now.plus_minutes(10)).unwrap_err(), NoticeRefused::Over);
    }
}
