//! Threats in the schema: told by those who hold a person, and read by those who can lessen it.
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::input::{
    self,
    threat::{DiscloseThreatInput, ReadThreatDisclosureInput},
};
use super::limits::Limits;
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, id};
use super::seen::{Asking, Seen, asking, pace};
use crate::app::{self, Outcome};
use crate::domain::id::ThreatDisclosureId;
use crate::domain::threat::ThreatBasis;
use crate::policy::view::ThreatView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};

/// A serious and imminent threat that a provider told one agency of, unopened: that it was told, by whom, on which ground. For a
/// day `readThreatDisclosure` opens it to officers and dispatchers of the agency that was told.
#[derive(Clone)]
pub struct ThreatDisclosure {
    view: ThreatView,
    seen: Seen,
}

impl ThreatDisclosure {
    pub(super) fn new(view: ThreatView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// A serious and imminent threat that a provider told one agency of, unopened: that it was told, by whom, on which ground. For a
/// day `readThreatDisclosure` opens it to officers and dispatchers of the agency that was told.
#[Object]
impl ThreatDisclosure {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.facts().id)
    }
    /// The handoff that it was told in; null to the agency that was told, which gets to no handoff by it.
    async fn handoff_id(&self) -> Option<ID> {
        self.view.handoff().map(id)
    }
    /// On which ground.
    async fn basis(&self) -> Code<ThreatBasis> {
        Code(self.view.facts().basis)
    }
    /// The agency that told.
    async fn from(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.facts().from).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The agency that was told.
    async fn to(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.facts().to).map(|entry| Organization::new(entry, &self.seen))
    }
    /// When it was told.
    async fn at(&self) -> DateTime {
        DateTime(self.view.facts().at)
    }
    /// Until when it is read by the agency that was told.
    async fn until(&self) -> DateTime {
        DateTime(self.view.facts().until)
    }
}

payload! {
    /// What `discloseThreat` did: that it was told, never what.
    DiscloseThreatPayload threat_disclosure ThreatDisclosure
}

/// What `readThreatDisclosure` opened.
#[derive(Clone, SimpleObject)]
pub struct ReadThreatPayload {
    /// Whose word it is, on which ground, until when; null when it was not opened.
    threat_disclosure: Option<ThreatDisclosure>,
    /// What was told; null when it was not opened. It is for lessening the threat, and for nothing else.
    text: Option<String>,
    /// Why it was not opened; empty when it was.
    problems: Vec<Problem>,
}

/// What is asked of threats.
pub struct ThreatQuery;

/// Everything that can be asked.
#[Object]
impl ThreatQuery {
    /// Threats that were told, unopened, latest first: to officers and dispatchers those of the last day that their agency was
    /// told, to providers those that their agency told.
    async fn threat_disclosures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<ThreatDisclosure>> {
        Some(threat_disclosures(ctx, Paging { first, after, last, before }).await)
    }
}

async fn threat_disclosures(ctx: &Context<'_>, paging: Paging) -> Result<Page<ThreatDisclosure>, Error> {
    let (asking, listing) = listing(ctx, "threatDisclosures".into(), super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<ThreatDisclosureId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::threat::list(&asking.hub, &asking.viewer, between, most, backward).await;
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.facts().id),
        node: ThreatDisclosure::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// What is said of threats.
pub struct ThreatMutation;

/// Everything that can be changed.
#[Object]
impl ThreatMutation {
    /// Tells one agency of a serious and imminent threat (45 CFR 164.512(j)), from an open handoff in which your agency holds the
    /// person. Nobody can ask for it. The ledger says so first; the agency's officers and dispatchers read it for 24 hours, and
    /// nothing else by it. A program under 42 CFR Part 2 tells nothing this way.
    async fn disclose_threat(&self, ctx: &Context<'_>, input: DiscloseThreatInput) -> Answer<DiscloseThreatPayload> {
        let asking = asking(ctx);
        let input = given!(input::threat::disclose(asking, input));
        let outcome = app::threat::disclose(&asking.hub, &asking.viewer, input).await;
        DiscloseThreatPayload::settle(asking, outcome, |view| ThreatDisclosure::new(view, &asking.look())).await
    }

    /// Opens a threat that your agency was told of, as an officer or a dispatcher, within 24 hours. Each reading is in the ledger
    /// before it is opened.
    async fn read_threat_disclosure(
        &self,
        ctx: &Context<'_>,
        input: ReadThreatDisclosureInput,
    ) -> Answer<ReadThreatPayload> {
        let asking = asking(ctx);
        let threat = given!(input::threat::read(&input));
        Some(match app::threat::read(&asking.hub, &asking.viewer, threat).await {
            Err(error) => Err(from_app(&error)),
            Ok(outcome) => problems(asking, outcome.problems).await.map(|problems| {
                let (view, text) = outcome.changed.map(|read| (read.view, read.says)).unzip();
                let threat_disclosure = view.map(|view| ThreatDisclosure::new(view, &asking.look()));
                ReadThreatPayload { threat_disclosure, text, problems }
            }),
        })
    }
}
