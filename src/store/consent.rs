//! Rows of consents.
use super::directory::{coded, list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::id::{ConsentId, GrantId, HandoffId, NounId, OrganizationId, RegionId};
use crate::domain::sealed::{Consent, ConsentFact};
use crate::domain::time::At;
use crate::policy::permit::{KeepConsent, Stamp, TellTime};
use entity::consent::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, IntoActiveModel};
use std::collections::BTreeSet;

const TABLE: &str = "consent";

impl KeptBy<KeepConsent> for Consent {}
impl KeptBy<TellTime> for Consent {}

impl Kept for Consent {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let handoff = HandoffId::of(row.handoff_id);
        let terms = ConsentFact {
            handoff,
            kind: coded(TABLE, &row.kind)?,
            from: OrganizationId::of(row.from_id),
            to: list(TABLE, &row.to_ids)?,
            tiers: list(TABLE, &row.tiers)?,
            purposes: list(TABLE, &row.purposes)?,
            signer: coded(TABLE, &row.signer)?,
            given: coded(TABLE, &row.given)?,
            starts_at: At::from_micros(row.starts_at),
            expires_at: At::from_micros(row.expires_at),
            revoked_at: row.revoked_at.map(At::from_micros),
            program: row.program.unwrap_or(false),
        };
        Ok(Self {
            id: ConsentId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            handoff,
            terms,
            recorder: OrganizationId::of(row.organization_id),
            grant: GrantId::of(row.grant_id),
            recorded_at: At::from_micros(row.recorded_at),
        })
    }

    fn row(&self) -> ActiveModel {
        let terms = &self.terms;
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            handoff_id: self.handoff.key(),
            kind: terms.kind.code().into(),
            from_id: terms.from.key(),
            to_ids: text(&terms.to),
            tiers: text(&terms.tiers),
            purposes: text(&terms.purposes),
            signer: terms.signer.code().into(),
            given: terms.given.code().into(),
            starts_at: terms.starts_at.micros(),
            expires_at: terms.expires_at.micros(),
            revoked_at: terms.revoked_at.map(At::micros),
            organization_id: self.recorder.key(),
            grant_id: self.grant.key(),
            recorded_at: self.recorded_at.micros(),
            program: Some(terms.program),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, stamp: Stamp) -> Result<(), Error> {
        let (consent, at) = (changed.state(), changed.happening().at);
        tx.set_due(consent.id, &[(DueKind::ConsentClock, consent.tells_next_at(at))]);
        tx.tell_by(changed, stamp).await
    }
}

/// What those who tell under a handoff's consents share, and whoever revokes one has alone.
fn consents_name(of: HandoffId) -> String {
    format!("consents {of}")
}

impl Tx {
    /// One consent, as it stands; `None` when it is absent or not of the viewer's handoffs.
    pub async fn consent(&self, id: ConsentId) -> Result<Option<Consent>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// Consents by id, as they stand, without a lock.
    pub async fn consents_as_they_are(&self, ids: &[ConsentId]) -> Result<Vec<Consent>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Keeps the consents of handoffs standing, or not, until this write has ended: whoever revokes one waits for what is told
    /// under it, and what is told later is told without it.
    pub async fn keep_consents(&self, of: &BTreeSet<HandoffId>) -> Result<(), Error> {
        let names = of.iter().map(|handoff| consents_name(*handoff)).collect();
        self.dialect().share_names(self.connection(), names).await
    }

    /// Waits for whatever is being told under a handoff's consents, before the handoff is locked.
    pub async fn stop_consents(&self, of: HandoffId) -> Result<(), Error> {
        self.dialect().lock_name(self.connection(), &consents_name(of)).await
    }

    /// The consents of handoffs, as they stand now: a consent that was revoked before is revoked here.
    pub async fn consents_of(&self, of: &[HandoffId]) -> Result<Vec<Consent>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::HandoffId, &keys)).await
    }
}

impl Reader {
    /// The consents of handoffs that the viewer sees, revoked and ended ones too.
    pub async fn consents_of(&self, of: &[HandoffId]) -> Result<Vec<Consent>, Error> {
        let keys: Vec<_> = of.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::HandoffId, &keys)).await
    }

    /// Consents by id; those absent or not of the viewer's handoffs are left out.
    pub async fn consents(&self, ids: &[ConsentId]) -> Result<Vec<Consent>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }
}
