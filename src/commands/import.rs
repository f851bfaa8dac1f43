//! `import`: a foreign file into a region's directory, or its travel times.
use super::Done;
use clap::Args;
use crisis_hub::app::import::{Conflict, Counts, Done as Taken, Goal, ImportDirectory};
use crisis_hub::app::travel::{Facilities, LoadTravelTimes};
use crisis_hub::app::{self, Hub, console};
use crisis_hub::config::Config;
use crisis_hub::domain::code::Coded;
use crisis_hub::domain::region::RegionDetails;
use crisis_hub::exchange::apply::{self, Filter};
use crisis_hub::exchange::csv::Limits;
use crisis_hub::exchange::import::{self, Import};
use crisis_hub::exchange::record::Source;
use crisis_hub::exchange::travel::{Named, table};
use crisis_hub::node::{self, Sources};
use crisis_hub::store::NETWORK;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

/// Row errors and conflicts that are shown one by one.
const SHOWN: usize = 20;

/// What is imported, and where.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The file's format: hifld, samhsa, ahca, hub-csv or travel.
    #[arg(long, value_parser = source)]
    source: Source,
    /// The region's code.
    #[arg(long)]
    region: String,
    /// Set the region up if it is not there (with --time-zone).
    #[arg(long)]
    create_region: bool,
    /// IANA time zone of a new region.
    #[arg(long, default_value = "America/New_York")]
    time_zone: String,
    /// Whose law a region that is set up keeps to, such as US-FL or US-VA; `grant --jurisdiction` says it of one that is there.
    #[arg(long, requires = "create_region")]
    jurisdiction: Option<String>,
    /// Whose list it is, when two lists of one format have keys of their own, such as two agencies' hub-csv files.
    #[arg(long, value_parser = list)]
    list: Option<String>,
    /// Only facilities of this state, two letters; may be given again.
    #[arg(long)]
    state: Vec<String>,
    /// Only facilities of this county, its name or its Census FIPS code; may be given again.
    #[arg(long)]
    county: Vec<String>,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The file is everything that the source has under this filter: what it no longer names is withdrawn.
    ///
    /// Refused with row errors, and when more than a tenth of what the source gave the region would go.
    #[arg(long)]
    complete: bool,
    /// So many organizations and facilities may be withdrawn, even if that is more than a tenth.
    #[arg(long, value_name = "N", default_value_t = 0)]
    allow_retire: usize,
    /// Take the rest of a file that has bad rows which do not say whose they are.
    ///
    /// An organization may then be taken without a facility that such a row was about.
    #[arg(long)]
    allow_unattributed: bool,
    /// Refuse the file when it has any row error.
    #[arg(long)]
    strict: bool,
    /// Write every row error to this CSV file.
    #[arg(long)]
    errors: Option<PathBuf>,
    /// The file.
    file: PathBuf,
}

fn source(text: &str) -> Result<Source, String> {
    let names = || Source::ALL.iter().map(|source| source.system()).collect::<Vec<_>>().join(", ");
    Source::ALL.iter().copied().find(|source| source.system() == text).ok_or_else(|| format!("one of {}", names()))
}

fn list(text: &str) -> Result<String, String> {
    let plain = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if plain { Ok(text.to_owned()) } else { Err("1 to 40 letters, digits, - and _".into()) }
}

fn refused(why: &str) -> Done {
    eprintln!("crisis-hub import: {why}");
    Ok(ExitCode::from(2))
}

pub(super) async fn import(args: ImportArgs) -> Done {
    let mut limits = Limits::default();
    if args.errors.is_some() {
        limits.errors_kept = usize::try_from(limits.rows)?;
    }
    let name = args.file.display().to_string();
    let mut import = match import::read(args.source, File::open(&args.file)?, limits) {
        Ok(import) => import,
        Err(error) => return refused(&format!("{name}: {error}")),
    };
    if args.source == Source::AhcaBeds {
        told(&import, &args, &name)?;
        println!("Read and checked only: {} bed snapshots; nothing is imported.", import.report.beds);
        let bad = args.strict && !import.is_whole();
        return Ok(if bad { ExitCode::from(2) } else { ExitCode::SUCCESS });
    }
    let (config, sources) = (Config::read()?, Sources::of_host());
    let hub = super::console::with_law(node::open_store_of(NETWORK, &config, &sources, false).await?).await?;
    if args.source == Source::TravelTimes {
        return travel(&hub, import, &args, &name).await;
    }
    let (goal, region) = match console::region(&hub, &args.region) {
        Some(region) => (Goal::Region(region.id), region.details.clone()),
        None if args.create_region => {
            let details = match new_region(&hub, &args) {
                Ok(details) => details,
                Err(why) => return refused(&why.to_string()),
            };
            (Goal::New(details.clone()), details)
        }
        None => return refused(&format!("there is no region {:?}; --create-region sets it up", args.region)),
    };
    let filter = Filter { states: args.state.clone(), counties: args.county.clone() };
    let agencies = apply::agencies(&mut import, &region, &filter);
    told(&import, &args, &name)?;
    if !import.is_whole() && (args.strict || args.complete) {
        let flag = if args.strict { "--strict" } else { "--complete" };
        return refused(&format!("{name} has row errors, so {flag} refuses it; nothing has changed"));
    }
    if import.report.unattributed > 0 && !args.allow_unattributed {
        let many = import.report.unattributed;
        return refused(&format!(
            "{name} has {many} bad rows that do not say whose they are, so an organization could be taken without one of \
             its facilities; nothing has changed: mend them, or say --allow-unattributed"
        ));
    }
    let system = args.source.system();
    let source = args.list.as_ref().map_or_else(|| system.to_owned(), |list| format!("{system}:{list}"));
    let bar = bar(agencies.len())?;
    let input = ImportDirectory {
        source,
        goal,
        agencies,
        complete: args.complete,
        may_retire: args.allow_retire,
        dry_run: args.dry_run,
    };
    let on_batch = |many| bar.inc(u64::try_from(many).unwrap_or_default());
    let taken = app::import::directory(&hub, &console::viewer(), input, &on_batch).await;
    bar.finish_and_clear();
    match taken {
        Ok(taken) => {
            summed(&taken, args.dry_run);
            Ok(ExitCode::SUCCESS)
        }
        Err(app::Error::BadInput(why)) => refused(&why),
        Err(error) => Err(error.into()),
    }
}

/// A region as it is set up.
fn new_region(hub: &Hub, args: &ImportArgs) -> Result<RegionDetails, app::Error> {
    args.jurisdiction.iter().try_for_each(|code| console::known_jurisdiction(hub, code))?;
    let jurisdiction = args.jurisdiction.clone();
    Ok(RegionDetails { jurisdiction, ..console::new_region(&args.region, &args.time_zone) })
}

/// A region's whole table: taken as a whole, or not at all.
async fn travel(hub: &Hub, mut import: Import, args: &ImportArgs, name: &str) -> Done {
    let Some(region) = console::region(hub, &args.region) else {
        return refused(&format!("there is no region {:?}", args.region));
    };
    let facilities = Facilities::of(hub, &console::viewer(), region.id);
    let found = table(&mut import, |named| match named {
        Named::Ours(id) => facilities.ours(*id),
        Named::Theirs(id) => facilities.theirs(id),
    });
    told(&import, args, name)?;
    let Some(details) = found else {
        return refused(&format!("{name} has row errors: travel times are taken whole; nothing has changed"));
    };
    let (zones, times) = (details.zones.len(), details.times.len());
    let input = LoadTravelTimes { region: region.id, details, dry_run: args.dry_run };
    match app::travel::load(hub, &console::viewer(), input).await {
        Ok(changes) => {
            println!("{}", if args.dry_run { "A dry run: nothing has changed." } else { "Done." });
            let says =
                if changes { "replaces what the region had" } else { "is what the region has already: unchanged" };
            println!("{zones} zones and {times} times: the table {says}.");
            Ok(ExitCode::SUCCESS)
        }
        Err(app::Error::BadInput(why)) => refused(&format!("{name}: {why}")),
        Err(error) => Err(error.into()),
    }
}

/// Shows itself on a terminal alone.
fn bar(many: usize) -> Result<ProgressBar, Box<dyn std::error::Error>> {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} organizations, {eta} to go")?;
    Ok(ProgressBar::new(u64::try_from(many)?).with_style(style))
}

/// Says what the file holds, and what is wrong with it.
fn told(import: &Import, args: &ImportArgs, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let report = &import.report;
    println!("{name}: {} rows, {} row errors", report.rows, report.error_total());
    for (code, many) in &report.errors {
        println!("  {:<18}{many:>7}  {}", code.code(), code.doc());
    }
    if report.quarantined_organizations > 0 {
        let (organizations, records) = (report.quarantined_organizations, report.quarantined);
        println!(
            "Held back whole: {organizations} organizations with a bad row, and {records} good records of theirs."
        );
    }
    if report.unattributed > 0 {
        println!("Bad rows that do not say whose they are: {}.", report.unattributed);
    }
    for error in import.errors.iter().take(SHOWN) {
        println!("{name}:{}: {}: {}", error.line, error.field, error.message);
    }
    let total = usize::try_from(report.error_total())?;
    if let Some(path) = &args.errors {
        apply::write_errors(File::create(path)?, name, &import.errors)?;
        println!("All row errors: {}", path.display());
    } else if total > SHOWN {
        println!("... and {} more; --errors FILE.csv writes all", total - SHOWN);
    }
    Ok(())
}

fn summed(taken: &Taken, dry_run: bool) {
    println!("{}", if dry_run { "A dry run: this would happen, and nothing has changed." } else { "Done." });
    println!(
        "{:<14}{:>9}{:>9}{:>11}{:>11}{:>11}{:>9}",
        "", "created", "updated", "unchanged", "conflicts", "withdrawn", "closed"
    );
    for (noun, counts) in [("organizations", taken.organizations), ("facilities", taken.facilities)] {
        let Counts { created, updated, unchanged, conflicts, retired, closed } = counts;
        println!("{noun:<14}{created:>9}{updated:>9}{unchanged:>11}{conflicts:>11}{retired:>11}{closed:>9}");
    }
    for Conflict { source_id, row, why } in taken.conflicts.iter().take(SHOWN) {
        println!("left alone: {source_id} ({row}): {}", why.doc());
    }
    if taken.conflicts.len() > SHOWN {
        println!("... and {} more", taken.conflicts.len() - SHOWN);
    }
}
