//! What is written of a person in a handoff: sealed in tiers, opened by `disclose` alone. Here stand the tiers, their limits
//! and what both parties may know of an entry; never, outside the hand of whoever wrote or opened it, what it says.
mod coded;
mod codes;
mod consent;
mod disclosure;
mod standing;
#[cfg(test)]
mod tests;

pub use coded::{Custody, GuardianSaid, LegalHoldBegan, LegalHoldEnd};
pub use codes::{ConsentGiven, ConsentKind, DisclosureBasis, Purpose, Signer, Tier};
pub use consent::{Consent, ConsentFact, NewConsent};
pub use disclosure::{Disclosure, DisclosureReason, NOTICE, Side, parties, sides_of};
pub use standing::{Standing, standing};

use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::Handoff;
use super::id::{GrantId, HandoffEntryId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use super::text::{self, Flaw, FlawKind};
use super::time::At;

/// Most characters of an entry's text.
pub const TEXT_MAX: usize = 8_000;
/// Most characters of each field of an identity.
pub const IDENTITY_MAX: usize = 200;
/// Most entries that one agency writes into one handoff. Were it of both, whoever is full would know how much the other wrote.
pub const ENTRIES_MAX: usize = 100;
/// Most consents of one handoff.
pub const CONSENTS_MAX: usize = 100;
/// Most handoffs of one `disclose`.
pub const HANDOFFS_MAX: usize = 50;
/// Most entries that one `disclose` opens.
pub const DISCLOSED_MAX: usize = 250;
/// Most entries of one search's packet: each of them is sealed anew for everybody who is asked.
pub const PACKET_MAX: usize = 20;
/// How long after its end a handoff still takes notes, in minutes: one day.
pub const NOTES_AFTER_END_MINUTES: i64 = 24 * 60;
/// How long after its end a handoff's entries are opened, in days.
pub const READ_AFTER_END_DAYS: i64 = 90;
/// After how many days from its announcement a handoff's key is destroyed at the latest: those 90 with a month for the
/// handoff itself.
pub const RETENTION_DAYS: i64 = 120;

/// Who a person is.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// Name.
    pub name: Option<String>,
    /// Date of birth, as it was told.
    pub date_of_birth: Option<String>,
    /// How the person can be reached.
    pub contact: Option<String>,
}

/// What an entry says. It has no `Debug`: it belongs in no log.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Content {
    /// Words, in every tier but IDENTITY.
    pub text: Option<String>,
    /// Who the person is, in the tier IDENTITY.
    pub identity: Option<Identity>,
    /// That a legal hold began, in the tier LEGAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHoldBegan>,
    /// How a legal hold ended, in the tier LEGAL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold_ended: Option<LegalHoldEnd>,
    /// Whose a minor is, in the tier IDENTITY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<GuardianSaid>,
}

/// What may be known of an entry without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    /// Its id.
    pub id: HandoffEntryId,
    /// Of which handoff.
    pub handoff: HandoffId,
    /// The region.
    pub region: RegionId,
    /// Its tier.
    pub tier: Tier,
    /// The agency that wrote it.
    pub author: OrganizationId,
    /// The grant that it was written under.
    pub grant: GrantId,
    /// When it was written.
    pub at: At,
    /// Whether 42 CFR Part 2 protects it, for good.
    pub part2: bool,
    /// The packet of its search that it belongs to: each handoff of the search has its own entry of it.
    pub packet: Option<HandoffEntryId>,
}

/// One entry as it is kept: its facts, and its content sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffEntry {
    /// What may be known of it.
    pub facts: EntryFacts,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

/// The coded fields of an entry, as the log keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EntryFact {
    /// Of which handoff.
    pub handoff: HandoffId,
    /// Its tier.
    pub tier: Tier,
}

impl Tier {
    /// The tiers that entries are written in.
    pub const SEALED: [Self; 4] = [Self::Identity, Self::Clinical, Self::Part2, Self::Legal];

    /// Whether what an agency writes at this tier is protected by 42 CFR Part 2: for good, whatever the agency becomes.
    pub fn is_part2(self, program: bool) -> bool {
        match self {
            Self::Part2 => true,
            Self::Clinical => program,
            Self::Identity | Self::Legal | Self::Outcome | Self::Threat => false,
        }
    }

    /// Whether an agency can have written something at this tier that 42 CFR Part 2 protects.
    pub fn is_part2_at(self, program: bool) -> bool {
        program && self.is_part2(true)
    }
}

impl Content {
    /// Checks it against its tier and each limit.
    pub fn check(&self, tier: Tier) -> Result<(), Flaw> {
        let flaw = |field, kind| Err(Flaw { field, kind, min: 1, max: 1 });
        match (tier, &self.text, &self.identity) {
            (Tier::Identity, None, Some(identity)) => identity.check(),
            (Tier::Identity, Some(_), _) => flaw("text", FlawKind::Malformed),
            (Tier::Identity, _, None) => flaw("identity", FlawKind::Empty),
            (_, _, Some(_)) => flaw("identity", FlawKind::Malformed),
            (_, None, None) => flaw("text", FlawKind::Empty),
            (_, Some(text), None) => text::lines("text", text, TEXT_MAX),
        }
    }
}

impl Identity {
    fn check(&self) -> Result<(), Flaw> {
        if (&self.name, &self.date_of_birth, &self.contact) == (&None, &None, &None) {
            return Err(Flaw { field: "identity", kind: FlawKind::Empty, min: 1, max: 3 });
        }
        text::maybe_line("identity.name", self.name.as_ref(), IDENTITY_MAX)?;
        text::maybe_line("identity.dateOfBirth", self.date_of_birth.as_ref(), IDENTITY_MAX)?;
        text::maybe_line("identity.contact", self.contact.as_ref(), IDENTITY_MAX)
    }
}

impl HandoffEntry {
    /// Adds a sealed entry to a handoff: told to both its parties, and nothing of what it says. That a program has written
    /// something is a record of the program's: its own people alone are told.
    ///
    /// What is carried into a later offer is told when it is carried; it was written when it was written.
    pub fn note(facts: EntryFacts, sealed: Vec<u8>, of: &Handoff, at: At) -> Changed<Self> {
        let [sender, receiver] = parties(of);
        let (owner, party) = if facts.part2 { (facts.author, None) } else { (sender, Some(receiver)) };
        let happening = Happening {
            kind: EventKind::HandoffNoted,
            noun: Noun::HandoffEntry,
            key: facts.id.key(),
            version: Self::VERSION,
            region: facts.region,
            owner,
            party,
            audience: Audience::PARTIES,
            at,
            fact: Fact::HandoffEntry(EntryFact { handoff: facts.handoff, tier: facts.tier }),
        };
        Changed::new(Self { facts, sealed }, happening)
    }

    /// An entry is written once and never changed.
    pub const VERSION: Version = 1;
}
