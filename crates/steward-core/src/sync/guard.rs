//! The guards that keep the copy right, named so that a test can take one away.
//!
//! A proof that cannot fail proves nothing: the tests `m1_…` to `m5_…` run the engine without one of these
//! and watch the oracle find the damage. Only debug builds can take a guard away, and only in code: neither
//! settings nor the environment reach it.

/// Something the engine does that looks as if it could be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// S3: the cursor is a snapshot. Without it: the highest transaction id seen.
    SnapshotCursor,
    /// S1: tables are locked before the snapshot.
    TableLock,
    /// S4: nothing is stored before the server has it on disk.
    FlushWait,
    /// S5: everything from `xmin` on is asked of a standby.
    StandbySuperset,
    /// S3: transaction ids are compared with all their 64 bits.
    WideXid,
}

/// Which guards are in place: all of them, outside tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    missing: Option<Guard>,
}

impl Guards {
    /// Every guard in place.
    pub const ALL: Self = Self { missing: None };

    /// All guards but one: a mutant, for tests.
    #[cfg(debug_assertions)]
    #[must_use]
    pub const fn without(guard: Guard) -> Self {
        Self { missing: Some(guard) }
    }

    /// Whether this guard is in place.
    #[must_use]
    pub fn has(self, guard: Guard) -> bool {
        self.missing != Some(guard)
    }
}
