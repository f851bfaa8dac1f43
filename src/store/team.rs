//! Rows of mobile teams.
use super::directory::{coded, count, external_ids, external_text, list, number, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::{Changed, Details, Entry};
use crate::domain::id::{NounId, OrganizationId, RegionId, ServiceId, TeamId};
use crate::domain::team::{Said, Team, TeamDefinition, TeamDetails};
use crate::domain::time::At;
use crate::policy::permit::{SaveTeam, SetTeamStatus, Stamp, TellTime};
use entity::team::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel};

const TABLE: &str = "team";

impl KeptBy<SaveTeam> for Team {}
impl KeptBy<SetTeamStatus> for Team {}
impl KeptBy<TellTime> for Team {}

fn said(row: &Model) -> Result<Option<Said>, Error> {
    let lost = || Error::Corrupt { table: TABLE, what: "status" };
    let Some(status) = &row.status else { return Ok(None) };
    Ok(Some(Said {
        status: coded(TABLE, status)?,
        since: At::from_micros(row.status_since.ok_or_else(lost)?),
        heard_at: At::from_micros(row.heard_at.ok_or_else(lost)?),
        free_at: row.free_at.map(At::from_micros),
    }))
}

impl Kept for Team {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let said = said(&row)?;
        let definition = TeamDefinition {
            service: ServiceId::of(row.service_id),
            counties: list(TABLE, &row.counties)?,
            hours: row.hours.as_deref().map(|hours| list(TABLE, hours)).transpose()?,
            languages: list(TABLE, &row.languages)?,
            youth_capable: row.youth_capable,
            peer_on_team: row.peer_on_team,
            can_transport: row.can_transport,
            heartbeat_minutes: count(TABLE, row.heartbeat_minutes)?,
        };
        Ok(Self {
            entry: Entry {
                id: TeamId::of(row.id),
                region: RegionId::of(row.region_id),
                owner: OrganizationId::of(row.organization_id),
                version: row.version,
                details: TeamDetails { label: row.label, definition },
                external_ids: external_ids(TABLE, &row.external_ids)?,
                retired: row.retired,
                provenance: coded(TABLE, &row.provenance)?,
                updated_at: At::from_micros(row.updated_at),
            },
            said,
            lost: row.lost,
        })
    }

    fn row(&self) -> Self::Row {
        let (entry, d, said) = (&self.entry, self.definition(), self.said);
        let row = Model {
            id: entry.id.key(),
            region_id: entry.region.key(),
            organization_id: entry.owner.key(),
            version: entry.version,
            label: entry.details.label.clone(),
            service_id: d.service.key(),
            counties: text(&d.counties),
            hours: d.hours.as_ref().map(text),
            languages: text(&d.languages),
            youth_capable: d.youth_capable,
            peer_on_team: d.peer_on_team,
            can_transport: d.can_transport,
            heartbeat_minutes: number(d.heartbeat_minutes),
            audience: entry.details.audience().bits(),
            status: said.map(|said| said.status.code().into()),
            status_since: said.map(|said| said.since.micros()),
            heard_at: said.map(|said| said.heard_at.micros()),
            free_at: said.and_then(|said| said.free_at).map(At::micros),
            lost: self.lost,
            external_ids: external_text(&entry.external_ids),
            retired: entry.retired,
            provenance: entry.provenance.code().into(),
            updated_at: entry.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let team = changed.state();
        let lost_at = if team.entry.retired { None } else { team.lost_at() };
        tx.set_due(team.id(), &[(DueKind::TeamHeartbeat, lost_at)]);
        Ok(())
    }
}

impl Tx {
    /// One team, locked; `None` when it is absent or not the viewer's to see.
    pub async fn team(&self, id: TeamId) -> Result<Option<Team>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// Teams by id as they stand, without a lock: who is asked has promised nothing yet.
    pub async fn teams_as_they_are(&self, ids: &[TeamId]) -> Result<Vec<Team>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Teams by id, locked in the order of their ids; those absent or not the viewer's to see are left out.
    pub async fn teams(&self, ids: &[TeamId]) -> Result<Vec<Team>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.many(self.dialect().any_of(Column::Id, &keys)).await
    }
}

impl Reader {
    /// Teams by id; those absent or not the viewer's to see are left out.
    pub async fn teams(&self, ids: &[TeamId]) -> Result<Vec<Team>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Every team that the viewer sees.
    pub async fn all_teams(&self) -> Result<Vec<Team>, Error> {
        self.all(Condition::all()).await
    }
}
