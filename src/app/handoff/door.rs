//! Where a pathway leads, and whether somebody may go there by it now.
use crate::app::error::Error;
use crate::app::outcome::{Problem, ProblemCode};
use crate::domain::bed::{BedUnit, Seat};
use crate::domain::facility::FacilityDetails;
use crate::domain::handoff::Goal;
use crate::domain::id::{PathwayId, TeamId};
use crate::domain::need::{self, Criterion, Fit, Need, Reason};
use crate::domain::pathway::{Pathway, PathwayDetails, PathwayMode};
use crate::domain::respond;
use crate::domain::service::{Service, ServiceDetails};
use crate::domain::team::Team;
use crate::domain::time::At;
use crate::policy::Viewer;
use crate::store::Tx;
use std::sync::Arc;

/// A pathway and the service that it leads to.
pub(super) struct Door {
    pub(super) pathway: Pathway,
    service: Arc<Service>,
}

/// Where a pathway ends for somebody.
pub(super) enum End {
    /// At a unit.
    Unit(Seat),
    /// At a team that comes.
    Team(Team),
}

impl End {
    /// Where that is, and whose.
    pub(super) fn goal(&self) -> Goal {
        match self {
            Self::Unit(seat) => seat.unit.as_ref().into(),
            Self::Team(team) => team.into(),
        }
    }

    fn is_retired(&self) -> bool {
        match self {
            Self::Unit(seat) => seat.unit.entry.retired,
            Self::Team(team) => team.entry.retired,
        }
    }
}

impl Door {
    /// What a pathway leads to, held as it is.
    pub(super) async fn find(tx: &Tx, pathway: PathwayId) -> Result<Self, Error> {
        let pathway = tx.consult::<PathwayDetails>(pathway).await?.ok_or(Error::NotFound)?;
        let service = tx.consult::<ServiceDetails>(pathway.details.terms.service).await?.ok_or(Error::NotFound)?;
        Ok(Self { pathway, service: Arc::new(service) })
    }

    /// A team of its service.
    pub(super) async fn team(&self, tx: &Tx, id: TeamId) -> Result<Team, Error> {
        let team = tx.teams_as_they_are(&[id]).await?.pop().ok_or(Error::NotFound)?;
        if team.definition().service != self.pathway.details.terms.service {
            return Err(Error::BadInput("`teamId` is a team of another service than the pathway leads to".into()));
        }
        Ok(team)
    }

    /// A unit of its service, with what it stands on.
    pub(super) async fn seat(&self, tx: &Tx, unit: &BedUnit) -> Result<Seat, Error> {
        if unit.definition().service != self.pathway.details.terms.service {
            return Err(Error::BadInput("`unitId` is a unit of another service than the pathway leads to".into()));
        }
        let facility = tx.consult::<FacilityDetails>(unit.definition().facility).await?.ok_or(Error::NotFound)?;
        let (service, facility) = (self.service.clone(), Arc::new(facility));
        Ok(Seat { unit: Arc::new(unit.clone()), service, facility, offered: true })
    }

    /// What the pathway, or the unit or team, does not take, or not now, or not from this role, or not in this mode. `at` is
    /// where the input names the pathway.
    pub(super) fn problems(
        &self,
        viewer: &Viewer,
        mode: PathwayMode,
        end: &End,
        need: &Need,
        now: At,
        at: &[&str],
    ) -> Vec<Problem> {
        let terms = &self.pathway.details.terms;
        let refused = |code| Problem::new(code).at(at).with_current(self.pathway.id);
        if self.pathway.retired || end.is_retired() || self.service.retired {
            return vec![refused(ProblemCode::Retired)];
        }
        if terms.mode != mode {
            let says = match terms.mode {
                PathwayMode::Request => "This pathway is asked, not announced: send `offerHandoff`.",
                PathwayMode::Announce => "This pathway refuses nobody: send `announceHandoff`.",
            };
            return vec![refused(ProblemCode::WrongState).saying(says.into())];
        }
        // A service that may refuse by now has no door to announce to.
        let shut = mode == PathwayMode::Announce && !self.service.details.no_refusal;
        if shut || !viewer.role().is_some_and(|role| terms.is_open_to(role, now)) {
            return vec![refused(ProblemCode::PathwayClosed)];
        }
        // The same points as in the search, but for the free place, which the receiver's answer decides; and who pays, which
        // never keeps anybody from being asked for.
        let unmet = |reason: &&Reason| {
            reason.fit == Fit::NotMet && !matches!(reason.criterion, Criterion::Capacity | Criterion::Payer)
        };
        let reasons = match end {
            End::Unit(seat) => need::reasons(need, seat, &terms.reasons(need, now), now),
            // Where the person is, is asked and kept nowhere.
            End::Team(team) => [terms.reasons(need, now), respond::come(need, team, None, now)].concat(),
        };
        let about = |reason: &Reason| {
            let problem = Problem::new(ProblemCode::CriteriaNotMet).with_current(self.pathway.id);
            problem.at(&["need"]).saying(reason.says.into())
        };
        reasons.iter().filter(unmet).map(about).collect()
    }
}
