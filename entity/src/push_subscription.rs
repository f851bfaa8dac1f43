//! Browsers that people are reached at.

use sea_orm::entity::prelude::*;

/// One browser that a person is reached at.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "push_subscription")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The agency whose person it is.
    pub organization_id: Uuid,
    /// The grant that it was registered under.
    pub grant_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The host of its push service.
    pub host: String,
    /// Where it stands.
    pub state: String,
    /// By what the same address is known again.
    pub digest: String,
    /// Its address and its keys, sealed; none when it has ended.
    pub sealed: Option<Vec<u8>>,
    /// When it was registered, in microseconds since 1970.
    pub created_at: i64,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
