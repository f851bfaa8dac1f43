//! Rows of referral pathways: their terms as JSON text.
use super::directory::{coded, external_ids, external_text, list, text};
use super::error::Error;
use super::tx::Kept;
use crate::domain::code::Coded;
use crate::domain::id::{NounId, OrganizationId, PathwayId, RegionId};
use crate::domain::pathway::{Pathway, PathwayDetails};
use crate::domain::time::At;
use entity::pathway::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

const TABLE: &str = "pathway";

impl Kept for Pathway {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: PathwayId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            version: row.version,
            details: PathwayDetails { name: row.name, terms: list(TABLE, &row.terms)? },
            external_ids: external_ids(TABLE, &row.external_ids)?,
            retired: row.retired,
            provenance: coded(TABLE, &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            version: self.version,
            name: self.details.name.clone(),
            service_id: self.details.terms.service.key(),
            terms: text(&self.details.terms),
            external_ids: external_text(&self.external_ids),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}
