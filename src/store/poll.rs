//! Rows of requests that units confirm their numbers now, and what answers them.
use super::directory::{list, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::bed::BedUnit;
use crate::domain::code::Coded;
use crate::domain::event::Audience;
use crate::domain::id::{BedUnitId, BedUpdateRequestId, GrantId, NounId, OrganizationId, RegionId};
use crate::domain::notice::Author;
use crate::domain::poll::BedUpdateRequest;
use crate::domain::service::ServiceKind;
use crate::domain::time::At;
use crate::policy::permit::RequestBedUpdate;
use entity::bed_update_request::{ActiveModel, Column, Entity, Model};
use entity::{bed_report, bed_unit, facility, service};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};

const TABLE: &str = "bed_update_request";

impl KeptBy<RequestBedUpdate> for BedUpdateRequest {}

impl Kept for BedUpdateRequest {
    type Entity = Entity;
    type Row = ActiveModel;
    const VERSION: Column = Column::Version;

    fn from_row(row: Model) -> Result<Self, Error> {
        Ok(Self {
            id: BedUpdateRequestId::of(row.id),
            version: row.version,
            author: Author {
                region: RegionId::of(row.region_id),
                organization: OrganizationId::of(row.organization_id),
                grant: GrantId::of(row.grant_id),
            },
            asked_at: At::from_micros(row.asked_at),
            due_at: At::from_micros(row.due_at),
            units: list(TABLE, &row.units)?,
            audience: Audience::from_bits(row.audience),
            note: row.note,
            drill: row.drill,
        })
    }

    fn row(&self) -> ActiveModel {
        let row = Model {
            id: self.id.key(),
            region_id: self.author.region.key(),
            organization_id: self.author.organization.key(),
            version: self.version,
            grant_id: self.author.grant.key(),
            units: text(&self.units),
            audience: self.audience.bits(),
            note: self.note.clone(),
            drill: self.drill,
            asked_at: self.asked_at.micros(),
            due_at: self.due_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Tx {
    /// One request; `None` when it is absent or not the viewer's to see.
    pub async fn bed_update_request(&self, id: BedUpdateRequestId) -> Result<Option<BedUpdateRequest>, Error> {
        self.one(key(Column::Id, id.key())).await
    }

    /// The first `most` units of an agency, or of any, with a place in one of some counties and one of some levels of care;
    /// not withdrawn, locked in the order of their ids. An empty list is any.
    pub async fn bed_units_of(
        &self,
        owner: Option<OrganizationId>,
        counties_fips: &[u32],
        levels_of_care: &[ServiceKind],
        most: u64,
    ) -> Result<Vec<BedUnit>, Error> {
        let mut which = Condition::all().add(bed_unit::Column::Retired.eq(false));
        if let Some(owner) = owner {
            which = which.add(bed_unit::Column::OrganizationId.eq(owner.key()));
        }
        if !counties_fips.is_empty() {
            let there = facility::Column::CountyFips.is_in(counties_fips.iter().copied());
            let places =
                Query::select().column(facility::Column::Id).from(facility::Entity).and_where(there).to_owned();
            which = which.add(bed_unit::Column::FacilityId.in_subquery(places));
        }
        if !levels_of_care.is_empty() {
            let such = service::Column::Kind.is_in(levels_of_care.iter().map(|kind| kind.code()));
            let services = Query::select().column(service::Column::Id).from(service::Entity).and_where(such).to_owned();
            which = which.add(bed_unit::Column::ServiceId.in_subquery(services));
        }
        self.some(which, Some(most)).await
    }
}

impl Reader {
    /// Requests by id; those absent or not the viewer's to see are left out.
    pub async fn bed_update_requests(&self, ids: &[BedUpdateRequestId]) -> Result<Vec<BedUpdateRequest>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(Column::Id, &keys)).await
    }

    /// The requests made since an instant.
    pub async fn bed_update_requests_since(&self, since: At) -> Result<Vec<BedUpdateRequest>, Error> {
        self.all(Condition::all().add(Column::AskedAt.gte(since.micros()))).await
    }

    /// When each unit that a request asks first reported after it, as far as the viewer reads reports.
    pub async fn first_answers(&self, request: &BedUpdateRequest) -> Result<Vec<(BedUnitId, At)>, Error> {
        use bed_report::Column as Report;
        let keys: Vec<_> = request.units.iter().map(|id| id.key()).collect();
        let asked =
            self.dialect().any_of(Report::BedUnitId, &keys).add(Report::ReceivedAt.gte(request.asked_at.micros()));
        let first = Query::select()
            .expr(Expr::col(Report::ReceivedAt).min())
            .from(bed_report::Entity)
            .cond_where(asked.clone())
            .group_by_col(Report::BedUnitId)
            .to_owned();
        let which = asked.add(Report::ReceivedAt.in_subquery(first));
        let rows = self.rows::<bed_report::Entity>(which, Report::ReceivedAt, u64::MAX >> 1).await?;
        Ok(rows.iter().map(|row| (BedUnitId::of(row.bed_unit_id), At::from_micros(row.received_at))).collect())
    }
}
