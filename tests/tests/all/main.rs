//! The one integration binary: what holds across crates.
mod contract;
mod source;
mod tidy;
