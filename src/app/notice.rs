//! Verbs of notices.
use super::Hub;
use super::error::Error;
use super::keyed::{once, remember};
use super::outcome::{Outcome, Problem, ProblemCode};
use crate::board::Snapshot;
use crate::domain::entry::Changed;
use crate::domain::id::{NoticeId, OrganizationId};
use crate::domain::notice::{Author, Notice, NoticeRefused, NoticeSeverity, NoticeState, NoticeTerms, NoticeWords};
use crate::domain::organization::{Organization, OrganizationDetails};
use crate::domain::time::At;
use crate::policy::permit::{self, Acts};
use crate::policy::view::{self, NoticeView};
use crate::policy::{Permit, Scope, Viewer};
use crate::store::{Committed, KeptBy, Keyed, Tx};
use imbl::HashMap;
use std::cell::OnceCell;
use std::sync::Arc;

/// Posts a notice.
#[derive(Clone, Debug)]
pub struct PostNotice {
    /// Its words.
    pub words: NoticeWords,
    /// Everything else that it says.
    pub terms: NoticeTerms,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Names a notice that is to be withdrawn or acknowledged.
#[derive(Clone, Debug)]
pub struct OnNotice {
    /// The notice.
    pub notice: NoticeId,
    /// The client's key.
    pub keyed: Option<Keyed>,
}

/// Which notices; everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// In force at this instant.
    pub active_at: Option<At>,
    /// Addressed to the viewer's agency, or posted by it; or not.
    pub addressed_to_me: Option<bool>,
    /// Of one of these severities.
    pub severity: Option<Vec<NoticeSeverity>>,
    /// Made in a drill, or not.
    pub drill: Option<bool>,
}

/// Which agencies are addressed, as the board knows them now.
pub struct Addressees<'a> {
    board: &'a Snapshot,
    scope: &'a Scope,
    counties: OnceCell<HashMap<OrganizationId, Vec<u32>>>,
}

impl<'a> Addressees<'a> {
    /// The agencies that a scope sees.
    pub fn of(board: &'a Snapshot, scope: &'a Scope) -> Self {
        Self { board, scope, counties: OnceCell::new() }
    }

    /// The counties of an agency's places, where the notice asks for them.
    fn counties(&self, notice: &Notice, agency: OrganizationId) -> &[u32] {
        if notice.terms.address.counties_fips.is_empty() {
            return &[];
        }
        self.counties.get_or_init(|| self.board.counties()).get(&agency).map_or(&[], Vec::as_slice)
    }

    /// Whether a notice is addressed to the viewer's agency, or posted by it.
    pub fn concerns(&self, view: &NoticeView) -> bool {
        let own = view.own().and_then(|own| self.board.entry::<OrganizationDetails>(self.scope, own));
        own.is_some_and(|own| {
            let notice = view.notice();
            view.is_own() || notice.terms.address.reaches(own.details.kind, self.counties(notice, own.id))
        })
    }

    /// The agencies that have still to acknowledge a notice, for the agency that posted it; `None` for others.
    pub fn awaiting(&self, view: &NoticeView) -> Option<Vec<Arc<Organization>>> {
        let notice = view.notice();
        let asked = |agency: &&Arc<Organization>| {
            agency.region == notice.author.region
                && notice.acknowledgement_of(agency.id).is_none()
                && notice.asks(agency.id, agency.details.kind, self.counties(notice, agency.id))
        };
        view.is_own().then(|| {
            let all = self.board.entries::<OrganizationDetails>(self.scope);
            all.filter(asked).cloned().collect()
        })
    }
}

impl NoticeFilter {
    /// Whether a notice matches.
    pub fn matches(&self, addressees: &Addressees<'_>, view: &NoticeView) -> bool {
        let (notice, terms) = (view.notice(), &view.notice().terms);
        self.active_at.is_none_or(|at| notice.state(at) == NoticeState::Active)
            && self.severity.as_ref().is_none_or(|severities| severities.contains(&terms.severity))
            && self.drill.is_none_or(|drill| drill == terms.drill)
            && self.addressed_to_me.is_none_or(|wanted| wanted == addressees.concerns(view))
    }
}

/// The viewer's own agency as it stands in this write.
pub(super) async fn home(tx: &Tx, viewer: &Viewer) -> Result<Organization, Error> {
    let own = viewer.organization().ok_or(Error::Forbidden)?;
    tx.entry::<OrganizationDetails>(own).await?.ok_or(Error::Forbidden)
}

/// Who the viewer is to what they post.
pub(super) fn author(viewer: &Viewer) -> Result<Author, Error> {
    let grant = viewer.grant().ok_or(Error::Forbidden)?;
    Ok(Author { region: grant.region, organization: grant.organization, grant: grant.id })
}

/// Posts a notice for the viewer's own agency.
pub async fn post(hub: &Hub, viewer: &Viewer, input: PostNotice) -> Result<Outcome<NoticeView>, Error> {
    let input = &input;
    let done = once(hub, viewer, input.keyed.as_ref(), |tx| post_in(tx, viewer, input)).await?;
    shown(hub, viewer, done)
}

async fn post_in(tx: Tx, viewer: &Viewer, input: &PostNotice) -> Result<Committed<Notice>, Error> {
    let home = home(&tx, viewer).await?;
    let id: NoticeId = tx.id();
    let permit = permit::post_notice(viewer, &home, id)?;
    let changed = Notice::post(id, author(viewer)?, input.words.clone(), input.terms.clone(), tx.now())?;
    tx.save(permit, &changed).await?;
    remember(&tx, input.keyed.as_ref(), [id]).await?;
    Ok(tx.commit(changed.into_state()).await?)
}

/// Takes a notice of the viewer's own agency back before its end.
pub async fn withdraw(hub: &Hub, viewer: &Viewer, input: OnNotice) -> Result<Outcome<NoticeView>, Error> {
    let input = &input;
    let withdraw = |tx: Tx| async move {
        let notice = tx.notice(input.notice).await?.ok_or(Error::NotFound)?;
        let permit = permit::withdraw_notice(viewer, &home(&tx, viewer).await?, &notice)?;
        let changed = notice.withdraw(tx.now()).map_err(|why| refused(why, &notice))?;
        finish(tx, permit, notice, changed, input).await
    };
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), withdraw).await?)
}

/// Acknowledges a notice for the viewer's own agency, once.
pub async fn acknowledge(hub: &Hub, viewer: &Viewer, input: OnNotice) -> Result<Outcome<NoticeView>, Error> {
    let input = &input;
    let acknowledge = |tx: Tx| async move {
        let notice = tx.notice(input.notice).await?.ok_or(Error::NotFound)?;
        let home = home(&tx, viewer).await?;
        let permit = permit::acknowledge_notice(viewer, &home, &notice)?;
        let counties = counties_of(&tx, &notice, home.id).await?;
        let done = notice.acknowledge(author(viewer)?, home.details.kind, &counties, tx.now());
        let changed = done.map_err(|why| refused(why, &notice))?;
        finish(tx, permit, notice, changed, input).await
    };
    shown(hub, viewer, once(hub, viewer, input.keyed.as_ref(), acknowledge).await?)
}

/// The counties of an agency's places, where the notice asks for them.
async fn counties_of(tx: &Tx, notice: &Notice, agency: OrganizationId) -> Result<Vec<u32>, Error> {
    if notice.terms.address.counties_fips.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tx.facilities_of(agency).await?.into_iter().filter_map(|place| place.details.county_fips).collect())
}

fn refused(why: NoticeRefused, notice: &Notice) -> Error {
    let says = match why {
        NoticeRefused::Over => "the notice has ended or was withdrawn",
        NoticeRefused::NotAsked => "the notice does not ask your agency to acknowledge it",
    };
    let problem = Problem::new(ProblemCode::WrongState).at(&["noticeId"]).with_current(notice.id);
    Error::Refused(vec![problem.saying(says.into())])
}

async fn finish<A: Acts>(
    tx: Tx,
    permit: Permit<A>,
    notice: Notice,
    changed: Option<Changed<Notice>>,
    input: &OnNotice,
) -> Result<Committed<Notice>, Error>
where
    Notice: KeptBy<A>,
{
    if let Some(changed) = &changed {
        tx.save(permit, changed).await?;
    }
    remember(&tx, input.keyed.as_ref(), [notice.id]).await?;
    Ok(tx.commit(changed.map_or(notice, Changed::into_state)).await?)
}

fn shown(hub: &Hub, viewer: &Viewer, done: Outcome<Notice>) -> Result<Outcome<NoticeView>, Error> {
    done.seen(|notice| {
        let notice = Arc::new(notice);
        hub.board().learn_notice(&notice);
        view::notice(viewer, &Scope::of(viewer), notice)
    })
}
