//! `backup` and `restore`: the whole database in one file, and back.
use super::{Done, console, serve};
use crisis_hub::config::Config;
use crisis_hub::node::{self, Sources};
use crisis_hub::store::backup::{Keeping, partial};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret;
use std::future::Future;
use std::io::IsTerminal;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often work that takes long says so where nobody watches.
const TELL_EVERY: Duration = Duration::from_secs(10);

fn keeping(config: &Config, sources: &Sources) -> Keeping {
    Keeping {
        url: config.database_url.expose_secret().to_owned(),
        wait_ms_max: config.pool.wait_ms_max,
        clock: sources.clock.clone(),
        ids: sources.ids.clone(),
    }
}

pub(super) async fn backup(file: &Path) -> Done {
    let (config, sources) = (Config::read()?, Sources::of_host());
    let began = Instant::now();
    let growing = partial(file);
    let size = || std::fs::metadata(&growing).map_or(0, |metadata| metadata.len());
    let keeping = keeping(&config, &sources);
    tokio::select! {
        done = told("Backing up", size, Box::pin(keeping.back_up(file))) => done?,
        () = serve::stopped() => return Err("stopped: nothing was written".into()),
    }
    let bytes = std::fs::metadata(file)?.len();
    println!("{}: {} in {:.1} s", file.display(), megabytes(bytes), began.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(file: &Path, replace: bool) -> Done {
    let (config, sources) = (Config::read()?, Sources::of_host());
    let keeping = keeping(&config, &sources);
    let kept = told("Restoring", || 0, Box::pin(keeping.restore(file, replace, serve::stopped()))).await?;
    println!("Restored {}. It is a new epoch: cursors from before are answered CURSOR_EXPIRED.", file.display());
    if let Some(kept) = kept {
        println!("What was there before is kept: {kept}");
    }
    console::verified(&node::open_store(&config, &sources, false).await?, &[]).await
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Says how far long work has come: in place on a terminal, else a line now and then.
async fn told<T>(what: &str, size: impl Fn() -> u64, mut work: Pin<Box<dyn Future<Output = T> + '_>>) -> T {
    let began = Instant::now();
    let say = || {
        let size =
            Some(size()).filter(|bytes| *bytes > 0).map_or_else(String::new, |bytes| format!(", {}", megabytes(bytes)));
        format!("{what}: {} s{size}", began.elapsed().as_secs())
    };
    let (watched, bar) = (std::io::stderr().is_terminal(), ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let mut tick = tokio::time::interval(if watched { Duration::from_millis(200) } else { TELL_EVERY });
    tick.tick().await;
    loop {
        tokio::select! {
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            _ = tick.tick() => match watched {
                true => {
                    bar.set_message(say());
                    bar.tick();
                }
                false => eprintln!("{}", say()),
            },
        }
    }
}
