//! Rows of legal holds.
use super::directory::{count, list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::id::{EpisodeId, LegalHoldId, NounId, OrganizationId, RegionId};
use crate::domain::legal_hold::LegalHold;
use crate::domain::time::At;
use crate::policy::permit::{KeepLegalHold, SendHandoff, Stamp, TellTime};
use entity::legal_hold::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "legal_hold";

impl KeptBy<KeepLegalHold> for LegalHold {}
impl KeptBy<SendHandoff> for LegalHold {}
impl KeptBy<TellTime> for LegalHold {}

impl Kept for LegalHold {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: LegalHoldId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            episode: EpisodeId::of(row.episode_id),
            recorder: OrganizationId::of(row.recorder_id),
            began_at: At::from_micros(row.began_at),
            expires_at: At::from_micros(row.expires_at),
            warn_at: list(TABLE, &row.warn_at)?,
            told: count(TABLE, row.told)?,
            due_at: row.due_at.map(At::from_micros),
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            episode_id: self.episode.key(),
            recorder_id: self.recorder.key(),
            began_at: self.began_at.micros(),
            expires_at: self.expires_at.micros(),
            warn_at: text(&self.warn_at),
            told: i32::from(self.told),
            due_at: self.due_at.map(At::micros),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let hold = changed.state();
        tx.set_due(hold.id, &[(DueKind::LegalHoldClock, hold.due_at)]);
        Ok(())
    }
}

/// The one of a search that has not ended.
fn standing(of: Condition) -> Condition {
    of.add(Column::EndedAt.is_null())
}

impl Tx {
    /// One legal hold, as it stands; `None` when it is absent or not the viewer's to see.
    pub async fn legal_hold(&self, id: LegalHoldId) -> Result<Option<LegalHold>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// Legal holds by id, as they stand: which searches they belong to never changes.
    pub async fn legal_holds_as_they_are(&self, ids: &[LegalHoldId]) -> Result<Vec<LegalHold>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The legal hold that stands in a search, locked, whoever sees it: there is one at a time.
    pub async fn legal_hold_behind(&self, of: EpisodeId) -> Result<Option<LegalHold>, Error> {
        Ok(self.settling(standing(key(Column::EpisodeId, of.key()))).await?.pop())
    }
}

impl Reader {
    /// Legal holds by id; those absent or not the viewer's to see are left out.
    pub async fn legal_holds(&self, ids: &[LegalHoldId]) -> Result<Vec<LegalHold>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The legal holds that stand in searches, as far as the viewer sees them.
    pub async fn legal_holds_of(&self, of: &[EpisodeId]) -> Result<Vec<LegalHold>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        self.all(standing(self.dialect().any_of(Column::EpisodeId, &keys))).await
    }
}
