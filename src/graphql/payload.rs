//! What mutations answer: what was changed, and the problems that kept it from being changed.
use super::bed::BedUnit;
use super::directory::{Facility, Organization, Service};
use super::episode::Episode;
use super::error::{Answer, from_app};
use super::handoff::Handoff;
use super::hold::BedHold;
use super::log::Grant;
use super::node::{Node, find};
use super::notice::Notice;
use super::pathway::Pathway;
use super::poll::BedUpdateRequest;
use super::scalars::Code;
use super::seen::Asking;
use super::team::Team;
use crate::app::{self, Outcome, ProblemCode};
use async_graphql::{Error, ID, SimpleObject};

/// An expected refusal: nothing has changed.
#[derive(Clone, SimpleObject)]
pub struct Problem {
    /// Which.
    code: Code<ProblemCode>,
    /// What to do, in a sentence.
    message: String,
    /// The input that it is about, as a path into `input`.
    path: Vec<String>,
    /// What is true now, if you may see it.
    current: Option<Node>,
}

macro_rules! payload {
    ($(#[doc = $doc:literal])+ $name:ident $field:ident $type:ty) => {
        $(#[doc = $doc])+
        #[derive(Clone, SimpleObject)]
        pub struct $name {
            /// What was changed; null when nothing was.
            $field: Option<$type>,
            /// Why nothing was changed; empty when all went well.
            problems: Vec<Problem>,
            /// The same request had been done before: this is its effect, read again.
            replayed: bool,
        }
        impl $name {
            pub(super) async fn settle<T>(asking: &Asking, outcome: Result<Outcome<T>, app::Error>, changed: impl FnOnce(T) -> $type) -> Answer<Self> {
                Some(match outcome {
                    Err(error) => Err(from_app(&error)),
                    Ok(outcome) => problems(asking, outcome.problems).await.map(|problems| Self {
                        $field: outcome.changed.map(changed),
                        problems,
                        replayed: outcome.replayed,
                    }),
                })
            }
        }
    };
}

pub(super) use payload;

payload! {
    /// What `reportBeds` did.
    ReportBedsPayload bed_units Vec<BedUnit>
}
payload! {
    /// What a change to a unit did.
    BedUnitPayload bed_unit BedUnit
}
payload! {
    /// What a change to a hold did.
    BedHoldPayload hold BedHold
}
payload! {
    /// What a change to a handoff did.
    HandoffPayload handoff Handoff
}
payload! {
    /// What a change to an episode did.
    EpisodePayload episode Episode
}
payload! {
    /// What `saveOrganization` did.
    OrganizationPayload organization Organization
}
payload! {
    /// What `saveFacility` did.
    FacilityPayload facility Facility
}
payload! {
    /// What `saveService` did.
    ServicePayload service Service
}
payload! {
    /// What `savePathway` did.
    PathwayPayload pathway Pathway
}
payload! {
    /// What a change to a mobile team did.
    TeamPayload team Team
}
payload! {
    /// What a change to a grant did.
    GrantPayload grant Grant
}
payload! {
    /// What a change to a notice did.
    NoticePayload notice Notice
}
payload! {
    /// What `requestBedUpdate` did.
    BedUpdateRequestPayload bed_update_request BedUpdateRequest
}

pub(super) async fn problems(asking: &Asking, problems: Vec<app::Problem>) -> Result<Vec<Problem>, Error> {
    // What is true now is read after the refusal, not as of the operation's beginning.
    let now = asking.again();
    let named: Vec<ID> = problems.iter().filter_map(|problem| problem.current).map(|id| ID(id.to_string())).collect();
    let mut current = match named.is_empty() {
        true => Vec::new(),
        false => find(&now, &named).await.map_err(|error| from_app(&error))?,
    }
    .into_iter();
    let told = |problem: app::Problem| {
        let current = problem.current.and_then(|_| current.next().flatten());
        Problem { code: Code(problem.code), message: problem.message, path: problem.path, current }
    };
    Ok(problems.into_iter().map(told).collect())
}
