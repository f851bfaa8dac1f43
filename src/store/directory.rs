//! Rows of the directory: regions, organizations, facilities, services.
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::entry::{Details, Entry, ExternalId};
use crate::domain::facility::{Facility, FacilityDetails};
use crate::domain::geo::Point;
use crate::domain::id::{FacilityId, NounId, OrganizationId, RegionId, ServiceId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::pathway::PathwayDetails;
use crate::domain::region::{Region, RegionDetails};
use crate::domain::service::{Service, ServiceDetails};
use crate::domain::time::At;
use crate::domain::travel::TravelTimesDetails;
use crate::policy::permit::Saves;
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a stored code.
pub(super) fn coded<C: Coded>(table: &'static str, code: &str) -> Result<C, Error> {
    C::from_code(code).ok_or(Error::Corrupt { table, what: C::NAME })
}

/// Reads a stored list.
pub(super) fn list<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::Corrupt { table, what: "list" })
}

/// Writes a list as JSON text.
pub(super) fn text<T: Serialize>(list: &T) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".into())
}

/// Reads a stored number that is never negative.
pub(super) fn count<T: TryFrom<N>, N>(table: &'static str, number: N) -> Result<T, Error> {
    T::try_from(number).map_err(|_| Error::Corrupt { table, what: "number" })
}

/// Reads a stored number that may be absent.
pub(super) fn maybe<T: TryFrom<N>, N>(table: &'static str, number: Option<N>) -> Result<Option<T>, Error> {
    number.map(|number| count(table, number)).transpose()
}

/// Writes a number whose limit lies far below the column's.
pub(super) fn number<T: TryFrom<N> + Default, N>(number: N) -> T {
    T::try_from(number).unwrap_or_default()
}

pub(super) fn external_ids(table: &'static str, stored: &str) -> Result<Vec<ExternalId>, Error> {
    let pairs: Vec<(String, String)> = list(table, stored)?;
    Ok(pairs.into_iter().map(|(system, value)| ExternalId { system, value }).collect())
}

pub(super) fn external_text(ids: &[ExternalId]) -> String {
    text(&ids.iter().map(|id| (&id.system, &id.value)).collect::<Vec<_>>())
}

impl<D: Saves> KeptBy<D::Action> for Entry<D> where Entry<D>: Kept {}

impl Kept for Region {
    type Entity = entity::region::Entity;
    type Row = entity::region::ActiveModel;
    const VERSION: entity::region::Column = entity::region::Column::Version;

    fn from_row(row: entity::region::Model) -> Result<Self, Error> {
        let counties: Vec<crate::domain::region::County> = list("region", &row.counties)?;
        Ok(Self {
            id: RegionId::of(row.id),
            region: RegionId::of(row.id),
            owner: OrganizationId::of(row.owner_id),
            version: row.version,
            details: RegionDetails {
                name: row.name,
                code: row.code,
                time_zone: row.time_zone,
                counties,
                jurisdiction: row.jurisdiction,
            },
            external_ids: Vec::new(),
            retired: row.retired,
            provenance: coded("region", &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let d = &self.details;
        let row = entity::region::Model {
            id: self.id.key(),
            version: self.version,
            owner_id: self.owner.key(),
            name: d.name.clone(),
            code: d.code.clone(),
            time_zone: d.time_zone.clone(),
            counties: text(&d.counties),
            jurisdiction: d.jurisdiction.clone(),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Kept for Organization {
    type Entity = entity::organization::Entity;
    type Row = entity::organization::ActiveModel;
    const VERSION: entity::organization::Column = entity::organization::Column::Version;

    fn from_row(row: entity::organization::Model) -> Result<Self, Error> {
        Ok(Self {
            id: OrganizationId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.id),
            version: row.version,
            details: OrganizationDetails {
                name: row.name,
                kind: coded("organization", &row.kind)?,
                part2_program: row.part2_program,
                covered_entity: row.covered_entity,
                criminal_justice_agency: row.criminal_justice_agency,
                coordinating: row.coordinating,
            },
            external_ids: external_ids("organization", &row.external_ids)?,
            retired: row.retired,
            provenance: coded("organization", &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let d = &self.details;
        let row = entity::organization::Model {
            id: self.id.key(),
            region_id: self.region.key(),
            version: self.version,
            name: d.name.clone(),
            kind: d.kind.code().into(),
            part2_program: d.part2_program,
            covered_entity: d.covered_entity,
            criminal_justice_agency: d.criminal_justice_agency,
            coordinating: d.coordinating,
            external_ids: external_text(&self.external_ids),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Kept for Facility {
    type Entity = entity::facility::Entity;
    type Row = entity::facility::ActiveModel;
    const VERSION: entity::facility::Column = entity::facility::Column::Version;

    fn from_row(row: entity::facility::Model) -> Result<Self, Error> {
        let point = row
            .latitude_e6
            .zip(row.longitude_e6)
            .map(|(latitude_e6, longitude_e6)| Point { latitude_e6, longitude_e6 });
        Ok(Self {
            id: FacilityId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            version: row.version,
            details: FacilityDetails {
                name: row.name,
                street: row.street,
                city: row.city,
                state: row.state,
                zip: row.zip,
                county_fips: maybe("facility", row.county_fips)?,
                point,
                zone: coded("facility", &row.zone)?,
                time_zone: row.time_zone,
                direct_line: row.direct_line,
                first_responder_door: row.first_responder_door,
                walk_in: row.walk_in,
                wheelchair_accessible: row.wheelchair_accessible,
            },
            external_ids: external_ids("facility", &row.external_ids)?,
            retired: row.retired,
            provenance: coded("facility", &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let d = self.details.clone();
        let row = entity::facility::Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            version: self.version,
            name: d.name,
            street: d.street,
            city: d.city,
            state: d.state,
            zip: d.zip,
            county_fips: d.county_fips.map(number),
            latitude_e6: d.point.map(|p| p.latitude_e6),
            longitude_e6: d.point.map(|p| p.longitude_e6),
            zone: d.zone.code().into(),
            time_zone: d.time_zone,
            direct_line: d.direct_line,
            first_responder_door: d.first_responder_door,
            walk_in: d.walk_in,
            wheelchair_accessible: d.wheelchair_accessible,
            external_ids: external_text(&self.external_ids),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

impl Kept for Service {
    type Entity = entity::service::Entity;
    type Row = entity::service::ActiveModel;
    const VERSION: entity::service::Column = entity::service::Column::Version;

    fn from_row(row: entity::service::Model) -> Result<Self, Error> {
        Ok(Self {
            id: ServiceId::of(row.id),
            region: RegionId::of(row.region_id),
            owner: OrganizationId::of(row.organization_id),
            version: row.version,
            details: ServiceDetails {
                name: row.name,
                facility: row.facility_id.map(FacilityId::of),
                kind: coded("service", &row.kind)?,
                no_refusal: row.no_refusal,
                medical_clearance_required: row.medical_clearance_required,
                voluntary: row.voluntary,
                involuntary: row.involuntary,
                age_min: maybe("service", row.age_min)?,
                age_max: maybe("service", row.age_max)?,
                languages: list("service", &row.languages)?,
                catchment_fips: list("service", &row.catchment_fips)?,
                direct_line: row.direct_line,
                text_line: row.text_line,
                hours: row.hours.as_deref().map(|hours| list("service", hours)).transpose()?,
                youth_capable: row.youth_capable,
            },
            external_ids: external_ids("service", &row.external_ids)?,
            retired: row.retired,
            provenance: coded("service", &row.provenance)?,
            updated_at: At::from_micros(row.updated_at),
        })
    }

    fn row(&self) -> Self::Row {
        let d = &self.details;
        let row = entity::service::Model {
            id: self.id.key(),
            region_id: self.region.key(),
            organization_id: self.owner.key(),
            version: self.version,
            name: d.name.clone(),
            facility_id: d.facility.map(NounId::key),
            kind: d.kind.code().into(),
            no_refusal: d.no_refusal,
            medical_clearance_required: d.medical_clearance_required,
            voluntary: d.voluntary,
            involuntary: d.involuntary,
            age_min: d.age_min.map(number),
            age_max: d.age_max.map(number),
            languages: text(&d.languages),
            catchment_fips: text(&d.catchment_fips),
            direct_line: d.direct_line.clone(),
            text_line: d.text_line.clone(),
            hours: d.hours.as_ref().map(text),
            youth_capable: d.youth_capable,
            external_ids: external_text(&self.external_ids),
            retired: self.retired,
            provenance: self.provenance.code().into(),
            updated_at: self.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }
}

/// A directory noun as the store finds it by its key.
pub trait Listed: Details {
    /// The condition that finds one by its key.
    fn by_key(id: Self::Id) -> Condition;
}

macro_rules! listed {
    ($($details:ty, $table:ident;)+) => { $(impl Listed for $details {
        fn by_key(id: Self::Id) -> Condition { key(entity::$table::Column::Id, id.key()) }
    })+ };
}

listed! {
    RegionDetails, region;
    OrganizationDetails, organization;
    FacilityDetails, facility;
    ServiceDetails, service;
    PathwayDetails, pathway;
    TravelTimesDetails, travel_times;
}

impl Tx {
    /// One entry of the directory, locked; `None` when it is absent or not the viewer's to see.
    pub async fn entry<D: Listed>(&self, id: D::Id) -> Result<Option<Entry<D>>, Error>
    where
        Entry<D>: Kept,
    {
        self.one(D::by_key(id)).await
    }

    /// One entry of the directory that a write stands on: nobody changes it until the write ends.
    pub async fn consult<D: Listed>(&self, id: D::Id) -> Result<Option<Entry<D>>, Error>
    where
        Entry<D>: Kept,
    {
        self.still(D::by_key(id)).await
    }

    /// The facilities of an agency that are not withdrawn, locked.
    pub async fn facilities_of(&self, owner: OrganizationId) -> Result<Vec<Facility>, Error> {
        use entity::facility::Column;
        use sea_orm::ColumnTrait;
        self.many(key(Column::OrganizationId, owner.key()).add(Column::Retired.eq(false))).await
    }

    /// The region of a code.
    pub async fn region_by_code(&self, code: &str) -> Result<Option<Region>, Error> {
        use sea_orm::ColumnTrait;
        self.one(Condition::all().add(entity::region::Column::Code.eq(code))).await
    }
}

impl Reader {
    /// Every entry of one kind that the viewer sees.
    pub async fn entries<D: Details>(&self) -> Result<Vec<Entry<D>>, Error>
    where
        Entry<D>: Kept,
    {
        self.all(Condition::all()).await
    }

    /// Entries by id; those absent or not the viewer's to see are left out.
    pub async fn entries_of<D: Listed>(&self, ids: &[D::Id]) -> Result<Vec<Entry<D>>, Error>
    where
        Entry<D>: Kept,
    {
        let any = ids.iter().fold(Condition::any(), |any, id| any.add(D::by_key(*id)));
        if ids.is_empty() { Ok(Vec::new()) } else { self.all(any).await }
    }
}
