//! The ledger of what was opened.

use sea_orm::entity::prelude::*;

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "disclosure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    /// Its key.
    pub id: Uuid,
    /// Its region.
    pub region_id: Uuid,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Under which grant.
    pub grant_id: Uuid,
    /// In which role.
    pub role: String,
    /// For which agency.
    pub organization_id: Uuid,
    /// Of which handoff.
    pub handoff_id: Uuid,
    /// Which tier.
    pub tier: String,
    /// For which purpose.
    pub purpose: String,
    /// Whose entries; none when there were none.
    pub author_id: Option<Uuid>,
    /// Under which consent.
    pub consent_id: Option<Uuid>,
    /// How many entries.
    pub entries: i32,
    /// Its place in the chain; none while it waits for one.
    pub link: Option<i64>,
    /// On what it stands; none where the role or a consent says it.
    pub basis: Option<String>,
    /// The coded reason, where one belongs to the basis.
    pub reason: Option<String>,
}

/// No relations: rows are joined in `app`, by ids.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
