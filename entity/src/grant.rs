//! What one principal may do, for which agency, until when.

use sea_orm::entity::prelude::*;

/// What one principal may do, for which agency, until when.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "grant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Issuer.
    pub issuer: String,
    /// Subject.
    pub subject: String,
    /// Holder.
    pub holder: String,
    /// Role.
    pub role: String,
    /// Its agency.
    pub organization_id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// Until.
    pub until: Option<i64>,
    /// Origin.
    pub origin: String,
    /// Created at.
    pub created_at: i64,
    /// Revoked at.
    pub revoked_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
