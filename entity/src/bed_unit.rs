//! Places that are counted together, with the report that counts now.

use sea_orm::entity::prelude::*;

/// Places that are counted together, with the report that counts now.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bed_unit")]
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
    /// Facility id.
    pub facility_id: Uuid,
    /// Service id.
    pub service_id: Uuid,
    /// Counts.
    pub counts: String,
    /// Age min.
    pub age_min: Option<i16>,
    /// Age max.
    pub age_max: Option<i16>,
    /// Gender.
    pub gender: String,
    /// Security.
    pub security: String,
    /// Voluntary.
    pub voluntary: bool,
    /// Involuntary.
    pub involuntary: bool,
    /// Specialties.
    pub specialties: String,
    /// Licensed.
    pub licensed: i32,
    /// Sla minutes.
    pub sla_minutes: i32,
    /// Hold policy.
    pub hold_policy: String,
    /// Drop off.
    pub drop_off: bool,
    /// Public.
    pub public: bool,
    /// Audience.
    pub audience: i16,
    /// Report id.
    pub report_id: Option<Uuid>,
    /// As of.
    pub as_of: Option<i64>,
    /// Received at.
    pub received_at: Option<i64>,
    /// Report provenance.
    pub report_provenance: Option<String>,
    /// Staffed.
    pub staffed: Option<i32>,
    /// Occupied.
    pub occupied: Option<i32>,
    /// Blocked.
    pub blocked: Option<String>,
    /// Pending discharge.
    pub pending_discharge: Option<i32>,
    /// Waitlist.
    pub waitlist: Option<i32>,
    /// Accepting.
    pub accepting: Option<String>,
    /// Pause reason.
    pub pause_reason: Option<String>,
    /// Paused since.
    pub paused_since: Option<i64>,
    /// Paused until.
    pub paused_until: Option<i64>,
    /// Told.
    pub told: String,
    /// Places kept for somebody, as JSON.
    pub held: String,
    /// Who came on a hold since the report was true, as JSON.
    pub arrivals: String,
    /// Whether the log has told that the pause's expected end has passed.
    pub pause_over: bool,
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
