//! Consents of persons, within handoffs.

use sea_orm::entity::prelude::*;

/// A consent.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
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
    /// What it is.
    pub kind: String,
    /// The agency whose entries may be told.
    pub from_id: Uuid,
    /// To which agencies, as JSON text.
    pub to_ids: String,
    /// Which tiers, as JSON text.
    pub tiers: String,
    /// For which purposes, as JSON text.
    pub purposes: String,
    /// In which capacity it was signed.
    pub signer: String,
    /// How it was given.
    pub given: String,
    /// From when, in microseconds since 1970.
    pub starts_at: i64,
    /// Until when, in microseconds since 1970.
    pub expires_at: i64,
    /// Since when it is revoked, in microseconds since 1970.
    pub revoked_at: Option<i64>,
    /// The agency that recorded it.
    pub organization_id: Uuid,
    /// The grant that it was recorded under.
    pub grant_id: Uuid,
    /// When it was recorded, in microseconds since 1970.
    pub recorded_at: i64,
    /// One of the handoff's agencies was a program under 42 CFR Part 2; none where nobody asked.
    pub program: Option<bool>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
