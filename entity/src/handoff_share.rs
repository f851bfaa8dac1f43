//! Agencies that are told of handoffs by consents of persons.

use sea_orm::entity::prelude::*;

/// An agency that is told.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "handoff_share")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// How often it has changed, or its agency was told something.
    pub version: i64,
    /// The handoff.
    pub handoff_id: Uuid,
    /// The consent.
    pub consent_id: Uuid,
    /// What the person agreed to.
    pub kind: String,
    /// The agency whose word on the outcome is told.
    pub from_id: Uuid,
    /// The agency that is told.
    pub agency_id: Uuid,
    /// One of the handoff's agencies is a program under 42 CFR Part 2.
    pub part2: bool,
    /// Since when, in microseconds since 1970.
    pub begun_at: i64,
    /// Until when at the latest, in microseconds since 1970.
    pub until: i64,
    /// When it ended, in microseconds since 1970.
    pub ended_at: Option<i64>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
