//! What is read of a handoff, and of what became of the person, by consent.
use super::{FollowUpView, HandoffView};
use crate::domain::follow_up::FollowUp;
use crate::domain::handoff::Handoff;
use crate::domain::share::HandoffShare;
use crate::domain::time::At;
use crate::policy::scope::{Scope, Stand};

/// What of a handoff a scope may read that has no part in it, by one of some shares: what is coded of it, without reasons,
/// names and call signs. `program` says whether one of its agencies is a program under 42 CFR Part 2 today.
pub fn shared_handoff(
    scope: &Scope,
    handoff: Handoff,
    shares: &[HandoffShare],
    program: bool,
    now: At,
) -> Option<HandoffView> {
    let share = scope.told_of_handoff(shares, handoff.id, now)?;
    // Whichever share tells longest, the notice of any is the notice of what is read.
    let part2 = shares.iter().any(|one| one.handoff == handoff.id && one.part2 && scope.is_told_by(one, now));
    let share = HandoffShare { part2: program || part2, ..share.clone() };
    Some(HandoffView { handoff, stand: Stand::Told, share: Some(share), police: scope.police(), now })
}

/// What of a follow-up a scope may read by one of some shares: all of it, where the consent tells what this agency says. `program`
/// says whether one of its handoff's agencies is a program under 42 CFR Part 2 today.
pub fn shared_follow_up(
    scope: &Scope,
    follow_up: FollowUp,
    shares: &[HandoffShare],
    program: bool,
    now: At,
) -> Option<FollowUpView> {
    let tells = |share: &HandoffShare| {
        (Some(share.handoff), share.from) == (follow_up.handoff, follow_up.owner) && scope.is_told_by(share, now)
    };
    let mut told = shares.iter().filter(|share| tells(share)).peekable();
    told.peek()?;
    let part2 = program || told.any(|share| share.part2);
    Some(FollowUpView { follow_up, part2 })
}

/// A share as the agency that is told sees it.
#[derive(Clone, Debug)]
pub struct ShareView(HandoffShare);

/// What of a share a scope may read: all of it, as long as it stands, or nothing. `program` says whether one of its handoff's agencies
/// is a program under 42 CFR Part 2 today.
pub fn share(scope: &Scope, share: HandoffShare, program: bool, now: At) -> Option<ShareView> {
    let part2 = program || share.part2;
    scope.is_told_by(&share, now).then_some(ShareView(HandoffShare { part2, ..share }))
}

impl ShareView {
    /// The share.
    pub fn share(&self) -> &HandoffShare {
        &self.0
    }
}

impl HandoffView {
    /// The share by which it is read, where that is by consent.
    pub fn share(&self) -> Option<ShareView> {
        self.share.clone().map(ShareView)
    }

    /// Whether it is read by consent, and the notice on redisclosure (42 CFR 2.32) stands with it.
    pub fn needs_notice(&self) -> bool {
        self.share.as_ref().is_some_and(|share| share.part2)
    }
}

impl FollowUpView {
    /// Whether it is read by consent, and the notice on redisclosure (42 CFR 2.32) stands with it.
    pub fn needs_notice(&self) -> bool {
        self.part2
    }
}
