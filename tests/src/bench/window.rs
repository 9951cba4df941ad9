//! From starting the program to the first frame with numbers, against an empty window of the same shell.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use steward_store::postgres::cluster::{Cluster, ClusterConfig, SUPERUSER};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use x11rb::protocol::xproto::Rectangle;

use super::{Options, Report, median};
use crate::window::{Desk, Home, LIMIT, desktop_program, until};

/// What the shell says when its page has painted, and when the page has painted numbers.
const FRAME: &str = "The first frame is painted.";
const NUMBERS: &str = "The first numbers are painted.";

/// Where the empty page has its word.
const EMPTY_PAGE: Rectangle = Rectangle { x: 0, y: 0, width: 80, height: 60 };

/// Where the overview has the labels, numbers and lines of its cards.
const CARDS: Rectangle = Rectangle { x: 260, y: 120, width: 900, height: 90 };

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
    for (arguments, place) in [(["--empty-window"].as_slice(), EMPTY_PAGE), (&[], CARDS)] {
        start(&desk, &home, arguments, &[FRAME], place).await?;
    }
    let (mut empty, mut frame, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut empty_seen, mut numbers_seen) = (Vec::new(), Vec::new());
    let (mut empty_spent, mut spent) = (Spending::default(), Spending::default());
    for _ in 0..options.rounds.max(7) {
        let bare = start(&desk, &home, &["--empty-window"], &[FRAME], EMPTY_PAGE).await?;
        empty.push(bare.times[0]);
        empty_seen.push(bare.seen);
        empty_spent.push(bare.spent);
        let Started { times, seen, spent: processor } =
            start(&desk, &home, &[], &[FRAME, NUMBERS], CARDS).await?;
        numbers_seen.push(seen);
        frame.push(times[0]);
        // Numbers that are there before the window is shown are seen with its first frame.
        numbers.push(times[0].max(times[1]));
        spent.push(processor);
    }
    let raw = json!({
        "empty_ms": empty, "frame_ms": frame, "numbers_ms": numbers,
        "empty_seen_ms": empty_seen, "numbers_seen_ms": numbers_seen,
    });
    let (empty, frame, numbers) = (median(empty), median(frame), median(numbers));
    let (empty_seen, numbers_seen) = (median(empty_seen), median(numbers_seen));
    let (empty_spent, spent) = (empty_spent.median(), spent.median());
    let mut report = Report::new(
        format!("window-{size}"),
        format!(
            "From starting the program to the page's word that it has drawn, and to the words on the screen: an \
             empty window, and a window with the {size} sample company's copy of this computer. A screen without a \
             graphics card (Xvfb); medians of rounds in turns. Processor time is what the program's own process and \
             the page's, where the interface is read and drawn, had spent by the page's word."
        ),
        &[
            "what",
            "said, ms",
            "times the empty window",
            "on screen, ms",
            "times the empty window",
            "processor ms: program",
            "page",
        ],
    );
    report.rows = [
        ("empty window", empty, Some((empty_seen, empty_spent))),
        ("first themed frame", frame, None),
        ("first frame with numbers", numbers, Some((numbers_seen, spent))),
    ]
    .map(|(what, said, more)| {
        let whole = |figure: f64| format!("{figure:.0}");
        let times = |time: f64, empty: f64| format!("{:.2}", time / empty);
        let [seen, ratio, program, page] = more.map_or_else(Default::default, |(seen, spent)| {
            [whole(seen), times(seen, empty_seen), whole(spent.program), whole(spent.page)]
        });
        vec![what.to_owned(), whole(said), times(said, empty), seen, ratio, program, page]
    })
    .to_vec();
    report.figures = json!({
        "empty_ms": empty, "frame_ms": frame, "numbers_ms": numbers, "ratio": numbers / empty,
        "empty_seen_ms": empty_seen, "numbers_seen_ms": numbers_seen, "ratio_seen": numbers_seen / empty_seen,
        "rounds": raw,
        "processor_ms": {
            "empty": { "program": empty_spent.program, "page": empty_spent.page },
            "numbers": { "program": spent.program, "page": spent.page },
        },
    });
    Ok(report)
}

/// Processor time, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Spent {
    program: f64,
    /// The process WebKit keeps for the page.
    page: f64,
}

impl Spent {
    /// What the program with this process id has spent so far; 0 where the system does not tell.
    fn of(program: u32) -> Self {
        let page = children(program).into_iter().filter(|id| {
            fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.starts_with("WebKitWeb"))
        });
        Self { program: processor_ms(program), page: page.map(processor_ms).sum() }
    }
}

/// One of each round.
#[derive(Default)]
struct Spending {
    program: Vec<f64>,
    page: Vec<f64>,
}

impl Spending {
    fn push(&mut self, spent: Spent) {
        self.program.push(spent.program);
        self.page.push(spent.page);
    }

    fn median(self) -> Spent {
        Spent { program: median(self.program), page: median(self.page) }
    }
}

/// The processes that this one has started and that still run.
fn children(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|ids| ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The processor time of a process's running threads.
fn processor_ms(process: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|times| times.split_whitespace().next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1e6
}

/// A start of the program.
struct Started {
    /// Milliseconds until it said each of the words.
    times: Vec<f64>,
    /// Milliseconds until its place on the screen showed words.
    seen: f64,
    /// By when it had said them all.
    spent: Spent,
}

/// Starts the program and ends it once it said each of the words, in whatever order it did, and is seen.
async fn start(
    desk: &Desk,
    home: &Home,
    arguments: &[&str],
    words: &[&str],
    place: Rectangle,
) -> Result<Started> {
    let mut command = std::process::Command::new(desktop_program()?);
    desk.prepare(&mut command, home);
    command.args(arguments).env("STEWARD_LOG", "info").env("NO_COLOR", "1");
    let mut command = Command::from(command);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let began = Instant::now();
    let mut program = command.spawn().context("the window's program does not start")?;
    let said = async {
        tokio::time::timeout(LIMIT, said(&mut program, words, began))
            .await
            .with_context(|| format!("within {} s it did not say: {}", LIMIT.as_secs(), words.join(" ")))?
    };
    let ((times, spent), seen) = tokio::try_join!(said, desk.shows_words(place))?;
    let started = Started { times, seen: milliseconds(seen - began), spent };
    desk.ask_to_close().await?;
    tokio::time::timeout(LIMIT, program.wait()).await.context("the window does not close")??;
    Ok(started)
}

async fn said(program: &mut Child, words: &[&str], began: Instant) -> Result<(Vec<f64>, Spent)> {
    let id = program.id().context("it runs")?;
    let mut lines = BufReader::new(program.stderr.take().context("its words are piped")?).lines();
    let mut times = vec![None; words.len()];
    while let Some(line) = lines.next_line().await? {
        if let Some(place) = words.iter().position(|word| line.contains(word)) {
            times[place].get_or_insert(milliseconds(began.elapsed()));
        }
        if let Some(times) = times.iter().copied().collect() {
            let spent = Spent::of(id);
            // Whatever it still says must not block it.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((times, spent));
        }
    }
    bail!("it ended before it said: {}", words.join(" "))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
