//! Telling agencies of one change, two in each event: an event of the log is between two agencies, and what belongs to a whole
//! search may concern more. Each agency is told once.
use super::entry::Changed;
use super::event::Happening;
use super::id::OrganizationId;

/// A state, told to agencies: each telling is a version of its own, made by `next`, and happens as `happening` says between
/// one agency and perhaps another.
pub(in crate::domain) fn told<T: Clone>(
    mut state: T,
    to: &[OrganizationId],
    next: impl Fn(&T) -> T,
    happening: impl Fn(&T, OrganizationId, Option<OrganizationId>) -> Happening,
) -> Vec<Changed<T>> {
    let mut changes = Vec::with_capacity(to.len().div_ceil(2));
    for pair in to.chunks(2) {
        let [owner, party @ ..] = pair else { continue };
        state = next(&state);
        let happening = happening(&state, *owner, party.first().copied());
        changes.push(Changed::new(state.clone(), happening));
    }
    changes
}
