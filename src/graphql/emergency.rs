//! Medical emergencies in the schema: what was opened without consent, and its review.
use super::connection::{Latest, Page, Paging, Row};
use super::directory::Organization;
use super::error::{Answer, from_app};
use super::input::{
    self,
    emergency::{ReadEmergencyAccountInput, ReviewEmergencyDisclosureInput},
};
use super::limits::Limits;
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::query::listing;
use super::scalars::{Code, Cursor, DateTime, id};
use super::seen::{Asking, Seen, asking, pace};
use crate::app::{self, Outcome};
use crate::domain::emergency::{EmergencyAccount, EmergencyNature, EmergencyReview};
use crate::domain::id::EmergencyDisclosureId;
use crate::domain::role::Role;
use crate::policy::view::EmergencyView;
use async_graphql::connection::EmptyFields;
use async_graphql::{Context, Error, ID, Object, SimpleObject};

/// That medical personnel opened what a program under 42 CFR Part 2 wrote, or might have written, in a medical emergency and
/// without consent (42 CFR 2.51). The privacy offices of both agencies read it, and that of the program reviews it within 72 hours.
#[derive(Clone)]
pub struct EmergencyDisclosure {
    view: EmergencyView,
    seen: Seen,
}

impl EmergencyDisclosure {
    pub(super) fn new(view: EmergencyView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// That medical personnel opened what a program under 42 CFR Part 2 wrote, or might have written, in a medical emergency and
/// without consent (42 CFR 2.51). The privacy offices of both agencies read it, and that of the program reviews it within 72 hours.
#[Object]
impl EmergencyDisclosure {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.opened().id)
    }
    /// Raised by every change. Send it with a change to be refused when somebody else came first.
    async fn version(&self) -> i64 {
        self.view.opened().version
    }
    /// The handoff, for `personDisclosures`.
    async fn handoff_id(&self) -> ID {
        id(self.view.opened().handoff)
    }
    /// The nature of the emergency.
    async fn nature(&self) -> Code<EmergencyNature> {
        Code(self.view.opened().nature)
    }
    /// The agency whose records they are.
    async fn author(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.opened().author).map(|entry| Organization::new(entry, &self.seen))
    }
    /// The agency whose people opened.
    async fn organization(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.opened().organization).map(|entry| Organization::new(entry, &self.seen))
    }
    /// In which role.
    async fn role(&self) -> Code<Role> {
        Code(self.view.opened().role)
    }
    /// Under which grant; null for another agency's people.
    async fn grant_id(&self) -> Option<ID> {
        self.view.grant().map(id)
    }
    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.view.opened().at)
    }
    /// Where its review stands.
    async fn review(&self) -> Code<EmergencyReview> {
        Code(self.view.opened().review)
    }
    /// Until when it is to be reviewed; null when it is.
    async fn review_by(&self) -> Option<DateTime> {
        self.view.opened().review_by.map(DateTime)
    }
    /// Its review is late.
    async fn late(&self) -> bool {
        let opened = self.view.opened();
        opened.late || opened.review_by.is_some_and(|due| due <= self.seen.now)
    }
    /// When it was reviewed.
    async fn reviewed_at(&self) -> Option<DateTime> {
        self.view.opened().reviewed_at.map(DateTime)
    }
}

payload! {
    /// What `reviewEmergencyDisclosure` did.
    EmergencyDisclosurePayload emergency_disclosure EmergencyDisclosure
}

/// What was said with an opening in a medical emergency (42 CFR 2.51(c)).
#[derive(Clone, SimpleObject)]
#[graphql(name = "EmergencyAccount")]
pub struct Account {
    /// What the emergency was.
    account: String,
    /// Who was told: the medical personnel's name.
    recipient: String,
    /// With which health care facility they are.
    affiliation: String,
    /// Who made the disclosure.
    discloser: String,
}

impl From<EmergencyAccount> for Account {
    fn from(said: EmergencyAccount) -> Self {
        let EmergencyAccount { account, recipient, affiliation, discloser } = said;
        Self { account, recipient, affiliation, discloser }
    }
}

/// What `readEmergencyAccount` opened.
#[derive(Clone, SimpleObject)]
pub struct ReadEmergencyAccountPayload {
    /// The opening; null when it was not read.
    emergency_disclosure: Option<EmergencyDisclosure>,
    /// What was said with it; null when it was not read.
    account: Option<Account>,
    /// Why it was not read; empty when it was.
    problems: Vec<Problem>,
}

/// What is asked of medical emergencies.
pub struct EmergencyQuery;

/// Everything that can be asked.
#[Object]
impl EmergencyQuery {
    /// For an agency's privacy office: what was opened in medical emergencies, of what your agency wrote and by its people, latest
    /// first.
    async fn emergency_disclosures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those whose review stands so.")] review: Option<Code<EmergencyReview>>,
        #[graphql(desc = "How many from the front, at most 100; 25 when none is said.")] first: Option<i32>,
        #[graphql(desc = "After this cursor, of an edge or `pageInfo.endCursor`.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Before this cursor, of an edge or `pageInfo.startCursor`.")] before: Option<Cursor>,
    ) -> Answer<Page<EmergencyDisclosure>> {
        let review = review.map(|review| review.0);
        Some(emergency_disclosures(ctx, review, Paging { first, after, last, before }).await)
    }
}

async fn emergency_disclosures(
    ctx: &Context<'_>,
    review: Option<EmergencyReview>,
    paging: Paging,
) -> Result<Page<EmergencyDisclosure>, Error> {
    let bound = format!("emergencyDisclosures:{review:?}");
    let (asking, listing) = listing(ctx, bound, super::subscription::EVENTS_BOUND.into())?;
    let (size, backward) = paging.size(ctx.data_unchecked::<Limits>())?;
    let between = listing.between::<EmergencyDisclosureId>(&paging)?;
    // One more than the page, so that the page knows whether it is the last; the cursors are applied in SQL.
    let most = size as u64 + 1;
    let found = app::emergency::list(&asking.hub, &asking.viewer, review, between, most, backward).await;
    let rows = found.map_err(|error| from_app(&error))?.into_iter().map(|view| Row {
        key: Latest::of(view.opened().id),
        node: EmergencyDisclosure::new(view, &asking.seen),
        edge: EmptyFields,
    });
    listing.latest(ctx, &paging, rows.collect())
}

/// What is said of medical emergencies.
pub struct EmergencyMutation;

/// Everything that can be changed.
#[Object]
impl EmergencyMutation {
    /// Opens what was said with an opening in a medical emergency, for the privacy office of either agency. Each reading is in the
    /// ledger before it is opened.
    async fn read_emergency_account(
        &self,
        ctx: &Context<'_>,
        input: ReadEmergencyAccountInput,
    ) -> Answer<ReadEmergencyAccountPayload> {
        let asking = asking(ctx);
        let opened = given!(input::emergency::read(&input));
        Some(match app::emergency::read(&asking.hub, &asking.viewer, opened).await {
            Err(error) => Err(from_app(&error)),
            Ok(outcome) => problems(asking, outcome.problems).await.map(|problems| {
                let (view, said) = outcome.changed.map(|read| (read.view, read.says)).unzip();
                let emergency_disclosure = view.map(|view| EmergencyDisclosure::new(view, &asking.look()));
                ReadEmergencyAccountPayload { emergency_disclosure, account: said.map(Account::from), problems }
            }),
        })
    }

    /// Says what the privacy office of the agency whose records they are says of an opening in a medical emergency. It is said once.
    async fn review_emergency_disclosure(
        &self,
        ctx: &Context<'_>,
        input: ReviewEmergencyDisclosureInput,
    ) -> Answer<EmergencyDisclosurePayload> {
        let asking = asking(ctx);
        let input = given!(input::emergency::review(asking, input));
        let outcome = app::emergency::review(&asking.hub, &asking.viewer, input).await;
        EmergencyDisclosurePayload::settle(asking, outcome, |view| EmergencyDisclosure::new(view, &asking.look())).await
    }
}
