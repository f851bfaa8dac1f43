//! Bed units in the schema.
use super::directory::{ExternalId, Facility, Organization, Service, external_ids};
use super::error::{Answer, from_app};
use super::notice::{Marker, marker};
use super::on_call::OnCall;
use super::scalars::{Code, DateTime, codes, id};
use super::seen::{Seen, asking, pace};
use crate::app::bed::ReportsAsked;
use crate::domain::bed::{
    self, Accepting, BlockReason, Countable, Freshness, GenderPolicy, HoldPolicy, PauseReason, Security, ShownAs,
    Specialty,
};
use crate::domain::entry::Provenance;
use crate::domain::handoff::Destination;
use crate::domain::poll::BedUpdateRequest;
use crate::policy::view::BedUnitView;
use async_graphql::{Context, ID, Object, SimpleObject};

/// Beds, chairs, rooms or slots of one facility that are counted together.
#[derive(Clone)]
pub struct BedUnit {
    pub(super) view: BedUnitView,
    seen: Seen,
}

/// A pause.
#[derive(Clone, SimpleObject)]
pub struct Pause {
    /// Why; null when your role is not shown numbers.
    reason: Option<Code<PauseReason>>,
    /// Since when.
    since: DateTime,
    /// When it is expected to end. From then on the unit asks to be called; it does not reopen by itself.
    until: DateTime,
}

/// The last number that was reported, for sentences such as "call: last 2 at 03:10". It is not what is free now.
#[derive(Clone, SimpleObject)]
pub struct LastReported {
    /// Free places by the last report.
    net: i32,
    /// When that was true.
    as_of: DateTime,
}

/// Places that cannot be used for one reason.
#[derive(Clone, SimpleObject)]
pub struct Blocked {
    /// How many.
    count: i32,
    /// Why.
    reason: Code<BlockReason>,
}

/// One report of a unit's numbers.
#[derive(Clone, SimpleObject)]
pub struct BedReport {
    /// Opaque id.
    id: ID,
    /// When the numbers were true.
    as_of: DateTime,
    /// When the hub took it.
    received_at: DateTime,
    /// Where it came from.
    provenance: Code<Provenance>,
    /// Places with staff.
    staffed: i32,
    /// Places in use.
    occupied: i32,
    /// Places that cannot be used.
    blocked: Vec<Blocked>,
    /// Discharges expected within four hours.
    pending_discharge: i32,
    /// People waiting.
    waitlist: i32,
    /// Whether the unit takes people now.
    accepting: Code<Accepting>,
}

fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl From<&bed::Report> for BedReport {
    fn from(report: &bed::Report) -> Self {
        let census = &report.census;
        Self {
            id: id(report.id),
            as_of: DateTime(report.as_of),
            received_at: DateTime(report.received_at),
            provenance: Code(report.provenance),
            staffed: whole(census.staffed),
            occupied: whole(census.occupied),
            blocked: census.blocked.iter().map(|b| Blocked { count: whole(b.count), reason: Code(b.reason) }).collect(),
            pending_discharge: whole(census.pending_discharge),
            waitlist: whole(census.waitlist),
            accepting: Code(census.accepting),
        }
    }
}

impl BedUnit {
    pub(super) fn new(view: BedUnitView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    fn definition(&self) -> &bed::UnitDefinition {
        self.view.definition()
    }

    fn unanswered(&self) -> Option<&BedUpdateRequest> {
        let seen = &self.seen;
        self.view.is_own().then(|| seen.board.unanswered(self.view.id(), seen.now)).flatten()
    }

    fn threshold(&self, which: usize) -> Option<DateTime> {
        self.view.availability().thresholds.and_then(|at| at.get(which).copied()).map(DateTime)
    }
}

/// Beds, chairs, rooms or slots of one facility that are counted together.
#[Object]
impl BedUnit {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.id())
    }
    /// How often it has changed, reports and aging included.
    async fn version(&self) -> i64 {
        self.view.version()
    }
    /// Its name, as staff say it.
    async fn label(&self) -> &str {
        &self.view.entry().details.label
    }
    /// Where it is.
    async fn facility(&self) -> Option<Facility> {
        pace().await;
        self.seen.entry(self.definition().facility).map(|entry| Facility::new(entry, &self.seen))
    }
    /// What it offers.
    async fn service(&self) -> Option<Service> {
        pace().await;
        self.seen.entry(self.definition().service).map(|entry| Service::new(entry, &self.seen))
    }
    /// Whose it is.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.entry().owner).map(|entry| Organization::new(entry, &self.seen))
    }
    /// What it counts.
    async fn counts(&self) -> Code<Countable> {
        Code(self.definition().counts)
    }
    /// Youngest age taken, in years.
    async fn age_min(&self) -> Option<u16> {
        self.definition().age_min
    }
    /// Oldest age taken, in years.
    async fn age_max(&self) -> Option<u16> {
        self.definition().age_max
    }
    /// How it places people by gender.
    async fn gender_policy(&self) -> Code<GenderPolicy> {
        Code(self.definition().gender)
    }
    /// How secure it is.
    async fn security(&self) -> Code<Security> {
        Code(self.definition().security)
    }
    /// Takes people who come of their own will.
    async fn voluntary(&self) -> bool {
        self.definition().voluntary
    }
    /// Takes people under an involuntary hold.
    async fn involuntary(&self) -> bool {
        self.definition().involuntary
    }
    /// What it is set up for.
    async fn specialties(&self) -> Vec<Code<Specialty>> {
        codes(&self.definition().specialties)
    }
    /// Licensed places.
    async fn licensed(&self) -> i32 {
        whole(self.definition().licensed)
    }
    /// How often its numbers are due, in minutes.
    async fn update_interval_minutes(&self) -> i32 {
        whole(self.definition().sla_minutes)
    }
    /// Who may hold a place.
    async fn hold_policy(&self) -> Code<HoldPolicy> {
        Code(self.definition().hold_policy)
    }
    /// Takes drop-offs by first responders.
    async fn drop_off(&self) -> bool {
        self.definition().drop_off
    }
    /// Open to the public: walk-in or self-referral.
    async fn open_to_public(&self) -> bool {
        self.definition().public
    }
    /// What to show a first responder.
    async fn shown_as(&self) -> Code<ShownAs> {
        Code(self.view.availability().shown_as)
    }
    /// How far the last report can still be believed.
    async fn freshness(&self) -> Code<Freshness> {
        Code(self.view.availability().freshness)
    }
    /// Free places now. Null when a bare number may not be shown: the report is stale, the unit has paused, or your role is
    /// not shown numbers. Null is never zero.
    async fn net(&self) -> Option<i32> {
        self.view.availability().net.map(whole)
    }
    /// The last number reported, with its time, for "call: last 2 at 03:10"; null when your role is not shown numbers.
    async fn last_reported(&self) -> Option<LastReported> {
        let (net, as_of) = self.view.availability().net_reported.zip(self.view.as_of())?;
        Some(LastReported { net: whole(net), as_of: DateTime(as_of) })
    }
    /// Places kept for somebody now; null when your role is not shown numbers. `net` has them taken off already.
    async fn held(&self) -> Option<i32> {
        self.view.held_and_arrived().map(|(held, _)| whole(held))
    }
    /// People who came on a hold since the last report; null when your role is not shown numbers. `net` has them taken off
    /// already, until the next report counts them.
    async fn arrived_since_report(&self) -> Option<i32> {
        self.view.held_and_arrived().map(|(_, arrived)| whole(arrived))
    }
    /// When the first place that is kept for somebody comes free again, if nobody comes: "held until 02:40".
    async fn held_until(&self) -> Option<DateTime> {
        self.view.availability().held_until.map(DateTime)
    }
    /// More places are used, blocked and kept than have staff; null when your role is not shown numbers.
    async fn over_capacity(&self) -> Option<bool> {
        self.view.over_capacity()
    }
    /// When the numbers were true.
    async fn as_of(&self) -> Option<DateTime> {
        self.view.as_of().map(DateTime)
    }
    /// From when the numbers are aging.
    async fn aging_at(&self) -> Option<DateTime> {
        self.threshold(0)
    }
    /// From when the numbers are stale, and no longer shown.
    async fn stale_at(&self) -> Option<DateTime> {
        self.threshold(1)
    }
    /// From when the numbers have expired.
    async fn expires_at(&self) -> Option<DateTime> {
        self.threshold(2)
    }
    /// People waiting; null when your role is not shown numbers.
    async fn waitlist(&self) -> Option<i32> {
        self.view.waitlist().map(whole)
    }
    /// Why it takes nobody now, and until when.
    async fn pause(&self) -> Option<Pause> {
        let (reason, since, until) = self.view.pause()?;
        Some(Pause { reason: reason.map(Code), since: DateTime(since), until: DateTime(until) })
    }
    /// The whole last report, for the unit's own agency and analysts.
    async fn report(&self) -> Option<BedReport> {
        self.view.report().map(BedReport::from)
    }
    /// Reports up to the one that counts here, latest first, for the unit's own agency and analysts; at most 100.
    async fn reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 25, desc = "How many, at most 100.", validator(minimum = 0, maximum = 100))] first: i32,
        #[graphql(desc = "Only reports that were true before this instant.")] before: Option<DateTime>,
    ) -> Answer<Vec<BedReport>> {
        let asking = asking(ctx);
        // Each report that was taken is of a later as-of time than the one before: the last of a state bounds its own.
        let Some(last) = self.view.report().map(|report| report.as_of) else { return Some(Ok(Vec::new())) };
        let most = u64::try_from(first).unwrap_or(0);
        let asked = ReportsAsked { unit: self.view.id(), last, before: before.map(|before| before.0), most };
        let reports = asking.together.load_one(asked).await.map_err(|error| from_app(&error));
        Some(reports.map(|reports| reports.unwrap_or_default().iter().map(BedReport::from).collect()))
    }
    /// When it was last asked to confirm its numbers and has not answered, for those of its own agency who report them.
    async fn update_requested_at(&self) -> Option<DateTime> {
        self.unanswered().map(|request| DateTime(request.asked_at))
    }
    /// By when it is to answer; a past instant is overdue. Null when `updateRequestedAt` is.
    async fn update_due_by(&self) -> Option<DateTime> {
        self.unanswered().map(|request| DateTime(request.due_at))
    }
    /// What has to be shown beside that request; null when it is for real, or when there is none.
    async fn update_marker(&self) -> Option<Code<Marker>> {
        self.unanswered().and_then(|request| marker(request.drill))
    }
    /// Who is on call for it, for those of its own agency who say so: `setOnCall`.
    async fn on_call(&self, ctx: &Context<'_>) -> Answer<OnCall> {
        OnCall::of(ctx, self.view.entry().owner, Destination::Unit(self.view.id())).await
    }
    /// Ids of the same unit in other systems.
    async fn external_ids(&self) -> Vec<ExternalId> {
        external_ids(&self.view.entry().external_ids)
    }
    /// Withdrawn: kept for references, hidden from lists.
    async fn retired(&self) -> bool {
        self.view.entry().retired
    }
    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.view.entry().updated_at)
    }
}
