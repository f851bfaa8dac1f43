//! Verbs of what is sealed in a handoff: an entry is written, and entries are opened after the ledger has said so.
use super::emergency::{self, InEmergency};
use super::error::Error;
use super::keyed::{Again, once, remember};
use super::law::Desk;
use super::outcome::{Outcome, Problem, ProblemCode};
use super::{Hub, by_handoff, log};
use crate::domain::handoff::Handoff;
use crate::domain::id::{ConsentId, DisclosureId, GrantId, HandoffEntryId, HandoffId, NounId, OrganizationId};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::sealed::{
    Consent, Content, DISCLOSED_MAX, Disclosure, DisclosureBasis, DisclosureReason, ENTRIES_MAX, EntryFacts,
    HANDOFFS_MAX, HandoffEntry, Purpose, Standing, Tier, parties, standing,
};
use crate::domain::time::At;
use crate::policy::permit::{NoteHandoff, Permit};
use crate::policy::tiers::{self, Leave, Relation};
use crate::policy::{Scope, Viewer, permit};
pub use crate::store::Opened;
use crate::store::{Committed, Keyed, Lines, Reader, Tx};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Writes an entry.
#[derive(Clone)]
pub struct Note {
    /// Into which handoff.
    pub handoff: HandoffId,
    /// Of which tier.
    pub tier: Tier,
    /// What it says.
    pub content: Content,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Opens entries.
#[derive(Clone)]
pub struct Disclose {
    /// Of which handoffs.
    pub handoffs: Vec<HandoffId>,
    /// Of which tiers.
    pub tiers: Vec<Tier>,
    /// For what.
    pub purpose: Purpose,
    /// What is said of an emergency, where it is for one.
    pub emergency: Option<InEmergency>,
}

/// What was opened, and why the rest was not.
pub struct Disclosed {
    /// The entries.
    pub entries: Vec<Opened>,
    /// What was not opened.
    pub problems: Vec<Problem>,
}

/// A digest of an input that nobody can try guesses against who has the database alone.
pub fn blinded(hub: &Hub, words: &str) -> Result<String, Error> {
    Ok(hub.store().blinded(words)?)
}

/// Writes an entry into a handoff of the viewer's agency.
pub async fn note(hub: &Hub, viewer: &Viewer, input: Note) -> Result<Outcome<EntryFacts>, Error> {
    log::known(viewer)?;
    input.content.check(input.tier)?;
    let input = &input;
    once(hub, viewer, input.keyed.as_ref(), |tx| note_in(tx, viewer, input)).await
}

impl Again for EntryFacts {
    type Id = HandoffEntryId;

    async fn again(tx: &Tx, ids: &[HandoffEntryId]) -> Result<Option<Self>, Error> {
        let Some(id) = ids.first() else { return Ok(None) };
        Ok(tx.handoff_entry(*id).await?.map(|entry| entry.facts))
    }
}

async fn note_in(tx: Tx, viewer: &Viewer, input: &Note) -> Result<Committed<EntryFacts>, Error> {
    let (author, grant) = viewer.organization().zip(viewer.grant_id()).ok_or(Error::Forbidden)?;
    let home = tx.consult::<OrganizationDetails>(author).await?.ok_or(Error::NotFound)?;
    let handoff = tx.handoff(input.handoff).await?.ok_or(Error::NotFound)?;
    let (id, at) = (tx.id(), tx.now());
    let permit = permit::note(viewer, &home, &handoff, id, input.tier)?;
    if !standing(&handoff, author, at).takes_notes() {
        let problem = Problem::new(ProblemCode::WrongState).at(&["handoffId"]);
        return Err(Error::Refused(vec![problem.with_current(handoff.id)]));
    }
    let facts = write(&tx, permit, (&home, grant), &handoff, (input.tier, &input.content), at).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(facts).await?)
}

/// Writes an entry into a handoff, which is locked, for an agency that has room for it.
async fn write(
    tx: &Tx,
    permit: Permit<NoteHandoff>,
    (home, grant): (&Organization, GrantId),
    handoff: &Handoff,
    (tier, content): (Tier, &Content),
    at: At,
) -> Result<EntryFacts, Error> {
    let author = home.id;
    let refused = |code| Error::Refused(vec![Problem::new(code).at(&["handoffId"]).with_current(handoff.id)]);
    if !tx.is_openable(handoff).await? {
        return Err(refused(ProblemCode::RetentionEnded));
    }
    let written = tx.entries_of(&[handoff.id], &Tier::SEALED).await?;
    if written.iter().filter(|entry| entry.author == author).count() >= ENTRIES_MAX {
        return Err(refused(ProblemCode::OutOfRange));
    }
    let facts = EntryFacts {
        id: HandoffEntryId::of(permit.row()),
        handoff: handoff.id,
        region: handoff.region,
        tier,
        author,
        grant,
        at,
        part2: tier.is_part2(home.details.part2_program),
        packet: None,
    };
    let sealed = tx.close_entry(handoff, &facts, content).await?;
    tx.save(permit, &HandoffEntry::note(facts, sealed, handoff, at)).await?;
    Ok(facts)
}

/// Writes what a verb about a clock of law says, sealed, where it is said: also into a handoff that takes no notes any more,
/// while the search that it belongs to goes on.
pub(super) async fn seal(
    tx: &Tx,
    permit: Permit<NoteHandoff>,
    desk: &Desk,
    says: (Tier, &Content),
    at: At,
) -> Result<(), Error> {
    write(tx, permit, (&desk.home, desk.grant), &desk.handoff, says, at).await.map(|_| ())
}

/// Opens entries of handoffs: one transaction, whose ledger is written before anything is opened.
pub async fn disclose(hub: &Hub, viewer: &Viewer, input: Disclose) -> Result<Disclosed, Error> {
    log::known(viewer)?;
    let distinct = Disclose {
        handoffs: input.handoffs.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        tiers: input.tiers.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        purpose: input.purpose,
        emergency: input.emergency,
    };
    if !(1..=HANDOFFS_MAX).contains(&distinct.handoffs.len()) || distinct.tiers.is_empty() {
        return Err(Error::BadInput(format!("`handoffIds` names 1 to {HANDOFFS_MAX} handoffs, `tiers` at least one")));
    }
    check_emergency(&distinct)?;
    let input = &distinct;
    hub.store().write(viewer, |tx| async move { Box::pin(disclose_in(tx, viewer, input)).await }).await
}

/// What is opened in an emergency is opened in one handoff, with an account of it; and nothing else has one.
fn check_emergency(input: &Disclose) -> Result<(), Error> {
    let says = match (&input.emergency, input.purpose) {
        (None, Purpose::MedicalEmergency) => "`purpose: MEDICAL_EMERGENCY` takes `emergency`, with all its fields",
        (Some(_), purpose) if purpose != Purpose::MedicalEmergency => "`emergency` is for `purpose: MEDICAL_EMERGENCY`",
        (Some(_), _) if input.handoffs.len() > 1 => "in an emergency name one handoff: each act opens once",
        (Some(emergency), _) => return Ok(emergency.says.check(emergency.consent_unobtainable)?),
        (None, _) => return Ok(()),
    };
    Err(Error::BadInput(says.into()))
}

async fn disclose_in(tx: Tx, viewer: &Viewer, input: &Disclose) -> Result<Committed<Disclosed>, Error> {
    let mut handoffs = tx.handoffs_as_they_are(&input.handoffs).await?;
    if handoffs.len() < input.handoffs.len() {
        return Err(Error::NotFound);
    }
    let mut consents = tx.consents_of(&input.handoffs).await?;
    if !consents.is_empty() {
        // Those who tell under a consent hold it until they are done; it may just have been revoked.
        tx.keep_consents(&consents.iter().map(|consent| consent.handoff).collect()).await?;
        consents = tx.consents_of(&input.handoffs).await?;
    }
    let programs = programs(&tx, &handoffs).await?;
    let mut program = None;
    if input.emergency.is_some() {
        emergency::admit(&tx, viewer).await?;
        // Locked before any line stands on it, and judged as it is then: it may just have been shredded.
        handoffs = tx.handoffs(&input.handoffs).await?;
        let of = handoffs.first().ok_or(Error::NotFound)?;
        program = Some(emergency::program(&tx, viewer, of, &programs).await?);
    }
    handoffs.sort_unstable_by_key(|handoff| handoff.id);
    let entries = tx.entries_of(&input.handoffs, &input.tiers).await?;
    let now = tx.now();
    let asking = Asking { viewer, input, consents: &consents, programs: &programs, now };
    let (mut problems, mut ledger) = (Vec::new(), Lines::default());
    for handoff in &handoffs {
        // Refused as a whole: a tier that is not theirs is nobody's mistake but the caller's.
        let permit = permit::disclose(viewer, handoff, &input.tiers, input.purpose)?;
        let of: Vec<&EntryFacts> = entries.iter().filter(|entry| entry.handoff == handoff.id).collect();
        let (lines, lacking) = asking.judge(&tx, handoff, &of)?;
        ledger.add(permit, &lines)?;
        problems.extend(lacking);
    }
    if ledger.entries() > DISCLOSED_MAX {
        return Err(Error::BadInput(format!(
            "that is more than {DISCLOSED_MAX} entries: name fewer handoffs or tiers"
        )));
    }
    let recorded = tx.record_disclosures(ledger).await?;
    if let Some((emergency, program)) = input.emergency.as_ref().zip(program) {
        let opens =
            |of: &&Handoff| viewer.organization().is_some_and(|own| tiers::opens_in_emergency(standing(of, own, now)));
        for handoff in handoffs.iter().filter(opens) {
            emergency::opened(&tx, viewer, (handoff, program), emergency, now).await?;
        }
    }
    let (entries, shredded) = tx.open_entries(&recorded).await?;
    problems.extend(shredded.into_iter().map(|of| Problem::new(ProblemCode::RetentionEnded).with_current(of)));
    Ok(tx.commit(Disclosed { entries, problems }).await?)
}

/// Which of the handoffs' agencies are programs under 42 CFR Part 2.
async fn programs(tx: &Tx, handoffs: &[Handoff]) -> Result<BTreeSet<OrganizationId>, Error> {
    let agencies: BTreeSet<OrganizationId> = handoffs.iter().flat_map(parties).collect();
    let mut programs = BTreeSet::new();
    for agency in agencies {
        let found = tx.consult::<OrganizationDetails>(agency).await?;
        programs.extend(found.filter(|agency| agency.details.part2_program).map(|agency| agency.id));
    }
    Ok(programs)
}

/// One line of the ledger with the entries that it is about.
type Line = (Disclosure, Vec<HandoffEntryId>);

/// Somebody asking, and what their answer depends on.
struct Asking<'a> {
    viewer: &'a Viewer,
    input: &'a Disclose,
    consents: &'a [Consent],
    programs: &'a BTreeSet<OrganizationId>,
    now: At,
}

impl Asking<'_> {
    /// What of one handoff is opened, as the ledger's lines, and what would have needed a consent.
    fn judge(&self, tx: &Tx, of: &Handoff, entries: &[&EntryFacts]) -> Result<(Vec<Line>, Vec<Problem>), Error> {
        let (mut lines, mut problems) = (Vec::new(), Vec::new());
        let own = self.viewer.organization().ok_or(Error::Forbidden)?;
        let standing = standing(of, own, self.now);
        match standing {
            Standing::Kept if self.input.emergency.is_some() => {
                let says = "It ended a day ago or more: nothing of it is opened in an emergency. Ask for TREATMENT.";
                problems.push(Problem::new(ProblemCode::WrongState).saying(says.to_owned()).with_current(of.id));
            }
            Standing::Asked | Standing::UnderWay | Standing::Ended | Standing::Kept => {}
            Standing::OnlyAsked => {
                let says = "Your agency was asked and did not take the person: nothing of it is opened any more.";
                problems.push(Problem::new(ProblemCode::WrongState).saying(says.to_owned()).with_current(of.id));
            }
            Standing::Over => problems.push(Problem::new(ProblemCode::RetentionEnded).with_current(of.id)),
        }
        for tier in &self.input.tiers {
            let entries: Vec<&&EntryFacts> = entries.iter().filter(|entry| entry.tier == *tier).collect();
            let mut opened: BTreeMap<(OrganizationId, Option<ConsentId>), Vec<HandoffEntryId>> = BTreeMap::new();
            for entry in &entries {
                let relation = tiers::relation(self.viewer, entry);
                match tiers::leave(self.viewer, standing, *tier, self.input.purpose, relation, entry.part2) {
                    Leave::No => {}
                    Leave::Yes => opened.entry((entry.author, None)).or_default().push(entry.id),
                    Leave::Consent => {
                        if let Some(consent) = self.consent(of, *tier, entry.author, entry.part2) {
                            opened.entry((entry.author, Some(consent))).or_default().push(entry.id);
                        }
                    }
                }
            }
            // Somebody looked, whether or not there was anything.
            if opened.is_empty() {
                lines.push((self.line(tx, of, *tier, None, None)?, Vec::new()));
            }
            for ((author, consent), ids) in opened {
                let line = self.line(tx, of, *tier, Some(author), consent)?;
                lines.push((Disclosure { entries: u32::try_from(ids.len()).unwrap_or(u32::MAX), ..line }, ids));
            }
            if self.lacks(of, standing, *tier, &entries) {
                problems.push(Problem::new(ProblemCode::ConsentRequired).at(&["tiers"]).with_current(of.id));
            }
        }
        Ok((lines, problems))
    }

    /// Whether a consent is lacking. It is told by who the two agencies are, whether or not anything is written: that a
    /// program has written something is a record of the program's.
    fn lacks(&self, of: &Handoff, standing: Standing, tier: Tier, entries: &[&&EntryFacts]) -> bool {
        let own = self.viewer.organization();
        let authors = parties(of).into_iter().chain(entries.iter().map(|entry| entry.author));
        authors.collect::<BTreeSet<_>>().into_iter().any(|author| {
            let labelled = entries.iter().any(|entry| entry.author == author && entry.part2);
            let part2 = labelled || tier.is_part2_at(self.programs.contains(&author));
            if tier == Tier::Part2 && !part2 {
                return false;
            }
            let relation = if own == Some(author) { Relation::Colleague } else { Relation::Other };
            let leave = tiers::leave(self.viewer, standing, tier, self.input.purpose, relation, part2);
            leave == Leave::Consent && self.consent(of, tier, author, part2).is_none()
        })
    }

    /// The consent that lets the viewer be told a tier of an author.
    fn consent(&self, of: &Handoff, tier: Tier, from: OrganizationId, part2: bool) -> Option<ConsentId> {
        let to = self.viewer.organization()?;
        let covers = |consent: &&Consent| {
            consent.handoff == of.id
                && self.viewer.stands_on().all(|grant| {
                    let purpose = self.input.purpose;
                    let asked = tiers::Asked { role: grant.role, tier, purpose, relation: Relation::Other, part2 };
                    tiers::covers(consent, asked, (from, to), self.now)
                })
        };
        self.consents.iter().find(covers).map(|consent| consent.id)
    }

    fn line(
        &self,
        tx: &Tx,
        of: &Handoff,
        tier: Tier,
        author: Option<OrganizationId>,
        consent: Option<ConsentId>,
    ) -> Result<Disclosure, Error> {
        let grant = self.viewer.grant().ok_or(Error::Forbidden)?;
        Ok(Disclosure {
            id: tx.id(),
            region: of.region,
            at: self.now,
            grant: grant.id,
            role: grant.role,
            organization: grant.organization,
            handoff: of.id,
            tier,
            purpose: self.input.purpose,
            author,
            consent,
            basis: match (&self.input.emergency, consent) {
                (Some(_), _) => DisclosureBasis::MedicalEmergency,
                (None, Some(_)) => DisclosureBasis::Consent,
                (None, None) => DisclosureBasis::Role,
            },
            reason: self.input.emergency.as_ref().map(|emergency| DisclosureReason::Emergency(emergency.nature)),
            entries: 0,
        })
    }
}

/// What may be known of entries without opening them, in the order asked; none for each that is absent, or not the viewer's
/// to know of any more.
pub async fn get(hub: &Hub, viewer: &Viewer, ids: &[HandoffEntryId]) -> Result<Vec<Option<EntryFacts>>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let found = known(hub, viewer, &reader, reader.handoff_entries(ids).await?).await?;
    let one = |id: &HandoffEntryId| found.iter().find(|entry| entry.id == *id).copied();
    Ok(ids.iter().map(one).collect())
}

/// What may be known of the entries of handoffs without opening them, in the order in which they were written.
pub async fn of_handoffs(
    hub: &Hub,
    viewer: &Viewer,
    of: &[HandoffId],
) -> Result<HashMap<HandoffId, Vec<EntryFacts>>, Error> {
    log::known(viewer)?;
    let reader = hub.store().read(viewer).await?;
    let found = known(hub, viewer, &reader, reader.entries_within(of).await?).await?;
    Ok(by_handoff(found, |entry| entry.handoff))
}

/// Those of some entries that the viewer may know of.
async fn known(
    hub: &Hub,
    viewer: &Viewer,
    reader: &Reader,
    mut entries: Vec<EntryFacts>,
) -> Result<Vec<EntryFacts>, Error> {
    let within: BTreeSet<HandoffId> = entries.iter().map(|entry| entry.handoff).collect();
    let handoffs = reader.handoffs(&within.into_iter().collect::<Vec<_>>()).await?;
    let now = hub.clock().now();
    entries.retain(|entry| {
        let handoff = handoffs.iter().find(|handoff| handoff.id == entry.handoff);
        let own = handoff.zip(viewer.organization());
        own.is_some_and(|(of, own)| tiers::may_know(viewer, standing(of, own, now), entry))
    });
    Ok(entries)
}

/// The ledger about a handoff, as far as the viewer's agency wrote what was opened or opened it, between two lines, latest
/// first; its first `most` lines, or with `from_end` its last. An agency of criminal justice reads what its own people were told:
/// who treats a person, and when, is not for police.
pub async fn disclosures(
    hub: &Hub,
    viewer: &Viewer,
    of: HandoffId,
    between: (Option<DisclosureId>, Option<DisclosureId>),
    most: u64,
    from_end: bool,
) -> Result<Vec<Disclosure>, Error> {
    log::known(viewer)?;
    let own = viewer.organization();
    let scope = Scope::of(viewer);
    let home = own.and_then(|own| hub.board().now().entry::<OrganizationDetails>(&scope, own));
    let told = own.filter(|_| home.is_none_or(|home| home.details.is_of_justice()));
    Ok(hub.store().read(viewer).await?.disclosures(of, told, between, most, from_end).await?)
}
