//! The private PostgreSQL of tests and development: `steward-devdb start | stop | status | url [database]`.
//!
//! It is the very cluster the tests share, so a test run right after `start` saves the second that a start
//! takes.

use anyhow::{Result, bail};
use secrecy::ExposeSecret;
use steward_store::postgres::cluster::{Cluster, SUPERUSER};
use steward_tests::cluster::{cluster_config, cluster_folder, shared_cluster};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_else(|| "status".to_owned());
    let database = arguments.next().unwrap_or_else(|| "postgres".to_owned());
    match verb.as_str() {
        "start" => say(&url(shared_cluster(), &database)),
        "stop" => match Cluster::find(cluster_config())? {
            Some(cluster) => {
                cluster.stop()?;
                say("Stopped.");
            }
            None => say("It was not running."),
        },
        "status" => match Cluster::find(cluster_config())? {
            Some(cluster) => {
                say(&format!("Running on port {}, folder {}.", cluster.port(), cluster.folder().display()));
            }
            None => say(&format!("Stopped; its folder is {}.", cluster_folder().display())),
        },
        "url" => match Cluster::find(cluster_config())? {
            Some(cluster) => say(&url(&cluster, &database)),
            None => bail!("It is not running; `steward-devdb start` starts it."),
        },
        other => bail!("No such verb: {other}. Use start, stop, status or url [database]."),
    }
    Ok(())
}

fn url(cluster: &Cluster, database: &str) -> String {
    debug_assert!(!cluster.password().expose_secret().is_empty(), "a cluster has a password");
    cluster.url(SUPERUSER, cluster.password(), database)
}

#[expect(clippy::print_stdout, reason = "a development tool answers on its output")]
fn say(text: &str) {
    println!("{text}");
}
