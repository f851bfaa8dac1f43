//! The effect of a keyed mutation, kept for a day.

use sea_orm::entity::prelude::*;

/// The effect of a keyed mutation, kept for a day.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Principal.
    pub principal: String,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Operation.
    pub operation: String,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Key.
    pub key: String,
    /// Digest.
    pub digest: String,
    /// Reference.
    pub reference: String,
    /// At.
    pub at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
