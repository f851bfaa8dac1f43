//! What is said, and what it changes in the model.
use super::model::{Agency, Asked, Goal, Handoff, Keeps, Minutes, Model, Said, Search, Way, is_asked};
use super::words::{Step, To, Word};
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crisis_hub::domain::handoff::{FailReason, HandoffState, Party};
use crisis_hub::domain::hold::HoldState;
use crisis_hub::domain::team::TeamShownAs;

use HandoffState as S;

/// How long a yes waits for the sender's choice, the door for the receiver, and the receiver's word for the sender's.
const CHOOSE: Minutes = 15;
const CLEAR: Minutes = 10;
const CONFIRM: Minutes = 15;
/// How long a late word is waited for.
const PATIENCE: Minutes = 240;
/// What is left to decide at the least, after the sender has answered.
const LEFT: Minutes = 5;
/// How long a supervisor's name is awaited.
const NAME: Minutes = 60;

impl Model {
    pub fn apply(&mut self, step: &Step) -> Said {
        match step.clone() {
            Step::Report { unit, staffed, occupied } => self.report(unit, staffed, occupied),
            Step::Announce { unit, way, search, travel, hold } => self.announce((unit, way), search, travel, hold),
            Step::Offer { to, search, settlement, changed } => self.offer(&to, search, settlement, changed),
            Step::Say { by, handoff, word, stale } => self.say(by, handoff, word, stale),
            Step::Nudge { by, handoff } => self.nudge(by, handoff),
            Step::Plan { by, handoff, with, hours } => self.plan(by, handoff, (with, hours)),
            Step::Record { by, follow_up, outcome, stale } => self.record(by, follow_up, outcome, stale),
            Step::TeamSays { by, team, status, free_in } => self.team_says(by, team, status, free_in),
            Step::Close { by, search, why } => self.close(by, search, why),
            Step::Keep { unit, minutes } => self.try_keep(unit, i64::from(minutes)),
            Step::ChangeHold { by, hold, to } => self.change_hold(hold, by, to),
            Step::Wait(minutes) => {
                self.now += minutes;
                Said::done()
            }
            Step::Sweep => self.sweep(),
            Step::Pass(minutes) => {
                self.now += minutes;
                self.sweep()
            }
        }
    }

    fn announce(
        &mut self,
        (unit, way): (usize, Way),
        search: Option<usize>,
        travel: Option<u32>,
        hold: Option<usize>,
    ) -> Said {
        if search.is_some_and(|search| self.searches[search].state != EpisodeState::Seeking) {
            return Said::refused(ProblemCode::WrongState);
        } else if !self.leads(way, Goal::Unit(unit)) {
            return Said::BadInput;
        } else if !way.is_announced() {
            return Said::refused(ProblemCode::WrongState);
        }
        if let Some(hold) = hold {
            if self.holds[hold].unit != unit || self.holds[hold].of_handoff {
                return Said::BadInput;
            } else if !self.stands(hold) {
                return Said::refused(ProblemCode::HoldExpired);
            }
        }
        let allows = way.allows();
        let travel = travel.map_or(allows.arrive, i64::from);
        let arrive_by = self.now + travel;
        let search = search.unwrap_or_else(|| {
            self.searches.push(Search { version: 0, ..Search::begun(self.now, Settlement::FirstAccept) });
            self.searches.len() - 1
        });
        let handoff = self.handoffs.len();
        let new = Handoff::new((Goal::Unit(unit), way), search, S::Accepted, arrive_by);
        self.handoffs.push(Handoff { due: Some(arrive_by), ..new });
        self.settle(handoff);
        // The places that the others kept are free by now.
        let until = arrive_by + allows.keep;
        self.handoffs[handoff].hold = match hold {
            Some(hold) => {
                let held = &mut self.holds[hold];
                (held.until, held.of_handoff) = (held.until.max(until), true);
                Some(hold)
            }
            None => self.keep(unit, until - self.now),
        };
        Said::done()
    }

    fn offer(&mut self, to: &[To], search: Option<usize>, settlement: Option<Settlement>, changed: bool) -> Said {
        if search.is_some_and(|search| self.searches[search].state != EpisodeState::Seeking) {
            return Said::refused(ProblemCode::WrongState);
        } else if to.iter().any(|to| !self.leads(to.way, to.goal)) {
            return Said::BadInput;
        }
        let before: Vec<(Goal, S)> = search.map_or(Vec::new(), |search| {
            self.of(search).map(|handoff| (self.handoffs[handoff].goal, self.handoffs[handoff].state)).collect()
        });
        let here = |goal: Goal| before.iter().filter(move |(of, _)| *of == goal).map(|(_, state)| *state);
        let mut problems = Vec::new();
        // Who is on a receiver's list has an answer, if not the last one.
        let waiting = before.iter().filter(|(_, state)| is_asked(*state) && *state != S::Waitlisted).count();
        if waiting + to.len() > 3 {
            problems.push(ProblemCode::OfferLimit);
        }
        for one in to {
            if one.way.is_announced() {
                problems.push(ProblemCode::WrongState);
            }
            let twice = to.iter().filter(|other| other.goal == one.goal).count() > 1;
            if twice || here(one.goal).any(is_asked) {
                problems.push(ProblemCode::AlreadyOffered);
            } else if !changed && here(one.goal).any(|state| state == S::Declined) {
                problems.push(ProblemCode::SayWhatChanged);
            }
        }
        if !problems.is_empty() {
            return Said::Problems(problems);
        }
        let search = if let Some(search) = search {
            let going_on = &mut self.searches[search];
            going_on.settlement = settlement.unwrap_or(going_on.settlement);
            going_on.sought = self.now;
            going_on.version += 1;
            search
        } else {
            // A team that says yes is on its way; among places the sender has the choice.
            let team = to.iter().any(|to| matches!(to.goal, Goal::Team(_)));
            let usual = if team { Settlement::FirstAccept } else { Settlement::SenderChooses };
            self.searches.push(Search::begun(self.now, settlement.unwrap_or(usual)));
            self.searches.len() - 1
        };
        for one in to {
            self.ask(search, *one);
        }
        Said::done()
    }

    /// One more of whom is asked: to look first, and to decide.
    fn ask(&mut self, search: usize, to: To) {
        let allows = to.way.allows();
        let travel = to.travel.map_or(allows.arrive, i64::from);
        let decide_by = self.now + allows.decide;
        let first_accept = self.searches[search].settlement == Settlement::FirstAccept;
        let asked = Asked { first_accept, allows, travel, decide_by, left: None, depends: false, shown_free: None };
        let new = Handoff::new((to.goal, to.way), search, S::Offered, decide_by + travel);
        self.handoffs.push(Handoff { asked: Some(asked), due: Some(self.now + allows.look), ..new });
    }

    /// As which party an agency says a word: where it is both, as the one whose word it is.
    fn party(&self, by: Agency, handoff: usize, word: Word) -> Result<Party, Said> {
        // Nobody but its parties sees it.
        if !self.is_partys(handoff, by) {
            return Err(Said::NotFound);
        }
        let of = &self.handoffs[handoff];
        let parties = [(Party::Sender, Agency::Basalt), (Party::Receiver, self.owner(of.goal))];
        let mut mine =
            parties.into_iter().filter(|(party, agency)| *agency == by && word.is_of(*party)).map(|(party, _)| party);
        mine.clone().find(|party| word.leads(of, *party).is_some()).or_else(|| mine.next()).ok_or(Said::Forbidden)
    }

    /// Whether a word leads anywhere, as far as the states go.
    pub fn may_lead(&self, by: Agency, handoff: usize, word: Word) -> bool {
        self.party(by, handoff, word).is_ok_and(|party| word.leads(&self.handoffs[handoff], party).is_some())
    }

    fn say(&mut self, by: Agency, handoff: usize, word: Word, stale: bool) -> Said {
        let party = match self.party(by, handoff, word) {
            Ok(party) => party,
            Err(said) => return said,
        };
        let flaw = if let Word::Drive(drives) = word { drives.flaw() } else { None };
        if let Some(flaw) = flaw {
            return flaw;
        } else if stale {
            return Said::refused(ProblemCode::StaleVersion);
        }
        let of = &self.handoffs[handoff];
        let Some(state) = word.leads(of, party) else {
            return Said::refused(if of.lost { ProblemCode::AlreadyTaken } else { ProblemCode::WrongState });
        };
        if word == (Word::Choose { met: false }) && of.asked.as_ref().is_some_and(|asked| asked.depends) {
            return Said::refused(ProblemCode::ConditionsOpen);
        }
        if let Word::Accept { .. } | Word::Choose { .. } = word
            && let Some(refused) = self.promise(handoff, state, by)
        {
            return refused;
        } else if word.is_beside() {
            self.handoffs[handoff].hear_beside(word, party, self.now);
            return Said::done();
        }
        self.places(handoff, word);
        self.hear(handoff, (word, party), state);
        self.team_heard(handoff, word, by);
        if state == S::Accepted {
            self.settle(handoff);
        } else {
            self.after(handoff, party);
        }
        Said::done()
    }

    /// A yes keeps a place: for a while, or for the whole way. A team that says yes is free to come.
    fn promise(&mut self, handoff: usize, to: S, by: Agency) -> Option<Said> {
        let of = &self.handoffs[handoff];
        let unit = match of.goal {
            Goal::Unit(unit) => unit,
            Goal::Team(team) => return self.may_come(team, by),
        };
        let asked = of.asked.as_ref().unwrap();
        let minutes = if to == S::Agreed { CHOOSE } else { asked.travel + asked.allows.keep };
        match of.hold {
            Some(hold) if to == S::Accepted && self.stands(hold) => {
                self.holds[hold].until = self.holds[hold].until.max(self.now + minutes);
                None
            }
            // Somebody has come on it already: that place is taken, and by them.
            Some(hold) if to == S::Accepted && self.holds[hold].state == HoldState::Consumed => None,
            _ if self.units[unit].keeps == Keeps::Never => {
                self.handoffs[handoff].hold = None;
                None
            }
            _ => match self.keep(unit, minutes) {
                Some(hold) => {
                    self.handoffs[handoff].hold = Some(hold);
                    None
                }
                None => Some(Said::refused(ProblemCode::NoCapacity)),
            },
        }
    }

    /// An arrival takes the place, or any that is shown free; an end gives it back.
    fn places(&mut self, handoff: usize, word: Word) {
        let of = &self.handoffs[handoff];
        let (goal, hold) = (of.goal, of.hold);
        match word {
            Word::Decline => {
                let kept = of.state == S::Agreed && hold.is_some_and(|hold| self.stands(hold));
                let shown = kept
                    || match goal {
                        Goal::Unit(unit) => self.is_shown_free(unit),
                        Goal::Team(team) => self.teams[team].shown(self.now) == TeamShownAs::Available,
                    };
                self.handoffs[handoff].asked.as_mut().unwrap().shown_free = Some(shown);
                self.let_go(handoff);
            }
            Word::Withdraw | Word::Redirect | Word::Fail(_) => self.let_go(handoff),
            Word::Arrive => match (goal, hold) {
                (_, Some(hold)) if self.stands(hold) => self.come(hold),
                (_, Some(hold)) if self.holds[hold].state == HoldState::Consumed => {}
                (Goal::Unit(unit), _) => {
                    if let Some(new) = self.keep(unit, 1) {
                        self.handoffs[handoff].hold = Some(new);
                        self.come(new);
                    }
                }
                // A team that is with somebody takes nobody's place.
                (Goal::Team(_), _) => {}
            },
            _ => {}
        }
    }

    /// What a word leaves of the handoff itself: who is next, and by when.
    fn hear(&mut self, handoff: usize, (word, by): (Word, Party), state: S) {
        let now = self.now;
        let of = &mut self.handoffs[handoff];
        let from_the_list = of.state == S::Waitlisted;
        if let Some(asked) = &mut of.asked {
            match word {
                Word::Ask => asked.left = Some(if from_the_list { asked.allows.decide } else { asked.decide_by - now }),
                Word::Answer => {
                    asked.decide_by = now + asked.left.take().unwrap().max(LEFT);
                    of.arrive_by = asked.decide_by + asked.travel;
                }
                Word::Accept { depends } => asked.depends = depends,
                _ => {}
            }
            if state == S::Accepted {
                of.arrive_by = now + asked.travel;
            }
        }
        match word {
            Word::Depart => of.set_out = Some(now),
            Word::Arrive => (of.set_out, of.arrived) = (of.set_out.or(Some(now)), true),
            Word::Fail(why) => of.failed = Some(why),
            // Whoever was asked, and said yes, may send somebody on without a name.
            Word::Redirect if of.asked.is_none() => of.named_by = Some(now + NAME),
            Word::Confirm { peer } if by == Party::Receiver => of.course.peer.1 = peer,
            Word::Confirm { peer } => of.course.peer.0 = peer,
            _ => {}
        }
        // To set out is not to arrive, and to hand over is not to take over: who was late is late.
        let still_late = of.late && matches!(state, S::EnRoute | S::HandedOver);
        if !still_late {
            let asked = of.asked.as_ref();
            of.due = match (state, word) {
                (S::Acknowledged, _) => asked.map(|asked| asked.decide_by.max(now)),
                (S::NeedsInformation, _) => asked.map(|asked| now + asked.allows.decide),
                (S::Waitlisted, Word::Waitlist(minutes)) => Some(now + minutes),
                (S::Agreed, _) => Some(now + CHOOSE),
                (S::Accepted | S::EnRoute, _) => Some(of.arrive_by.max(now)),
                (S::Arrived, _) => Some(now + CLEAR),
                (S::HandedOver, _) => of.due,
                (S::Received, _) => Some(now + CONFIRM),
                _ => None,
            };
        }
        (of.state, of.late) = (state, still_late);
        of.version += 1;
    }

    /// It is settled where the person goes: everybody else who was asked loses, in the same moment.
    fn settle(&mut self, handoff: usize) {
        for other in self.others_asked(handoff) {
            self.let_go(other);
            let lost = &mut self.handoffs[other];
            (lost.state, lost.due, lost.late, lost.lost) = (S::Withdrawn, None, false, true);
            lost.version += 1;
        }
        let search = self.handoffs[handoff].search;
        self.searches[search].settle(handoff);
    }

    /// What the end of a handoff means for its search. Only who seeks ends a search by what it says.
    fn after(&mut self, handoff: usize, by: Party) {
        let of = &self.handoffs[handoff];
        if of.awaits().is_some() {
            return;
        } else if of.state == S::Transferred {
            self.follow(handoff);
        }
        let of = &self.handoffs[handoff];
        let (state, arrived, now) = (of.state, of.arrived, self.now);
        let asked = !self.others_asked(handoff).is_empty();
        let search = &mut self.searches[self.handoffs[handoff].search];
        if search.state == EpisodeState::Seeking {
            if state != S::Withdrawn && !asked {
                search.sought = now;
                search.version += 1;
            }
            return;
        } else if search.settled_by != Some(handoff) {
            return;
        }
        let why = match self.handoffs[handoff].failed_for(by) {
            _ if state == S::Transferred => return search.close(EpisodeState::Placed, None),
            _ if state == S::Lapsed && arrived => EpisodeEnd::Silence,
            Some(FailReason::LeftBeforeHandoff | FailReason::NoShow) => EpisodeEnd::PersonLeft,
            Some(FailReason::MedicalDivert) => EpisodeEnd::MedicalCare,
            Some(FailReason::PersonChoseOtherwise) => EpisodeEnd::PersonChoseOtherwise,
            Some(FailReason::NoLongerNeeded) => EpisodeEnd::NoLongerNeeded,
            Some(FailReason::Mistake) => EpisodeEnd::Mistake,
            Some(FailReason::Transport) | None => return search.reopen(now),
        };
        search.close(EpisodeState::Closed, Some(why));
    }

    fn close(&mut self, by: Agency, search: usize, why: EpisodeEnd) -> Said {
        if by != Agency::Basalt {
            return Said::NotFound;
        } else if self.searches[search].state != EpisodeState::Seeking {
            return Said::refused(ProblemCode::WrongState);
        }
        let asked: Vec<usize> = self.of(search).filter(|handoff| is_asked(self.handoffs[*handoff].state)).collect();
        for handoff in asked {
            self.let_go(handoff);
            self.hear(handoff, (Word::Withdraw, Party::Sender), S::Withdrawn);
        }
        self.searches[search].close(EpisodeState::Closed, Some(why));
        Said::done()
    }

    /// What time alone has changed is told: once late, and long after that the end; and how long somebody has waited.
    fn sweep(&mut self) -> Said {
        let now = self.now;
        self.tell_teams();
        for handoff in 0..self.handoffs.len() {
            let of = &mut self.handoffs[handoff];
            of.tell_transport(now);
            if of.named_by.is_some_and(|due| due <= now) {
                of.named_by = None;
                of.version += 1;
            }
            if of.due.is_none_or(|due| due > now) {
                continue;
            }
            of.version += 1;
            // The receiver's word stands: that the sender is silent makes nobody late.
            if !of.late && of.state != S::Received {
                of.late = true;
                of.due = Some(match (of.state, of.goal, &of.asked) {
                    // Who never looked is waited for until it should have decided.
                    (S::Offered, _, Some(asked)) => asked.decide_by.max(now + 1),
                    // Where somebody is to come at once, a late yes is no help.
                    (S::Acknowledged, Goal::Team(_), Some(asked)) => now + asked.allows.decide,
                    _ => now + PATIENCE,
                });
                continue;
            }
            let end = match of.state {
                S::Received => S::Transferred,
                S::Offered | S::Acknowledged | S::Waitlisted => S::Expired,
                _ => S::Lapsed,
            };
            (of.state, of.due, of.late) = (end, None, false);
            let (arrived, hold) = (of.arrived, of.hold);
            // Silence takes back no word: of whoever came on the hold the unit has said so.
            if !arrived && hold.is_none_or(|hold| self.holds[hold].state != HoldState::Consumed) {
                self.let_go(handoff);
            }
            self.after(handoff, Party::Hub);
        }
        for search in 0..self.searches.len() {
            if self.searches[search].due.is_some_and(|due| due <= now) {
                let asked = self.of(search).any(|handoff| is_asked(self.handoffs[handoff].state));
                self.searches[search].tell(now, asked);
            }
        }
        self.tell_follow_ups();
        Said::done()
    }
}
