//! The core in a browser: journal, index and photos in files in place, commands in, JSON out. No rule of its own.

#![forbid(unsafe_code)]

pub mod index;
pub mod journal;
pub mod medium;
#[cfg(test)]
mod tests;
