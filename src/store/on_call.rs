//! Rows of who is on call. What names or reaches staff is sealed beside the steps, for its own row.
use super::directory::{list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Store, Tx};
use super::vault::Place;
use crate::domain::entry::Changed;
use crate::domain::handoff::Destination;
use crate::domain::id::{BedUnitId, NounId, OnCallId, OrganizationId, RegionId, TeamId};
use crate::domain::on_call::{OfStaff, OnCall, OnCallStep};
use crate::domain::time::At;
use crate::policy::permit::{SetOnCall, Stamp};
use entity::on_call::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, NotSet, QueryFilter, QuerySelect,
};
use secrecy::zeroize::Zeroizing;
use uuid::Uuid;

const TABLE: &str = "on_call";
/// What begins an address, and a name, in the text of steps.
const ADDRESS: &str = "\"address\":\"";
const LABEL: &str = "\"label\":\"";

impl KeptBy<SetOnCall> for OnCall {}

/// The unit or the team that a row is about.
pub(super) fn whose(table: &'static str, unit: Option<Uuid>, team: Option<Uuid>) -> Result<Destination, Error> {
    match (unit, team) {
        (Some(unit), None) => Ok(Destination::Unit(BedUnitId::of(unit))),
        (None, Some(team)) => Ok(Destination::Team(TeamId::of(team))),
        _ => Err(Error::Corrupt { table, what: "team_id" }),
    }
}

/// The rows that are about a unit or a team.
pub(super) fn of<C: ColumnTrait>(whose: Destination, unit: C, team: C) -> Condition {
    match whose {
        Destination::Unit(id) => key(unit, id.key()),
        Destination::Team(id) => key(team, id.key()),
    }
}

impl Kept for OnCall {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: OnCallId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            whose: whose(TABLE, row.bed_unit_id, row.team_id)?,
            version: row.version,
            steps: list(TABLE, &row.steps)?,
            sealed: row.sealed,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            bed_unit_id: self.whose.unit().map(NounId::key),
            team_id: self.whose.team().map(NounId::key),
            version: self.version,
            steps: text(&self.steps.iter().map(without_words).collect::<Vec<_>>()),
            sealed: None,
            updated_at: self.updated_at.micros(),
        };
        // What is sealed is written beside, under keys that a value does not have.
        ActiveModel { sealed: NotSet, ..row.into_active_model().reset_all() }
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let chain = changed.state();
        let sealed = tx.store().close_words(chain)?;
        let beside = Entity::update_many().col_expr(Column::Sealed, Expr::value(sealed));
        beside.filter(Column::Id.eq(chain.id.key())).exec(tx.connection()).await?;
        Ok(())
    }
}

/// The words of one step: where it goes, and who that is.
type Words = (Option<OfStaff>, Option<OfStaff>);

fn without_words(step: &OnCallStep) -> OnCallStep {
    OnCallStep { address: None, label: None, ..step.clone() }
}

fn place(of: &OnCall) -> Place {
    Place { table: TABLE, row: of.id.key(), whose: of.owner.key() }
}

impl Store {
    fn close_words(&self, of: &OnCall) -> Result<Option<Vec<u8>>, Error> {
        if of.steps.iter().all(|step| step.address.is_none() && step.label.is_none()) {
            return Ok(None);
        }
        let words: Vec<Words> = of.steps.iter().map(|step| (step.address.clone(), step.label.clone())).collect();
        let corrupt = |_| Error::Corrupt { table: TABLE, what: "steps" };
        let plain = serde_json::to_vec(&words).map(Zeroizing::new).map_err(corrupt)?;
        self.close_staff(place(of), &plain).map(Some)
    }

    /// A chain with the words of its steps, for whoever calls, or shows them to its agency.
    pub fn opened_chain(&self, mut chain: OnCall) -> Result<OnCall, Error> {
        // Words in plain are an earlier program's, and later than what is sealed beside them.
        let plain = chain.steps.iter().any(|step| step.address.is_some() || step.label.is_some());
        let Some(sealed) = chain.sealed.take().filter(|_| !plain) else { return Ok(chain) };
        let plain = self.open_staff(place(&chain), &sealed)?;
        let words: Vec<Words> =
            serde_json::from_slice(&plain).map_err(|_| Error::Corrupt { table: TABLE, what: "steps" })?;
        for (step, (address, label)) in chain.steps.iter_mut().zip(words) {
            (step.address, step.label) = (address, label);
        }
        Ok(chain)
    }

    /// Seals what earlier programs wrote in plain: at each start, until there is nothing left.
    pub(super) async fn seal_chains(&self) -> Result<(), Error> {
        let plain = |column: Column| Condition::any().add(column.contains(ADDRESS)).add(column.contains(LABEL));
        #[expect(clippy::disallowed_methods, reason = "what is in plain is sealed, and shown to nobody")]
        let find = Entity::find().filter(plain(Column::Steps));
        if find.clone().all(&self.pools().readers).await?.is_empty() {
            return Ok(());
        }
        let tx = self.dialect().begin_write(&self.pools().writer).await?;
        for row in find.lock_exclusive().all(&tx).await? {
            let (id, chain) = (row.id, OnCall::from_row(row)?);
            let steps: Vec<_> = chain.steps.iter().map(without_words).collect();
            let sealed = Entity::update_many()
                .col_expr(Column::Steps, Expr::value(text(&steps)))
                .col_expr(Column::Sealed, Expr::value(self.close_words(&chain)?));
            sealed.filter(Column::Id.eq(id)).exec(&tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl Tx {
    /// Who is on call for a unit or a team, as it stands; what locks the unit or the team keeps it still.
    pub async fn on_call_of(&self, whose: Destination) -> Result<Option<OnCall>, Error> {
        let found = self.look(of(whose, Column::BedUnitId, Column::TeamId)).await?.pop();
        found.map(|chain| self.store().opened_chain(chain)).transpose()
    }

    /// One chain, as it stands; `None` when it is absent or not the viewer's to see.
    pub async fn on_call(&self, id: OnCallId) -> Result<Option<OnCall>, Error> {
        let found = self.look(key(Column::Id, id.key())).await?.pop();
        found.map(|chain| self.store().opened_chain(chain)).transpose()
    }
}

impl Reader {
    /// Chains by id, their words sealed; those absent or not the viewer's to see are left out.
    pub async fn on_calls(&self, ids: &[OnCallId]) -> Result<Vec<OnCall>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The chains of units and teams, their words sealed; those absent or not the viewer's to see are left out.
    pub async fn on_calls_of(&self, whose: &[Destination]) -> Result<Vec<OnCall>, Error> {
        let units: Vec<_> = whose.iter().filter_map(|one| one.unit()).map(NounId::key).collect();
        let teams: Vec<_> = whose.iter().filter_map(|one| one.team()).map(NounId::key).collect();
        let of_units = self.dialect().any_of(Column::BedUnitId, &units);
        self.all(Condition::any().add(of_units).add(self.dialect().any_of(Column::TeamId, &teams))).await
    }
}
