//! The state in words.

use steward_core::sync::{Machine, Position, Stage};
use steward_core::{Dataset, ErrorKind};
use steward_store::cache::KeyRange;
use steward_store::postgres::connect::{Address, Host};

use super::engine::{Gauges, progress};
use crate::command::sync::{DatasetState, DatasetStatus, SyncPhase};
use crate::wire::WireError;

/// `host:port`, or the folder of a socket.
pub(super) fn place(address: &Address) -> String {
    match address.host() {
        Host::Tcp(host) => format!("{host}:{}", address.port()),
        Host::Socket(folder) => folder.display().to_string(),
    }
}

pub(super) fn phase(machine: &Machine) -> SyncPhase {
    let is_loading = !machine.position().loads.is_empty();
    match machine.stage() {
        Stage::Idle => SyncPhase::Idle,
        Stage::Connecting => SyncPhase::Connecting,
        Stage::Cutting if is_loading => SyncPhase::Loading,
        Stage::Cutting => SyncPhase::Pulling,
        Stage::Loading => SyncPhase::Loading,
        Stage::Comparing => SyncPhase::Verifying,
        Stage::Retrying => SyncPhase::Retrying,
        Stage::Paused => SyncPhase::Paused,
        Stage::Stopped => SyncPhase::Stopped,
    }
}

pub(super) fn dataset(
    dataset: Dataset,
    machine: &Machine,
    gauges: &Gauges,
    last_error: Option<(&WireError, ErrorKind)>,
) -> DatasetStatus {
    let state = state(dataset, machine, gauges, last_error);
    DatasetStatus {
        dataset,
        label: dataset.spec().label.to_owned(),
        words: words(&state),
        state,
        rows: gauges.row_counts.get(&dataset).copied().unwrap_or(0),
        server_rows_estimate: gauges.estimates.get(&dataset).copied(),
        rows_per_second: machine
            .position()
            .loads
            .contains_key(&dataset)
            .then(|| gauges.rates.get(&dataset).copied())
            .flatten(),
        verified_at: gauges.journal.as_ref().and_then(|journal| journal.verified_at.get(&dataset)).copied(),
    }
}

fn state(
    dataset: Dataset,
    machine: &Machine,
    gauges: &Gauges,
    last_error: Option<(&WireError, ErrorKind)>,
) -> DatasetState {
    let position: &Position = machine.position();
    // A login that may not read, or may read only some rows, must never look like an empty table.
    if let Some((error, ErrorKind::Permission | ErrorKind::RowSecurity)) = last_error
        && machine.stage() == Stage::Stopped
    {
        return DatasetState::Blocked { reason: error.message.clone() };
    }
    let Some(cursor) = &position.cursor else { return DatasetState::Waiting };
    if let Some(load) = position.loads.get(&dataset) {
        return match &load.reason {
            Some(reason) => DatasetState::Repairing { reason: reason.clone() },
            None if load.row_count == 0 => DatasetState::Waiting,
            None => {
                DatasetState::Loading { progress: progress(load, gauges.estimates.get(&dataset).copied()) }
            }
        };
    }
    if machine.stage() == Stage::Comparing {
        return DatasetState::Verifying { progress: None };
    }
    if position.settled.contains(&dataset) {
        DatasetState::Consistent { as_of: cursor.as_of }
    } else {
        DatasetState::CatchingUp
    }
}

fn words(state: &DatasetState) -> String {
    match state {
        DatasetState::Waiting => "Waiting".to_owned(),
        DatasetState::Loading { progress } => with_share("Loading", *progress),
        DatasetState::CatchingUp => "Catching up".to_owned(),
        DatasetState::Consistent { as_of } => format!("Consistent as of {} UTC", as_of.format("%H:%M:%S")),
        DatasetState::Verifying { progress } => with_share("Verifying", *progress),
        DatasetState::Repairing { reason } => format!("Reading again. {reason}"),
        DatasetState::Blocked { reason } => format!("Blocked. {reason}"),
    }
}

fn with_share(word: &str, progress: Option<f64>) -> String {
    match progress {
        Some(share) => format!("{word}, {:.0} %", share * 100.0),
        None => word.to_owned(),
    }
}

/// A range of rows as people would name it.
pub(super) fn range_words(range: &KeyRange) -> String {
    match range {
        KeyRange::All | KeyRange::KeysAfter { .. } => "All rows".to_owned(),
        KeyRange::TimeBetween { start_us, end_us } => {
            let day = |us: i64| {
                chrono::DateTime::from_timestamp_micros(us).map(|at| at.format("%Y-%m-%d").to_string())
            };
            match (day(*start_us), day(*end_us)) {
                (Some(start), Some(end)) => format!("From {start} to before {end} (UTC)"),
                (None, Some(end)) => format!("Before {end} (UTC)"),
                (Some(start), None) => format!("From {start} on (UTC)"),
                (None, None) => "All rows".to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_as_words() {
        let as_of = "2026-11-21T14:02:11Z".parse().unwrap();
        assert_eq!(words(&DatasetState::Consistent { as_of }), "Consistent as of 14:02:11 UTC");
        assert_eq!(words(&DatasetState::Loading { progress: Some(0.434) }), "Loading, 43 %");
        assert_eq!(words(&DatasetState::Loading { progress: None }), "Loading");
        let march = KeyRange::TimeBetween { start_us: 1_772_323_200_000_000, end_us: i64::MAX };
        assert_eq!(range_words(&march), "From 2026-03-01 on (UTC)");
    }
}
