//! An agency.

use sea_orm::entity::prelude::*;

/// An agency.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Part2 program.
    pub part2_program: bool,
    /// Covered entity.
    pub covered_entity: bool,
    /// Criminal justice agency.
    pub criminal_justice_agency: bool,
    /// Coordinating.
    pub coordinating: bool,
    /// External ids.
    pub external_ids: String,
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
