//! What is changed of handoffs and of the searches they belong to. Apart from the rest of the mutation root: what the resolvers of
//! one object hold stands in one frame.
use super::episode::Episode;
use super::error::Answer;
use super::handoff::Handoff;
use super::input;
use super::input::coordinate::NudgeHandoffInput;
use super::input::handoff::{AnnounceHandoffInput, FailHandoffInput, MoveHandoffInput, RedirectHandoffInput};
use super::input::offer::{
    AcceptOfferInput, AskForInformationInput, ChooseOfferInput, CloseEpisodeInput, DeclineOfferInput,
    OfferHandoffInput, OpenEpisodeInput, WaitlistOfferInput, WithdrawOfferInput,
};
use super::mutation::given;
use super::payload::{EpisodePayload, HandoffPayload};
use super::seen::{Asking, asking};
use crate::app;
use crate::app::handoff::MoveHandoff;
use crate::domain::handoff::Move;
use async_graphql::{Context, Error, Object};

/// What is changed of handoffs.
pub struct HandoffMutation;

/// Moves a handoff.
pub(super) async fn go(asking: &Asking, input: Result<MoveHandoff, Error>) -> Answer<HandoffPayload> {
    let input = given!(input);
    let outcome = app::handoff::go(&asking.hub, &asking.viewer, input).await;
    HandoffPayload::settle(asking, outcome, |view| Handoff::new(view, &asking.look())).await
}

/// Everything that can be changed.
#[Object]
impl HandoffMutation {
    /// Announces somebody by a pathway of the mode ANNOUNCE: accepted as it is made, with a place kept where one is free.
    async fn announce_handoff(&self, ctx: &Context<'_>, input: AnnounceHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        let input = given!(input::handoff::announce(asking, input));
        let outcome = app::handoff::announce(&asking.hub, &asking.viewer, input).await;
        HandoffPayload::settle(asking, outcome, |view| Handoff::new(view, &asking.look())).await
    }

    /// Asks up to three receivers at once whether they take somebody, each by a pathway of the mode REQUEST: all are asked, or
    /// none. Give `episodeId` to go on with a search that stands.
    async fn offer_handoff(&self, ctx: &Context<'_>, input: OfferHandoffInput) -> Answer<EpisodePayload> {
        let asking = asking(ctx);
        let input = given!(input::offer::offer(asking, input));
        let outcome = app::handoff::offer(&asking.hub, &asking.viewer, input).await;
        EpisodePayload::settle(asking, outcome, |view| Episode::new(view, &asking.look())).await
    }

    /// Says, as the receiver, that the offer is seen; the time to decide runs on.
    async fn acknowledge_offer(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::go(asking, "acknowledgeOffer", Move::Acknowledge, input)).await
    }

    /// Asks the sender for something before deciding. The time to decide stands still until `answerInformation`.
    async fn ask_for_information(&self, ctx: &Context<'_>, input: AskForInformationInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::ask(asking, input)).await
    }

    /// Says, as the sender, that what the receiver asked for is sent; the time to decide runs on.
    async fn answer_information(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::go(asking, "answerInformation", Move::Answer, input)).await
    }

    /// Puts the person on the receiver's list, with a place on it and when it is looked at again.
    async fn waitlist_offer(&self, ctx: &Context<'_>, input: WaitlistOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::waitlist(asking, input)).await
    }

    /// Takes the person, as the receiver, and keeps a place. It settles the search where the first yes does and nothing depends
    /// on more; otherwise the place is kept for 15 minutes in which the sender chooses.
    async fn accept_offer(&self, ctx: &Context<'_>, input: AcceptOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::accept(asking, input)).await
    }

    /// Chooses, as the sender, among the receivers that said yes. The others are told, and their places are free at once.
    async fn choose_offer(&self, ctx: &Context<'_>, input: ChooseOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::choose(asking, input)).await
    }

    /// Does not take the person, with a reason, and with what would make a yes of it.
    async fn decline_offer(&self, ctx: &Context<'_>, input: DeclineOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::decline(asking, input)).await
    }

    /// Takes an offer back, as the sender. The search goes on; end it with `closeEpisode`.
    async fn withdraw_offer(&self, ctx: &Context<'_>, input: WithdrawOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::offer::withdraw(asking, input)).await
    }

    /// Begins a search that asks nobody yet: for when `matchPathways` finds no place. Whoever coordinates the region sees it, its
    /// wait is counted, and where the hub itself finds nobody to ask, the log says EPISODE_UNMATCHED: a gap that needs no report.
    /// Go on with `offerHandoff` or `announceHandoff` and its `episodeId` once there is a place, or end it with `closeEpisode`.
    async fn open_episode(&self, ctx: &Context<'_>, input: OpenEpisodeInput) -> Answer<EpisodePayload> {
        let asking = asking(ctx);
        let input = given!(input::offer::open(asking, input));
        let outcome = app::handoff::open(&asking.hub, &asking.viewer, input).await;
        EpisodePayload::settle(asking, outcome, |view| Episode::new(view, &asking.look())).await
    }

    /// Ends a search without a place. Whoever was asked is told that the offer is taken back.
    async fn close_episode(&self, ctx: &Context<'_>, input: CloseEpisodeInput) -> Answer<EpisodePayload> {
        let asking = asking(ctx);
        let input = given!(input::offer::close(asking, input));
        let outcome = app::handoff::close(&asking.hub, &asking.viewer, input).await;
        EpisodePayload::settle(asking, outcome, |view| Episode::new(view, &asking.look())).await
    }

    /// Says that the person, or the team that comes, sets out.
    async fn depart_handoff(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::go(asking, "departHandoff", Move::Depart, input)).await
    }

    /// Says that the person is at the door. The place counts as taken from here to the unit's next report.
    async fn arrive_handoff(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::go(asking, "arriveHandoff", Move::Arrive, input)).await
    }

    /// Sends the person on, as the receiver, with a reason. The sender needs another place: see the pathway's `fallbacks`.
    async fn redirect_handoff(&self, ctx: &Context<'_>, input: RedirectHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::redirect(asking, input)).await
    }

    /// Reminds the party whose word is awaited, and answers nothing for it: the party that waits, or somebody who coordinates
    /// the region. At most once in ten minutes; the other side is told by HANDOFF_NUDGED.
    async fn nudge_handoff(&self, ctx: &Context<'_>, input: NudgeHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        let input = given!(input::coordinate::nudge(asking, input));
        let outcome = app::coordinate::nudge(&asking.hub, &asking.viewer, input).await;
        HandoffPayload::settle(asking, outcome, |view| Handoff::new(view, &asking.look())).await
    }

    /// Says that it ended on the way, and why. The place is free at once.
    async fn fail_handoff(&self, ctx: &Context<'_>, input: FailHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        go(asking, input::handoff::fail(asking, input)).await
    }
}
