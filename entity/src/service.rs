//! What a facility or an agency offers.

use sea_orm::entity::prelude::*;

/// What a facility or an agency offers.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service")]
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
    /// Facility id.
    pub facility_id: Option<Uuid>,
    /// Kind.
    pub kind: String,
    /// No refusal.
    pub no_refusal: bool,
    /// Medical clearance required.
    pub medical_clearance_required: bool,
    /// Voluntary.
    pub voluntary: bool,
    /// Involuntary.
    pub involuntary: bool,
    /// Age min.
    pub age_min: Option<i16>,
    /// Age max.
    pub age_max: Option<i16>,
    /// Languages.
    pub languages: String,
    /// Catchment fips.
    pub catchment_fips: String,
    /// Direct line.
    pub direct_line: Option<String>,
    /// Text line.
    pub text_line: Option<String>,
    /// Hours.
    pub hours: Option<String>,
    /// Youth capable.
    pub youth_capable: Option<bool>,
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
