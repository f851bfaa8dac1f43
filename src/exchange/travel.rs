//! TRAVEL_TIMES: how long the way from a zone of a region to a facility takes, by the hour of the day. One row is one zone,
//! one facility and some hours; its zone is repeated on each of its rows and must be the same each time.
//!
//! | column | | what it is |
//! | --- | --- | --- |
//! | zone | needed | its name, at most 100 characters |
//! | latitude, longitude | needed | its center, degrees |
//! | radius_km | needed | more than 0, at most 500 |
//! | facility | this or the next two | the hub's id, as `facility_018f...` |
//! | facility_system, facility_id | | an id of the facility in another system, as `hifld` and `12345` |
//! | from_hour, to_hour | needed | by the region's clocks, 0 to 23 and 1 to 24; 22 to 6 goes over midnight, 0 to 24 is all day |
//! | minutes | needed | 1 to 1440 |
//!
//! **Invariant**: a table is taken whole or not at all: one bad row, one unknown facility or two times for one hour refuse it.
use super::clean::{self, Flaw};
use super::csv::{Column, Format, Row, RowErrorCode, needed, optional};
use super::import::Import;
use super::record::{Record, Source};
use super::report::Report;
use crate::domain::entry::ExternalId;
use crate::domain::geo::Point;
use crate::domain::id::{FacilityId, GlobalId};
use crate::domain::travel::{Band, MINUTES_MAX, RADIUS_MAX, TravelTimesDetails};
use std::collections::{BTreeMap, HashMap};

/// The format of travel times.
#[derive(Clone, Copy, Debug, Default)]
pub struct Travel;

/// How a row names its facility.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// By the hub's id.
    Ours(FacilityId),
    /// By another system's.
    Theirs(ExternalId),
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TravelRecord {
    /// The line of the file that it stands on.
    pub line: u64,
    /// Its zone.
    pub zone: String,
    /// The center of the zone.
    pub center: Point,
    /// The radius of the zone in meters.
    pub radius_meters: u32,
    /// Its facility.
    pub facility: Named,
    /// Within which hours.
    pub band: Band,
    /// How many minutes.
    pub minutes: u16,
}

fn whole<N: TryFrom<u32>>(field: &'static str, cell: &str, (min, max): (u32, u32)) -> Result<N, Flaw> {
    let number = clean::count(field, cell)?.ok_or_else(|| Flaw::new(field, RowErrorCode::Empty, "is empty".into()))?;
    let out = || Flaw::new(field, RowErrorCode::OutOfRange, format!("must be between {min} and {max}"));
    if (min..=max).contains(&number) { N::try_from(number).map_err(|_| out()) } else { Err(out()) }
}

fn radius(cell: &str) -> Result<u32, Flaw> {
    const FIELD: &str = "radius_km";
    let cell = clean::required(FIELD, cell, clean::PLACE_MAX)?;
    let km: f64 = cell.parse().map_err(|_| clean::malformed(FIELD, &cell, "is not a number of kilometers"))?;
    let meters = (km * 1_000.0).round();
    if !(1.0..=f64::from(RADIUS_MAX)).contains(&meters) {
        return Err(Flaw::new(FIELD, RowErrorCode::OutOfRange, "must be more than 0 and at most 500".into()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: 1 to 500,000")]
    let whole = meters as u32;
    Ok(whole)
}

fn facility(row: &Row<'_>) -> Result<Named, Flaw> {
    let ours = clean::text("facility", row.cell("facility")?, clean::PLACE_MAX)?;
    let system = clean::text("facility_system", row.cell("facility_system")?, 64)?;
    let value = clean::text("facility_id", row.cell("facility_id")?, clean::LINE_MAX)?;
    match (ours, system, value) {
        (Some(id), None, None) => GlobalId::parse(&id)
            .and_then(GlobalId::as_noun)
            .map(Named::Ours)
            .ok_or_else(|| clean::malformed("facility", &id, "is no facility's id of this hub")),
        (None, Some(system), Some(value)) => Ok(Named::Theirs(ExternalId { system, value })),
        (None, None, Some(_)) => Err(Flaw::new("facility_system", RowErrorCode::Empty, "is empty".into())),
        (None, ..) => Err(Flaw::new("facility_id", RowErrorCode::Empty, "is empty".into())),
        (Some(_), ..) => {
            let both = "is given beside facility_system or facility_id: give one of the two".into();
            Err(Flaw::new("facility", RowErrorCode::DoesNotAddUp, both))
        }
    }
}

impl Format for Travel {
    const SOURCE: Source = Source::TravelTimes;
    const COLUMNS: &'static [Column] = &[
        needed("zone"),
        needed("latitude"),
        needed("longitude"),
        needed("radius_km"),
        optional("facility"),
        optional("facility_system"),
        optional("facility_id"),
        needed("from_hour"),
        needed("to_hour"),
        needed("minutes"),
    ];
    const GIVES_IDS: bool = true;

    fn organization(&self, _row: &Row<'_>) -> Option<String> {
        None
    }

    fn map(&mut self, row: &Row<'_>, report: &mut Report) -> Result<Option<Record>, Flaw> {
        let zone = clean::required("zone", row.cell("zone")?, clean::PLACE_MAX)?;
        clean::note_formula(report, &zone);
        let center = clean::point(["latitude", "longitude"], row.cell("latitude")?, row.cell("longitude")?)?;
        let center = center.ok_or_else(|| Flaw::new("latitude", RowErrorCode::Empty, "is empty".into()))?;
        let radius_meters = radius(row.cell("radius_km")?)?;
        let facility = facility(row)?;
        let from = whole("from_hour", row.cell("from_hour")?, (0, 23))?;
        let until = whole("to_hour", row.cell("to_hour")?, (1, 24))?;
        let minutes = whole("minutes", row.cell("minutes")?, (1, MINUTES_MAX.into()))?;
        let band = Band::new(from, until).map_err(|_| {
            Flaw::new("to_hour", RowErrorCode::DoesNotAddUp, "is from_hour: that is no hour at all".into())
        })?;
        let line = row.line;
        Ok(Some(Record::Travel(TravelRecord { line, zone, center, radius_meters, facility, band, minutes })))
    }
}

/// The whole table of a file, its facilities found by `find`; `None` when the file has a row error, which are then all in
/// the import.
pub fn table(import: &mut Import, find: impl Fn(&Named) -> Option<FacilityId>) -> Option<TravelTimesDetails> {
    let rows = std::mem::take(&mut import.travel);
    let mut zones: BTreeMap<String, (Point, u32)> = BTreeMap::new();
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    let mut bands: HashMap<(String, FacilityId), Vec<(Band, u64)>> = HashMap::new();
    let mut times = Vec::with_capacity(rows.len());
    for row in rows {
        let (circle, line) = ((row.center, row.radius_meters), row.line);
        let first = *first_lines.entry(row.zone.clone()).or_insert(line);
        if *zones.entry(row.zone.clone()).or_insert(circle) != circle {
            let says = format!("has another center or radius than on line {first}");
            import.refuse(Flaw::new("zone", RowErrorCode::DuplicateId, says).at(line, None));
            continue;
        }
        let Some(facility) = find(&row.facility) else {
            let field = if matches!(row.facility, Named::Ours(_)) { "facility" } else { "facility_id" };
            let says = "names no facility of this region".into();
            import.refuse(Flaw::new(field, RowErrorCode::UnknownCode, says).at(line, None));
            continue;
        };
        let told = bands.entry((row.zone.clone(), facility)).or_default();
        if let Some((_, first)) = told.iter().find(|(band, _)| band.meets(row.band)) {
            let says = format!("has hours that line {first} tells of for the same zone and facility");
            import.refuse(Flaw::new("from_hour", RowErrorCode::DuplicateId, says).at(line, None));
            continue;
        }
        told.push((row.band, line));
        times.push((row.zone, facility, row.band, row.minutes));
    }
    import.is_whole().then(|| TravelTimesDetails::new(zones, times))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::NounId;
    use crate::exchange::csv::Limits;
    use crate::exchange::import::read;

    const HEADER: &str =
        "zone,latitude,longitude,radius_km,facility_system,facility_id,from_hour,to_hour,minutes,facility\n";
    const GOOD: &str = "Marathon,24.71,-81.09,8.5,demo,F153,22,6,55,\n";

    fn import(rows: &str) -> Import {
        read(Source::TravelTimes, format!("{HEADER}{rows}").as_bytes(), Limits::default()).unwrap()
    }

    fn one(named: &Named) -> Option<FacilityId> {
        let id = FacilityId::of(uuid::Uuid::from_u128(7));
        match named {
            Named::Ours(ours) => (*ours == id).then_some(id),
            Named::Theirs(theirs) => (theirs.system == "demo" && theirs.value == "F153").then_some(id),
        }
    }

    fn errors(import: &Import) -> Vec<(u64, &str, RowErrorCode)> {
        import.errors.iter().map(|error| (error.line, error.field.as_str(), error.code)).collect()
    }

    #[test]
    fn a_table_is_read_whole_and_reads_the_same_in_any_order() {
        let by_id = format!("Marathon,24.71,-81.09,8.5,,,6,22,50,{}\n", FacilityId::of(uuid::Uuid::from_u128(7)));
        let table_of = |rows: &str| table(&mut import(rows), one).unwrap();
        let there = table_of(&format!("{GOOD}{by_id}"));
        assert_eq!(there, table_of(&format!("{by_id}{GOOD}")));
        assert_eq!((there.zones.len(), there.times.len(), there.zones[0].radius_meters), (1, 2, 8_500));
        assert_eq!(there.times.iter().map(|time| time.minutes).collect::<Vec<_>>(), [50, 55]);
    }

    #[test]
    fn every_cell_is_checked_and_names_its_line_and_field() {
        use RowErrorCode as E;
        for (from, to, field, code) in [
            ("Marathon", "", "zone", E::Empty),
            ("24.71", "", "latitude", E::Empty),
            ("24.71", "91", "latitude", E::OutOfRange),
            ("8.5", "0", "radius_km", E::OutOfRange),
            ("8.5", "501", "radius_km", E::OutOfRange),
            ("8.5", "NaN", "radius_km", E::OutOfRange),
            ("8.5", "wide", "radius_km", E::Malformed),
            ("F153", "", "facility_id", E::Empty),
            ("demo,", ",", "facility_system", E::Empty),
            ("55,", "55,facility_7", "facility", E::DoesNotAddUp),
            ("22,6", "24,6", "from_hour", E::OutOfRange),
            ("22,6", "22,0", "to_hour", E::OutOfRange),
            ("22,6", "22,22", "to_hour", E::DoesNotAddUp),
            ("55", "0", "minutes", E::OutOfRange),
            ("55", "1441", "minutes", E::OutOfRange),
            ("55", "an hour", "minutes", E::Malformed),
        ] {
            let mut read = import(&format!("{GOOD}{}", GOOD.replace(from, to)));
            assert_eq!(errors(&read), [(3, field, code)], "{from} -> {to}");
            assert_eq!(table(&mut read, one), None, "all or nothing");
        }
    }

    #[test]
    fn an_unknown_facility_another_circle_and_two_times_for_one_hour_refuse_the_table() {
        let rows = [
            GOOD.to_owned(),
            GOOD.replace("F153", "F999"),
            GOOD.replace("8.5", "9.5"),
            GOOD.replace("22,6", "5,7"),
            GOOD.replace("22,6", "6,22"),
        ];
        let mut read = import(&rows.concat());
        assert_eq!(table(&mut read, one), None);
        let found = [
            (3, "facility_id", RowErrorCode::UnknownCode),
            (4, "zone", RowErrorCode::DuplicateId),
            (5, "from_hour", RowErrorCode::DuplicateId),
        ];
        assert_eq!(errors(&read), found);
    }
}
