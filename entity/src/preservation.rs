//! What is written in handoffs, preserved beyond its retention.

use sea_orm::entity::prelude::*;

/// A preservation.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "preservation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The handoff.
    pub handoff_id: Uuid,
    /// The agency that preserves it.
    pub organization_id: Uuid,
    /// The grant that it was placed under.
    pub grant_id: Uuid,
    /// Why.
    pub reason: String,
    /// When it was placed, in microseconds since 1970.
    pub placed_at: i64,
    /// Until when it stands, in microseconds since 1970; until it is lifted when there is none.
    pub until_at: Option<i64>,
    /// When it was lifted, in microseconds since 1970.
    pub lifted_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
