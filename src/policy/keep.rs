//! What is written of people, and for how long: who preserves it beyond its retention, and the machine that shreds it.
use super::rules::{Action, Reach};
use super::scope::{Rows, Scope};
use crate::domain::preservation::Preservation;
use crate::domain::role::Role;

/// How far a role's action reaches: an agency's privacy office is its administration.
pub(super) fn reach(role: Role, action: Action) -> Reach {
    match (action, role) {
        (Action::PreserveHandoff | Action::ReadPreservations, Role::AgencyAdmin) => Reach::Agency,
        _ => Reach::Nowhere,
    }
}

/// Whether the machine that shreds does this.
pub(super) fn shreds(action: Action) -> bool {
    use Action as A;
    matches!(action, A::ShredText | A::ReadHandoffs | A::ReadOutcomes | A::ReadPreservations | A::ReadDirectory)
}

/// Whether a scope reads a preservation.
pub fn sees_preservation(scope: &Scope, preservation: &Preservation) -> bool {
    scope.is_here(preservation.region)
        && match scope.preservations() {
            Rows::None | Rows::Own(_) => false,
            Rows::Agency(id) => id == preservation.owner,
            Rows::All => true,
        }
}
