//! Data keys of handoffs, each wrapped by the key of a month.

use sea_orm::entity::prelude::*;

/// A data key.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// The handoff.
    pub handoff_id: Uuid,
    /// The month whose key wraps it, as YYYY-MM.
    pub month: String,
    /// The generation of that key.
    pub generation: i32,
    /// The key that wraps it.
    pub key_id: String,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
