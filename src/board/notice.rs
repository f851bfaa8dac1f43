//! Notices, and requests that units confirm their numbers, with the first answer of each unit.
use super::snapshot::Snapshot;
use crate::domain::bed::BedUnit;
use crate::domain::id::{BedUnitId, BedUpdateRequestId, NoticeId, OrganizationId};
use crate::domain::notice::Notice;
use crate::domain::poll::{BedUpdateRequest, READ_DAYS};
use crate::domain::time::At;
use crate::policy::view::{self, BedUnitView, NoticeView, RequestView};
use crate::policy::{Scope, Viewer};
use crate::store::{Error, Reader};
use imbl::{HashMap, OrdMap, OrdSet};
use std::sync::Arc;

/// What is said to agencies, and asked of them.
#[derive(Clone, Default)]
pub(super) struct Notices {
    notices: OrdMap<NoticeId, Arc<Notice>>,
    requests: OrdMap<BedUpdateRequestId, Arc<BedUpdateRequest>>,
    /// The requests that ask a unit.
    asking: HashMap<BedUnitId, OrdSet<BedUpdateRequestId>>,
    /// When a unit first reported after a request.
    answers: OrdMap<(BedUpdateRequestId, BedUnitId), At>,
}

impl Notices {
    /// Takes a notice, unless a newer one is here.
    pub(super) fn put(&mut self, notice: Arc<Notice>) {
        if self.notices.get(&notice.id).is_none_or(|old| old.version < notice.version) {
            self.notices.insert(notice.id, notice);
        }
    }

    fn put_request(&mut self, request: Arc<BedUpdateRequest>) {
        if self.requests.contains_key(&request.id) {
            return;
        }
        // Whatever came before can no longer be read.
        let gone: Vec<_> = self.requests.values().filter(|old| !old.is_kept(request.asked_at)).cloned().collect();
        gone.iter().for_each(|old| self.forget(old));
        for unit in &request.units {
            self.asking.entry(*unit).or_default().insert(request.id);
        }
        self.requests.insert(request.id, request);
    }

    fn forget(&mut self, request: &BedUpdateRequest) {
        self.requests.remove(&request.id);
        for unit in &request.units {
            self.answers.remove(&(request.id, *unit));
            if let Some(asking) = self.asking.get_mut(unit) {
                asking.remove(&request.id);
            }
        }
    }

    fn answer(&mut self, request: BedUpdateRequestId, unit: BedUnitId, at: At) {
        let first = self.answers.get(&(request, unit)).map_or(at, |known| at.min(*known));
        self.answers.insert((request, unit), first);
    }

    /// Notes what a unit's last report answers: every report of a unit has to pass here, in any order.
    pub(super) fn note_report(&mut self, unit: &BedUnit) {
        let Some(asking) = self.asking.get(&unit.id()).filter(|asking| !asking.is_empty()).cloned() else { return };
        for id in asking {
            if let Some(at) = self.requests.get(&id).and_then(|request| request.answered_by(unit)) {
                self.answer(id, unit.id(), at);
            }
        }
    }
}

impl Snapshot {
    /// Takes a request, with what the units' last reports answer it.
    pub(super) fn put_request(&mut self, request: Arc<BedUpdateRequest>) {
        self.notices.put_request(request.clone());
        for unit in request.units.iter().filter_map(|id| self.units.get(id).cloned()) {
            self.notices.note_report(&unit);
        }
    }

    /// Takes the notices and requests of another state of the board.
    pub(super) fn take_notices(&mut self, other: &Self) {
        other.notices.notices.values().for_each(|notice| self.notices.put(notice.clone()));
        other.notices.requests.values().for_each(|request| self.put_request(request.clone()));
    }

    /// Loads every notice, and the requests that can still be read with what answered them.
    pub(super) async fn load_notices(&mut self, reader: &Reader, now: At) -> Result<(), Error> {
        reader.all_notices().await?.into_iter().for_each(|notice| self.notices.put(Arc::new(notice)));
        let mut requests = reader.bed_update_requests_since(now.plus_minutes(-READ_DAYS * 24 * 60)).await?;
        requests.sort_unstable_by_key(|request| request.asked_at);
        for request in requests {
            for (unit, at) in reader.first_answers(&request).await? {
                self.notices.answer(request.id, unit, at);
            }
            self.notices.put_request(Arc::new(request));
        }
        Ok(())
    }

    /// One notice; `None` when absent or not the viewer's to see.
    pub fn notice(&self, viewer: &Viewer, scope: &Scope, id: NoticeId) -> Option<NoticeView> {
        view::notice(viewer, scope, self.notices.notices.get(&id)?.clone())
    }

    /// Notices, in the order of their ids.
    pub fn notices<'a>(&'a self, viewer: &'a Viewer, scope: &'a Scope) -> impl Iterator<Item = NoticeView> + 'a {
        self.notices.notices.values().filter_map(|notice| view::notice(viewer, scope, notice.clone()))
    }

    /// One request to units; `None` when absent, not in the scope, or too long ago.
    pub fn bed_update_request(&self, scope: &Scope, id: BedUpdateRequestId, now: At) -> Option<RequestView> {
        let request = self.notices.requests.get(&id).filter(|request| request.is_kept(now))?;
        view::bed_update_request(scope, request.clone())
    }

    /// Requests to units, in the order of their ids.
    pub fn bed_update_requests<'a>(&'a self, scope: &'a Scope, now: At) -> impl Iterator<Item = RequestView> + 'a {
        let kept = self.notices.requests.values().filter(move |request| request.is_kept(now));
        kept.filter_map(|request| view::bed_update_request(scope, request.clone()))
    }

    /// The units of a request that the scope sees, each with the instant of its first answer.
    pub fn answers<'a>(
        &'a self,
        scope: &'a Scope,
        request: &'a BedUpdateRequest,
        now: At,
    ) -> impl Iterator<Item = (BedUnitView, Option<At>)> + 'a {
        let answer = |unit| self.notices.answers.get(&(request.id, unit)).copied();
        request.units.iter().filter_map(move |id| Some((self.unit(scope, *id, now)?, answer(*id))))
    }

    /// The latest request that a unit has not answered.
    pub fn unanswered(&self, unit: BedUnitId, now: At) -> Option<&BedUpdateRequest> {
        let asking = self.notices.asking.get(&unit)?.iter().filter_map(|id| self.notices.requests.get(id));
        let latest = asking.max_by_key(|request| request.asked_at)?;
        let open = latest.is_kept(now) && !self.notices.answers.contains_key(&(latest.id, unit));
        open.then_some(&**latest)
    }

    /// The counties of each agency's places.
    pub fn counties(&self) -> HashMap<OrganizationId, Vec<u32>> {
        let mut counties: HashMap<_, Vec<u32>> = HashMap::new();
        for place in self.facilities.values().filter(|place| !place.retired) {
            counties.entry(place.owner).or_default().extend(place.details.county_fips);
        }
        counties
    }

    /// Every notice, and every request that can still be read with its first answers: what a fold of the log must give again.
    pub fn said(&self, now: At) -> (Vec<Notice>, Vec<(BedUpdateRequest, Vec<(BedUnitId, At)>)>) {
        let notices = self.notices.notices.values().map(|notice| Notice::clone(notice)).collect();
        let requests = self.notices.requests.values().filter(|request| request.is_kept(now)).map(|request| {
            let answer = |unit: &BedUnitId| Some((*unit, *self.notices.answers.get(&(request.id, *unit))?));
            (BedUpdateRequest::clone(request), request.units.iter().filter_map(answer).collect())
        });
        (notices, requests.collect())
    }
}
