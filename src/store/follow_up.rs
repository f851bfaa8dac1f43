//! Rows of follow-ups.
use super::directory::coded;
use super::error::Error;
use super::scoped::{key, ways_to_follow_ups};
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::follow_up::{FollowUp, FollowUpState, PersonRef};
use crate::domain::id::{FollowUpId, HandoffId, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{FollowUpCall, FollowUpHandoff, SendHandoff, ShredText, Stamp, TellTime};
use entity::follow_up::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "follow_up";

impl KeptBy<SendHandoff> for FollowUp {}
impl KeptBy<FollowUpHandoff> for FollowUp {}
impl KeptBy<TellTime> for FollowUp {}
impl KeptBy<FollowUpCall> for FollowUp {}
impl KeptBy<ShredText> for FollowUp {}

/// Which follow-ups a list is about; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowUpFilter {
    /// After this handoff.
    pub handoff: Option<HandoffId>,
    /// That this agency sees to.
    pub owner: Option<OrganizationId>,
    /// In one of these states.
    pub states: Option<Vec<FollowUpState>>,
}

fn person(kept: Vec<u8>) -> Result<PersonRef, Error> {
    let corrupt = |_| Error::Corrupt { table: TABLE, what: "person_ref" };
    Ok(PersonRef(kept.try_into().map_err(corrupt)?))
}

impl Kept for FollowUp {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: FollowUpId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            handoff: row.handoff_id.map(HandoffId::of),
            owner: OrganizationId::of(row.owner_id),
            party: row.party_id.map(OrganizationId::of),
            person: row.person_ref.map(person).transpose()?,
            by: coded(TABLE, &row.by)?,
            state: coded(TABLE, &row.state)?,
            planned_at: At::from_micros(row.planned_at),
            done_by: At::from_micros(row.done_by),
            due_at: row.due_at.map(At::from_micros),
            late: row.late,
            attempts: u32::try_from(row.attempts).map_err(|_| Error::Corrupt { table: TABLE, what: "attempts" })?,
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            handoff_id: self.handoff.map(NounId::key),
            owner_id: self.owner.key(),
            party_id: self.party.map(NounId::key),
            person_ref: self.person.map(|person| person.0.to_vec()),
            by: self.by.code().into(),
            state: self.state.code().into(),
            planned_at: self.planned_at.micros(),
            done_by: self.done_by.micros(),
            due_at: self.due_at.map(At::micros),
            late: self.late,
            attempts: i32::try_from(self.attempts).unwrap_or(i32::MAX),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let follow_up = changed.state();
        tx.set_due(follow_up.id, &[(DueKind::FollowUpClock, follow_up.due_at)]);
        tx.tell_outcome(changed).await
    }
}

impl FollowUpFilter {
    fn condition(&self) -> Condition {
        let states = self.states.as_ref().map(|states| Column::State.is_in(states.iter().map(|state| state.code())));
        // What is due has a clock, and an index of its own.
        let due = self.states.as_deref() == Some(&[FollowUpState::Due]);
        Condition::all()
            .add_option(self.handoff.map(|id| Column::HandoffId.eq(id.key())))
            .add_option(self.owner.map(|id| Column::OwnerId.eq(id.key())))
            .add_option(due.then(|| Column::DueAt.is_not_null()))
            .add_option(states)
    }
}

impl Tx {
    /// One follow-up, locked; `None` when it is absent or not the viewer's to see.
    pub async fn follow_up(&self, id: FollowUpId) -> Result<Option<FollowUp>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// Follow-ups by id, locked in the order of their ids; those absent or not the viewer's to see are left out.
    pub async fn follow_ups(&self, ids: &[FollowUpId]) -> Result<Vec<FollowUp>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.many(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// How many follow-ups after calls are due for an agency, and of them for one person. Whoever else plans one for the agency
    /// waits until this write has ended.
    pub async fn due_after_calls(&self, owner: OrganizationId, of: PersonRef) -> Result<(u64, u64), Error> {
        self.dialect().lock_name(self.connection(), &format!("follow-ups after calls of {owner}")).await?;
        let due = || {
            let after_call = Column::HandoffId.is_null();
            key(Column::OwnerId, owner.key()).add(Column::DueAt.is_not_null()).add(after_call)
        };
        let of = due().add(Column::PersonRef.eq(of.0.to_vec()));
        Ok((self.how_many::<Entity>(due()).await?, self.how_many::<Entity>(of).await?))
    }

    /// The follow-ups after a handoff that the viewer sees.
    pub async fn follow_ups_of(&self, handoff: HandoffId) -> Result<Vec<FollowUp>, Error> {
        self.look(key(Column::HandoffId, handoff.key())).await
    }
}

impl Reader {
    /// Follow-ups by id; those absent or not the viewer's to see are left out.
    pub async fn follow_ups(&self, ids: &[FollowUpId]) -> Result<Vec<FollowUp>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Follow-ups of a filter between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_follow_ups(
        &self,
        filter: &FollowUpFilter,
        (below, above): (Option<FollowUpId>, Option<FollowUpId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<FollowUp>, Error> {
        let which = filter
            .condition()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        let ways = ways_to_follow_ups(self.scope());
        self.on_each_way(ways, &which, Column::Id, (most, from_end), |follow_up: &FollowUp| follow_up.id).await
    }
}
