//! From starting the program to the first frame with numbers, against an empty window of the same shell.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use steward_store::postgres::cluster::{Cluster, ClusterConfig, SUPERUSER};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{Options, Report, median};
use crate::window::{Desk, Home, LIMIT, desktop_program, until};

/// What the shell says when its page has painted, and when the page has painted numbers.
const FRAME: &str = "The first frame is painted.";
const NUMBERS: &str = "The first numbers are painted.";

/// Opens an empty window and a window with a company in turns.
pub async fn run(options: &Options) -> Result<Report> {
    let desk = Desk::new()?;
    let (home, _keyring) = desk.with_keyring(Home::new()?)?;
    let config = ClusterConfig { data_dir: home.path().join("server"), ..ClusterConfig::default() };
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(config)).await??;
    let url = cluster.url(SUPERUSER, cluster.password(), "postgres");
    let size = options.size.name();
    let open = ["sample", "open", "--size", size, "--database-url", &url];
    until("the keyring answers and the company is made", async || home.steward_json(&open).ok()).await?;
    home.steward_json(&["sync"])?;

    // The first start of each reads programs and libraries from the disk.
    for arguments in [["--empty-window"].as_slice(), &[]] {
        start(&desk, &home, arguments, &[FRAME]).await?;
    }
    let (mut empty, mut frame, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(7) {
        empty.push(start(&desk, &home, &["--empty-window"], &[FRAME]).await?[0]);
        let times = start(&desk, &home, &[], &[FRAME, NUMBERS]).await?;
        frame.push(times[0]);
        // Numbers that are there before the window is shown are seen with its first frame.
        numbers.push(times[0].max(times[1]));
    }
    let raw = json!({ "empty_ms": empty, "frame_ms": frame, "numbers_ms": numbers });
    let (empty, frame, numbers) = (median(empty), median(frame), median(numbers));
    let mut report = Report::new(
        format!("window-{size}"),
        format!(
            "From starting the program to the page's word that it painted: an empty window, and a window with \
             the {size} sample company's copy of this computer. A screen without a graphics card (Xvfb); \
             medians of rounds in turns."
        ),
        &["what", "milliseconds", "times the empty window"],
    );
    report.rows =
        [("empty window", empty), ("first themed frame", frame), ("first frame with numbers", numbers)]
            .map(|(what, time)| vec![what.to_owned(), format!("{time:.0}"), format!("{:.2}", time / empty)])
            .to_vec();
    report.figures = json!({
        "empty_ms": empty, "frame_ms": frame, "numbers_ms": numbers, "ratio": numbers / empty, "rounds": raw,
    });
    Ok(report)
}

/// Starts the program and ends it; milliseconds until it said each of the words, in whatever order it did.
async fn start(desk: &Desk, home: &Home, arguments: &[&str], words: &[&str]) -> Result<Vec<f64>> {
    let mut command = std::process::Command::new(desktop_program()?);
    desk.prepare(&mut command, home);
    command.args(arguments).env("STEWARD_LOG", "info").env("NO_COLOR", "1");
    let mut command = Command::from(command);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let began = Instant::now();
    let mut program = command.spawn().context("the window's program does not start")?;
    let times = tokio::time::timeout(LIMIT, said(&mut program, words, began))
        .await
        .with_context(|| format!("within {} s it did not say: {}", LIMIT.as_secs(), words.join(" ")))??;
    desk.ask_to_close().await?;
    tokio::time::timeout(LIMIT, program.wait()).await.context("the window does not close")??;
    Ok(times)
}

async fn said(program: &mut Child, words: &[&str], began: Instant) -> Result<Vec<f64>> {
    let mut lines = BufReader::new(program.stderr.take().context("its words are piped")?).lines();
    let mut times = vec![None; words.len()];
    while let Some(line) = lines.next_line().await? {
        if let Some(place) = words.iter().position(|word| line.contains(word)) {
            times[place].get_or_insert(milliseconds(began.elapsed()));
        }
        if let Some(times) = times.iter().copied().collect() {
            // Whatever it still says must not block it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(times);
        }
    }
    bail!("it ended before it said: {}", words.join(" "))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
