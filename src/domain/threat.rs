//! Threats: what a provider who holds a person tells one agency that can lessen a serious and imminent threat
//! (45 CFR 164.512(j)). It is pushed and never asked for, read for a day, and opens nothing else.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::{Handoff, HandoffState};
use super::id::{GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId, ThreatDisclosureId};
use super::organization::OrganizationDetails;
use super::text::{self, Flaw};
use super::time::At;

/// Most characters of what is told.
pub const TEXT_MAX: usize = 1_000;
/// How long it is read, in minutes: one day.
pub const READ_MINUTES: i64 = 24 * 60;
/// Most that one agency tells of one handoff.
pub const THREATS_MAX: usize = 20;

codes! {
    /// On which ground a threat is told. That somebody admitted a violent crime (45 CFR 164.512(j)(1)(ii)(A)) is no ground here:
    /// what is said to those who treat, or in asking for treatment, may not be told for it (45 CFR 164.512(j)(2)).
    ThreatBasis {
        /// To prevent or lessen a serious and imminent threat to the health or safety of a person (45 CFR 164.512(j)(1)(i)).
        SeriousImminentToPerson "SERIOUS_IMMINENT_TO_PERSON",
        /// To prevent or lessen a serious and imminent threat to the health or safety of the public (45 CFR 164.512(j)(1)(i)).
        SeriousImminentToPublic "SERIOUS_IMMINENT_TO_PUBLIC",
        /// For law enforcement to find somebody who, by all the circumstances, has escaped from a correctional institution or from
        /// lawful custody (45 CFR 164.512(j)(1)(ii)(B)).
        EscapedFromCustody "ESCAPED_FROM_CUSTODY",
    }
}

/// One threat that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreatDisclosure {
    /// What may be known of it unopened.
    pub facts: ThreatFacts,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

/// What may be known of a threat that was told, without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreatFacts {
    /// Its id.
    pub id: ThreatDisclosureId,
    /// The region.
    pub region: RegionId,
    /// In which handoff.
    pub handoff: HandoffId,
    /// The agency that tells.
    pub from: OrganizationId,
    /// The agency that is told.
    pub to: OrganizationId,
    /// On which ground.
    pub basis: ThreatBasis,
    /// Under which grant it was told.
    pub grant: GrantId,
    /// When it was told.
    pub at: At,
    /// Until when it is read.
    pub until: At,
}

/// The coded fields of a threat, as the log keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ThreatFact {
    /// In which handoff.
    pub handoff: HandoffId,
    /// On which ground.
    pub basis: ThreatBasis,
    /// Until when it is read.
    pub until: At,
}

/// Why a threat is not told this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTold {
    /// The agency does not hold the person now.
    NotHeld,
    /// The agency is a program under 42 CFR Part 2, or knows in this handoff what one wrote.
    Program,
    /// The agency that is named is no law enforcement.
    NotLaw,
}

impl ThreatBasis {
    /// Whether law enforcement alone is told for it.
    fn is_for_law_alone(self) -> bool {
        self == Self::EscapedFromCustody
    }
}

/// Whether an agency holds the person of an open handoff: the sender until the receiver says that it has taken over, and the
/// receiver from the door on.
pub fn holds(of: &Handoff, agency: OrganizationId) -> bool {
    use HandoffState as S;
    let (sends, receives) = (of.sender == agency, of.receiver == agency);
    match of.state {
        S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted | S::Agreed | S::Accepted | S::EnRoute => {
            sends
        }
        S::Arrived | S::HandedOver => sends || receives,
        S::Received => receives,
        S::Transferred | S::Redirected | S::Failed | S::Declined | S::Expired | S::Withdrawn | S::Lapsed => false,
    }
}

/// Checks what is told against its limits.
pub fn check(says: &str) -> Result<(), Flaw> {
    text::lines("text", says, TEXT_MAX)
}

/// Whether an agency, `home`, may tell another on this ground, of a handoff.
///
/// What a program under 42 CFR Part 2 knows of somebody is told to no police for a threat (42 CFR 2.12, 2.61 to 2.67), and
/// nobody could say which of its words are not of the program: nor by whoever wrote here as a program, or was told here what a
/// program wrote, which is `knows_by_program`.
pub fn may_tell(
    of: &Handoff,
    (own, home): (OrganizationId, &OrganizationDetails),
    to: &OrganizationDetails,
    basis: ThreatBasis,
    knows_by_program: bool,
) -> Result<(), NotTold> {
    if home.part2_program || knows_by_program {
        return Err(NotTold::Program);
    }
    if !holds(of, own) {
        return Err(NotTold::NotHeld);
    }
    if basis.is_for_law_alone() && !to.is_of_justice() {
        return Err(NotTold::NotLaw);
    }
    Ok(())
}

impl ThreatDisclosure {
    /// It is told once and never changed.
    pub const VERSION: Version = 1;

    /// Tells it: both agencies' people who read such are told that, and nothing of what it says.
    pub fn tell(facts: ThreatFacts, sealed: Vec<u8>) -> Changed<Self> {
        let fact = ThreatFact { handoff: facts.handoff, basis: facts.basis, until: facts.until };
        let happening = Happening {
            kind: EventKind::ThreatDisclosed,
            noun: Noun::ThreatDisclosure,
            key: facts.id.key(),
            version: Self::VERSION,
            region: facts.region,
            owner: facts.from,
            party: Some(facts.to),
            audience: Audience::THREATS,
            at: facts.at,
            fact: Fact::ThreatDisclosure(fact),
        };
        Changed::new(Self { facts, sealed }, happening)
    }
}
