//! How a scope narrows each table. A table without a rule here cannot be queried.
mod law;
mod told;

pub(super) use told::{ways_to_follow_ups, ways_to_handoffs};

use crate::policy::Scope;
use crate::policy::law::Clocks;
use crate::policy::scope::{Outcomes, Regions, Rows};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait};
use uuid::Uuid;

use crate::domain::code::Coded;
use crate::domain::event::Audience;
use crate::domain::id::{Noun, NounId};
use crate::domain::look::LookDoor;

/// A table that states how a scope narrows it.
pub trait Scoped: EntityTrait {
    /// The rows that a scope sees.
    fn within(scope: &Scope) -> Condition;
}

fn never() -> Condition {
    Condition::all().add(Expr::val(1).eq(0))
}

fn in_region<C: ColumnTrait>(scope: &Scope, region: C) -> Condition {
    match scope.regions() {
        Regions::None => never(),
        Regions::One(id) => Condition::all().add(region.eq(id.key())),
        Regions::All => Condition::all(),
    }
}

/// Rows that everyone in the region is told of.
fn directory<C: ColumnTrait>(scope: &Scope, region: C) -> Condition {
    if scope.shared().meets(Audience::DIRECTORY) { in_region(scope, region) } else { never() }
}

fn meets<C: ColumnTrait>(audience: C, mask: Audience) -> Expr {
    audience.into_expr().bit_and(mask.bits()).ne(0)
}

/// Whom the scope is among: the audiences that it shares, and more of its own agency's.
fn among<C: ColumnTrait>(scope: &Scope, owner: C, audience: C) -> Condition {
    let any = Condition::any().add(meets(audience, scope.shared()));
    match scope.own() {
        Some((own, more)) => any.add(Condition::all().add(owner.eq(own.key())).add(meets(audience, more))),
        None => any,
    }
}

/// Rows with an audience: those the scope shares, and more of its own agency's.
fn by_audience<C: ColumnTrait>(scope: &Scope, region: C, owner: C, audience: C) -> Condition {
    in_region(scope, region).add(among(scope, owner, audience))
}

fn by_rows<C: ColumnTrait>(rows: Rows, grant: C, owner: C) -> Condition {
    match rows {
        Rows::None => never(),
        Rows::Own(id) => Condition::all().add(grant.eq(id.key())),
        Rows::Agency(id) => Condition::all().add(owner.eq(id.key())),
        Rows::All => Condition::all(),
    }
}

impl Scoped for entity::region::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::region::Column::Id)
    }
}

impl Scoped for entity::organization::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::organization::Column::RegionId)
    }
}

impl Scoped for entity::facility::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::facility::Column::RegionId)
    }
}

impl Scoped for entity::service::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::service::Column::RegionId)
    }
}

impl Scoped for entity::pathway::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::pathway::Column::RegionId)
    }
}

impl Scoped for entity::travel_times::Entity {
    fn within(scope: &Scope) -> Condition {
        directory(scope, entity::travel_times::Column::RegionId)
    }
}

impl Scoped for entity::bed_unit::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::bed_unit::Column;
        by_audience(scope, Column::RegionId, Column::OrganizationId, Column::Audience)
    }
}

impl Scoped for entity::team::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::team::Column;
        by_audience(scope, Column::RegionId, Column::OrganizationId, Column::Audience)
    }
}

impl Scoped for entity::bed_report::Entity {
    fn within(scope: &Scope) -> Condition {
        use crate::policy::Reach;
        use entity::bed_report::Column;
        match (scope.census(), scope.own()) {
            (Reach::Region | Reach::Hub, _) => in_region(scope, Column::RegionId),
            (Reach::Agency, Some((own, _))) => {
                in_region(scope, Column::RegionId).add(Column::OrganizationId.eq(own.key()))
            }
            _ => never(),
        }
    }
}

impl Scoped for entity::bed_hold::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::bed_hold::Column;
        // Both sides of a hold see it: whose place it is, and for whom it is kept.
        in_region(scope, Column::RegionId).add(between(scope.holds(), Column::OrganizationId, Column::HolderId))
    }
}

/// Rows between two agencies: each sees them, and nobody else.
fn between<C: ColumnTrait>(parties: Rows, one: C, other: C) -> Condition {
    match parties {
        Rows::None | Rows::Own(_) => never(),
        Rows::Agency(id) => Condition::any().add(one.eq(id.key())).add(other.eq(id.key())),
        Rows::All => Condition::all(),
    }
}

/// The handoffs of two agencies, as each of them sees them.
fn partys_handoffs(scope: &Scope) -> Condition {
    use entity::handoff::Column;
    in_region(scope, Column::RegionId).add(between(scope.handoffs(), Column::SenderId, Column::ReceiverId))
}

impl Scoped for entity::handoff::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::handoff::Column;
        let parties = || between(scope.handoffs(), Column::SenderId, Column::ReceiverId);
        if let Some(told) = told::told_of(scope) {
            // Nobody who is told by consent coordinates.
            return in_region(scope, Column::RegionId)
                .add(Condition::any().add(parties()).add(Column::Id.in_subquery(told)));
        }
        if !scope.open_episodes() {
            return partys_handoffs(scope);
        }
        // A coordinator sees beside its own those of every search of the region that goes on.
        let open = Query::select()
            .column(entity::episode::Column::Id)
            .from(entity::episode::Entity)
            .cond_where(open_in_region(scope))
            .take();
        in_region(scope, Column::RegionId).add(Condition::any().add(parties()).add(Column::EpisodeId.in_subquery(open)))
    }
}

/// What becomes of people, as far as a scope reads it.
fn outcomes<C: ColumnTrait>(scope: &Scope, doer: C, other: C) -> Condition {
    match scope.outcomes() {
        Outcomes::None => never(),
        Outcomes::Done(by) => Condition::all().add(doer.eq(by.key())),
        Outcomes::Agency(id) => Condition::any().add(doer.eq(id.key())).add(other.eq(id.key())),
        Outcomes::All => Condition::all(),
    }
}

impl Scoped for entity::follow_up::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::follow_up::Column;
        let seen = Condition::any().add(outcomes(scope, Column::OwnerId, Column::PartyId));
        let seen = seen.add_option(told::outcome_by(scope));
        in_region(scope, Column::RegionId).add(seen)
    }
}

/// The searches of the scope's region that go on.
fn open_in_region(scope: &Scope) -> Condition {
    use entity::episode::Column;
    in_region(scope, Column::RegionId).add(Column::EndedAt.is_null())
}

/// The open handoffs of a scope, said of either side by itself: there is an index of what is open for each, and no other words
/// lead SQLite to them.
fn open_handoffs(scope: &Scope) -> Condition {
    use entity::handoff::Column;
    // What is open has a clock.
    let open = || Condition::all().add(Column::DueAt.is_not_null());
    match scope.handoffs() {
        // A coordinator sees others beside its own.
        Rows::Agency(_) if scope.open_episodes() => open(),
        Rows::Agency(id) => Condition::any()
            .add(open().add(Column::SenderId.eq(id.key())))
            .add(open().add(Column::ReceiverId.eq(id.key()))),
        Rows::None | Rows::Own(_) | Rows::All => open(),
    }
}

impl Scoped for entity::episode::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::episode::Column;
        let own = between(scope.handoffs(), Column::SenderId, Column::SenderId);
        let seen = if scope.open_episodes() { Condition::any().add(own).add(Column::EndedAt.is_null()) } else { own };
        in_region(scope, Column::RegionId).add(seen)
    }
}

impl Scoped for entity::event::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::event::Column;
        // A machine that follows the log reads all of it, whatever audiences a newer node may name.
        if (scope.regions(), scope.handoffs()) == (Regions::All, Rows::All) {
            return Condition::all();
        }
        // The region stands once, before all: in both arms, SQLite would read and sort the rest of the log for each page.
        let mut told = among(scope, Column::OwnerId, Column::Audience);
        if !matches!(scope.handoffs(), Rows::None | Rows::Own(_)) {
            let parties = meets(Column::Audience, Audience::PARTIES);
            let between = between(scope.handoffs(), Column::OwnerId, Column::PartyId);
            let apart =
                [Noun::FollowUp, Noun::Consent, Noun::HandoffEntry, Noun::LegalHold, Noun::Guardian].map(Noun::text);
            let other = Column::Noun.is_not_in(apart);
            told = told.add(Condition::all().add(parties).add(between).add(other));
        }
        if scope.outcomes() != Outcomes::None {
            let follow_ups = Condition::all().add(Column::Noun.eq(Noun::FollowUp.text()));
            told = told.add(follow_ups.add(outcomes(scope, Column::OwnerId, Column::PartyId)));
        }
        for (clocks, noun) in [(scope.legal_holds(), Noun::LegalHold), (scope.guardians(), Noun::Guardian)] {
            if matches!(clocks, Clocks::Party(_) | Clocks::All) {
                told = told.add(law::told_of(clocks, (noun, Column::Noun), Column::OwnerId, Column::PartyId));
            }
        }
        for (whose, noun) in [(scope.consents(), Noun::Consent), (scope.entries(), Noun::HandoffEntry)] {
            if whose != Rows::None {
                let such = Condition::all().add(Column::Noun.eq(noun.text()));
                told = told.add(such.add(between(whose, Column::OwnerId, Column::PartyId)));
            }
        }
        if scope.open_episodes() {
            told = told.add(meets(Column::Audience, Audience::COORDINATORS));
        }
        let told = told::in_log(scope).into_iter().fold(told, Condition::add);
        in_region(scope, Column::RegionId).add(told)
    }
}

/// Rows that everyone who reads notices in the region sees.
fn notices<C: ColumnTrait>(scope: &Scope, region: C) -> Condition {
    if scope.shared().meets(Audience::NOTICE) { in_region(scope, region) } else { never() }
}

impl Scoped for entity::notice::Entity {
    fn within(scope: &Scope) -> Condition {
        notices(scope, entity::notice::Column::RegionId)
    }
}

// A notice is read whole; its view says who may know which agencies have acknowledged it.
impl Scoped for entity::notice_acknowledgement::Entity {
    fn within(scope: &Scope) -> Condition {
        notices(scope, entity::notice_acknowledgement::Column::RegionId)
    }
}

impl Scoped for entity::bed_update_request::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::bed_update_request::Column;
        by_audience(scope, Column::RegionId, Column::OrganizationId, Column::Audience)
    }
}

impl Scoped for entity::grant::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::grant::Column;
        by_rows(scope.grants(), Column::Id, Column::OrganizationId)
    }
}

impl Scoped for entity::audit_entry::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::audit_entry::Column;
        use entity::grant::{Column as Grants, Entity as Grant};
        let lines = by_rows(scope.audit(), Column::GrantId, Column::OwnerId);
        let Rows::Agency(id) = scope.audit() else { return lines };
        // What was done to an agency's rows, and what its people did to any other's.
        let people =
            Query::select().column(Grants::Id).from(Grant).and_where(Grants::OrganizationId.eq(id.key())).take();
        // That time went on for a minor's guardian says what came of it at the other agency: it is the hub's own line.
        let of_guardian =
            Condition::all().add(Column::Noun.eq(Noun::Guardian.text())).add(Column::Machine.is_not_null());
        let lines = Condition::any().add(lines.add(of_guardian.not())).add(Column::GrantId.in_subquery(people));
        match scope.regions() {
            // Whoever looked on at the whole region looked on at each agency of it.
            Regions::One(region) => {
                lines.add(key(Column::RowId, region.key()).add(Column::Door.eq(LookDoor::Watch.code())))
            }
            Regions::None | Regions::All => lines,
        }
    }
}

// What the hub knows of itself: those who follow the whole log read it, and no person does.
impl Scoped for entity::audit_chain::Entity {
    fn within(scope: &Scope) -> Condition {
        if (scope.regions(), scope.handoffs()) == (Regions::All, Rows::All) { Condition::all() } else { never() }
    }
}

/// The key of a row, for conditions.
pub(super) fn key<C: ColumnTrait>(column: C, key: Uuid) -> Condition {
    Condition::all().add(column.eq(key))
}

/// Rows of handoffs that a scope sees as a party's: who looks on at a search is shown nothing that is written in it.
fn of_handoffs<C: ColumnTrait>(scope: &Scope, handoff: C) -> Condition {
    use entity::handoff::{Column, Entity};
    Condition::all().add(among_rows::<Entity, _>(partys_handoffs(scope), Column::Id, handoff))
}

/// Whether a row of another table, found by one of its columns, is among those of a condition: looked up row by row. Were they
/// listed instead, SQLite would list all that an agency ever had, for each statement.
fn among_rows<E: EntityTrait, C: ColumnTrait>(which: Condition, theirs: E::Column, ours: C) -> Expr {
    let is = theirs.into_expr().eq(ours.into_expr());
    Expr::exists(Query::select().expr(Expr::val(1)).from(E::default()).cond_where(which).and_where(is).take())
}

impl Scoped for entity::handoff_entry::Entity {
    fn within(scope: &Scope) -> Condition {
        of_handoffs(scope, entity::handoff_entry::Column::HandoffId)
    }
}

impl Scoped for entity::handoff_key::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::handoff_key::Column;
        let seen = of_handoffs(scope, Column::HandoffId);
        // Whoever reads what was told of a threat, or said of an emergency, needs the key that it is under, and gets nothing else
        // by it.
        let more = told::threatened(scope, Column::HandoffId);
        let more = more.or_else(|| told::opened_in_emergency(scope, Column::HandoffId));
        match more {
            Some(more) => Condition::any().add(seen).add(more),
            None => seen,
        }
    }
}

impl Scoped for entity::consent::Entity {
    fn within(scope: &Scope) -> Condition {
        of_handoffs(scope, entity::consent::Column::HandoffId)
    }
}

impl Scoped for entity::preservation::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::preservation::Column;
        in_region(scope, Column::RegionId).add(by_rows(scope.preservations(), Column::Id, Column::OrganizationId))
    }
}

impl Scoped for entity::on_call::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::on_call::Column;
        in_region(scope, Column::RegionId).add(by_rows(scope.on_call(), Column::Id, Column::OrganizationId))
    }
}

impl Scoped for entity::push_subscription::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::push_subscription::Column;
        in_region(scope, Column::RegionId).add(by_rows(scope.push(), Column::GrantId, Column::OrganizationId))
    }
}

impl Scoped for entity::call::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::call::Column;
        // The called agency, and those at the sender's who read handoffs.
        let called = by_rows(scope.calls(), Column::Id, Column::OrganizationId);
        let waits = by_rows(scope.handoffs(), Column::Id, Column::SenderId);
        in_region(scope, Column::RegionId).add(Condition::any().add(called).add(waits))
    }
}

impl Scoped for entity::disclosure::Entity {
    fn within(scope: &Scope) -> Condition {
        use entity::disclosure::Column;
        let between = match scope.disclosures() {
            Rows::None | Rows::Own(_) => never(),
            // What its people opened, and what others opened that it wrote.
            Rows::Agency(id) => {
                Condition::any().add(Column::OrganizationId.eq(id.key())).add(Column::AuthorId.eq(id.key()))
            }
            Rows::All => Condition::all(),
        };
        in_region(scope, Column::RegionId).add(between)
    }
}
