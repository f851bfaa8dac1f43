//! Sealed entries of handoffs.

use sea_orm::entity::prelude::*;

/// A sealed entry.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// The handoff.
    pub handoff_id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed: it is written once.
    pub version: i64,
    /// Its tier.
    pub tier: String,
    /// The agency that wrote it.
    pub author_id: Uuid,
    /// The grant that it was written under.
    pub grant_id: Uuid,
    /// When it was written, in microseconds since 1970.
    pub at: i64,
    /// Whether 42 CFR Part 2 protects it.
    pub part2: bool,
    /// The packet of its search that it belongs to: each handoff of the search has its own.
    pub packet_id: Option<Uuid>,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
