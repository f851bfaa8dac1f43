//! Rows of holds.
use super::directory::coded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::hold::{Hold, HoldState};
use crate::domain::id::{BedHoldId, BedUnitId, GrantId, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{HoldBed, TellTime};
use entity::bed_hold::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "bed_hold";

impl KeptBy<HoldBed> for Hold {}
impl KeptBy<TellTime> for Hold {}

/// Which holds a list is about; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldFilter {
    /// On this unit.
    pub unit: Option<BedUnitId>,
    /// Kept for this agency.
    pub holder: Option<OrganizationId>,
    /// In one of these states at an instant.
    pub states: Option<(Vec<HoldState>, At)>,
}

impl Kept for Hold {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Generation;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: BedHoldId::of(row.id),
            unit: BedUnitId::of(row.bed_unit_id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            holder: OrganizationId::of(row.holder_id),
            placed_by: row.grant_id.map(GrantId::of),
            need: row.need,
            generation: row.generation,
            state: coded(TABLE, &row.state)?,
            until: At::from_micros(row.until),
            placed_at: At::from_micros(row.placed_at),
            ended_at: row.ended_at.map(At::from_micros),
            reason: row.reason.as_deref().map(|code| coded(TABLE, code)).transpose()?,
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            holder_id: self.holder.key(),
            bed_unit_id: self.unit.key(),
            grant_id: self.placed_by.map(NounId::key),
            need: self.need.clone(),
            generation: self.generation,
            state: self.state.code().into(),
            until: self.until.micros(),
            placed_at: self.placed_at.micros(),
            ended_at: self.ended_at.map(At::micros),
            reason: self.reason.map(|reason| reason.code().into()),
        };
        row.into_active_model().reset_all()
    }
}

/// Holds that keep a place at an instant.
fn standing(now: At) -> Condition {
    Condition::all().add(Column::State.eq(HoldState::Active.code())).add(Column::Until.gt(now.micros()))
}

/// Holds whose end has passed, told or not.
fn over(now: At) -> Condition {
    Condition::all().add(Column::State.eq(HoldState::Active.code())).add(Column::Until.lte(now.micros()))
}

impl HoldFilter {
    fn condition(&self) -> Condition {
        let states = self.states.as_ref().map(|(states, now)| {
            states.iter().fold(Condition::any(), |any, state| match state {
                HoldState::Active => any.add(standing(*now)),
                HoldState::Expired => any.add(Column::State.eq(state.code())).add(over(*now)),
                state => any.add(Column::State.eq(state.code())),
            })
        });
        Condition::all()
            .add_option(self.unit.map(|id| Column::BedUnitId.eq(id.key())))
            .add_option(self.holder.map(|id| Column::HolderId.eq(id.key())))
            .add_option(states)
    }
}

impl Tx {
    /// One hold as it stands now; `None` when it is absent or not the viewer's to see. It is its unit that is locked: a hold
    /// changes only together with it.
    pub async fn bed_hold(&self, id: BedHoldId) -> Result<Option<Hold>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// The hold of a handoff as it stands now, whoever may see it; its unit is locked.
    pub async fn hold_behind(&self, id: BedHoldId) -> Result<Option<Hold>, Error> {
        Ok(self.settling(key(Column::Id, id.key())).await?.pop())
    }

    /// The holds of an agency that keep a place. Whoever else places one for it waits until this write has ended.
    pub async fn holds_of(&self, holder: OrganizationId, now: At) -> Result<Vec<Hold>, Error> {
        self.dialect().lock_name(self.connection(), &format!("holds of {holder}")).await?;
        self.look(standing(now).add(Column::HolderId.eq(holder.key()))).await
    }

    /// The holds on a unit whose end has passed and is not told yet.
    pub async fn holds_over(&self, unit: BedUnitId, now: At) -> Result<Vec<Hold>, Error> {
        self.look(over(now).add(Column::BedUnitId.eq(unit.key()))).await
    }
}

impl Reader {
    /// Holds by id; those absent or not the viewer's to see are left out.
    pub async fn bed_holds(&self, ids: &[BedHoldId]) -> Result<Vec<Hold>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Holds of a filter between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_holds(
        &self,
        filter: &HoldFilter,
        (below, above): (Option<BedHoldId>, Option<BedHoldId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Hold>, Error> {
        let which = filter
            .condition()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        self.between::<Entity>(which, Column::Id, most, from_end).await?.into_iter().map(Hold::from_row).collect()
    }
}
