//! What is said of how long things stay, and beside it of a search and of a redirection.
use super::sealed::IdentityInput;
use super::{absent, keyed, keyed_blind, named};
use crate::app::handoff::NameSupervisor;
use crate::app::packet::PacketNote;
use crate::app::preservation::{LiftPreservation, PreservationFilter, PreserveHandoff};
use crate::domain::preservation::PreservationReason;
use crate::domain::sealed::{Content, Tier};
use crate::domain::time::At;
use crate::graphql::scalars::{Code, DateTime};
use crate::graphql::seen::Asking;
use async_graphql::{Error, ID, InputObject};

/// Which preservations; everything given has to hold.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "PreservationFilter")]
pub struct PreservationFilterInput {
    /// Of this handoff.
    handoff_id: Option<ID>,
    /// Only those that stand now.
    #[graphql(default)]
    standing_only: bool,
}

/// Preserves what is written in a handoff.
#[derive(Clone, Debug, InputObject)]
pub struct PreserveHandoffInput {
    /// The handoff, of your agency.
    handoff_id: ID,
    /// Why.
    reason: Code<PreservationReason>,
    /// Until when, at most ten years from now; until it is lifted when not given.
    until: Option<DateTime>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Lifts a preservation.
#[derive(Clone, Debug, InputObject)]
pub struct LiftPreservationInput {
    /// The preservation, of your agency.
    preservation_id: ID,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Names who answers for a redirection.
#[derive(Clone, Debug, InputObject)]
pub struct NameSupervisorInput {
    /// The handoff, which your agency redirected.
    handoff_id: ID,
    /// The supervisor's name, at most 120 characters. It is shown to those of both agencies who care for people, and told in
    /// no event.
    name: String,
    /// The version that you read: a later one is STALE_VERSION.
    expected_version: Option<i64>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

/// Writes a sealed entry once for a whole search of your agency: as `AddHandoffNoteInput`, for every receiver.
#[derive(Clone, Debug, InputObject)]
pub struct AddEpisodeNoteInput {
    /// The search, of your agency, with a receiver that is asked or on whom it is settled.
    episode_id: ID,
    /// Of which tier: `schema/tiers.txt` says who writes which.
    tier: Code<Tier>,
    /// Words, at most 8,000 characters.
    text: Option<String>,
    /// Who the person is.
    identity: Option<IdentityInput>,
    /// Your key for this request, at most 128 characters.
    idempotency_key: Option<String>,
}

impl PreservationFilterInput {
    /// The filter as the verbs take it.
    pub fn read(self, now: At) -> PreservationFilter {
        PreservationFilter {
            handoff: self.handoff_id.as_ref().map(absent),
            standing_at: self.standing_only.then_some(now),
        }
    }
}

/// Reads what is preserved.
pub(in crate::graphql) fn preserve(asking: &Asking, input: PreserveHandoffInput) -> Result<PreserveHandoff, Error> {
    let keyed = keyed(asking, "preserveHandoff", input.idempotency_key.as_deref(), &input)?;
    let (reason, until) = (input.reason.0, input.until.map(|until| until.0));
    Ok(PreserveHandoff { handoff: named(&input.handoff_id)?, reason, until, keyed })
}

/// Reads what is lifted.
pub(in crate::graphql) fn lift(asking: &Asking, input: LiftPreservationInput) -> Result<LiftPreservation, Error> {
    let keyed = keyed(asking, "liftPreservation", input.idempotency_key.as_deref(), &input)?;
    let (preservation, expected_version) = (named(&input.preservation_id)?, input.expected_version);
    Ok(LiftPreservation { preservation, expected_version, keyed })
}

/// Reads who answers for a redirection.
pub(in crate::graphql) fn supervisor(asking: &Asking, input: NameSupervisorInput) -> Result<NameSupervisor, Error> {
    let keyed = keyed_blind(asking, "nameSupervisor", input.idempotency_key.as_deref(), &input)?;
    let (handoff, expected_version) = (named(&input.handoff_id)?, input.expected_version);
    Ok(NameSupervisor { handoff, name: input.name, expected_version, keyed })
}

/// Reads an entry for a whole search.
pub(in crate::graphql) fn packet(asking: &Asking, input: AddEpisodeNoteInput) -> Result<PacketNote, Error> {
    let keyed = keyed_blind(asking, "addEpisodeNote", input.idempotency_key.as_deref(), &input)?;
    let content = Content { text: input.text, identity: input.identity.map(Into::into), ..Content::default() };
    Ok(PacketNote { episode: named(&input.episode_id)?, tier: input.tier.0, content, keyed })
}
