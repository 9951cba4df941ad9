//! Measures Steward against the machine: `steward-bench generate | sync | overview | lists | finance | pull |
//! peers | consume | window | capture | report [--size medium] [--rounds 3]`.
//!
//! Build it with `--profile bench-fast`. Each subcommand prints a table and writes it, with the raw figures
//! as JSON, to `docs/benchmarks/`.

use anyhow::{Context, Result, bail};
use steward_core::sample::SampleSize;
use steward_tests::bench::{self, Options};

/// Gives memory back to the system; the C library's would keep most of what a first sync has used.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("STEWARD_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = std::env::args().skip(1);
    let verb = arguments
        .next()
        .context("Name a benchmark: generate, sync, overview, lists, finance, pull, peers, consume, window, capture or report.")?;
    if verb == "reconcile" {
        // A part of `finance` that runs in a process of its own.
        let folder = arguments.next().context("Name the folder.")?;
        let rounds = arguments.next().context("Say how often.")?.parse()?;
        let found = bench::finance::reconcile_in(folder.as_ref(), rounds).await?;
        say(&serde_json::to_string(&found)?);
        return Ok(());
    }
    let mut options = Options { size: SampleSize::Medium, rounds: 3 };
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a value."))?;
        match name.as_str() {
            "--size" => options.size = value.parse()?,
            "--rounds" => options.rounds = value.parse().context("--rounds is a number.")?,
            _ => bail!("No such option: {name}."),
        }
    }
    let report = match verb.as_str() {
        "generate" => bench::generate::run(&options)?,
        "sync" => bench::sync::run(&options).await?,
        "overview" => bench::overview::run(&options).await?,
        "lists" => bench::lists::run(&options).await?,
        "finance" => bench::finance::run(&options).await?,
        "pull" => bench::pull::run(&options).await?,
        "peers" => bench::peers::run(&options).await?,
        "consume" => bench::consume::run(&options).await?,
        "window" => bench::window::run(&options).await?,
        "capture" => bench::capture::run(&options).await?,
        "report" => bench::report::run(&options).await?,
        _ => {
            bail!(
                "No such benchmark: {verb}. There are generate, sync, overview, lists, finance, pull, peers, \
                 consume, window, capture and report."
            )
        }
    };
    say(&report.publish()?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a development tool answers on its output")]
fn say(text: &str) {
    println!("{text}");
}
