//! Who the viewer is to the hub, in the schema.
use super::directory::{Organization, Region};
use super::log::Grant;
use super::scalars::{Code, DateTime};
use super::seen::{Seen, asking};
use crate::app;
use crate::board::Names;
use crate::domain::entry::Details;
use crate::domain::event::Audience;
use crate::domain::id::{GlobalId, OrganizationId, RegionId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::role::Role;
use crate::policy::{Action, may};
use async_graphql::{Context, ID, Object, SimpleObject};

/// Who you are to the hub.
#[derive(Clone, Copy)]
pub struct Me;

/// Whether you may do something, and why.
#[derive(SimpleObject)]
pub struct May {
    /// Whether.
    yes: bool,
    /// The rule, in a sentence.
    reason: String,
}

/// Who you are to the hub.
#[Object(name = "Viewer")]
impl Me {
    /// The role you act in.
    async fn role(&self, ctx: &Context<'_>) -> Option<Code<Role>> {
        asking(ctx).viewer.role().map(Code)
    }
    /// The agency you act for.
    async fn organization(&self, ctx: &Context<'_>) -> Option<Organization> {
        let asking = asking(ctx);
        asking.seen.entry(asking.viewer.organization()?).map(|entry| Organization::new(entry, &asking.seen))
    }
    /// Your region.
    async fn region(&self, ctx: &Context<'_>) -> Option<Region> {
        let asking = asking(ctx);
        asking.seen.entry(asking.viewer.region()?).map(|entry| Region::new(entry, &asking.seen))
    }
    /// The grant you act under. Holders of several choose one with the header `Crisis-Hub-Grant`.
    async fn grant(&self, ctx: &Context<'_>) -> Option<Grant> {
        let asking = asking(ctx);
        Some(Grant { grant: asking.viewer.grant()?.clone(), seen: asking.seen.clone() })
    }
    /// Until when you stand: the earlier of your token's and your grant's end.
    async fn until(&self, ctx: &Context<'_>) -> Option<DateTime> {
        asking(ctx).viewer.until().map(DateTime)
    }
    /// Your agency coordinates its region, and you may follow every open search in it. Each look is written into the audit,
    /// where the agencies concerned read it.
    async fn coordinates(&self, ctx: &Context<'_>) -> bool {
        asking(ctx).viewer.coordinates().is_some()
    }
    /// Your token changes nothing.
    async fn read_only(&self, ctx: &Context<'_>) -> bool {
        asking(ctx).viewer.read_only()
    }
    /// Whether you may do something, in general or to one object, and why. An object that you do not see answers as one that is not there.
    async fn may(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What.")] action: Code<Action>,
        #[graphql(desc = "To which object.")] id: Option<ID>,
    ) -> May {
        let asking = asking(ctx);
        let (seen, viewer) = (&asking.seen, &asking.viewer);
        let home = viewer.organization().and_then(|own| seen.entry::<OrganizationDetails>(own));
        let coordinator = home.and_then(|home| may::coordinator(&home, action.0));
        let named = id.as_ref().and_then(|id| GlobalId::parse(&id.0));
        let grant = named.and_then(|id| seen.board.grant(id.as_noun()?)).filter(|grant| seen.scope.sees_grant(grant));
        let notice = named.and_then(|id| seen.board.notice(viewer, &seen.scope, id.as_noun()?));
        let handoff = match named.and_then(GlobalId::as_noun) {
            Some(id) => app::handoff::get(&asking.hub, viewer, &[id]).await.ok().and_then(|mut found| found.pop()?),
            None => None,
        };
        let row = named.and_then(|id| row_of(seen, id));
        let (yes, reason) = match (grant, notice, handoff) {
            (_, _, Some(view)) => may::may_with_handoff(viewer, coordinator, action.0, view.handoff()),
            (Some(grant), ..) => may::may_with_grant(viewer, coordinator, action.0, grant),
            (_, Some(view), _) => may::may_with_notice(viewer, coordinator, action.0, view.notice()),
            _ if id.is_some() && row.is_none() => (false, "Nothing with this id is visible to you.".into()),
            _ => may::may(viewer, coordinator, action.0, row),
        };
        May { yes, reason }
    }
}

/// Where a row belongs, and who is told of it.
type Row = (RegionId, OrganizationId, Audience);

fn row_of(seen: &Seen, id: GlobalId) -> Option<Row> {
    fn of<D: Names>(seen: &Seen, id: GlobalId) -> Option<Row> {
        seen.entry::<D>(id.as_noun()?).map(|entry| (entry.region, entry.owner, entry.details.audience()))
    }
    of::<OrganizationDetails>(seen, id)
        .or_else(|| of::<crate::domain::facility::FacilityDetails>(seen, id))
        .or_else(|| of::<crate::domain::service::ServiceDetails>(seen, id))
        .or_else(|| of::<crate::domain::pathway::PathwayDetails>(seen, id))
        .or_else(|| of::<crate::domain::region::RegionDetails>(seen, id))
        .or_else(|| {
            let view = seen.board.unit(&seen.scope, id.as_noun()?, seen.now)?;
            let entry = &view.entry();
            Some((entry.region, entry.owner, entry.details.audience()))
        })
        .or_else(|| {
            let view = seen.board.team(&seen.scope, id.as_noun()?, seen.now)?;
            let entry = &view.team().entry;
            Some((entry.region, entry.owner, entry.details.audience()))
        })
}
