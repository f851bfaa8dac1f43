//! The mutation root: one input, one payload.
use super::bed::BedUnit;
use super::directory::{Facility, Organization, Service};
use super::error::Answer;
use super::hold::BedHold;
use super::input;
use super::input::bed::{PauseBedUnitInput, ReportBedsInput, ResumeBedUnitInput, SaveBedUnitInput};
use super::input::directory::{SaveFacilityInput, SaveOrganizationInput, SaveServiceInput};
use super::input::grant::{GrantRoleInput, RevokeGrantInput};
use super::input::hold::{ArriveOnHoldInput, ExtendHoldInput, HoldBedInput, ReleaseHoldInput};
use super::input::notice::{AcknowledgeNoticeInput, PostNoticeInput, RequestBedUpdateInput, WithdrawNoticeInput};
use super::input::pathway::SavePathwayInput;
use super::input::team::{SaveTeamInput, SetTeamStatusInput};
use super::log::Grant;
use super::notice::Notice;
use super::pathway::Pathway;
use super::payload::{
    BedHoldPayload, BedUnitPayload, BedUpdateRequestPayload, FacilityPayload, GrantPayload, NoticePayload,
    OrganizationPayload, PathwayPayload, ReportBedsPayload, ServicePayload, TeamPayload,
};
use super::poll::BedUpdateRequest;
use super::seen::{Asking, asking};
use super::team::Team;
use crate::app::directory::{Entered, SaveEntry};
use crate::app::{self, Outcome};
use crate::domain::entry::Entry;
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
