//! Rows of shares: begun and ended with their consent, told on with each change of their handoff and of what follows it. They
//! have no verb of their own, and stand beside the row whose permit is spent.
use super::directory::coded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::entry::Changed;
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, HandoffId, HandoffShareId, Noun, NounId, OrganizationId, RegionId};
use crate::domain::sealed::Consent;
use crate::domain::share::HandoffShare;
use crate::domain::time::At;
use crate::policy::{Action, Machine, Stamp};
use entity::handoff_share::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use std::cmp::Reverse;
use std::collections::BTreeSet;

const TABLE: &str = "handoff_share";

impl Kept for HandoffShare {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: HandoffShareId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            handoff: HandoffId::of(row.handoff_id),
            consent: ConsentId::of(row.consent_id),
            kind: coded(TABLE, &row.kind)?,
            from: OrganizationId::of(row.from_id),
            to: OrganizationId::of(row.agency_id),
            part2: row.part2,
            begun_at: At::from_micros(row.begun_at),
            until: At::from_micros(row.until),
            ended_at: row.ended_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            handoff_id: self.handoff.key(),
            consent_id: self.consent.key(),
            kind: self.kind.code().into(),
            from_id: self.from.key(),
            agency_id: self.to.key(),
            part2: self.part2,
            begun_at: self.begun_at.micros(),
            until: self.until.micros(),
            ended_at: self.ended_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }
}

/// Of shares those that stand, and of them one for each agency and kind: another would tell the same people the same again.
fn one_each(told: Vec<HandoffShare>, at: At) -> impl Iterator<Item = HandoffShare> {
    let mut each = BTreeSet::new();
    told.into_iter().filter(move |share| share.stands(at) && each.insert((share.to, share.kind)))
}

/// Telling on is the hub's doing, and kept with the agency whose word the consent tells: whoever moves a handoff, police too,
/// would read from their own audit that somebody is told.
fn by_the_hub(share: &HandoffShare) -> Stamp {
    let (machine, noun) = (Some(Machine::Settler), Noun::HandoffShare);
    Stamp { grant: None, machine, action: Action::SendHandoff, noun, owner: share.from }
}

impl Tx {
    /// Those who are told of a handoff and have not been told of an end, whoever sees them, locked.
    async fn told_of(&self, handoff: HandoffId) -> Result<Vec<HandoffShare>, Error> {
        self.settling(key(Column::HandoffId, handoff.key()).add(Column::EndedAt.is_null())).await
    }

    /// Keeps a change of a share: its row, its audit line, and its event.
    async fn keep_share(&self, changed: &Changed<HandoffShare>, stamp: Stamp) -> Result<(), Error> {
        let (share, row) = (changed.state(), changed.state().row());
        if share.version == 1 {
            Entity::insert(row).exec_without_returning(self.connection()).await?;
        } else {
            let as_read = key(Column::Id, share.id.key()).add(Column::Version.eq(share.version - 1));
            if Entity::update_many().set(row).filter(as_read).exec(self.connection()).await?.rows_affected != 1 {
                return Err(Error::Conflict);
            }
        }
        let line = self.audit_line(stamp, changed.happening());
        let mut later = self.later();
        later.audit.push(line);
        later.happenings.push(changed.happening().clone());
        Ok(())
    }

    /// Tells on a change of a handoff. Nobody can have been told of one that is just made.
    pub(super) async fn tell_on(&self, changed: &Changed<Handoff>) -> Result<(), Error> {
        let (of, at) = (changed.state(), changed.happening().at);
        if of.version == 1 {
            return Ok(());
        }
        for share in one_each(self.told_of(of.id).await?, at) {
            if let Some(told) = share.tell(of, at) {
                self.keep_share(&told, by_the_hub(&share)).await?;
            }
        }
        Ok(())
    }

    /// Tells on what becomes of a person, where a consent tells what this agency says of it.
    pub(super) async fn tell_outcome(&self, changed: &Changed<FollowUp>) -> Result<(), Error> {
        let (follow_up, at) = (changed.state(), changed.happening().at);
        // What follows a call is nobody's but the agency's that was called.
        let Some(handoff) = follow_up.handoff else { return Ok(()) };
        let told = self.told_of(handoff).await?;
        let told = told.into_iter().filter(|share| share.from == follow_up.owner).collect();
        let told: Vec<_> = one_each(told, at).collect();
        if told.is_empty() {
            return Ok(());
        }
        // Not locked: it comes before its shares, and where it leads does not change.
        let of = self.look::<Handoff>(key(entity::handoff::Column::Id, handoff.key())).await?;
        let of = of.first().ok_or(Error::Corrupt { table: TABLE, what: "handoff_id" })?;
        for share in &told {
            if let Some(told) = share.tell(of, at) {
                self.keep_share(&told, by_the_hub(share)).await?;
            }
        }
        Ok(())
    }

    /// Begins and ends what a consent tells, as it stands after its change.
    pub(super) async fn tell_by(&self, changed: &Changed<Consent>, stamp: Stamp) -> Result<(), Error> {
        let (consent, at) = (changed.state(), changed.happening().at);
        if !consent.terms.tells() {
            return Ok(());
        }
        // Whoever changes a consent has locked its handoff.
        let of = self.look::<Handoff>(key(entity::handoff::Column::Id, consent.handoff.key())).await?;
        let of = of.first().ok_or(Error::Corrupt { table: "consent", what: "handoff_id" })?;
        let told = self.told_of(of.id).await?;
        let (stands, stamp) = (consent.stands(at), Stamp { noun: Noun::HandoffShare, ..stamp });
        for to in consent.terms.to.iter().filter(|_| stands) {
            if told.iter().any(|share| (share.consent, share.to) == (consent.id, *to)) {
                continue;
            }
            let like = |share: &&HandoffShare| (share.to, share.kind) == (*to, consent.terms.kind);
            let also = told.iter().any(|share| like(&share));
            if let Some(begun) = HandoffShare::begin(self.id(), consent, *to, of, also, at) {
                self.keep_share(&begun, stamp).await?;
            }
        }
        for share in told.iter().filter(|share| !stands && share.consent == consent.id) {
            // One whose time is over too has an end of its own, which is told next: it leaves once.
            let also = told.iter().any(|other| share.is_beside(other));
            if let Some(ended) = share.end(of, also, at) {
                self.keep_share(&ended, stamp).await?;
            }
        }
        Ok(())
    }
}

impl Reader {
    /// Rows that are come to on any of some ways, latest first: the first `most` of them, or with `from_end` the last.
    pub(super) async fn on_each_way<T: Kept, K: Ord>(
        &self,
        ways: Vec<Condition>,
        which: &Condition,
        by: <T::Entity as EntityTrait>::Column,
        (most, from_end): (u64, bool),
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        for way in ways {
            let rows = self.between::<T::Entity>(which.clone().add(way), by, most, from_end).await?;
            found.extend(rows.into_iter().map(T::from_row).collect::<Result<Vec<T>, _>>()?);
        }
        found.sort_by_key(|one| Reverse(key(one)));
        found.dedup_by(|one, other| key(one) == key(other));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if from_end {
            found.drain(..found.len().saturating_sub(most));
        } else {
            found.truncate(most);
        }
        Ok(found)
    }

    /// Shares by id; those that have ended, or are not the viewer's, are left out.
    pub async fn shares(&self, ids: &[HandoffShareId]) -> Result<Vec<HandoffShare>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The shares by which the viewer is told of handoffs.
    pub async fn shares_of(&self, handoffs: &[HandoffId]) -> Result<Vec<HandoffShare>, Error> {
        let keys: Vec<_> = handoffs.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::HandoffId, &keys)).await
    }
}
