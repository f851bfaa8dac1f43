//! Rows of calls, and how far the log has been read for them.
use super::directory::{coded, list, text};
use super::error::Error;
use super::on_call::{of, whose};
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Store, Tx};
use crate::domain::call::{Call, CallState};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::handoff::Destination;
use crate::domain::id::{CallId, GrantId, HandoffId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{AcknowledgeCall, PlaceCall, Stamp};
use entity::call::{ActiveModel, Column, Entity, Model};
use entity::{counter, event};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

const TABLE: &str = "call";
/// The counter of how far the log has been read.
const CALLS: &str = "calls";

impl KeptBy<PlaceCall> for Call {}
impl KeptBy<AcknowledgeCall> for Call {}

impl Kept for Call {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let at = |micros: Option<i64>| micros.map(At::from_micros);
        Ok(Self {
            id: CallId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            receiver: OrganizationId::of(row.organization_id),
            sender: OrganizationId::of(row.sender_id),
            handoff: HandoffId::of(row.handoff_id),
            whose: whose(TABLE, row.bed_unit_id, row.team_id)?,
            word: coded(TABLE, &row.word)?,
            state: coded(TABLE, &row.state)?,
            asked_at: At::from_micros(row.asked_at),
            due_at: At::from_micros(row.due_at),
            steps: list(TABLE, &row.steps)?,
            next_at: at(row.next_at),
            seen: at(row.seen_at).zip(row.seen_by.map(GrantId::of)),
            ended_at: at(row.ended_at),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            organization_id: self.receiver.key(),
            sender_id: self.sender.key(),
            handoff_id: self.handoff.key(),
            bed_unit_id: self.whose.unit().map(NounId::key),
            team_id: self.whose.team().map(NounId::key),
            word: self.word.code().into(),
            state: self.state.code().into(),
            asked_at: self.asked_at.micros(),
            due_at: self.due_at.micros(),
            steps: text(&self.steps),
            next_at: self.next_at.map(At::micros),
            seen_at: self.seen.map(|(at, _)| at.micros()),
            seen_by: self.seen.map(|(_, by)| by.key()),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let call = changed.state();
        tx.set_due(call.id, &[(DueKind::CallStep, call.next_at)]);
        Ok(())
    }
}

fn in_states(states: &[CallState]) -> Condition {
    Condition::all().add(Column::State.is_in(states.iter().map(|state| state.code())))
}

const OPEN: [CallState; 3] = [CallState::Calling, CallState::Acknowledged, CallState::Exhausted];

impl Store {
    /// How far the log has been read for calls.
    pub async fn calls_read(&self) -> Result<i64, Error> {
        #[expect(clippy::disallowed_methods, reason = "the hub's own place in its log has no viewer")]
        let row = counter::Entity::find().filter(counter::Column::Name.eq(CALLS)).one(&self.pools().readers).await?;
        row.map(|row| row.n).ok_or(Error::Unfit("the database has no calls: run `crisis-hub migrate`"))
    }

    /// How many calls are under way, of everybody's: a number for the metrics.
    pub async fn calls_under_way(&self) -> Result<u64, Error> {
        #[expect(clippy::disallowed_methods, reason = "a count tells nobody who is called")]
        let calling = Entity::find().filter(in_states(&[CallState::Calling]));
        Ok(calling.count(&self.pools().readers).await?)
    }
}

impl Reader {
    /// The handoffs about which the log tells after a number, with the numbers, in order; at most `most`.
    pub async fn handoffs_told_after(&self, number: i64, most: u64) -> Result<Vec<(i64, HandoffId)>, Error> {
        use event::Column as Told;
        let which = Condition::all().add(Told::Number.gt(number)).add(Told::Noun.eq(Noun::Handoff.text()));
        let rows = self.rows::<event::Entity>(which, Told::Number, most).await?;
        Ok(rows.iter().filter_map(|row| Some((row.number?, HandoffId::of(row.row_id)))).collect())
    }

    /// Whether anybody is called about one of these handoffs.
    pub async fn calls_about(&self, handoffs: &[HandoffId]) -> Result<Vec<Call>, Error> {
        let keys: Vec<_> = handoffs.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::HandoffId, &keys).add(in_states(&OPEN))).await
    }

    /// The calls about handoffs that the viewer sees, ended ones too, latest first.
    pub async fn calls_of(&self, handoffs: &[HandoffId]) -> Result<Vec<Call>, Error> {
        let keys: Vec<_> = handoffs.iter().map(|id| id.key()).collect();
        let mut calls: Vec<Call> = self.all(self.dialect().any_of(Column::HandoffId, &keys)).await?;
        calls.sort_unstable_by_key(|call| std::cmp::Reverse((call.asked_at, call.id)));
        Ok(calls)
    }

    /// Calls by id; those absent or not the viewer's to see are left out.
    pub async fn calls(&self, ids: &[CallId]) -> Result<Vec<Call>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The calls that wait for an answer and that the viewer sees, latest first; at most `most`.
    pub async fn open_calls(&self, most: u64) -> Result<Vec<Call>, Error> {
        let rows = self.between::<Entity>(in_states(&OPEN), Column::Id, most, false).await?;
        rows.into_iter().map(Call::from_row).collect()
    }
}

impl Tx {
    /// One call, locked; `None` when it is absent or not the viewer's to see.
    pub async fn call(&self, id: CallId) -> Result<Option<Call>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// The calls about a handoff that wait for an answer, locked in the order of their ids.
    pub async fn open_calls_about(&self, handoff: HandoffId) -> Result<Vec<Call>, Error> {
        self.many(key(Column::HandoffId, handoff.key()).add(in_states(&OPEN))).await
    }

    /// How many calls are under way about a unit or a team, counted to `most`.
    pub async fn calling(&self, about: Destination, most: u64) -> Result<u64, Error> {
        let calling = in_states(&[CallState::Calling]).add(of(about, Column::BedUnitId, Column::TeamId));
        let rows = self.beside::<Entity>(calling).await?;
        Ok((rows.len() as u64).min(most))
    }

    /// Keeps a call from everybody until an instant: it is its node's alone to go on with. Should that be killed, whoever
    /// comes after the instant does it again.
    pub fn lease_call(&self, id: CallId, until: At) {
        self.set_due(id, &[(DueKind::CallStep, Some(until))]);
    }

    /// Reads the log for calls, one node at a time, and answers how far it has been read.
    pub async fn take_calls_read(&self) -> Result<i64, Error> {
        #[expect(clippy::disallowed_methods, reason = "the hub's own place in its log has no viewer")]
        let row = counter::Entity::find().filter(counter::Column::Name.eq(CALLS)).lock_exclusive();
        let row = row.order_by_asc(counter::Column::Name).all(self.connection()).await?.pop();
        row.map(|row| row.n).ok_or(Error::Unfit("the database has no calls: run `crisis-hub migrate`"))
    }

    /// Notes that the log has been read up to a number.
    pub async fn set_calls_read(&self, number: i64) -> Result<(), Error> {
        use counter::Column as Counter;
        let further = counter::Entity::update_many().col_expr(Counter::N, Expr::val(number));
        let further = further.filter(Counter::Name.eq(CALLS)).filter(Counter::N.lt(number));
        further.exec(self.connection()).await?;
        Ok(())
    }
}
