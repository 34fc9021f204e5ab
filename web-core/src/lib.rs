//! The core in a browser: journal, index, photos and names in files in place, commands in, JSON out. No rule of its own.
//!
//! [`Core`] is the whole of it, over any [`medium::Medium`], so that it is tested without a browser; `wasm` gives it the files
//! of a page's worker.

#![forbid(unsafe_code)]

mod bundle;
pub mod commands;
pub mod core;
pub mod exchange;
pub mod index;
pub mod journal;
pub mod medium;
pub mod names;
pub mod photos;
pub mod trouble;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(test)]
mod tests;

pub use core::{Core, CradleLine, Files, Shell};
