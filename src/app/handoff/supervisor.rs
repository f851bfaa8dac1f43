//! Naming who answers for it that somebody who was announced was sent on.
use super::{Written, finish, refused, shown};
use crate::app::error::Error;
use crate::app::keyed::once;
use crate::app::outcome::{Outcome, Problem, ProblemCode};
use crate::app::{Hub, log};
use crate::domain::entry::Version;
use crate::domain::handoff::{HandoffStep, check_name};
use crate::domain::id::HandoffId;
use crate::policy::Viewer;
use crate::policy::permit;
use crate::policy::view::HandoffView;
use crate::store::{Committed, Keyed, Tx};

/// Names who answers for a redirection.
#[derive(Clone, Debug)]
pub struct NameSupervisor {
    /// The handoff.
    pub handoff: HandoffId,
    /// The supervisor's name.
    pub name: String,
    /// The version that the client read; any when not given.
    pub expected_version: Option<Version>,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Names who answers for it that the viewer's agency sent somebody on.
pub async fn name_supervisor(hub: &Hub, viewer: &Viewer, input: NameSupervisor) -> Result<Outcome<HandoffView>, Error> {
    log::known(viewer)?;
    check_name(&input.name)?;
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| name_in(tx, viewer, input)).await?;
    shown(hub, viewer, done)
}

async fn name_in(tx: Tx, viewer: &Viewer, input: &NameSupervisor) -> Result<Committed<Written>, Error> {
    let handoff = tx.handoff(input.handoff).await?.ok_or(Error::NotFound)?;
    // Whoever may send somebody on says who answers for it.
    let (_, permit) = permit::move_handoff(viewer, &handoff, HandoffStep::Redirect)?;
    handoff.expect(input.expected_version).map_err(|why| refused(why, &handoff))?;
    let not_awaited = |_| {
        let says = "Nobody's name is awaited: it was not sent on, somebody is named, or the hour has passed.";
        let problem = Problem::new(ProblemCode::WrongState).at(&["handoffId"]).saying(says.to_owned());
        Error::Refused(vec![problem.with_current(handoff.id)])
    };
    let changed = handoff.name_supervisor(&input.name, tx.now()).map_err(not_awaited)?;
    finish(tx, permit, changed, (Vec::new(), None), input.keyed.as_ref()).await
}
