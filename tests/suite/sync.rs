//! The sync engine against a real PostgreSQL. Test names begin with the rule they hold (docs/SYNC-SPEC.md).

mod bench;
mod compare;
mod fault;
mod follow;
mod history;
mod idle;
mod invariants;
mod kill;
mod line;
mod model;
mod mutant;
mod outage;
mod pages;
mod pooler;
mod ranges;
mod refusal;
mod reshape;
mod retention;
mod rewind;
mod rules;
mod script;
mod scrub;
mod stress;
mod usage;
mod values;
mod writers;
