//! How a scope narrows what is told beyond the two agencies of a handoff: by consents, at its instant, and of threats.
use super::{Scoped, among_rows, between, in_region, key, meets, never, open_handoffs, outcomes};
use crate::domain::code::Coded;
use crate::domain::event::{Audience, EventKind};
use crate::domain::id::{NounId, OrganizationId};
use crate::domain::time::At;
use crate::policy::Scope;
use crate::policy::scope::{Outcomes, Rows};
use crate::policy::told::{Threats, Told};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition};

/// The shares by which a scope is told something at its instant; `None` where none can tell it anything beyond what it sees.
fn told_by(scope: &Scope, of_handoffs: bool) -> Option<Condition> {
    use entity::handoff_share::Column;
    let Told::As(own, _) = scope.told() else { return None };
    let kinds: Vec<&str> = scope.told().kinds(of_handoffs).map(Coded::code).collect();
    // At no instant nothing stands.
    let now = scope.looks_at().map_or(i64::MAX, At::micros);
    let stands = in_region(scope, Column::RegionId)
        .add(Column::AgencyId.eq(own.key()))
        .add(Column::Kind.is_in(kinds.iter().copied()))
        .add(Column::EndedAt.is_null())
        .add(Column::BegunAt.lte(now))
        .add(Column::Until.gt(now));
    (!kinds.is_empty()).then_some(stands)
}

/// The handoffs that a scope is told of.
pub(super) fn told_of(scope: &Scope) -> Option<SelectStatement> {
    use entity::handoff_share::{Column, Entity};
    let told = told_by(scope, true)?;
    Some(Query::select().column(Column::HandoffId).from(Entity).cond_where(told).take())
}

/// The ways on which a scope comes to handoffs, or to open ones alone, each of which has an index: as the sender, as the receiver,
/// and by consent. No database finds its way through their alternative, and SQLite would sort all that an agency ever had.
pub(in crate::store) fn ways_to_handoffs(scope: &Scope, open: bool) -> Vec<Condition> {
    use entity::handoff::Column;
    let is = |side: Column, id: OrganizationId| key(side, id.key());
    let mut ways = match scope.handoffs() {
        Rows::None | Rows::Own(_) if told_of(scope).is_some() => Vec::new(),
        _ if open => vec![open_handoffs(scope)],
        // A coordinator sees others beside its own.
        Rows::Agency(id) if !scope.open_episodes() => vec![is(Column::SenderId, id), is(Column::ReceiverId, id)],
        Rows::None | Rows::Own(_) | Rows::Agency(_) | Rows::All => vec![Condition::all()],
    };
    if let Some(told) = told_of(scope) {
        // What is open has a clock.
        let is_open = open.then(|| Column::DueAt.is_not_null());
        ways.push(Condition::all().add(Column::Id.in_subquery(told)).add_option(is_open));
    }
    ways
}

/// The ways on which a scope comes to follow-ups, as above.
pub(in crate::store) fn ways_to_follow_ups(scope: &Scope) -> Vec<Condition> {
    use entity::follow_up::Column;
    use entity::handoff_share::{Column as Share, Entity as Shares};
    let Some(told) = told_by(scope, false) else { return vec![Condition::all()] };
    let told = Query::select().column(Share::HandoffId).from(Shares).cond_where(told).take();
    let told = Condition::all().add(Column::HandoffId.in_subquery(told));
    match scope.outcomes() {
        Outcomes::None => vec![told],
        Outcomes::Done(_) | Outcomes::Agency(_) | Outcomes::All => {
            vec![outcomes(scope, Column::OwnerId, Column::PartyId), told]
        }
    }
}

impl Scoped for entity::handoff_share::Entity {
    fn within(scope: &Scope) -> Condition {
        match scope.told() {
            Told::All => in_region(scope, entity::handoff_share::Column::RegionId),
            Told::As(..) | Told::Nothing => told_by(scope, false).unwrap_or_else(never),
        }
    }
}

/// That a follow-up is of a handoff, and of the agency, that a consent tells a scope of.
pub(super) fn outcome_by(scope: &Scope) -> Option<Expr> {
    use entity::follow_up::{Column, Entity as FollowUps};
    use entity::handoff_share::{Column as Share, Entity as Shares};
    let by = Query::select()
        .expr(Expr::val(1))
        .from(Shares)
        .cond_where(told_by(scope, false)?)
        .and_where(Expr::col((Shares, Share::HandoffId)).equals((FollowUps, Column::HandoffId)))
        .and_where(Expr::col((Shares, Share::FromId)).equals((FollowUps, Column::OwnerId)))
        .take();
    Some(Expr::exists(by))
}

/// The threats that a scope covers: those told to an agency at the scope's instant alone.
fn threats(scope: &Scope) -> Condition {
    use entity::threat_disclosure::Column;
    let covered = match scope.threats() {
        Threats::None => never(),
        Threats::To(own) => {
            let now = scope.looks_at().map_or(i64::MAX, At::micros);
            Condition::all().add(Column::ToId.eq(own.key())).add(Column::Until.gt(now))
        }
        Threats::By(own) => Condition::all().add(Column::FromId.eq(own.key())),
        Threats::All => Condition::all(),
    };
    in_region(scope, Column::RegionId).add(covered)
}

impl Scoped for entity::threat_disclosure::Entity {
    fn within(scope: &Scope) -> Condition {
        threats(scope)
    }
}

impl Scoped for entity::emergency_disclosure::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::emergency_disclosure::Column;
        in_region(scope, Column::RegionId).add(between(scope.emergencies(), Column::AuthorId, Column::OrganizationId))
    }
}

/// Whether the scope's agency is told a threat of a handoff.
pub(super) fn threatened<C: ColumnTrait>(scope: &Scope, handoff: C) -> Option<Expr> {
    use entity::threat_disclosure::{Column, Entity};
    let told = matches!(scope.threats(), Threats::To(_));
    told.then(|| among_rows::<Entity, _>(threats(scope), Column::HandoffId, handoff))
}

/// Whether something was opened of a handoff in an emergency, for the privacy offices that read what was said of it.
pub(super) fn opened_in_emergency<C: ColumnTrait>(scope: &Scope, handoff: C) -> Option<Expr> {
    use entity::emergency_disclosure::{Column, Entity};
    let read = matches!(scope.emergencies(), Rows::Agency(_));
    read.then(|| among_rows::<Entity, _>(Entity::within(scope), Column::HandoffId, handoff))
}

/// What an agency is told by consents in the log: of those that stand everything, of others that they have ended.
fn shares_in_log(scope: &Scope, own: OrganizationId) -> Condition {
    use entity::event::Column;
    use entity::handoff_share::{Column as Share, Entity};
    let ended = Column::Kind.eq(EventKind::HandoffShareEnded.code());
    let told = told_by(scope, false).unwrap_or_else(never);
    let stand = Query::select().column(Share::Id).from(Entity).cond_where(told).take();
    let either = Condition::any().add(ended).add(Column::RowId.in_subquery(stand));
    Condition::all().add(Column::OwnerId.eq(own.key())).add(either)
}

/// What a scope is told of in the log: threats, emergencies, and what consents tell.
pub(super) fn in_log(scope: &Scope) -> Vec<Condition> {
    use entity::event::Column;
    let threats = match scope.threats() {
        // Whoever comes later reads no more than is read now.
        Threats::To(own) => {
            use entity::threat_disclosure::{Column as Threat, Entity};
            let read = Query::select().column(Threat::Id).from(Entity).cond_where(threats(scope)).take();
            Some(Condition::all().add(Column::PartyId.eq(own.key())).add(Column::RowId.in_subquery(read)))
        }
        Threats::By(own) => Some(Condition::all().add(Column::OwnerId.eq(own.key()))),
        Threats::None | Threats::All => None,
    };
    let threats = threats.map(|ours| ours.add(meets(Column::Audience, Audience::THREATS)));
    let shares = match scope.told() {
        Told::As(own, mine) => Some(shares_in_log(scope, own).add(meets(Column::Audience, mine))),
        Told::Nothing | Told::All => None,
    };
    let mut told: Vec<_> = threats.into_iter().chain(shares).collect();
    if let Rows::Agency(_) = scope.emergencies() {
        let between = between(scope.emergencies(), Column::OwnerId, Column::PartyId);
        told.push(Condition::all().add(meets(Column::Audience, Audience::EMERGENCIES)).add(between));
    }
    told
}
