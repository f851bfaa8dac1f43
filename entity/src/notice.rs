//! A message to agencies of a region.

use sea_orm::entity::prelude::*;

/// A message to agencies of a region.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// The agency that posted it.
    pub organization_id: Uuid,
    /// How often it has changed.
    pub version: i64,
    /// The grant it was posted under.
    pub grant_id: Uuid,
    /// Severity.
    pub severity: String,
    /// Headline.
    pub headline: String,
    /// Text.
    pub text: String,
    /// Counties addressed.
    pub counties_fips: String,
    /// Kinds of agency addressed.
    pub kinds: String,
    /// Starts at.
    pub starts_at: i64,
    /// Ends at.
    pub ends_at: i64,
    /// Acknowledgement wanted.
    pub acknowledge: bool,
    /// Made in a drill.
    pub drill: bool,
    /// Posted at.
    pub posted_at: i64,
    /// Withdrawn at.
    pub withdrawn_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
