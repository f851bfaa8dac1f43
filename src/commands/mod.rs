//! The commands of the program.
mod console;
mod demo;
mod import;
mod serve;

use clap::{Parser, Subcommand};
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
    /// organization with a bad row is held back whole. AHCA bed files are read, checked and reported only: a directory
    /// import never reports for an agency how many beds it has.
    ///
    /// Exit code 2: the file was refused and nothing has changed.
    ///
    /// `--source travel` loads a region's travel times instead: the file is the whole table, taken whole or not at all.
    ///
    /// Example: crisis-hub import --source samhsa --region south-florida --state FL --dry-run sites.csv
    Import(import::ImportArgs),
    /// Ask a database about the hub's promises: the log dense, rows where their events left them, the board a fold of the log.
    Verify,
    /// Print the published schema, or the policy table.
    Schema {
        /// Print schema/policy.txt instead.
        #[arg(long)]
        policy: bool,
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
    /// Read every setting and say what is wrong.
    Check,
    /// Print the defaults with their reasons.
    Defaults,
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

    pub(crate) async fn run(self) -> Done {
        match self.command {
            Command::Serve => serve::serve().await,
            Command::Demo(args) => demo::demo(args).await,
            Command::DemoCut { data, out } => demo::cut(&data, &out),
            Command::Migrate => console::migrate().await,
            Command::Grant(args) => console::grant(args).await,
            Command::Import(args) => import::import(args).await,
            Command::Verify => console::verify().await,
            Command::Schema { policy } => console::schema(policy),
            Command::Policy { ask: PolicyCommand::Why { role, action } } => console::why(&role, &action),
            Command::Policy { ask: PolicyCommand::Table } => console::schema(true),
            Command::Config { ask: ConfigCommand::Check } => console::config_check(),
            Command::Config { ask: ConfigCommand::Defaults } => console::config_defaults(),
        }
    }
}
