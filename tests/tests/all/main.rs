//! The one integration binary: what holds across crates.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod age;
mod cli_errors;
mod contract;
mod dates;
mod door;
mod epoch;
mod evidence;
mod examples;
mod flows;
mod hostile;
mod judged;
mod kill;
mod log;
mod names;
mod offices;
mod rules;
mod schemas;
mod source;
mod terminal;
mod tidy;
mod trust;
mod values;
mod views;
