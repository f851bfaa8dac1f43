//! Consents: what a person agreed that one agency may tell others, for what, until when.
use super::{ConsentGiven, ConsentKind, Purpose, Signer, Tier, parties};
use crate::domain::entry::{Changed, Version};
use crate::domain::event::{Audience, EventKind, Fact, Happening};
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::text::{self, Flaw, FlawKind};
use crate::domain::time::At;

/// Most agencies that one consent names.
const TO_MAX: i64 = 10;
/// Longest that a consent stands, in minutes: one year.
const MINUTES_MAX: i64 = 366 * 24 * 60;

/// One consent, within one handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// The handoff.
    pub handoff: HandoffId,
    /// What it is.
    pub terms: ConsentFact,
    /// The agency that recorded it.
    pub recorder: OrganizationId,
    /// The grant that it was recorded under.
    pub grant: GrantId,
    /// When it was recorded.
    pub recorded_at: At,
}

/// What a consent says, coded, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ConsentFact {
    /// In which handoff.
    pub handoff: HandoffId,
    /// What it is.
    pub kind: ConsentKind,
    /// Whose entries may be told.
    pub from: OrganizationId,
    /// To which agencies.
    pub to: Vec<OrganizationId>,
    /// Which tiers.
    pub tiers: Vec<Tier>,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// In which capacity it was signed.
    pub signer: Signer,
    /// How it was given.
    pub given: ConsentGiven,
    /// From when.
    pub starts_at: At,
    /// Until when.
    pub expires_at: At,
    /// Since when it is revoked, for good.
    pub revoked_at: Option<At>,
    /// One of the handoff's agencies was a program under 42 CFR Part 2 when it was recorded: that the person is there is a
    /// record of the program's.
    #[serde(default)]
    pub program: bool,
}

/// What is recorded.
#[derive(Clone, Debug)]
pub struct NewConsent {
    /// Its id.
    pub id: ConsentId,
    /// What it says.
    pub terms: ConsentFact,
    /// The agency that records it.
    pub recorder: OrganizationId,
    /// Under which grant.
    pub grant: GrantId,
}

impl ConsentFact {
    /// Whether it tells agencies what became of the person.
    pub fn tells(&self) -> bool {
        self.tiers.contains(&Tier::Outcome)
    }

    /// Checks what belongs to a consent that tells of the outcome.
    fn tells_well(&self, of: &Handoff) -> Result<(), Flaw> {
        let flaw = |field| Err(Flaw { field, kind: FlawKind::Malformed, min: 1, max: 1 });
        let to_referrer = self.kind == ConsentKind::OutcomeToReferrer;
        if !self.tells() {
            return if to_referrer { flaw("tiers") } else { Ok(()) };
        }
        if self.kind.tells().is_none() {
            return flaw("kind");
        }
        if !self.purposes.contains(&Purpose::CareCoordination) {
            return flaw("purposes");
        }
        // Whoever says what became of somebody at a program says that they are there (42 CFR 2.12, 2.31).
        if self.program && self.given == ConsentGiven::Verbal {
            return flaw("given");
        }
        if to_referrer && (self.tiers.len(), self.from) != (1, of.receiver) {
            return flaw(if self.tiers.len() == 1 { "fromId" } else { "tiers" });
        }
        if to_referrer && self.to != [of.sender] {
            return flaw("toIds");
        }
        Ok(())
    }
}

impl ConsentKind {
    /// Whether it is about records of a program under 42 CFR Part 2.
    pub fn is_of_part2(self) -> bool {
        matches!(self, Self::Part2Tpo | Self::Part2Specific)
    }
}

impl Consent {
    /// Records what a person agreed to, in a handoff.
    pub fn record(new: NewConsent, of: &Handoff, now: At) -> Result<Changed<Self>, Flaw> {
        let terms = &new.terms;
        let count = |list: usize| i64::try_from(list).unwrap_or(i64::MAX);
        text::within("toIds", count(terms.to.len()), 1, TO_MAX)?;
        text::within("tiers", count(terms.tiers.len()), 1, 5)?;
        text::within("purposes", count(terms.purposes.len()), 1, 4)?;
        let malformed = |field| Err(Flaw { field, kind: FlawKind::Malformed, min: 1, max: 1 });
        if !parties(of).contains(&terms.from) {
            return malformed("fromId");
        }
        // Where there is an emergency nobody could be asked.
        if terms.purposes.contains(&Purpose::MedicalEmergency) {
            return malformed("purposes");
        }
        if terms.tiers.contains(&Tier::Threat) {
            return malformed("tiers");
        }
        // A program's records are told by its own kinds of consent alone, and those are in writing (42 CFR 2.31).
        if terms.tiers.contains(&Tier::Part2) && !terms.kind.is_of_part2() {
            return malformed("kind");
        }
        if terms.kind.is_of_part2() && terms.given == ConsentGiven::Verbal {
            return malformed("given");
        }
        terms.tells_well(of)?;
        let minutes = |from: At, to: At| to.micros_since(from).div_euclid(60_000_000);
        text::within("startsAt, in minutes from now,", minutes(now, terms.starts_at), -MINUTES_MAX, MINUTES_MAX)?;
        text::within(
            "expiresAt, in minutes after startsAt,",
            minutes(terms.starts_at, terms.expires_at),
            1,
            MINUTES_MAX,
        )?;
        if terms.expires_at <= now {
            return malformed("expiresAt");
        }
        let consent = Self {
            id: new.id,
            region: of.region,
            version: 1,
            handoff: of.id,
            terms: new.terms,
            recorder: new.recorder,
            grant: new.grant,
            recorded_at: now,
        };
        Ok(consent.changed(EventKind::ConsentRecorded, of, now))
    }

    /// Revokes it for good; `None` when it already is.
    pub fn revoke(&self, of: &Handoff, now: At) -> Option<Changed<Self>> {
        self.terms.revoked_at.is_none().then(|| {
            let terms = ConsentFact { revoked_at: Some(now), ..self.terms.clone() };
            Self { terms, version: self.version + 1, ..self.clone() }.changed(EventKind::ConsentRevoked, of, now)
        })
    }

    /// Tells the log that a consent that tells of the outcome has begun, or has ended by its time; `None` when neither has.
    pub fn tell_time(&self, of: &Handoff, now: At) -> Option<Changed<Self>> {
        let terms = &self.terms;
        if !terms.tells() || terms.revoked_at.is_some() || now < terms.starts_at {
            return None;
        }
        let kind = if now < terms.expires_at { EventKind::ConsentBegan } else { EventKind::ConsentExpired };
        Some(Self { version: self.version + 1, ..self.clone() }.changed(kind, of, now))
    }

    /// When time next changes whom a consent tells of the outcome.
    pub fn tells_next_at(&self, after: At) -> Option<At> {
        let terms = &self.terms;
        let next = [terms.starts_at, terms.expires_at].into_iter().find(|at| *at > after);
        next.filter(|_| terms.tells() && terms.revoked_at.is_none())
    }

    /// Whether it stands at an instant.
    pub fn stands(&self, now: At) -> bool {
        let terms = &self.terms;
        terms.revoked_at.is_none() && terms.starts_at <= now && now < terms.expires_at
    }

    fn changed(self, kind: EventKind, of: &Handoff, at: At) -> Changed<Self> {
        let [sender, receiver] = parties(of);
        let happening = Happening {
            kind,
            noun: Noun::Consent,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: sender,
            party: Some(receiver),
            audience: Audience::PARTIES,
            at,
            fact: Fact::Consent(Box::new(self.terms.clone())),
        };
        Changed::new(self, happening)
    }
}
