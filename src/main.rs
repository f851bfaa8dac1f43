//! The program: one binary, a verb a command.
mod commands;

use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for the last traces to leave.
const FLUSH_WAIT: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let command = commands::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("crisis-hub: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let traces = {
        let _inside = runtime.enter();
        commands::log::open(command.log_level(), command.logs_json(), &command.collector())
    };
    let done = runtime.block_on(command.run());
    if let Some(traces) = traces {
        let _ = traces.shutdown_with_timeout(FLUSH_WAIT);
    }
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("crisis-hub: {error:#}");
            ExitCode::FAILURE
        }
    }
}
