//! The server of Cuadrilla: HTTP, one writer for each municipality, and the commands of its operator.
//!
//! Absent here: any rule of the domain (that is `sync_core`) and any file format (that is `store`).

pub mod alarm;
pub mod app_state;
pub mod body;
pub mod browser;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod connections;
pub mod evidence;
pub mod failure;
pub mod guarded;
pub mod health;
pub mod kept;
pub mod key;
pub mod lane;
pub mod lang;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod news;
pub mod peer;
pub mod people;
pub mod pieces;
pub mod places;
pub mod prefixed;
pub mod problem;
pub mod room;
pub mod router;
pub mod routes;
pub mod rule_check;
pub mod rule_files;
pub mod service;
pub mod start;
#[cfg(test)]
mod testing;
pub mod throttle;
pub mod ticket;
pub mod tls;
pub mod tls_check;
pub mod web;
pub mod whole;
pub mod witness;
pub mod writer;

pub use commands::{Shell, run};
pub use router::router;
