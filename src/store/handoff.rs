//! Rows of handoffs.
use super::directory::{coded, list, text};
use super::error::Error;
use super::scoped::{key, ways_to_handoffs};
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::due::DueKind;
use crate::domain::entry::Changed;
use crate::domain::event::EventKind;
use crate::domain::handoff::{Destination, Ending, Handoff, HandoffState, Nudge, Times};
use crate::domain::id::{
    BedHoldId, BedUnitId, EpisodeId, GrantId, HandoffId, NounId, OrganizationId, PathwayId, RegionId, TeamId,
};
use crate::domain::time::At;
use crate::policy::permit::{NudgeHandoff, SendHandoff, ShredText, Stamp, TellTime};
use entity::handoff::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "handoff";

impl KeptBy<SendHandoff> for Handoff {}
impl KeptBy<TellTime> for Handoff {}
impl KeptBy<NudgeHandoff> for Handoff {}
impl KeptBy<ShredText> for Handoff {}

/// Which handoffs a list is about; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandoffFilter {
    /// To this unit.
    pub unit: Option<BedUnitId>,
    /// To this team.
    pub team: Option<TeamId>,
    /// That this agency sends.
    pub sender: Option<OrganizationId>,
    /// That this agency receives.
    pub receiver: Option<OrganizationId>,
    /// In one of these states.
    pub states: Option<Vec<HandoffState>>,
    /// By the code that people call it.
    pub code: Option<String>,
}

fn ending(row: &Model) -> Result<Option<Ending>, Error> {
    let Some(reason) = row.reason.as_deref() else { return Ok(None) };
    match coded(TABLE, &row.state)? {
        HandoffState::Redirected => Ok(Some(Ending::Redirected(coded(TABLE, reason)?))),
        HandoffState::Failed => Ok(Some(Ending::Failed(coded(TABLE, reason)?))),
        HandoffState::Declined => Ok(Some(Ending::Declined(coded(TABLE, reason)?))),
        HandoffState::Withdrawn => Ok(Some(Ending::Withdrawn(coded(TABLE, reason)?))),
        _ => Err(Error::Corrupt { table: TABLE, what: "reason" }),
    }
}

fn destination(row: &Model) -> Result<Destination, Error> {
    match (row.bed_unit_id, row.team_id) {
        (Some(unit), None) => Ok(Destination::Unit(BedUnitId::of(unit))),
        (None, Some(team)) => Ok(Destination::Team(TeamId::of(team))),
        _ => Err(Error::Corrupt { table: TABLE, what: "team_id" }),
    }
}

fn nudged(row: &Model) -> Result<Option<Nudge>, Error> {
    let Some((at, by)) = row.nudged_at.zip(row.nudged_by.as_deref()) else { return Ok(None) };
    Ok(Some(Nudge { at: At::from_micros(at), by: coded(TABLE, by)? }))
}

impl Kept for Handoff {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        let at = |micros: Option<i64>| micros.map(At::from_micros);
        Ok(Self {
            ending: ending(&row)?,
            to: destination(&row)?,
            course: row.course.as_deref().map(|course| list(TABLE, course)).transpose()?.unwrap_or_default(),
            nudged: nudged(&row)?,
            id: HandoffId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            code: row.code,
            sender: OrganizationId::of(row.sender_id),
            receiver: OrganizationId::of(row.receiver_id),
            sent_by: row.grant_id.map(GrantId::of),
            on_behalf_of: row.on_behalf_of,
            need: list(TABLE, &row.need)?,
            pathway: (PathwayId::of(row.pathway_id), row.pathway_version),
            // What an older node announces while a newer one is started has no episode yet: its own key names none.
            episode: EpisodeId::of(row.episode_id.unwrap_or(row.id)),
            offer: row.offer.as_deref().map(|offer| list(TABLE, offer)).transpose()?,
            hold: row.hold_id.map(BedHoldId::of),
            state: coded(TABLE, &row.state)?,
            arrive_by: At::from_micros(row.arrive_by),
            due_at: at(row.due_at),
            late: row.late,
            times: Times {
                announced_at: At::from_micros(row.announced_at),
                acknowledged_at: at(row.acknowledged_at),
                agreed_at: at(row.agreed_at),
                settled_at: at(row.settled_at),
                departed_at: at(row.departed_at),
                arrived_at: at(row.arrived_at),
                sender_confirmed_at: at(row.sender_confirmed_at),
                receiver_confirmed_at: at(row.receiver_confirmed_at),
                ended_at: at(row.ended_at),
                text_shredded_at: at(row.text_shredded_at),
            },
            supervisor: row.supervisor.as_deref().map(|who| list(TABLE, who)).transpose()?,
            text_kept: row.text_kept,
        })
    }

    fn row(&self) -> ActiveModel {
        let reason = self.ending.map(|ending| match ending {
            Ending::Redirected(reason) => reason.code(),
            Ending::Failed(reason) => reason.code(),
            Ending::Declined(reason) => reason.code(),
            Ending::Withdrawn(reason) => reason.code(),
        });
        let times = &self.times;
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            code: self.code.clone(),
            sender_id: self.sender.key(),
            receiver_id: self.receiver.key(),
            grant_id: self.sent_by.map(NounId::key),
            on_behalf_of: self.on_behalf_of.clone(),
            need: text(&self.need),
            pathway_id: self.pathway.0.key(),
            pathway_version: self.pathway.1,
            episode_id: Some(self.episode.key()),
            offer: self.offer.as_ref().map(text),
            bed_unit_id: self.to.unit().map(NounId::key),
            team_id: self.to.team().map(NounId::key),
            course: Some(text(&self.course)),
            hold_id: self.hold.map(NounId::key),
            state: self.state.code().into(),
            reason: reason.map(Into::into),
            arrive_by: self.arrive_by.micros(),
            due_at: self.due_at.map(At::micros),
            late: self.late,
            nudged_at: self.nudged.map(|nudge| nudge.at.micros()),
            nudged_by: self.nudged.map(|nudge| nudge.by.code().into()),
            announced_at: times.announced_at.micros(),
            acknowledged_at: times.acknowledged_at.map(At::micros),
            agreed_at: times.agreed_at.map(At::micros),
            settled_at: times.settled_at.map(At::micros),
            departed_at: times.departed_at.map(At::micros),
            arrived_at: times.arrived_at.map(At::micros),
            sender_confirmed_at: times.sender_confirmed_at.map(At::micros),
            receiver_confirmed_at: times.receiver_confirmed_at.map(At::micros),
            ended_at: times.ended_at.map(At::micros),
            text_shredded_at: times.text_shredded_at.map(At::micros),
            supervisor: self.supervisor.as_ref().map(text),
            text_kept: self.text_kept,
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, stamp: Stamp) -> Result<(), Error> {
        let handoff = changed.state();
        let clocks = [
            (DueKind::HandoffClock, handoff.due_at),
            (DueKind::TransportClock, handoff.transport_due_at()),
            (DueKind::SupervisorClock, handoff.supervisor_due_at()),
        ];
        tx.set_due(handoff.id, &clocks);
        if changed.happening().kind == EventKind::HandoffShredded {
            if !handoff.text_kept {
                tx.shred(handoff.id).await?;
            }
            // What either agency wrote is over: both read it in their audit.
            if handoff.receiver != stamp.owner {
                let line = tx.audit_line(Stamp { owner: handoff.receiver, ..stamp }, changed.happening());
                tx.later().audit.push(line);
            }
        }
        tx.tell_on(changed).await
    }
}

impl HandoffFilter {
    fn condition(&self) -> Condition {
        let states = self.states.as_ref().map(|states| Column::State.is_in(states.iter().map(|state| state.code())));
        Condition::all()
            .add_option(self.unit.map(|id| Column::BedUnitId.eq(id.key())))
            .add_option(self.team.map(|id| Column::TeamId.eq(id.key())))
            .add_option(self.sender.map(|id| Column::SenderId.eq(id.key())))
            .add_option(self.receiver.map(|id| Column::ReceiverId.eq(id.key())))
            .add_option(self.code.as_ref().map(|code| Column::Code.eq(code)))
            .add_option(states)
    }

    /// Whether nothing that has ended is asked for.
    fn is_of_open_ones(&self) -> bool {
        self.states.as_ref().is_some_and(|states| states.iter().all(|state| state.is_open()))
    }
}

impl Tx {
    /// One handoff, locked; `None` when it is absent or not the viewer's to see.
    pub async fn handoff(&self, id: HandoffId) -> Result<Option<Handoff>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// Handoffs by id, locked in the order of their ids; those absent or not the viewer's to see are left out.
    pub async fn handoffs(&self, ids: &[HandoffId]) -> Result<Vec<Handoff>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.many(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Handoffs by id as they stand, without a lock: which episodes they belong to never changes.
    pub async fn handoffs_as_they_are(&self, ids: &[HandoffId]) -> Result<Vec<Handoff>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Whether a team, which is locked, is on its way to somebody else by a handoff, whoever sent it.
    pub async fn is_promised(&self, team: TeamId, but: HandoffId) -> Result<bool, Error> {
        let on_the_way = [HandoffState::Accepted, HandoffState::EnRoute].map(HandoffState::code);
        let others = key(Column::TeamId, team.key()).add(Column::DueAt.is_not_null()).add(Column::Id.ne(but.key()));
        Ok(self.how_many_beside::<Entity>(others.add(Column::State.is_in(on_the_way))).await? > 0)
    }

    /// Every handoff of an episode, locked in the order of their ids, whoever receives it: what settles a search settles it
    /// for all who were asked.
    pub async fn handoffs_of(&self, episode: EpisodeId) -> Result<Vec<Handoff>, Error> {
        self.settling(key(Column::EpisodeId, episode.key())).await
    }
}

impl Reader {
    /// The handoffs of episodes that the viewer sees.
    pub async fn handoffs_of(&self, episodes: &[EpisodeId]) -> Result<Vec<Handoff>, Error> {
        let keys: Vec<_> = episodes.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::EpisodeId, &keys)).await
    }

    /// Handoffs by id; those absent or not the viewer's to see are left out.
    pub async fn handoffs(&self, ids: &[HandoffId]) -> Result<Vec<Handoff>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Handoffs of a filter between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_handoffs(
        &self,
        filter: &HandoffFilter,
        (below, above): (Option<HandoffId>, Option<HandoffId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Handoff>, Error> {
        let which = filter
            .condition()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        let ways = ways_to_handoffs(self.scope(), filter.is_of_open_ones());
        self.on_each_way(ways, &which, Column::Id, (most, from_end), |handoff: &Handoff| handoff.id).await
    }
}
