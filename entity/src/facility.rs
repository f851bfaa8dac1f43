//! A place that an agency runs.

use sea_orm::entity::prelude::*;

/// A place that an agency runs.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "facility")]
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
    /// Name.
    pub name: String,
    /// Street.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Zip.
    pub zip: Option<String>,
    /// County fips.
    pub county_fips: Option<i32>,
    /// Latitude e6.
    pub latitude_e6: Option<i32>,
    /// Longitude e6.
    pub longitude_e6: Option<i32>,
    /// Zone.
    pub zone: String,
    /// Time zone.
    pub time_zone: String,
    /// Direct line.
    pub direct_line: Option<String>,
    /// First responder door.
    pub first_responder_door: bool,
    /// Walk in.
    pub walk_in: bool,
    /// Wheelchair accessible.
    pub wheelchair_accessible: Option<bool>,
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
