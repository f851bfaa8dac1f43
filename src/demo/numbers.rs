//! How full the demo's units are, and how promptly they report.
//!
//! **Invariant**: pure; numbers follow the series of 2020 and the seed, never the host.
use super::dice::Dice;
use super::plan::TIME_ZONE;
use super::region::RegionBeds;
use crate::domain::bed::{Accepting, BlockReason, Blocked, Census, Countable};
use crate::domain::time::At;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::LazyLock;

const DAY_MICROS: i64 = 86_400_000_000;

/// How a hospital filled up day by day, as shares of a thousand: staffed of the most that it ever staffed, and occupied of
/// staffed. The days of 2020 come round again from the first.
#[derive(Clone, Debug)]
pub(crate) struct Series(Vec<(u32, u32)>);

impl Series {
    /// The series of a hospital; a place without one is drawn between 78 % and 95 % full.
    pub(crate) fn of(days: &[RegionBeds], dice: &mut Dice) -> Self {
        let most = days.iter().map(|day| day.staffed).max().unwrap_or(0);
        if most == 0 {
            return Self::around(780, 950, dice);
        }
        let share = |part: u32, whole: u32| (part * 1_000).checked_div(whole).unwrap_or(1_000).min(1_000);
        Self(days.iter().map(|day| (share(day.staffed, most), share(day.census, day.staffed))).collect())
    }

    /// A drawn series of a week.
    pub(crate) fn around(least: i64, most: i64, dice: &mut Dice) -> Self {
        Self((0..7).map(|_| (1_000, u32::try_from(dice.between(least, most)).unwrap_or(0))).collect())
    }

    fn on(&self, at: At) -> (u32, u32) {
        let days = i64::try_from(self.0.len()).unwrap_or(1).max(1);
        let day = at.micros().div_euclid(DAY_MICROS).rem_euclid(days);
        self.0.get(usize::try_from(day).unwrap_or(0)).copied().unwrap_or((1_000, 800))
    }

    /// What a unit with so many licensed places says at an instant.
    ///
    /// From the last numbers it moves by at most two people, as units do; without any it starts where the series is.
    pub(crate) fn census(
        &self,
        (licensed, counts): (u32, Countable),
        last: Option<&Census>,
        at: At,
        dice: &mut Dice,
    ) -> Census {
        let (staffed, full) = self.on(at);
        let staffed = (licensed * staffed).div_ceil(1_000);
        let blocked = match last {
            // What is blocked stays so for a while.
            Some(last) if last.staffed == staffed && dice.between(1, 8) > 1 => last.blocked.clone(),
            _ => blocked(staffed, dice),
        };
        let free = staffed.saturating_sub(blocked.iter().map(|line| line.count).sum());
        let spread = i64::from(licensed / 12 + 1);
        let target = i64::from(staffed * full) * swell(counts, at) / 1_000_000 + dice.between(-spread, spread);
        let occupied = match last {
            Some(last) => {
                let most = if counts == Countable::Chair { dice.between(0, 2) } else { dice.between(-3, 2).max(0) };
                i64::from(last.occupied) + (target - i64::from(last.occupied)).clamp(-most, most)
            }
            None => target,
        };
        let occupied = u32::try_from(occupied).unwrap_or(0).min(free);
        let accepting = match last {
            _ if occupied >= free => Accepting::No,
            Some(last) if last.accepting != Accepting::No && dice.between(1, 8) > 1 => last.accepting,
            _ if dice.between(1, 12) == 1 => Accepting::Call,
            _ => Accepting::Yes,
        };
        let pending_discharge = u32::try_from(dice.between(0, i64::from(occupied / 8))).unwrap_or(0);
        let waitlist = if accepting == Accepting::No { u32::try_from(dice.between(0, 4)).unwrap_or(0) } else { 0 };
        Census { staffed, occupied, blocked, pending_discharge, waitlist, accepting }
    }
}

fn blocked(staffed: u32, dice: &mut Dice) -> Vec<Blocked> {
    match dice.between(1, 100) {
        1..=12 if staffed > 6 => vec![Blocked { count: 1, reason: BlockReason::Maintenance }],
        13..=20 if staffed > 10 => vec![Blocked { count: 2, reason: BlockReason::Staffing }],
        21..=24 if staffed > 10 => vec![Blocked { count: 1, reason: BlockReason::AcuityMix }],
        _ => Vec::new(),
    }
}

/// How many people come in each hour of the local day, in thousandths of the hour between: fewest before dawn, most in the
/// evening.
const HOURS: [i64; 24] = [
    850, 700, 600, 500, 430, 430, 520, 680, 850, 980, 1_080, 1_150, 1_180, 1_200, 1_240, 1_290, 1_330, 1_350, 1_370,
    1_370, 1_330, 1_250, 1_130, 990,
];
/// Chairs are full some hours after people come.
const LAG_MINUTES: i64 = 180;

/// How busy the hour of an instant is, in thousandths of the mean hour.
pub(crate) fn busy(at: At) -> i64 {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC));
    let instant = Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    let hour = usize::try_from(ZONE.to_datetime(instant).hour()).unwrap_or(0);
    HOURS.get(hour).copied().unwrap_or(1_000)
}

/// How much fuller than by its day a unit is at an instant, in thousandths: chairs follow the hour, beds hardly.
fn swell(counts: Countable, at: At) -> i64 {
    let hour = busy(at.plus_minutes(-LAG_MINUTES)) - 1_000;
    1_000 + hour / if counts == Countable::Chair { 3 } else { 20 }
}

/// How promptly a unit reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Within its interval.
    Fresh,
    /// Within twice its interval.
    Aging,
    /// Within four times its interval.
    Stale,
    /// Once in a while.
    Expired,
    /// In time, and paused when the demo starts.
    Paused,
    /// Not at all.
    Silent,
}

impl Habit {
    /// Habits of so many units: 75, 10, 8, 4, 2 and 1 of a hundred, in a drawn order.
    pub(crate) fn of_all(units: usize, dice: &mut Dice) -> Vec<Self> {
        let share = |percent: usize| (units * percent + 50) / 100;
        let shares = [(Self::Silent, 1), (Self::Paused, 2), (Self::Expired, 4), (Self::Stale, 8), (Self::Aging, 10)];
        let mut all: Vec<_> =
            shares.iter().flat_map(|(habit, percent)| std::iter::repeat_n(*habit, share(*percent))).collect();
        all.resize(units, Self::Fresh);
        dice.shuffle(&mut all);
        all
    }

    /// How old a unit's numbers are when the demo starts, in hundredths of its interval; `None` has none.
    fn age(self) -> Option<(i64, i64)> {
        match self {
            Self::Fresh | Self::Paused => Some((2, 80)),
            Self::Aging => Some((110, 180)),
            Self::Stale => Some((220, 370)),
            Self::Expired => Some((450, 600)),
            Self::Silent => None,
        }
    }

    /// When a unit's latest numbers were true, seen from `now`.
    pub(crate) fn as_of(self, sla_minutes: u32, now: At, dice: &mut Dice) -> Option<At> {
        let (least, most) = self.age()?;
        Some(now.plus_seconds(-i64::from(sla_minutes) * dice.between(least, most) * 60 / 100))
    }

    /// How long after a report somebody reports again: at least and at most, in seconds.
    pub(crate) fn seconds(self, sla_minutes: u32) -> Option<(i64, i64)> {
        let (least, most) = match self {
            Self::Fresh | Self::Paused => (50, 95),
            Self::Aging => (120, 190),
            Self::Stale => (250, 390),
            Self::Expired => (500, 800),
            Self::Silent => return None,
        };
        let hundredth = i64::from(sla_minutes) * 60;
        Some((hundredth * least / 100, hundredth * most / 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_come_in_the_promised_shares_and_the_same_seed_gives_the_same_order() {
        let all = Habit::of_all(200, &mut Dice::new(7, 1));
        let of = |habit| all.iter().filter(|one| **one == habit).count();
        assert_eq!([Habit::Fresh, Habit::Aging, Habit::Stale].map(of), [150, 20, 16]);
        assert_eq!([Habit::Expired, Habit::Paused, Habit::Silent].map(of), [8, 4, 2]);
        assert_eq!(all, Habit::of_all(200, &mut Dice::new(7, 1)));
        assert_ne!(all, Habit::of_all(200, &mut Dice::new(8, 1)));
    }

    #[test]
    fn a_census_never_holds_more_than_is_staffed_and_moves_like_a_unit() {
        let mut dice = Dice::new(7, 1);
        let series = Series::around(700, 1_000, &mut dice);
        let mut last: Option<Census> = None;
        for hour in 0..500 {
            let at = At::from_micros(1_700_000_000_000_000).plus_minutes(hour * 60);
            let census = series.census((16, Countable::Chair), last.as_ref(), at, &mut dice);
            assert!(census.occupied + census.blocked_total() <= census.staffed && census.staffed <= 16);
            let moved = last.map_or(0, |last| last.occupied.abs_diff(census.occupied));
            assert!(moved <= 2 || census.accepting == Accepting::No, "{moved} people at once");
            assert_eq!(census.accepting == Accepting::No, census.occupied + census.blocked_total() == census.staffed);
            last = Some(census);
        }
    }
    #[test]
    fn the_night_is_quiet_and_the_evening_is_not() {
        let hour = |text: &str| busy(At::parse(text).unwrap());
        assert_eq!(hour("2026-11-23T04:30:00-05:00"), 430);
        assert_eq!(hour("2026-07-23T19:30:00-04:00"), 1_370);
        assert!((23_500..=24_500).contains(&HOURS.iter().sum::<i64>()));
    }
}
