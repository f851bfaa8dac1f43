//! Permits for browsers that people are reached at: each person's own.
use super::{Acts, Permit, PhantomData, PlaceCall, Refused, RegisterPush, Row, Stamp, permit};
use crate::domain::id::{GrantId, Noun, NounId, PushSubscriptionId};
use crate::domain::push::PushSubscription;
use crate::policy::rules::Reach;
use crate::policy::viewer::Viewer;

/// May the viewer register a browser of their own?
pub fn register_push(viewer: &Viewer, id: PushSubscriptionId) -> Result<Permit<RegisterPush>, Refused> {
    let grant = viewer.grant().ok_or(Refused)?;
    let (region, owner) = (grant.region, grant.organization);
    own(viewer, grant.id, Row { noun: Noun::PushSubscription, key: id.key(), version: 0, region, owner })
}

/// May the viewer renew this browser, or take it back?
pub fn change_push(viewer: &Viewer, of: &PushSubscription) -> Result<Permit<RegisterPush>, Refused> {
    own(viewer, of.grant, row(of))
}

/// May the viewer end this browser's registration, whose push service knows it no more or whose grant holds no more?
pub fn end_push(viewer: &Viewer, of: &PushSubscription) -> Result<Permit<PlaceCall>, Refused> {
    permit(viewer, row(of))
}

fn row(of: &PushSubscription) -> Row {
    let (region, owner) = (of.region, of.owner);
    Row { noun: Noun::PushSubscription, key: of.id.key(), version: of.version, region, owner }
}

/// A permit that reaches what was made under the viewer's own grant, and nothing else.
fn own<A: Acts>(viewer: &Viewer, grant: GrantId, row: Row) -> Result<Permit<A>, Refused> {
    let reaches = viewer.reach(A::ACTION) == Reach::Own && viewer.grant_id() == Some(grant);
    if viewer.read_only() || !reaches {
        return Err(Refused);
    }
    let (noun, owner) = (row.noun, row.owner);
    let stamp = Stamp { grant: viewer.grant_id(), machine: None, action: A::ACTION, noun, owner };
    Ok(Permit { row: row.key, version: row.version, stamp, action: PhantomData })
}
