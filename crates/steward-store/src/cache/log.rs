//! Moving the write-ahead log into the file, beside the writer.
//!
//! Readers see what is in the log as well as what is in the file, so nobody has to wait for the way from one to the
//! other: 16 MB are copied, and the disk is asked twice to keep them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use steward_core::{Error, ErrorKind, Result};

use super::{fault, file};

/// Pages in the log from which on they are moved: 16 MB, as SQLite itself would.
const LONG: u32 = (16 << 20) / file::PAGE_BYTES;

/// Pages from which on the writer moves the rest itself. A log begins anew only when all of it was moved while
/// nothing was written, which a load does not allow by itself.
const TOO_LONG: u32 = 4 * LONG;

/// A thread that moves the log when it is long; it ends with this value.
#[derive(Debug)]
pub(super) struct LogMover {
    /// Room for one word: who is at work already sees the newest pages, too.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LogMover {
    /// Starts the thread with a connection of its own.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (wake, woken) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("steward-cache-log".to_owned())
            .spawn(move || run(&connection, &woken))
            .map_err(|cause| Error::new(ErrorKind::File, "No thread could be started.").with_source(cause))?;
        Ok(Self { wake: Some(wake), thread: Some(thread) })
    }

    /// Says how many pages the log has after a commit of the writer's.
    pub(super) fn log_has(&self, pages: u32, writer: &Connection) {
        if pages >= TOO_LONG {
            move_log(writer);
        } else if pages >= LONG
            && let Some(wake) = &self.wake
        {
            // A word that finds no room was said already.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for LogMover {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // The file may be removed or put aside next, so nobody may have it open.
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        move_log(connection);
    }
}

/// Moves what is in the log as far as readers allow. What fails is tried again after the next commit: nothing is lost
/// by it, and a full disk shows where something is written.
fn move_log(connection: &Connection) {
    let moved = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).map_err(fault::map);
    if let Err(error) = moved {
        tracing::warn!("the log was not moved into the file: {}", error.chain());
    }
}
