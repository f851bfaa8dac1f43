//! Who is on call for units and teams.

use sea_orm::entity::prelude::*;

/// Who is on call for a unit or a team.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "on_call")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The unit's or the team's agency.
    pub organization_id: Uuid,
    /// The unit; none where it is a team's.
    pub bed_unit_id: Option<Uuid>,
    /// The team; none where it is a unit's.
    pub team_id: Option<Uuid>,
    /// How often it has changed.
    pub version: i64,
    /// Its steps, as JSON text, less their words.
    pub steps: String,
    /// The words of its steps, sealed: addresses and names of staff.
    pub sealed: Option<Vec<u8>>,
    /// When it last changed, in microseconds since 1970.
    pub updated_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
