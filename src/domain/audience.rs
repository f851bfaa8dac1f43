//! Audiences: who is told of what happens.

/// Who is told of something: bits, so that one comparison answers on every road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Audience(i16);

impl Audience {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// Everyone in the region.
    pub const DIRECTORY: Self = Self(1);
    /// First responders: units that take drop-offs.
    pub const FIRST_RESPONDER: Self = Self(2);
    /// Peers and advocates: units open to the public.
    pub const COMMUNITY: Self = Self(4);
    /// Care roles: every unit.
    pub const CARE: Self = Self(8);
    /// The agency's own administration.
    pub const AGENCY: Self = Self(16);
    /// Everybody who may ask a mobile team to come.
    pub const TEAMS: Self = Self(32);
    /// Everyone who reads notices.
    pub const NOTICE: Self = Self(64);
    /// The two agencies that something is between.
    pub const PARTIES: Self = Self(128);
    /// Those who coordinate the region, while the search that it belongs to is open.
    pub const COORDINATORS: Self = Self(256);
    /// Advocates and family liaisons of an agency that is told by consent.
    pub const INVOLVED: Self = Self(512);
    /// Peers of an agency that is told by consent.
    pub const PEERS: Self = Self(1024);
    /// Those of a sender, police aside, who are told an outcome by consent.
    pub const REFERRER: Self = Self(2048);
    /// Of both agencies, those who tell of threats and those who are told.
    pub const THREATS: Self = Self(4096);
    /// The privacy offices of both agencies.
    pub const EMERGENCIES: Self = Self(8192);
    /// Everybody with any of the bits.
    pub const ALL: Self = Self(16383);

    /// Both audiences together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Those who are in both.
    #[must_use]
    pub const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// Whether the two have anybody in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// The bits as stored.
    pub const fn bits(self) -> i16 {
        self.0
    }
    /// Reads stored bits.
    pub fn from_bits(bits: i16) -> Self {
        Self(bits & Self::ALL.bits())
    }
}
