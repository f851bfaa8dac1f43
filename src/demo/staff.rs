//! The staff of the demo's agencies: who they are to the hub, and what they report first.
//!
//! **Invariant**: they are holders of grants and become viewers by the same road as with a token.
use super::dice::Dice;
use super::invented;
use super::issuer::ISSUER;
use super::numbers::Habit;
use super::world::Living;
use crate::app::bed::{self, About, ReportBeds, SetPause, UnitReport};
use crate::app::grant::{Claimant, GrantRole, grant_role, viewer_of};
use crate::app::{Error, Hub, Outcome, console};
use crate::domain::bed::PauseReason;
use crate::domain::code::Coded;
use crate::domain::grant::{HolderKind, Principal};
use crate::domain::id::{BedUnitId, OrganizationId};
use crate::domain::role::Role;
use crate::policy::view::BedUnitView;
use crate::policy::{Scope, Viewer};
use std::collections::BTreeMap;

/// The subject of an organization's staff.
pub(crate) fn staff(key: &str) -> String {
    format!("staff:{key}")
}

/// The subject of an agency's crews on the street.
pub(crate) fn crew(key: &str) -> String {
    format!("crew:{key}")
}

/// The agencies that have crews on the street, by their ids of the system `demo`, and the crews' role.
pub(crate) fn crews() -> impl Iterator<Item = (String, Role)> {
    let of = |which| {
        [("police", Role::Officer), ("ems", Role::Ems), ("crisis", Role::MobileTeam)]
            .map(|(form, role)| (invented::key(form, which), role))
    };
    [1, 2].into_iter().flat_map(of)
}

/// The subject of a hospital's emergency department.
pub(crate) fn department(key: &str) -> String {
    format!("emergency:{key}")
}

/// The hospitals whose emergency departments ask for places, by their ids of the system `demo`.
pub(crate) fn departments() -> impl Iterator<Item = String> {
    [1, 2].into_iter().map(|which| invented::key("hospital", which))
}

/// The subject of a 988 line's own people.
pub(crate) fn line(key: &str) -> String {
    format!("line:{key}")
}

/// The organizations that answer 988, by their ids of the system `demo`.
pub(crate) fn lines() -> impl Iterator<Item = String> {
    [1, 2].into_iter().map(|which| invented::key("line-988", which))
}

/// Everybody who works for an agency of the system `demo` and reports no unit: for which one, as whom, in which role.
pub(crate) fn posts() -> impl Iterator<Item = (String, String, Role)> {
    let crews = crews().map(|(key, role)| (key.clone(), crew(&key), role));
    let departments = departments().map(|key| (key.clone(), department(&key), Role::EmergencyDepartment));
    crews.chain(departments).chain(lines().map(|key| (key.clone(), line(&key), Role::Line988)))
}

/// What a verb changed; its problems as an error.
pub(crate) fn done<T>(outcome: Outcome<T>) -> Result<T, Error> {
    outcome.changed.ok_or(Error::Refused(outcome.problems))
}

fn principal(subject: &str) -> Principal {
    Principal { issuer: ISSUER.into(), subject: subject.into(), kind: HolderKind::Person }
}

/// Grants a role to a subject of the demo's issuer, unless it holds.
pub(crate) async fn employ(hub: &Hub, subject: &str, role: Role, at: OrganizationId) -> Result<(), Error> {
    let principal = principal(subject);
    let held = hub.board().now().grants_of(&principal, hub.clock().now()).next().is_some();
    if !held {
        let input = GrantRole { principal, role, organization: Some(at), until: None, keyed: None };
        done(grant_role(hub, &console::viewer(), input).await?)?;
    }
    Ok(())
}

/// The viewer that a subject of the demo's issuer is, by the same road as with a token.
pub(crate) async fn viewer(hub: &Hub, subject: &str) -> Result<Viewer, Error> {
    let claimant = Claimant {
        principal: principal(subject),
        client: None,
        read_only: false,
        expires_at: hub.clock().now().plus_minutes(60),
        claimed: None,
        chosen: None,
    };
    viewer_of(hub, &claimant).await
}

/// The unit as it stands.
pub(crate) fn stands(hub: &Hub, id: BedUnitId) -> Option<BedUnitView> {
    let (scope, board) = (Scope::of(&console::viewer()), hub.board().now());
    board.unit(&scope, id, hub.clock().now())
}

/// Reports units of one organization that have never reported, as their own people: numbers as old as the unit's habit.
pub(crate) async fn first_reports(hub: &Hub, units: &[Living], seed: u64, first: usize) -> Result<(), Error> {
    let Some(reporter) = units.first().map(|unit| unit.reporter.clone()) else { return Ok(()) };
    let (viewer, now) = (viewer(hub, &reporter).await?, hub.clock().now());
    let (mut reports, mut paused) = (BTreeMap::new(), Vec::new());
    for (number, unit) in units.iter().enumerate() {
        let mut dice = Dice::new(seed, 1_000_000 + u64::try_from(first + number).unwrap_or(0));
        let Some(as_of) = unit.habit.as_of(unit.sla_minutes, now, &mut dice) else { continue };
        if stands(hub, unit.id).is_some_and(|unit| unit.report().is_some()) {
            continue;
        }
        let census = Some(unit.says(None, as_of, &mut dice));
        let report = UnitReport { unit: unit.id, as_of: Some(as_of), census };
        reports.entry(unit.provenance.code()).or_insert_with(|| (unit.provenance, Vec::new())).1.push(report);
        if unit.habit == Habit::Paused {
            paused.push((unit.id, now.plus_minutes(dice.between(120, 480))));
        }
    }
    for (provenance, reports) in reports.into_values() {
        for reports in reports.chunks(bed::UNITS_MAX) {
            let input = ReportBeds { about: About::Units(reports.into()), provenance, keyed: None };
            done(bed::report(hub, &viewer, input).await?)?;
        }
    }
    for (unit, until) in paused {
        let input = SetPause { unit, pause: Some((PauseReason::Staffing, until)), keyed: None };
        done(bed::set_pause(hub, &viewer, input).await?)?;
    }
    Ok(())
}
