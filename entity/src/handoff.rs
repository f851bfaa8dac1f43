//! Handoffs: what both parties may know of them.

use sea_orm::entity::prelude::*;

/// A handoff.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// What people call it on the radio.
    pub code: String,
    /// The agency that sends the person.
    pub sender_id: Uuid,
    /// The agency that receives the person.
    pub receiver_id: Uuid,
    /// The grant that it was announced under.
    pub grant_id: Option<Uuid>,
    /// The call sign of the field unit that it was announced for.
    pub on_behalf_of: Option<String>,
    /// What is known of the need, coded, as JSON text.
    pub need: String,
    /// Pathway id.
    pub pathway_id: Uuid,
    /// The version of its terms.
    pub pathway_version: i64,
    /// The search for a place that it belongs to.
    pub episode_id: Option<Uuid>,
    /// What was asked and answered, as JSON text; none when it was announced.
    pub offer: Option<String>,
    /// Bed unit id.
    pub bed_unit_id: Option<Uuid>,
    /// The team that comes, where the person goes to no unit.
    pub team_id: Option<Uuid>,
    /// How the person is handed over, as JSON text.
    pub course: Option<String>,
    /// The place that is kept.
    pub hold_id: Option<Uuid>,
    /// State.
    pub state: String,
    /// Why it ended so.
    pub reason: Option<String>,
    /// When the person is expected, in microseconds since 1970.
    pub arrive_by: i64,
    /// Until when the word that is awaited is expected, in microseconds since 1970.
    pub due_at: Option<i64>,
    /// That word is late, as told.
    pub late: bool,
    /// When somebody last reminded the party whose word is awaited, in microseconds since 1970.
    pub nudged_at: Option<i64>,
    /// Who did.
    pub nudged_by: Option<String>,
    /// When it was announced or offered, in microseconds since 1970.
    pub announced_at: i64,
    /// When the receiver saw the offer, in microseconds since 1970.
    pub acknowledged_at: Option<i64>,
    /// When the receiver said yes, in microseconds since 1970.
    pub agreed_at: Option<i64>,
    /// When it was settled, in microseconds since 1970.
    pub settled_at: Option<i64>,
    /// When the person set out, in microseconds since 1970.
    pub departed_at: Option<i64>,
    /// When the person was at the door, in microseconds since 1970.
    pub arrived_at: Option<i64>,
    /// When the sender confirmed the transfer, in microseconds since 1970.
    pub sender_confirmed_at: Option<i64>,
    /// When the receiver confirmed the transfer, in microseconds since 1970.
    pub receiver_confirmed_at: Option<i64>,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
    /// When the retention of what was written in it ended, in microseconds since 1970.
    pub text_shredded_at: Option<i64>,
    /// Whether it is preserved beyond that.
    pub text_kept: bool,
    /// Who answers for it that the person was sent on, as JSON text.
    pub supervisor: Option<String>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
