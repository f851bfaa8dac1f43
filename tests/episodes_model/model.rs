//! What should be true, in whole minutes: units and the places that they keep, handoffs and their clocks, and the searches that
//! they belong to. Written from the design papers and the README, and from nothing that the hub is built of but its codes.
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::episode::{EpisodeEnd, EpisodeState, Settlement};
use crisis_hub::domain::handoff::{FailReason, HandoffState, Party};
use crisis_hub::domain::hold::HoldState;

/// Whole minutes since a sequence began.
pub type Minutes = i64;

/// Who acts. Basalt seeks places; Amber has most of them; Cedar is in another region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agency {
    Amber,
    Basalt,
    Cedar,
}

/// Who may keep a place on a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    ForAnybody,
    OnAccept,
    Never,
}

/// A way to a service: its mode and its minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Amber's, announced to.
    Door,
    /// Amber's, asked, with time.
    Slow,
    /// Amber's, asked, in a hurry.
    Quick,
    /// Basalt's own.
    Own,
}

/// What a way allows, in minutes.
#[derive(Clone, Copy, Debug)]
pub struct Allows {
    pub look: Minutes,
    pub decide: Minutes,
    pub arrive: Minutes,
    pub keep: Minutes,
}

/// What a verb says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is done; or why not, problem by problem.
    Problems(Vec<ProblemCode>),
    NotFound,
    Forbidden,
    BadInput,
}

#[derive(Clone, Debug)]
pub struct Unit {
    pub owner: Agency,
    pub keeps: Keeps,
    /// When, how many places have staff, how many are in use.
    pub report: Option<(Minutes, u32, u32)>,
    /// The holds on which people came since.
    pub came: Vec<usize>,
}

/// A place that is kept.
#[derive(Clone, Debug)]
pub struct Hold {
    pub unit: usize,
    pub placed: Minutes,
    pub until: Minutes,
    pub state: HoldState,
    /// For somebody who is on the way, or was said yes to; otherwise a try.
    pub of_handoff: bool,
}

/// What was asked, and what the answers were.
#[derive(Clone, Debug)]
pub struct Asked {
    pub first_accept: bool,
    pub allows: Allows,
    /// How long the way takes, as the sender said or the pathway says.
    pub travel: Minutes,
    pub decide_by: Minutes,
    /// What was left to decide when the receiver asked for something.
    pub left: Option<Minutes>,
    pub depends: bool,
    pub shown_free: Option<bool>,
}

#[derive(Clone, Debug)]
pub struct Handoff {
    pub search: usize,
    pub unit: usize,
    pub version: i64,
    pub asked: Option<Asked>,
    pub state: HandoffState,
    pub arrive_by: Minutes,
    pub due: Option<Minutes>,
    pub late: bool,
    pub hold: Option<usize>,
    /// Somebody was at the door.
    pub arrived: bool,
    /// Why somebody said that it failed.
    pub failed: Option<FailReason>,
    /// The hub took it back: another was chosen.
    pub lost: bool,
}

#[derive(Clone, Debug)]
pub struct Search {
    pub version: i64,
    pub settlement: Settlement,
    pub state: EpisodeState,
    pub settled_by: Option<usize>,
    pub end: Option<EpisodeEnd>,
    pub opened: Minutes,
    pub sought: Minutes,
    pub waited_hours: i64,
    pub due: Option<Minutes>,
}

#[derive(Clone, Debug)]
pub struct Model {
    pub now: Minutes,
    pub units: Vec<Unit>,
    pub holds: Vec<Hold>,
    pub handoffs: Vec<Handoff>,
    pub searches: Vec<Search>,
}

/// The unit's interval: after twice as long its number is believed by nobody.
const INTERVAL: Minutes = 60;
/// A week of silence ends a search.
const WEEK_HOURS: i64 = 168;

impl Default for Model {
    fn default() -> Self {
        let unit = |owner, keeps| Unit { owner, keeps, report: None, came: Vec::new() };
        let units = vec![
            unit(Agency::Amber, Keeps::ForAnybody),
            unit(Agency::Amber, Keeps::OnAccept),
            unit(Agency::Amber, Keeps::Never),
            unit(Agency::Basalt, Keeps::OnAccept),
        ];
        Self { now: 0, units, holds: Vec::new(), handoffs: Vec::new(), searches: Vec::new() }
    }
}

impl Said {
    pub fn done() -> Self {
        Self::Problems(Vec::new())
    }

    pub fn refused(code: ProblemCode) -> Self {
        Self::Problems(vec![code])
    }
}

impl Way {
    pub fn owner(self) -> Agency {
        if self == Self::Own { Agency::Basalt } else { Agency::Amber }
    }

    pub fn is_announced(self) -> bool {
        self == Self::Door
    }

    pub fn allows(self) -> Allows {
        match self {
            Self::Door | Self::Slow | Self::Own => Allows { look: 30, decide: 60, arrive: 120, keep: 30 },
            Self::Quick => Allows { look: 10, decide: 20, arrive: 40, keep: 15 },
        }
    }
}

/// An offer that nothing has settled.
pub fn is_asked(state: HandoffState) -> bool {
    use HandoffState as S;
    matches!(state, S::Offered | S::Acknowledged | S::NeedsInformation | S::Waitlisted | S::Agreed)
}

/// Whose word is next; nobody's at the end. What follows a transfer goes on from here.
pub fn awaits(state: HandoffState) -> Option<Party> {
    use HandoffState as S;
    match state {
        S::Offered | S::Acknowledged | S::Waitlisted | S::Arrived | S::HandedOver => Some(Party::Receiver),
        S::NeedsInformation | S::Agreed | S::Accepted | S::EnRoute | S::Received => Some(Party::Sender),
        _ => None,
    }
}

/// Whether it is settled that somebody goes there, and nothing has undone it.
pub fn is_settlement(state: HandoffState) -> bool {
    use HandoffState as S;
    matches!(state, S::Accepted | S::EnRoute | S::Arrived | S::HandedOver | S::Received | S::Transferred)
}

impl Model {
    pub fn stands(&self, hold: usize) -> bool {
        self.state_of(hold) == HoldState::Active
    }

    /// At its end a hold counts for nobody, whoever has noticed.
    pub fn state_of(&self, hold: usize) -> HoldState {
        let hold = &self.holds[hold];
        if hold.state == HoldState::Active && hold.until <= self.now { HoldState::Expired } else { hold.state }
    }

    pub fn held(&self, unit: usize) -> usize {
        (0..self.holds.len()).filter(|hold| self.holds[*hold].unit == unit && self.stands(*hold)).count()
    }

    /// Free by the last report, less places kept and people who came since; none without a report.
    pub fn free(&self, unit: usize) -> Option<u32> {
        let (_, staffed, occupied) = self.units[unit].report?;
        let taken = occupied + u32::try_from(self.held(unit) + self.units[unit].came.len()).unwrap();
        Some(staffed.saturating_sub(taken))
    }

    /// The hub's clock is some microseconds past any minute: at twice the interval a number is stale.
    pub fn is_believed(&self, unit: usize) -> bool {
        self.units[unit].report.is_some_and(|(at, ..)| self.now - at < 2 * INTERVAL)
    }

    pub fn is_shown_free(&self, unit: usize) -> bool {
        self.is_believed(unit) && self.free(unit).is_some_and(|free| free > 0)
    }

    /// More are kept and have come than the last report has places for.
    pub fn is_over(&self, unit: usize) -> bool {
        self.units[unit].report.is_some_and(|(_, staffed, occupied)| {
            occupied as usize + self.held(unit) + self.units[unit].came.len() > staffed as usize
        })
    }

    pub fn report(&mut self, unit: usize, staffed: u32, occupied: u32) -> Said {
        let unit = &mut self.units[unit];
        unit.report = Some((self.now, staffed, occupied));
        unit.came.clear();
        Said::done()
    }

    /// Keeps a place as the unit's agency would: it knows how old its number is, but no more places than it said.
    pub fn keep(&mut self, unit: usize, minutes: Minutes) -> Option<usize> {
        let free = self.units[unit].keeps != Keeps::Never && self.free(unit).is_some_and(|free| free > 0);
        free.then(|| {
            let until = self.now + minutes.clamp(1, 1_440);
            self.holds.push(Hold { unit, placed: self.now, until, state: HoldState::Active, of_handoff: true });
            self.holds.len() - 1
        })
    }

    /// A try of the seeking agency's, or its own unit's.
    pub fn try_keep(&mut self, unit: usize, minutes: Minutes) -> Said {
        let own = self.units[unit].owner == Agency::Basalt;
        let tries = |hold: &usize| {
            let of = &self.holds[*hold];
            self.stands(*hold) && !of.of_handoff && self.units[of.unit].owner != Agency::Basalt
        };
        let code = if !own && (0..self.holds.len()).filter(tries).count() >= 5 {
            ProblemCode::HoldLimit
        } else if minutes > if own { 1_440 } else { 120 } {
            ProblemCode::HoldTooLong
        } else if !(self.units[unit].keeps == Keeps::ForAnybody || own && self.units[unit].keeps == Keeps::OnAccept) {
            ProblemCode::HoldPolicy
        } else if self.free(unit).is_none_or(|free| free == 0) || !own && !self.is_believed(unit) {
            ProblemCode::NoCapacity
        } else {
            let until = self.now + minutes;
            self.holds.push(Hold { unit, placed: self.now, until, state: HoldState::Active, of_handoff: false });
            return Said::done();
        };
        Said::refused(code)
    }

    /// What the verbs of holds do to a place, whoever it is kept for: of the holder's, and of the unit's agency.
    pub fn change_hold(&mut self, hold: usize, by: Agency, to: ToHold) -> Said {
        if by == Agency::Cedar {
            return Said::NotFound;
        }
        let owner = self.units[self.holds[hold].unit].owner;
        match self.state_of(hold) {
            HoldState::Active => {}
            HoldState::Expired => return Said::refused(ProblemCode::HoldExpired),
            _ => return Said::refused(ProblemCode::WrongState),
        }
        let (now, held) = (self.now, &mut self.holds[hold]);
        match to {
            ToHold::Extend(minutes) => {
                let most = if by == owner { 1_440 } else { 120 };
                if now + minutes >= held.until && now + minutes >= held.placed + most {
                    return Said::refused(ProblemCode::HoldTooLong);
                }
                held.until = held.until.max(now + minutes);
            }
            ToHold::Release if by == owner && owner != Agency::Basalt => held.state = HoldState::Overridden,
            ToHold::Release => held.state = HoldState::Released,
            ToHold::Arrive => self.come(hold),
        }
        Said::done()
    }

    /// Somebody has come on a hold: the place is taken until the next report.
    pub fn come(&mut self, hold: usize) {
        let held = &mut self.holds[hold];
        held.state = HoldState::Consumed;
        self.units[held.unit].came.push(hold);
    }

    /// The place of a handoff that ends is free again, and who had come on it is counted no more.
    pub fn let_go(&mut self, handoff: usize) {
        let Some(hold) = self.handoffs[handoff].hold else { return };
        if self.stands(hold) {
            self.holds[hold].state = HoldState::Released;
        } else if self.holds[hold].state == HoldState::Consumed {
            let unit = self.holds[hold].unit;
            self.units[unit].came.retain(|came| *came != hold);
        }
    }

    /// The handoffs of a search, in the order in which they were made.
    pub fn of(&self, search: usize) -> impl Iterator<Item = usize> {
        (0..self.handoffs.len()).filter(move |handoff| self.handoffs[*handoff].search == search)
    }

    pub fn others_asked(&self, handoff: usize) -> Vec<usize> {
        let open = |other: &usize| *other != handoff && is_asked(self.handoffs[*other].state);
        self.of(self.handoffs[handoff].search).filter(open).collect()
    }

    /// What is open has a clock: the next of them.
    pub fn next_due(&self) -> Option<Minutes> {
        let handoffs = self.handoffs.iter().filter_map(|handoff| handoff.due);
        handoffs.chain(self.searches.iter().filter_map(|search| search.due)).min()
    }
}

/// What is done with a hold.
#[derive(Clone, Copy, Debug)]
pub enum ToHold {
    Extend(Minutes),
    Release,
    Arrive,
}

impl Search {
    pub fn begun(now: Minutes, settlement: Settlement) -> Self {
        Self {
            version: 1,
            settlement,
            state: EpisodeState::Seeking,
            settled_by: None,
            end: None,
            opened: now,
            sought: now,
            waited_hours: 0,
            due: Some(now + 4 * 60),
        }
    }

    /// The wait is told after 4, 12 and 24 hours, and then once a day.
    fn mark(&self) -> i64 {
        match self.waited_hours {
            hours if hours < 4 => 4,
            hours if hours < 12 => 12,
            hours => (hours / 24 + 1) * 24,
        }
    }

    pub fn settle(&mut self, by: usize) {
        (self.state, self.settled_by, self.due) = (EpisodeState::Settled, Some(by), None);
        self.version += 1;
    }

    /// It goes on: from here the sender chooses, and marks that passed meanwhile are not told.
    pub fn reopen(&mut self, now: Minutes) {
        (self.state, self.settled_by, self.settlement) = (EpisodeState::Seeking, None, Settlement::SenderChooses);
        self.sought = now;
        while self.opened + self.mark() * 60 <= now {
            self.waited_hours = self.mark();
        }
        self.due = Some(self.opened + self.mark() * 60);
        self.version += 1;
    }

    pub fn close(&mut self, state: EpisodeState, why: Option<EpisodeEnd>) {
        (self.state, self.end, self.due) = (state, why, None);
        self.version += 1;
    }

    /// A mark is due: it is told, or the search is given up.
    pub fn tell(&mut self, now: Minutes, asked: bool) {
        self.waited_hours = self.mark();
        if now - self.sought >= WEEK_HOURS * 60 && !asked {
            return self.close(EpisodeState::Closed, Some(EpisodeEnd::Silence));
        }
        self.due = Some(self.opened + self.mark() * 60);
        self.version += 1;
    }
}
