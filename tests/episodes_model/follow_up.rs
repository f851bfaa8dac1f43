//! What follows when somebody is in care, in the model: planned with the way or later, and never left without a clock or an end.
use super::model::{Agency, Minutes, Model, Said, is_in_care};
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::follow_up::{FollowUpBy, FollowUpOutcome, FollowUpState};

/// How long after its time it is waited for: a week.
const PATIENCE: Minutes = 7 * 24 * 60;
/// Latest that one is planned for, in hours: thirty days.
const HOURS_MOST: u32 = 720;
/// Most after one handoff.
const MOST: usize = 9;

#[derive(Clone, Debug)]
pub struct FollowUp {
    pub handoff: usize,
    pub owner: Agency,
    pub by: FollowUpBy,
    pub version: i64,
    pub state: FollowUpState,
    pub done_by: Minutes,
    pub due: Option<Minutes>,
    pub late: bool,
    pub tries: u32,
}

impl FollowUp {
    fn end(&mut self, state: FollowUpState) {
        (self.state, self.due) = (state, None);
    }

    /// That it is late is told, and a week later that nobody said how it went.
    fn tell(&mut self, now: Minutes) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.version += 1;
        if self.late {
            return self.end(FollowUpState::Lapsed);
        }
        (self.late, self.due) = (true, Some(now + PATIENCE));
    }

    /// It is to be done, on a clock; or it has ended.
    pub fn check(&self) {
        assert_eq!(self.state == FollowUpState::Due, self.due.is_some(), "{self:?}");
    }
}

impl Model {
    fn begin(&mut self, handoff: usize, owner: Agency, (by, hours): (FollowUpBy, u32)) {
        let (version, state, late, tries) = (1, FollowUpState::Due, false, 0);
        let done_by = self.now + i64::from(hours) * 60;
        let due = Some(done_by);
        self.follow_ups.push(FollowUp { handoff, owner, by, version, state, done_by, due, late, tries });
    }

    /// Somebody is in care: what the way says follows, and the receiver sees to it.
    pub fn follow(&mut self, handoff: usize) {
        let of = &self.handoffs[handoff];
        let receiver = self.owner(of.goal);
        for term in of.way.follows() {
            self.begin(handoff, receiver, *term);
        }
    }

    /// Either party plans one of its own, once the receiver has the person.
    pub fn plan(&mut self, by: Agency, handoff: usize, (with, hours): (FollowUpBy, u32)) -> Said {
        if !self.is_partys(handoff, by) {
            return Said::NotFound;
        } else if !is_in_care(self.handoffs[handoff].state) {
            return Said::refused(ProblemCode::WrongState);
        } else if self.follow_ups.iter().filter(|other| other.handoff == handoff).count() >= MOST {
            return Said::refused(ProblemCode::OutOfRange);
        } else if !(1..=HOURS_MOST).contains(&hours) {
            return Said::BadInput;
        }
        self.begin(handoff, by, (with, hours));
        Said::done()
    }

    /// Whoever sees to it says how it went.
    pub fn record(&mut self, by: Agency, follow_up: usize, outcome: FollowUpOutcome, stale: bool) -> Said {
        let visible = self.is_partys(self.follow_ups[follow_up].handoff, by);
        let of = &mut self.follow_ups[follow_up];
        if !visible {
            return Said::NotFound;
        } else if of.owner != by {
            return Said::Forbidden;
        } else if stale {
            return Said::refused(ProblemCode::StaleVersion);
        } else if of.state != FollowUpState::Due {
            return Said::refused(ProblemCode::WrongState);
        }
        of.tries += 1;
        of.version += 1;
        match outcome {
            FollowUpOutcome::Attempted => {}
            FollowUpOutcome::Connected => of.end(FollowUpState::Connected),
            FollowUpOutcome::NotConnected => of.end(FollowUpState::NotConnected),
            FollowUpOutcome::Unreached => of.end(FollowUpState::Unreached),
        }
        Said::done()
    }

    pub fn tell_follow_ups(&mut self) {
        let now = self.now;
        self.follow_ups.iter_mut().for_each(|follow_up| follow_up.tell(now));
    }
}
