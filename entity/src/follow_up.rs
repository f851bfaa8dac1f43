//! What is done for people after handoffs.

use sea_orm::entity::prelude::*;

/// A follow-up.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The handoff; none where a call needed none.
    pub handoff_id: Option<Uuid>,
    /// The agency that sees to it.
    pub owner_id: Uuid,
    /// The handoff's other agency.
    pub party_id: Option<Uuid>,
    /// Whom, after a call: a keyed digest.
    pub person_ref: Option<Vec<u8>>,
    /// Who follows up.
    pub by: String,
    /// Where it stands.
    pub state: String,
    /// When it was planned, in microseconds since 1970.
    pub planned_at: i64,
    /// By when it is to be done, in microseconds since 1970.
    pub done_by: i64,
    /// Until when a word is awaited, in microseconds since 1970.
    pub due_at: Option<i64>,
    /// It is late, and the log has told so.
    pub late: bool,
    /// How often somebody tried.
    pub attempts: i32,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
