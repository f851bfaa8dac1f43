//! Rows of travel times: one a region, its zones and times as JSON text.
use super::directory::{coded, list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, Tx};
use crate::domain::code::Coded;
use crate::domain::id::{NounId, OrganizationId, RegionId, TravelTimesId};
use crate::domain::time::At;
use crate::domain::travel::{TravelTimes, TravelTimesDetails};
use entity::travel_times::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

const TABLE: &str = "travel_times";

impl Kept for TravelTimes {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: TravelTimesId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.owner_id),
            version: row.version,
            details: TravelTimesDetails { zones: list(TABLE, &row.zones)?, times: list(TABLE, &row.times)? },
            external_ids: Vec::new(),
            retired: row.retired,
            provenance: coded(TABLE, &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            owner_id: self.owner.key(),
            version: self.version,
            zones: text(&self.details.zones),
            times: text(&self.details.times),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// The travel times of a region, locked; `None` when none were ever loaded.
    pub async fn travel_times(&self, region: RegionId) -> Result<Option<TravelTimes>, Error> {
        self.one(key(Column::RegionId, region.key())).await
    }
}
