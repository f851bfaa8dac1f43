//! Mobile teams, with what they said last.

use sea_orm::entity::prelude::*;

/// A mobile team, with what it said last.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "team")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// Its agency.
    pub organization_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// Label.
    pub label: String,
    /// Service id.
    pub service_id: Uuid,
    /// Counties.
    pub counties: String,
    /// Hours.
    pub hours: Option<String>,
    /// Languages.
    pub languages: String,
    /// Youth capable.
    pub youth_capable: bool,
    /// Peer on team.
    pub peer_on_team: bool,
    /// Can transport.
    pub can_transport: bool,
    /// Heartbeat minutes.
    pub heartbeat_minutes: i32,
    /// Audience bits.
    pub audience: i16,
    /// Status.
    pub status: Option<String>,
    /// Since when, in microseconds since 1970.
    pub status_since: Option<i64>,
    /// When it was last heard, in microseconds since 1970.
    pub heard_at: Option<i64>,
    /// When it expects to be free, in microseconds since 1970.
    pub free_at: Option<i64>,
    /// Lost.
    pub lost: bool,
    /// External ids.
    pub external_ids: String,
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
