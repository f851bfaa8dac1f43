//! What is said of holds.
use super::{absent, keyed, list, named};
use crate::app::hold::{ChangeHold, HoldBed, HoldFilter, HoldTo};
use crate::domain::hold::{HoldState, MINUTES_MAX, ReleaseReason};
use crate::domain::text;
use crate::domain::time::At;
use crate::graphql::error::{ErrorCode, coded};
use crate::graphql::scalars::Code;
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which holds; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BedHoldFilter {
    /// On this unit.
    unit_id: Option<ID>,
    /// Kept for this agency.
    holder_id: Option<ID>,
    /// In one of these states now.
    states: Option<Vec<Code<HoldState>>>,
}

/// Holds a place on a unit.
#[derive(Clone, Debug, InputObject)]
pub struct HoldBedInput {
    /// The unit.
    unit_id: ID,
    /// How long, in minutes; the network's default (30) when not given.
    minutes: Option<u32>,
    /// Your own opaque name for the need, at most 128 characters, never a person's name or number: one need has one hold at a
    /// time. The hub keeps a digest of it alone.
    need_ref: Option<String>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Gives a hold more time.
#[derive(Clone, Debug, InputObject)]
pub struct ExtendHoldInput {
    /// The hold.
    hold_id: ID,
    /// How long from now, in minutes.
    minutes: u32,
    /// The generation that you read; any when not given.
    generation: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Gives a hold back, or, as the unit's agency, takes it back.
#[derive(Clone, Debug, InputObject)]
pub struct ReleaseHoldInput {
    /// The hold.
    hold_id: ID,
    /// Why.
    reason: Code<ReleaseReason>,
    /// The generation that you read; any when not given.
    generation: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Says that the person has arrived on a hold.
#[derive(Clone, Debug, InputObject)]
pub struct ArriveOnHoldInput {
    /// The hold.
    hold_id: ID,
    /// The generation that you read; any when not given.
    generation: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

impl BedHoldFilter {
    /// The filter as the verbs take it.
    pub(in crate::graphql) fn read(self, now: At) -> HoldFilter {
        HoldFilter {
            unit: self.unit_id.as_ref().map(absent),
            holder: self.holder_id.as_ref().map(absent),
            states: list(self.states).map(|states| (states, now)),
        }
    }
}

fn flawed(flaw: text::Flaw) -> Error {
    coded(ErrorCode::BadUserInput, flaw.to_string())
}

fn minutes(minutes: u32) -> Result<u32, Error> {
    text::within("minutes", i64::from(minutes), 1, i64::from(MINUTES_MAX)).map_err(flawed)?;
    Ok(minutes)
}

/// Reads what is to be held.
pub(in crate::graphql) fn hold_bed(asking: &Asking, input: HoldBedInput) -> Result<HoldBed, Error> {
    let keyed = keyed(asking, "holdBed", input.idempotency_key.as_deref(), &input)?;
    if let Some(need) = &input.need_ref {
        text::line("needRef", need, 128).map_err(flawed)?;
    }
    let minutes = input.minutes.map(minutes).transpose()?;
    Ok(HoldBed { unit: named(&input.unit_id)?, minutes, need: input.need_ref, keyed })
}

/// Reads an extension.
pub(in crate::graphql) fn extend(asking: &Asking, input: ExtendHoldInput) -> Result<ChangeHold, Error> {
    let keyed = keyed(asking, "extendHold", input.idempotency_key.as_deref(), &input)?;
    let to = HoldTo::Extend(minutes(input.minutes)?);
    Ok(ChangeHold { hold: named(&input.hold_id)?, generation: input.generation, to, keyed })
}

/// Reads a release.
pub(in crate::graphql) fn release(asking: &Asking, input: ReleaseHoldInput) -> Result<ChangeHold, Error> {
    let keyed = keyed(asking, "releaseHold", input.idempotency_key.as_deref(), &input)?;
    let to = HoldTo::Release(input.reason.0);
    Ok(ChangeHold { hold: named(&input.hold_id)?, generation: input.generation, to, keyed })
}

/// Reads an arrival.
pub(in crate::graphql) fn arrive(asking: &Asking, input: ArriveOnHoldInput) -> Result<ChangeHold, Error> {
    let keyed = keyed(asking, "arriveOnHold", input.idempotency_key.as_deref(), &input)?;
    Ok(ChangeHold { hold: named(&input.hold_id)?, generation: input.generation, to: HoldTo::Arrive, keyed })
}
