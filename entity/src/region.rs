//! A region of the network.

use sea_orm::entity::prelude::*;

/// A region of the network.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "region")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Owner id.
    pub owner_id: Uuid,
    /// Name.
    pub name: String,
    /// Code.
    pub code: String,
    /// Time zone.
    pub time_zone: String,
    /// Counties.
    pub counties: String,
    /// Whose law is kept to, by its code.
    pub jurisdiction: Option<String>,
    /// Retired.
    pub retired: bool,
    /// Provenance.
    pub provenance: String,
    /// When it last changed, in microseconds since 1970.
    pub updated_at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
