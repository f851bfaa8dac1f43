//! The one statement that a hub without a board would run: scope, fit, no-refusal, freshness, distance, and the page's
//! units with their places and agencies.
//!
//! It reads a table of scalars that is made for it and indexed for it, with everything computed beforehand that time and
//! the need do not change. What the hub says beside it, the reasons, it leaves out.
use crate::Done;
use crate::ground::{Db, Ground};
use crate::needs::{AskedNeed, bit, kind};
use crisis_hub::app::console;
use crisis_hub::domain::bed::{Accepting, Specialty};
use crisis_hub::domain::facility::FacilityDetails;
use crisis_hub::domain::geo::Point;
use crisis_hub::domain::id::{NounId, RegionId};
use crisis_hub::domain::service::ServiceDetails;
use crisis_hub::domain::time::At;
use crisis_hub::policy::Scope;
use sea_orm::sqlx;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use uuid::Uuid;

/// What a scope comes to in the statement.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Eyes {
    pub region: Uuid,
    /// The audiences that it belongs to.
    pub shared: i32,
}

/// Which words have which bits.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Words {
    languages: Vec<String>,
    counties: Vec<u32>,
}

fn place<T: PartialEq>(all: &mut Vec<T>, value: T) -> i64 {
    let at = all.iter().position(|known| *known == value).unwrap_or_else(|| {
        all.push(value);
        all.len() - 1
    });
    1 << at
}

const COLUMNS: &str = "unit_id, facility_id, organization_id, region_id, audience, kind, latitude, longitude, lat_rad, lon_rad, \
    cos_lat, may_refuse, age_lo, age_hi, aged, gender, voluntary, involuntary, set_up, clearance, wheelchair, languages, counties, \
    aging_at, stale_at, expires_at, net, accepting, paused_until";

const INDEXES: [&str; 3] = [
    "CREATE INDEX sought_kind ON sought (region_id, kind, latitude, longitude)",
    "CREATE INDEX sought_place ON sought (region_id, latitude, longitude)",
    "CREATE INDEX sought_facility ON sought (facility_id)",
];

/// Makes the table of scalars from what the hub's board holds.
pub async fn make(ground: &Ground) -> Done<Words> {
    let (uuid, small) = match ground.db {
        Db::Sqlite => ("BLOB", "INTEGER"),
        Db::Postgres => ("uuid", "smallint"),
    };
    let double = "double precision";
    let mut columns = String::new();
    for name in COLUMNS.split(", ").map(str::trim) {
        let kind = match name {
            "latitude" | "longitude" | "lat_rad" | "lon_rad" | "cos_lat" => double,
            "set_up" | "languages" | "counties" | "aging_at" | "stale_at" | "expires_at" | "paused_until" => "bigint",
            id if id.ends_with("_id") => uuid,
            "net" => "integer",
            _ => small,
        };
        write!(
            columns,
            "{name} {kind} {}, ",
            if matches!(name, "net" | "paused_until") { "NULL" } else { "NOT NULL" }
        )?;
    }
    ground.run(&format!("CREATE TABLE sought ({columns} PRIMARY KEY (unit_id))")).await?;
    let mut words = Words::default();
    let rows = rows(ground, &mut words);
    for rows in rows.chunks(400) {
        ground.run(&format!("INSERT INTO sought ({COLUMNS}) VALUES {}", rows.join(", "))).await?;
    }
    for index in INDEXES {
        ground.run(index).await?;
    }
    ground.run("ANALYZE").await?;
    Ok(words)
}

fn rows(ground: &Ground, words: &mut Words) -> Vec<String> {
    let viewer = console::viewer();
    let (scope, board, now) = (Scope::of(&viewer), ground.hub.board().now(), ground.hub.clock().now());
    let key = |key: Uuid| match ground.db {
        Db::Sqlite => format!("X'{}'", key.simple()),
        Db::Postgres => format!("'{}'", key.simple()),
    };
    let mut rows = Vec::new();
    for view in board.units(&scope, now) {
        let d = view.definition();
        let (Some(service), Some(facility)) =
            (board.entry::<ServiceDetails>(&scope, d.service), board.entry::<FacilityDetails>(&scope, d.facility))
        else {
            continue;
        };
        let Some(point) = facility.details.point else { continue };
        let census = view.report().map(|report| &report.census);
        let thresholds = view.availability().thresholds.map_or([0; 3], |at| at.map(At::micros));
        let net = census.map(|c| c.staffed.saturating_sub(c.occupied.saturating_add(c.blocked_total())));
        let set_up = d.specialties.iter().fold(0, |bits, specialty| bits | bit(*specialty));
        let languages =
            service.details.languages.iter().fold(0, |bits, l| bits | place(&mut words.languages, l.clone()));
        let counties = service.details.catchment_fips.iter().fold(0, |bits, c| bits | place(&mut words.counties, *c));
        let null = |value: Option<i64>| value.map_or_else(|| "NULL".to_owned(), |value| value.to_string());
        let [aging, stale, expires] = thresholds;
        let values = [
            key(view.id().key()),
            key(d.facility.key()),
            key(view.entry().owner.key()),
            key(view.entry().region.key()),
            d.audience().bits().to_string(),
            kind(service.details.kind).to_string(),
            format!("{:?}", point.latitude()),
            format!("{:?}", point.longitude()),
            format!("{:?}", point.latitude().to_radians()),
            format!("{:?}", point.longitude().to_radians()),
            format!("{:?}", point.latitude().to_radians().cos()),
            u8::from(!service.details.no_refusal).to_string(),
            d.age_min.unwrap_or(0).to_string(),
            d.age_max.unwrap_or(999).to_string(),
            u8::from(d.age_min.is_some() || d.age_max.is_some()).to_string(),
            (d.gender as u8).to_string(),
            u8::from(d.voluntary).to_string(),
            u8::from(d.involuntary).to_string(),
            set_up.to_string(),
            u8::from(service.details.medical_clearance_required).to_string(),
            facility.details.wheelchair_accessible.map_or(2, u8::from).to_string(),
            languages.to_string(),
            counties.to_string(),
            aging.to_string(),
            stale.to_string(),
            expires.to_string(),
            null(net.map(i64::from)),
            census.map_or(1, |c| c.accepting as u8).to_string(),
            null(view.pause().map(|(_, _, until)| until.micros())),
        ];
        rows.push(format!("({})", values.join(", ")));
    }
    rows
}

/// The statement for needs with or without a level of care, and with or without a distance.
fn statement(db: Db, level: bool, within: bool) -> String {
    let (yes, no, call) = (Accepting::Yes as u8, Accepting::No as u8, 1);
    let mobility = bit(Specialty::Mobility);
    let shown = format!(
        "CASE WHEN paused_until > $1 THEN 2 WHEN paused_until IS NOT NULL OR net IS NULL OR $1 > stale_at THEN {call} \
         WHEN accepting = {no} OR net = 0 THEN 2 WHEN accepting = {yes} THEN 0 ELSE {call} END"
    );
    let points = [
        shown.as_str(),
        "CASE WHEN aged = 0 THEN 0 WHEN $5 < 0 THEN 1 WHEN $5 BETWEEN age_lo AND age_hi THEN 0 ELSE 2 END",
        "CASE $6 WHEN 0 THEN 1 - voluntary * involuntary WHEN 1 THEN 2 - 2 * voluntary ELSE 2 - 2 * involuntary END",
        "CASE WHEN $7 = 0 THEN CASE WHEN gender IN (0, 3) THEN 0 ELSE 1 END WHEN gender = 3 OR gender = $7 THEN 0 \
         WHEN gender = 0 THEN CASE WHEN $7 = 3 THEN 1 ELSE 0 END ELSE 2 END",
        "CASE WHEN $8 = 3 THEN 1 WHEN clearance = 0 THEN 0 WHEN $8 = 0 THEN 1 WHEN $8 = 1 THEN 2 ELSE 0 END",
        &format!(
            "CASE WHEN $9 = 0 OR (set_up & {mobility}) <> 0 THEN 0 WHEN $9 = 1 THEN CASE wheelchair WHEN 1 THEN 0 WHEN 0 THEN 2 \
             ELSE 1 END ELSE 1 END"
        ),
        "CASE WHEN $10 = -1 OR (languages & $10) <> 0 THEN 0 ELSE 1 END",
        "CASE WHEN counties = 0 THEN 0 WHEN $11 = -1 THEN 1 WHEN (counties & $11) <> 0 THEN 0 ELSE 2 END",
        "CASE WHEN (set_up & $12) = $12 THEN 0 ELSE 1 END",
        "$13",
    ]
    .join(", ");
    let (worst, meters) = match db {
        Db::Sqlite => ("max", "meters(latitude, longitude, $14, $15)".to_owned()),
        Db::Postgres => (
            "GREATEST",
            "round(12742017.6 * asin(LEAST(1.0, sqrt(power(sin((lat_rad - radians($14)) / 2), 2) \
             + cos_lat * cos(radians($14)) * power(sin(radians(longitude - $15) / 2), 2)))))::int"
                .to_owned(),
        ),
    };
    let level = if level { "AND kind = $4" } else { "" };
    let (within, inside) = if within {
        ("AND latitude BETWEEN $17 AND $18 AND longitude BETWEEN $19 AND $20", "WHERE meters <= $16")
    } else {
        ("", "")
    };
    let order = "fit, may_refuse, freshness, meters, unit_id";
    format!(
        "WITH best AS (SELECT * FROM (
            SELECT unit_id, facility_id, organization_id, may_refuse, {shown} AS shown, {worst}({points}) AS fit,
                CASE WHEN $1 <= aging_at THEN 0 WHEN $1 <= stale_at THEN 1 WHEN $1 <= expires_at THEN 2 ELSE 3 END AS freshness,
                {meters} AS meters
            FROM sought WHERE region_id = $2 AND (audience & $3) <> 0 {level} {within}) AS judged {inside}
         ORDER BY {order} LIMIT 20)
         SELECT best.unit_id, best.fit, best.freshness, best.meters, best.shown, u.label, u.as_of, u.staffed, u.occupied,
            f.id, f.name, f.city, f.direct_line, o.id, o.name, o.kind
         FROM best JOIN bed_unit u ON u.id = best.unit_id JOIN facility f ON f.id = best.facility_id
            JOIN organization o ON o.id = best.organization_id
         ORDER BY {order}"
    )
}

/// One need as the statement's scalars.
pub struct Bound {
    which: usize,
    level: i32,
    numbers: [i32; 5],
    masks: [i64; 3],
    ask: i32,
    near: Point,
    within: i64,
    box_of: [f64; 4],
}

impl Words {
    /// Reads a need into scalars.
    pub fn bind(&self, need: &AskedNeed) -> Bound {
        let mask = |at: Option<usize>| at.map_or(0, |at| 1_i64 << at);
        let language = need.language.map_or(-1, |l| mask(self.languages.iter().position(|known| known == l)));
        let county = need.county.map_or(-1, |c| mask(self.counties.iter().position(|known| *known == c)));
        let ([west, south], [east, north]) = need.near.box_within(need.within.unwrap_or(0));
        Bound {
            which: usize::from(need.kind >= 0) + 2 * usize::from(need.within.is_some()),
            level: need.kind,
            numbers: [need.age, need.legal, need.gender, need.screening, need.mobility],
            masks: [language, county, need.set_up],
            ask: need.ask,
            near: need.near,
            within: need.within.map_or(i64::MAX, i64::from),
            box_of: [south, north, west, east],
        }
    }
}

/// What one row of the answer holds; a caller would turn it into its page.
pub struct Row {
    pub unit: Uuid,
    pub label: String,
    pub facility: [Option<String>; 3],
    pub organization: [String; 2],
}

impl Row {
    /// The row as text, to compare it.
    pub fn line(self) -> crate::search::Line {
        let [name, city, direct_line] = self.facility.map(Option::unwrap_or_default);
        let [organization, kind] = self.organization;
        [format!("bed_unit_{}", self.unit.simple()), self.label, name, city, direct_line, organization, kind]
    }
}

/// The four statements of one database.
pub struct Statements([String; 4]);

impl Statements {
    pub fn of(db: Db) -> Self {
        let of = |which: usize| statement(db, which % 2 == 1, which >= 2);
        let all = [of(0), of(1), of(2), of(3)];
        Self(if db == Db::Sqlite { all.map(|text| text.replace('$', "?")) } else { all })
    }
}

/// One connection to PostgreSQL; sqlx prepares each statement once.
pub async fn postgres(
    connection: &mut sqlx::PgConnection,
    statements: &Statements,
    eyes: Eyes,
    at: i64,
    bound: &Bound,
) -> Done<Vec<Row>> {
    use sqlx::Row as _;
    let [age, legal, gender, screening, mobility] = bound.numbers;
    let [languages, counties, set_up] = bound.masks;
    let [south, north, west, east] = bound.box_of;
    let query = sqlx::query(sqlx::AssertSqlSafe(statements.0[bound.which].as_str()))
        .bind(at)
        .bind(eyes.region)
        .bind(eyes.shared)
        .bind(bound.level)
        .bind(age)
        .bind(legal)
        .bind(gender)
        .bind(screening)
        .bind(mobility)
        .bind(languages)
        .bind(counties)
        .bind(set_up)
        .bind(bound.ask)
        .bind(bound.near.latitude())
        .bind(bound.near.longitude())
        .bind(bound.within)
        .bind(south)
        .bind(north)
        .bind(west)
        .bind(east);
    let rows = query.fetch_all(connection).await?;
    let read = |row: &sqlx::postgres::PgRow| -> Result<Row, sqlx::Error> {
        Ok(Row {
            unit: row.try_get(0)?,
            label: row.try_get(5)?,
            facility: [row.try_get(10)?, row.try_get(11)?, row.try_get(12)?],
            organization: [row.try_get(14)?, row.try_get(15)?],
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// A connection to SQLite that knows what a meter is: its bundled build has no trigonometry.
pub fn open_sqlite(file: &str) -> Done<rusqlite::Connection> {
    use rusqlite::functions::FunctionFlags;
    let connection = rusqlite::Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("meters", 4, flags, |context| {
        let point = |at: usize| -> rusqlite::Result<Point> {
            let e6 = |degrees: f64| (degrees * 1e6).round() as i32;
            Ok(Point { latitude_e6: e6(context.get(at)?), longitude_e6: e6(context.get(at + 1)?) })
        };
        Ok(i64::from(point(2)?.meters_to(point(0)?)))
    })?;
    Ok(connection)
}

/// Runs the statement on SQLite.
pub fn sqlite(
    connection: &rusqlite::Connection,
    statements: &Statements,
    eyes: Eyes,
    at: i64,
    bound: &Bound,
) -> Done<Vec<Row>> {
    let mut statement = connection.prepare_cached(&statements.0[bound.which])?;
    let [age, legal, gender, screening, mobility] = bound.numbers;
    let [languages, counties, set_up] = bound.masks;
    let [south, north, west, east] = bound.box_of;
    let (region, latitude, longitude) = (eyes.region.as_bytes(), bound.near.latitude(), bound.near.longitude());
    let values: [&dyn rusqlite::ToSql; 20] = [
        &at,
        region,
        &eyes.shared,
        &bound.level,
        &age,
        &legal,
        &gender,
        &screening,
        &mobility,
        &languages,
        &counties,
        &set_up,
        &bound.ask,
        &latitude,
        &longitude,
        &bound.within,
        &south,
        &north,
        &west,
        &east,
    ];
    // Without a distance the last five are not in the text.
    let count = statement.parameter_count();
    for (place, value) in values.iter().enumerate().take(count) {
        statement.raw_bind_parameter(place + 1, value)?;
    }
    let mut rows = statement.raw_query();
    let mut page = Vec::with_capacity(20);
    while let Some(row) = rows.next()? {
        page.push(Row {
            unit: Uuid::from_bytes(row.get::<_, [u8; 16]>(0)?),
            label: row.get(5)?,
            facility: [row.get(10)?, row.get(11)?, row.get(12)?],
            organization: [row.get(14)?, row.get(15)?],
        });
    }
    Ok(page)
}

/// The eyes of a viewer of the world's region.
pub fn eyes(region: RegionId, shared: crisis_hub::domain::event::Audience) -> Eyes {
    Eyes { region: region.key(), shared: i32::from(shared.bits()) }
}
