//! The counter that numbers the log.

use sea_orm::entity::prelude::*;

/// The counter that numbers the log.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "counter")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Name.
    pub name: String,
    /// N.
    pub n: i64,
    /// At.
    pub at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
