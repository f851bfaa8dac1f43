//! Rows of notices and their acknowledgements.
use super::directory::{coded, list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::entry::Changed;
use crate::domain::event::EventKind;
use crate::domain::id::{GrantId, NoticeId, NounId, OrganizationId, RegionId};
use crate::domain::notice::{Acknowledgement, Address, Author, Notice, NoticeTerms, NoticeWords};
use crate::domain::time::At;
use crate::policy::permit::{AcknowledgeNotice, PostNotice, Stamp};
use entity::notice::{ActiveModel, Column, Entity, Model};
use entity::notice_acknowledgement;
use sea_orm::{ActiveModelTrait, Condition, EntityTrait, IntoActiveModel};

const TABLE: &str = "notice";

impl KeptBy<PostNotice> for Notice {}
impl KeptBy<AcknowledgeNotice> for Notice {}

impl Kept for Notice {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    /// Its acknowledgements stand in rows of their own.
    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: NoticeId::of(row.id),
            version: row.version,
            author: Author {
                region: RegionId::of(row.region_id),
                organization: OrganizationId::of(row.organization_id),
                grant: GrantId::of(row.grant_id),
            },
            posted_at: At::from_micros(row.posted_at),
            words: NoticeWords { headline: row.headline, text: row.text },
            terms: NoticeTerms {
                severity: coded(TABLE, &row.severity)?,
                address: Address { counties_fips: list(TABLE, &row.counties_fips)?, kinds: list(TABLE, &row.kinds)? },
                starts_at: At::from_micros(row.starts_at),
                ends_at: At::from_micros(row.ends_at),
                acknowledge: row.acknowledge,
                drill: row.drill,
            },
            withdrawn_at: row.withdrawn_at.map(At::from_micros),
            acknowledged: Vec::new(),
        })
    }

    fn row(&self) -> ActiveModel {
        let (author, terms) = (self.author, &self.terms);
        let row = Model {
            id: self.id.key(),
            region_id: author.region.key(),
            organization_id: author.organization.key(),
            version: self.version,
            grant_id: author.grant.key(),
            severity: terms.severity.code().into(),
            headline: self.words.headline.clone(),
            text: self.words.text.clone(),
            counties_fips: text(&terms.address.counties_fips),
            kinds: text(&terms.address.kinds),
            starts_at: terms.starts_at.micros(),
            ends_at: terms.ends_at.micros(),
            acknowledge: terms.acknowledge,
            drill: terms.drill,
            posted_at: self.posted_at.micros(),
            withdrawn_at: self.withdrawn_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, stamp: Stamp) -> Result<(), Error> {
        let notice = changed.state();
        let new = (changed.happening().kind == EventKind::NoticeAcknowledged).then_some(stamp.owner);
        let Some(done) = new.and_then(|agency| notice.acknowledgement_of(agency)) else { return Ok(()) };
        let row = notice_acknowledgement::Model {
            notice_id: notice.id.key(),
            organization_id: done.organization.key(),
            region_id: notice.author.region.key(),
            grant_id: done.grant.key(),
            at: done.at.micros(),
        };
        let row = row.into_active_model().reset_all();
        notice_acknowledgement::Entity::insert(row).exec_without_returning(tx.connection()).await?;
        Ok(())
    }
}

fn acknowledgement(row: &notice_acknowledgement::Model) -> Acknowledgement {
    Acknowledgement {
        organization: OrganizationId::of(row.organization_id),
        grant: GrantId::of(row.grant_id),
        at: At::from_micros(row.at),
    }
}

/// Gives each notice its acknowledgements, in the order of their agencies.
fn complete(mut notices: Vec<Notice>, rows: &[notice_acknowledgement::Model]) -> Vec<Notice> {
    let mut of: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
    for row in rows {
        of.entry(row.notice_id).or_default().push(acknowledgement(row));
    }
    for notice in &mut notices {
        notice.acknowledged = of.remove(&notice.id.key()).unwrap_or_default();
        notice.acknowledged.sort_unstable_by_key(|done| done.organization);
    }
    notices
}

impl Tx {
    /// One notice, locked; `None` when it is absent or not the viewer's to see.
    pub async fn notice(&self, id: NoticeId) -> Result<Option<Notice>, Error> {
        let Some(notice) = self.one::<Notice>(key(Column::Id, id.key())).await? else { return Ok(None) };
        // Read after the lock: whoever acknowledged before has committed.
        let of = key(notice_acknowledgement::Column::NoticeId, id.key());
        let rows = self.beside::<notice_acknowledgement::Entity>(of).await?;
        Ok(complete(vec![notice], &rows).pop())
    }
}

impl Reader {
    /// Notices by id; those absent or not the viewer's to see are left out.
    pub async fn notices(&self, ids: &[NoticeId]) -> Result<Vec<Notice>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        let of = self.dialect().any_of(notice_acknowledgement::Column::NoticeId, &keys);
        self.completed(self.dialect().any_of(Column::Id, &keys), of).await
    }

    /// Every notice that the viewer sees.
    pub async fn all_notices(&self) -> Result<Vec<Notice>, Error> {
        self.completed(Condition::all(), Condition::all()).await
    }

    async fn completed(&self, which: Condition, of: Condition) -> Result<Vec<Notice>, Error> {
        let order = notice_acknowledgement::Column::NoticeId;
        let rows = self.rows::<notice_acknowledgement::Entity>(of, order, u64::MAX >> 1).await?;
        Ok(complete(self.all(which).await?, &rows))
    }
}
