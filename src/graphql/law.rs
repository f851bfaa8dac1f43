//! What the law counts, in the schema: jurisdictions, legal holds, and the step of reaching a minor's guardian.
use super::error::{Answer, from_app};
use super::handoff::{Handoff, latest_of};
use super::input;
use super::input::law::{EndLegalHoldInput, RecordGuardianReachedInput, RecordLegalHoldInput};
use super::mutation::given;
use super::payload::{Problem, payload, problems};
use super::scalars::{Code, DateTime, codes, id};
use super::seen::{Asking, asking};
use super::together::{GuardianOf, LegalHoldOf};
use crate::app::{self, Outcome};
use crate::domain::id::EpisodeId;
use crate::domain::jurisdiction::{self, AgeGroup, ClockFrom};
use crate::domain::need;
use crate::domain::role::Role;
use crate::domain::sealed::{self, Custody, Signer};
use crate::domain::service::ServiceKind;
use crate::policy::law::{GuardianView, LegalHoldView};
use async_graphql::{Context, ID, Object, SimpleObject};

/// Where a line of law comes from.
#[derive(Clone, SimpleObject)]
pub struct LegalSource {
    /// The statute, code or rule.
    law: String,
    /// What to do before anybody relies on it: `check with counsel`. The hub gives no legal advice.
    check: &'static str,
}

impl From<&jurisdiction::Source> for LegalSource {
    fn from(source: &jurisdiction::Source) -> Self {
        let jurisdiction::Check::WithCounsel = source.check;
        Self { law: source.law.clone(), check: "check with counsel" }
    }
}

/// A rule of law, in words.
#[derive(Clone, SimpleObject)]
pub struct LegalRule {
    /// What it says.
    says: String,
    /// Where it comes from.
    source: LegalSource,
}

impl From<&jurisdiction::Rule> for LegalRule {
    fn from(rule: &jurisdiction::Rule) -> Self {
        Self { says: rule.says.clone(), source: (&rule.source).into() }
    }
}

/// A number that the law sets, in the unit that its field names.
#[derive(Clone, SimpleObject)]
pub struct LegalNumber {
    /// The number.
    number: u32,
    /// Where it comes from.
    source: LegalSource,
}

/// A paper that travels with the person.
#[derive(Clone, SimpleObject)]
pub struct LegalPaper {
    /// What it is called.
    title: String,
    /// Where it comes from.
    source: LegalSource,
}

/// The clock of a legal status.
#[derive(Clone, SimpleObject)]
pub struct LegalClock {
    /// How long it runs, in minutes, unless the order says otherwise.
    minutes: u32,
    /// The longest that an order may let it run, in minutes: over a weekend or a holiday.
    minutes_max: u32,
    /// What it runs from.
    runs_from: Code<ClockFrom>,
    /// At how many percent of it people are warned.
    warn_at_percent: Vec<u32>,
    /// Where it comes from.
    source: LegalSource,
}

/// A legal status that a person can be in.
#[derive(Clone, SimpleObject)]
pub struct LegalStatusTerms {
    /// Its code, for `recordLegalHold`.
    code: String,
    /// What it is called.
    title: String,
    /// What it is to a search.
    maps_to: Code<need::LegalStatus>,
    /// For whom it is.
    ages: Code<AgeGroup>,
    /// In which roles people may record that it began, of those who may write what is legal at all.
    started_by: Vec<Code<Role>>,
    /// How long it lasts; null where it has no end by itself.
    clock: Option<LegalClock>,
    /// Papers that travel with the person.
    papers: Vec<LegalPaper>,
    /// Where it comes from.
    source: LegalSource,
}

/// From which age somebody may consent alone to some kinds of service.
#[derive(Clone, SimpleObject)]
pub struct MinorConsent {
    /// To which kinds.
    services: Vec<Code<ServiceKind>>,
    /// From which age, in years.
    from_years: u32,
    /// What goes with it.
    says: String,
    /// Where it comes from.
    source: LegalSource,
}

/// What the law of a state adds to the hub's own rules: clocks, and who may not do there what others may. It is no legal advice:
/// every line names its source, and is to be checked with counsel.
#[derive(Clone, SimpleObject)]
pub struct Jurisdiction {
    /// Its code, ISO 3166-2, such as `US-FL`.
    code: String,
    /// What it is called.
    title: String,
    /// Below how many years somebody is a minor.
    majority_years: LegalNumber,
    /// Within how many minutes a minor's guardian is to be reached.
    guardian_minutes: LegalNumber,
    /// Legal statuses.
    legal_statuses: Vec<LegalStatusTerms>,
    /// Where people are brought who are not there of their own will.
    receivers: LegalRule,
    /// Who drives.
    transport: LegalRule,
    /// What minors may consent to alone; a kind of service that is not here: nothing, before majority.
    minor_consent: Vec<MinorConsent>,
    /// What people are told where it matters.
    notices: Vec<LegalRule>,
}

impl From<&jurisdiction::LegalClock> for LegalClock {
    fn from(clock: &jurisdiction::LegalClock) -> Self {
        Self {
            minutes: clock.minutes,
            minutes_max: clock.minutes_max,
            runs_from: Code(clock.runs_from),
            warn_at_percent: clock.warn_at.iter().copied().map(u32::from).collect(),
            source: (&clock.source).into(),
        }
    }
}

impl From<&jurisdiction::StatusTerms> for LegalStatusTerms {
    fn from(status: &jurisdiction::StatusTerms) -> Self {
        let paper = |paper: &jurisdiction::LegalPaper| LegalPaper {
            title: paper.title.clone(),
            source: (&paper.source).into(),
        };
        Self {
            code: status.code.clone(),
            title: status.title.clone(),
            maps_to: Code(status.maps_to),
            ages: Code(status.ages),
            started_by: codes(&status.starts),
            clock: status.clock.as_ref().map(Into::into),
            papers: status.papers.iter().map(paper).collect(),
            source: (&status.source).into(),
        }
    }
}

impl From<&jurisdiction::Jurisdiction> for Jurisdiction {
    fn from(law: &jurisdiction::Jurisdiction) -> Self {
        let number = |number: u32, source: &jurisdiction::Source| LegalNumber { number, source: source.into() };
        let consent = |consent: &jurisdiction::MinorConsent| MinorConsent {
            services: codes(&consent.services),
            from_years: consent.years.into(),
            says: consent.says.clone(),
            source: (&consent.source).into(),
        };
        Self {
            code: law.code.clone(),
            title: law.title.clone(),
            majority_years: number(law.majority.years.into(), &law.majority.source),
            guardian_minutes: number(law.guardian.minutes, &law.guardian.source),
            legal_statuses: law.statuses.iter().map(Into::into).collect(),
            receivers: (&law.receivers).into(),
            transport: (&law.transport).into(),
            minor_consent: law.minor_consent.iter().map(consent).collect(),
            notices: law.notices.iter().map(Into::into).collect(),
        }
    }
}

/// A jurisdiction by its code; none where the hub knows none of it.
pub(super) fn jurisdiction(ctx: &Context<'_>, code: Option<&str>) -> Option<Jurisdiction> {
    app::law::jurisdiction(&asking(ctx).hub, code?).map(Into::into)
}

/// Until when a person may be kept who does not stay of their own will. It belongs to the search for their place, and goes with
/// it from handoff to handoff. Under which status is sealed: `disclose` opens it, tier LEGAL. Those who care for people at the
/// agencies that the person is with read it, officers what their own agency recorded, and nobody else.
#[derive(Clone)]
pub struct LegalHold(LegalHoldView);

impl LegalHold {
    pub(super) fn new(view: LegalHoldView) -> Self {
        Self(view)
    }
}

/// Until when a person may be kept who does not stay of their own will. It belongs to the search for their place, and goes with
/// it from handoff to handoff. Under which status is sealed: `disclose` opens it, tier LEGAL. Those who care for people at the
/// agencies that the person is with read it, officers what their own agency recorded, and nobody else.
#[Object]
impl LegalHold {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.0.hold().id)
    }
    /// Raised by every change, and by every warning.
    async fn version(&self) -> i64 {
        self.0.hold().version
    }
    /// The latest handoff of its search that your agency has a part in: what `endLegalHold` names beside it.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        latest_of(ctx, self.0.hold().episode).await
    }
    /// When it began.
    async fn began_at(&self) -> DateTime {
        DateTime(self.0.hold().began_at)
    }
    /// When its time is over.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.hold().expires_at)
    }
    /// How many percent of its time are over, at most 100; of one that has ended, as it ended.
    async fn percent_over(&self) -> u32 {
        self.0.percent().into()
    }
    /// How many percent have been told: 0, then 50, 75, 90 as a rule, and 100 when its time is over.
    async fn percent_told(&self) -> u32 {
        self.0.hold().told.into()
    }
    /// When the next of them is told; null when none is left.
    async fn due_at(&self) -> Option<DateTime> {
        self.0.hold().due_at.map(DateTime)
    }
    /// When it ended. How, is sealed.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.hold().ended_at.map(DateTime)
    }
}

/// The step of reaching a minor's guardian, with its clock. Who that is, and who may consent, is sealed: `disclose` opens it,
/// tier IDENTITY. Those who care for people at the agencies that the minor is with read it, officers what their own agency said,
/// and nobody else.
#[derive(Clone)]
pub struct GuardianStep(GuardianView);

impl GuardianStep {
    pub(super) fn new(view: GuardianView) -> Self {
        Self(view)
    }
}

/// The step of reaching a minor's guardian, with its clock. Who that is, and who may consent, is sealed: `disclose` opens it,
/// tier IDENTITY. Those who care for people at the agencies that the minor is with read it, officers what their own agency said,
/// and nobody else.
#[Object]
impl GuardianStep {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.0.step().id)
    }
    /// Raised by every change.
    async fn version(&self) -> i64 {
        self.0.step().version
    }
    /// The latest handoff of its search that your agency has a part in: what `recordGuardianReached` names.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        latest_of(ctx, self.0.step().episode).await
    }
    /// Since when the guardian is to be reached.
    async fn awaited_at(&self) -> DateTime {
        DateTime(self.0.step().awaited_at)
    }
    /// By when: the region's target.
    async fn target_at(&self) -> DateTime {
        DateTime(self.0.step().target_at)
    }
    /// Nobody was reached in time.
    async fn late(&self) -> bool {
        self.0.is_late()
    }
    /// When the guardian was reached.
    async fn reached_at(&self) -> Option<DateTime> {
        self.0.step().reached_at.map(DateTime)
    }
    /// When nobody waited any more: the search ended, or the person is no minor.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.step().ended_at.map(DateTime)
    }
}

/// The legal hold that stands in a search.
pub(super) async fn legal_hold_of(ctx: &Context<'_>, episode: EpisodeId) -> Answer<LegalHold> {
    let found = asking(ctx).together.load_one(LegalHoldOf(episode)).await.map_err(|error| from_app(&error));
    found.map(|view| view.map(LegalHold::new)).transpose()
}

/// The step of reaching a minor's guardian in a search.
pub(super) async fn guardian_of(ctx: &Context<'_>, episode: EpisodeId) -> Answer<GuardianStep> {
    let found = asking(ctx).together.load_one(GuardianOf(episode)).await.map_err(|error| from_app(&error));
    found.map(|view| view.map(GuardianStep::new)).transpose()
}

/// Under which legal status a hold began, opened.
#[derive(Clone, SimpleObject)]
pub struct LegalHoldBegan {
    /// By whose law.
    jurisdiction: String,
    /// The status, by its code there.
    status: String,
    /// What it is called.
    title: String,
    /// What it is to a search.
    maps_to: Code<need::LegalStatus>,
    /// When it began.
    began_at: DateTime,
    /// When its time is over.
    expires_at: DateTime,
}

impl From<sealed::LegalHoldBegan> for LegalHoldBegan {
    fn from(said: sealed::LegalHoldBegan) -> Self {
        Self {
            jurisdiction: said.jurisdiction,
            status: said.status,
            title: said.title,
            maps_to: Code(said.maps_to),
            began_at: DateTime(said.began_at),
            expires_at: DateTime(said.expires_at),
        }
    }
}

/// Whose a minor is, and who may consent, opened.
#[derive(Clone, SimpleObject)]
pub struct GuardianSaid {
    /// In whose custody the minor is.
    custody: Code<Custody>,
    /// Who may consent.
    may_consent: Vec<Code<Signer>>,
}

impl From<sealed::GuardianSaid> for GuardianSaid {
    fn from(said: sealed::GuardianSaid) -> Self {
        Self { custody: Code(said.custody), may_consent: codes(&said.may_consent) }
    }
}

payload! {
    /// What a change to a legal hold did.
    LegalHoldPayload legal_hold LegalHold
}
payload! {
    /// What `recordGuardianReached` did.
    GuardianPayload guardian GuardianStep
}

/// What is changed of what the law counts.
pub struct LawMutation;

/// Everything that can be changed.
#[Object]
impl LawMutation {
    /// Records that a person's legal hold began, under a status of the region's jurisdiction, as either agency of a handoff. The
    /// status is sealed in the handoff; its clock goes with the person's search, and warns at 50, 75 and 90 percent.
    async fn record_legal_hold(&self, ctx: &Context<'_>, input: RecordLegalHoldInput) -> Answer<LegalHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::law::record(asking, input));
        let outcome = app::legal_hold::record(&asking.hub, &asking.viewer, input).await;
        LegalHoldPayload::settle(asking, outcome, LegalHold::new).await
    }

    /// Says how a legal hold ended. How is sealed in the handoff; its clock stops.
    async fn end_legal_hold(&self, ctx: &Context<'_>, input: EndLegalHoldInput) -> Answer<LegalHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::law::end(asking, input));
        let outcome = app::legal_hold::end(&asking.hub, &asking.viewer, input).await;
        LegalHoldPayload::settle(asking, outcome, LegalHold::new).await
    }

    /// Says that a minor's guardian was reached. In whose custody the minor is, and who may consent, is sealed in the handoff. Send
    /// it again when more is known: it is written down beside, and the first word stands for the clock.
    async fn record_guardian_reached(
        &self,
        ctx: &Context<'_>,
        input: RecordGuardianReachedInput,
    ) -> Answer<GuardianPayload> {
        let asking = asking(ctx);
        let input = given!(input::law::reached(asking, input));
        let outcome = app::guardian::record_reached(&asking.hub, &asking.viewer, input).await;
        GuardianPayload::settle(asking, outcome, GuardianStep::new).await
    }
}
