//! Where the chain ends, and what the log was told of it: one row.

use sea_orm::entity::prelude::*;

/// The chain.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_chain")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// How often the log was told, from 1.
    pub version: i64,
    /// The number of its last link; 0 for none.
    pub number: i64,
    /// The hash of its last link.
    pub hash: Vec<u8>,
    /// Up to which link the log was told.
    pub told_number: i64,
    /// When, in microseconds since 1970; before the first time, since when there is a link.
    pub told_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
