//! `crew enrol URL CODE --name NAME`: makes the device's key and learns whom to trust.

use clap::Args;
use serde_json::json;
use sync_core::line::Identity;
use sync_core::scope::Scope;

use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::http::{Patience, Server};
use crate::labels;
use crate::output::Report;
use crate::text;
use crate::text::Lang;

const PATH: &str = "/v1/enrol";

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    /// The server's address
    pub url: String,
    /// The one-time code
    pub code: String,
    /// What people call this device, or who carries it
    #[arg(long)]
    pub name: String,
}

/// Enrols this device. A reply that got lost is asked for again by the same command.
///
/// # Errors
/// Connection; rule, if the code does not count; integrity, if the reply is not signed by the server it names.
pub fn run(cx: &Context, args: &EnrolArgs) -> Result<Report, CliError> {
    let kept = text!("no se perdió nada: repita la misma orden", "nothing lost: repeat the same command");
    let server = Server::new(&args.url, Patience::ordinary()).map_err(|error| error.into_cli(&kept))?;
    cx.home.create()?;
    let lock = cx.home.lock_exchange()?;
    let key = cx.home.key_or_new()?;
    let frame =
        cx.write_new(|notebook| Ok(notebook.enrol_start(&args.url, &args.code, &args.name, &key)?))?;
    let reply = server.post(PATH, &frame).map_err(|error| error.into_cli(&kept))?;
    let identity = cx.write_new(|notebook| Ok(notebook.enrol_finish(&key, &frame, &reply.frame)?))?;
    drop(lock);
    // The rules and the orders come at once, so that the device can be taken into the field. Without them it is
    // enrolled all the same, and the next `sync` brings them.
    let has_read = exchange::run(cx, Patience::ordinary(), false).is_ok();
    let scopes = Scope::of_device(identity.role, identity.crew.as_deref(), &identity.localities);
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
    let style = cx.screen.style;
    let role = labels::role(identity.role, cx.screen.lang);
    let Identity { municipality_name, name, device, letters, log_verifier, .. } = identity;
    let name = style.bold(name);
    let next = match (cx.screen.lang, has_read) {
        (Lang::Es, true) => "Listo: ya tiene lo que le toca\n",
        (Lang::En, true) => "Ready: it has what concerns it\n",
        (Lang::Es, false) => "Ahora: crew sync\n",
        (Lang::En, false) => "Now: crew sync\n",
    };
    match cx.screen.lang {
        Lang::Es => format!(
            "{name} quedó registrado en {municipality_name} como {role}\n\
             equipo    {device}\nletras    {letters}\nservidor  {log_verifier}\n{next}"
        ),
        Lang::En => format!(
            "{name} is enrolled in {municipality_name} as {role}\n\
             device   {device}\nletters  {letters}\nserver   {log_verifier}\n{next}"
        ),
    }
}
