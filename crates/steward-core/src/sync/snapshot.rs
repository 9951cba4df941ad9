//! `pg_snapshot`: which transactions a reader sees.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// A snapshot of the server, as `pg_current_snapshot()` prints it: `xmin:xmax:xip,xip,…`.
///
/// Transaction ids are the 64-bit ones; they never wrap around.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Snapshot {
    xmin: u64,
    xmax: u64,
    xip: Vec<u64>,
}

impl Snapshot {
    /// A snapshot from its parts.
    ///
    /// # Errors
    /// When `xmin` is above `xmax`, or a running transaction lies outside them.
    pub fn new(xmin: u64, xmax: u64, mut xip: Vec<u64>) -> Result<Self, Error> {
        xip.sort_unstable();
        xip.dedup();
        let is_sound = xmin > 0 && xmin <= xmax && xip.iter().all(|xid| (xmin..xmax).contains(xid));
        if !is_sound {
            return Err(Error::new(ErrorKind::Internal, "The server's snapshot is not a snapshot."));
        }
        Ok(Self { xmin, xmax, xip })
    }

    /// The snapshot that contains every transaction before this one, and no other.
    #[must_use]
    pub fn before(xid: u64) -> Self {
        Self { xmin: xid, xmax: xid, xip: Vec::new() }
    }

    /// The lowest transaction still running: every lower one is finished.
    #[must_use]
    pub fn xmin(&self) -> u64 {
        self.xmin
    }

    /// The first transaction id that was not given out yet.
    #[must_use]
    pub fn xmax(&self) -> u64 {
        self.xmax
    }

    /// The transactions that were running, in order. Always empty on a standby, whatever runs.
    #[must_use]
    pub fn xip(&self) -> &[u64] {
        &self.xip
    }

    /// Whether between `self` and `later` no transaction ended but these. Right for snapshots of one primary
    /// only (S5); a long way between them counts as a no.
    #[must_use]
    pub fn is_followed_only_by(&self, later: &Self, own: &BTreeSet<u64>) -> bool {
        const FAR: u64 = 1_000;
        if later.xmin < self.xmin || later.xmax < self.xmax || later.xmax - self.xmax > FAR {
            return false;
        }
        self.xip
            .iter()
            .copied()
            .chain(self.xmax..later.xmax)
            .all(|xid| !later.contains(xid) || own.contains(&xid))
    }

    /// Whether a committed transaction is visible. Right for snapshots of a primary only (S5).
    #[must_use]
    pub fn contains(&self, xid: u64) -> bool {
        xid < self.xmin || (xid < self.xmax && self.xip.binary_search(&xid).is_err())
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        for (index, xid) in self.xip.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{xid}")?;
        }
        Ok(())
    }
}

impl FromStr for Snapshot {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::new(ErrorKind::Internal, "The server's snapshot is not a snapshot.");
        let mut parts = text.split(':');
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok()).ok_or_else(wrong);
        let (xmin, xmax) = (number()?, number()?);
        let list = parts.next().ok_or_else(wrong)?;
        if parts.next().is_some() {
            return Err(wrong());
        }
        let xip = list
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().map_err(|_| wrong()))
            .collect::<Result<_, _>>()?;
        Self::new(xmin, xmax, xip)
    }
}

impl TryFrom<String> for Snapshot {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Snapshot> for String {
    fn from(snapshot: Snapshot) -> Self {
        snapshot.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_a_snapshot_reads_back_and_sees_what_postgres_sees() {
        let snapshot: Snapshot = "10:20:10,14,15".parse().expect("valid");
        assert_eq!(snapshot.to_string(), "10:20:10,14,15");
        for (xid, is_visible) in [(9, true), (10, false), (11, true), (14, false), (19, true), (20, false)] {
            assert_eq!(snapshot.contains(xid), is_visible, "transaction {xid}");
        }
        assert_eq!("7:7:".parse::<Snapshot>().expect("an idle server").to_string(), "7:7:");
    }

    #[test]
    fn s17_a_snapshot_tells_whether_anything_ended_since() {
        let before: Snapshot = "10:20:10,14".parse().expect("valid");
        let own = BTreeSet::from([20, 22]);
        for (later, is_quiet) in [
            ("10:20:10,14", true),
            ("10:21:10,14", true),
            ("10:21:10,14,20", true),
            ("10:22:10,14", false),
            ("10:23:10,14,21", true),
            ("10:20:10", false),
            ("14:20:14", false),
            ("9:20:9,10,14", false),
            ("10:19:10,14", false),
        ] {
            let later: Snapshot = later.parse().expect("valid");
            assert_eq!(before.is_followed_only_by(&later, &own), is_quiet, "{later}");
        }
    }

    #[test]
    fn s3_what_is_not_a_snapshot_is_refused() {
        for wrong in ["", "1", "1:2", "5:4:", "5:9:4", "5:9:9", "a:b:c", "5:9:6,x", "5:9:6:7", "0:0:"] {
            assert!(wrong.parse::<Snapshot>().is_err(), "{wrong:?} must be refused");
        }
    }
}
