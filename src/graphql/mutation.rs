//! The mutation root: one input, one payload.
use super::bed::BedUnit;
use super::directory::{Facility, Organization, Service};
use super::episode::Episode;
use super::error::Answer;
use super::handoff::Handoff;
use super::hold::BedHold;
use super::input;
use super::input::bed::{PauseBedUnitInput, ReportBedsInput, ResumeBedUnitInput, SaveBedUnitInput};
use super::input::coordinate::NudgeHandoffInput;
use super::input::directory::{SaveFacilityInput, SaveOrganizationInput, SaveServiceInput};
use super::input::grant::{GrantRoleInput, RevokeGrantInput};
use super::input::handoff::{AnnounceHandoffInput, FailHandoffInput, MoveHandoffInput, RedirectHandoffInput};
use super::input::hold::{ArriveOnHoldInput, ExtendHoldInput, HoldBedInput, ReleaseHoldInput};
use super::input::notice::{AcknowledgeNoticeInput, PostNoticeInput, RequestBedUpdateInput, WithdrawNoticeInput};
use super::input::offer::{
    AcceptOfferInput, AskForInformationInput, ChooseOfferInput, CloseEpisodeInput, DeclineOfferInput,
    OfferHandoffInput, OpenEpisodeInput, WaitlistOfferInput, WithdrawOfferInput,
};
use super::input::pathway::SavePathwayInput;
use super::input::team::{SaveTeamInput, SetTeamStatusInput};
use super::log::Grant;
use super::notice::Notice;
use super::pathway::Pathway;
use super::payload::{
    BedHoldPayload, BedUnitPayload, BedUpdateRequestPayload, EpisodePayload, FacilityPayload, GrantPayload,
    HandoffPayload, NoticePayload, OrganizationPayload, PathwayPayload, ReportBedsPayload, ServicePayload, TeamPayload,
};
use super::poll::BedUpdateRequest;
use super::seen::{Asking, asking};
use super::team::Team;
use crate::app::directory::{Entered, SaveEntry};
use crate::app::handoff::MoveHandoff;
use crate::app::{self, Outcome};
use crate::domain::entry::Entry;
use crate::domain::handoff::Move;
use crate::policy::view::BedUnitView;
use crate::store::{Kept, KeptBy};
use async_graphql::{Context, Error, Object};
use std::sync::Arc;

/// Everything that can be changed.
pub struct Mutation;

macro_rules! given {
    ($input:expr) => {
        match $input {
            Ok(input) => input,
            Err(error) => return Some(Err(error)),
        }
    };
}
pub(super) use given;

impl Mutation {
    pub(super) async fn go(asking: &Asking, input: Result<MoveHandoff, Error>) -> Answer<HandoffPayload> {
        let input = given!(input);
        let outcome = app::handoff::go(&asking.hub, &asking.viewer, input).await;
        HandoffPayload::settle(asking, outcome, |view| Handoff::new(view, &asking.look())).await
    }

    async fn save<D: Entered>(
        asking: &Asking,
        input: Result<SaveEntry<D>, Error>,
    ) -> Result<Result<Outcome<Arc<Entry<D>>>, app::Error>, Error>
    where
        Entry<D>: Kept + KeptBy<D::Action>,
    {
        Ok(app::directory::save(&asking.hub, &asking.viewer, input?).await)
    }
}

/// Everything that can be changed.
// Part of the one `Mutation`: no type of the schema has this name.
#[Object(name = "OpenMutation")]
impl Mutation {
    /// Reports the numbers of one unit, of up to 200, or says of a whole facility that the last numbers are still correct.
    /// All are taken, or none.
    async fn report_beds(&self, ctx: &Context<'_>, input: ReportBedsInput) -> Answer<ReportBedsPayload> {
        let asking = asking(ctx);
        let input = given!(input::bed::report_beds(asking, input));
        let outcome = app::bed::report(&asking.hub, &asking.viewer, input).await;
        let seen = asking.look();
        let units = |views: Vec<BedUnitView>| views.into_iter().map(|view| BedUnit::new(view, &seen)).collect();
        ReportBedsPayload::settle(asking, outcome, units).await
    }

    /// Pauses a unit of your agency, with a reason and an expected end.
    async fn pause_bed_unit(&self, ctx: &Context<'_>, input: PauseBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let input = given!(input::bed::pause(asking, input));
        let outcome = app::bed::set_pause(&asking.hub, &asking.viewer, input).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look())).await
    }

    /// Ends the pause of a unit of your agency.
    async fn resume_bed_unit(&self, ctx: &Context<'_>, input: ResumeBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let input = given!(input::bed::resume(asking, input));
        let outcome = app::bed::set_pause(&asking.hub, &asking.viewer, input).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look())).await
    }

    /// Keeps a place on a unit for your agency, under the unit's hold policy, while there is one. It ends by itself.
    async fn hold_bed(&self, ctx: &Context<'_>, input: HoldBedInput) -> Answer<BedHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::hold::hold_bed(asking, input));
        let outcome = app::hold::place(&asking.hub, &asking.viewer, input).await;
        BedHoldPayload::settle(asking, outcome, |view| BedHold::new(view, &asking.look())).await
    }

    /// Gives a hold more time, counted from now.
    async fn extend_hold(&self, ctx: &Context<'_>, input: ExtendHoldInput) -> Answer<BedHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::hold::extend(asking, input));
        let outcome = app::hold::change(&asking.hub, &asking.viewer, input).await;
        BedHoldPayload::settle(asking, outcome, |view| BedHold::new(view, &asking.look())).await
    }

    /// Gives a hold back; or, as the unit's agency, takes it back. The place is free at once.
    async fn release_hold(&self, ctx: &Context<'_>, input: ReleaseHoldInput) -> Answer<BedHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::hold::release(asking, input));
        let outcome = app::hold::change(&asking.hub, &asking.viewer, input).await;
        BedHoldPayload::settle(asking, outcome, |view| BedHold::new(view, &asking.look())).await
    }

    /// Says that the person has arrived. The hold is used up; the place counts as taken until the unit's next report.
    async fn arrive_on_hold(&self, ctx: &Context<'_>, input: ArriveOnHoldInput) -> Answer<BedHoldPayload> {
        let asking = asking(ctx);
        let input = given!(input::hold::arrive(asking, input));
        let outcome = app::hold::change(&asking.hub, &asking.viewer, input).await;
        BedHoldPayload::settle(asking, outcome, |view| BedHold::new(view, &asking.look())).await
    }

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
        Self::go(asking, input::handoff::go(asking, "acknowledgeOffer", Move::Acknowledge, input)).await
    }

    /// Asks the sender for something before deciding. The time to decide stands still until `answerInformation`.
    async fn ask_for_information(&self, ctx: &Context<'_>, input: AskForInformationInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::ask(asking, input)).await
    }

    /// Says, as the sender, that what the receiver asked for is sent; the time to decide runs on.
    async fn answer_information(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::handoff::go(asking, "answerInformation", Move::Answer, input)).await
    }

    /// Puts the person on the receiver's list, with a place on it and when it is looked at again.
    async fn waitlist_offer(&self, ctx: &Context<'_>, input: WaitlistOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::waitlist(asking, input)).await
    }

    /// Takes the person, as the receiver, and keeps a place. It settles the search where the first yes does and nothing depends
    /// on more; otherwise the place is kept for 15 minutes in which the sender chooses.
    async fn accept_offer(&self, ctx: &Context<'_>, input: AcceptOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::accept(asking, input)).await
    }

    /// Chooses, as the sender, among the receivers that said yes. The others are told, and their places are free at once.
    async fn choose_offer(&self, ctx: &Context<'_>, input: ChooseOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::choose(asking, input)).await
    }

    /// Does not take the person, with a reason, and with what would make a yes of it.
    async fn decline_offer(&self, ctx: &Context<'_>, input: DeclineOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::decline(asking, input)).await
    }

    /// Takes an offer back, as the sender. The search goes on; end it with `closeEpisode`.
    async fn withdraw_offer(&self, ctx: &Context<'_>, input: WithdrawOfferInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::offer::withdraw(asking, input)).await
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
        Self::go(asking, input::handoff::go(asking, "departHandoff", Move::Depart, input)).await
    }

    /// Says that the person is at the door. The place counts as taken from here to the unit's next report.
    async fn arrive_handoff(&self, ctx: &Context<'_>, input: MoveHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::handoff::go(asking, "arriveHandoff", Move::Arrive, input)).await
    }

    /// Sends the person on, as the receiver, with a reason. The sender needs another place: see the pathway's `fallbacks`.
    async fn redirect_handoff(&self, ctx: &Context<'_>, input: RedirectHandoffInput) -> Answer<HandoffPayload> {
        let asking = asking(ctx);
        Self::go(asking, input::handoff::redirect(asking, input)).await
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
        Self::go(asking, input::handoff::fail(asking, input)).await
    }

    /// Adds, edits or withdraws a unit of your agency.
    async fn save_bed_unit(&self, ctx: &Context<'_>, input: SaveBedUnitInput) -> Answer<BedUnitPayload> {
        let asking = asking(ctx);
        let input = given!(input::bed::save_unit(asking, input));
        let outcome = app::bed::save(&asking.hub, &asking.viewer, input).await;
        BedUnitPayload::settle(asking, outcome, |view| BedUnit::new(view, &asking.look())).await
    }

    /// Adds (operators) or edits an agency.
    async fn save_organization(&self, ctx: &Context<'_>, input: SaveOrganizationInput) -> Answer<OrganizationPayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, input::directory::organization(asking, input)).await);
        OrganizationPayload::settle(asking, outcome, |entry| Organization::new(entry, &asking.look())).await
    }

    /// Adds, edits or withdraws a place of your agency.
    async fn save_facility(&self, ctx: &Context<'_>, input: SaveFacilityInput) -> Answer<FacilityPayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, input::directory::facility(asking, input)).await);
        FacilityPayload::settle(asking, outcome, |entry| Facility::new(entry, &asking.look())).await
    }

    /// Adds, edits or withdraws a service of your agency.
    async fn save_service(&self, ctx: &Context<'_>, input: SaveServiceInput) -> Answer<ServicePayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, input::directory::service(asking, input)).await);
        ServicePayload::settle(asking, outcome, |entry| Service::new(entry, &asking.look())).await
    }

    /// Adds, edits or withdraws a referral pathway to a service of your agency.
    async fn save_pathway(&self, ctx: &Context<'_>, input: SavePathwayInput) -> Answer<PathwayPayload> {
        let asking = asking(ctx);
        let outcome = given!(Self::save(asking, input::pathway::save(asking, input)).await);
        PathwayPayload::settle(asking, outcome, |entry| Pathway::new(entry, &asking.look())).await
    }

    /// Adds, edits or withdraws a mobile team of your agency.
    async fn save_team(&self, ctx: &Context<'_>, input: SaveTeamInput) -> Answer<TeamPayload> {
        let asking = asking(ctx);
        let input = given!(input::team::save(asking, input));
        let outcome = app::team::save(&asking.hub, &asking.viewer, input).await;
        TeamPayload::settle(asking, outcome, |view| Team::new(view, &asking.look())).await
    }

    /// Says for a mobile team of your agency whether it is free; said again, it is the team's heartbeat.
    async fn set_team_status(&self, ctx: &Context<'_>, input: SetTeamStatusInput) -> Answer<TeamPayload> {
        let asking = asking(ctx);
        let input = given!(input::team::set_status(asking, input));
        let outcome = app::team::set_status(&asking.hub, &asking.viewer, input).await;
        TeamPayload::settle(asking, outcome, |view| Team::new(view, &asking.look())).await
    }

    /// Grants a role: administrators within their agency, operators anywhere.
    async fn grant_role(&self, ctx: &Context<'_>, input: GrantRoleInput) -> Answer<GrantPayload> {
        let asking = asking(ctx);
        let input = given!(input::grant::grant(asking, input));
        let outcome = app::grant::grant_role(&asking.hub, &asking.viewer, input).await;
        GrantPayload::settle(asking, outcome, |grant| Grant { grant, seen: asking.seen.clone() }).await
    }

    /// Revokes a grant for good. Its holder's reads, writes and subscriptions end at once.
    async fn revoke_grant(&self, ctx: &Context<'_>, input: RevokeGrantInput) -> Answer<GrantPayload> {
        let asking = asking(ctx);
        let id = given!(input::named(&input.grant_id));
        let outcome = app::grant::revoke_grant(&asking.hub, &asking.viewer, id).await;
        GrantPayload::settle(asking, outcome, |grant| Grant { grant, seen: asking.seen.clone() }).await
    }

    /// Posts a notice to agencies of your region: coordinators and administrators of agencies. It holds no personal data.
    async fn post_notice(&self, ctx: &Context<'_>, input: PostNoticeInput) -> Answer<NoticePayload> {
        let asking = asking(ctx);
        let input = given!(input::notice::post(asking, input));
        let outcome = app::notice::post(&asking.hub, &asking.viewer, input).await;
        NoticePayload::settle(asking, outcome, |view| Notice::new(view, &asking.look())).await
    }

    /// Withdraws a notice of your agency before its end; for good.
    async fn withdraw_notice(&self, ctx: &Context<'_>, input: WithdrawNoticeInput) -> Answer<NoticePayload> {
        let asking = asking(ctx);
        let input = given!(input::notice::withdraw(asking, input));
        let outcome = app::notice::withdraw(&asking.hub, &asking.viewer, input).await;
        NoticePayload::settle(asking, outcome, |view| Notice::new(view, &asking.look())).await
    }

    /// Acknowledges a notice that asks for it. One person of an agency acknowledges for the agency; again changes nothing.
    async fn acknowledge_notice(&self, ctx: &Context<'_>, input: AcknowledgeNoticeInput) -> Answer<NoticePayload> {
        let asking = asking(ctx);
        let input = given!(input::notice::acknowledge(asking, input));
        let outcome = app::notice::acknowledge(&asking.hub, &asking.viewer, input).await;
        NoticePayload::settle(asking, outcome, |view| Notice::new(view, &asking.look())).await
    }

    /// Asks up to 200 units to confirm their numbers now: coordinators in the region, administrators in their agency. All are
    /// asked, or none.
    async fn request_bed_update(
        &self,
        ctx: &Context<'_>,
        input: RequestBedUpdateInput,
    ) -> Answer<BedUpdateRequestPayload> {
        let asking = asking(ctx);
        let input = given!(input::notice::ask(asking, input));
        let outcome = app::poll::request(&asking.hub, &asking.viewer, input).await;
        BedUpdateRequestPayload::settle(asking, outcome, |view| BedUpdateRequest::new(view, &asking.look())).await
    }
}
