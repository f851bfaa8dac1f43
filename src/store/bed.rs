//! Rows of bed units, their reports, and what time will change about them.
use super::directory::{coded, count, external_ids, external_text, list, maybe, number, text};
use super::error::Error;
use super::scoped::key;
use super::tx::{Kept, KeptBy, Reader, Tx};
use crate::domain::bed::{BedUnit, BedUnitDetails, Blocked, Census, Pause, Report, UnitDefinition};
use crate::domain::code::Coded;
use crate::domain::entry::{Changed, Entry};
use crate::domain::event::EventKind;
use crate::domain::id::{
    BedReportId, BedUnitId, FacilityId, GlobalId, Noun, NounId, OrganizationId, RegionId, ServiceId,
};
use crate::domain::time::At;
use crate::policy::permit::{HoldBed, PauseUnit, ReportBeds, SaveBedUnit, Stamp, TellTime};
use entity::{bed_report, bed_unit};
use sea_orm::sea_query::{Order, Query, SelectStatement, UnionType};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, IntoActiveModel};
use std::collections::HashMap;
use uuid::Uuid;

const TABLE: &str = "bed_unit";

impl KeptBy<SaveBedUnit> for BedUnit {}
impl KeptBy<ReportBeds> for BedUnit {}
impl KeptBy<PauseUnit> for BedUnit {}
impl KeptBy<HoldBed> for BedUnit {}
impl KeptBy<TellTime> for BedUnit {}

fn definition(row: &bed_unit::Model) -> Result<UnitDefinition, Error> {
    Ok(UnitDefinition {
        facility: FacilityId::of(row.facility_id),
        service: ServiceId::of(row.service_id),
        counts: coded(TABLE, &row.counts)?,
        age_min: maybe(TABLE, row.age_min)?,
        age_max: maybe(TABLE, row.age_max)?,
        gender: coded(TABLE, &row.gender)?,
        security: coded(TABLE, &row.security)?,
        voluntary: row.voluntary,
        involuntary: row.involuntary,
        specialties: list(TABLE, &row.specialties)?,
        licensed: count(TABLE, row.licensed)?,
        sla_minutes: count(TABLE, row.sla_minutes)?,
        hold_policy: coded(TABLE, &row.hold_policy)?,
        drop_off: row.drop_off,
        public: row.public,
    })
}

fn report(row: &bed_unit::Model) -> Result<Option<Report>, Error> {
    let Some(id) = row.report_id else { return Ok(None) };
    let lost = || Error::Corrupt { table: TABLE, what: "report" };
    let blocked: Vec<Blocked> = list(TABLE, row.blocked.as_deref().ok_or_else(lost)?)?;
    Ok(Some(Report {
        id: BedReportId::of(id),
        as_of: At::from_micros(row.as_of.ok_or_else(lost)?),
        received_at: At::from_micros(row.received_at.ok_or_else(lost)?),
        provenance: coded(TABLE, row.report_provenance.as_deref().ok_or_else(lost)?)?,
        census: Census {
            staffed: count(TABLE, row.staffed.ok_or_else(lost)?)?,
            occupied: count(TABLE, row.occupied.ok_or_else(lost)?)?,
            blocked,
            pending_discharge: count(TABLE, row.pending_discharge.ok_or_else(lost)?)?,
            waitlist: count(TABLE, row.waitlist.ok_or_else(lost)?)?,
            accepting: coded(TABLE, row.accepting.as_deref().ok_or_else(lost)?)?,
        },
    }))
}

fn pause(row: &bed_unit::Model) -> Result<Option<Pause>, Error> {
    let lost = || Error::Corrupt { table: TABLE, what: "pause" };
    let Some(reason) = &row.pause_reason else { return Ok(None) };
    Ok(Some(Pause {
        reason: coded(TABLE, reason)?,
        over: row.pause_over,
        since: At::from_micros(row.paused_since.ok_or_else(lost)?),
        until: At::from_micros(row.paused_until.ok_or_else(lost)?),
    }))
}

impl Kept for BedUnit {
    type Entity = bed_unit::Entity;
    type Row = bed_unit::ActiveModel;
    const VERSION: bed_unit::Column = bed_unit::Column::Version;

    fn from_row(row: bed_unit::Model) -> Result<Self, Error> {
        let (definition, report, pause) = (definition(&row)?, report(&row)?, pause(&row)?);
        Ok(Self {
            entry: Entry {
                id: BedUnitId::of(row.id),
                region: RegionId::of(row.region_id),
                owner: OrganizationId::of(row.organization_id),
                version: row.version,
                details: BedUnitDetails { label: row.label, definition },
                external_ids: external_ids(TABLE, &row.external_ids)?,
                retired: row.retired,
                provenance: coded(TABLE, &row.provenance)?,
                updated_at: At::from_micros(row.updated_at),
            },
            report,
            pause,
            told: coded(TABLE, &row.told)?,
            held: list(TABLE, &row.held)?,
            arrivals: list(TABLE, &row.arrivals)?,
        })
    }

    fn row(&self) -> Self::Row {
        let (entry, d) = (&self.entry, self.definition());
        let (report, census) = (self.report.as_ref(), self.report.as_ref().map(|r| &r.census));
        let row = bed_unit::Model {
            id: entry.id.key(),
            region_id: entry.region.key(),
            organization_id: entry.owner.key(),
            version: entry.version,
            label: entry.details.label.clone(),
            facility_id: d.facility.key(),
            service_id: d.service.key(),
            counts: d.counts.code().into(),
            age_min: d.age_min.map(number),
            age_max: d.age_max.map(number),
            gender: d.gender.code().into(),
            security: d.security.code().into(),
            voluntary: d.voluntary,
            involuntary: d.involuntary,
            specialties: text(&d.specialties),
            licensed: number(d.licensed),
            sla_minutes: number(d.sla_minutes),
            hold_policy: d.hold_policy.code().into(),
            drop_off: d.drop_off,
            public: d.public,
            audience: d.audience().bits(),
            report_id: report.map(|r| r.id.key()),
            as_of: report.map(|r| r.as_of.micros()),
            received_at: report.map(|r| r.received_at.micros()),
            report_provenance: report.map(|r| r.provenance.code().into()),
            staffed: census.map(|c| number(c.staffed)),
            occupied: census.map(|c| number(c.occupied)),
            blocked: census.map(|c| text(&c.blocked)),
            pending_discharge: census.map(|c| number(c.pending_discharge)),
            waitlist: census.map(|c| number(c.waitlist)),
            accepting: census.map(|c| c.accepting.code().into()),
            pause_reason: self.pause.map(|p| p.reason.code().into()),
            paused_since: self.pause.map(|p| p.since.micros()),
            paused_until: self.pause.map(|p| p.until.micros()),
            told: self.told.code().into(),
            held: text(&self.held),
            arrivals: text(&self.arrivals),
            pause_over: self.pause.is_some_and(|pause| pause.over),
            external_ids: external_text(&entry.external_ids),
            retired: entry.retired,
            provenance: entry.provenance.code().into(),
            updated_at: entry.updated_at.micros(),
        };
        row.into_active_model().reset_all()
    }

    async fn save_beside(tx: &Tx, changed: &Changed<Self>, stamp: Stamp) -> Result<(), Error> {
        let unit = changed.state();
        tx.set_due(unit.id(), &unit.due());
        if let (EventKind::BedsReported, Some(report)) = (changed.happening().kind, &unit.report) {
            tx.later().reports.push(report_row(unit, report, stamp));
        }
        Ok(())
    }
}

impl Tx {
    /// One unit, locked; `None` when it is absent or not the viewer's to see.
    pub async fn bed_unit(&self, id: BedUnitId) -> Result<Option<BedUnit>, Error> {
        self.one(key(bed_unit::Column::Id, id.key())).await
    }

    /// Units by id, locked in the order of their ids; those absent or not the viewer's to see are left out.
    pub async fn bed_units(&self, ids: &[BedUnitId]) -> Result<Vec<BedUnit>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.many(self.dialect().any_of(bed_unit::Column::Id, &keys)).await
    }

    /// Units by id as they stand, without a lock: for what promises no place.
    pub async fn bed_units_as_they_are(&self, ids: &[BedUnitId]) -> Result<Vec<BedUnit>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.look(self.dialect().any_of(bed_unit::Column::Id, &keys)).await
    }

    /// The units where places of handoffs are kept, locked in the order of their ids, whoever may see them.
    pub async fn units_behind(&self, ids: &[BedUnitId]) -> Result<Vec<BedUnit>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.settling(self.dialect().any_of(bed_unit::Column::Id, &keys)).await
    }

    /// The units of a facility that are not withdrawn, locked in the order of their ids.
    pub async fn bed_units_at(&self, facility: FacilityId) -> Result<Vec<BedUnit>, Error> {
        self.many(key(bed_unit::Column::FacilityId, facility.key()).add(bed_unit::Column::Retired.eq(false))).await
    }

    /// Whether units that are not withdrawn stand on an entry of the directory: its organization's, its facility's, its
    /// service's.
    pub async fn units_stand_on(&self, entry: GlobalId) -> Result<bool, Error> {
        let column = match entry.noun {
            Noun::Organization => bed_unit::Column::OrganizationId,
            Noun::Facility => bed_unit::Column::FacilityId,
            Noun::Service => bed_unit::Column::ServiceId,
            _ => return Ok(false),
        };
        self.any::<bed_unit::Entity>(key(column, entry.key).add(bed_unit::Column::Retired.eq(false))).await
    }
}

fn report_row(unit: &BedUnit, report: &Report, stamp: Stamp) -> bed_report::Model {
    let census = &report.census;
    bed_report::Model {
        id: report.id.key(),
        region_id: unit.entry.region.key(),
        organization_id: unit.entry.owner.key(),
        bed_unit_id: unit.id().key(),
        as_of: report.as_of.micros(),
        received_at: report.received_at.micros(),
        provenance: report.provenance.code().into(),
        staffed: number(census.staffed),
        occupied: number(census.occupied),
        blocked: text(&census.blocked),
        pending_discharge: number(census.pending_discharge),
        waitlist: number(census.waitlist),
        accepting: census.accepting.code().into(),
        grant_id: stamp.grant.map(NounId::key),
    }
}

impl Reader {
    /// Units by id; those absent or not the viewer's to see are left out.
    pub async fn bed_units(&self, ids: &[BedUnitId]) -> Result<Vec<BedUnit>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| id.key()).collect();
        self.all(self.dialect().any_of(bed_unit::Column::Id, &keys)).await
    }

    /// Every unit that the viewer sees.
    pub async fn all_bed_units(&self) -> Result<Vec<BedUnit>, Error> {
        self.all(Condition::all()).await
    }

    /// What each of these asks for, latest first, in one statement.
    pub async fn bed_reports(&self, asked: &[ReportsAsked]) -> Result<HashMap<ReportsAsked, Vec<Report>>, Error> {
        let Some(ids) =
            asked.iter().map(ReportsAsked::ids).reduce(|mut all, one| all.union(UnionType::All, one).take())
        else {
            return Ok(HashMap::new());
        };
        let which = Condition::all().add(bed_report::Column::Id.in_subquery(ids));
        let mut of_unit = HashMap::<Uuid, Vec<Report>>::new();
        for row in self.between::<bed_report::Entity>(which, bed_report::Column::AsOf, u64::MAX >> 1, false).await? {
            of_unit.entry(row.bed_unit_id).or_default().push(past_report(row)?);
        }
        // One unit may be asked for twice, as of two instants: each takes its own of what was found for both.
        let found = |asked: &ReportsAsked| {
            let all = of_unit.get(&asked.unit.key()).map_or(&[][..], Vec::as_slice);
            let most = usize::try_from(asked.most).unwrap_or(usize::MAX);
            all.iter().filter(|report| asked.covers(report.as_of)).take(most).cloned().collect()
        };
        Ok(asked.iter().map(|asked| (*asked, found(asked))).collect())
    }
}

/// Which past reports are asked for: `most` of a unit's, from the latest that was true by `last` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReportsAsked {
    /// The unit.
    pub unit: BedUnitId,
    /// The latest instant at which one of them was true.
    pub last: At,
    /// They were true before this instant.
    pub before: Option<At>,
    /// How many at most.
    pub most: u64,
}

impl ReportsAsked {
    fn covers(&self, as_of: At) -> bool {
        as_of <= self.last && self.before.is_none_or(|before| as_of < before)
    }

    /// The ids of those reports, whoever may see them: a walk along the index from the first of them.
    fn ids(&self) -> SelectStatement {
        use bed_report::Column;
        let mut latest = Query::select();
        latest
            .column(Column::Id)
            .from(bed_report::Entity)
            .and_where(Column::BedUnitId.eq(self.unit.key()))
            .and_where(Column::AsOf.lte(self.last.micros()))
            .and_where_option(self.before.map(|before| Column::AsOf.lt(before.micros())))
            .order_by(Column::AsOf, Order::Desc)
            .limit(self.most);
        // In brackets of its own: no database limits the parts of a union otherwise.
        Query::select().column(Column::Id).from_subquery(latest.take(), "latest").take()
    }
}

fn past_report(row: bed_report::Model) -> Result<Report, Error> {
    Ok(Report {
        id: BedReportId::of(row.id),
        as_of: At::from_micros(row.as_of),
        received_at: At::from_micros(row.received_at),
        provenance: coded("bed_report", &row.provenance)?,
        census: Census {
            staffed: count("bed_report", row.staffed)?,
            occupied: count("bed_report", row.occupied)?,
            blocked: list("bed_report", &row.blocked)?,
            pending_discharge: count("bed_report", row.pending_discharge)?,
            waitlist: count("bed_report", row.waitlist)?,
            accepting: coded("bed_report", &row.accepting)?,
        },
    })
}
