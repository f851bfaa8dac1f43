//! The search in the schema.
use super::bed::BedUnit;
use super::connection::{Page, Paging, Row};
use super::error::{ErrorCode, coded};
use super::input::{NeedInput, PointInput};
use super::query::listing_at;
use super::scalars::{Code, DateTime};
use super::seen::{Seen, asking};
use crate::board::{Found, Rank, Seek};
use crate::domain::need::{Criterion, Fit};
use crate::domain::role::Role;
use crate::domain::time::At;
use crate::domain::travel;
use async_graphql::connection::{ConnectionNameType, EdgeNameType};
use async_graphql::{Context, Error, SimpleObject};

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
pub(super) type SearchPage = Page<BedUnit, SearchEdge, SearchName, SearchName>;

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

fn search_edge(found: &Found, seen: &Seen) -> SearchEdge {
    let reasons = found
        .reasons
        .iter()
        .map(|r| FitReason { criterion: Code(r.criterion), fit: Code(r.fit), says: r.says })
        .collect();
    let km = found.meters.map(|meters| f64::from(meters.div_ceil(100)) / 10.0);
    SearchEdge {
        unit: BedUnit::new(found.unit.clone(), seen),
        distance_km: km,
        travel_minutes: found.minutes.map(i32::from),
        travel_says: found.minutes.map(travel::says),
        fit: Code(found.fit),
        reasons,
    }
}

/// What a search is asked.
pub(super) struct Wanted {
    pub(super) need: NeedInput,
    pub(super) near: Option<PointInput>,
    pub(super) within_km: Option<f64>,
    pub(super) at: Option<DateTime>,
}

/// Answers a search, page by page.
pub(super) async fn bed_search(ctx: &Context<'_>, wanted: Wanted, paging: Paging) -> Result<SearchPage, Error> {
    let Wanted { need, near, within_km, at } = wanted;
    let bound = format!("bedSearch:{need:?}:{near:?}:{within_km:?}");
    let need = need.read()?;
    let viewer = &asking(ctx).viewer;
    let first_responder = [Role::Officer, Role::Dispatcher, Role::Ems].iter().any(|role| viewer.stands_as(*role));
    if first_responder && need.payer.is_some() {
        return Err(coded(ErrorCode::BadUserInput, "`payer` is for transfers between facilities: leave it out"));
    }
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
    // Every page is in the order of the first page's instant, or freshness would move rows between pages; what it says
    // is of now. The past has one instant for all its pages.
    let ranked_at = match &paging.after {
        Some(cursor) if at.is_none() => listing.instant(cursor)?,
        _ => seen.now,
    };
    let at = seen.now;
    let found = seen.board.search(&seen.scope, &Seek { need: &need, near, within_meters, at, ranked_at });
    let rows: Vec<Row<(At, Rank), _, _>> = found
        .iter()
        .map(|found| Row {
            key: (ranked_at, found.rank),
            node: BedUnit::new(found.unit.clone(), seen),
            edge: search_edge(found, seen),
        })
        .collect();
    listing.page(ctx, &paging, rows)
}
