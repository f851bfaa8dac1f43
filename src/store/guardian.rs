//! Rows of the steps of reaching minors' guardians.
use super::directory::{list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::guardian::Guardian;
use crate::domain::id::{EpisodeId, GuardianId, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{NoteHandoff, SendHandoff, Stamp, TellTime};
use entity::guardian::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, IntoActiveModel};

const TABLE: &str = "guardian";

impl KeptBy<NoteHandoff> for Guardian {}
impl KeptBy<SendHandoff> for Guardian {}
impl KeptBy<TellTime> for Guardian {}

impl Kept for Guardian {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: GuardianId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            episode: EpisodeId::of(row.episode_id),
            sender: OrganizationId::of(row.sender_id),
            awaited_at: At::from_micros(row.awaited_at),
            target_at: At::from_micros(row.target_at),
            due_at: row.due_at.map(At::from_micros),
            late: row.late,
            reached_at: row.reached_at.map(At::from_micros),
            reached_by: row.reached_by_id.map(OrganizationId::of),
            consents_to: row.consents_to.as_deref().map(|kinds| list(TABLE, kinds)).transpose()?,
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            episode_id: self.episode.key(),
            sender_id: self.sender.key(),
            awaited_at: self.awaited_at.micros(),
            target_at: self.target_at.micros(),
            due_at: self.due_at.map(At::micros),
            late: self.late,
            reached_at: self.reached_at.map(At::micros),
            reached_by_id: self.reached_by.map(NounId::key),
            consents_to: self.consents_to.as_ref().map(text),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let step = changed.state();
        tx.set_due(step.id, &[(DueKind::GuardianClock, step.due_at)]);
        Ok(())
    }
}

impl Tx {
    /// One step, as it stands; `None` when it is absent or not the viewer's to see.
    pub async fn guardian(&self, id: GuardianId) -> Result<Option<Guardian>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// Steps by id, as they stand: which searches they belong to never changes.
    pub async fn guardians_as_they_are(&self, ids: &[GuardianId]) -> Result<Vec<Guardian>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The step of a search, locked, whoever sees it.
    pub async fn guardian_behind(&self, of: EpisodeId) -> Result<Option<Guardian>, Error> {
        Ok(self.settling(key(Column::EpisodeId, of.key())).await?.pop())
    }
}

impl Reader {
    /// Steps by id; those absent or not the viewer's to see are left out.
    pub async fn guardians(&self, ids: &[GuardianId]) -> Result<Vec<Guardian>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The steps of searches, as far as the viewer sees them.
    pub async fn guardians_of(&self, of: &[EpisodeId]) -> Result<Vec<Guardian>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::EpisodeId, &keys)).await
    }
}
