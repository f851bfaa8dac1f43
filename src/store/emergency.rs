//! Rows of what was opened in medical emergencies.
use super::directory::coded;
use super::disclosure::Noted;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use super::vault::{self, DataKey};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::emergency::{EmergencyAccount, EmergencyDisclosure, EmergencyReview};
use crate::domain::entry::Changed;
use crate::domain::handoff::Handoff;
use crate::domain::id::{EmergencyDisclosureId, GrantId, HandoffId, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{Disclose, ReadEmergencies, ReviewEmergency, Stamp, TellTime};
use entity::emergency_disclosure::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};
use secrecy::zeroize::Zeroizing;

const TABLE: &str = "emergency_disclosure";

impl KeptBy<Disclose> for EmergencyDisclosure {}
impl KeptBy<ReviewEmergency> for EmergencyDisclosure {}
impl KeptBy<TellTime> for EmergencyDisclosure {}

impl Kept for EmergencyDisclosure {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: EmergencyDisclosureId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            handoff: HandoffId::of(row.handoff_id),
            author: OrganizationId::of(row.author_id),
            organization: OrganizationId::of(row.organization_id),
            grant: GrantId::of(row.grant_id),
            role: coded(TABLE, &row.role)?,
            nature: coded(TABLE, &row.nature)?,
            at: At::from_micros(row.at),
            review: coded(TABLE, &row.review)?,
            review_by: row.review_by.map(At::from_micros),
            late: row.late,
            reviewed_at: row.reviewed_at.map(At::from_micros),
            reviewer: row.reviewer_id.map(GrantId::of),
            sealed: row.sealed,
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            handoff_id: self.handoff.key(),
            author_id: self.author.key(),
            organization_id: self.organization.key(),
            grant_id: self.grant.key(),
            role: self.role.code().into(),
            nature: self.nature.code().into(),
            at: self.at.micros(),
            review: self.review.code().into(),
            review_by: self.review_by.map(At::micros),
            late: self.late,
            reviewed_at: self.reviewed_at.map(At::micros),
            reviewer_id: self.reviewer.map(NounId::key),
            sealed: self.sealed.clone(),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let opened = changed.state();
        tx.set_due(opened.id, &[(DueKind::EmergencyReview, opened.due_at())]);
        Ok(())
    }
}

impl Tx {
    /// Seals what is said with an opening in an emergency, which is not sealed yet, under its handoff's data key. The handoff is
    /// locked.
    pub async fn close_account(
        &self,
        of: &Handoff,
        opened: &EmergencyDisclosure,
        says: &EmergencyAccount,
    ) -> Result<Vec<u8>, Error> {
        let data_key = self.sealing_key(of).await?;
        let plain = serde_json::to_vec(says).map(Zeroizing::new);
        let plain = plain.map_err(|_| Error::Corrupt { table: TABLE, what: "account" })?;
        vault::close_account(&data_key, opened, &plain)
    }

    /// Opens what was said with an opening, once the ledger says who reads it; `None` when its key is destroyed.
    pub async fn open_account(
        &self,
        noted: &Noted<ReadEmergencies>,
        opened: &EmergencyDisclosure,
    ) -> Result<Option<EmergencyAccount>, Error> {
        noted.check(opened.id)?;
        let Some(DataKey::Key(data_key)) = self.data_key(opened.handoff).await? else { return Ok(None) };
        let plain = vault::open_account(&data_key, opened, &opened.sealed)?;
        let says = serde_json::from_slice(&plain);
        says.map(Some).map_err(|_| Error::Corrupt { table: TABLE, what: "account" })
    }

    /// One opening, locked; `None` when it is absent or not the viewer's to see.
    pub async fn emergency(&self, id: EmergencyDisclosureId) -> Result<Option<EmergencyDisclosure>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// Openings by id, locked in the order of their ids; those absent or not the viewer's to see are left out.
    pub async fn emergencies(&self, ids: &[EmergencyDisclosureId]) -> Result<Vec<EmergencyDisclosure>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.many(self.dialect().any_of(Column::Id, &keys)).await
    }
}

impl Reader {
    /// Openings by id; those absent or not the viewer's to see are left out.
    pub async fn emergencies(&self, ids: &[EmergencyDisclosureId]) -> Result<Vec<EmergencyDisclosure>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Openings between two ids, latest first, in one state of review where one is asked for; the first `most` of them, or with
    /// `from_end` the last.
    pub async fn list_emergencies(
        &self,
        review: Option<EmergencyReview>,
        (below, above): (Option<EmergencyDisclosureId>, Option<EmergencyDisclosureId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<EmergencyDisclosure>, Error> {
        let which = Condition::all()
            .add_option(review.map(|review| Column::Review.eq(review.code())))
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        let rows = self.between::<Entity>(which, Column::Id, most, from_end).await?;
        rows.into_iter().map(EmergencyDisclosure::from_row).collect()
    }
}
