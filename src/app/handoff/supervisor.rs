//! Naming who answers for it that somebody who was announced was sent on.
use super::{Written, done_before, finish, refused, settled};
use crate::app::error::Error;
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
    let written = hub
        .store()
        .write(viewer, |tx| async move {
            match done_before(&tx, input.keyed.as_ref()).await? {
                Some(handoff) => Ok(tx.commit(Written::before(handoff)).await?),
                None => name_in(tx, viewer, input).await,
            }
        })
        .await;
    settled(hub, viewer, written)
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
