//! `crew bundle …`: the same segments by file. Who carries it adds nothing to their authority.

pub mod export;
pub mod import;
pub mod inspect;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sync_core::replica::BundleCounts;
use words::{Lang, say};

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;

/// Commands on bundles.
#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Write a file with what is still to be delivered
    Export(ExportArgs),
    /// Take what a file brings
    Import(BundleArgs),
    /// Show what a file brings, without taking it
    Inspect(BundleArgs),
}

/// Arguments of each of them.
#[derive(Debug, Args)]
pub struct BundleArgs {
    /// The file
    pub file: PathBuf,
}

/// Arguments of `bundle export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file
    pub file: PathBuf,
    /// With the photos that the office lacks, not only their small forms
    #[arg(long)]
    pub photos: bool,
}

/// Runs `crew bundle …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &BundleCommand) -> Result<Report, CliError> {
    match command {
        BundleCommand::Export(args) => export::run(cx, args),
        BundleCommand::Import(args) => import::run(cx, args),
        BundleCommand::Inspect(args) => inspect::run(cx, args),
    }
}

/// `3 segments, 40 entries, 2 devices, 1 receipt`.
fn counted(lang: Lang, counts: &BundleCounts) -> String {
    let BundleCounts { segments, entries, receipts, .. } = counts;
    let devices = counts.devices.len() as u64;
    let mut parts = vec![
        say!("count-segments", count = *segments),
        say!("count-entries", count = *entries),
        say!("count-devices", count = devices),
        say!("count-receipts", count = *receipts),
    ];
    if counts.photos > 0 {
        parts.push(say!("count-photos", count = counts.photos));
    }
    parts.iter().map(|text| text.of(lang)).collect::<Vec<_>>().join(", ")
}
