//! Legal holds: their instants alone. Under which status is sealed.

use sea_orm::entity::prelude::*;

/// A legal hold.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "legal_hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed, or been told.
    pub version: i64,
    /// The search that it belongs to.
    pub episode_id: Uuid,
    /// The agency that recorded it.
    pub recorder_id: Uuid,
    /// When it began, in microseconds since 1970.
    pub began_at: i64,
    /// When its time is over, in microseconds since 1970.
    pub expires_at: i64,
    /// At how many percent people are warned.
    pub warn_at: String,
    /// How many percent have been told.
    pub told: i32,
    /// When the next of them is told, in microseconds since 1970.
    pub due_at: Option<i64>,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
