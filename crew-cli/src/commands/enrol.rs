//! `crew enrol URL CODE --name NAME`, or `crew enrol LINK --name NAME`: makes the device's key and learns whom to trust.

use std::path::PathBuf;
use sync_core::state::membership::scopes_of_device;

use clap::Args;
use serde_json::json;
use sync_core::link::{InvitationLink, KeyPin, LinkError, SCHEME};
use sync_core::log::line::Identity;
use sync_core::replica::sync::driver;
use words::say;

use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::http::{Patience, Server};
use crate::labels;
use crate::output::Report;
use crate::table::pad;

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The server's address, or an invitation link, which also holds the code
    pub url: String,
    /// The one-time code
    pub code: Option<String>,
    /// What people call this device, or who carries it
    #[arg(long)]
    pub name: String,
    /// Certificate of the authority that vouches for the server (PEM), if the system does not know it
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// Where to enrol, with what, and what the server must answer with.
struct Invited {
    url: String,
    code: String,
    pin: Option<KeyPin>,
}

impl Invited {
    fn new(args: &EnrolArgs) -> Result<Self, CliError> {
        if let Some(code) = &args.code {
            return Ok(Self { url: args.url.clone(), code: code.clone(), pin: None });
        }
        match args.url.parse::<InvitationLink>() {
            Ok(InvitationLink { url, code, pin }) => Ok(Self { url, code, pin: Some(pin) }),
            Err(LinkError) if args.url.starts_with(SCHEME) => {
                Err(CliError::usage(say!("enrol-bad-link"), say!("enrol-bad-link-hint")))
            }
            Err(LinkError) => Err(CliError::usage(say!("enrol-no-code"), say!("enrol-no-code-hint"))),
        }
    }
}

/// Enrols this device. A reply that got lost is asked for again by the same command.
///
/// # Errors
/// Connection; rule, if the code does not count; integrity, if the reply is not signed by the server it names.
pub fn run(cx: &Context, args: &EnrolArgs) -> Result<Report, CliError> {
    let kept = say!("enrol-safe");
    let Invited { url, code, pin } = Invited::new(args)?;
    // Said before anything is made: a slip in the address leaves nothing behind.
    Server::new(&url, Patience::ordinary()).map_err(|error| error.into_cli(&kept))?;
    cx.home.create()?;
    let lock = cx.home.lock_exchange()?;
    cx.home.key_or_new()?;
    let invited = driver::Invited { url, code, name: args.name.clone(), pin };
    let identity = exchange::enrol(cx, invited, args.ca.as_deref(), &kept)?;
    drop(lock);
    // The rules and the orders come at once, so that the device can be taken into the field. Without them it is
    // enrolled all the same, and the next `sync` brings them.
    let has_read = exchange::run(cx, Patience::ordinary(), false).is_ok();
    let scopes = scopes_of_device(identity.role, identity.crew.as_deref(), &identity.localities);
    Report::new(
        &json!({
            "device": identity.device,
            "role": identity.role,
            "scopes": scopes,
            "letters": identity.letters,
            "municipality": identity.municipality_name,
            "log_verifier": identity.log_verifier,
            "caught_up": has_read,
        }),
        told(cx, &identity, has_read),
    )
}

fn told(cx: &Context, identity: &Identity, has_read: bool) -> String {
    let lang = cx.screen.lang;
    let Identity { municipality_name, device, letters, log_verifier, .. } = identity;
    let name = cx.screen.style.bold(&identity.name);
    let done = say!("enrol-done", name, municipality = municipality_name, role = labels::role(identity.role));
    let next = if has_read { say!("enrol-ready") } else { say!("enrol-sync-next") };
    let lines = [
        (say!("word-device"), device.to_string()),
        (say!("word-letters"), letters.to_string()),
        (say!("word-server"), log_verifier.clone()),
    ];
    let lines: String =
        lines.iter().map(|(word, value)| format!("{}  {value}\n", pad(&word.of(lang), 8))).collect();
    format!("{}\n{lines}{}\n", done.of(lang), next.of(lang))
}
