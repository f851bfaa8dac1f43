//! Shares in the schema: that an agency is told of a handoff by consent.
use super::directory::Organization;
use super::error::Answer;
use super::handoff::{Handoff, handoff};
use super::scalars::{Code, DateTime, id};
use super::seen::{Seen, pace};
use crate::app;
use crate::domain::sealed::{ConsentKind, NOTICE};
use crate::policy::view::ShareView;
use async_graphql::{Context, ID, Object};

/// What is told by consent and protected by 42 CFR Part 2 is answered with its notice, or not at all: `needs` says whether something
/// of what was found is so, and `path` leads from this field to it.
pub(super) fn shown<T>(
    ctx: &Context<'_>,
    path: &[&str],
    found: T,
    needs: impl FnOnce(&T) -> bool,
) -> Result<T, app::Error> {
    let asked = || {
        let of = path.iter().fold(ctx.look_ahead(), |of, field| of.field(field));
        let (notice, share) = ("redisclosureNotice", of.field("share"));
        of.field(notice).exists() || share.field(notice).exists()
    };
    if needs(&found) && !asked() {
        let says = "ask for `redisclosureNotice`: it stands with what is told by consent and 42 CFR Part 2 protects";
        return Err(app::Error::BadInput(says.into()));
    }
    Ok(found)
}

/// That your agency is told of a handoff by a standing consent of the person: where it stands, and what became of the person. It
/// is there as long as the consent stands, and for those whom the consent names.
#[derive(Clone)]
pub struct HandoffShare {
    view: ShareView,
    seen: Seen,
}

impl HandoffShare {
    pub(super) fn new(view: ShareView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }
}

/// That your agency is told of a handoff by a standing consent of the person: where it stands, and what became of the person. It
/// is there as long as the consent stands, and for those whom the consent names.
#[Object]
impl HandoffShare {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.share().id)
    }
    /// Raised by everything that is told.
    async fn version(&self) -> i64 {
        self.view.share().version
    }
    /// The handoff, for `node`.
    async fn handoff_id(&self) -> ID {
        id(self.view.share().handoff)
    }
    /// The handoff.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        handoff(ctx, self.view.share().handoff).await
    }
    /// What the person agreed to. INVOLVED_PERSON is read by advocates, PEER by peers, OUTCOME_TO_REFERRER by ambulance and peers
    /// of the sender; police are told that somebody was received, and no outcome.
    async fn kind(&self) -> Code<ConsentKind> {
        Code(self.view.share().kind)
    }
    /// The agency whose follow-ups are told.
    async fn from(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.share().from).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Since when your agency is told.
    async fn since(&self) -> DateTime {
        DateTime(self.view.share().begun_at)
    }
    /// Until when, unless the consent is revoked before.
    async fn until(&self) -> DateTime {
        DateTime(self.view.share().until)
    }
    /// The notice on redisclosure (42 CFR 2.32), where one of the handoff's agencies is a program under 42 CFR Part 2: show it
    /// and keep it with what you are told, wherever that goes.
    async fn redisclosure_notice(&self) -> Option<&str> {
        self.view.share().part2.then_some(NOTICE)
    }
}
