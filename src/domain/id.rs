//! Ids: one type per noun, so that a facility can never be looked up as a unit.
use std::fmt;
use uuid::Uuid;

/// An id of one noun.
pub trait NounId: Copy + Eq + Ord + std::hash::Hash + Send + Sync + 'static {
    /// The noun it names.
    const NOUN: Noun;
    /// Takes a stored or new key.
    fn of(key: Uuid) -> Self;
    /// The stored key.
    fn key(self) -> Uuid;
}

macro_rules! nouns {
    ($($(#[doc = $doc:literal])+ $noun:ident $id:ident $text:literal,)+) => {
        /// What an id can name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Noun { $($(#[doc = $doc])+ $noun,)+ }
        impl Noun {
            /// Every noun.
            pub const ALL: &'static [Self] = &[$(Self::$noun),+];
            /// The noun as ids and tables spell it.
            pub fn text(self) -> &'static str { match self { $(Self::$noun => $text),+ } }
        }
        $(
            #[doc = concat!("The id of one ", $text, ".")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
            #[serde(transparent)]
            pub struct $id(Uuid);
            impl NounId for $id {
                const NOUN: Noun = Noun::$noun;
                fn of(key: Uuid) -> Self { Self(key) }
                fn key(self) -> Uuid { self.0 }
            }
            impl fmt::Display for $id {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { GlobalId::from(*self).fmt(f) }
            }
            impl From<$id> for GlobalId {
                fn from(id: $id) -> Self { Self { noun: Noun::$noun, key: id.0 } }
            }
        )+
    };
}

nouns! {
    /// A region of the network.
    Region RegionId "region",
    /// An agency.
    Organization OrganizationId "organization",
    /// A place that an agency runs.
    Facility FacilityId "facility",
    /// What a facility or an agency offers.
    Service ServiceId "service",
    /// A referral pathway.
    Pathway PathwayId "pathway",
    /// Beds, chairs, rooms or slots that are counted together.
    BedUnit BedUnitId "bed_unit",
    /// A mobile team.
    Team TeamId "team",
    /// One report of a unit's numbers.
    BedReport BedReportId "bed_report",
    /// The travel times of a region.
    TravelTimes TravelTimesId "travel_times",
    /// A place of a unit, kept for somebody until an instant.
    BedHold BedHoldId "bed_hold",
    /// The search for one person's place.
    Episode EpisodeId "episode",
    /// A person on the way from one agency into the care of another.
    Handoff HandoffId "handoff",
    /// What is done for somebody after a handoff.
    FollowUp FollowUpId "follow_up",
    /// A legal hold on somebody, within their search.
    LegalHold LegalHoldId "legal_hold",
    /// The step of reaching a minor's guardian, within their search.
    Guardian GuardianId "guardian",
    /// One sealed entry of a handoff.
    HandoffEntry HandoffEntryId "handoff_entry",
    /// What a person agreed that may be told.
    Consent ConsentId "consent",
    /// One line of the ledger of what was opened.
    Disclosure DisclosureId "disclosure",
    /// What is written in a handoff, preserved beyond its retention.
    Preservation PreservationId "preservation",
    /// An agency that is told of a handoff by consent.
    HandoffShare HandoffShareId "handoff_share",
    /// A threat that a provider told an agency.
    ThreatDisclosure ThreatDisclosureId "threat_disclosure",
    /// What was opened in a medical emergency.
    EmergencyDisclosure EmergencyDisclosureId "emergency_disclosure",
    /// Who is on call for a unit or a team.
    OnCall OnCallId "on_call",
    /// The calls about one answer that is awaited of a unit or a team.
    Call CallId "call",
    /// One browser that a person is reached at.
    PushSubscription PushSubscriptionId "push_subscription",
    /// What a principal may do, for which agency, until when.
    Grant GrantId "grant",
    /// A message to agencies of the region.
    Notice NoticeId "notice",
    /// A request that units confirm their numbers now.
    BedUpdateRequest BedUpdateRequestId "bed_update_request",
    /// One numbered fact of the log.
    Event EventId "event",
    /// One line of the audit.
    AuditEntry AuditEntryId "audit_entry",
    /// The chain that binds the audit and the ledger.
    AuditChain AuditChainId "audit_chain",
}

/// An id as partners see it: the noun and the key, `bed_unit_018f...`; opaque to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalId {
    /// The noun it names.
    pub noun: Noun,
    /// The stored key.
    pub key: Uuid,
}

impl GlobalId {
    /// Reads an id; `None` for anything this hub never wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (noun, key) = text.rsplit_once('_')?;
        let noun = Noun::ALL.iter().copied().find(|known| known.text() == noun)?;
        let canonical = key.len() == 32 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        canonical.then(|| Uuid::try_parse(key).ok())?.map(|key| Self { noun, key })
    }

    /// The id as one noun's; `None` for another noun, which reads as an absent row.
    pub fn as_noun<I: NounId>(self) -> Option<I> {
        (self.noun == I::NOUN).then(|| I::of(self.key))
    }
}

impl fmt::Display for GlobalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.noun.text(), self.key.simple())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_only_as_its_own_noun() {
        let unit = BedUnitId::of(Uuid::from_u128(7));
        let text = unit.to_string();
        let read = GlobalId::parse(&text).unwrap();
        assert_eq!(read.as_noun::<BedUnitId>(), Some(unit));
        assert_eq!(read.as_noun::<FacilityId>(), None);
        for bad in
            ["", "bed_unit", "bed_unit_", "bed_unit_7", "unit_00000000000000000000000000000007", &text.to_uppercase()]
        {
            assert_eq!(GlobalId::parse(bad), None, "{bad}");
        }
    }
}
