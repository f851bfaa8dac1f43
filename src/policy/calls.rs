//! Who is on call and who is called: how far each role reaches, and what of a call a viewer may read.
use super::rules::{Action, Reach};
use super::scope::{Rows, Scope};
use crate::domain::call::{Call, StepDone};
use crate::domain::id::OrganizationId;
use crate::domain::on_call::OnCall;
use crate::domain::role::Role;

/// How far a role's action reaches.
pub(super) fn reach(role: Role, action: Action) -> Reach {
    use Role as R;
    match (action, role) {
        // Who is on call is the desk's and the administrator's: addresses of staff are nobody else's.
        (Action::ReadOnCall | Action::SetOnCall, R::EmergencyDepartment | R::Intake | R::AgencyAdmin) => Reach::Agency,
        (Action::ReadOnCall | Action::SetOnCall, _) => Reach::Nowhere,
        // Whoever can be called registers their own browsers.
        (
            Action::ReadPush | Action::RegisterPush,
            R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Peer | R::AgencyAdmin,
        ) => Reach::Own,
        // Whoever can receive somebody, and whoever is called when nobody answers.
        (_, R::EmergencyDepartment | R::Intake | R::MobileTeam | R::Peer | R::AgencyAdmin) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// Whether the machine that calls people does this.
pub(super) fn calls(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::PlaceCall
            | A::ReadCalls
            | A::ReadOnCall
            | A::ReadPush
            | A::ReadGrants
            | A::ReadHandoffs
            | A::ReadAvailability
            | A::ReadTeams
            | A::ReadDirectory
    )
}

/// A call as one scope sees it.
#[derive(Clone, Debug)]
pub struct CallView {
    call: Call,
    own: bool,
}

/// What of a call a scope may read; `None` when the scope does not see it at all.
pub fn call(scope: &Scope, call: Call) -> Option<CallView> {
    let own = scope.is_here(call.region) && are(scope.calls(), call.receiver);
    let waits = scope.is_here(call.region) && are(scope.handoffs(), call.sender);
    (own || waits).then_some(CallView { call, own })
}

/// Whether a scope reads who is on call.
pub fn sees_on_call(scope: &Scope, chain: &OnCall) -> bool {
    scope.is_here(chain.region) && are(scope.on_call(), chain.owner)
}

fn are(rows: Rows, owner: OrganizationId) -> bool {
    match rows {
        Rows::None | Rows::Own(_) => false,
        Rows::Agency(id) => id == owner,
        Rows::All => true,
    }
}

impl CallView {
    /// What both agencies may know: that people are called, for what, until when, and with what end.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// How each step went, for the called agency alone.
    pub fn steps(&self) -> Option<&[StepDone]> {
        self.own.then_some(&self.call.steps)
    }
}
