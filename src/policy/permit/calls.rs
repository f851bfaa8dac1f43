//! Permits for who is on call, and for calling them.
use super::{AcknowledgeCall, Permit, PlaceCall, Refused, Row, SetOnCall, permit};
use crate::domain::call::Call;
use crate::domain::handoff::Handoff;
use crate::domain::id::{CallId, Noun, NounId, OnCallId, OrganizationId, RegionId};
use crate::domain::on_call::OnCall;
use crate::policy::viewer::Viewer;

/// May the viewer say who is on call for a unit or a team of this region and agency?
pub fn set_on_call(
    viewer: &Viewer,
    (region, owner): (RegionId, OrganizationId),
    id: OnCallId,
    stands: Option<&OnCall>,
) -> Result<Permit<SetOnCall>, Refused> {
    let version = stands.map_or(0, |chain| chain.version);
    permit(viewer, Row { noun: Noun::OnCall, key: id.key(), version, region, owner })
}

/// May the viewer begin to call the receiver's people about this handoff?
pub fn start_call(viewer: &Viewer, of: &Handoff, id: CallId) -> Result<Permit<PlaceCall>, Refused> {
    permit(viewer, Row { noun: Noun::Call, key: id.key(), version: 0, region: of.region, owner: of.receiver })
}

/// May the viewer go on with this call, or end it?
pub fn place_call(viewer: &Viewer, of: &Call) -> Result<Permit<PlaceCall>, Refused> {
    permit(viewer, row(of))
}

/// May the viewer say for the called agency that somebody has seen it?
pub fn acknowledge_call(viewer: &Viewer, of: &Call) -> Result<Permit<AcknowledgeCall>, Refused> {
    permit(viewer, row(of))
}

fn row(of: &Call) -> Row {
    Row { noun: Noun::Call, key: of.id.key(), version: of.version, region: of.region, owner: of.receiver }
}
