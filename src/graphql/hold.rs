//! Holds in the schema.
use super::bed::BedUnit;
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::input::hold::BedHoldFilter;
use super::limits::Limits;
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::seen::{Seen, asking};
use crate::app;
use crate::domain::hold::{HoldState, ReleaseReason};
use crate::domain::id::BedHoldId;
use crate::policy::view::HoldView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object};

/// One place of one unit, kept for an agency until an instant. Seen by the unit's agency and by the one it is kept for.
#[derive(Clone)]
pub struct BedHold {
    view: HoldView,
    seen: Seen,
}

impl BedHold {
    pub(super) fn new(view: HoldView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// One place of one unit, kept for an agency until an instant. Seen by the unit's agency and by the one it is kept for.
#[Object]
impl BedHold {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.hold().id)
    }
    /// Raised by every change. Send it with a change to be refused when somebody else came first.
    async fn generation(&self) -> i64 {
        self.view.hold().generation
    }
    /// Where it stands now. Only an ACTIVE hold keeps a place; at `until` it is EXPIRED, whoever has noticed.
    async fn state(&self) -> Code<HoldState> {
        Code(self.view.state())
    }
    /// The unit; null when it is no longer yours to see.
    async fn unit(&self) -> Option<BedUnit> {
        let unit = self.seen.board.unit(&self.seen.scope, self.view.hold().unit, self.seen.now)?;
        Some(BedUnit::new(unit, &self.seen))
    }
    /// The unit's agency.
    async fn owner(&self) -> Option<Organization> {
        self.seen.entry(self.view.hold().owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The agency that it is kept for.
    async fn holder(&self) -> Option<Organization> {
        self.seen.entry(self.view.hold().holder).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Until when it keeps, or kept, its place.
    async fn until(&self) -> DateTime {
        DateTime(self.view.hold().until)
    }
    /// When it was placed.
    async fn placed_at(&self) -> DateTime {
        DateTime(self.view.hold().placed_at)
    }
    /// When it ended: by an arrival, by being given or taken back, or at `until`.
    async fn ended_at(&self) -> Option<DateTime> {
        let hold = self.view.hold();
        let over = (self.view.state() == HoldState::Expired).then_some(hold.until);
        hold.ended_at.or(over).map(DateTime)
    }
    /// Why it was given or taken back.
    async fn release_reason(&self) -> Option<Code<ReleaseReason>> {
        self.view.hold().reason.map(Code)
    }
}

/// A page of holds, latest first; read from the database, so that both sides see the same.
pub(super) async fn bed_holds(
    ctx: &Context<'_>,
    filter: BedHoldFilter,
    paging: Paging,
) -> Result<Page<BedHold>, Error> {
    let (asking, listing) = listing(ctx, format!("bedHolds:{filter:?}"), super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<BedHoldId>(&paging)?;
    let now = asking.seen.now;
    let filter = filter.read(now);
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let holds = app::hold::list(&asking.hub, &asking.viewer, &filter, between, most, backward, now).await;
    let rows = holds.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.hold().id),
        node: BedHold::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// One hold by its id.
pub(super) async fn bed_hold(ctx: &Context<'_>, hold: BedHoldId) -> Answer<BedHold> {
    let asking = asking(ctx);
    let found = app::hold::get(&asking.hub, &asking.viewer, &[hold]).await;
    super::error::maybe(found.map(|mut holds| holds.pop().flatten().map(|view| BedHold::new(view, &asking.seen))))
}
