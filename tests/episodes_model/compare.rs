//! The hub beside the model, down to the rows of its alarm clock.
use super::bench::{Inside, organization};
use super::course::Drive;
use super::model::{Agency, Handoff, Minutes, is_settlement};
use super::real::Real;
use super::words::Step;
use crisis_hub::app::{episode, follow_up, handoff, hold};
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::due::DueKind;
use crisis_hub::domain::episode::{Episode, EpisodeState};
use crisis_hub::domain::follow_up::FollowUp;
use crisis_hub::domain::handoff::{self as told, Ending, WithdrawReason};
use crisis_hub::domain::hold::Hold;
use crisis_hub::domain::id::{BedHoldId, EpisodeId, FollowUpId, HandoffId, NounId};
use crisis_hub::domain::time::At;
use crisis_hub::policy::Viewer;
use crisis_hub::policy::view::{self, HandoffView};
use sea_orm::{ConnectionTrait, Statement};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use uuid::Uuid;

/// Rows as they were read last. What the log has told nothing of since has not changed: it is not read again until the end.
#[derive(Default)]
pub(super) struct Seen {
    handoffs: HashMap<HandoffId, told::Handoff>,
    searches: HashMap<EpisodeId, Episode>,
    follow_ups: HashMap<FollowUpId, FollowUp>,
    holds: HashMap<BedHoldId, Hold>,
}

/// The alarms of handoffs, searches, follow-ups and teams.
struct Alarms {
    of: HashMap<(String, Uuid), At>,
    began: At,
}

impl Seen {
    fn forget(&mut self, changed: &HashSet<Uuid>) {
        self.handoffs.retain(|id, _| !changed.contains(&id.key()));
        self.searches.retain(|id, _| !changed.contains(&id.key()));
        self.follow_ups.retain(|id, _| !changed.contains(&id.key()));
        self.holds.retain(|id, _| !changed.contains(&id.key()));
    }
}

/// Which of them are to be read.
fn unread<I: Copy + Eq + Hash, T>(ids: impl Iterator<Item = I>, seen: &HashMap<I, T>) -> Vec<I> {
    ids.filter(|id| !seen.contains_key(id)).collect()
}

impl Alarms {
    fn minute(&self, at: At) -> Minutes {
        at.micros_since(self.began).div_euclid(60_000_000)
    }

    /// An alarm is set to when its row says, or to nothing; answers how many that is.
    fn is_set(&self, kind: DueKind, key: Uuid, due: Option<At>) -> usize {
        let is = self.of.get(&(kind.code().to_owned(), key));
        assert_eq!(is, due.as_ref(), "{} of {key}", kind.code());
        usize::from(due.is_some())
    }
}

impl Inside {
    /// What is refused changes nothing: the log stands where it stood. After anything else all is as the model has it.
    pub(super) async fn compare(&self, real: &mut Real, step: &Step, done: bool) {
        let (of, changed) = self.rows(&mut real.told).await;
        if !done {
            assert!(changed.is_empty(), "refused, and something has changed: {step:?}");
            return;
        }
        real.seen.forget(&changed);
        let (me, alarms) = (self.viewer(Agency::Basalt), Alarms { of, began: real.began });
        let ids = unread(real.handoffs.iter().copied(), &real.seen.handoffs);
        if !ids.is_empty() {
            for view in handoff::get(&self.hub, me, &ids).await.unwrap() {
                let handoff = view.unwrap().handoff().clone();
                real.seen.handoffs.insert(handoff.id, handoff);
            }
        }
        let (scope, now) = (self.scope(Agency::Basalt), self.hub.clock().now());
        let view = |id: &HandoffId| view::handoff(scope, real.seen.handoffs[id].clone(), now).unwrap();
        let views: Vec<HandoffView> = real.handoffs.iter().map(view).collect();
        let mut set = 0;
        assert_eq!(views.len(), real.model.handoffs.len());
        for (number, view) in views.iter().enumerate() {
            set += compare_handoff(real, number, view, &alarms, step);
        }
        set += self.compare_searches(real, me, &alarms, &views).await;
        set += self.compare_follow_ups(real, me, &alarms).await;
        set += self.compare_teams(real, &alarms);
        assert_eq!(set, alarms.of.len(), "an alarm that belongs to nothing, after {step:?}: {:?}", alarms.of);
        self.compare_places(real, me, &alarms).await;
    }

    async fn compare_searches(&self, real: &mut Real, me: &Viewer, alarms: &Alarms, views: &[HandoffView]) -> usize {
        let ids = unread(real.searches.iter().copied(), &real.seen.searches);
        if !ids.is_empty() {
            for view in episode::get(&self.hub, me, &ids).await.unwrap() {
                let search = view.unwrap().episode().clone();
                real.seen.searches.insert(search.id, search);
            }
        }
        let mut set = 0;
        assert_eq!(real.searches.len(), real.model.searches.len());
        for (number, (id, expected)) in real.searches.iter().zip(&real.model.searches).enumerate() {
            let is = &real.seen.searches[id];
            let about = || format!("search {number}: {expected:?}, and is {is:?}");
            let due = is.due_at.map(|at| alarms.minute(at));
            let by = expected.settled_by.map(|by| real.handoffs[by]);
            assert_eq!((is.state, is.version), (expected.state, expected.version), "{}", about());
            assert_eq!((is.handoff, is.reason, due), (by, expected.end, expected.due), "{}", about());
            assert_eq!(is.settlement, expected.settlement, "{}", about());
            assert_eq!(i64::from(is.waited_hours), expected.waited_hours, "{}", about());
            set += alarms.is_set(DueKind::EpisodeClock, is.id.key(), is.due_at);
            // One settlement at most, whatever the model thinks.
            let of = || views.iter().map(HandoffView::handoff).filter(|handoff| handoff.episode == is.id);
            let settled: Vec<HandoffId> =
                of().filter(|handoff| is_settlement(handoff.state)).map(|handoff| handoff.id).collect();
            let open = matches!(is.state, EpisodeState::Settled | EpisodeState::Placed);
            assert_eq!(settled.as_slice(), is.handoff.filter(|_| open).as_slice(), "{}", about());
            // Who lost was told at the very instant at which it was settled: it is one write.
            let another = Some(Ending::Withdrawn(WithdrawReason::AnotherChosen));
            for lost in of().filter(|handoff| handoff.ending == another) {
                let at = lost.times.ended_at;
                assert!(of().any(|won| won.times.settled_at == at), "{}", about());
            }
        }
        set
    }

    async fn compare_follow_ups(&self, real: &mut Real, me: &Viewer, alarms: &Alarms) -> usize {
        // What begins has a clock: those that nobody knows yet began with a transfer.
        let clock =
            |(kind, key): &(String, Uuid)| (kind == DueKind::FollowUpClock.code()).then_some(FollowUpId::of(*key));
        let begun = alarms.of.keys().filter_map(clock).filter(|id| !real.follow_ups.values().any(|known| known == id));
        let ids: Vec<FollowUpId> = real.follow_ups.values().copied().chain(begun).collect();
        assert_eq!(ids.len(), real.model.follow_ups.len(), "{:?}", real.model.follow_ups);
        let missing = unread(ids.iter().copied(), &real.seen.follow_ups);
        if !missing.is_empty() {
            for view in follow_up::get(&self.hub, me, &missing).await.unwrap() {
                let follow_up = *view.unwrap().follow_up();
                real.seen.follow_ups.insert(follow_up.id, follow_up);
            }
        }
        let mut set = 0;
        for id in ids {
            let is = &real.seen.follow_ups[&id];
            let known = real.follow_ups.iter().find(|(_, id)| **id == is.id).map(|(number, _)| *number);
            let number = known.unwrap_or_else(|| {
                let like = |number: &usize| {
                    let of = &real.model.follow_ups[*number];
                    let same = (Some(real.handoffs[of.handoff]), of.by, of.done_by);
                    same == (is.handoff, is.by, alarms.minute(is.done_by)) && !real.follow_ups.contains_key(number)
                };
                (0..real.model.follow_ups.len()).find(like).unwrap_or_else(|| panic!("nobody planned {is:?}"))
            });
            real.follow_ups.insert(number, is.id);
            let expected = &real.model.follow_ups[number];
            let about = || format!("follow-up {number}: {expected:?}, and is {is:?}");
            let due = is.due_at.map(|at| alarms.minute(at));
            assert_eq!((is.state, is.version), (expected.state, expected.version), "{}", about());
            assert_eq!((is.late, is.attempts, due), (expected.late, expected.tries, expected.due), "{}", about());
            assert_eq!(is.handoff, Some(real.handoffs[expected.handoff]), "{}", about());
            assert_eq!((is.by, alarms.minute(is.done_by)), (expected.by, expected.done_by), "{}", about());
            assert_eq!(is.owner, organization(&self.world, expected.owner), "{}", about());
            assert_eq!(is.ended_at.is_some(), expected.due.is_none(), "{}", about());
            set += alarms.is_set(DueKind::FollowUpClock, is.id.key(), is.due_at);
        }
        set
    }

    /// The teams of the board.
    fn compare_teams(&self, real: &Real, alarms: &Alarms) -> usize {
        let (scope, board, now) = (self.scope(Agency::Basalt), self.hub.board().now(), self.hub.clock().now());
        let mut set = 0;
        for (number, (id, expected)) in real.teams.iter().zip(&real.model.teams).enumerate() {
            let view = board.team(scope, *id, now).unwrap();
            let is = view.team();
            let about = || format!("team {number}: {expected:?}, and is {:?}, lost {}", is.said, is.lost);
            let said = is.said.map(|said| (said.status, alarms.minute(said.since), alarms.minute(said.heard_at)));
            assert_eq!(said, expected.says.map(|says| (says.status, says.since, says.heard)), "{}", about());
            let free_at = is.said.and_then(|said| said.free_at).map(|at| alarms.minute(at));
            assert_eq!(free_at, expected.says.and_then(|says| says.free_at), "{}", about());
            assert_eq!((is.version(), is.lost), (expected.version, expected.lost), "{}", about());
            assert_eq!(view.shown_as(), expected.shown(real.model.now), "{}", about());
            set += alarms.is_set(DueKind::TeamHeartbeat, id.key(), is.lost_at());
        }
        set
    }

    /// The units of the board, and each hold as the database has it.
    async fn compare_places(&self, real: &mut Real, me: &Viewer, alarms: &Alarms) {
        let model = &real.model;
        let (board, now) = (self.hub.board().now(), self.hub.clock().now());
        for (unit, id) in real.units.iter().enumerate() {
            let is = board.unit(self.scope(model.units[unit].owner), *id, now).unwrap().availability();
            assert_eq!(is.net_reported, model.free(unit), "unit {unit}");
            assert_eq!(is.net.is_some(), model.is_believed(unit), "unit {unit}");
            let counts = (is.held as usize, is.arrived as usize, is.over_capacity);
            assert_eq!(counts, (model.held(unit), model.units[unit].came.len(), model.is_over(unit)), "unit {unit}");
        }
        assert_eq!(real.holds.len(), model.holds.len(), "a hold that belongs to nothing");
        let ids = unread(real.holds.values().copied(), &real.seen.holds);
        if !ids.is_empty() {
            for view in hold::get(&self.hub, me, &ids).await.unwrap() {
                let hold = view.unwrap().hold().clone();
                real.seen.holds.insert(hold.id, hold);
            }
        }
        for (number, id) in &real.holds {
            let (hold, expected) = (real.seen.holds[id].clone(), &model.holds[*number]);
            let view = view::hold(self.scope(Agency::Basalt), hold, now).unwrap();
            let is = (view.state(), alarms.minute(view.hold().until), view.hold().is_of_handoff());
            assert_eq!(is, (model.state_of(*number), expected.until, expected.of_handoff), "hold {number}");
            assert_eq!(view.hold().unit, real.units[expected.unit], "hold {number}");
        }
    }

    /// The alarms of what the model has, as rows, and which rows the log has told of since.
    async fn rows(&self, told: &mut i64) -> (HashMap<(String, Uuid), At>, HashSet<Uuid>) {
        let kinds = [
            DueKind::HandoffClock,
            DueKind::TransportClock,
            DueKind::SupervisorClock,
            DueKind::EpisodeClock,
            DueKind::FollowUpClock,
            DueKind::TeamHeartbeat,
        ];
        let kinds = kinds.map(|kind| format!("'{}'", kind.code())).join(", ");
        let sql = format!(
            "SELECT row_id, kind, \"at\" FROM due WHERE kind IN ({kinds})
             UNION ALL SELECT row_id, 'TOLD', position FROM event WHERE position > {told}"
        );
        let backend = self.connection.get_database_backend();
        let rows = self.connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        let (mut alarms, mut changed) = (HashMap::new(), HashSet::new());
        for row in rows {
            let (key, at): (Uuid, i64) = (row.try_get("", "row_id").unwrap(), row.try_get("", "at").unwrap());
            let kind: String = row.try_get("", "kind").unwrap();
            if kind == "TOLD" {
                changed.insert(key);
                *told = at.max(*told);
            } else {
                alarms.insert((kind, key), At::from_micros(at));
            }
        }
        (alarms, changed)
    }

    /// Where the log ends.
    pub(super) async fn log_end(&self) -> i64 {
        let backend = self.connection.get_database_backend();
        let sql = Statement::from_string(backend, "SELECT MAX(position) AS last FROM event");
        self.connection.query_one_raw(sql).await.unwrap().unwrap().try_get("", "last").unwrap()
    }
}

/// One handoff; answers how many alarms it has.
fn compare_handoff(real: &mut Real, number: usize, view: &HandoffView, alarms: &Alarms, step: &Step) -> usize {
    let (is, expected, now) = (view.handoff(), &real.model.handoffs[number], real.model.now);
    let minute = |at: At| alarms.minute(at);
    let about = || format!("handoff {number} after {step:?}: {expected:?}, and is {is:?}");
    assert_eq!((is.state, is.version), (expected.state, expected.version), "{}", about());
    assert_eq!((is.awaits(), is.to), (expected.awaits(), real.destination(expected.goal)), "{}", about());
    assert_eq!((is.due_at.map(minute), minute(is.arrive_by)), (expected.due, expected.arrive_by), "{}", about());
    let late = expected.late || expected.due.is_some_and(|due| due <= now);
    assert_eq!((is.late, view.is_late()), (expected.late, late), "{}", about());
    let shown = is.offer.as_ref().and_then(|offer| offer.coded.bed_was_shown_available);
    assert_eq!(shown, expected.asked.as_ref().and_then(|asked| asked.shown_free), "{}", about());
    assert_eq!(is.supervisor_due_at().map(minute), expected.named_by, "{}", about());
    compare_course(is, expected, minute, about);
    // The alarm clock has the same, and nothing of what has ended.
    let set = alarms.is_set(DueKind::HandoffClock, is.id.key(), is.due_at)
        + alarms.is_set(DueKind::TransportClock, is.id.key(), is.transport_due_at())
        + alarms.is_set(DueKind::SupervisorClock, is.id.key(), is.supervisor_due_at());
    match (is.hold, expected.hold) {
        (Some(id), Some(hold)) => assert_eq!(*real.holds.entry(hold).or_insert(id), id, "{}", about()),
        (is, expected) => assert_eq!(is.is_some(), expected.is_some(), "{}", about()),
    }
    set
}

/// How somebody is handed over.
fn compare_course(
    is: &told::Handoff,
    expected: &Handoff,
    minute: impl Fn(At) -> Minutes + Copy,
    about: impl Fn() -> String,
) {
    let (course, due) = (&is.course, is.transport_due_at().map(minute));
    let drives = course.transport.map(|is| {
        let asked = (minute(is.requested_at), is.assigned_at.map(minute), minute(is.pick_up_by));
        (Some(is.stage), is.late, asked, is.picked_up_at.map(minute))
    });
    let says = expected.course.drive.map(|Drive { asked, assigned, comes, late, .. }| {
        (expected.stage(), late, (asked, assigned, comes), expected.set_out)
    });
    assert_eq!((drives, due), (says, expected.transport_due()), "{}", about());
    let spoken: Vec<_> = course.contacts.iter().map(|said| (said.kind, minute(said.at), said.by)).collect();
    assert_eq!(spoken, expected.course.spoken, "{}", about());
    assert_eq!(course.door, super::real::door(expected.peer_was_there()), "{}", about());
    let police = course.police.map(|asked| (asked.person_agreed, minute(asked.at)));
    assert_eq!(police, expected.course.police, "{}", about());
    assert_eq!(is.nudged.map(|last| minute(last.at)), expected.course.nudged, "{}", about());
}
