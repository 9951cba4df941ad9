//! The rules of synchronisation, without a socket and without a file.
//!
//! `docs/SYNC-SPEC.md` states the rules; `S1`, `S2`, … in comments and test names cite them. A driver
//! outside this crate carries out [`Instruction`]s and answers with [`Event`]s; everything that decides
//! lies here, so that it can be tested against a model in microseconds.
//!
//! Map: [`snapshot`] what a server snapshot sees · [`catalog`] fingerprints of tables · [`cursor`] where the
//! copy stands and whether a server continues it · [`ack`] what the server was told · [`load`] what still has
//! to be read in full · [`keep`] what is kept as rows · [`catch_up`] what is read in pages · [`event`] and
//! [`instruction`] the machine's words · [`machine`] the machine · [`guard`] what a test may take away from it.

pub mod ack;
pub mod catalog;
pub mod catch_up;
pub mod cursor;
pub mod event;
pub mod guard;
pub mod instruction;
pub mod keep;
pub mod load;
pub mod machine;
pub mod pace;
pub mod snapshot;

pub use ack::{AckChain, Acked, Told};
pub use catalog::{Catalog, Reload, TablePart, TablePrint};
pub use catch_up::{CatchUp, LogPlace, Page, PageEnd, Since};
pub use cursor::{ChunkEnd, Cursor, Identity, Moment, Observed, Position, Verdict};
pub use event::{Delta, Event};
pub use guard::{Guard, Guards};
pub use instruction::{Chunk, Expected, Instruction, Reach};
pub use keep::{Census, Edge, RowWindow};
pub use load::{KeySpan, Load, LoadKind, Occupied, Part, Window};
pub use machine::{Machine, MachineConfig, Stage, Trouble};
pub use snapshot::Snapshot;
