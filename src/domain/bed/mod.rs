//! Bed units: what they hold, what was last reported, and how far that can still be believed.
mod codes;
mod hold;
mod seat;
mod unit;

pub use codes::*;
pub use seat::{Moved, Seat};

use crate::domain::entry::{Entry, ExternalId, Provenance, Version};
use crate::domain::hold::{Arrival, Held};
use crate::domain::id::{BedReportId, BedUnitId, FacilityId, OrganizationId, RegionId, ServiceId};
use crate::domain::text::Flaw;
use crate::domain::time::At;

/// Most places in any one count of a unit.
pub const COUNT_MAX: u32 = 10_000;
/// Most minutes that a unit may set as its update interval: one week.
pub const SLA_MINUTES_MAX: u32 = 10_080;
/// How far ahead of the hub's time a report may be dated, in seconds; then it counts as now.
pub const AHEAD_SECONDS_MAX: i64 = 60;
/// How old a report may be when it arrives, in days.
pub const REPORT_AGE_DAYS_MAX: i64 = 7;

/// What an agency says about one of its units.
#[derive(Clone, Debug, PartialEq)]
pub struct BedUnitDetails {
    /// Its name, as staff say it.
    pub label: String,
    /// Its coded definition.
    pub definition: UnitDefinition,
}

/// The coded definition of a unit.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct UnitDefinition {
    /// Where it is.
    pub facility: FacilityId,
    /// What it offers.
    pub service: ServiceId,
    /// What it counts.
    pub counts: Countable,
    /// Youngest age taken, in years.
    pub age_min: Option<u16>,
    /// Oldest age taken, in years.
    pub age_max: Option<u16>,
    /// How it places people by gender.
    pub gender: GenderPolicy,
    /// How secure it is.
    pub security: Security,
    /// Takes people who come of their own will.
    pub voluntary: bool,
    /// Takes people under an involuntary hold.
    pub involuntary: bool,
    /// What it is set up for, sorted.
    pub specialties: Vec<Specialty>,
    /// Licensed places.
    pub licensed: u32,
    /// How often its numbers are due, in minutes.
    pub sla_minutes: u32,
    /// Who may hold a place.
    pub hold_policy: HoldPolicy,
    /// Takes drop-offs by first responders.
    pub drop_off: bool,
    /// Open to the public: walk-in or self-referral.
    pub public: bool,
}

/// A bed unit: its definition, its last report, its pause.
#[derive(Clone, Debug, PartialEq)]
pub struct BedUnit {
    /// What its agency says about it.
    pub entry: Entry<BedUnitDetails>,
    /// The report that counts now.
    pub report: Option<Report>,
    /// Why it takes nobody now.
    pub pause: Option<Pause>,
    /// The freshness that the log last told of.
    pub told: Freshness,
    /// Places kept for somebody; those whose end has passed stay until the log has told so.
    pub held: Vec<Held>,
    /// Who came on a hold since the report was true.
    pub arrivals: Vec<Arrival>,
}

/// The numbers of one report.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Census {
    /// Places with staff.
    pub staffed: u32,
    /// Places in use.
    pub occupied: u32,
    /// Places that cannot be used, by reason; at most one line a reason.
    pub blocked: Vec<Blocked>,
    /// Discharges expected within four hours.
    pub pending_discharge: u32,
    /// People waiting.
    pub waitlist: u32,
    /// Whether the unit takes people now.
    pub accepting: Accepting,
}

/// Places that cannot be used for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Blocked {
    /// How many.
    pub count: u32,
    /// Why.
    pub reason: BlockReason,
}

/// One report as it counts: the numbers and when they were true.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Its id.
    pub id: BedReportId,
    /// When the numbers were true.
    pub as_of: At,
    /// When the hub took it.
    pub received_at: At,
    /// Where it came from.
    pub provenance: Provenance,
    /// The numbers.
    pub census: Census,
}

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pause {
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: At,
    /// When it is expected to end; from then on the unit asks to be called.
    pub until: At,
    /// Whether the log has told that its expected end has passed.
    #[serde(default)]
    pub over: bool,
}

/// The whole coded state of a unit, as the log keeps it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct UnitFact {
    /// Its definition.
    pub definition: UnitDefinition,
    /// Whether it is withdrawn.
    pub retired: bool,
    /// Its report.
    pub report: Option<Report>,
    /// Its pause.
    pub pause: Option<Pause>,
    /// Its freshness as told.
    pub told: Freshness,
    /// Places kept for somebody.
    #[serde(default)]
    pub held: Vec<Held>,
    /// Who came on a hold since the report was true.
    #[serde(default)]
    pub arrivals: Vec<Arrival>,
}

/// What is derived from a unit at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    /// How far the report can still be believed.
    pub freshness: Freshness,
    /// What a first responder is shown.
    pub shown_as: ShownAs,
    /// Free places by the last report, less places kept and taken since, whether or not it may still be shown.
    pub net_reported: Option<u32>,
    /// Free places, when a bare number may be shown: fresh or aging, and not paused.
    pub net: Option<u32>,
    /// Places kept for somebody.
    pub held: u32,
    /// People who came on a hold since the report was true.
    pub arrived: u32,
    /// When the first place that is kept comes free again, if nobody comes.
    pub held_until: Option<At>,
    /// More places used, blocked and kept than staffed.
    pub over_capacity: bool,
    /// When the report turns aging, stale and expired.
    pub thresholds: Option<[At; 3]>,
}

/// Why a report was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportRefused {
    /// A report with a later or equal as-of time counts already.
    OlderThanStored,
    /// The as-of time lies ahead of the hub's time.
    InFuture,
    /// The as-of time is further back than a report may be.
    TooOld,
    /// "Still correct" was said of a unit that never reported.
    NothingToConfirm,
    /// The unit is withdrawn.
    Retired,
    /// A number is outside its limits.
    Flawed(Flaw),
}

/// What a reporter says.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReport {
    /// Its id.
    pub id: BedReportId,
    /// When the numbers were true; now when not given.
    pub as_of: Option<At>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// The numbers; `None` says that the last ones are still correct.
    pub census: Option<Census>,
}

/// What no fact of a unit carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitWords {
    /// Its name.
    pub label: String,
    /// Ids of the same unit elsewhere.
    pub external_ids: Vec<ExternalId>,
}

/// Whose state a unit's fact is, and as of which version.
#[derive(Clone, Copy, Debug)]
pub struct EntryHead {
    /// The unit.
    pub id: BedUnitId,
    /// Its region.
    pub region: RegionId,
    /// Its agency.
    pub owner: OrganizationId,
    /// Its version.
    pub version: Version,
    /// When it changed.
    pub at: At,
}
