//! Shares: that an agency is told of a handoff, and what becomes of the person, for as long as a consent of the person stands.
//!
//! What an agency is told has events of its own, addressed to it alone: where its consent has ended there are none, so nothing
//! numbered later can reach it.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::Handoff;
use super::id::{BedUnitId, ConsentId, HandoffId, HandoffShareId, Noun, NounId, OrganizationId, RegionId, TeamId};
use super::organization::{Organization, OrganizationKind};
use super::sealed::{Consent, ConsentKind, parties};
use super::time::At;

/// Most agencies that consents tell of one handoff, now or later: each change of it is told to each.
pub const SHARES_MAX: usize = 20;

codes! {
    /// How a handoff stands, after an event, to an agency that is told of it by consent.
    ShareChange {
        /// It is told from now on.
        Entered "ENTERED",
        /// Something of it has changed.
        Changed "CHANGED",
        /// It is told no longer: the consent is revoked, or has ended.
        Left "LEFT",
    }
}

/// One agency that is told of one handoff, under one consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffShare {
    /// Its id.
    pub id: HandoffShareId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed, or its agency was told something.
    pub version: Version,
    /// Of which handoff.
    pub handoff: HandoffId,
    /// Under which consent.
    pub consent: ConsentId,
    /// What the person agreed to: who at the agency reads it depends on that.
    pub kind: ConsentKind,
    /// The agency whose word on the outcome is told.
    pub from: OrganizationId,
    /// The agency that is told.
    pub to: OrganizationId,
    /// One of the handoff's agencies is a program under 42 CFR Part 2.
    pub part2: bool,
    /// Since when it is told.
    pub begun_at: At,
    /// Until when, at the latest.
    pub until: At,
    /// When it ended.
    pub ended_at: Option<At>,
}

/// The coded state of a share, as the log keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ShareFact {
    /// Of which handoff.
    pub handoff: HandoffId,
    /// What the person agreed to.
    pub kind: ConsentKind,
    /// How the handoff stands to the agency after it.
    pub change: ShareChange,
    /// The handoff's sender.
    pub sender: OrganizationId,
    /// The handoff's receiver.
    pub receiver: OrganizationId,
    /// Where the handoff leads; none where a team comes.
    pub unit: Option<BedUnitId>,
    /// Who comes; none where the person goes to a place.
    pub team: Option<TeamId>,
}

impl ConsentKind {
    /// Whom such a consent tells of a handoff and its outcome; none where it tells of entries alone.
    pub fn tells(self) -> Option<Audience> {
        match self {
            Self::InvolvedPerson => Some(Audience::INVOLVED),
            Self::Peer => Some(Audience::PEERS),
            Self::OutcomeToReferrer => Some(Audience::REFERRER),
            Self::TreatmentTpo | Self::Part2Tpo | Self::Part2Specific => None,
        }
    }
}

/// Whether an agency may be told of a handoff by consent: none of criminal justice, whatever its people's roles, no council, and
/// none that is withdrawn.
pub fn may_be_told(agency: &Organization) -> bool {
    let at = &agency.details;
    !agency.retired && !at.is_of_justice() && at.kind != OrganizationKind::Council
}

/// How many agencies some consents of one handoff tell of it at an instant, or will; one counts for each consent that names it.
pub fn told_from(consents: &[Consent], now: At) -> usize {
    let tells = |consent: &&Consent| {
        consent.terms.tells() && consent.terms.revoked_at.is_none() && now < consent.terms.expires_at
    };
    consents.iter().filter(tells).map(|consent| consent.terms.to.len()).sum()
}

impl ShareFact {
    /// Whether the agency that is told is one of the handoff's own two: it has the handoff anyway, and is told its outcome.
    pub fn is_partys(&self, to: OrganizationId) -> bool {
        [self.sender, self.receiver].contains(&to)
    }
}

impl HandoffShare {
    /// Tells an agency from now on. `also` says whether another consent tells it the same already.
    pub fn begin(
        id: HandoffShareId,
        by: &Consent,
        to: OrganizationId,
        of: &Handoff,
        also: bool,
        now: At,
    ) -> Option<Changed<Self>> {
        let audience = by.terms.kind.tells()?;
        let share = Self {
            id,
            region: of.region,
            version: 1,
            handoff: of.id,
            consent: by.id,
            kind: by.terms.kind,
            from: by.terms.from,
            to,
            part2: by.terms.program,
            begun_at: now,
            until: by.terms.expires_at,
            ended_at: None,
        };
        let change = if also { ShareChange::Changed } else { ShareChange::Entered };
        Some(share.changed((EventKind::HandoffShared, change), audience, of, now))
    }

    /// Tells the agency that something has changed; `None` when it is told no longer.
    pub fn tell(&self, of: &Handoff, now: At) -> Option<Changed<Self>> {
        let audience = self.kind.tells().filter(|_| self.stands(now))?;
        let next = Self { version: self.version + 1, ..self.clone() };
        Some(next.changed((EventKind::HandoffShareChanged, ShareChange::Changed), audience, of, now))
    }

    /// Ends it; `None` when it has ended. `also` says whether another consent goes on telling the same.
    pub fn end(&self, of: &Handoff, also: bool, now: At) -> Option<Changed<Self>> {
        let audience = self.kind.tells().filter(|_| self.ended_at.is_none())?;
        let next = Self { version: self.version + 1, ended_at: Some(now), ..self.clone() };
        let change = if also { ShareChange::Changed } else { ShareChange::Left };
        Some(next.changed((EventKind::HandoffShareEnded, change), audience, of, now))
    }

    /// Whether the agency is told at an instant, whether or not the log has told of its end yet.
    pub fn stands(&self, now: At) -> bool {
        self.ended_at.is_none() && self.begun_at <= now && now < self.until
    }

    /// Whether two shares tell the same people of the same handoff.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.id != other.id && (self.handoff, self.to, self.kind) == (other.handoff, other.to, other.kind)
    }

    fn changed(
        self,
        (kind, change): (EventKind, ShareChange),
        audience: Audience,
        of: &Handoff,
        at: At,
    ) -> Changed<Self> {
        let [sender, receiver] = parties(of);
        let (unit, team) = (of.to.unit(), of.to.team());
        let fact = ShareFact { handoff: self.handoff, kind: self.kind, change, sender, receiver, unit, team };
        let happening = Happening {
            kind,
            noun: Noun::HandoffShare,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.to,
            party: None,
            audience,
            at,
            fact: Fact::HandoffShare(fact),
        };
        Changed::new(self, happening)
    }
}
