//! Which foreign record became which row, and what it last said.

use sea_orm::entity::prelude::*;

/// Which foreign record became which row, and what it last said.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_row")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Source.
    pub source: String,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Source id.
    pub source_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Noun.
    pub noun: String,
    /// Row id.
    pub row_id: Uuid,
    /// Fingerprint.
    pub fingerprint: String,
    /// Imported at.
    pub imported_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
