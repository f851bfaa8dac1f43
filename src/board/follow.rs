//! Following the log: each event folded in, in order.
use super::Board;
use super::logged::Logged;
use super::snapshot::{Names, Snapshot};
use super::teams::team_of;
use crate::bus::feed::Follower;
use crate::domain::bed::UnitWords;
use crate::domain::entry::Entry;
use crate::domain::event::{Event, EventKind, Told};
use crate::domain::facility::FacilityDetails;
use crate::domain::id::{BedUnitId, BedUpdateRequestId, GrantId, NoticeId, Noun, NounId, TeamId};
use crate::domain::organization::OrganizationDetails;
use crate::domain::pathway::PathwayDetails;
use crate::domain::region::RegionDetails;
use crate::domain::service::ServiceDetails;
use crate::domain::travel::TravelTimesDetails;
use crate::policy::{Machine, Viewer};
use crate::store::{Error, Kept, Reader, Store};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How many events a replay folds at once.
const REPLAY_BATCH: u64 = 1_000;

/// What facts cannot carry: words of the directory, and who holds a grant.
#[derive(Default)]
pub(super) struct Words {
    pub(super) board: Snapshot,
    units: HashMap<BedUnitId, UnitWords>,
    call_signs: HashMap<TeamId, String>,
}

impl Words {
    pub(super) fn of_unit(&self, id: BedUnitId) -> Option<UnitWords> {
        self.units.get(&id).cloned().or_else(|| self.board.words_of(id))
    }

    /// An entry of the directory as an event tells it.
    pub(super) fn of_entry<D: Names>(&self, event: &Event) -> Option<Entry<D>> {
        let happening = &event.happening;
        let words = D::map(&self.board).get(&D::Id::of(happening.key)).filter(|_| happening.noun == D::Id::NOUN);
        words?.as_told(happening)
    }

    fn of_team(&self, id: TeamId) -> Option<String> {
        self.call_signs.get(&id).cloned().or_else(|| self.board.call_sign(id))
    }
}

impl Follower for Board {
    async fn follow(&self, events: Vec<Event>) -> Result<Vec<Told>, Error> {
        // Most of what happens says everything itself: no look at the database for it.
        let words = match events.iter().all(|event| says_all(event.happening.kind)) {
            true => Words::default(),
            false => words(&self.store.read(&self.me).await?, &events).await?,
        };
        let mut told = Vec::with_capacity(events.len());
        self.change(|snapshot| {
            snapshot.take_words_of(&words.board);
            told.extend(events.into_iter().map(|event| snapshot.fold(event, &words)));
        });
        Ok(told)
    }

    fn number(&self) -> i64 {
        self.now().number()
    }
}

impl Board {
    /// The board as a pure fold of the whole log, with today's words.
    pub async fn replay(store: &Store) -> Result<Snapshot, Error> {
        let me = Viewer::machine(Machine::Follower);
        let reader = store.read(&me).await?;
        let mut snapshot = Snapshot::default();
        snapshot.load_directory(&reader).await?;
        loop {
            let events = reader.events_after(snapshot.number, REPLAY_BATCH).await?;
            if events.is_empty() {
                return Ok(snapshot);
            }
            let words = words(&reader, &events).await?;
            snapshot.take_notices(&words.board);
            for event in events {
                snapshot.fold(event, &words);
            }
        }
    }

    /// A run of events as they were told, for one who was away: each with what it moved, as that stood just before and after.
    pub async fn tell_again(&self, reader: &Reader, events: Vec<Event>) -> Result<Vec<Told>, Error> {
        let Some(number) = events.first().map(|event| event.number - 1) else { return Ok(Vec::new()) };
        let today = self.now();
        let words = Words::default().over(&today);
        let mut logged = Logged::before(&events, number, &today, (reader, &words)).await?;
        let mut last = reader.mark(number).await?.map(|(id, _)| id);
        let told = events.into_iter().map(|event| {
            let previous = last.replace(event.id);
            Told { units: logged.take(&event, &words), event, previous }
        });
        Ok(told.collect())
    }
}

/// Whether the facts of a kind carry all that the board keeps.
fn says_all(kind: EventKind) -> bool {
    use EventKind as K;
    matches!(
        kind,
        K::BedsReported
            | K::BedsAged
            | K::BedUnitPaused
            | K::BedUnitPauseEnded
            | K::BedHoldsChanged
            | K::BedHeld
            | K::BedHoldExtended
            | K::BedHoldReleased
            | K::BedHoldArrived
            | K::BedHoldExpired
            | K::HandoffAnnounced
            | K::HandoffDeparted
            | K::HandoffArrived
            | K::HandoffConfirmed
            | K::HandoffTransferred
            | K::HandoffRedirected
            | K::HandoffFailed
            | K::HandoffLate
            | K::HandoffLapsed
            | K::HandoffNoted
            | K::HandoffShredded
            | K::FollowUpForgotten
            | K::HandoffSupervisorNamed
            | K::HandoffSupervisorUnnamed
            | K::PreservationPlaced
            | K::PreservationLifted
            | K::ConsentRecorded
            | K::ConsentRevoked
            | K::ConsentBegan
            | K::ConsentExpired
            | K::HandoffShared
            | K::HandoffShareChanged
            | K::HandoffShareEnded
            | K::ThreatDisclosed
            | K::EmergencyDisclosed
            | K::EmergencyReviewLate
            | K::EmergencyReviewed
            | K::OnCallSet
            | K::CallStarted
            | K::CallSent
            | K::CallFailed
            | K::CallAcknowledged
            | K::CallExhausted
            | K::CallAnswered
            | K::CallEnded
            | K::PushRegistered
            | K::PushEnded
    )
}

/// Reads what the facts of some events cannot carry.
pub(super) async fn words(reader: &Reader, events: &[Event]) -> Result<Words, Error> {
    async fn of<D: Names + crate::store::Listed>(
        board: &mut Snapshot,
        reader: &Reader,
        events: &[Event],
    ) -> Result<(), Error>
    where
        Entry<D>: Kept,
    {
        let ids: Vec<D::Id> = keys(events, D::Id::NOUN).into_iter().map(D::Id::of).collect();
        for ids in ids.chunks(200) {
            reader.entries_of::<D>(ids).await?.into_iter().for_each(|entry| board.put(Arc::new(entry)));
        }
        Ok(())
    }
    let mut words = Words::default();
    of::<RegionDetails>(&mut words.board, reader, events).await?;
    of::<OrganizationDetails>(&mut words.board, reader, events).await?;
    of::<FacilityDetails>(&mut words.board, reader, events).await?;
    of::<ServiceDetails>(&mut words.board, reader, events).await?;
    of::<PathwayDetails>(&mut words.board, reader, events).await?;
    of::<TravelTimesDetails>(&mut words.board, reader, events).await?;
    let grants: Vec<GrantId> = keys(events, Noun::Grant).into_iter().map(GrantId::of).collect();
    if !grants.is_empty() {
        reader.grants(&grants).await?.into_iter().for_each(|grant| words.board.put_grant(Arc::new(grant)));
    }
    let notices: Vec<NoticeId> = keys(events, Noun::Notice).into_iter().map(NoticeId::of).collect();
    if !notices.is_empty() {
        reader.notices(&notices).await?.into_iter().for_each(|notice| words.board.notices.put(Arc::new(notice)));
    }
    let asked: Vec<BedUpdateRequestId> =
        keys(events, Noun::BedUpdateRequest).into_iter().map(BedUpdateRequestId::of).collect();
    if !asked.is_empty() {
        reader
            .bed_update_requests(&asked)
            .await?
            .into_iter()
            .for_each(|asked| words.board.put_request(Arc::new(asked)));
    }
    let named = |kind| matches!(kind, EventKind::BedUnitSaved | EventKind::TeamSaved);
    let saved: Vec<Event> = events.iter().filter(|e| named(e.happening.kind)).cloned().collect();
    let units: Vec<BedUnitId> = keys(&saved, Noun::BedUnit).into_iter().map(BedUnitId::of).collect();
    if !units.is_empty() {
        words.units = reader.bed_units(&units).await?.into_iter().map(|unit| (unit.id(), unit.words())).collect();
    }
    let teams: Vec<TeamId> = keys(&saved, Noun::Team).into_iter().map(TeamId::of).collect();
    if !teams.is_empty() {
        let teams = reader.teams(&teams).await?;
        words.call_signs = teams.into_iter().map(|team| (team.id(), team.entry.details.label)).collect();
    }
    Ok(words)
}

fn keys(events: &[Event], noun: Noun) -> Vec<Uuid> {
    let mut keys: Vec<Uuid> =
        events.iter().filter(|event| event.happening.noun == noun).map(|event| event.happening.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Snapshot {
    pub(super) fn take_words_of(&mut self, board: &Snapshot) {
        fn all<D: Names>(to: &mut Snapshot, from: &Snapshot) {
            D::map(from).values().for_each(|entry| to.put(entry.clone()));
        }
        all::<RegionDetails>(self, board);
        all::<OrganizationDetails>(self, board);
        all::<FacilityDetails>(self, board);
        all::<ServiceDetails>(self, board);
        all::<PathwayDetails>(self, board);
        all::<TravelTimesDetails>(self, board);
        board.all_grants().for_each(|grant| self.put_grant(grant.clone()));
        self.take_notices(board);
    }

    /// Folds one event in and tells what it changed.
    pub(super) fn fold(&mut self, event: Event, words: &Words) -> Told {
        self.number = event.number;
        let previous = self.last.replace(event.id);
        let units = self.logged.take(&event, words);
        self.put_told::<RegionDetails>(&event, words);
        self.put_told::<OrganizationDetails>(&event, words);
        self.put_told::<FacilityDetails>(&event, words);
        self.put_told::<ServiceDetails>(&event, words);
        self.put_told::<PathwayDetails>(&event, words);
        let call_sign = |id| words.of_team(id).or_else(|| self.call_sign(id)).unwrap_or_default();
        if let Some(team) = team_of(&event, call_sign) {
            self.put_team(Arc::new(team));
        }
        if let Some(unit) = self.logged.unit_of(&event).cloned() {
            self.put_unit(unit);
        }
        Told { event, previous, units }
    }

    /// Takes an entry of the directory as an event tells it: where today's is here already, that stays.
    fn put_told<D: Names>(&mut self, event: &Event, words: &Words) {
        if let Some(entry) = words.of_entry::<D>(event) {
            self.put(Arc::new(entry));
        }
    }
}
