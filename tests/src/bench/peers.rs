//! Other programs that copy a table of Postgres into SQLite, on the same table in the same run.
//!
//! The peers come from their registries into a virtual environment under `target/peers`; what is missing is
//! named in the table, not left out.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use steward_core::Dataset;

use super::database::Database;
use super::sync::{Beside, initial_sync, load_events, middle};
use super::{Options, Report, median};

const SCRIPT: &str = include_str!("peers/peers.py");
const REQUIREMENTS: &str = include_str!("peers/requirements.txt");

/// A program to compare with.
struct Peer {
    /// Its function in the script.
    name: &'static str,
    label: &'static str,
    note: &'static str,
    /// Rows it copies; 0 is all. The slow ones would take an hour.
    rows: u64,
}

const PEERS: [Peer; 6] = [
    Peer { name: "duckdb", label: "DuckDB 1.5.5, postgres and sqlite extensions", note: "", rows: 0 },
    Peer { name: "adbc", label: "ADBC 1.13 postgresql to sqlite", note: "uuids and costs as text", rows: 0 },
    Peer { name: "psql", label: "psql CSV into sqlite3 .import", note: "NULL becomes ''", rows: 0 },
    Peer { name: "ogr2ogr", label: "ogr2ogr (GDAL)", note: "cuts microseconds", rows: 0 },
    Peer { name: "sling", label: "sling 1.4.11", note: "20,000 rows", rows: 20_000 },
    Peer { name: "db_to_sqlite", label: "db-to-sqlite 1.5", note: "20,000 rows", rows: 20_000 },
];

/// Runs everybody in turns.
pub async fn run(options: &Options) -> Result<Report> {
    let database = Database::open(options.size).await?;
    let python = tokio::task::spawn_blocking(environment).await??;
    let (mut rows_only, mut with_sums, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let mut found: Vec<Vec<Value>> = vec![Vec::new(); PEERS.len()];
    for _ in 0..options.rounds {
        rows_only.push(load_events(&database, Beside::Nothing).await?);
        with_sums.push(load_events(&database, Beside::Sums).await?);
        whole.push(initial_sync(&database, false).await?.answering);
        for (peer, found) in PEERS.iter().zip(&mut found) {
            let (python, url) = (python.clone(), database.url.clone());
            found.push(tokio::task::spawn_blocking(move || ask(&python, peer, &url)).await??);
        }
    }
    let events = options.size.events() as f64;
    let (rows_only, with_sums, whole) = (middle(&rows_only), middle(&with_sums), middle(&whole));
    let own = events / rows_only.seconds;
    let mut report = Report::new(
        format!("peers-{}", options.size.name()),
        format!(
            "The usage events of the sample company into SQLite by programs made for it, {} rounds in turns, \
             medians. Only Steward's files are encrypted.",
            options.rounds
        ),
        &["what", "rows/s", "of Steward, rows only", "MB", "note"],
    );
    let row = |what: &str, rate: f64, bytes: f64, note: &str| {
        let megabytes = format!("{:.0}", bytes / 1e6);
        vec![what.to_owned(), format!("{rate:.0}"), format!("{:.2}", rate / own), megabytes, note.to_owned()]
    };
    report.rows.push(row("Steward, rows only", own, rows_only.disk as f64, "encrypted"));
    let rate_with_sums = events / with_sums.seconds;
    let note = "encrypted; the sums every number is answered from, too";
    report.rows.push(row("Steward, rows and sums", rate_with_sums, with_sums.disk as f64, note));
    let rate = events / whole.seconds;
    let note = "encrypted; every other dataset, sums and cursor, too";
    report.rows.push(row("Steward, until every view answers", rate, whole.disk as f64, note));
    let mut figures = json!({ "rows_only": own, "with_sums": rate_with_sums, "answering": rate });
    for (peer, found) in PEERS.iter().zip(&found) {
        let rates: Vec<f64> =
            found.iter().filter_map(|run| Some(run["rows"].as_f64()? / run["seconds"].as_f64()?)).collect();
        if rates.is_empty() {
            let reason = found.iter().find_map(|run| run["failed"].as_str()).unwrap_or("did not run");
            report.rows.push(vec![
                peer.label.to_owned(),
                "–".to_owned(),
                "–".to_owned(),
                "–".to_owned(),
                reason.to_owned(),
            ]);
            continue;
        }
        let rate = median(rates);
        let bytes = found.iter().find_map(|run| run["bytes"].as_f64()).unwrap_or(0.0);
        figures[peer.name] = rate.into();
        report.rows.push(row(peer.label, rate, bytes, peer.note));
    }
    report.figures = figures;
    Ok(report)
}

fn ask(python: &Path, peer: &Peer, url: &str) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let spec = Dataset::UsageEvents.spec();
    let columns: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
    let output = Command::new(python)
        .args(["-c", SCRIPT, peer.name, url, &columns.join(","), &peer.rows.to_string()])
        .arg(folder.path().join("peer.db"))
        .output()
        .context("Python starts")?;
    let line = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(line.lines().last().unwrap_or_default())
        .with_context(|| format!("{}: {}", peer.name, String::from_utf8_lossy(&output.stderr)))
}

/// The virtual environment with the peers, made when it is missing or meant for other versions.
fn environment() -> Result<PathBuf> {
    let folder = super::repository().join("target/peers");
    let (python, marker) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    let made =
        Command::new("python3").args(["-m", "venv"]).arg(&folder).status().context("python3 starts")?;
    ensure!(made.success(), "python3 -m venv failed; Debian has it in python3-venv");
    let wanted = folder.join("wanted.txt");
    std::fs::write(&wanted, REQUIREMENTS)?;
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&wanted)
        .status()?;
    ensure!(installed.success(), "the peers could not be installed");
    std::fs::rename(&wanted, &marker)?;
    Ok(python)
}
