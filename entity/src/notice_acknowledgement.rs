//! One agency's acknowledgement of a notice.

use sea_orm::entity::prelude::*;

/// One agency's acknowledgement of a notice.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_acknowledgement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// The notice.
    pub notice_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    /// The agency.
    pub organization_id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The grant of whoever acknowledged.
    pub grant_id: Uuid,
    /// At.
    pub at: i64,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
