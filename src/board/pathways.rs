//! Pathways on the board: which of them somebody may send by, and how a need meets them.
use super::search::{Found, Rank, Seek};
use super::snapshot::Snapshot;
use crate::domain::bed::Seat;
use crate::domain::id::ServiceId;
use crate::domain::need::{self, Fit, Reason};
use crate::domain::pathway::{Pathway, PathwayDetails, PathwayMode, Terms};
use crate::domain::service::ServiceDetails;
use crate::policy::Scope;
use std::collections::HashMap;
use std::sync::Arc;

/// A pathway that somebody may send by, as a need meets it.
#[derive(Clone, Debug)]
pub struct Path {
    /// The pathway.
    pub pathway: Arc<Pathway>,
    /// Every point that it has a condition for, with its reason.
    pub reasons: Vec<Reason>,
    /// The worst of them.
    pub fit: Fit,
}

/// A pathway with the place that it leads to.
#[derive(Clone, Debug)]
pub struct Matched {
    /// The pathway.
    pub path: Path,
    /// The best unit of its service that is to be seen; none where the service has no units.
    pub place: Option<Found>,
    /// Whether it fits, with that unit.
    pub fit: Fit,
}

impl Matched {
    /// Every point, with its reason.
    pub fn reasons(&self) -> &[Reason] {
        self.place.as_ref().map_or(&self.path.reasons, |place| &place.reasons)
    }
}

/// The pathways that somebody may send by, by the service that they lead to.
pub(super) type Paths = HashMap<ServiceId, Vec<Path>>;

impl Path {
    /// What is better for the sender where the place fits as well: what cannot be refused.
    fn may_refuse(&self) -> bool {
        self.pathway.details.terms.mode != PathwayMode::Announce
    }

    /// The best of some pathways to a unit: what fits with it, then what fits by itself, then what cannot be refused.
    pub(super) fn best<'p>(paths: Option<&'p Vec<Self>>, seek: &Seek<'_>, seat: &Seat) -> Option<&'p Self> {
        match paths.map(Vec::as_slice)? {
            [only] => Some(only),
            paths => {
                let shown = seat.unit.availability(seek.ranked_at).shown_as;
                let fit = |path: &Self| need::fit(seek.need, seat, &path.reasons, shown);
                paths.iter().min_by_key(|path| (fit(path), path.fit, path.may_refuse(), path.pathway.id))
            }
        }
    }
}

impl Snapshot {
    /// The pathways that the role may send by at the instant, to services of the level that is sought, in the order of their
    /// ids.
    fn open_paths<'a>(&'a self, scope: &'a Scope, seek: &'a Seek<'_>) -> impl Iterator<Item = Path> + 'a {
        let open = move |pathway: &&Arc<Pathway>| {
            let terms = &pathway.details.terms;
            seek.role.is_some_and(|role| terms.is_open_to(role, seek.ranked_at)) && self.leads_to(scope, seek, terms)
        };
        self.entries::<PathwayDetails>(scope).filter(open).map(|pathway| {
            let reasons = pathway.details.terms.reasons(seek.need, seek.ranked_at);
            Path { fit: need::worst(&reasons), reasons, pathway: pathway.clone() }
        })
    }

    /// The pathways to each service that the role may send to.
    pub(super) fn paths(&self, scope: &Scope, seek: &Seek<'_>) -> Paths {
        let mut paths = Paths::new();
        for path in self.open_paths(scope, seek) {
            paths.entry(path.pathway.details.terms.service).or_default().push(path);
        }
        paths
    }

    /// The pathways that the role may send by, each with the best place that it leads to, best first; at most so many.
    pub fn match_pathways(&self, scope: &Scope, seek: &Seek<'_>) -> Vec<Matched> {
        let ways = self.ways(scope, seek);
        let paths: Vec<Path> = self.open_paths(scope, seek).collect();
        let mut to: HashMap<ServiceId, Vec<usize>> = HashMap::new();
        for (n, path) in paths.iter().enumerate() {
            to.entry(path.pathway.details.terms.service).or_default().push(n);
        }
        // One look at each unit, whatever the number of pathways.
        let mut best: HashMap<usize, Rank> = HashMap::new();
        for seat in self.seats() {
            for n in to.get(&seat.service.id).into_iter().flatten() {
                let rank = paths.get(*n).and_then(|path| super::search::rank(scope, seek, &ways, |_| Some(path), seat));
                if let Some(rank) = rank {
                    best.entry(*n).and_modify(|best| *best = rank.min(*best)).or_insert(rank);
                }
            }
        }
        let mut matched: Vec<_> = paths
            .into_iter()
            .enumerate()
            .map(|(n, path)| {
                let rank = best.get(&n).copied();
                let place = rank.and_then(|rank| self.found(scope, seek, &ways, Some(&path), rank));
                let fit = place.as_ref().map_or(path.fit, |place| place.fit);
                ((fit, path.may_refuse(), rank.is_none(), rank, path.pathway.id), Matched { path, place, fit })
            })
            .collect();
        matched.sort_by_key(|(order, _)| *order);
        matched.into_iter().map(|(_, matched)| matched).take(seek.most).collect()
    }

    /// Whether terms lead to a service that is there, at the level of care that is sought.
    fn leads_to(&self, scope: &Scope, seek: &Seek<'_>, terms: &Terms) -> bool {
        self.entry::<ServiceDetails>(scope, terms.service).is_some_and(|service| {
            let announces = terms.mode == PathwayMode::Announce;
            let level = seek.need.level_of_care.is_none_or(|level| level == service.details.kind);
            !service.retired && level && (service.details.no_refusal || !announces)
        })
    }
}
