//! `keys`: the ring of keys that what is sealed is opened with.
use super::Done;
use clap::Subcommand;
use crisis_hub::config::Config;
use crisis_hub::messenger::new_push_key;
use crisis_hub::node::{self, Sources};
use crisis_hub::store::vault::{BadRing, Month, NoVault, Ring, month_at};
use crisis_hub::store::{Dialect, NETWORK, Store};
use std::path::Path;
use std::process::ExitCode;

/// How many data keys one transaction wraps anew: no write waits long behind it.
const BATCH: u64 = 200;

/// What is done with the ring.
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Say whose ring the file is, which months it has, and how many handoffs' keys are wrapped by each.
    Status,
    /// Make the ring of a database that has none, with keys for the next 24 months. On SQLite `serve` does it by itself.
    ///
    /// The file is written with mode 0600 and must reach every node. Keep a copy apart from the database's backups: without it
    /// nobody opens what is sealed, and with both anybody does.
    Make,
    /// Add the months to come, and wrap every handoff's key under a new generation of keys, while the hub runs.
    ///
    /// Nodes on the same disk take the new keys by themselves. Others need the file first: `--prepare`, bring it to them, and
    /// then run it again without. A run that was cut short is gone on with.
    Rotate {
        /// Make the new keys and stop: nothing is wrapped under them yet.
        #[arg(long)]
        prepare: bool,
    },
    /// Make a key that pushes to browsers are signed with, and print it as a setting: HUB_CALLS__PUSH_KEY.
    ///
    /// It is kept nowhere. Every node gets the same; browsers that were registered with another have to be registered again.
    Push,
    /// Destroy a month's keys: whatever is sealed under them is gone, here and in every backup. There is no way back.
    ///
    /// Every other copy of the ring has to be destroyed or replaced, too.
    ///
    /// Example: crisis-hub keys destroy --month 2026-07
    Destroy {
        /// The month, as YYYY-MM.
        #[arg(long, value_parser = month)]
        month: Month,
        /// Also when the month has not passed, or handoffs under its keys are open, ended less than 90 days ago, or preserved: they lose
        /// what is sealed in them.
        #[arg(long)]
        even_now: bool,
    },
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "a month is written as YYYY-MM".to_owned())
}

pub(super) async fn keys(ask: KeysCommand) -> Done {
    if matches!(ask, KeysCommand::Push) {
        return push();
    }
    let (config, sources) = (Config::read()?, Sources::of_host());
    let store = node::open_store_of(NETWORK, &config, &sources, false).await?;
    let file = &config.keys_file;
    match ask {
        KeysCommand::Push => push(),
        KeysCommand::Status => status(&store, &Ring::read(file)?).await,
        KeysCommand::Make => {
            let ring = match store.make_ring(file).await {
                Err(NoVault::Gone(_)) => return made_before(&store, file).await,
                other => other?,
            };
            println!(
                "{}: the ring {} of this database. Bring it to every node, and keep a copy apart from backups.",
                file.display(),
                ring.name()
            );
            Ok(ExitCode::SUCCESS)
        }
        KeysCommand::Rotate { prepare } => {
            store.open_vault(file, false).await?;
            rotate(&store, prepare).await
        }
        KeysCommand::Destroy { month, even_now } => {
            let now = month_at(store.clock().now());
            if month >= now && !even_now {
                return Err(format!(
                    "{month} has not passed: handoffs are open whose retention ends in it (--even-now)"
                )
                .into());
            }
            store.open_vault(file, false).await?;
            let kept = store.still_kept(month).await?;
            if kept > 0 && !even_now {
                return Err(format!(
                    "{kept} handoffs whose keys are of {month} are open, ended less than 90 days ago, or preserved: what is \
                     sealed in them is still to be read (--even-now)"
                )
                .into());
            }
            let (_, destroyed) = store.change_ring(|ring| Ok((ring.destroy(month), true)))?;
            println!("{destroyed} keys of {month} are destroyed. Destroy or replace every other copy of the ring.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn push() -> Done {
    let (private, public) = new_push_key().ok_or("this host gives no random bytes")?;
    println!("HUB_CALLS__PUSH_KEY={private}");
    println!("# Set HUB_CALLS__PUSH_SUBJECT too. Pages read the public half as `pushKey`: {public}");
    Ok(ExitCode::SUCCESS)
}

/// A database has one ring for good: here it is, or it has to be brought.
async fn made_before(store: &Store, file: &Path) -> Done {
    if store.knows_ring(&Ring::read(file)?).await? != Some(true) {
        return Err(NoVault::Other(file.into()).into());
    }
    println!("{}: the ring of this database, made before. Nothing has changed.", file.display());
    Ok(ExitCode::SUCCESS)
}

async fn status(store: &Store, ring: &Ring) -> Done {
    let whose = match store.knows_ring(ring).await? {
        Some(true) => "this database's ring",
        Some(false) => "ANOTHER database's ring",
        None => "a ring that this database has not taken yet",
    };
    println!("{}: {whose}", ring.name());
    println!("generation {} in the file, {} in the database", ring.generation(), store.key_generation().await?);
    let months: Vec<Month> = ring.ids().map(|id| id.month).collect();
    if let (Some(first), Some(last)) = (months.first(), months.last()) {
        println!("{} keys of {first} to {last}", months.len());
    }
    passed(store, ring).await?;
    let destroyed: Vec<String> = ring.destroyed().map(|month| month.to_string()).collect();
    println!("destroyed: {}", if destroyed.is_empty() { "none".into() } else { destroyed.join(" ") });
    for (key, handoffs) in store.data_keys().await? {
        println!("{key}: {handoffs} handoffs");
    }
    Ok(if store.knows_ring(ring).await? == Some(false) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Which months have passed, which of them may be destroyed, and by whom.
async fn passed(store: &Store, ring: &Ring) -> Result<(), Box<dyn std::error::Error>> {
    // The one node of a SQLite database made the file; nodes that share a database have a copy each.
    let own = store.dialect() == Dialect::Sqlite;
    for passed in store.passed_months(ring).await? {
        let month = passed.month;
        if passed.used > 0 {
            println!("{month} has passed, and {} handoffs' keys are under it still: leave it", passed.used);
        } else if !passed.settled {
            println!("{month} has passed, and nothing is under it: it may be destroyed when it has passed by a week");
        } else if own {
            println!(
                "{month} has passed, and nothing is under it: the hub destroys it while it runs (retention.destroys_keys)"
            );
        } else {
            println!(
                "{month} has passed, and nothing is under it: `crisis-hub keys destroy --month {month}`, on every node's copy; \
                 the hub does not reach them all"
            );
        }
    }
    println!("{} preservations stand", store.preservations_standing().await?);
    Ok(())
}

async fn rotate(store: &Store, prepare: bool) -> Done {
    let (now, before) = (month_at(store.clock().now()), store.key_generation().await?);
    // A file that is ahead is of a run that stopped here.
    let (ring, ()) = store.change_ring(|ring| -> Result<_, BadRing> {
        let ahead = ring.generation() > before;
        if ahead { ring.top_up(now).map(drop) } else { ring.begin_generation(now) }?;
        Ok(((), true))
    })?;
    let generation = ring.generation();
    if prepare {
        println!(
            "The keys of generation {generation} are in the file. Bring it to every node, then run `keys rotate`."
        );
        return Ok(ExitCode::SUCCESS);
    }
    store.begin_key_generation(generation).await?;
    let (mut after, mut wrapped, mut destroyed) = (None, 0, 0);
    loop {
        let done = store.rewrap(after, BATCH).await?;
        (wrapped, destroyed) = (wrapped + done.wrapped, destroyed + done.destroyed);
        match done.last {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    let (forgotten, used) = store.forget_earlier_keys().await?;
    println!(
        "{wrapped} keys of handoffs are wrapped under generation {generation}; {forgotten} older keys are forgotten."
    );
    if used > 0 {
        println!("{used} older keys are in use still: another rotation is under way, which forgets them at its end.");
    }
    if destroyed > 0 {
        println!("{destroyed} were of destroyed months and stay so.");
    }
    Ok(ExitCode::SUCCESS)
}
