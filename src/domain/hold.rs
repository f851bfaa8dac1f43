//! Holds: one place of one unit, kept for somebody until an instant.
use super::bed::BedUnit;
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{EventKind, Fact, Happening};
use super::id::{BedHoldId, BedUnitId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use super::time::At;

/// Longest that a hold may be asked for or extended by, in minutes, whatever the hub's settings: one day.
pub const MINUTES_MAX: u32 = 1_440;

codes! {
    /// Where a hold stands. Only an active one keeps a place.
    HoldState {
        /// It keeps a place, until its end.
        Active "ACTIVE",
        /// The person has arrived; the place is counted as taken until the next report.
        Consumed "CONSUMED",
        /// Given back by whoever placed it.
        Released "RELEASED",
        /// Its end has passed.
        Expired "EXPIRED",
        /// Taken back by the unit's agency, with a reason.
        Overridden "OVERRIDDEN",
    }
    /// Why a hold was given back, or taken back.
    ReleaseReason {
        /// No longer needed.
        NoLongerNeeded "NO_LONGER_NEEDED",
        /// The person went to another place.
        WentElsewhere "WENT_ELSEWHERE",
        /// The person chose otherwise.
        PersonChoseOtherwise "PERSON_CHOSE_OTHERWISE",
        /// Nobody came, and nobody is on the way.
        NoArrival "NO_ARRIVAL",
        /// The place can no longer be used.
        PlaceLost "PLACE_LOST",
        /// The unit needs the place for somebody in greater need.
        GreaterNeed "GREATER_NEED",
        /// It was placed by mistake.
        Mistake "MISTAKE",
    }
}

/// A place of a unit, as the unit itself keeps it: coded, so that the log can tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Held {
    /// The hold.
    pub hold: BedHoldId,
    /// For which agency.
    pub by: OrganizationId,
    /// Until when; at that instant it is over.
    pub until: At,
}

impl Held {
    /// Whether it keeps its place at an instant.
    pub fn stands(&self, now: At) -> bool {
        now < self.until
    }
}

/// Somebody who came on a hold and whom no report has counted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Arrival {
    /// The hold they came on.
    pub hold: BedHoldId,
    /// When.
    pub at: At,
}

/// One hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: BedHoldId,
    /// The unit.
    pub unit: BedUnitId,
    /// The unit's region.
    pub region: RegionId,
    /// The unit's agency.
    pub owner: OrganizationId,
    /// The agency that it is kept for.
    pub holder: OrganizationId,
    /// The grant under which it was placed.
    pub placed_by: Option<GrantId>,
    /// Which need it is for: a digest of the holder's own name for it.
    pub need: Option<String>,
    /// Raised by every change: what was decided on an older one is refused.
    pub generation: Version,
    /// Where it stands.
    pub state: HoldState,
    /// Until when it keeps its place.
    pub until: At,
    /// When it was placed.
    pub placed_at: At,
    /// When it ended.
    pub ended_at: Option<At>,
    /// Why it was given or taken back.
    pub reason: Option<ReleaseReason>,
}

/// How long holds may last, in minutes, and how many one agency may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldLimits {
    /// How long a hold lasts when nobody says.
    pub minutes_default: u32,
    /// How long it may last in all, unless the unit's agency extends it.
    pub minutes_max: u32,
    /// How long it may last in all when the unit's agency places or extends it; at most [`MINUTES_MAX`].
    pub owner_minutes_max: u32,
    /// How many holds one agency may have at once on units of others.
    pub per_agency_max: u32,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// Its id.
    pub id: BedHoldId,
    /// The agency that it is kept for.
    pub holder: OrganizationId,
    /// The grant under which it is placed.
    pub placed_by: Option<GrantId>,
    /// Which need it is for.
    pub need: Option<String>,
    /// How long, in minutes; the default when not given.
    pub minutes: Option<u32>,
}

/// Who acts on a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The agency that it is kept for.
    Holder,
    /// The unit's agency.
    Owner,
}

/// Why a hold was not placed or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldRefused {
    /// The unit is withdrawn.
    Retired,
    /// The unit's policy leaves holds to its own agency, or has none.
    Policy,
    /// No place is free that can be believed.
    NoCapacity,
    /// It would last longer than holds may.
    TooLong,
    /// Its end has passed.
    Expired,
    /// It has ended otherwise.
    Ended,
    /// It has changed since it was read.
    StaleGeneration,
}

/// A hold's change and the unit's: saved together or not at all.
#[derive(Clone, Debug)]
pub struct HoldChange {
    /// The unit after it.
    pub unit: Changed<BedUnit>,
    /// The hold after it.
    pub hold: Changed<Hold>,
}

impl Hold {
    /// Places a hold on a unit, under the unit's policy and with a place that is really free.
    pub fn place(
        unit: &BedUnit,
        new: NewHold,
        side: Side,
        limits: &HoldLimits,
        now: At,
    ) -> Result<HoldChange, HoldRefused> {
        use super::bed::HoldPolicy;
        let most = limits.most(side);
        let minutes = new.minutes.unwrap_or_else(|| limits.minutes_default.min(most));
        if unit.entry.retired {
            return Err(HoldRefused::Retired);
        } else if !(1..=most).contains(&minutes) {
            return Err(HoldRefused::TooLong);
        }
        match (unit.definition().hold_policy, side) {
            (HoldPolicy::Open, _) | (HoldPolicy::OnAccept, Side::Owner) => {}
            (HoldPolicy::OnAccept, Side::Holder) | (HoldPolicy::None, _) => return Err(HoldRefused::Policy),
        }
        if !unit.has_place_for(side, now) {
            return Err(HoldRefused::NoCapacity);
        }
        let hold = Self {
            id: new.id,
            unit: unit.id(),
            region: unit.entry.region,
            owner: unit.entry.owner,
            holder: new.holder,
            placed_by: new.placed_by,
            need: new.need,
            generation: 1,
            state: HoldState::Active,
            until: now.plus_minutes(i64::from(minutes)),
            placed_at: now,
            ended_at: None,
            reason: None,
        };
        let held = Held { hold: hold.id, by: hold.holder, until: hold.until };
        Ok(HoldChange { unit: unit.with_held(held, now), hold: hold.changed(unit, EventKind::BedHeld, now) })
    }

    /// Lets it last so many minutes from now; never longer in all than the side may.
    pub fn extend(
        &self,
        unit: &BedUnit,
        minutes: u32,
        side: Side,
        limits: &HoldLimits,
        now: At,
    ) -> Result<Option<HoldChange>, HoldRefused> {
        self.stands(now)?;
        let until = now.plus_minutes(i64::from(minutes.min(MINUTES_MAX)));
        let last = self.placed_at.plus_minutes(i64::from(limits.most(side)));
        if minutes == 0 || until > last.max(self.until) {
            return Err(HoldRefused::TooLong);
        } else if until <= self.until {
            return Ok(None);
        }
        let held = Held { hold: self.id, by: self.holder, until };
        let next = Self { until, ..self.next() };
        Ok(Some(HoldChange {
            unit: unit.with_held(held, now),
            hold: next.changed(unit, EventKind::BedHoldExtended, now),
        }))
    }

    /// Goes on as the hold of a handoff, so many minutes from now at least.
    pub fn adopted(&self, unit: &BedUnit, need: String, minutes: u32, now: At) -> Result<HoldChange, HoldRefused> {
        self.stands(now)?;
        let until = now.plus_minutes(i64::from(minutes.min(MINUTES_MAX))).max(self.until);
        let held = Held { hold: self.id, by: self.holder, until };
        let next = Self { until, need: Some(need), ..self.next() };
        Ok(HoldChange { unit: unit.with_held(held, now), hold: next.changed(unit, EventKind::BedHoldExtended, now) })
    }

    /// Gives it back, or takes it back.
    pub fn release(
        &self,
        unit: &BedUnit,
        reason: ReleaseReason,
        side: Side,
        now: At,
    ) -> Result<HoldChange, HoldRefused> {
        self.stands(now)?;
        let state = match side {
            Side::Holder => HoldState::Released,
            Side::Owner if self.holder == self.owner => HoldState::Released,
            Side::Owner => HoldState::Overridden,
        };
        let next = Self { state, ended_at: Some(now), reason: Some(reason), ..self.next() };
        Ok(HoldChange {
            unit: unit.without_held(self.id, None, now),
            hold: next.changed(unit, EventKind::BedHoldReleased, now),
        })
    }

    /// The person has arrived: the hold is used up, and the place counts as taken until the unit reports.
    pub fn arrive(&self, unit: &BedUnit, now: At) -> Result<HoldChange, HoldRefused> {
        self.stands(now)?;
        let next = Self { state: HoldState::Consumed, ended_at: Some(now), ..self.next() };
        Ok(HoldChange {
            unit: unit.without_held(self.id, Some(Arrival { hold: self.id, at: now }), now),
            hold: next.changed(unit, EventKind::BedHoldArrived, now),
        })
    }

    /// Tells the log that its end has passed; `None` while it has not, or when it has ended otherwise.
    pub fn tell_over(&self, unit: &BedUnit, now: At) -> Option<HoldChange> {
        let over = self.state == HoldState::Active && self.until <= now;
        over.then(|| {
            // It ended at its end, whenever that is told.
            let next = Self { state: HoldState::Expired, ended_at: Some(self.until), ..self.next() };
            HoldChange {
                unit: unit.without_held(self.id, None, now),
                hold: next.changed(unit, EventKind::BedHoldExpired, now),
            }
        })
    }

    /// Refuses what is decided on an older generation.
    pub fn expect(&self, generation: Option<Version>) -> Result<(), HoldRefused> {
        match generation {
            Some(expected) if expected != self.generation => Err(HoldRefused::StaleGeneration),
            _ => Ok(()),
        }
    }

    /// What the hold of a handoff has in the place of its holder's own name for a need; no digest has a blank.
    pub fn need_of(handoff: HandoffId) -> String {
        format!("of {handoff}")
    }

    /// Whether it is kept for a handoff: somebody is on the way to it, and it is no try of its holder's.
    pub fn is_of_handoff(&self) -> bool {
        self.need.as_ref().is_some_and(|need| need.starts_with("of "))
    }

    /// Where it stands at an instant, whether or not the log has told of its end yet.
    pub fn state_at(&self, now: At) -> HoldState {
        match self.state {
            HoldState::Active if self.until <= now => HoldState::Expired,
            state => state,
        }
    }

    /// Refuses when it keeps no place any more.
    pub fn stands(&self, now: At) -> Result<(), HoldRefused> {
        match self.state_at(now) {
            HoldState::Active => Ok(()),
            HoldState::Expired => Err(HoldRefused::Expired),
            HoldState::Consumed | HoldState::Released | HoldState::Overridden => Err(HoldRefused::Ended),
        }
    }

    fn next(&self) -> Self {
        Self { generation: self.generation + 1, ..self.clone() }
    }

    /// Told to whoever sees the unit: they learn that a hold has changed, and its agencies read it again.
    fn changed(self, unit: &BedUnit, kind: EventKind, at: At) -> Changed<Self> {
        let happening = Happening {
            kind,
            noun: Noun::BedHold,
            key: self.id.key(),
            version: self.generation,
            region: self.region,
            owner: self.owner,
            party: None,
            audience: unit.definition().audience(),
            at,
            fact: Fact::Hold {
                unit: self.unit,
                holder: self.holder,
                state: self.state,
                until: self.until,
                reason: self.reason,
            },
        };
        Changed::new(self, happening)
    }
}

impl HoldLimits {
    fn most(&self, side: Side) -> u32 {
        match side {
            Side::Holder => self.minutes_max,
            Side::Owner => self.owner_minutes_max.min(MINUTES_MAX),
        }
    }
}
