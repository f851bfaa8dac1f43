//! Episodes: the search for one person's place.

use sea_orm::entity::prelude::*;

/// An episode.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "episode")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The agency that seeks.
    pub sender_id: Uuid,
    /// The grant under which it was begun.
    pub grant_id: Option<Uuid>,
    /// What is known of the need, coded, as JSON text.
    pub need: String,
    /// How it is settled.
    pub settlement: String,
    /// The person agrees with the search.
    pub person_agreed: bool,
    /// State.
    pub state: String,
    /// Where the person goes, or went.
    pub handoff_id: Option<Uuid>,
    /// Whose preference decided.
    pub chosen_for: Option<String>,
    /// Why it ended without a place.
    pub reason: Option<String>,
    /// When it began, in microseconds since 1970.
    pub opened_at: i64,
    /// When somebody was asked last, in microseconds since 1970.
    pub sought_at: i64,
    /// How many hours of waiting have been told.
    pub waited_hours: i32,
    /// When the wait is told next, in microseconds since 1970.
    pub due_at: Option<i64>,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
