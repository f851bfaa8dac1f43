//! What was opened in medical emergencies.

use sea_orm::entity::prelude::*;

/// One opening.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "emergency_disclosure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The handoff.
    pub handoff_id: Uuid,
    /// The agency that wrote what was opened.
    pub author_id: Uuid,
    /// The agency that opened it.
    pub organization_id: Uuid,
    /// Under which grant.
    pub grant_id: Uuid,
    /// In which role.
    pub role: String,
    /// The nature of the emergency.
    pub nature: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Where its review stands.
    pub review: String,
    /// Until when it is to be reviewed, in microseconds since 1970.
    pub review_by: Option<i64>,
    /// Its review is late, and the log has told so.
    pub late: bool,
    /// When it was reviewed, in microseconds since 1970.
    pub reviewed_at: Option<i64>,
    /// Under which grant it was reviewed.
    pub reviewer_id: Option<Uuid>,
    /// What was said with it, sealed.
    pub sealed: Vec<u8>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
