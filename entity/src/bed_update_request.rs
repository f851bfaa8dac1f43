//! A request that units confirm their numbers now.

use sea_orm::entity::prelude::*;

/// A request that units confirm their numbers now.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bed_update_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The agency that asks.
    pub organization_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The grant it was made under.
    pub grant_id: Uuid,
    /// The units asked.
    pub units: String,
    /// Audience.
    pub audience: i16,
    /// Note.
    pub note: Option<String>,
    /// Made in a drill.
    pub drill: bool,
    /// Asked at.
    pub asked_at: i64,
    /// Due at.
    pub due_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
