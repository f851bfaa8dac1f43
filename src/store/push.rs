//! Rows of browsers that people are reached at: their addresses and keys are sealed, and gone when they have ended.
use super::directory::coded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Store, Tx};
use super::vault::{self, Place};
use crate::domain::code::Coded;
use crate::domain::id::{GrantId, NounId, OrganizationId, PushSubscriptionId, RegionId};
use crate::domain::push::{PushKeys, PushState, PushSubscription};
use crate::domain::time::At;
use crate::policy::permit::{PlaceCall, RegisterPush};
use entity::push_subscription::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use secrecy::zeroize::Zeroizing;

const TABLE: &str = "push_subscription";

impl KeptBy<RegisterPush> for PushSubscription {}
impl KeptBy<PlaceCall> for PushSubscription {}

impl Kept for PushSubscription {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: PushSubscriptionId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            grant: GrantId::of(row.grant_id),
            version: row.version,
            host: row.host,
            state: coded(TABLE, &row.state)?,
            digest: row.digest,
            sealed: row.sealed,
            created_at: At::from_micros(row.created_at),
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            grant_id: self.grant.key(),
            version: self.version,
            host: self.host.clone(),
            state: self.state.code().into(),
            digest: self.digest.clone(),
            sealed: self.sealed.clone(),
            created_at: self.created_at.micros(),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }
}

fn active(grant: GrantId) -> Condition {
    key(Column::GrantId, grant.key()).add(Column::State.eq(PushState::Active.code()))
}

fn place(id: PushSubscriptionId, grant: GrantId) -> Place {
    Place { table: TABLE, row: id.key(), whose: grant.key() }
}

impl Store {
    /// By what the same browser of the same person is known again.
    pub fn push_digest(&self, grant: GrantId, keys: &PushKeys) -> Result<String, Error> {
        self.blinded(&format!("push {grant} {}", keys.endpoint))
    }

    /// Seals a browser's address and keys for its own row; `None` when its public key is no point of its curve.
    pub fn close_push(
        &self,
        id: PushSubscriptionId,
        grant: GrantId,
        keys: &PushKeys,
    ) -> Result<Option<Vec<u8>>, Error> {
        if !vault::is_point(&keys.p256dh) {
            return Ok(None);
        }
        let corrupt = |_| Error::Corrupt { table: TABLE, what: "keys" };
        let plain = serde_json::to_vec(keys).map(Zeroizing::new).map_err(corrupt)?;
        self.close_staff(place(id, grant), &plain).map(Some)
    }

    /// A browser's address and keys, for whoever writes to it; `None` when it has ended.
    pub fn open_push(&self, of: &PushSubscription) -> Result<Option<PushKeys>, Error> {
        let Some(sealed) = &of.sealed else { return Ok(None) };
        let plain = self.open_staff(place(of.id, of.grant), sealed)?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| Error::Corrupt { table: TABLE, what: "keys" })
    }
}

impl Tx {
    /// The browsers of a person, locked in the order of their ids; nobody else registers one for them meanwhile.
    pub async fn pushes_of(&self, grant: GrantId) -> Result<Vec<PushSubscription>, Error> {
        self.dialect().lock_name(self.connection(), &format!("browsers of {grant}")).await?;
        self.many(active(grant)).await
    }

    /// The browsers of a person, as they stand.
    pub async fn pushes_as_they_are(&self, grant: GrantId) -> Result<Vec<PushSubscription>, Error> {
        self.look(active(grant)).await
    }

    /// A browser's address and keys; `None` when it has ended. One that cannot be read keeps nobody else from being called.
    pub fn opened_push(&self, of: &PushSubscription) -> Result<Option<PushKeys>, Error> {
        match self.store().open_push(of) {
            Err(error @ Error::Corrupt { .. }) => {
                tracing::error!(%error, subscription = %of.id, "a browser's keys cannot be opened");
                Ok(None)
            }
            other => other,
        }
    }

    /// One browser, locked; `None` when it is absent or not the viewer's to see.
    pub async fn push_subscription(&self, id: PushSubscriptionId) -> Result<Option<PushSubscription>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// Nobody is reached any more at the browsers of a grant that holds no more, and their keys are gone.
    pub(super) async fn end_pushes(&self, grant: GrantId, now: At) -> Result<(), Error> {
        let ended = Entity::update_many()
            .col_expr(Column::State, Expr::val(PushState::Revoked.code()))
            .col_expr(Column::Sealed, Expr::value(Option::<Vec<u8>>::None))
            .col_expr(Column::EndedAt, Expr::value(now.micros()))
            .filter(active(grant));
        ended.exec(self.connection()).await?;
        Ok(())
    }
}

impl Reader {
    /// Browsers by id; those absent or not the viewer's to see are left out.
    pub async fn push_subscriptions(&self, ids: &[PushSubscriptionId]) -> Result<Vec<PushSubscription>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The browsers of a person, as they stand.
    pub async fn pushes_of(&self, grant: GrantId) -> Result<Vec<PushSubscription>, Error> {
        self.all(active(grant)).await
    }
}
