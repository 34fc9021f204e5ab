//! Engine: runs the core over a store. It asks its shell to sign, append and send, and is told when that is done.
//!
//! [`committer`] is the server's side, [`device`] a person's. Both work over whatever implements the traits of
//! `cuadrilla-store`, one step at a time, so that a shell may do other things between two steps.
//!
//! Absent here: a clock, randomness, threads, async, the network, a disk, a key of its own.

pub mod committer;
pub mod device;
mod fresh;

pub use fresh::Fresh;
