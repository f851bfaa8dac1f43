//! The ledger: who opened what, written before anything is opened.
use super::directory::{coded, count, number};
use super::error::Error;
use super::tx::{Reader, Tx};
use crate::domain::code::Coded;
use crate::domain::id::{
    ConsentId, DisclosureId, GrantId, HandoffEntryId, HandoffId, NounId, OrganizationId, RegionId,
};
use crate::domain::sealed::Disclosure;
use crate::domain::time::At;
use crate::policy::permit::{Disclose, Permit};
use entity::disclosure::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel};

const TABLE: &str = "disclosure";

/// Proof that the ledger has lines about some entries: only [`Tx::record_disclosure`] adds any, and only what it names is
/// opened.
#[derive(Debug, Default)]
pub struct Recorded(Vec<(HandoffId, HandoffEntryId)>);

impl Recorded {
    pub(super) fn entries_of(&self, handoff: HandoffId) -> Vec<HandoffEntryId> {
        self.0.iter().filter(|(of, _)| *of == handoff).map(|(_, id)| *id).collect()
    }
}

impl Tx {
    /// Writes the ledger's lines about one handoff, with the entries that they are about. It cannot be taken back but with
    /// the whole transaction, and nothing leaves that unless it commits.
    pub async fn record_disclosure(
        &self,
        permit: Permit<Disclose>,
        recorded: &mut Recorded,
        lines: &[(Disclosure, Vec<HandoffEntryId>)],
    ) -> Result<(), Error> {
        for (line, entries) in lines {
            if line.handoff.key() != permit.row() {
                return Err(Error::Unfit("a line of the ledger is about another handoff than its permit"));
            }
            let row = Model {
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
                entries: number(entries.len()),
                link: None,
            };
            Entity::insert(row.into_active_model().reset_all()).exec_without_returning(self.connection()).await?;
            recorded.0.extend(entries.iter().map(|id| (line.handoff, *id)));
        }
        Ok(())
    }
}

impl Reader {
    /// Lines of the ledger about a handoff between two ids, latest first; the first `most` of them, or with `from_end` the
    /// last.
    pub async fn disclosures(
        &self,
        of: HandoffId,
        (below, above): (Option<DisclosureId>, Option<DisclosureId>),
        most: u64,
        from_end: bool,
    ) -> Result<Vec<Disclosure>, Error> {
        let which = Condition::all()
            .add(Column::HandoffId.eq(of.key()))
            .add_option(below.map(|id| Column::Id.lt(id.key())))
            .add_option(above.map(|id| Column::Id.gt(id.key())));
        self.between::<Entity>(which, Column::Id, most, from_end).await?.into_iter().map(line).collect()
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
        entries: count(TABLE, row.entries)?,
    })
}
