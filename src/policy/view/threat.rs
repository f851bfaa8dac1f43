//! What is read of a threat, unopened.
use crate::domain::id::HandoffId;
use crate::domain::threat::ThreatFacts;
use crate::domain::time::At;
use crate::policy::scope::Scope;
use crate::policy::told::Threats;

/// A threat as one scope sees it, unopened.
#[derive(Clone, Copy, Debug)]
pub struct ThreatView {
    facts: ThreatFacts,
    told_it: bool,
}

/// What of a threat a scope may read unopened: the agency that was told for a day, and the one that told it.
pub fn threat(scope: &Scope, facts: ThreatFacts, now: At) -> Option<ThreatView> {
    let (told_it, seen) = match scope.threats() {
        Threats::None => (false, false),
        Threats::To(own) => (false, own == facts.to && now < facts.until),
        Threats::By(own) => (own == facts.from, own == facts.from),
        Threats::All => (true, true),
    };
    (seen && scope.is_here(facts.region)).then_some(ThreatView { facts, told_it })
}

impl ThreatView {
    /// What both agencies may know; the handoff is asked of the view.
    pub fn facts(&self) -> &ThreatFacts {
        &self.facts
    }

    /// The handoff, for the agency that told.
    pub fn handoff(&self) -> Option<HandoffId> {
        self.told_it.then_some(self.facts.handoff)
    }
}
