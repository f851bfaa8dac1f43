//! What time alone will change, and when.

use sea_orm::entity::prelude::*;

/// What time alone will change, and when.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "due")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Row id.
    pub row_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    /// Kind.
    pub kind: String,
    /// At.
    pub at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
