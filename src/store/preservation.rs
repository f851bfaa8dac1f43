//! Rows of preservations.
use super::directory::coded;
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Store, Tx};
use crate::domain::code::Coded;
use crate::domain::handoff::Handoff;
use crate::domain::id::{GrantId, HandoffId, NounId, OrganizationId, PreservationId, RegionId};
use crate::domain::preservation::Preservation;
use crate::domain::time::At;
use crate::policy::permit::PreserveHandoff;
use entity::handoff;
use entity::preservation::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::{Query, SelectStatement};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};
use std::collections::BTreeSet;

const TABLE: &str = "preservation";

impl KeptBy<PreserveHandoff> for Preservation {}

/// Which preservations a list is about; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreservationFilter {
    /// Of this handoff.
    pub handoff: Option<HandoffId>,
    /// Those that stand at an instant alone.
    pub standing_at: Option<At>,
}

/// Those that stand at an instant.
fn standing(now: At) -> Condition {
    let goes_on = Condition::any().add(Column::UntilAt.is_null()).add(Column::UntilAt.gt(now.micros()));
    Condition::all().add(Column::LiftedAt.is_null()).add(goes_on)
}

/// The handoffs that are preserved at an instant.
pub(super) fn preserved(now: At) -> SelectStatement {
    Query::select().column(Column::HandoffId).from(Entity).cond_where(standing(now)).take()
}

impl Kept for Preservation {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: PreservationId::of(row.id),
            region: RegionId::of(row.region_id),
            version: row.version,
            handoff: HandoffId::of(row.handoff_id),
            owner: OrganizationId::of(row.organization_id),
            placed_by: GrantId::of(row.grant_id),
            reason: coded(TABLE, &row.reason)?,
            placed_at: At::from_micros(row.placed_at),
            until: row.until_at.map(At::from_micros),
            lifted_at: row.lifted_at.map(At::from_micros),
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            handoff_id: self.handoff.key(),
            organization_id: self.owner.key(),
            grant_id: self.placed_by.key(),
            reason: self.reason.code().into(),
            placed_at: self.placed_at.micros(),
            until_at: self.until.map(At::micros),
            lifted_at: self.lifted_at.map(At::micros),
        };
        row.into_active_model().reset_all()
    }
}

impl PreservationFilter {
    fn condition(&self) -> Condition {
        Condition::all()
            .add_option(self.handoff.map(|id| Column::HandoffId.eq(id.key())))
            .add_option(self.standing_at.map(standing))
    }
}

impl Store {
    /// How many preservations stand: a number for whoever runs the hub.
    pub async fn preservations_standing(&self) -> Result<u64, Error> {
        #[expect(clippy::disallowed_methods, reason = "a count tells nobody what is preserved")]
        let standing = Entity::find().filter(standing(self.clock().now()));
        Ok(standing.count(&self.pools().readers).await?)
    }
}

impl Tx {
    /// One handoff of an agency, locked, whose privacy office reads no handoffs: nothing of it is answered.
    pub async fn handoff_of_party(&self, id: HandoffId, party: OrganizationId) -> Result<Option<Handoff>, Error> {
        use handoff::Column as Of;
        let either = Condition::any().add(Of::SenderId.eq(party.key())).add(Of::ReceiverId.eq(party.key()));
        Ok(self.settling(key(Of::Id, id.key()).add(either)).await?.pop())
    }

    /// One preservation, locked; `None` when it is absent or not the viewer's to see.
    pub async fn preservation(&self, id: PreservationId) -> Result<Option<Preservation>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// The preservations of a handoff that the viewer sees and that stand now; the handoff's lock keeps them still.
    pub async fn preservations_of(&self, handoff: HandoffId, now: At) -> Result<Vec<Preservation>, Error> {
        self.look(key(Column::HandoffId, handoff.key()).add(standing(now))).await
    }

    /// Which of these handoffs, which are locked, are preserved.
    pub async fn preserved_among(&self, handoffs: &[HandoffId], now: At) -> Result<BTreeSet<HandoffId>, Error> {
        let keys: Vec<_> = handoffs.iter().map(|id| id.key()).collect();
        let which = self.dialect().any_of(Column::HandoffId, &keys).add(standing(now));
        let found: Vec<Preservation> = self.look(which).await?;
        Ok(found.into_iter().map(|preservation| preservation.handoff).collect())
    }
}

impl Reader {
    /// Preservations by id; those absent or not the viewer's to see are left out.
    pub async fn preservations(&self, ids: &[PreservationId]) -> Result<Vec<Preservation>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// Preservations of a filter between two ids, latest first; the first `most` of them, or with `from_end` the last.
    pub async fn list_preservations(
        &self,
        filter: &PreservationFilter,
        (below, above): (Option<PreservationId>, Option<PreservationId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Preservation>, Error> {
        let which = filter
            .condition()
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        let rows = self.between::<Entity>(which, Column::Id, most, from_end).await?;
        rows.into_iter().map(Preservation::from_row).collect()
    }
}
