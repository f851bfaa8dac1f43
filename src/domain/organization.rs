//! Organizations: the agencies of the network.
use super::code::codes;
use super::entry::{Details, Entry};
use super::event::{EventKind, Fact};
use super::id::OrganizationId;
use super::text::{self, Flaw};

codes! {
    /// What an agency is.
    OrganizationKind {
        /// Police department or sheriff's office.
        LawEnforcement "LAW_ENFORCEMENT",
        /// Public-safety answering point (911 center).
        Psap "PSAP",
        /// Emergency medical services or fire department.
        EmsFire "EMS_FIRE",
        /// Hospital, with or without psychiatric units.
        Hospital "HOSPITAL",
        /// Crisis provider: receiving center, stabilization, mobile teams.
        CrisisProvider "CRISIS_PROVIDER",
        /// 988 call center.
        CallCenter988 "CALL_CENTER_988",
        /// Organization run by peers.
        PeerRun "PEER_RUN",
        /// Advocacy organization.
        Advocacy "ADVOCACY",
        /// Certified community clinic or other outpatient provider.
        CcbhcOutpatient "CCBHC_OUTPATIENT",
        /// Provider for substance use disorders.
        SudProvider "SUD_PROVIDER",
        /// Tribal agency.
        Tribal "TRIBAL",
        /// Court or jail.
        CourtJail "COURT_JAIL",
        /// Regional council.
        Council "COUNCIL",
        /// Payer or managing entity.
        Payer "PAYER",
    }
}

/// What an agency says about itself. The three legal flags drive policy.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationDetails {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OrganizationKind,
    /// A program under 42 CFR Part 2.
    pub part2_program: bool,
    /// A covered entity under HIPAA (45 CFR 160.103).
    pub covered_entity: bool,
    /// A criminal-justice agency (28 CFR 20.3).
    pub criminal_justice_agency: bool,
    /// Designated to coordinate its region.
    pub coordinating: bool,
}

impl OrganizationDetails {
    /// Whether it is of criminal justice, by its flag or by what it is: its people are never shown who seeks care.
    pub fn is_of_justice(&self) -> bool {
        self.criminal_justice_agency
            || matches!(self.kind, OrganizationKind::LawEnforcement | OrganizationKind::CourtJail)
    }
}

/// An agency of the network.
pub type Organization = Entry<OrganizationDetails>;

impl Organization {
    /// The agency, if it is designated to coordinate its region and not withdrawn.
    pub fn coordinator(&self) -> Option<OrganizationId> {
        (self.details.coordinating && !self.retired).then_some(self.id)
    }

    /// The agency, if its people may follow the open searches of its region: a coordinator that is no criminal-justice agency,
    /// whose people are never shown who seeks care.
    pub fn watches_region(&self) -> Option<OrganizationId> {
        self.coordinator().filter(|_| !self.details.is_of_justice())
    }
}

impl Details for OrganizationDetails {
    type Id = OrganizationId;
    const SAVED: EventKind = EventKind::OrganizationSaved;

    fn check(&self) -> Result<(), Flaw> {
        text::line("name", &self.name, 200)
    }

    fn fact(&self, retired: bool) -> Fact {
        Fact::Organization { kind: self.kind, coordinating: self.coordinating, retired }
    }

    fn told(&self, fact: &Fact) -> Option<Self> {
        let Fact::Organization { kind, coordinating, .. } = *fact else { return None };
        Some(Self { kind, coordinating, ..self.clone() })
    }
}
