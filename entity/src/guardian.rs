//! Steps of reaching minors' guardians. Who they are is sealed.

use sea_orm::entity::prelude::*;

/// A step.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "guardian")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed, or been told.
    pub version: i64,
    /// The search that it belongs to.
    pub episode_id: Uuid,
    /// The agency that seeks.
    pub sender_id: Uuid,
    /// Since when the guardian is to be reached, in microseconds since 1970.
    pub awaited_at: i64,
    /// By when, in microseconds since 1970.
    pub target_at: i64,
    /// When it is told that nobody was reached, in microseconds since 1970.
    pub due_at: Option<i64>,
    /// Nobody was reached in time.
    pub late: bool,
    /// When the guardian was reached, in microseconds since 1970.
    pub reached_at: Option<i64>,
    /// The agency that said so.
    pub reached_by_id: Option<Uuid>,
    /// To which kinds of service the law lets somebody of this age consent alone.
    pub consents_to: Option<String>,
    /// When nobody waits any more, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
