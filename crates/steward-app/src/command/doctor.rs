//! `doctor_run`: this computer first, then the copy, then the server.

use std::time::Instant;

use steward_core::{Error, ErrorKind, Result};

use super::connection::{self, Steps, millis};
use super::workspace::{CheckList, CheckState, WriteMode, mode_at};
use crate::context::{Engine, Steward, address_of};
use crate::wire::WireError;

/// A copy behind a clock that is off by more shows ages that mislead.
const SKEW_LIMIT_MS: i64 = 60_000;

pub(crate) async fn doctor_run(steward: &Steward, (): ()) -> Result<CheckList> {
    let mut steps = Steps::default();
    let home = steward.home().path().display().to_string();
    steps.add("home", "Data folder", CheckState::Ok, home, 0.0, None);

    let started = Instant::now();
    let secrets = steward.blocking(|inner| inner.secrets.check().map(|()| inner.secrets.describe())).await;
    let secrets = secrets.map(|place| (CheckState::Ok, place.to_owned()));
    record(&mut steps, "secrets", "Secrets", started, secrets);

    let Some(workspace) = steward.current_if_any().await? else {
        let finding = "None yet: open the sample company or add one".to_owned();
        steps.add("workspace", "Workspace", CheckState::Warning, finding, 0.0, None);
        return Ok(steps.finish());
    };
    let mode = match mode_at(&workspace, steward.inner.clock.now()) {
        WriteMode::ReadOnly => "read-only",
        WriteMode::Reviewed => "changes are reviewed",
        WriteMode::Unlocked => "unlocked: everything may be changed",
    };
    let finding = format!("{}, {mode}", workspace.name);
    steps.add("workspace", "Workspace", CheckState::Ok, finding, 0.0, None);

    let started = Instant::now();
    let copy = super::sync::sync_status(steward, ()).await;
    let skew = copy.as_ref().ok().and_then(|status| status.clock_skew_ms);
    let copy = copy.map(|status| match status.as_of {
        Some(as_of) if status.is_consistent => {
            (CheckState::Ok, format!("Equal to the server as of {}", as_of.to_rfc3339()))
        }
        Some(as_of) => (CheckState::Warning, format!("Incomplete as of {}", as_of.to_rfc3339())),
        None => (CheckState::Warning, "Nothing was read yet: run `steward sync`".to_owned()),
    });
    record(&mut steps, "copy", "Local copy", started, copy);

    if let Some(skew) = skew {
        let state = if skew.abs() > SKEW_LIMIT_MS { CheckState::Warning } else { CheckState::Ok };
        let finding = format!("The server's clock is {skew} ms ahead of this computer's");
        steps.add("clock", "Clock", state, finding, 0.0, None);
    }
    if steward.inner.engine == Engine::Offline {
        return Ok(steps.finish());
    }
    let started = Instant::now();
    let id = workspace.id;
    let way = async {
        let workspace = steward.wake(workspace).await?;
        let password = steward.blocking(move |inner| inner.password(id)).await?;
        Ok::<_, Error>((address_of(&workspace)?, password))
    };
    match way.await {
        Ok((address, password)) => {
            steps.passed("url", started, address.to_url());
            let _ = connection::server(&mut steps, &address, password.as_ref()).await;
        }
        Err(error) => steps.failed("url", started, &error),
    }
    Ok(steps.finish())
}

fn record(
    steps: &mut Steps,
    name: &str,
    label: &str,
    started: Instant,
    result: Result<(CheckState, String)>,
) {
    match result {
        Ok((state, finding)) => steps.add(name, label, state, finding, millis(started), None),
        Err(error) => {
            // Without a keyring the copy cannot be opened; saying so twice helps nobody.
            let state = match error.kind() {
                ErrorKind::NotFound => CheckState::Warning,
                _ => CheckState::Failed,
            };
            let wire = WireError::from_error(&error);
            steps.add(name, label, state, error.message().to_owned(), millis(started), Some(wire));
        }
    }
}
