//! Calls of units' and teams' people.

use sea_orm::entity::prelude::*;

/// The calls about one awaited answer.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "call")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The agency whose answer is awaited.
    pub organization_id: Uuid,
    /// The agency that waits for it.
    pub sender_id: Uuid,
    /// The handoff that it is about.
    pub handoff_id: Uuid,
    /// The unit whose people are called; none where it is a team's.
    pub bed_unit_id: Option<Uuid>,
    /// The team whose people are called; none where it is a unit's.
    pub team_id: Option<Uuid>,
    /// Which answer is awaited.
    pub word: String,
    /// Where it stands.
    pub state: String,
    /// When the answer was asked for, in microseconds since 1970.
    pub asked_at: i64,
    /// When it is due, in microseconds since 1970.
    pub due_at: i64,
    /// How its steps went, as JSON text.
    pub steps: String,
    /// When it goes on, in microseconds since 1970.
    pub next_at: Option<i64>,
    /// When somebody has seen it, in microseconds since 1970.
    pub seen_at: Option<i64>,
    /// Under which grant.
    pub seen_by: Option<Uuid>,
    /// When it was over, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
