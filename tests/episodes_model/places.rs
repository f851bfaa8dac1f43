//! Places in the model: what a unit reports, who holds one, and who has come.
use super::model::{Agency, Hold, INTERVAL, Keeps, Minutes, Model, Said};
use crisis_hub::app::ProblemCode;
use crisis_hub::domain::hold::HoldState;

/// What is done with a hold.
#[derive(Clone, Copy, Debug)]
pub enum ToHold {
    Extend(Minutes),
    Release,
    Arrive,
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
}
