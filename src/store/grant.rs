//! Rows of grants.
use super::directory::coded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::entry::Changed;
use crate::domain::grant::{Grant, Principal};
use crate::domain::id::{GrantId, NounId, OrganizationId, RegionId};
use crate::domain::organization::Organization;
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::policy::permit::{GrantRole, RevokeGrant, Stamp};
use entity::grant::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel, QueryFilter, QuerySelect};

const TABLE: &str = "grant";

impl KeptBy<GrantRole> for Grant {}
impl KeptBy<RevokeGrant> for Grant {}

impl Kept for Grant {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: GrantId::of(row.id),
            version: row.version,
            principal: Principal { issuer: row.issuer, subject: row.subject, kind: coded(TABLE, &row.holder)? },
            role: coded(TABLE, &row.role)?,
            organization: OrganizationId::of(row.organization_id),
            region: RegionId::of(row.region_id),
            until: row.until.map(At::from_micros),
            origin: coded(TABLE, &row.origin)?,
            created_at: At::from_micros(row.created_at),
            revoked_at: row.revoked_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            version: self.version,
            issuer: self.principal.issuer.clone(),
            subject: self.principal.subject.clone(),
            holder: self.principal.kind.code().into(),
            role: self.role.code().into(),
            organization_id: self.organization.key(),
            region_id: self.region.key(),
            until: self.until.map(At::micros),
            origin: self.origin.code().into(),
            created_at: self.created_at.micros(),
            revoked_at: self.revoked_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let grant = changed.state();
        // Where its holder was reached goes with it.
        if let Some(at) = grant.revoked_at { tx.end_pushes(grant.id, at).await } else { Ok(()) }
    }
}

fn of_principal(principal: &Principal) -> Condition {
    Condition::all()
        .add(Column::Issuer.eq(&*principal.issuer))
        .add(Column::Subject.eq(&*principal.subject))
        .add(Column::Holder.eq(principal.kind.code()))
}

impl Tx {
    /// Reads the viewer's grants anew and holds them still until the write ends.
    pub(super) async fn still_stands(&self, viewer: &Viewer) -> Result<(), Error> {
        for grant in viewer.stands_on() {
            #[expect(clippy::disallowed_methods, reason = "the lock itself: a viewer's own grant, by its id")]
            let select = <Entity as sea_orm::EntityTrait>::find().filter(Column::Id.eq(grant.id.key())).lock_shared();
            // All of one: see `Tx::one`.
            let row = select.all(self.connection()).await?.pop().map(Grant::from_row).transpose()?;
            if !row.is_some_and(|row| row.holds(self.now())) {
                return Err(Error::NotStanding);
            }
        }
        Ok(())
    }

    /// Reads anew whether the viewer's agency is designated to follow the open searches of its region.
    pub(super) async fn still_watches(&self, viewer: &Viewer) -> Result<bool, Error> {
        let Some(agency) = viewer.coordinates() else { return Ok(false) };
        let home: Vec<Organization> = self.look(key(entity::organization::Column::Id, agency.key())).await?;
        Ok(home.first().and_then(Organization::watches_region) == Some(agency))
    }

    /// One grant, locked; `None` when it is absent or not the viewer's to see.
    pub async fn grant(&self, id: GrantId) -> Result<Option<Grant>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// One grant, as it stands.
    pub async fn grant_as_it_is(&self, id: GrantId) -> Result<Option<Grant>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// The grants of an agency that hold, as they stand: nobody adds one while the agency's row is locked.
    pub async fn grants_at(&self, organization: OrganizationId) -> Result<Vec<Grant>, Error> {
        let grants: Vec<Grant> = self.look(key(Column::OrganizationId, organization.key())).await?;
        Ok(grants.into_iter().filter(|grant| grant.holds(self.now())).collect())
    }

    /// Every grant of a principal that the viewer sees, revoked ones too, locked; no other write adds one meanwhile.
    pub async fn grants_of(&self, principal: &Principal) -> Result<Vec<Grant>, Error> {
        let name = format!("grants of {} {} {}", principal.kind.code(), principal.issuer, principal.subject);
        self.dialect().lock_name(self.connection(), &name).await?;
        self.many(of_principal(principal)).await
    }
}

impl Reader {
    /// Grants by id; those absent or not the viewer's to see are left out.
    pub async fn grants(&self, ids: &[GrantId]) -> Result<Vec<Grant>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Every grant that the viewer sees.
    pub async fn all_grants(&self) -> Result<Vec<Grant>, Error> {
        self.all(Condition::all()).await
    }
}
