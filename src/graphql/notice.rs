//! Notices in the schema.
use super::connection::{Page, Paging, Row};
use super::directory::{Organization, fips};
use super::input::notice::NoticeFilterInput;
use super::query::listing;
use super::scalars::{Code, DateTime, codes, id};
use super::seen::{Asking, Seen};
use crate::app::notice::Addressees;
use crate::domain::code::codes;
use crate::domain::id::NoticeId;
use crate::domain::notice::{self, NoticeSeverity, NoticeState};
use crate::domain::organization::OrganizationKind;
use crate::domain::time::At;
use crate::policy::view::NoticeView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use std::cmp::Reverse;

codes! {
    /// What has to be shown beside something that is not for real.
    Marker {
        /// It was made in a drill: nobody is to act on it as if it were real.
        Drill "DRILL",
    }
}

/// The marker of something that was made in a drill.
pub(super) fn marker(drill: bool) -> Option<Code<Marker>> {
    drill.then_some(Code(Marker::Drill))
}

/// A message from a coordinator or an agency to agencies of its region.
#[derive(Clone)]
pub struct Notice {
    view: NoticeView,
    seen: Seen,
}

/// One agency's acknowledgement of a notice.
#[derive(Clone, SimpleObject)]
pub struct NoticeAcknowledgement {
    /// The agency.
    organization: Option<Organization>,
    /// The grant of whoever acknowledged for it.
    grant_id: ID,
    /// When.
    at: DateTime,
}

impl Notice {
    pub(super) fn new(view: NoticeView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    /// The notice of an id, as whoever asks sees it.
    pub(super) fn find(asking: &Asking, id: NoticeId) -> Option<Self> {
        let seen = &asking.seen;
        seen.board.notice(&asking.viewer, &seen.scope, id).map(|view| Self::new(view, seen))
    }

    fn said(&self) -> &notice::Notice {
        self.view.notice()
    }

    fn addressees(&self) -> Addressees<'_> {
        Addressees::of(&self.seen.board, &self.seen.scope)
    }

    fn told(&self, done: &notice::Acknowledgement) -> NoticeAcknowledgement {
        let organization = self.seen.entry(done.organization).map(|entry| Organization::new(entry, &self.seen));
        NoticeAcknowledgement { organization, grant_id: id(done.grant), at: DateTime(done.at) }
    }
}

/// A message from a coordinator or an agency to agencies of its region. Everyone in the region may read it; to whom it is
/// addressed says whom it concerns. It holds no personal data.
#[Object]
impl Notice {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.said().id)
    }
    /// How often it has changed, acknowledgements included.
    async fn version(&self) -> i64 {
        self.said().version
    }
    /// How much it matters.
    async fn severity(&self) -> Code<NoticeSeverity> {
        Code(self.said().terms.severity)
    }
    /// One line, as it was written: show `marker` beside it.
    async fn headline(&self) -> &str {
        &self.said().words.headline
    }
    /// The whole of it, as plain text with line breaks.
    async fn text(&self) -> &str {
        &self.said().words.text
    }
    /// Made in a drill.
    async fn drill(&self) -> bool {
        self.said().terms.drill
    }
    /// What has to be shown beside the headline; null when it is for real.
    async fn marker(&self) -> Option<Code<Marker>> {
        marker(self.said().terms.drill)
    }
    /// The agency that posted it.
    async fn organization(&self) -> Option<Organization> {
        self.seen.entry(self.said().author.organization).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The counties it is addressed to (Census FIPS codes of five digits); empty means the whole region.
    async fn counties_fips(&self) -> Vec<String> {
        self.said().terms.address.counties_fips.iter().copied().map(fips).collect()
    }
    /// The kinds of agency it is addressed to; empty means every kind.
    async fn organization_kinds(&self) -> Vec<Code<OrganizationKind>> {
        codes(&self.said().terms.address.kinds)
    }
    /// It is addressed to your agency, or your agency posted it. An agency without a place is in every county.
    async fn addressed_to_me(&self) -> bool {
        self.addressees().concerns(&self.view)
    }
    /// When it was posted.
    async fn posted_at(&self) -> DateTime {
        DateTime(self.said().posted_at)
    }
    /// From when it is in force.
    async fn starts_at(&self) -> DateTime {
        DateTime(self.said().terms.starts_at)
    }
    /// Until when it is in force.
    async fn ends_at(&self) -> DateTime {
        DateTime(self.said().terms.ends_at)
    }
    /// Since when it is withdrawn; null when it is not.
    async fn withdrawn_at(&self) -> Option<DateTime> {
        self.said().withdrawn_at.map(DateTime)
    }
    /// Where it stands now.
    async fn state(&self) -> Code<NoticeState> {
        Code(self.said().state(self.seen.now))
    }
    /// Each agency that it is addressed to is asked to acknowledge it; the one that posted it is not.
    async fn acknowledgement_wanted(&self) -> bool {
        self.said().terms.acknowledge
    }
    /// Your own agency's acknowledgement; null when nobody there has acknowledged it.
    async fn acknowledgement(&self) -> Option<NoticeAcknowledgement> {
        let done = self.said().acknowledgement_of(self.view.own()?)?;
        Some(self.told(done))
    }
    /// Who has acknowledged it, at most 500: every agency for the one that posted it, your own agency alone otherwise.
    async fn acknowledgements(&self) -> Vec<NoticeAcknowledgement> {
        self.view.acknowledged().take(500).map(|done| self.told(done)).collect()
    }
    /// How many agencies have acknowledged it; null unless your agency posted it.
    async fn acknowledged_count(&self) -> Option<i32> {
        self.view.is_own().then(|| i32::try_from(self.said().acknowledged.len()).unwrap_or(i32::MAX))
    }
    /// The agencies that have still to acknowledge it, at most 500; null unless your agency posted it.
    async fn awaiting(&self) -> Option<Vec<Organization>> {
        let awaiting = self.addressees().awaiting(&self.view)?;
        Some(awaiting.into_iter().take(500).map(|entry| Organization::new(entry, &self.seen)).collect())
    }
    /// How many agencies have still to acknowledge it; null unless your agency posted it.
    async fn awaiting_count(&self) -> Option<i32> {
        self.addressees().awaiting(&self.view).map(|awaiting| i32::try_from(awaiting.len()).unwrap_or(i32::MAX))
    }
}

/// A notice's place in the list: the latest is first.
type Place = Reverse<(At, NoticeId)>;

/// Lists notices, latest first.
pub(super) fn notices(ctx: &Context<'_>, filter: NoticeFilterInput, paging: &Paging) -> Result<Page<Notice>, Error> {
    let filter = filter.read();
    let (asking, listing) = listing(ctx, format!("notices:{filter:?}"), super::subscription::EVENTS_BOUND.into())?;
    let seen = &asking.seen;
    let addressees = Addressees::of(&seen.board, &seen.scope);
    let matching = seen.board.notices(&asking.viewer, &seen.scope).filter(|view| filter.matches(&addressees, view));
    let mut views: Vec<(Place, NoticeView)> =
        matching.map(|view| (Reverse((view.notice().posted_at, view.notice().id)), view)).collect();
    views.sort_unstable_by_key(|(place, _)| *place);
    let rows =
        views.into_iter().map(|(key, view)| Row { key, node: Notice::new(view, seen), edge: EmptyFields }).collect();
    listing.page(ctx, paging, rows)
}
