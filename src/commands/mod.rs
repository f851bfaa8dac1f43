//! The commands of the program.
mod backup;
mod console;
mod demo;
mod import;
mod keys;
pub(crate) mod log;
mod serve;

use clap::{Parser, Subcommand};
use crisis_hub::config::Config;
use crisis_hub::domain::chain::ChainEnd;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a command answers.
pub(crate) type Done = Result<ExitCode, Box<dyn Error>>;

/// A GraphQL federation hub for a regional behavioral-health crisis network.
///
/// Settings come from the built-in defaults (deploy/hub.toml), a file named by HUB_CONFIG, and HUB_* variables.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the hub. SQLite in ./data unless HUB_DATABASE_URL; events in process unless HUB_REDIS_URL.
    Serve,
    /// Run a whole invented region on real geography: no set-up, tokens to try it with, numbers that move.
    ///
    /// First it plays what its people did in the 12 hours before, or since it last ran, in their own time; then it goes on
    /// in real time, as much as in a region of 6 million people.
    ///
    /// It keeps its data in --data, or in HUB_DATABASE_URL (with HUB_REDIS_URL); `serve` refuses a database of the demo's.
    Demo(demo::DemoArgs),
    /// Cut the demo region's files out of the public ones.
    #[command(hide = true)]
    DemoCut {
        /// The folder of the three public files.
        #[arg(long)]
        data: PathBuf,
        /// Where to write facilities.csv and beds_2020.csv.
        #[arg(long)]
        out: PathBuf,
    },
    /// Bring the database's schema to this program's. SQLite does it by itself when `serve` starts.
    Migrate,
    /// Make the first grant, or any other, from the hub's own machine.
    ///
    /// Example: crisis-hub grant --issuer https://id.example.org --subject 8f3a --role HUB_OPERATOR --region south-florida
    Grant(console::GrantArgs),
    /// Take a public list of organizations and their facilities into a region's directory.
    ///
    /// The same file twice changes nothing. What somebody here has edited or withdrawn is left alone and reported. An
    /// organization with a bad row is held back whole; a file with a bad row that does not say whose it is, is refused
    /// (--allow-unattributed). AHCA bed files are read, checked and reported only: a directory
    /// import never reports for an agency how many beds it has.
    ///
    /// Exit code 2: the file was refused and nothing has changed.
    ///
    /// `--source travel` loads a region's travel times instead: the file is the whole table, taken whole or not at all.
    ///
    /// Example: crisis-hub import --source samhsa --region south-florida --state FL --dry-run sites.csv
    Import(import::ImportArgs),
    /// Ask a database about the hub's promises: the log dense, rows where their events left them, the board a fold of the log,
    /// the audit and the ledger of disclosures as the chain took them up.
    ///
    /// Whoever can write to the database can cut the chain's end off, or write all of it anew. That is found by comparing with
    /// where it once ended, kept elsewhere: each node says so every 5 minutes, as "the chain of the audit has grown".
    ///
    /// Example: crisis-hub verify --anchor 1048:3b1e...
    Verify {
        /// Where the chain once ended, as NUMBER:HASH.
        #[arg(long, value_parser = chain_end)]
        anchor: Vec<ChainEnd>,
    },
    /// Write everything that the database holds to one file; the hub may go on running.
    ///
    /// SQLite: a database file. PostgreSQL: an archive of `pg_dump`, which must be on PATH. Readable by its owner alone; keys
    /// and settings are not in it. Whatever was acknowledged before the backup began is.
    ///
    /// Example: crisis-hub backup /var/backups/hub-2026-11-24.backup
    Backup {
        /// The file, which must not be there yet.
        file: PathBuf,
    },
    /// Bring a backup back, with the hub stopped, then verify it.
    ///
    /// The database begins a new epoch: cursors from before are answered CURSOR_EXPIRED, since the log goes on differently.
    /// Idempotency keys stay good: what is sent again is found if the backup has it, and done if not. Keys are never in a
    /// backup; bring them yourself. On PostgreSQL `pg_restore` must be on PATH.
    ///
    /// Exit code 1: refused, with nothing changed; or restored, and a promise is broken.
    ///
    /// Example: crisis-hub restore --replace /var/backups/hub-2026-11-24.backup
    Restore {
        /// The file that `backup` wrote.
        file: PathBuf,
        /// Put it in the place of a database that is not empty; what is there is kept beside it.
        #[arg(long)]
        replace: bool,
    },
    /// The ring of keys that what is sealed in handoffs is opened with.
    Keys {
        #[command(subcommand)]
        ask: keys::KeysCommand,
    },
    /// Print the published schema, the policy table, or how a handoff moves.
    Schema {
        /// Print schema/policy.txt instead.
        #[arg(long)]
        policy: bool,
        /// Print schema/handoff-states.txt instead.
        #[arg(long, conflicts_with = "policy")]
        handoffs: bool,
        /// Print schema/tiers.txt instead.
        #[arg(long, conflicts_with_all = ["policy", "handoffs"])]
        tiers: bool,
    },
    /// Say who may do what, and why.
    Policy {
        #[command(subcommand)]
        ask: PolicyCommand,
    },
    /// Check the settings.
    Config {
        #[command(subcommand)]
        ask: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Why a role may or may not do an action, such as: policy why OFFICER READ_CENSUS
    Why {
        /// The role, such as OFFICER.
        role: String,
        /// The action, such as READ_CENSUS.
        action: String,
    },
    /// Print the whole table.
    Table,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every setting with where it comes from, secrets masked, and say what is wrong with which.
    Check,
    /// Print the defaults with their reasons.
    Defaults,
}

fn chain_end(text: &str) -> Result<ChainEnd, String> {
    ChainEnd::parse(text).ok_or_else(|| "an end of the chain is written as NUMBER:HASH".to_owned())
}

impl Cli {
    pub(crate) fn log_level(&self) -> &'static str {
        match self.command {
            Command::Serve | Command::Migrate => "info",
            _ => "warn",
        }
    }

    pub(crate) fn logs_json(&self) -> bool {
        matches!(self.command, Command::Serve)
    }

    /// Where traces go.
    pub(crate) fn collector(&self) -> String {
        // Settings that cannot be read are told of when the command reads them.
        let config = matches!(self.command, Command::Serve).then(|| Config::read().ok()).flatten();
        config.map_or_else(String::new, |config| config.otlp_endpoint)
    }

    pub(crate) async fn run(self) -> Done {
        match self.command {
            Command::Serve => serve::serve().await,
            Command::Demo(args) => demo::demo(args).await,
            Command::DemoCut { data, out } => demo::cut(&data, &out),
            Command::Migrate => console::migrate().await,
            Command::Grant(args) => console::grant(args).await,
            Command::Import(args) => import::import(args).await,
            Command::Verify { anchor } => console::verify(&anchor).await,
            Command::Backup { file } => backup::backup(&file).await,
            Command::Restore { file, replace } => backup::restore(&file, replace).await,
            Command::Keys { ask } => keys::keys(ask).await,
            Command::Schema { tiers: true, .. } => console::tiers(),
            Command::Schema { policy, handoffs, .. } => console::schema(policy, handoffs),
            Command::Policy { ask: PolicyCommand::Why { role, action } } => console::why(&role, &action),
            Command::Policy { ask: PolicyCommand::Table } => console::schema(true, false),
            Command::Config { ask: ConfigCommand::Check } => console::config_check(),
            Command::Config { ask: ConfigCommand::Defaults } => console::config_defaults(),
        }
    }
}
