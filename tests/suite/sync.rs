//! The sync engine against a real PostgreSQL. Test names begin with the rule they hold (docs/SYNC-SPEC.md).

mod bench;
mod compare;
mod fault;
mod follow;
mod idle;
mod kill;
mod mutant;
mod rules;
mod script;
mod writers;
