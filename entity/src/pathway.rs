//! Referral pathways.

use sea_orm::entity::prelude::*;

/// A referral pathway.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "pathway")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// Its agency.
    pub organization_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Name.
    pub name: String,
    /// The service that it leads to.
    pub service_id: Uuid,
    /// Its coded terms, as JSON text.
    pub terms: String,
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
