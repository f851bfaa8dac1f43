//! The desks of units: each reports at its own habit. A place's admission feed sends all that it feeds at once.
use super::{Actor, MILLIONS, Stage};
use crate::app::bed::{self, About, ReportBeds, UnitReport};
use crate::app::{Error, Hub};
use crate::demo::numbers::Habit;
use crate::demo::staff::{done, stands, viewer};
use crate::demo::world::Living;
use crate::domain::bed::Census;
use crate::domain::entry::Provenance;
use crate::domain::id::FacilityId;
use crate::domain::time::At;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;

/// Reports a day for each million people, by hand and by feeds.
const REPORTS_A_DAY: i64 = 1_000;

/// Whoever, or whatever, reports some units of one place.
struct Desk {
    units: Vec<Living>,
    provenance: Provenance,
    rhythm: Rhythm,
}

/// How often a desk reports.
enum Rhythm {
    /// So many minutes apart, sooner in busy hours.
    Feed(i64),
    /// As somebody who types has the habit to.
    Typed(Habit, u32),
}

/// A desk for each place's feed, and one for each unit that somebody types in; units that never report have none.
pub(super) fn all(units: &[Living]) -> Vec<Box<dyn Actor>> {
    let fed = |unit: &&Living| unit.provenance == Provenance::Adt;
    let many = i64::try_from(units.iter().filter(fed).count()).unwrap_or(0);
    // The feeds make up nearly all of it.
    let minutes = (24 * 60 * many / (MILLIONS * REPORTS_A_DAY)).max(5);
    let mut feeds: BTreeMap<usize, Desk> = BTreeMap::new();
    let mut first_of: std::collections::HashMap<FacilityId, usize> = std::collections::HashMap::new();
    let mut desks = Vec::new();
    for (number, unit) in units.iter().enumerate() {
        let provenance = unit.provenance;
        if fed(&unit) {
            let place = *first_of.entry(unit.facility).or_insert(number);
            let empty = || Desk { units: Vec::new(), provenance, rhythm: Rhythm::Feed(minutes) };
            feeds.entry(place).or_insert_with(empty).units.push(unit.clone());
        } else if unit.habit != Habit::Silent {
            let rhythm = Rhythm::Typed(unit.habit, unit.sla_minutes);
            desks.push(Desk { units: vec![unit.clone()], provenance, rhythm });
        }
    }
    feeds.into_values().chain(desks).map(|desk| Box::new(desk) as Box<dyn Actor>).collect()
}

impl Desk {
    async fn report(&self, hub: &Hub, stage: &mut Stage<'_>) -> Result<(), Error> {
        let Some(reporter) = self.units.first().map(|unit| &unit.reporter) else { return Ok(()) };
        let viewer = viewer(hub, reporter).await?;
        let reports = self.units.iter().filter_map(|unit| {
            let stands = stands(hub, unit.id).filter(|unit| !unit.entry().retired)?;
            // Whoever was brought since is counted now.
            let came = stands.held_and_arrived().map_or(0, |(_, arrived)| arrived);
            let last = stands.report().map(|report| report.census.clone());
            let last = last.map(|last| Census { occupied: last.occupied.saturating_add(came), ..last });
            let census = Some(unit.says(last.as_ref(), stage.now, stage.dice));
            Some(UnitReport { unit: unit.id, as_of: None, census })
        });
        let reports: Vec<_> = reports.collect();
        if !reports.is_empty() {
            let input = ReportBeds { about: About::Units(reports), provenance: self.provenance, keyed: None };
            done(bed::report(hub, &viewer, input).await?)?;
        }
        Ok(())
    }
}

impl Actor for Desk {
    fn next(&self, _: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        match self.rhythm {
            Rhythm::Feed(minutes) => Some(stage.around(minutes)),
            Rhythm::Typed(habit, sla_minutes) => {
                let (least, most) = habit.seconds(sla_minutes)?;
                Some(stage.within(least, most))
            }
        }
    }

    /// Where somebody left off: after their last report.
    fn first(&self, hub: &Hub, stage: &mut Stage<'_>) -> Option<At> {
        let last = self.units.iter().filter_map(|unit| stands(hub, unit.id)?.as_of()).min();
        let next = self.next(hub, stage)?;
        let wait = next.micros_since(stage.now).div_euclid(1_000_000);
        let soon = stage.now.plus_seconds(stage.dice.between(5, wait.clamp(5, 30 * 60)));
        let due = last.map_or(soon, |last| last.plus_micros(next.micros_since(stage.now)));
        Some(due.max(soon))
    }

    fn act<'a>(&'a self, hub: &'a Hub, stage: &'a mut Stage<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.report(hub, stage))
    }
}
