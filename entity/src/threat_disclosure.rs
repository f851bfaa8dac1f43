//! Serious and imminent threats that providers told of.

use sea_orm::entity::prelude::*;

/// One threat that was told of.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "threat_disclosure")]
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
    /// The agency that told.
    pub from_id: Uuid,
    /// The agency that is told.
    pub to_id: Uuid,
    /// On which ground.
    pub basis: String,
    /// The grant that it was told under.
    pub grant_id: Uuid,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Until when it is read, in microseconds since 1970.
    pub until: i64,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
