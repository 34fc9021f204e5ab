//! The deterministic simulator: production code of device and office, and the real ledger, in one thread, on a simulated
//! clock, network and disk. A seed is all that a run is made of.
//!
//! `plan` says what a seed is, `world` lives it, `properties` look at what came of it, `reduce` makes a story short.
//! What the production shells do around the driver and the committer is imitated in `server` and `phone`; the log is the
//! real one, and so are the spool and the store of photos over `objects`.
//!
//! Absent here: threads, the system's clock and randomness, HTTP and its codings, per-device budgets, sled itself.

pub mod book;
pub mod broken;
pub mod bugs;
pub mod dice;
pub mod disk;
pub mod kept;
pub mod medium;
pub mod objects;
pub mod phone;
pub mod plan;
pub mod planted;
pub mod properties;
pub mod reduce;
pub mod rules;
pub mod run;
pub mod server;
pub mod summary;
pub mod world;
