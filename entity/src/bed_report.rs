//! One report of a unit, append-only.

use sea_orm::entity::prelude::*;

/// One report of a unit, append-only.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bed_report")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// Its agency.
    pub organization_id: Uuid,
    /// Bed unit id.
    pub bed_unit_id: Uuid,
    /// As of.
    pub as_of: i64,
    /// Received at.
    pub received_at: i64,
    /// Provenance.
    pub provenance: String,
    /// Staffed.
    pub staffed: i32,
    /// Occupied.
    pub occupied: i32,
    /// Blocked.
    pub blocked: String,
    /// Pending discharge.
    pub pending_discharge: i32,
    /// Waitlist.
    pub waitlist: i32,
    /// Accepting.
    pub accepting: String,
    /// Grant id.
    pub grant_id: Option<Uuid>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
