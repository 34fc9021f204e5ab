//! `crew enrol URL CODE --name NAME`, or `crew enrol LINK --name NAME`: makes the device's key and learns whom to trust.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;
use sync_core::state::membership::scopes_of_device;

use clap::Args;
use serde_json::json;
use sync_core::invitation::InvitedBy;
use sync_core::link::{FRAGMENT, InvitationLink, LinkError};
use sync_core::log::act::Role;
use sync_core::log::line::Identity;
use sync_core::replica::preview::Previewed;
use sync_core::replica::sync::driver::Invited;
use words::say;

use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::http::{Patience, Server};
use crate::labels;
use crate::output::Report;
use crate::table::{clean, pad};

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The server's address, or an invitation link, which also holds the code
    pub url: String,
    /// The one-time code
    pub code: Option<String>,
    /// What people call this device; it stays in the history, so no name of a person
    #[arg(long)]
    pub name: String,
    /// Certificate of the authority that vouches for the server (PEM), if the system does not know it
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Do not ask whether the municipality, the role and the crew are right
    #[arg(long)]
    pub yes: bool,
}

impl EnrolArgs {
    fn invited(&self) -> Result<Invited, CliError> {
        let name = self.name.clone();
        if let Some(code) = &self.code {
            let (url, by) = (self.url.clone(), InvitedBy::Code(code.clone()));
            return Ok(Invited { url, by, name, office: None });
        }
        match self.url.parse::<InvitationLink>() {
            Ok(InvitationLink { url, secret, office }) => {
                Ok(Invited { url, by: InvitedBy::Secret(secret), name, office: Some(office) })
            }
            Err(LinkError::Form) if self.url.contains(FRAGMENT) => {
                Err(CliError::usage(say!("enrol-bad-link"), say!("enrol-bad-link-hint")))
            }
            Err(LinkError::Form) => Err(CliError::usage(say!("enrol-no-code"), say!("enrol-no-code-hint"))),
            Err(LinkError::TooLong | LinkError::Plain) => {
                Err(CliError::usage(say!("enrol-bad-link"), say!("enrol-bad-link-hint")))
            }
        }
    }
}

/// Enrols this device. A reply that got lost is asked for again by the same command.
///
/// # Errors
/// Connection; rule, if the invitation does not count; integrity, if the reply is not signed by the server it names.
pub fn run(cx: &Context, args: &EnrolArgs) -> Result<Report, CliError> {
    let kept = say!("enrol-safe");
    let mut invited = args.invited()?;
    // Said before anything is made: a slip in the address leaves nothing behind.
    let server = Server::new(&invited.url, Patience::ordinary());
    server.and_then(|server| server.check_private()).map_err(|error| error.into_cli(&kept))?;
    cx.home.create()?;
    let lock = cx.home.lock_exchange()?;
    cx.home.key_or_new()?;
    let previewed = exchange::preview(cx, invited.clone(), args.ca.as_deref(), &kept)?;
    if !args.yes && !confirms(cx, &previewed)? {
        return Err(CliError::usage(say!("enrol-declined"), say!("enrol-declined-hint")));
    }
    // The key that was shown is the one that the enrolment is bound to.
    invited.office = Some(previewed.host.office());
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

/// Shows whom this device would belong to, and asks where there is a person to ask.
fn confirms(cx: &Context, previewed: &Previewed) -> Result<bool, CliError> {
    let lang = cx.screen.lang;
    let Previewed { host, offer, .. } = previewed;
    let role =
        Role::from_key(&offer.role).map_or_else(|| offer.role.clone(), |role| labels::role(role).of(lang));
    let crew = offer.crew.clone().unwrap_or_else(|| "—".into());
    let localities = if offer.localities.is_empty() { "—".into() } else { offer.localities.join(", ") };
    let rows = [
        (say!("enrol-municipality"), format!("{} {}", host.municipality, host.name)),
        (say!("enrol-role"), role),
        (say!("enrol-crew"), crew),
        (say!("enrol-localities"), localities),
        (say!("enrol-server-key"), host.office().to_string()),
    ];
    if !offer.is_open || !cx.screen.is_terminal() || !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    let rows = rows.iter().map(|(word, value)| format!("{}  {}\n", pad(&word.of(lang), 12), clean(value)));
    cx.screen.out(&format!("{}{}", rows.collect::<String>(), say!("enrol-ask").of(lang)))?;
    let mut answer = String::new();
    std::io::stdin().lock().take(64).read_line(&mut answer).map_err(|error| {
        CliError::usage(words::Text::same(error.to_string()), say!("enrol-declined-hint"))
    })?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "s" | "sí" | "si" | "y" | "yes"))
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
