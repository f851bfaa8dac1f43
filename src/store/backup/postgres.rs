//! PostgreSQL: a backup is an archive of `pg_dump`, in its custom format; `pg_restore` brings it back.
use super::{Keeping, TABLES, Undone, adopt, refused};
use crate::store::tx::Store;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait, TryGetable};
use std::future::Future;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use tokio::process::Command;
use url::Url;

/// Parameters of a URL that the tools read from the environment.
const PARAMETERS: [(&str, &str); 12] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("application_name", "PGAPPNAME"),
    ("options", "PGOPTIONS"),
];

/// What the tools are told of the server. Their command line, which everybody on the machine can read, says nothing of it.
struct Server {
    variables: Vec<(&'static str, String)>,
    database: String,
}

impl Server {
    fn of(url: &str) -> Result<Self, Undone> {
        let url = Url::parse(url).map_err(|error| Undone::Refused(format!("database_url: {error}")))?;
        let plain = |text: &str| {
            // It is no form: these stand for themselves.
            let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
            form_urlencoded::parse(text.as_bytes()).next().map_or_else(String::new, |(text, _)| text.into_owned())
        };
        let mut given = vec![
            ("PGUSER", plain(url.username())),
            ("PGPASSWORD", url.password().map_or_else(String::new, plain)),
            ("PGHOST", url.host_str().map_or_else(String::new, |host| plain(host.trim_matches(['[', ']'])))),
            ("PGPORT", url.port().map_or_else(String::new, |port| port.to_string())),
            ("PGDATABASE", plain(url.path().trim_start_matches('/'))),
            ("PGAPPNAME", "crisis-hub backup".to_owned()),
        ];
        for (name, value) in url.query_pairs() {
            // sqlx writes some with hyphens.
            let known = PARAMETERS.iter().find(|(parameter, _)| name.replace('-', "") == *parameter);
            given.extend(known.map(|(_, variable)| (*variable, value.clone().into_owned())));
        }
        let set = |variable: &str| given.iter().rev().find(|(known, value)| *known == variable && !value.is_empty());
        let database = set("PGDATABASE").or_else(|| set("PGUSER")).map(|(_, value)| value.clone());
        given.retain(|(_, value)| !value.is_empty());
        Ok(Self { database: database.unwrap_or_default(), variables: given })
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value))).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// Runs a tool to its end, or explains why it cannot be.
async fn run(mut command: Command) -> Result<Output, Undone> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.output().await.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Undone::Refused(format!(
            "{name} is not on PATH: install PostgreSQL's client programs (Debian, Ubuntu: apt install postgresql-client; \
             Fedora: dnf install postgresql; Alpine: apk add postgresql-client), at least as new as the server"
        )),
        _ => Undone::Refused(format!("{name} cannot be run: {error}")),
    })
}

/// What a tool printed, when it went well.
async fn told(command: Command) -> Result<String, Undone> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let output = run(command).await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let advice = if said.contains("version") {
        "\nThe program must be at least as new as the server and as what made the backup: install PostgreSQL's newer client programs."
    } else {
        ""
    };
    refused(format!("{name}: {}{advice}", said.trim()))
}

/// The first number of `pg_dump (PostgreSQL) 16.4`.
fn major(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

async fn as_new_as(server: &Server, name: &str, store: &Store) -> Result<(), Undone> {
    let mut command = server.tool(name);
    command.arg("--version");
    let version = told(command).await?;
    let number: Option<String> = ask(store, "SHOW server_version_num", "server_version_num").await?;
    let theirs = number.and_then(|number| number.parse::<u32>().ok()).map_or(0, |number| number / 10_000);
    match major(&version) {
        Some(ours) if ours < theirs => {
            let version = version.trim();
            refused(format!(
                "{version} is older than the server, {theirs}: install PostgreSQL {theirs}'s client programs"
            ))
        }
        _ => Ok(()),
    }
}

async fn ask<T: TryGetable>(store: &Store, sql: &str, column: &str) -> Result<Option<T>, Undone> {
    let row = store.pools().writer.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    Ok(row.map(|row| row.try_get("", column)).transpose()?)
}

async fn schema(store: &Store) -> Result<String, Undone> {
    let name: Option<Option<String>> = ask(store, "SELECT current_schema()::text AS name", "name").await?;
    name.flatten().map_or_else(|| refused("the database has no schema for this user: look at search_path"), Ok)
}

pub(super) async fn back_up(keeping: &Keeping, into: &Path) -> Result<(), Undone> {
    let server = Server::of(&keeping.url)?;
    let store = keeping.open(&keeping.url).await?;
    as_new_as(&server, "pg_dump", &store).await?;
    store.seal().await.map_err(|_| Undone::Refused("the database is no hub's, or not migrated yet".into()))?;
    let mut dump = server.tool("pg_dump");
    dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-password", "--lock-wait-timeout=10000"])
        .arg(format!("--schema=\"{}\"", schema(&store).await?.replace('"', "\"\"")))
        .arg("--file")
        .arg(into);
    store.close().await;
    told(dump).await?;
    listed(into).await.map(drop)
}

/// The schema that an archive's tables are in; refuses what is no whole archive of a hub.
async fn listed(file: &Path) -> Result<String, Undone> {
    let mut list = Command::new("pg_restore");
    list.arg("--list").arg(file).stdin(Stdio::null()).kill_on_drop(true);
    let list = told(list).await?;
    // `215; 1259 16389 TABLE public event hub`
    let tables: Vec<(&str, &str)> = list
        .lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once(" TABLE ")?;
            let mut words = rest.split(' ');
            Some((words.next()?, words.next()?))
        })
        .collect();
    let schema = tables.iter().find(|(_, name)| *name == "event").map(|(schema, _)| *schema);
    match schema {
        Some(schema) if TABLES.iter().all(|name| tables.contains(&(schema, name))) => Ok(schema.to_owned()),
        _ => refused("the file is an archive of pg_dump, but no hub's"),
    }
}

pub(super) async fn restore(
    keeping: &Keeping,
    from: &Path,
    replace: bool,
    stopped: impl Future<Output = ()>,
) -> Result<Option<String>, Undone> {
    let server = Server::of(&keeping.url)?;
    let store = keeping.open(&keeping.url).await?;
    as_new_as(&server, "pg_restore", &store).await?;
    let (theirs, ours) = (listed(from).await?, schema(&store).await?);
    if theirs != ours {
        return refused(format!("the backup is of a schema {theirs}, and this user's is {ours}: look at search_path"));
    }
    let aside = if relations(&store, &ours).await?.is_empty() {
        None
    } else if replace {
        alone(&store).await?;
        Some(set_aside(keeping, &store, &ours).await?)
    } else {
        return refused("the database is not empty: --replace puts the backup in its place and keeps what is there");
    };
    let restoring = bring(&server, from, &ours);
    let done = tokio::select! {
        done = restoring => done,
        () = stopped => refused("stopped"),
    };
    let done = match done {
        Ok(()) => adopt(&store).await,
        Err(error) => Err(error),
    };
    if let Err(error) = done {
        put_back(&store, &ours, aside.as_deref()).await?;
        return Err(error);
    }
    store.close().await;
    Ok(aside.map(|aside| format!("schema {aside} (drop it when nobody needs it)")))
}

/// All of it or nothing: one transaction.
async fn bring(server: &Server, from: &Path, schema: &str) -> Result<(), Undone> {
    let mut restore = server.tool("pg_restore");
    restore
        .args(["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"])
        .args(["--no-password", "--schema", schema, "--dbname", &server.database])
        .arg(from);
    told(restore).await.map(drop)
}

/// How long whoever has just left may take to be gone from the server's list.
const LEAVING: Duration = Duration::from_secs(3);

/// Refuses while anybody else is connected.
async fn alone(store: &Store) -> Result<(), Undone> {
    let began = Instant::now();
    loop {
        match others(store).await? {
            0 => return Ok(()),
            _ if began.elapsed() < LEAVING => tokio::time::sleep(Duration::from_millis(100)).await,
            others => return refused(format!("{others} other sessions use the database: stop the hub first")),
        }
    }
}

async fn others(store: &Store) -> Result<i64, Undone> {
    let sql = "SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database()
               AND pid <> pg_backend_pid() AND COALESCE(backend_type, 'client backend') = 'client backend'";
    Ok(ask::<i64>(store, sql, "n").await?.unwrap_or(-1))
}

/// What a schema holds, but for what goes along with a table.
async fn relations(store: &Store, schema: &str) -> Result<Vec<(String, &'static str)>, Undone> {
    let sql = "SELECT c.relname::text AS name, c.relkind::text AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (
                   SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'e'))
               ORDER BY c.relname";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [schema.into()]);
    let mut relations = Vec::new();
    for row in store.pools().writer.query_all_raw(statement).await? {
        let kind = match row.try_get::<String>("", "kind")?.as_str() {
            "v" => "VIEW",
            "m" => "MATERIALIZED VIEW",
            "f" => "FOREIGN TABLE",
            "S" => "SEQUENCE",
            _ => "TABLE",
        };
        relations.push((quoted(&row.try_get::<String>("", "name")?), kind));
    }
    Ok(relations)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Moves everything into a schema of its own, in one transaction.
async fn set_aside(keeping: &Keeping, store: &Store, schema: &str) -> Result<String, Undone> {
    let stamp: String = keeping.clock.now().to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let aside = format!("hub_before_restore_{stamp}");
    let relations = relations(store, schema).await?;
    let tx = store.pools().writer.begin().await?;
    tx.execute_unprepared(&format!("CREATE SCHEMA {aside}")).await?;
    for (name, kind) in relations {
        tx.execute_unprepared(&format!("ALTER {kind} {}.{name} SET SCHEMA {aside}", quoted(schema))).await?;
    }
    tx.commit().await?;
    Ok(aside)
}

/// Undoes a restore: what came goes, and what was set aside comes back.
async fn put_back(store: &Store, schema: &str, aside: Option<&str>) -> Result<(), Undone> {
    let came = relations(store, schema).await?;
    let kept = match aside {
        Some(aside) => relations(store, aside).await?,
        None => Vec::new(),
    };
    let tx = store.pools().writer.begin().await?;
    for (name, kind) in came {
        tx.execute_unprepared(&format!("DROP {kind} IF EXISTS {}.{name} CASCADE", quoted(schema))).await?;
    }
    if let Some(aside) = aside {
        for (name, kind) in kept {
            tx.execute_unprepared(&format!("ALTER {kind} {aside}.{name} SET SCHEMA {}", quoted(schema))).await?;
        }
        tx.execute_unprepared(&format!("DROP SCHEMA {aside}")).await?;
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_what_the_tools_read() {
        let server = Server::of("postgres://hub%40a:p%3Aa+s%2Fs@db.internal:6432/crisis%20hub?sslmode=verify-full&ssl-root-cert=/ca.pem&statement-cache-capacity=0").unwrap();
        let get = |name: &str| server.variables.iter().rev().find(|(known, _)| *known == name).map(|(_, v)| v.as_str());
        for (name, value) in [
            ("PGUSER", "hub@a"),
            ("PGPASSWORD", "p:a+s/s"),
            ("PGHOST", "db.internal"),
            ("PGPORT", "6432"),
            ("PGDATABASE", "crisis hub"),
            ("PGSSLMODE", "verify-full"),
        ] {
            assert_eq!(get(name), Some(value));
        }
        assert_eq!(server.database, "crisis hub");
        let socket = Server::of("postgres://hub@%2Frun%2Fpostgresql/hub").unwrap();
        assert!(socket.variables.contains(&("PGHOST", "/run/postgresql".into())));
        assert_eq!(major("pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)"), Some(16));
    }
}
