//! How a scope narrows what the law counts: legal holds, and steps of reaching minors' guardians.
use super::{Scoped, among_rows, between, in_region, key, never};
use crate::domain::code::Coded;
use crate::domain::handoff::HandoffState;
use crate::domain::id::{Noun, NounId};
use crate::policy::Scope;
use crate::policy::law::Clocks;
use crate::policy::scope::Rows;
use sea_orm::{ColumnTrait, Condition};

/// Clocks of law, as far as a scope reads them: those of whoever an agency seeks a place for, and of whoever is on the way to
/// it or came into its care; or those that it recorded.
fn clocks<C: ColumnTrait>(of: Clocks, episode: C, recorder: C) -> Condition {
    use entity::handoff::{Column, Entity};
    match of {
        Clocks::None => never(),
        Clocks::Recorded(id) => key(recorder, id.key()),
        Clocks::Party(id) => {
            // What is open has a clock.
            let here = Condition::any()
                .add(Column::DueAt.is_not_null())
                .add(Column::State.eq(HandoffState::Transferred.code()));
            let receives = key(Column::ReceiverId, id.key()).add(here);
            let party = Condition::any().add(Column::SenderId.eq(id.key())).add(receives);
            Condition::all().add(among_rows::<Entity, _>(party, Column::EpisodeId, episode))
        }
        Clocks::All => Condition::all(),
    }
}

impl Scoped for entity::legal_hold::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::legal_hold::Column;
        in_region(scope, Column::RegionId).add(clocks(scope.legal_holds(), Column::EpisodeId, Column::RecorderId))
    }
}

impl Scoped for entity::guardian::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::guardian::Column;
        in_region(scope, Column::RegionId).add(clocks(scope.guardians(), Column::EpisodeId, Column::ReachedById))
    }
}

/// What happens with clocks of law, as far as a scope is told.
pub(super) fn told_of<C: ColumnTrait>(of: Clocks, noun: (Noun, C), one: C, other: C) -> Condition {
    let is = noun.1.eq(noun.0.text());
    match of {
        Clocks::None | Clocks::Recorded(_) => never(),
        Clocks::Party(id) => Condition::all().add(is).add(between(Rows::Agency(id), one, other)),
        Clocks::All => Condition::all().add(is),
    }
}
