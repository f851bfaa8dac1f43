//! The query root.
use super::bed::BedUnit;
use super::connection::{Listing, Page, Paging, Proof, Row};
use super::directory::{ExternalIdInput, Facility, Organization, Region, Service};
use super::episode::{self, Episode};
use super::error::{Answer, answer, from_app};
use super::handoff::{self, Handoff};
use super::hold::{self, BedHold};
use super::input::handoff::HandoffFilterInput;
use super::input::hold::BedHoldFilter;
use super::input::notice::NoticeFilterInput;
use super::input::offer::EpisodeFilterInput;
use super::input::pathway::PathwayFilter;
use super::input::team::TeamFilter;
use super::input::{BedUnitFilter, NeedInput, PointInput};
use super::log::{self, AuditEntry, Grant, LogPage};
use super::me::Me;
use super::node::{Node, find_shown};
use super::notice::{Notice, notices};
use super::pathway::{self, Pathway, PathwayMatch};
use super::poll::{BedUpdateRequest, bed_update_requests};
use super::scalars::{Code, Cursor, DateTime, parse_id};
use super::search::{SearchPage, Wanted, bed_search};
use super::seen::{Asking, Seen, asking};
use super::team::{self, Team};
use crate::app::{self, cursor};
use crate::board::Names;
use crate::domain::entry::Entry;
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::service::ServiceKind;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object};
use std::sync::Arc;

pub(super) fn listing<'a>(ctx: &Context<'a>, bound: String, watch: String) -> Result<(&'a Asking, Listing<'a>), Error> {
    let asking = asking(ctx);
    asking.known().map_err(|error| from_app(&error))?;
    let (head, time) = (mark(&asking.seen.board), asking.seen.now);
    Ok((asking, Listing { asking, bound, watch, head, time, proof: None }))
}

/// The same about an instant that has passed, where one is asked about, and whoever looks at it.
pub(super) async fn listing_at<'a>(
    ctx: &Context<'a>,
    bound: String,
    watch: String,
    at: Option<DateTime>,
) -> Result<(Seen, Listing<'a>), Error> {
    let (asking, mut listing) = listing(ctx, bound, watch)?;
    let Some(DateTime(at)) = at else { return Ok((asking.seen.clone(), listing)) };
    let past = app::past::board(&asking.hub, &asking.viewer, at).await.map_err(|error| from_app(&error))?;
    listing.bound.push_str(&format!(":at:{}", at.micros()));
    (listing.head, listing.time, listing.proof) = (mark(&past.board), at, Some(Proof::of(&past)));
    Ok((Seen { board: past.board, scope: asking.seen.scope.clone(), now: at }, listing))
}

fn mark(board: &crate::board::Snapshot) -> cursor::Mark {
    board.last_event().map_or_else(cursor::Mark::beginning, |id| cursor::Mark { number: board.number(), id })
}

fn entries<D: Names, N: async_graphql::OutputType>(
    ctx: &Context<'_>,
    field: &str,
    external: Option<ExternalIdInput>,
    matches: impl Fn(&Entry<D>) -> bool,
    paging: Paging,
    node: impl Fn(Arc<Entry<D>>, &Seen) -> N,
) -> Result<Page<N>, Error>
where
    D::Id: serde::Serialize + serde::de::DeserializeOwned,
{
    let external = external.map(super::input::external);
    let (asking, listing) = listing(ctx, format!("{field}:{external:?}"), super::subscription::EVENTS_BOUND.into())?;
    let seen = &asking.seen;
    let rows = seen
        .board
        .entries::<D>(&seen.scope)
        .filter(|entry| matches(entry) && external.as_ref().is_none_or(|id| entry.external_ids.contains(id)))
        .map(|entry| Row { key: entry.id, node: node(entry.clone(), seen), edge: EmptyFields })
        .collect();
    listing.page(ctx, &paging, rows)
}

/// Everything that can be asked.
pub struct Query;

/// Everything that can be asked.
// Part of the one `Query`: no type of the schema has this name.
#[Object(name = "OpenQuery")]
impl Query {
    /// Who you are to the hub; null for nobody.
    async fn viewer(&self, ctx: &Context<'_>) -> Option<Me> {
        (!asking(ctx).viewer.is_nobody()).then_some(Me)
    }

    /// One object by its id; null when it is absent or not visible to you.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Opaque id.")] id: ID) -> Answer<Node> {
        let found = find_shown(ctx, std::slice::from_ref(&id)).await;
        super::error::maybe(found.map(|mut nodes| nodes.pop().flatten()))
    }

    /// Objects by their ids, at most 100, in the order asked; null for each that is absent or not visible to you.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Opaque ids.", validator(max_items = 100))] ids: Vec<ID>,
    ) -> Answer<Vec<Option<Node>>> {
        answer(find_shown(ctx, &ids).await)
    }

    /// The regions of this hub that you may see.
    async fn regions(&self, ctx: &Context<'_>) -> Answer<Vec<Region>> {
        let asking = asking(ctx);
        let regions = asking.known().map(|()| {
            asking
                .seen
                .board
                .entries(&asking.seen.scope)
                .map(|entry| Region::new(entry.clone(), &asking.seen))
                .collect()
        });
        answer(regions)
    }

    /// Agencies, in the order of their ids.
    async fn organizations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this kind.")] kind: Option<Code<OrganizationKind>>,
        #[graphql(desc = "The one that another system knows by this id.")] external_id: Option<ExternalIdInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Organization>> {
        let field = format!("organizations:{kind:?}");
        let matches = move |entry: &Entry<OrganizationDetails>| kind.is_none_or(|kind| kind.0 == entry.details.kind);
        Some(entries(ctx, &field, external_id, matches, Paging { first, after, last, before }, Organization::new))
    }

    /// Places, in the order of their ids.
    async fn facilities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this agency.")] organization_id: Option<ID>,
        #[graphql(desc = "The one that another system knows by this id.")] external_id: Option<ExternalIdInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Facility>> {
        let owner = organization_id.as_ref().map(parse_id);
        let field = format!("facilities:{owner:?}");
        let matches = move |entry: &Entry<crate::domain::facility::FacilityDetails>| {
            owner.is_none_or(|owner| owner == Some(entry.owner))
        };
        Some(entries(ctx, &field, external_id, matches, Paging { first, after, last, before }, Facility::new))
    }

    /// Services, in the order of their ids.
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this level of care.")] kind: Option<Code<ServiceKind>>,
        #[graphql(desc = "Of this agency.")] organization_id: Option<ID>,
        #[graphql(desc = "The one that another system knows by this id.")] external_id: Option<ExternalIdInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Service>> {
        let owner = organization_id.as_ref().map(parse_id);
        let field = format!("services:{kind:?}:{owner:?}");
        let matches = move |entry: &Entry<crate::domain::service::ServiceDetails>| {
            kind.is_none_or(|kind| kind.0 == entry.details.kind) && owner.is_none_or(|owner| owner == Some(entry.owner))
        };
        Some(entries(ctx, &field, external_id, matches, Paging { first, after, last, before }, Service::new))
    }

    /// Referral pathways, in the order of their ids.
    async fn pathways(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pathways; all of them when not given.")] filter: Option<PathwayFilter>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Pathway>> {
        Some(pathway::pathways(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }))
    }

    /// By which pathways you may send this person now, each with the best place that it leads to: best fit first, then those
    /// that are announced and not asked, then as in `bedSearch`; at most 50. Ask before you send: what is NOT_MET would be
    /// declined.
    async fn match_pathways(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is known of the need.")] need: NeedInput,
        #[graphql(desc = "Where the person is. It is used for this search and kept nowhere.")] near: Option<PointInput>,
    ) -> Answer<Vec<PathwayMatch>> {
        Some(pathway::matches(ctx, need, near))
    }

    /// Units with their availability, in the order of their ids.
    ///
    /// With `at`, what the board said at that instant: folded from the events that the log held then, its freshness judged
    /// then, through what you may see today. What facts carry is as of then: numbers, pauses, definitions, levels of care,
    /// counties, what was withdrawn. Names, labels, addresses and other words are today's. A unit that you may not see today
    /// is absent. `asOf.proof` says what the answer was folded from.
    async fn bed_units(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which units; all that you may see when not given.")] filter: Option<BedUnitFilter>,
        #[graphql(desc = "The instant, which has passed; now when not given.")] at: Option<DateTime>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<BedUnit>> {
        Some(bed_units(ctx, filter.unwrap_or_default(), at, Paging { first, after, last, before }).await)
    }

    /// Who can take this person, and why: best fit first, then places that never refuse, then the freshest numbers, then
    /// the shortest way: the region's travel times where they tell, else the straight line at 40 km/h. With `at`, what it
    /// would have answered at that instant: see `bedUnits`; travel times are today's, in the hour of that instant.
    async fn bed_search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is known of the need.")] need: NeedInput,
        #[graphql(desc = "Where the person is. It is used for this search and kept nowhere.")] near: Option<PointInput>,
        #[graphql(desc = "How far to look, in kilometers in a straight line; needs `near`.")] within_km: Option<f64>,
        #[graphql(
            desc = "The county that the person is in (Census FIPS code of five digits): which teams can come. Their `homeCounty` when not given."
        )]
        in_county: Option<String>,
        #[graphql(desc = "The instant, which has passed; now when not given.")] at: Option<DateTime>,
        #[graphql(desc = "How many, at most 100; 25 when not given.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
    ) -> Answer<SearchPage> {
        let paging = Paging { first, after, last: None, before: None };
        Some(bed_search(ctx, Wanted { need, near, within_km, in_county, at }, &paging).await)
    }

    /// Mobile teams and how they stand, in the order of their ids.
    async fn teams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which teams; all that you may see when not given.")] filter: Option<TeamFilter>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Team>> {
        Some(team::teams(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }))
    }

    /// Holds on your agency's units and those kept for your agency, latest first.
    async fn bed_holds(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which holds; all that you may see when not given.")] filter: Option<BedHoldFilter>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<BedHold>> {
        Some(hold::bed_holds(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }).await)
    }

    /// Searches for a place that your agency has begun, and where it coordinates the region every open one, latest first; with
    /// `openOnly`, who has waited longest first.
    async fn episodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which episodes; all that you may see when not given.")] filter: Option<EpisodeFilterInput>,
        #[graphql(desc = "How many from the front, at most 100.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Episode>> {
        Some(episode::episodes(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }).await)
    }

    /// Handoffs that your agency sends or receives, and where it coordinates the region those of open searches, latest first.
    async fn handoffs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which handoffs; all that you may see when not given.")] filter: Option<HandoffFilterInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Handoff>> {
        Some(handoff::handoffs(ctx, filter.unwrap_or_default(), Paging { first, after, last, before }).await)
    }

    /// The log, oldest first, for those who poll. Start with no cursor, go on from `endCursor`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "After this place; from the beginning when not given.")] after: Option<Cursor>,
        #[graphql(desc = "How many, at most 100; 25 when not given.")] first: Option<i32>,
    ) -> Answer<LogPage> {
        Some(log::events(ctx, after, first).await)
    }

    /// Who changed what, and which coordinators looked at it, latest first, as far as your role may see.
    async fn audit_trail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<AuditEntry>> {
        Some(log::audit_trail(ctx, Paging { first, after, last, before }).await)
    }

    /// Grants that you may see, revoked ones too, in the order of their ids.
    async fn grants(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Grant>> {
        Some(log::grants(ctx, &Paging { first, after, last, before }))
    }

    /// Notices that you may read, latest first: scheduled, ended and withdrawn ones too.
    async fn notices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which notices; all that you may read when not given.")] filter: Option<NoticeFilterInput>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Notice>> {
        Some(notices(ctx, filter.unwrap_or_default(), &Paging { first, after, last, before }))
    }

    /// Requests of the last 7 days that units confirm their numbers, of which you see a unit: open ones first, then the latest.
    async fn bed_update_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<BedUpdateRequest>> {
        Some(bed_update_requests(ctx, &Paging { first, after, last, before }))
    }

    /// One agency, for federation.
    #[graphql(entity)]
    async fn find_organization_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Organization> {
        let seen = &asking(ctx).seen;
        seen.entry(parse_id(&id)?).map(|entry| Organization::new(entry, seen))
    }

    /// One place, for federation.
    #[graphql(entity)]
    async fn find_facility_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Facility> {
        let seen = &asking(ctx).seen;
        seen.entry(parse_id(&id)?).map(|entry| Facility::new(entry, seen))
    }

    /// One service, for federation.
    #[graphql(entity)]
    async fn find_service_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Service> {
        let seen = &asking(ctx).seen;
        seen.entry(parse_id(&id)?).map(|entry| Service::new(entry, seen))
    }

    /// One referral pathway, for federation.
    #[graphql(entity)]
    async fn find_pathway_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Pathway> {
        let seen = &asking(ctx).seen;
        seen.entry(parse_id(&id)?).map(|entry| Pathway::new(entry, seen))
    }

    /// One hold, for federation.
    #[graphql(entity)]
    async fn find_bed_hold_by_id(&self, ctx: &Context<'_>, id: ID) -> Answer<BedHold> {
        hold::bed_hold(ctx, parse_id(&id)?).await
    }

    /// One episode, for federation.
    #[graphql(entity)]
    async fn find_episode_by_id(&self, ctx: &Context<'_>, id: ID) -> Answer<Episode> {
        episode::episode(ctx, parse_id(&id)?).await
    }

    /// One handoff, for federation.
    #[graphql(entity)]
    async fn find_handoff_by_id(&self, ctx: &Context<'_>, id: ID) -> Answer<Handoff> {
        handoff::handoff(ctx, parse_id(&id)?).await
    }

    /// One unit, for federation.
    #[graphql(entity)]
    async fn find_bed_unit_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<BedUnit> {
        let seen = &asking(ctx).seen;
        seen.board.unit(&seen.scope, parse_id(&id)?, seen.now).map(|view| BedUnit::new(view, seen))
    }

    /// One mobile team, for federation.
    #[graphql(entity)]
    async fn find_team_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Team> {
        let seen = &asking(ctx).seen;
        seen.board.team(&seen.scope, parse_id(&id)?, seen.now).map(|view| Team::new(view, seen))
    }

    /// One notice, for federation.
    #[graphql(entity)]
    async fn find_notice_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Notice> {
        Notice::find(asking(ctx), parse_id(&id)?)
    }

    /// One request to units, for federation.
    #[graphql(entity)]
    async fn find_bed_update_request_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<BedUpdateRequest> {
        BedUpdateRequest::find(&asking(ctx).seen, parse_id(&id)?)
    }
}

async fn bed_units(
    ctx: &Context<'_>,
    filter: BedUnitFilter,
    at: Option<DateTime>,
    paging: Paging,
) -> Result<Page<BedUnit>, Error> {
    let filter = filter.read()?;
    let bound = super::subscription::beds_bound(&filter);
    let (seen, listing) = listing_at(ctx, bound.clone(), bound, at).await?;
    let seen = &seen;
    let rows = seen
        .board
        .units(&seen.scope, seen.now)
        .filter(|view| {
            let seat = seen.board.seat(view.id());
            seat.is_some_and(|seat| filter.matches(&seen.scope, seat, view))
        })
        .map(|view| Row { key: view.id(), node: BedUnit::new(view, seen), edge: EmptyFields })
        .collect();
    listing.page(ctx, &paging, rows)
}
