//! Rows of threats that providers told.
use super::directory::coded;
use super::disclosure::Noted;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use super::vault::{self, DataKey};
use crate::domain::code::Coded;
use crate::domain::handoff::Handoff;
use crate::domain::id::{GrantId, HandoffId, NounId, OrganizationId, RegionId, ThreatDisclosureId};
use crate::domain::threat::{ThreatDisclosure, ThreatFacts};
use crate::domain::time::At;
use crate::policy::permit::{DiscloseThreat, ReadThreats};
use entity::threat_disclosure::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "threat_disclosure";

impl KeptBy<DiscloseThreat> for ThreatDisclosure {}

impl Kept for ThreatDisclosure {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let facts = ThreatFacts {
            id: ThreatDisclosureId::of(row.id),
            region: RegionId::of(row.region_id),
            handoff: HandoffId::of(row.handoff_id),
            from: OrganizationId::of(row.from_id),
            to: OrganizationId::of(row.to_id),
            basis: coded(TABLE, &row.basis)?,
            grant: GrantId::of(row.grant_id),
            at: At::from_micros(row.at),
            until: At::from_micros(row.until),
        };
        Ok(Self { facts, sealed: row.sealed })
    }

    fn row(&self) -> ActiveModel {
        let facts = &self.facts;
        let row = Model {
            id: facts.id.key(),
            region_id: facts.region.key(),
            version: Self::VERSION,
            handoff_id: facts.handoff.key(),
            from_id: facts.from.key(),
            to_id: facts.to.key(),
            basis: facts.basis.code().into(),
            grant_id: facts.grant.key(),
            at: facts.at.micros(),
            until: facts.until.micros(),
            sealed: self.sealed.clone(),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// Seals what is told of a threat under its handoff's data key, once the ledger says that it is told. The handoff is
    /// locked.
    pub async fn close_threat(
        &self,
        noted: &Noted<DiscloseThreat>,
        of: &Handoff,
        facts: &ThreatFacts,
        says: &str,
    ) -> Result<Vec<u8>, Error> {
        noted.check(facts.id)?;
        let data_key = self.sealing_key(of).await?;
        vault::close_threat(&data_key, facts, says.as_bytes())
    }

    /// Opens what was told of a threat, once the ledger says who reads it; `None` when its key is destroyed.
    pub async fn open_threat(
        &self,
        noted: &Noted<ReadThreats>,
        threat: &ThreatDisclosure,
    ) -> Result<Option<String>, Error> {
        noted.check(threat.facts.id)?;
        let Some(DataKey::Key(data_key)) = self.data_key(threat.facts.handoff).await? else { return Ok(None) };
        let plain = vault::open_threat(&data_key, &threat.facts, &threat.sealed)?;
        let says = String::from_utf8(plain.to_vec());
        says.map(Some).map_err(|_| Error::Corrupt { table: TABLE, what: "sealed text" })
    }

    /// One threat; `None` when it is absent, or not the viewer's to read any more.
    pub async fn threat(&self, id: ThreatDisclosureId) -> Result<Option<ThreatDisclosure>, Error> {
        Ok(self.look(key(Column::Id, id.key())).await?.pop())
    }

    /// How many threats an agency has told of a handoff, which is locked.
    pub async fn threats_of(&self, of: HandoffId, from: OrganizationId) -> Result<u64, Error> {
        self.how_many::<Entity>(key(Column::HandoffId, of.key()).add(Column::FromId.eq(from.key()))).await
    }
}

impl Reader {
    /// Threats by id, unopened; those absent or not the viewer's are left out.
    pub async fn threats(&self, ids: &[ThreatDisclosureId]) -> Result<Vec<ThreatFacts>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        let found = self.all::<ThreatDisclosure>(self.dialect().any_of(Column::Id, &keys)).await?;
        Ok(found.into_iter().map(|threat| threat.facts).collect())
    }

    /// Threats between two ids, unopened, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_threats(
        &self,
        (below, above): (Option<ThreatDisclosureId>, Option<ThreatDisclosureId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<ThreatFacts>, Error> {
        let which = Condition::all()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        let rows = self.between::<Entity>(which, Column::Id, most, from_end).await?;
        rows.into_iter().map(|row| Ok(ThreatDisclosure::from_row(row)?.facts)).collect()
    }
}
