//! The ledger: who opened what, written before anything is opened.
use super::directory::{coded, count, number};
use super::error::Error;
use super::later::inserts;
use super::tx::{Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::id::{
    ConsentId, DisclosureId, GrantId, HandoffEntryId, HandoffId, NounId, OrganizationId, RegionId,
};
use crate::domain::sealed::{Disclosure, DisclosureBasis, DisclosureReason, Tier};
use crate::domain::time::At;
use crate::policy::permit::{Acts, Disclose, Permit};
use entity::disclosure::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel};
use std::marker::PhantomData;
use uuid::Uuid;

const TABLE: &str = "disclosure";

/// Lines of the ledger that are to be written, each under the permit for its handoff.
#[derive(Debug, Default)]
pub struct Lines {
    rows: Vec<Model>,
    about: Vec<(HandoffId, HandoffEntryId)>,
}

/// Proof that the ledger has lines about some entries: only [`Tx::record_disclosures`] makes one, and only what it names is
/// opened.
#[derive(Debug)]
pub struct Recorded(Vec<(HandoffId, HandoffEntryId)>);

/// Proof that the ledger has a line about one row, under one action: only [`Tx::note_disclosure`] makes one.
#[derive(Debug)]
pub struct Noted<A> {
    row: Uuid,
    by: PhantomData<A>,
}

impl Recorded {
    pub(super) fn about(&self) -> &[(HandoffId, HandoffEntryId)] {
        &self.0
    }
}

impl Lines {
    /// Adds those about one handoff, with the entries that they are about.
    pub fn add(&mut self, permit: Permit<Disclose>, lines: &[(Disclosure, Vec<HandoffEntryId>)]) -> Result<(), Error> {
        for (line, entries) in lines {
            if line.handoff.key() != permit.row() {
                return Err(Error::Unfit("a line of the ledger is about another handoff than its permit"));
            }
            self.rows.push(row(line, entries.len()));
            self.about.extend(entries.iter().map(|id| (line.handoff, *id)));
        }
        Ok(())
    }

    /// How many entries they are about.
    pub fn entries(&self) -> usize {
        self.about.len()
    }
}

impl Tx {
    /// Writes lines of the ledger, all in one statement. It cannot be taken back but with the whole transaction, and nothing
    /// leaves that unless it commits.
    pub async fn record_disclosures(&self, lines: Lines) -> Result<Recorded, Error> {
        let rows = lines.rows.into_iter().map(|row| row.into_active_model().reset_all());
        self.dialect().run(self.connection(), inserts(self.dialect().backend(), rows)).await?;
        Ok(Recorded(lines.about))
    }

    /// Writes one line of the ledger, about what its permit is for: a threat that is told or read, a consent that tells.
    pub async fn note_disclosure<A: Acts>(&self, permit: &Permit<A>, line: &Disclosure) -> Result<Noted<A>, Error> {
        let row = row(line, usize::try_from(line.entries).unwrap_or(usize::MAX));
        Entity::insert(row.into_active_model().reset_all()).exec_without_returning(self.connection()).await?;
        Ok(Noted { row: permit.row(), by: PhantomData })
    }

    /// Whether an agency's people have opened in a handoff what only a consent or an emergency opens at the tiers that a program
    /// writes. What is found is never answered.
    pub async fn opened_of_programs(&self, of: HandoffId, by: OrganizationId) -> Result<bool, Error> {
        let emergency = Column::Basis.eq(DisclosureBasis::MedicalEmergency.code());
        let how = Condition::any().add(Column::ConsentId.is_not_null()).add(emergency);
        let which = Condition::all()
            .add(Column::HandoffId.eq(of.key()))
            .add(Column::OrganizationId.eq(by.key()))
            .add(Column::AuthorId.ne(by.key()))
            .add(Column::Tier.is_in([Tier::Clinical.code(), Tier::Part2.code()]))
            .add(Column::Entries.gt(0))
            .add(how);
        Ok(self.how_many_beside::<Entity>(which).await? > 0)
    }
}

impl<A> Noted<A> {
    /// Whether it is about this row: anything else is not opened by it.
    pub(super) fn check(&self, row: impl NounId) -> Result<(), Error> {
        if row.key() == self.row { Ok(()) } else { Err(Error::Unfit("a line of the ledger is about another row")) }
    }
}

impl Reader {
    /// Lines of the ledger about a handoff between two ids, latest first; the first `most` of them, or with `from_end` the
    /// last.
    pub async fn disclosures(
        &self,
        of: HandoffId,
        told: Option<OrganizationId>,
        (below, above): (Option<DisclosureId>, Option<DisclosureId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Disclosure>, Error> {
        let which = Condition::all()
            .add(Column::HandoffId.eq(of.key()))
            .add_option(told.map(|agency| Column::OrganizationId.eq(agency.key())))
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        self.between::<Entity>(which, Column::Id, most, from_end).await?.into_iter().map(line).collect()
    }
}

fn row(line: &Disclosure, entries: usize) -> Model {
    // What the role or a consent says is said by the line's other fields.
    let basis = match line.basis {
        DisclosureBasis::Role | DisclosureBasis::Consent => None,
        other => Some(other.code().into()),
    };
    Model {
        id: line.id.key(),
        region_id: line.region.key(),
        at: line.at.micros(),
        grant_id: line.grant.key(),
        role: line.role.code().into(),
        organization_id: line.organization.key(),
        handoff_id: line.handoff.key(),
        tier: line.tier.code().into(),
        purpose: line.purpose.code().into(),
        author_id: line.author.map(NounId::key),
        consent_id: line.consent.map(NounId::key),
        entries: number(entries),
        link: None,
        basis,
        reason: line.reason.map(|reason| reason.code().into()),
    }
}

fn basis(row: &Model) -> Result<DisclosureBasis, Error> {
    match row.basis.as_deref() {
        Some(code) => coded(TABLE, code),
        None if row.consent_id.is_some() => Ok(DisclosureBasis::Consent),
        None => Ok(DisclosureBasis::Role),
    }
}

fn reason(row: &Model) -> Result<Option<DisclosureReason>, Error> {
    let Some(code) = row.reason.as_deref() else { return Ok(None) };
    match basis(row)? {
        DisclosureBasis::Threat | DisclosureBasis::ThreatRead => {
            Ok(Some(DisclosureReason::Threat(coded(TABLE, code)?)))
        }
        DisclosureBasis::MedicalEmergency | DisclosureBasis::EmergencyReview => {
            Ok(Some(DisclosureReason::Emergency(coded(TABLE, code)?)))
        }
        DisclosureBasis::Role | DisclosureBasis::Consent | DisclosureBasis::ToldByConsent => {
            Err(Error::Corrupt { table: TABLE, what: "reason" })
        }
    }
}

fn line(row: Model) -> Result<Disclosure, Error> {
    Ok(Disclosure {
        id: DisclosureId::of(row.id),
        region: RegionId::of(row.region_id),
        at: At::from_micros(row.at),
        grant: GrantId::of(row.grant_id),
        role: coded(TABLE, &row.role)?,
        organization: OrganizationId::of(row.organization_id),
        handoff: HandoffId::of(row.handoff_id),
        tier: coded(TABLE, &row.tier)?,
        purpose: coded(TABLE, &row.purpose)?,
        author: row.author_id.map(OrganizationId::of),
        consent: row.consent_id.map(ConsentId::of),
        basis: basis(&row)?,
        reason: reason(&row)?,
        entries: count(TABLE, row.entries)?,
    })
}
