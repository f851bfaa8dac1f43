//! One place of a unit, kept for somebody.

use sea_orm::entity::prelude::*;

/// One place of a unit, kept for somebody.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bed_hold")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// The unit's region.
    pub region_id: Uuid,
    /// The unit's agency.
    pub organization_id: Uuid,
    /// The agency that it is kept for.
    pub holder_id: Uuid,
    /// The unit.
    pub bed_unit_id: Uuid,
    /// The grant under which it was placed.
    pub grant_id: Option<Uuid>,
    /// A digest of the holder's own name for the need.
    pub need: Option<String>,
    /// How often it has changed.
    pub generation: i64,
    /// Where it stands.
    pub state: String,
    /// Until when it keeps its place, in microseconds since 1970.
    pub until: i64,
    /// When it was placed, in microseconds since 1970.
    pub placed_at: i64,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
    /// Why it was given or taken back.
    pub reason: Option<String>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
