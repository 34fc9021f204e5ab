//! `crew device list|revoke|assign|rekey`: the devices of the municipality, their rights and keys.

mod rekey;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;
use sync_core::view::lists::DeviceItem;
use words::{Lang, Text, say};

use crate::commands::invite::needs_place;
use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::labels;
use crate::output::Report;
use crate::table::Table;

/// Commands on devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// List the devices
    List,
    /// Take a device's right to write away
    Revoke(RevokeArgs),
    /// Give a device another role, crew or localities
    Assign(AssignArgs),
    /// Renew the key of this device
    Rekey,
}

/// Arguments of `device revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The device, by its name, letters or how its id begins
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// What became of it: lost, stolen, retired
    #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(labels::fate_values()))]
    pub fate: Option<String>,
    /// Why; its holder is told
    #[arg(long)]
    pub reason: String,
    /// Do not try to tell the server at once
    #[arg(long)]
    pub no_sync: bool,
}

/// Arguments of `device assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// The device, by its name, letters or how its id begins
    #[arg(value_name = "DEVICE")]
    pub device: String,
    /// Role: crew, dispatcher, supervisor, auditor, admin
    #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(labels::role_values()))]
    pub role: String,
    /// The crew's code, for a crew's device
    #[arg(long)]
    pub crew: Option<String>,
    /// A locality the device works in; may be repeated
    #[arg(long = "locality")]
    pub localities: Vec<String>,
    /// Why; its holder is told
    #[arg(long)]
    pub reason: String,
    /// Do not try to tell the server at once
    #[arg(long)]
    pub no_sync: bool,
}

/// Runs `crew device …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &DeviceCommand) -> Result<Report, CliError> {
    match command {
        DeviceCommand::List => list(cx),
        DeviceCommand::Revoke(args) => revoke(cx, args),
        DeviceCommand::Assign(args) => assign(cx, args),
        DeviceCommand::Rekey => rekey::run(cx),
    }
}

fn revoke(cx: &Context, args: &RevokeArgs) -> Result<Report, CliError> {
    let fate = args.fate.as_deref().and_then(labels::find_fate);
    let (device, heirs) = cx.write(|replica| {
        let device = replica.view().find_device(&args.device)?;
        replica.revoke(&device, fate, &args.reason)?;
        let id = device.to_string();
        let all = replica.view().devices()?;
        let heirs: Vec<String> = all
            .into_iter()
            .filter(|item| item.continues.as_ref() == Some(&id) && !item.revoked)
            .map(|item| item.device)
            .collect();
        Ok((id, heirs))
    })?;
    let is_told = !args.no_sync && exchange::try_quickly(cx);
    let mut text = after(cx, &device, &say!("state-revoked"), is_told);
    for heir in &heirs {
        let words = say!("device-successor-active", device = short(heir));
        text.push_str(&format!("{}\n", words.of(cx.screen.lang)));
    }
    Report::new(&json!({ "device": device, "revoked": true, "told": is_told, "continued_by": heirs }), text)
}

fn assign(cx: &Context, args: &AssignArgs) -> Result<Report, CliError> {
    let role = labels::find_role(&args.role)
        .ok_or_else(|| CliError::usage(say!("role-unknown"), say!("role-unknown-hint-assign")))?;
    needs_place(cx, role, args.crew.as_deref(), &args.localities)?;
    let device = cx.write(|replica| {
        let device = replica.view().find_device(&args.device)?;
        replica.assign_device(&device, role, args.crew.as_deref(), &args.localities, &args.reason)?;
        Ok(device.to_string())
    })?;
    let is_told = !args.no_sync && exchange::try_quickly(cx);
    let text = after(cx, &device, &say!("device-assigned"), is_told);
    let json = json!({
        "device": device, "role": role.key(), "crew": args.crew, "localities": args.localities, "told": is_told,
    });
    Report::new(&json, text)
}

fn after(cx: &Context, device: &str, what: &Text, is_told: bool) -> String {
    let lang = cx.screen.lang;
    format!("{} {}\n{}\n", short(device), what.of(lang), labels::told(is_told).of(lang))
}

/// The beginning of a device's id, as people name it.
fn short(device: &str) -> String {
    device.chars().take(8).collect()
}

fn list(cx: &Context) -> Result<Report, CliError> {
    let devices = cx.read(|replica| {
        let role = replica.identity()?.role;
        // A crew is told of no other device: an empty list would say that there is none.
        if !role.sees_everything() {
            return Err(replica.no_role("device list").into());
        }
        Ok(replica.view().devices()?)
    })?;
    Report::new(&devices, told(cx, &devices))
}

/// The list as a table.
pub(crate) fn told(cx: &Context, devices: &[DeviceItem]) -> String {
    let lang = cx.screen.lang;
    let headings = [
        say!("word-device"),
        say!("word-name"),
        say!("word-role"),
        say!("device-last-answer"),
        say!("device-last-entry"),
        Text::same(""),
    ];
    let mut table = Table::new(lang, headings).whole(3).spare(&[4]);
    for device in devices {
        let contact = device.last_contact.as_deref();
        table.row([
            format!("{} {}", device.letters, short(&device.device)),
            device.name.clone(),
            labels::role_key(&device.role, lang),
            contact.map_or_else(|| say!("state-not-known").of(lang), |at| cx.when.both_of(at)),
            device.last_seq.to_string(),
            state(device, lang),
        ]);
    }
    table.render(cx.screen.width, cx.screen.style)
}

fn state(device: &DeviceItem, lang: Lang) -> String {
    let mut words = Vec::new();
    if device.revoked {
        words.push(match device.fate.as_deref() {
            Some("lost") => say!("device-revoked-lost"),
            Some("stolen") => say!("device-revoked-stolen"),
            Some("retired") => say!("device-revoked-retired"),
            _ => say!("state-revoked"),
        });
    }
    if let Some(before) = &device.continues {
        words.push(say!("device-continues", device = short(before)));
    }
    if device.skew_ms.abs() >= 60_000 {
        words.push(say!("device-clock", minutes = format!("{:+}", device.skew_ms / 60_000)));
    }
    words.iter().map(|words| words.of(lang)).collect::<Vec<_>>().join(", ")
}
