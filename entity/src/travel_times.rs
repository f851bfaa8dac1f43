//! The travel times of a region.

use sea_orm::entity::prelude::*;

/// The travel times of a region.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "travel_times")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// Owner id.
    pub owner_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Zones.
    pub zones: String,
    /// Times.
    pub times: String,
    /// Retired.
    pub retired: bool,
    /// Provenance.
    pub provenance: String,
    /// When it last changed, in microseconds since 1970.
    pub updated_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
