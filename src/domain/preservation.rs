//! Preservations: what is written in a handoff stays beyond its retention, because a court, an inquiry or the person needs it.
//! It is no hold of a person, and none of a bed.
use super::code::codes;
use super::entry::{Changed, Version};
use super::event::{Audience, EventKind, Fact, Happening};
use super::handoff::Handoff;
use super::id::{GrantId, HandoffId, Noun, NounId, OrganizationId, PreservationId, RegionId};
use super::text::{self, Flaw};
use super::time::At;

/// Longest that a preservation stands with an end, in days: ten years. Without an end it stands until it is lifted.
const DAYS_MAX: i64 = 3_660;

codes! {
    /// Why what is written is preserved.
    PreservationReason {
        /// A lawsuit, or one that is to be expected.
        Litigation "LITIGATION",
        /// An inquiry by an authority, or by the agency itself.
        Investigation "INVESTIGATION",
        /// The person, or whoever acts for them, asked for it.
        PersonRequest "PERSON_REQUEST",
        /// A request under a public records law.
        PublicRecords "PUBLIC_RECORDS",
    }
}

/// What is written in one handoff, preserved by one of its agencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preservation {
    /// Its id.
    pub id: PreservationId,
    /// The region.
    pub region: RegionId,
    /// How often it has changed.
    pub version: Version,
    /// The handoff.
    pub handoff: HandoffId,
    /// The agency that preserves it.
    pub owner: OrganizationId,
    /// The grant that it was placed under.
    pub placed_by: GrantId,
    /// Why.
    pub reason: PreservationReason,
    /// When it was placed.
    pub placed_at: At,
    /// Until when it stands; until it is lifted when there is none.
    pub until: Option<At>,
    /// When it was lifted, for good.
    pub lifted_at: Option<At>,
}

/// The coded fields of a preservation, as the log keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PreservationFact {
    /// The handoff.
    pub handoff: HandoffId,
    /// Why.
    pub reason: PreservationReason,
    /// Until when it stands.
    pub until: Option<At>,
    /// When it was lifted.
    pub lifted_at: Option<At>,
}

/// What is preserved.
#[derive(Clone, Copy, Debug)]
pub struct NewPreservation {
    /// Its id.
    pub id: PreservationId,
    /// The agency that preserves it.
    pub owner: OrganizationId,
    /// Under which grant.
    pub placed_by: GrantId,
    /// Why.
    pub reason: PreservationReason,
    /// Until when.
    pub until: Option<At>,
}

impl Preservation {
    /// Preserves what is written in a handoff.
    pub fn place(new: NewPreservation, of: &Handoff, now: At) -> Result<Changed<Self>, Flaw> {
        if let Some(until) = new.until {
            let days = until.micros_since(now).div_euclid(24 * 3_600_000_000);
            text::within("until, in days from now,", days, 0, DAYS_MAX)?;
        }
        let placed = Self {
            id: new.id,
            region: of.region,
            version: 1,
            handoff: of.id,
            owner: new.owner,
            placed_by: new.placed_by,
            reason: new.reason,
            placed_at: now,
            until: new.until,
            lifted_at: None,
        };
        Ok(placed.changed(EventKind::PreservationPlaced, now))
    }

    /// Lifts it for good; `None` when it does not stand any more.
    pub fn lift(&self, now: At) -> Option<Changed<Self>> {
        let lifted = Self { lifted_at: Some(now), version: self.version + 1, ..*self };
        self.stands(now).then(|| lifted.changed(EventKind::PreservationLifted, now))
    }

    /// Whether it stands at an instant.
    pub fn stands(&self, now: At) -> bool {
        self.lifted_at.is_none() && self.until.is_none_or(|until| now < until)
    }

    /// Told to the administration of the agency that preserves: that a lawsuit is expected is nobody else's to know.
    fn changed(self, kind: EventKind, at: At) -> Changed<Self> {
        let (handoff, reason) = (self.handoff, self.reason);
        let fact = PreservationFact { handoff, reason, until: self.until, lifted_at: self.lifted_at };
        let happening = Happening {
            kind,
            noun: Noun::Preservation,
            key: self.id.key(),
            version: self.version,
            region: self.region,
            owner: self.owner,
            party: None,
            audience: Audience::AGENCY,
            at,
            fact: Fact::Preservation(fact),
        };
        Changed::new(self, happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn at(days: i64) -> At {
        At::from_micros(0).plus_minutes(days * 24 * 60)
    }

    fn placed(until: Option<At>) -> Preservation {
        Preservation {
            id: PreservationId::of(Uuid::nil()),
            region: RegionId::of(Uuid::nil()),
            version: 1,
            handoff: HandoffId::of(Uuid::nil()),
            owner: OrganizationId::of(Uuid::nil()),
            placed_by: GrantId::of(Uuid::nil()),
            reason: PreservationReason::Litigation,
            placed_at: at(0),
            until,
            lifted_at: None,
        }
    }

    #[test]
    fn it_stands_until_its_end_or_until_it_is_lifted() {
        let (open, ends) = (placed(None), placed(Some(at(10))));
        assert!(open.stands(at(5_000)) && ends.stands(at(10).plus_micros(-1)) && !ends.stands(at(10)));
        let lifted = open.lift(at(7)).unwrap().into_state();
        assert_eq!((lifted.version, lifted.lifted_at, lifted.stands(at(7))), (2, Some(at(7)), false));
        assert!(lifted.lift(at(8)).is_none() && ends.lift(at(10)).is_none());
    }
}
