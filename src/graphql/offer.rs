//! What was asked and answered, where a place was asked for.
use super::scalars::{Code, DateTime, id};
use crate::domain::handoff::{AcceptanceCondition, InformationItem, WhatChanged};
use crate::policy::view::HandoffView;
use async_graphql::{ID, SimpleObject};

/// What was asked and answered, where a place was asked for.
#[derive(Clone, SimpleObject)]
pub struct HandoffOffer {
    /// By when the receiver decides; while it waits for information, when it would have.
    decide_by: DateTime,
    /// The first receiver to accept settles the search; otherwise the sender chooses.
    first_accept: bool,
    /// What the receiver asked for last, before it decides; empty to officers and dispatchers, who call.
    asked: Vec<Code<InformationItem>>,
    /// The clinician who accepted, or whoever meets the person; null to coordinators.
    accepted_by: Option<String>,
    /// How to reach them; null to coordinators.
    callback: Option<String>,
    /// On what the receiver's yes depends; empty to officers and dispatchers, who call.
    conditions: Vec<Code<AcceptanceCondition>>,
    /// The place on the receiver's list.
    waitlist_position: Option<u32>,
    /// When the receiver looks at its list again.
    review_at: Option<DateTime>,
    /// What would have made a yes of the receiver's no; empty to officers and dispatchers.
    could_accept_if: Vec<Code<AcceptanceCondition>>,
    /// The unit was shown as free when the receiver said no: looked up by the hub. Null where nobody said no.
    bed_was_shown_available: Option<bool>,
    /// What had changed since this unit was asked before; empty to officers and dispatchers.
    changed: Vec<Code<WhatChanged>>,
    /// The offer to the same unit that this one follows.
    previous_id: Option<ID>,
}

impl HandoffOffer {
    /// What a viewer may read of it.
    pub(super) fn of(view: &HandoffView) -> Option<Self> {
        let offer = view.offer()?;
        let (coded, by) = (&offer.coded, view.accepted_by());
        let care = view.offer_of_care().map(|offer| &offer.coded);
        let could = view.decline().map_or(&[][..], |(_, could)| could);
        Some(Self {
            decide_by: DateTime(coded.decide_by),
            first_accept: coded.first_accept,
            asked: care.map_or(&[][..], |care| &care.asked).iter().copied().map(Code).collect(),
            accepted_by: by.map(|by| by.name.clone()),
            callback: by.map(|by| by.callback.clone()),
            conditions: care.map_or(&[][..], |care| &care.conditions).iter().copied().map(Code).collect(),
            waitlist_position: coded.waitlist.map(|list| list.position),
            review_at: coded.waitlist.map(|list| DateTime(list.review_at)),
            could_accept_if: could.iter().copied().map(Code).collect(),
            bed_was_shown_available: coded.bed_was_shown_available,
            changed: care.map_or(&[][..], |care| &care.changed).iter().copied().map(Code).collect(),
            previous_id: coded.previous.map(id),
        })
    }
}
