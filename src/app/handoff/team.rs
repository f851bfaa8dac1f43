//! The team that a handoff leads to, within a write that moves the handoff: what it says of the handoff, it says of itself.
use crate::app::error::Error;
use crate::app::outcome::{Problem, ProblemCode};
use crate::domain::handoff::{Handoff, HandoffState, Move, Party};
use crate::domain::team::{Team, TeamShownAs, TeamStatus};
use crate::domain::time::At;
use crate::policy::permit::{self, Permit, SendHandoff};
use crate::store::Tx;

/// The team that comes, locked; none where the person goes to a unit.
pub(super) struct Coming(Option<Team>);

impl Coming {
    pub(super) async fn find(tx: &Tx, of: &Handoff) -> Result<Self, Error> {
        Ok(Self(match of.to.team() {
            Some(id) => Some(tx.team(id).await?.ok_or(Error::NotFound)?),
            None => None,
        }))
    }

    /// Whether it says that it is free to come.
    pub(super) fn is_shown_free(&self, now: At) -> bool {
        self.0.as_ref().is_some_and(|team| team.shown_as(now) == TeamShownAs::Available)
    }

    /// Takes what the team's own agency says of the handoff for what the team says of itself. Answers the team where it changed.
    pub(super) async fn moved(
        &self,
        tx: &Tx,
        (permit, by): (&Permit<SendHandoff>, Party),
        (to, after): (&Move, &Handoff),
        now: At,
    ) -> Result<Option<Team>, Error> {
        let Some(team) = &self.0 else { return Ok(None) };
        // An agency that sends to itself is both.
        let own = by == Party::Receiver || after.sender == after.receiver;
        let takes = matches!(to, Move::Accept(_) | Move::Choose(_));
        let (shown, promised) = (team.shown_as(now), tx.is_promised(team.id(), after.id).await?);
        let busy = own && matches!(shown, TeamShownAs::Assigned | TeamShownAs::EnRoute);
        // What it says counts for a heartbeat; what it was promised to counts until that has ended.
        if takes && (promised || busy) {
            let says = "This team is on its way to somebody: it comes when it is free, or another does.".to_owned();
            let problem = Problem::new(ProblemCode::NoCapacity).at(&["handoffId"]).saying(says);
            return Err(Error::Refused(vec![problem.with_current(team.id())]));
        }
        let Some(status) = status_after(to, after.state).filter(|_| own) else { return Ok(None) };
        let elsewhere = promised || matches!(shown, TeamShownAs::Out | TeamShownAs::Unknown);
        // Who is off duty, or with somebody else, is not free; and who is withdrawn says nothing more of itself.
        if (status == TeamStatus::Available && elsewhere) || (team.entry.retired && !takes) {
            return Ok(None);
        }
        let changed = team.say(status, None, now).map_err(|_| {
            Error::Refused(vec![Problem::new(ProblemCode::Retired).at(&["handoffId"]).with_current(team.id())])
        })?;
        let Some(changed) = changed else { return Ok(None) };
        tx.save(permit::team_of_handoff(permit, team), &changed).await?;
        Ok(Some(changed.into_state()))
    }
}

/// What a word about the handoff says of the team; `None` where it says nothing.
fn status_after(to: &Move, state: HandoffState) -> Option<TeamStatus> {
    match (to, state) {
        (Move::Accept(_), HandoffState::Accepted) => Some(TeamStatus::Assigned),
        (Move::Depart, _) => Some(TeamStatus::EnRoute),
        (Move::Arrive, _) => Some(TeamStatus::OnScene),
        // It does not come, or does not stay.
        (Move::Redirect(..) | Move::Fail(_), _) => Some(TeamStatus::Available),
        _ => None,
    }
}
