//! The process from first to last.

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser as _};
use steward_app::wire::WireError;
use steward_core::{Error, ErrorKind, Result};

use crate::args::{Cli, Color, Command};
use crate::client::{Answer, Client};
use crate::render::output;
use crate::{command, exit};

/// How long what still ends may take once the answer is printed.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Runs `steward` with the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help and version are answers, everything else is a usage error; clap knows which is which.
            let code = if refusal.use_stderr() { exit::USAGE } else { exit::OK };
            let _ = refusal.print();
            return code.into();
        }
    };
    match cli.global.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    start_log(cli.global.verbose);
    // The few commands without a front door answer before anything is opened.
    match &cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "steward", &mut script);
            return output::raw(&script).into();
        }
        Command::Manual { folder } => {
            let written = std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
                .map_err(|cause| {
                    Error::new(ErrorKind::File, "The manual pages could not be written.")
                        .with_detail(folder.display().to_string())
                        .with_source(cause)
                });
            return match written {
                Ok(()) => exit::OK.into(),
                Err(error) => output::failure(&WireError::from_error(&error), cli.global.json).into(),
            };
        }
        Command::ExitCodes => return output::raw(format!("{}\n", exit::EXIT_CODES).as_bytes()).into(),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(cli));
            // Threads that still close a copy must be done before the libraries are taken down around them; a
            // keyring that hangs must not keep the process alive all the same.
            runtime.shutdown_timeout(LAST_MOMENTS);
            code.into()
        }
        Err(cause) => {
            let error = Error::internal("The runtime could not be started.").with_source(cause);
            output::failure(&WireError::from_error(&error), cli.global.json).into()
        }
    }
}

async fn run(cli: Cli) -> u8 {
    let is_json = cli.global.json;
    let client = match Client::open(cli.global, cli.command.rows()).await {
        Ok(client) => client,
        Err(error) => return output::failure(&WireError::from_error(&error), is_json),
    };
    let code = tokio::select! {
        result = answer(&client, cli.command) => match result {
            Ok(code) => code,
            Err(error) => output::failure(&WireError::from_error(&error), is_json),
        },
        code = stopped() => code,
    };
    client.steward.close().await;
    code
}

async fn answer(client: &Client, command: Command) -> Result<u8> {
    match Box::pin(command::run(client, command)).await? {
        Some(answer) => emit(client, &answer).await,
        None => Ok(exit::OK),
    }
}

/// Prints an answer and gives its exit code.
pub(crate) async fn emit(client: &Client, answer: &Answer) -> Result<u8> {
    let printed = if client.global.json {
        output::envelope(client, answer).await?
    } else {
        output::text(client, answer).await?
    };
    // Who read our output has left: nothing more to say, and nothing wrong.
    Ok(if printed { answer.code } else { exit::OK })
}

/// Resolves when somebody wants the process to end. What runs is dropped: a statement on the server is
/// cancelled with its connection, a half-read batch is rolled back.
async fn stopped() -> u8 {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => exit::INTERRUPTED,
            _ = terminate.recv() => exit::TERMINATED,
        }
    }
    #[cfg(not(unix))]
    {
        if tokio::signal::ctrl_c().await.is_err() {
            return std::future::pending().await;
        }
        exit::INTERRUPTED
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("STEWARD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
