//! What is said of notices and polls.
use super::{all_fips, keyed, list, named};
use crate::app::notice::{NoticeFilter, OnNotice, PostNotice};
use crate::app::poll::{Asked, RequestBedUpdate};
use crate::domain::notice::{Address, NoticeSeverity, NoticeTerms, NoticeWords};
use crate::domain::organization::OrganizationKind;
use crate::domain::poll::Ask;
use crate::domain::service::ServiceKind;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which notices; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "NoticeFilter")]
pub struct NoticeFilterInput {
    /// In force at this instant.
    active_at: Option<DateTime>,
    /// Addressed to your agency, or posted by it; with false, neither.
    addressed_to_me: Option<bool>,
    /// Of one of these severities.
    severity: Option<Vec<Code<NoticeSeverity>>>,
    /// Made in a drill; with false, for real.
    drill: Option<bool>,
}

/// Posts a notice to agencies of your region.
#[derive(Clone, Debug, InputObject)]
pub struct PostNoticeInput {
    /// How much it matters.
    severity: Code<NoticeSeverity>,
    /// One line, at most 120 characters. No personal data.
    headline: String,
    /// The whole of it, at most 2,000 characters of plain text; line breaks are kept. No personal data: a notice is never about
    /// a person in crisis.
    text: String,
    /// Addressed to agencies with a place in one of these counties (Census FIPS codes of five digits), at most 300, and to
    /// agencies without a place; to the whole region when not given.
    counties_fips: Option<Vec<String>>,
    /// Addressed to agencies of these kinds, at most 20; to every kind when not given.
    #[graphql(validator(max_items = 20))]
    organization_kinds: Option<Vec<Code<OrganizationKind>>>,
    /// From when it is in force: now when not given or past, at most 90 days ahead.
    starts_at: Option<DateTime>,
    /// Until when it is in force, at most 90 days after the start.
    ends_at: DateTime,
    /// Ask each agency that it is addressed to for an acknowledgement.
    #[graphql(default)]
    acknowledgement_wanted: bool,
    /// Made in a drill: it is marked in every answer.
    #[graphql(default)]
    drill: bool,
    /// Your key for this request, at most 128 characters: sent again within 24 hours, it is done once.
    idempotency_key: Option<String>,
}

/// Withdraws a notice of your agency before its end.
#[derive(Clone, Debug, InputObject)]
pub struct WithdrawNoticeInput {
    /// The notice.
    notice_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Acknowledges a notice for your agency.
#[derive(Clone, Debug, InputObject)]
pub struct AcknowledgeNoticeInput {
    /// The notice.
    notice_id: ID,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Asks units to confirm their numbers now: name them, or their facility, or counties and levels of care.
#[derive(Clone, Debug, InputObject)]
pub struct RequestBedUpdateInput {
    /// These units, 1 to 200.
    unit_ids: Option<Vec<ID>>,
    /// Every unit of this facility.
    facility_id: Option<ID>,
    /// Every unit that you may ask in one of these counties (Census FIPS codes of five digits), at most 300.
    counties_fips: Option<Vec<String>>,
    /// Every unit that you may ask of one of these levels of care; with `countiesFips`, both have to hold.
    #[graphql(validator(max_items = 50))]
    levels_of_care: Option<Vec<Code<ServiceKind>>>,
    /// Minutes to answer, 5 to 1,440.
    #[graphql(default = 30)]
    answer_within_minutes: i32,
    /// A line to those who are asked, at most 500 characters. No personal data.
    note: Option<String>,
    /// Made in a drill: it is marked in every answer.
    #[graphql(default)]
    drill: bool,
    /// Your key for this request, at most 128 characters: sent again within 24 hours, it is done once.
    idempotency_key: Option<String>,
}

impl NoticeFilterInput {
    /// The filter as the verbs take it.
    pub(in crate::graphql) fn read(self) -> NoticeFilter {
        NoticeFilter {
            active_at: self.active_at.map(|at| at.0),
            addressed_to_me: self.addressed_to_me,
            severity: list(self.severity),
            drill: self.drill,
        }
    }
}

fn set<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Reads a notice.
pub(in crate::graphql) fn post(asking: &Asking, input: PostNoticeInput) -> Result<PostNotice, Error> {
    let keyed = keyed(asking, "postNotice", input.idempotency_key.as_deref(), &input)?;
    let address = Address {
        counties_fips: set(all_fips(input.counties_fips)?),
        kinds: set(list(input.organization_kinds).unwrap_or_default()),
    };
    let terms = NoticeTerms {
        severity: input.severity.0,
        address,
        starts_at: input.starts_at.map_or(asking.seen.now, |at| at.0),
        ends_at: input.ends_at.0,
        acknowledge: input.acknowledgement_wanted,
        drill: input.drill,
    };
    Ok(PostNotice { words: NoticeWords { headline: input.headline, text: input.text }, terms, keyed })
}

/// Reads a withdrawal.
pub(in crate::graphql) fn withdraw(asking: &Asking, input: WithdrawNoticeInput) -> Result<OnNotice, Error> {
    let keyed = keyed(asking, "withdrawNotice", input.idempotency_key.as_deref(), &input)?;
    Ok(OnNotice { notice: named(&input.notice_id)?, keyed })
}

/// Reads an acknowledgement.
pub(in crate::graphql) fn acknowledge(asking: &Asking, input: AcknowledgeNoticeInput) -> Result<OnNotice, Error> {
    let keyed = keyed(asking, "acknowledgeNotice", input.idempotency_key.as_deref(), &input)?;
    Ok(OnNotice { notice: named(&input.notice_id)?, keyed })
}

/// Reads a request to units.
pub(in crate::graphql) fn ask(asking: &Asking, input: RequestBedUpdateInput) -> Result<RequestBedUpdate, Error> {
    let keyed = keyed(asking, "requestBedUpdate", input.idempotency_key.as_deref(), &input)?;
    let such = input.counties_fips.is_some() || input.levels_of_care.is_some();
    let of = match (input.unit_ids, &input.facility_id) {
        (Some(ids), None) if !such => Asked::Units(ids.iter().map(named).collect::<Result<_, _>>()?),
        (None, Some(facility)) if !such => Asked::Facility(named(facility)?),
        (None, None) if such => {
            let counties = all_fips(input.counties_fips)?;
            if counties.len() > 300 {
                return Err(coded(ErrorCode::BadUserInput, "name at most 300 counties"));
            }
            Asked::Such(set(counties), list(input.levels_of_care).unwrap_or_default())
        }
        _ => {
            let says = "send `unitIds`, or `facilityId`, or `countiesFips` and `levelsOfCare` or one of them";
            return Err(coded(ErrorCode::BadUserInput, says));
        }
    };
    let ask = Ask { answer_minutes: input.answer_within_minutes.into(), note: input.note, drill: input.drill };
    Ok(RequestBedUpdate { of, ask, keyed })
}
