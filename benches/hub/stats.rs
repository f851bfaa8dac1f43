//! Numbers over several runs, and what the machine says of its processes.
use crate::Done;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A median, and how far the runs lay apart.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |n: usize| values.get(n).copied().unwrap_or(f64::NAN);
        let half = values.len() / 2;
        let median =
            if values.len().is_multiple_of(2) { f64::midpoint(at(half.wrapping_sub(1)), at(half)) } else { at(half) };
        Self { median, low: at(0), high: at(values.len().wrapping_sub(1)) }
    }
}

/// A number with three digits that count.
pub fn short(value: f64) -> String {
    let text = match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        small if small >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let grouped: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    format!("{sign}{}{rest}", grouped.join(","))
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", short(self.median), short(self.low), short(self.high))
    }
}

/// Waiting times in microseconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Waits(Vec<u32>);

impl Waits {
    pub fn note(&mut self, micros: u128) {
        self.0.push(u32::try_from(micros).unwrap_or(u32::MAX));
    }

    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// p50, p99 and the longest, in milliseconds.
    pub fn millis(mut self) -> [f64; 3] {
        self.0.sort_unstable();
        let last = self.0.len().wrapping_sub(1);
        let at = |thousandth: usize| {
            self.0.get(last.saturating_mul(thousandth) / 1_000).map_or(f64::NAN, |micros| f64::from(*micros) / 1e3)
        };
        if self.0.is_empty() { [0.0; 3] } else { [at(500), at(990), at(1_000)] }
    }
}

/// Processor time that a process has used, in seconds.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; user and system time are the 12th and 13th fields after it.
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // Linux counts in hundredths on every platform that it tells programs of.
    (ticks(11) + ticks(12)) / 100.0
}

pub fn cpu_of_all(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| cpu_seconds(*pid)).sum()
}

/// Resident memory of a process, in mebibytes.
pub fn memory_mib(pid: u32) -> f64 {
    kib(&std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), "VmRSS:") / 1_024.0
}

fn kib(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(f64::NAN)
}

/// The machine, in one line.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let of = |name: &str| {
        cpu.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(':'))
            .map_or("", |(_, value)| value.trim())
    };
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let gib = kib(&read("/proc/meminfo"), "MemTotal:") / 1_048_576.0;
    let system = read("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("").trim_matches('"');
    format!(
        "{}, {cores} cores, {} GiB, Linux {}, {system}",
        of("model name"),
        short(gib),
        read("/proc/sys/kernel/osrelease").trim()
    )
}

/// Fails when this process may not hold so many files.
pub fn may_open(files: usize) -> Done {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or("");
    let soft = line.split_whitespace().next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(usize::MAX);
    if soft < files {
        return Err(format!("{files} open files are needed and {soft} are allowed: ulimit -n {files}").into());
    }
    Ok(())
}
