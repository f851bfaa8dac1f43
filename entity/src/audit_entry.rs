//! Who did what to which row.

use sea_orm::entity::prelude::*;

/// Who did what to which row.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// At.
    pub at: i64,
    /// Grant id.
    pub grant_id: Option<Uuid>,
    /// Machine.
    pub machine: Option<String>,
    /// Action.
    pub action: String,
    /// Noun.
    pub noun: String,
    /// Row id.
    pub row_id: Uuid,
    /// Row version.
    pub row_version: i64,
    /// Owner id.
    pub owner_id: Uuid,
    /// Its place in the chain; none while it waits for one.
    pub link: Option<i64>,
    /// By which door somebody looked; none where something was done.
    pub door: Option<String>,
    /// How many objects of the owner were shown.
    pub shown: Option<i32>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
