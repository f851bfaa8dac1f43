//! Rows of who is on call: the one table with addresses of staff in it.
use super::directory::{list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::id::{BedUnitId, NounId, OnCallId, OrganizationId, RegionId};
use crate::domain::on_call::OnCall;
use crate::domain::time::At;
use crate::policy::permit::SetOnCall;
use entity::on_call::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

const TABLE: &str = "on_call";

impl KeptBy<SetOnCall> for OnCall {}

impl Kept for OnCall {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: OnCallId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            unit: BedUnitId::of(row.bed_unit_id),
            version: row.version,
            steps: list(TABLE, &row.steps)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            bed_unit_id: self.unit.key(),
            version: self.version,
            steps: text(&self.steps),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// Who is on call for a unit, as it stands; what locks the unit keeps it still.
    pub async fn on_call_of(&self, unit: BedUnitId) -> Result<Option<OnCall>, Error> {
        Ok(self.look(key(Column::BedUnitId, unit.key())).await?.pop())
    }

    /// One chain, as it stands; `None` when it is absent or not the viewer's to see.
    pub async fn on_call(&self, id: OnCallId) -> Result<Option<OnCall>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }
}

impl Reader {
    /// Chains by id; those absent or not the viewer's to see are left out.
    pub async fn on_calls(&self, ids: &[OnCallId]) -> Result<Vec<OnCall>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The chains of units; those absent or not the viewer's to see are left out.
    pub async fn on_calls_of(&self, units: &[BedUnitId]) -> Result<Vec<OnCall>, Error> {
        let keys: Vec<_> = units.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::BedUnitId, &keys)).await
    }
}
