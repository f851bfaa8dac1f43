//! The outbox and the log: a row is in the log once it has a number.

use sea_orm::entity::prelude::*;

/// The outbox and the log: a row is in the log once it has a number.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    #[sea_orm(primary_key)]
    /// Position.
    pub position: i64,
    /// Number.
    pub number: Option<i64>,
    /// Its key.
    pub id: Uuid,
    /// Kind.
    pub kind: String,
    /// Kind version.
    pub kind_version: i32,
    /// Noun.
    pub noun: String,
    /// Row id.
    pub row_id: Uuid,
    /// Row version.
    pub row_version: i64,
    /// Its region.
    pub region_id: Uuid,
    /// Owner id.
    pub owner_id: Uuid,
    /// The other agency that is told.
    pub party_id: Option<Uuid>,
    /// Audience.
    pub audience: i16,
    /// At.
    pub at: i64,
    /// Fact.
    pub fact: String,
    /// Numbered at.
    pub numbered_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
