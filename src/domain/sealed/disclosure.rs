//! Who opened what, for which purpose: the ledger's lines, and for how long there is anything to open.
use super::{DisclosureBasis, Purpose, Tier};
use crate::domain::code::Coded;
use crate::domain::emergency::EmergencyNature;
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, DisclosureId, GrantId, HandoffId, OrganizationId, RegionId};
use crate::domain::role::Role;
use crate::domain::threat::ThreatBasis;
use crate::domain::time::At;

/// What stands with each disclosure of a program's records (42 CFR 2.32), in our own words.
pub const NOTICE: &str = "These records are protected by federal confidentiality rules for substance use disorder treatment (42 CFR \
    part 2). Do not disclose them further unless the person's written consent or part 2 itself permits it; they must not be used or \
    disclosed in a civil, criminal, administrative or legislative proceeding against the person without the person's specific \
    consent or a court order under part 2, subpart E. See 42 CFR 2.32 and 2.33.";

/// On which side of a handoff an agency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It sends the person.
    Sender,
    /// It receives the person.
    Receiver,
}

/// One line of the ledger: somebody opened a tier of a handoff, of one author, or found nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Its id.
    pub id: DisclosureId,
    /// The region.
    pub region: RegionId,
    /// When.
    pub at: At,
    /// Under which grant.
    pub grant: GrantId,
    /// In which role.
    pub role: Role,
    /// For which agency.
    pub organization: OrganizationId,
    /// Of which handoff.
    pub handoff: HandoffId,
    /// Which tier.
    pub tier: Tier,
    /// For which purpose.
    pub purpose: Purpose,
    /// Whose entries; none when there were none.
    pub author: Option<OrganizationId>,
    /// Under which consent, where one was needed.
    pub consent: Option<ConsentId>,
    /// On what it stands.
    pub basis: DisclosureBasis,
    /// The coded reason, where one belongs to the basis.
    pub reason: Option<DisclosureReason>,
    /// How many entries.
    pub entries: u32,
}

/// The coded reason of a disclosure that stands on neither role nor consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisclosureReason {
    /// A threat, on this ground.
    Threat(ThreatBasis),
    /// A medical emergency, of this nature.
    Emergency(EmergencyNature),
}

impl Disclosure {
    /// Whether the grant of the line is one of an agency's: of the one that told, where it was told by an act of that one's, and
    /// else of the one that opened it. Who recorded a consent is said by the consent.
    pub fn is_by(&self, agency: OrganizationId) -> bool {
        match self.basis {
            DisclosureBasis::ToldByConsent => false,
            DisclosureBasis::Threat => self.author == Some(agency),
            DisclosureBasis::Role
            | DisclosureBasis::Consent
            | DisclosureBasis::ThreatRead
            | DisclosureBasis::MedicalEmergency
            | DisclosureBasis::EmergencyReview => self.organization == agency,
        }
    }
}

impl DisclosureReason {
    /// The published code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Threat(basis) => basis.code(),
            Self::Emergency(nature) => nature.code(),
        }
    }
}

/// The two agencies that a handoff is between.
pub fn parties(handoff: &Handoff) -> [OrganizationId; 2] {
    [handoff.sender, handoff.receiver]
}

/// On which sides an agency stands: on both where it sends to itself, on none where it is no party.
pub fn sides_of(handoff: &Handoff, agency: OrganizationId) -> impl Iterator<Item = Side> {
    let sides = parties(handoff).into_iter().zip([Side::Sender, Side::Receiver]);
    sides.filter(move |(party, _)| *party == agency).map(|(_, side)| side)
}
