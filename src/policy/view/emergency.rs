//! What is read of an opening in a medical emergency.
use crate::domain::emergency::EmergencyDisclosure;
use crate::domain::id::GrantId;
use crate::policy::scope::Scope;

/// An opening in a medical emergency as one scope sees it; what was said with it is opened by a verb.
#[derive(Clone, Debug)]
pub struct EmergencyView {
    opened: EmergencyDisclosure,
    by_own: bool,
}

/// What of an opening a scope may read: the privacy offices of the agency that opened and of the one that wrote.
pub fn emergency(scope: &Scope, opened: EmergencyDisclosure) -> Option<EmergencyView> {
    let by_own = scope.opened_in_emergency(&opened);
    scope.sees_emergency(&opened).then_some(EmergencyView { opened, by_own })
}

impl EmergencyView {
    /// What both privacy offices may know; the grant is asked of the view.
    pub fn opened(&self) -> &EmergencyDisclosure {
        &self.opened
    }

    /// The grant that it was opened under, for that grant's own agency.
    pub fn grant(&self) -> Option<GrantId> {
        self.by_own.then_some(self.opened.grant)
    }
}
