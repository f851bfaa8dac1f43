//! Benchmarks: the real program beside the barest thing that could do the same work. Run them by `benches/run`.
//!
//! Three processes: this one sets the scene, the hub is the program as operators run it, and the load comes from a client
//! of its own, which counts its own processor time apart from the hub's.
#![expect(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    reason = "a benchmark ends at the first surprise; it reads the database and the host's clock beside the hub on purpose"
)]

mod announce;
mod disclose;
mod doors;
mod figures;
mod floor;
mod ground;
mod handoffs;
mod http;
mod needs;
mod reports;
mod scale;
mod search;
mod socket;
mod sql;
mod stats;
mod watch;

use clap::{Parser, ValueEnum};
use figures::Figures;
use ground::Db;
use std::process::{ExitCode, Stdio};

/// What anything here answers.
pub type Done<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the hub. Figures are medians, with the lowest and the highest run beside them.
#[derive(Clone, Debug, Parser)]
pub struct Asked {
    /// What to measure; everything when not given.
    what: Vec<What>,
    /// Short runs: for trying things out, not for figures.
    #[arg(long)]
    quick: bool,
    /// On this database alone.
    #[arg(long)]
    only: Option<Db>,
    /// Units of the world.
    #[arg(long, default_value_t = 4_000)]
    units: usize,
    /// Subscribers to try, one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,10000")]
    subscribers: Vec<usize>,
    /// Tables they sit at; 0 gives each their own.
    #[arg(long, value_delimiter = ',', default_value = "1,50,0")]
    tables: Vec<usize>,
    /// Worlds to try, in units.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    sizes: Vec<usize>,
    /// Logs to try, in facts.
    #[arg(long, value_delimiter = ',', default_value = "0,1000000,10000000")]
    logs: Vec<u64>,
    /// Handoffs that have ended, beside an agency's open ones.
    #[arg(long, default_value_t = 300_000)]
    past: u64,
    /// Seconds of one run.
    #[arg(long)]
    seconds: Option<u64>,
    /// Runs of each figure.
    #[arg(long)]
    runs: Option<usize>,
    /// Measure this program in place of the one just built, such as an older build to compare with.
    #[arg(long)]
    program: Option<std::path::PathBuf>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
    /// The job of a client.
    #[arg(long, hide = true)]
    client: Option<String>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Bed search, beside one SQL statement.
    Search,
    /// Bed reports, beside their statements alone.
    Reports,
    /// Subscribers over WebSocket.
    Watch,
    /// Large worlds and long logs.
    Scale,
    /// Announcements, to the receiver's socket.
    Announce,
    /// An agency's open handoffs among all that were.
    Handoffs,
    /// Sealed entries, opened after the ledger.
    Disclose,
}

impl Asked {
    fn wants(&self, what: What) -> bool {
        self.what.is_empty() || self.what.contains(&what)
    }

    /// Which databases to measure on.
    pub fn databases(&self) -> Vec<Db> {
        [Db::Sqlite, Db::Postgres].into_iter().filter(|db| self.only.is_none_or(|only| only == *db)).collect()
    }

    /// Seconds of one run.
    pub fn seconds(&self) -> u64 {
        self.seconds.unwrap_or(if self.quick { 1 } else { 5 })
    }

    /// Runs of each figure.
    pub fn runs(&self) -> usize {
        self.runs.unwrap_or(if self.quick { 3 } else { 5 })
    }
}

/// What a client is told to do.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub enum Job {
    /// To search.
    Search(search::Job),
    /// To report.
    Reports(reports::Job),
    /// To watch.
    Watch(watch::Job),
    /// To announce.
    Announce(announce::Job),
    /// To read handoffs.
    Handoffs(handoffs::Job),
    /// To open what is sealed.
    Disclose(disclose::Job),
}

/// Runs a client in a process of its own, and answers what it measured.
pub async fn client<T: serde::de::DeserializeOwned>(job: &Job) -> Done<T> {
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    command.arg("--client").arg(serde_json::to_string(job)?).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await?;
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("the client ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn say(value: &impl serde::Serialize) -> Done {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

async fn work(job: Job) -> Done {
    match job {
        Job::Search(job) => say(&search::client(job).await?),
        Job::Reports(job) => say(&reports::client(job).await?),
        Job::Watch(job) => say(&watch::client(job).await?),
        Job::Announce(job) => say(&announce::client(job).await?),
        Job::Handoffs(job) => say(&handoffs::client(job).await?),
        Job::Disclose(job) => say(&disclose::client(job).await?),
    }
}

/// Measures one thing and adds what it found to the figures.
type Section = fn(&Asked, Figures) -> figures::Section;

async fn measure(asked: &Asked) -> Done {
    let mut figures = Figures::begin(asked);
    let sections: [(What, Section); 7] = [
        (What::Search, search::section),
        (What::Reports, reports::section),
        (What::Watch, watch::section),
        (What::Scale, scale::section),
        (What::Announce, announce::section),
        (What::Handoffs, handoffs::section),
        (What::Disclose, disclose::section),
    ];
    for (what, section) in sections {
        if asked.wants(what) {
            figures = section(asked, figures).await?;
        }
    }
    figures.end()
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    ground::choose_program(asked.program.as_deref());
    let job = asked.client.as_deref().map(serde_json::from_str::<Job>);
    // A client on one thread disturbs the hub least, and says clearly when it is the one that is busy.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            match job {
                Some(job) => work(job?).await,
                None => measure(&asked).await,
            }
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmarks: {error}");
            ExitCode::FAILURE
        }
    }
}
