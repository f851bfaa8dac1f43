//! The chain's links, one for each line of the audit and of the ledger.

use sea_orm::entity::prelude::*;

/// A link.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its place, dense from 1.
    pub number: i64,
    /// The table of its line.
    pub noun: String,
    /// The key of its line.
    pub row_id: Uuid,
    /// SHA-256 of what the line says.
    pub digest: Vec<u8>,
    /// SHA-256 of the hash before it and the digest.
    pub hash: Vec<u8>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
