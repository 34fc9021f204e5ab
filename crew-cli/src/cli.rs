//! Cli: the arguments of every command as one tree. `help` describes them from the catalogue.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, Subcommand};

use crate::commands::{
    audit, blob, bundle, completions, conflict, device, enrol, import, invite, man, order, person,
    quarantine, sync,
};
use words::Lang;

/// Work orders of municipal crews, with or without signal.
#[derive(Debug, Parser)]
#[command(name = "crew", version, disable_help_flag = true, disable_version_flag = true)]
#[command(disable_help_subcommand = true, max_term_width = 110, infer_long_args = false)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// Folder of this device (otherwise `CUADRILLA_HOME` or the platform's data folder)
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,

    /// One JSON value on standard output, nothing else
    #[arg(long, global = true)]
    pub json: bool,

    /// File with the person's PIN (otherwise `CREW_PIN`, or it is asked for)
    #[arg(long, global = true, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,

    /// Language: es, en
    #[arg(long, global = true, value_name = "LANG", value_parser = lang_parser())]
    pub lang: Option<Lang>,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enrol this device with a one-time code
    Enrol(enrol::EnrolArgs),
    /// State of this device: what is saved, sent and confirmed
    Status,
    /// Exchange with the server until both sides have everything
    Sync(sync::SyncArgs),
    /// Work orders
    #[command(subcommand)]
    Order(order::OrderCommand),
    /// What shortcuts do is the same as under `order`.
    #[command(flatten)]
    Work(order::WorkCommand),
    /// Differences that a person must settle
    #[command(subcommand)]
    Conflict(conflict::ConflictCommand),
    /// Work the server holds back
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Bytes of photos and signatures
    #[command(subcommand)]
    Blob(blob::BlobCommand),
    /// Exchange by file: USB stick, another phone
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// Localities, crews, assets, materials and orders from a YAML or JSON file
    Import(import::ImportArgs),
    /// A one-time code for another device
    Invite(invite::InviteArgs),
    /// Enrolled devices
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Persons who share this device, each with a PIN
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Who did what, when, and the proof of it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Completions for a shell
    Completions(completions::CompletionsArgs),
    /// Manual pages into a folder
    Man(man::ManArgs),
}

fn lang_parser() -> impl clap::builder::TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(["es", "en"]).map(|tag| Lang::of_tag(&tag))
}
