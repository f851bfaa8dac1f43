//! Who is on call for units.

use sea_orm::entity::prelude::*;

/// Who is on call for a unit.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "on_call")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The unit's agency.
    pub organization_id: Uuid,
    /// The unit.
    pub bed_unit_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Its steps, as JSON text: the one place where addresses of staff are kept.
    pub steps: String,
    /// When it last changed, in microseconds since 1970.
    pub updated_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
