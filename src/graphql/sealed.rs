//! What is sealed, in the schema: entries unopened and opened, the ledger, and the fields that lead to them.
use super::connection::{Latest, Page, Paging, Row};
use super::consent::Consent;
use super::directory::Organization;
use super::error::{Answer, ErrorCode, coded, from_app};
use super::input;
use super::input::consent::{RecordConsentInput, RevokeConsentInput};
use super::input::sealed::{AddHandoffNoteInput, DiscloseInput};
use super::law::{GuardianSaid, LegalHoldBegan};
use super::limits::Limits;
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, id, parse_id};
use super::seen::{Asking, Seen, asking, pace};
use crate::app::{self, Outcome};
use crate::domain::emergency::EmergencyNature;
use crate::domain::id::{DisclosureId, HandoffId};
use crate::domain::role::Role;
use crate::domain::sealed::{self, DisclosureBasis, DisclosureReason, EntryFacts, LegalHoldEnd, NOTICE, Purpose, Tier};
use crate::domain::threat::ThreatBasis;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject, Union};

/// A sealed entry of a handoff, unopened: that it was written, by which agency and when. `disclose` opens it.
#[derive(Clone)]
pub struct HandoffEntry {
    facts: EntryFacts,
    seen: Seen,
}

impl HandoffEntry {
    pub(super) fn new(facts: EntryFacts, seen: &Seen) -> Self {
        Self { facts, seen: seen.clone() }
    }
}

/// A sealed entry of a handoff, unopened: that it was written, by which agency and when. `disclose` opens it.
#[Object]
impl HandoffEntry {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.facts.id)
    }
    /// The handoff, for `node`.
    async fn handoff_id(&self) -> ID {
        id(self.facts.handoff)
    }
    /// Its tier.
    async fn tier(&self) -> Code<Tier> {
        Code(self.facts.tier)
    }
    /// The agency that wrote it.
    async fn author(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.facts.author).map(|entry| Organization::new(entry, &self.seen))
    }
    /// When it was written.
    async fn at(&self) -> DateTime {
        DateTime(self.facts.at)
    }
}

/// Who a person is.
#[derive(Clone, SimpleObject)]
pub struct Identity {
    /// Name.
    name: Option<String>,
    /// Date of birth, as it was told.
    date_of_birth: Option<String>,
    /// How the person can be reached.
    contact: Option<String>,
}

/// An entry, opened.
#[derive(Clone, SimpleObject)]
pub struct PlainEntry {
    /// Opaque id.
    id: ID,
    /// The handoff.
    handoff_id: ID,
    /// Its tier.
    tier: Code<Tier>,
    /// The agency that wrote it.
    author: Option<Organization>,
    /// When it was written.
    at: DateTime,
    /// What it says, in every tier but IDENTITY.
    text: Option<String>,
    /// Who the person is, in the tier IDENTITY.
    identity: Option<Identity>,
    /// Under which status a legal hold began, of what `recordLegalHold` wrote.
    legal_hold: Option<LegalHoldBegan>,
    /// How a legal hold ended, of what `endLegalHold` wrote.
    legal_hold_ended: Option<Code<LegalHoldEnd>>,
    /// Whose a minor is and who may consent, of what `recordGuardianReached` wrote.
    guardian: Option<GuardianSaid>,
    /// Whether 42 CFR Part 2 protects it: here, false.
    part2: bool,
}

/// An entry that 42 CFR Part 2 protects, opened; with the notice that has to stand with it.
#[derive(Clone, SimpleObject)]
pub struct Part2Entry {
    /// Opaque id.
    id: ID,
    /// The handoff.
    handoff_id: ID,
    /// Its tier.
    tier: Code<Tier>,
    /// The agency that wrote it.
    author: Option<Organization>,
    /// When it was written.
    at: DateTime,
    /// What it says.
    text: Option<String>,
    /// Whether 42 CFR Part 2 protects it: here, true.
    part2: bool,
    /// The notice on redisclosure (42 CFR 2.32). Show it and keep it with the text, wherever that goes.
    redisclosure_notice: &'static str,
}

/// An entry, opened: one kind for what 42 CFR Part 2 protects, which has the notice that has to stand with it, and one for the
/// rest.
#[derive(Clone, Union)]
pub enum DisclosedEntry {
    /// Protected by 42 CFR Part 2.
    Part2(Part2Entry),
    /// The rest.
    Plain(PlainEntry),
}

impl DisclosedEntry {
    fn new(opened: app::sealed::Opened, seen: &Seen) -> Self {
        let facts = opened.facts;
        let (handoff_id, tier, at) = (id(facts.handoff), Code(facts.tier), DateTime(facts.at));
        let author = seen.entry(facts.author).map(|entry| Organization::new(entry, seen));
        let (id, content) = (id(facts.id), opened.content);
        let (text, legal_hold_ended) = (content.text, content.legal_hold_ended.map(Code));
        let (legal_hold, guardian) = (content.legal_hold.map(Into::into), content.guardian.map(Into::into));
        if facts.part2 {
            return Part2Entry { id, handoff_id, tier, author, at, text, part2: true, redisclosure_notice: NOTICE }
                .into();
        }
        let identity = content.identity.map(|identity| Identity {
            name: identity.name,
            date_of_birth: identity.date_of_birth,
            contact: identity.contact,
        });
        PlainEntry {
            id,
            handoff_id,
            tier,
            author,
            at,
            text,
            identity,
            legal_hold,
            legal_hold_ended,
            guardian,
            part2: false,
        }
        .into()
    }
}

/// What `disclose` opened.
#[derive(Clone, SimpleObject)]
pub struct DisclosePayload {
    /// The entries, in the order of handoffs and of writing.
    entries: Vec<DisclosedEntry>,
    /// What was not opened, and why; what can be is opened all the same.
    problems: Vec<Problem>,
}

payload! {
    /// What `addHandoffNote` did: that it was written, never what.
    HandoffEntryPayload entry HandoffEntry
}
payload! {
    /// What a change to a consent did.
    ConsentPayload consent Consent
}

/// One line of the ledger: somebody opened a tier of a handoff, or looked and found nothing.
#[derive(Clone)]
pub struct Disclosure {
    line: sealed::Disclosure,
    seen: Seen,
    own: bool,
}

/// One line of the ledger: somebody opened a tier of a handoff, or looked and found nothing.
#[Object]
impl Disclosure {
    /// Opaque id.
    async fn id(&self) -> ID {
        id(self.line.id)
    }
    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.line.at)
    }
    /// The agency that was told.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.line.organization).map(|entry| Organization::new(entry, &self.seen))
    }
    /// In which role it was opened; where it was told by somebody else's act, in which role it was told.
    async fn role(&self) -> Code<Role> {
        Code(self.line.role)
    }
    /// Under which grant; null for another agency's people, and where a consent tells.
    async fn grant_id(&self) -> Option<ID> {
        self.own.then(|| id(self.line.grant))
    }
    /// Which tier.
    async fn tier(&self) -> Code<Tier> {
        Code(self.line.tier)
    }
    /// For which purpose.
    async fn purpose(&self) -> Code<Purpose> {
        Code(self.line.purpose)
    }
    /// The agency that had written it; null when there was nothing.
    async fn author(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.line.author?).map(|entry| Organization::new(entry, &self.seen))
    }
    /// On what it stands.
    async fn basis(&self) -> Code<DisclosureBasis> {
        Code(self.line.basis)
    }
    /// On which ground a threat was told; null where it stands on something else.
    async fn threat_basis(&self) -> Option<Code<ThreatBasis>> {
        match self.line.reason? {
            DisclosureReason::Threat(basis) => Some(Code(basis)),
            DisclosureReason::Emergency(_) => None,
        }
    }
    /// The nature of the medical emergency in which it was opened; null where it stands on something else.
    async fn emergency_nature(&self) -> Option<Code<EmergencyNature>> {
        match self.line.reason? {
            DisclosureReason::Emergency(nature) => Some(Code(nature)),
            DisclosureReason::Threat(_) => None,
        }
    }
    /// Under which consent, where one was needed.
    async fn consent_id(&self) -> Option<ID> {
        self.line.consent.map(id)
    }
    /// How many entries.
    async fn entries(&self) -> u32 {
        self.line.entries
    }
}

/// What is asked of what is sealed.
pub struct SealedQuery;

/// Everything that can be asked.
#[Object]
impl SealedQuery {
    /// For an agency's privacy office: who was told what your agency wrote in a handoff, and what your agency's people were
    /// told of it, on what basis, latest first (45 CFR 164.528, 42 CFR 2.24). Told by consent and told of a threat are among it.
    async fn person_disclosures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The handoff.")] handoff_id: ID,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<Disclosure>> {
        Some(person_disclosures(ctx, &handoff_id, Paging { first, after, last, before }).await)
    }
}

async fn person_disclosures(ctx: &Context<'_>, of: &ID, paging: Paging) -> Result<Page<Disclosure>, Error> {
    // What is no handoff has no lines, as one that is not there.
    let of: HandoffId = parse_id(of).unwrap_or_else(|| crate::domain::id::NounId::of(uuid::Uuid::nil()));
    let bound = format!("personDisclosures:{of}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<DisclosureId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let lines = app::sealed::disclosures(&asking.hub, &asking.viewer, of, between, most, backward).await;
    let own = asking.viewer.organization();
    let rows = lines.map_err(|error| from_app(&error))?.into_iter().map(|line| Row {
        key: Latest::of(line.id),
        node: Disclosure { own: own.is_some_and(|own| line.is_by(own)), seen: asking.seen.clone(), line },
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// What is changed of what is sealed.
pub struct SealedMutation;

/// Everything that can be changed.
#[Object]
impl SealedMutation {
    /// Writes a sealed entry into a handoff of your agency. It is never changed, nobody reads it but by `disclose`, and it is
    /// shredded with the month in which the handoff's retention ends. An agency writes at most 100 into one handoff.
    async fn add_handoff_note(&self, ctx: &Context<'_>, input: AddHandoffNoteInput) -> Answer<HandoffEntryPayload> {
        let asking = asking(ctx);
        let input = given!(input::sealed::note(asking, input));
        let outcome = app::sealed::note(&asking.hub, &asking.viewer, input).await;
        HandoffEntryPayload::settle(asking, outcome, |facts| HandoffEntry::new(facts, &asking.look())).await
    }

    /// Opens sealed entries of up to 50 handoffs of your agency, for a purpose. Who asked, for what, is written down first, also
    /// when there is nothing; an operation opens once. What 42 CFR Part 2 protects needs a standing consent, and comes with
    /// `redisclosureNotice`, which has to be asked for when CLINICAL or PART2 is. More than 250 entries are BAD_USER_INPUT: name
    /// fewer handoffs or tiers.
    async fn disclose(&self, ctx: &Context<'_>, input: DiscloseInput) -> Answer<DisclosePayload> {
        let asking = asking(ctx);
        let input = given!(input::sealed::disclose(input));
        let shown = ctx.look_ahead().field("entries").field("redisclosureNotice").exists();
        let protected = input.tiers.iter().any(|tier| matches!(tier, Tier::Clinical | Tier::Part2));
        if protected && !shown {
            let says = "ask for `entries { ... on Part2Entry { redisclosureNotice } }`: it stands with what 42 CFR Part 2 \
                        protects, wherever that goes";
            return Some(Err(coded(ErrorCode::BadUserInput, says)));
        }
        Some(match app::sealed::disclose(&asking.hub, &asking.viewer, input).await {
            Err(error) => Err(from_app(&error)),
            Ok(disclosed) => {
                let seen = asking.look();
                let entries = disclosed.entries.into_iter().map(|entry| DisclosedEntry::new(entry, &seen)).collect();
                problems(asking, disclosed.problems).await.map(|problems| DisclosePayload { entries, problems })
            }
        })
    }

    /// Records what a person agreed to, within a handoff of your agency; at most 100 in one.
    async fn record_consent(&self, ctx: &Context<'_>, input: RecordConsentInput) -> Answer<ConsentPayload> {
        let asking = asking(ctx);
        let input = given!(input::consent::record(asking, input));
        let outcome = app::consent::record(&asking.hub, &asking.viewer, input).await;
        ConsentPayload::settle(asking, outcome, |consent| Consent::new(consent, &asking.look())).await
    }

    /// Revokes a consent for good, as either agency of its handoff. What is asked after that is no longer told under it.
    async fn revoke_consent(&self, ctx: &Context<'_>, input: RevokeConsentInput) -> Answer<ConsentPayload> {
        let asking = asking(ctx);
        let input = given!(input::consent::revoke(asking, input));
        let outcome = app::consent::revoke(&asking.hub, &asking.viewer, input).await;
        ConsentPayload::settle(asking, outcome, |consent| Consent::new(consent, &asking.look())).await
    }
}
