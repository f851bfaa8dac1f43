//! Rows of episodes.
use super::directory::{coded, list, number, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::episode::{Episode, EpisodeState};
use crate::domain::id::{EpisodeId, GrantId, HandoffId, NounId, OrganizationId, RegionId};
use crate::domain::time::At;
use crate::policy::permit::{SendHandoff, Stamp, TellTime};
use entity::episode::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "episode";

impl KeptBy<SendHandoff> for Episode {}
impl KeptBy<TellTime> for Episode {}

/// Which episodes a list is about; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpisodeFilter {
    /// In one of these states.
    pub states: Option<Vec<EpisodeState>>,
    /// Of this region.
    pub region: Option<RegionId>,
    /// That this agency began.
    pub sender: Option<OrganizationId>,
    /// Open ones alone.
    pub open_only: bool,
    /// Begun at this instant or before.
    pub opened_by: Option<At>,
}

impl Kept for Episode {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: EpisodeId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            sender: OrganizationId::of(row.sender_id),
            opened_by: row.grant_id.map(GrantId::of),
            need: list(TABLE, &row.need)?,
            settlement: coded(TABLE, &row.settlement)?,
            person_agreed: row.person_agreed,
            state: coded(TABLE, &row.state)?,
            handoff: row.handoff_id.map(HandoffId::of),
            chosen_for: row.chosen_for.as_deref().map(|code| coded(TABLE, code)).transpose()?,
            reason: row.reason.as_deref().map(|code| coded(TABLE, code)).transpose()?,
            opened_at: At::from_micros(row.opened_at),
            sought_at: At::from_micros(row.sought_at),
            waited_hours: u32::try_from(row.waited_hours)
                .map_err(|_| Error::Corrupt { table: TABLE, what: "waited_hours" })?,
            due_at: row.due_at.map(At::from_micros),
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            sender_id: self.sender.key(),
            grant_id: self.opened_by.map(NounId::key),
            need: text(&self.need),
            settlement: self.settlement.code().into(),
            person_agreed: self.person_agreed,
            state: self.state.code().into(),
            handoff_id: self.handoff.map(NounId::key),
            chosen_for: self.chosen_for.map(|whose| whose.code().into()),
            reason: self.reason.map(|reason| reason.code().into()),
            opened_at: self.opened_at.micros(),
            sought_at: self.sought_at.micros(),
            waited_hours: i32::try_from(self.waited_hours).unwrap_or(i32::MAX),
            due_at: self.due_at.map(At::micros),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, _stamp: Stamp) -> Result<(), Error> {
        let episode = changed.state();
        tx.set_due(episode.id, &[(DueKind::EpisodeClock, episode.due_at)]);
        Ok(())
    }
}

impl EpisodeFilter {
    fn condition(&self) -> Condition {
        let states = self.states.as_ref().map(|states| Column::State.is_in(states.iter().map(|state| state.code())));
        Condition::all()
            .add_option(states)
            .add_option(self.region.map(|id| Column::RegionId.eq(id.key())))
            .add_option(self.sender.map(|id| Column::SenderId.eq(id.key())))
            .add_option(self.open_only.then(|| Column::EndedAt.is_null()))
            .add_option(self.opened_by.map(|at| Column::OpenedAt.lte(at.micros())))
    }
}

/// The place of an episode in a list that begins with who has waited longest.
pub type Waiting = (At, EpisodeId);

/// Episodes that stand after a place, or before it, in such a list.
fn beyond((at, id): Waiting, after: bool) -> Condition {
    let (at, id) = (at.micros(), id.key());
    let (beside, further) =
        if after { (Column::Id.gt(id), Column::OpenedAt.gt(at)) } else { (Column::Id.lt(id), Column::OpenedAt.lt(at)) };
    Condition::any().add(further).add(Condition::all().add(Column::OpenedAt.eq(at)).add(beside))
}

impl Tx {
    /// One episode of the viewer's agency, locked; `None` when it is absent or not the viewer's to see.
    pub async fn episode(&self, id: EpisodeId) -> Result<Option<Episode>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// How many searches go on that the viewer sees.
    pub async fn open_episodes(&self) -> Result<u32, Error> {
        Ok(number(self.how_many::<Entity>(Condition::all().add(Column::EndedAt.is_null())).await?))
    }

    /// The searches of an agency that go on. Whoever else begins one for it waits until this write has ended.
    pub async fn seeking_of(&self, sender: OrganizationId) -> Result<Vec<Episode>, Error> {
        self.dialect().lock_name(self.connection(), &format!("searches of {sender}")).await?;
        // Who waits for a place has a clock: it leads past all that has ended.
        let seeking = key(Column::SenderId, sender.key()).add(Column::DueAt.is_not_null());
        self.look(seeking.add(Column::State.eq(EpisodeState::Seeking.code()))).await
    }

    /// The episodes that handoffs belong to, locked in the order of their ids, whoever seeks: who answers an offer settles a
    /// search that is not theirs to see.
    pub async fn episodes_behind(&self, ids: &[EpisodeId]) -> Result<Vec<Episode>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.settling(self.dialect().any_of(Column::Id, &keys)).await
    }
}

impl Reader {
    /// Episodes by id; those absent or not the viewer's to see are left out.
    pub async fn episodes(&self, ids: &[EpisodeId]) -> Result<Vec<Episode>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Episodes of a filter between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_episodes(
        &self,
        filter: &EpisodeFilter,
        (below, above): (Option<EpisodeId>, Option<EpisodeId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Episode>, Error> {
        let which = filter
            .condition()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        self.between::<Entity>(which, Column::Id, most, from_end).await?.into_iter().map(Episode::from_row).collect()
    }

    /// Episodes of a filter between two places, who has waited longest first; the first `most` of them, or with `from_end` the
    /// last.
    pub async fn longest_waiting(
        &self,
        filter: &EpisodeFilter,
        (after, before): (Option<Waiting>, Option<Waiting>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Episode>, Error> {
        let which = filter
            .condition()
            .add_option(after.map(|place| beyond(place, true)))
            .add_option(before.map(|place| beyond(place, false)));
        let rows = self.in_order::<Entity>(which, &[Column::OpenedAt, Column::Id], most, from_end).await?;
        rows.into_iter().map(Episode::from_row).collect()
    }
}
