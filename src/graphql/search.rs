//! The search in the schema.
use super::bed::BedUnit;
use super::connection::{AsOf, Page, Paging, Row};
use super::directory::Service;
use super::error::{ErrorCode, coded};
use super::input::{NeedInput, PointInput, fips};
use super::limits::Limits;
use super::pathway::Pathway;
use super::query::listing_at;
use super::scalars::{Code, DateTime};
use super::seen::{Asking, Seen, asking};
use super::team::Team;
use crate::board::{Coming, Found, Rank, Respond, Seek};
use crate::domain::need::{Criterion, Fit, Need, Reason};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::domain::travel;
use async_graphql::connection::{ConnectionNameType, EdgeNameType};
use async_graphql::{Context, Error, Object, SimpleObject};

/// What a search says of one unit.
#[derive(Clone, SimpleObject)]
pub struct SearchEdge {
    /// The unit.
    unit: BedUnit,
    /// The straight-line distance in kilometers; the road is longer.
    distance_km: Option<f64>,
    /// How many minutes the way takes at this hour, by the region's table from the smallest zone that holds `near`; null where
    /// the table tells of none, and then `distanceKm` is all that is known.
    travel_minutes: Option<i32>,
    /// The same in words, such as "about 50 min".
    travel_says: Option<String>,
    /// Whether the unit fits what is known.
    fit: Code<Fit>,
    /// Every point, with what to say or ask.
    reasons: Vec<FitReason>,
    /// The pathway by which you may send there, the best where there are several; its terms count in `fit` and `reasons`. Null
    /// where none is open to your role: call first.
    pathway: Option<Pathway>,
}

/// The answer of a search is a connection of its own name: its edges say more.
pub struct SearchName;

impl ConnectionNameType for SearchName {
    fn type_name<T: async_graphql::OutputType>() -> String {
        "BedSearchConnection".into()
    }
}

impl EdgeNameType for SearchName {
    fn type_name<T: async_graphql::OutputType>() -> String {
        "BedSearchEdge".into()
    }
}

/// A page of a search.
pub(super) type SearchPage = Page<BedUnit, SearchEdge, SearchName, SearchName, Answers>;

/// How a unit fits in one point.
#[derive(Clone, SimpleObject)]
pub struct FitReason {
    /// The point.
    criterion: Code<Criterion>,
    /// Whether it fits.
    fit: Code<Fit>,
    /// A sentence for the person who searches.
    says: &'static str,
}

/// A line that is open now.
#[derive(Clone, SimpleObject)]
pub struct TalkNow {
    /// The service that answers.
    service: Service,
    /// The line to call (E.164).
    direct_line: Option<String>,
    /// The line to text (E.164 or a short code).
    text_line: Option<String>,
    /// Until when it is open; null around the clock, and when its hours are not known: see `reasons`.
    open_until: Option<DateTime>,
    /// Whether it fits what is known.
    fit: Code<Fit>,
    /// Every point, with what to say or ask.
    reasons: Vec<FitReason>,
}

/// A team that can come, now or when it is free.
#[derive(Clone, SimpleObject)]
pub struct CanCome {
    /// The team.
    team: Team,
    /// Whether it fits what is known.
    fit: Code<Fit>,
    /// Every point, with what to say or ask.
    reasons: Vec<FitReason>,
}

/// What a search says beside its page of places.
pub struct Answers {
    as_of: AsOf,
    need: Need,
    in_county: Option<u32>,
    seen: Seen,
}

impl Answers {
    fn respond(&self) -> Respond<'_> {
        Respond { need: &self.need, in_county: self.in_county, at: self.seen.now }
    }
}

#[Object]
impl Answers {
    /// When the list was true.
    async fn as_of(&self) -> &AsOf {
        &self.as_of
    }
    /// Somebody to talk to now: lines that are open and not unfit, at most 10, whatever the level of care. Read this first.
    async fn talk_now(&self) -> Vec<TalkNow> {
        let lines = self.seen.board.talking(&self.seen.scope, &self.respond());
        lines
            .into_iter()
            .map(|line| TalkNow {
                direct_line: line.service.details.direct_line.clone(),
                text_line: line.service.details.text_line.clone(),
                open_until: line.until.map(DateTime),
                fit: Code(line.fit),
                reasons: reasons(&line.reasons),
                service: Service::new(line.service, &self.seen),
            })
            .collect()
    }
    /// Somebody who can come: teams that cover the county of the person, free ones first, then those that are free soonest;
    /// at most 10. Without a county all teams are listed, and each has to be asked. Read this before the places.
    async fn can_come(&self) -> Vec<CanCome> {
        let teams = self.seen.board.coming(&self.seen.scope, &self.respond());
        let come = |coming: Coming| CanCome {
            fit: Code(coming.fit),
            reasons: reasons(&coming.reasons),
            team: Team::new(coming.team, &self.seen),
        };
        teams.into_iter().map(come).collect()
    }
}

/// Reasons as published.
pub(super) fn reasons(reasons: &[Reason]) -> Vec<FitReason> {
    reasons.iter().map(|r| FitReason { criterion: Code(r.criterion), fit: Code(r.fit), says: r.says }).collect()
}

/// What is asked of a search, beside the page.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) need: NeedInput,
    pub(super) near: Option<PointInput>,
    pub(super) within_km: Option<f64>,
    pub(super) in_county: Option<String>,
    pub(super) at: Option<DateTime>,
}

fn search_edge(found: &Found, seen: &Seen) -> SearchEdge {
    let reasons = reasons(&found.reasons);
    let km = found.meters.map(kilometers);
    SearchEdge {
        unit: BedUnit::new(found.unit.clone(), seen),
        distance_km: km,
        travel_minutes: found.minutes.map(i32::from),
        travel_says: found.minutes.map(travel::says),
        fit: Code(found.fit),
        reasons,
        pathway: found.pathway.clone().map(|pathway| Pathway::new(pathway, seen)),
    }
}

/// A straight line in kilometers, as published.
pub(super) fn kilometers(meters: u32) -> f64 {
    f64::from(meters.div_ceil(100)) / 10.0
}

/// A need as the viewer may seek by it.
pub(super) fn sought(asking: &Asking, need: NeedInput) -> Result<Need, Error> {
    let need = need.read()?;
    let first_responder =
        [Role::Officer, Role::Dispatcher, Role::Ems].iter().any(|role| asking.viewer.stands_as(*role));
    if first_responder && need.payer.is_some() {
        return Err(coded(ErrorCode::BadUserInput, "`payer` is for transfers between facilities: leave it out"));
    }
    Ok(need)
}

/// Answers a search, page by page.
pub(super) async fn bed_search(ctx: &Context<'_>, wanted: Wanted, paging: &Paging) -> Result<SearchPage, Error> {
    let Wanted { need, near, within_km, in_county, at } = wanted;
    let bound = format!("bedSearch:{need:?}:{near:?}:{within_km:?}:{in_county:?}");
    let (need, in_county) = (sought(asking(ctx), need)?, in_county.as_deref().map(fips).transpose()?);
    let role = asking(ctx).viewer.role();
    let near = near.map(PointInput::read).transpose()?;
    let within_meters = match within_km {
        Some(_) if near.is_none() => return Err(coded(ErrorCode::BadUserInput, "`withinKm` needs `near`")),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 0 to 1,000 km")]
        Some(km) if (0.0..=1_000.0).contains(&km) => Some((km * 1_000.0) as u32),
        Some(_) => return Err(coded(ErrorCode::BadUserInput, "`withinKm` is between 0 and 1000")),
        None => None,
    };
    let (seen, listing) = listing_at(ctx, bound, super::subscription::EVENTS_BOUND.into(), at).await?;
    let seen = &seen;
    let (size, _) = paging.size(ctx.data_unchecked::<Limits>())?;
    // Every page is in the order of the first page's instant, or freshness would move rows between pages; what it says
    // is of now. The past has one instant for all its pages.
    let (ranked_at, after) = match &paging.after {
        Some(cursor) => {
            let first = if at.is_none() { listing.instant(cursor)? } else { seen.now };
            (first, Some(listing.key::<(At, Rank)>(cursor)?.1))
        }
        None => (seen.now, None),
    };
    // One more than the page, so that the page knows whether it is the last.
    let seek = Seek { need: &need, role, near, within_meters, at: seen.now, ranked_at, after, most: size + 1 };
    let rows: Vec<Row<(At, Rank), _, _>> = seen
        .board
        .search(&seen.scope, &seek)
        .iter()
        .map(|found| Row {
            key: (ranked_at, found.rank),
            node: BedUnit::new(found.unit.clone(), seen),
            edge: search_edge(found, seen),
        })
        .collect();
    let cut = Paging { first: paging.first, ..Paging::default() };
    let page = listing.page::<_, _, _, SearchName, SearchName>(ctx, &cut, rows)?;
    let answers = Answers { as_of: page.additional_fields.as_of, need, in_county, seen: seen.clone() };
    let mut whole = SearchPage::with_additional_fields(after.is_some(), page.has_next_page, answers);
    whole.edges = page.edges;
    Ok(whole)
}
