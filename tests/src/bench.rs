//! Benchmarks: what is measured, and how it is written down.
//!
//! Figures of different programs are comparable only when they were taken in turns on the same machine, so
//! every subcommand interleaves its rounds and reports medians.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use steward_core::sample::SampleSize;

pub mod capture;
pub mod consume;
pub mod database;
pub mod finance;
pub mod generate;
pub mod lists;
pub mod overview;
pub mod peers;
pub mod pull;
pub mod report;
pub mod sync;
pub mod window;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Size of the sample company.
    pub size: SampleSize,
    /// Rounds; the median counts.
    pub rounds: usize,
}

/// A measured benchmark.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its name, for example `sync-medium`; also the file's.
    pub name: String,
    /// What was measured, in a sentence.
    pub about: String,
    /// The machine.
    pub machine: String,
    /// Headings of the table.
    pub columns: Vec<String>,
    /// Rows of the table.
    pub rows: Vec<Vec<String>>,
    /// Every figure, for programs.
    pub figures: serde_json::Value,
}

impl Report {
    /// A report without rows.
    pub fn new(name: impl Into<String>, about: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            machine: machine(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: Vec::new(),
            figures: serde_json::Value::Null,
        }
    }

    /// Writes `docs/benchmarks/<name>.{json,md}` and returns the table for people.
    pub fn publish(&self) -> Result<String> {
        let text = self.markdown();
        let folder = repository().join("docs/benchmarks");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{}.json", self.name)), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(folder.join(format!("{}.md", self.name)), &text)?;
        Ok(text)
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("# {}\n\n{} {}\n\n", self.name, self.about, self.machine);
        text.push_str(&line(&self.columns));
        text.push_str(&line(&vec!["---".to_owned(); self.columns.len()]));
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }
}

/// The repository this program was built from.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}

/// Processors and memory, in words.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = status_kib("/proc/meminfo", "MemTotal:").map_or(0, |kib| kib.div_ceil(1024 * 1024));
    format!("Measured on {cores} processors and {memory} GiB of memory.")
}

/// A figure of a file of `/proc` in KiB.
fn status_kib(path: &str, label: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse().ok())
}

/// Highest resident memory of this process so far, in bytes.
#[must_use]
pub fn peak_memory() -> u64 {
    status_kib("/proc/self/status", "VmHWM:").unwrap_or(0) * 1024
}

/// Forgets the highest resident memory so far, where the kernel allows.
pub fn reset_peak_memory() -> Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("the kernel keeps the peak of this process")
}

/// Processor time of this process, user and system.
#[must_use]
pub fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields after the program's name, which may hold spaces: utime and stime are the 14th and 15th.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Processor time of this thread, up to the kernel's last tick; what others do on the machine is not in it.
#[must_use]
pub fn thread_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// The middle of some figures.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => figures[count / 2],
        count => f64::midpoint(figures[count / 2 - 1], figures[count / 2]),
    }
}
