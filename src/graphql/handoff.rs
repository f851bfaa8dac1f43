//! Handoffs in the schema.
use super::bed::BedUnit;
use super::connection::{Latest, Page, Paging, Row};
use super::consent::Consent;
use super::course::{HandoffContact, PoliceAsked, Transport};
use super::directory::Organization;
use super::episode::{Episode, episode};
use super::error::{Answer, from_app};
use super::input::handoff::HandoffFilterInput;
use super::law::{GuardianStep, LegalHold, guardian_of, legal_hold_of};
use super::limits::Limits;
use super::offer::HandoffOffer;
use super::on_call::Call;
use super::pathway::Pathway;
use super::query::listing;
use super::scalars::{Code, DateTime, id};
use super::sealed::HandoffEntry;
use super::seen::{Seen, asking, pace};
use super::share::{HandoffShare, each_with_notice, shown, with_notice};
use super::team::Team;
use super::together::{CallsOf, ConsentsOf, EntriesOf, HandoffsOf, Together};
use crate::app;
use crate::domain::handoff::{
    AgeBand, DeclineReason, Ending, FailReason, HandoffState, NeedSummary, Nudger, Party, RedirectReason, Warmth,
    WithdrawReason,
};
use crate::domain::id::{EpisodeId, HandoffId};
use crate::domain::need::{LegalStatus, Mobility, RoomGenderNeed, SafetyFlag};
use crate::domain::sealed::NOTICE;
use crate::domain::service::ServiceKind;
use crate::policy::view::HandoffView;
use async_graphql::connection::EmptyFields;
use async_graphql::dataloader::Loader;
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use std::hash::Hash;
use std::sync::Arc;

/// A person on the way from one agency into the care of another. Both agencies read it; while its search is open those who
/// coordinate the region, each look of theirs written into the audit; and while a consent of the person says so the advocates or
/// peers of other agencies. It says nothing of who the person is.
#[derive(Clone)]
pub struct Handoff {
    view: HandoffView,
    seen: Seen,
}

/// What of a need travels with a handoff. Null is not known, and has to be asked.
#[derive(Clone, SimpleObject)]
pub struct HandoffNeed {
    /// The level of care that is sought.
    level_of_care: Option<Code<ServiceKind>>,
    /// How old the person is.
    age_band: Option<Code<AgeBand>>,
    /// Legal status.
    legal_status: Option<Code<LegalStatus>>,
    /// Which rooms would suit.
    room_gender_need: Option<Code<RoomGenderNeed>>,
    /// How the person moves.
    mobility: Option<Code<Mobility>>,
    /// Preferred language (ISO 639-1).
    language: Option<String>,
    /// Coarse safety flags.
    safety_flags: Vec<Code<SafetyFlag>>,
}

impl From<&NeedSummary> for HandoffNeed {
    fn from(need: &NeedSummary) -> Self {
        Self {
            level_of_care: need.level_of_care.map(Code),
            age_band: need.age_band.map(Code),
            legal_status: need.legal_status.map(Code),
            room_gender_need: need.room_gender.map(Code),
            mobility: need.mobility.map(Code),
            language: need.language.map(|language| language.to_string()),
            safety_flags: need.safety_flags.iter().copied().map(Code).collect(),
        }
    }
}

impl Handoff {
    pub(super) fn needs_notice(&self) -> bool {
        self.view.needs_notice()
    }

    pub(super) fn new(view: HandoffView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    /// The first of what stands in it, read together with that of other handoffs of the answer.
    async fn within<K, V, T>(
        &self,
        ctx: &Context<'_>,
        of: impl FnOnce(HandoffId) -> K,
        first: i32,
        new: impl Fn(V, &Seen) -> T,
    ) -> Answer<Vec<T>>
    where
        Together: Loader<K, Value = Vec<V>, Error = Arc<app::Error>>,
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let found = asking(ctx).together.load_one(of(self.view.handoff().id)).await.map_err(|error| from_app(&error));
        let most = usize::try_from(first).unwrap_or(0);
        Some(found.map(|found| found.into_iter().flatten().take(most).map(|one| new(one, &self.seen)).collect()))
    }
}

/// A person on the way from one agency into the care of another. Both agencies read it; while its search is open those who
/// coordinate the region, each look of theirs written into the audit; and while a consent of the person says so the advocates or
/// peers of other agencies. It says nothing of who the person is.
#[Object]
impl Handoff {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.handoff().id)
    }
    /// Raised by every change. Send it with a change to be refused when somebody else came first.
    async fn version(&self) -> i64 {
        self.view.handoff().version
    }
    /// By which consent of the person you read it, who have no part in it; null to its two agencies and to coordinators.
    async fn share(&self) -> Option<HandoffShare> {
        self.view.share().map(|view| HandoffShare::new(view, &self.seen))
    }
    /// The notice on redisclosure (42 CFR 2.32), where you read it by consent and one of its agencies is a program under 42 CFR Part
    /// 2: what is told so has to be asked for with it, or with that of `share`. Show it and keep it with what you read, wherever
    /// that goes.
    async fn redisclosure_notice(&self) -> Option<&str> {
        self.view.needs_notice().then_some(NOTICE)
    }
    /// What people call it on the radio: six letters and digits of Crockford's base 32.
    async fn code(&self) -> &str {
        &self.view.handoff().code
    }
    /// Where it stands. It ends when the receiver has taken over: what becomes of the person there is no part of it.
    async fn state(&self) -> Code<HandoffState> {
        Code(self.view.handoff().state)
    }
    /// Whose word is awaited; null when it has ended.
    async fn awaits(&self) -> Option<Code<Party>> {
        self.view.handoff().awaits().map(Code)
    }
    /// Until when that word is expected: to look and to decide, as the pathway says; while information is asked for, as many
    /// minutes as the pathway has to decide; on a list, when its receiver looks again; fifteen minutes to choose; arrival, then
    /// ten minutes to take over, then fifteen to confirm. Once it is `late`: when the hub waits no longer, and ends it by itself.
    async fn due_at(&self) -> Option<DateTime> {
        self.view.handoff().due_at.map(DateTime)
    }
    /// That word is late.
    async fn late(&self) -> bool {
        self.view.is_late()
    }
    /// When somebody last reminded the party whose word is awaited.
    async fn nudged_at(&self) -> Option<DateTime> {
        self.view.handoff().nudged.map(|nudge| DateTime(nudge.at))
    }
    /// Who did: the other party, or a coordinator of the region.
    async fn nudged_by(&self) -> Option<Code<Nudger>> {
        self.view.handoff().nudged.map(|nudge| Code(nudge.by))
    }
    /// The agency that sends the person.
    async fn sender(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.handoff().sender).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The agency that receives the person.
    async fn receiver(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.handoff().receiver).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The call sign of the field unit that a dispatcher announced for; null to all but its two agencies.
    async fn on_behalf_of(&self) -> Option<&str> {
        self.view.on_behalf_of()
    }
    /// Where to; null where a team comes, or when the unit is no longer yours to see.
    async fn unit(&self) -> Option<BedUnit> {
        let unit = self.seen.board.unit(&self.seen.scope, self.view.handoff().to.unit()?, self.seen.now)?;
        Some(BedUnit::new(unit, &self.seen))
    }
    /// Who comes; null where the person goes to a place.
    async fn team(&self) -> Option<Team> {
        let team = self.seen.board.team(&self.seen.scope, self.view.handoff().to.team()?, self.seen.now)?;
        Some(Team::new(team, &self.seen))
    }
    /// Who drives; null where nobody has said.
    async fn transport(&self) -> Option<Transport> {
        self.view.transport().map(Into::into)
    }
    /// Whose transport it is, where that is an agency of the network.
    async fn transport_provider(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.transport()?.provider?).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Who has spoken with whom, each kind as it was said last; empty to officers, dispatchers, coordinators and who is told by consent.
    async fn contacts(&self) -> Vec<HandoffContact> {
        self.view.course().map_or(&[][..], |course| &course.contacts).iter().map(Into::into).collect()
    }
    /// How warm the handoff was; null to officers, dispatchers, coordinators and who is told by consent.
    async fn warmth(&self) -> Option<Code<Warmth>> {
        self.view.course()?.door.warmth.map(Code)
    }
    /// A peer was at the door; null to officers, dispatchers, coordinators and who is told by consent.
    async fn peer_present(&self) -> Option<bool> {
        self.view.course()?.door.peer_present
    }
    /// The person was restrained on the way; null to officers, dispatchers, coordinators and who is told by consent.
    async fn restraint_used(&self) -> Option<bool> {
        self.view.course()?.door.restraint_used
    }
    /// Why police were asked to come; null to officers, dispatchers, coordinators and who is told by consent.
    async fn police_asked(&self) -> Option<PoliceAsked> {
        self.view.course()?.police.map(Into::into)
    }
    /// By which pathway, as it is today.
    async fn pathway(&self) -> Option<Pathway> {
        self.seen.entry(self.view.handoff().pathway.0).map(|entry| Pathway::new(entry, &self.seen))
    }
    /// Which version of the pathway's terms it stands under.
    async fn pathway_version(&self) -> i64 {
        self.view.handoff().pathway.1
    }
    /// The search for a place that it belongs to; null to the receiver, who is not told who else was asked.
    async fn episode(&self, ctx: &Context<'_>) -> Answer<Episode> {
        episode(ctx, self.view.handoff().episode).await
    }
    /// The legal hold that stands on the person; null when there is none, and to whoever does not read it.
    async fn legal_hold(&self, ctx: &Context<'_>) -> Answer<LegalHold> {
        legal_hold_of(ctx, self.view.handoff().episode).await
    }
    /// The step of reaching a minor's guardian; null where the need says no age of a minor, and to whoever does not read it.
    async fn guardian(&self, ctx: &Context<'_>) -> Answer<GuardianStep> {
        guardian_of(ctx, self.view.handoff().episode).await
    }
    /// The calls about it, latest first, ended ones too: that people of the receiver are called for a word, and with what end.
    /// Empty to whoever does not see calls.
    async fn calls(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "How many, at most 100.", validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Answer<Vec<Call>> {
        self.within(ctx, CallsOf, first, Call::new).await
    }
    /// Consents of the person recorded in it, latest first, revoked and ended ones too; empty to whoever keeps none.
    async fn consents(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "How many, at most 100.", validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Answer<Vec<Consent>> {
        self.within(ctx, ConsentsOf, first, Consent::new).await
    }
    /// Sealed entries that you may know of, unopened, in the order in which they were written: that somebody wrote, of which tier
    /// and when. `disclose` opens them. What a program under 42 CFR Part 2 wrote shows to other agencies in no list.
    async fn entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "How many, at most 100.", validator(minimum = 0, maximum = 100))] first: i32,
    ) -> Answer<Vec<HandoffEntry>> {
        self.within(ctx, EntriesOf, first, HandoffEntry::new).await
    }
    /// What was asked and answered; null when it was announced.
    async fn offer(&self) -> Option<HandoffOffer> {
        HandoffOffer::of(&self.view)
    }
    /// The place that is kept, for `node`; null where none was free.
    async fn hold_id(&self) -> Option<ID> {
        self.view.handoff().hold.map(id)
    }
    /// What of the need travels with it; null to officers and dispatchers: police are shown place, state and time.
    async fn need(&self) -> Option<HandoffNeed> {
        self.view.need().map(HandoffNeed::from)
    }
    /// When the person is expected; while it is an offer, the latest that its pathway foresees.
    async fn arrive_by(&self) -> DateTime {
        DateTime(self.view.handoff().arrive_by)
    }
    /// When it was announced, or offered.
    async fn announced_at(&self) -> DateTime {
        DateTime(self.view.handoff().times.announced_at)
    }
    /// When the receiver saw the offer.
    async fn acknowledged_at(&self) -> Option<DateTime> {
        self.view.handoff().times.acknowledged_at.map(DateTime)
    }
    /// When the receiver said yes.
    async fn agreed_at(&self) -> Option<DateTime> {
        self.view.handoff().times.agreed_at.map(DateTime)
    }
    /// When it was settled that the person comes here.
    async fn settled_at(&self) -> Option<DateTime> {
        self.view.handoff().times.settled_at.map(DateTime)
    }
    /// When the person set out.
    async fn departed_at(&self) -> Option<DateTime> {
        self.view.handoff().times.departed_at.map(DateTime)
    }
    /// When the person was at the door.
    async fn arrived_at(&self) -> Option<DateTime> {
        self.view.handoff().times.arrived_at.map(DateTime)
    }
    /// When the sender confirmed the transfer.
    async fn sender_confirmed_at(&self) -> Option<DateTime> {
        self.view.handoff().times.sender_confirmed_at.map(DateTime)
    }
    /// When the receiver took over: "received at 02:14".
    async fn receiver_confirmed_at(&self) -> Option<DateTime> {
        self.view.handoff().times.receiver_confirmed_at.map(DateTime)
    }
    /// When it ended.
    async fn ended_at(&self) -> Option<DateTime> {
        self.view.handoff().times.ended_at.map(DateTime)
    }
    /// When the retention of what was written in it ended, 90 days after its end: nobody opens it any more, names of staff are
    /// null, and the hub shreds it, unless one of its agencies preserves it, which that agency alone knows. What is coded stays.
    async fn text_shredded_at(&self) -> Option<DateTime> {
        self.view.text_ended_at().map(DateTime)
    }
    /// Who at the receiver answers for it that the person was sent on; null while nobody is named, and to officers, dispatchers
    /// and coordinators.
    async fn supervisor(&self) -> Option<&str> {
        self.view.supervisor_name()
    }
    /// Until when somebody is to be named who answers for it, where that is asked; null to officers, dispatchers and
    /// coordinators, as what follows.
    async fn supervisor_due_at(&self) -> Option<DateTime> {
        self.view.supervisor().map(|supervisor| DateTime(supervisor.coded.due_at))
    }
    /// When somebody was named.
    async fn supervisor_named_at(&self) -> Option<DateTime> {
        self.view.supervisor()?.coded.named_at.map(DateTime)
    }
    /// Why the receiver sent the person on; null to who is told by consent.
    async fn redirect_reason(&self) -> Option<Code<RedirectReason>> {
        match self.view.ending()? {
            Ending::Redirected(reason) => Some(Code(reason)),
            Ending::Failed(_) | Ending::Declined(_) | Ending::Withdrawn(_) => None,
        }
    }
    /// Why it ended on the way; null to who is told by consent.
    async fn fail_reason(&self) -> Option<Code<FailReason>> {
        match self.view.ending()? {
            Ending::Failed(reason) => Some(Code(reason)),
            Ending::Redirected(_) | Ending::Declined(_) | Ending::Withdrawn(_) => None,
        }
    }
    /// Why the receiver does not take the person; null to officers, dispatchers and who is told by consent.
    async fn decline_reason(&self) -> Option<Code<DeclineReason>> {
        self.view.decline().map(|(reason, _)| Code(reason))
    }
    /// Why the offer was taken back; null to who is told by consent.
    async fn withdraw_reason(&self) -> Option<Code<WithdrawReason>> {
        match self.view.ending()? {
            Ending::Withdrawn(reason) => Some(Code(reason)),
            Ending::Redirected(_) | Ending::Failed(_) | Ending::Declined(_) => None,
        }
    }
}

/// A page of handoffs, latest first; read from the database, so that both parties see the same.
pub(super) async fn handoffs(
    ctx: &Context<'_>,
    filter: HandoffFilterInput,
    paging: Paging,
) -> Result<Page<Handoff>, Error> {
    let filter = filter.read();
    let bound = format!("handoffs:{filter:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<HandoffId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::handoff::list(&asking.hub, &asking.viewer, &filter, between, most, backward).await;
    let found = found
        .and_then(|found| shown(found, |found| found.iter().any(HandoffView::needs_notice), |_| each_with_notice(ctx)));
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.handoff().id),
        node: Handoff::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// One handoff by its id.
pub(super) async fn handoff(ctx: &Context<'_>, handoff: HandoffId) -> Answer<Handoff> {
    let asking = asking(ctx);
    let found = app::handoff::get(&asking.hub, &asking.viewer, &[handoff]).await;
    let found = found.map(|mut found| found.pop().flatten());
    let found = found.and_then(|view| {
        shown(view, |view| view.as_ref().is_some_and(HandoffView::needs_notice), |_| with_notice(ctx, "Handoff"))
    });
    super::error::maybe(found.map(|view| view.map(|view| Handoff::new(view, &asking.eyes()))))
}

/// The latest handoff of a search that the viewer has a part in.
pub(super) async fn latest_of(ctx: &Context<'_>, episode: EpisodeId) -> Answer<Handoff> {
    let asking = asking(ctx);
    let found = asking.together.load_one(HandoffsOf(episode)).await.map_err(|error| from_app(&error));
    found.map(|found| Some(Handoff::new(found?.pop()?, &asking.eyes()))).transpose()
}
