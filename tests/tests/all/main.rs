//! The one integration binary: what holds across crates.
mod cli_errors;
mod contract;
mod flows;
mod kill;
mod schemas;
mod source;
mod tidy;
