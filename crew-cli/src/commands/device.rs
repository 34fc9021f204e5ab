//! `crew device list`: the devices of the municipality, for the administrator.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::table::Table;

/// Commands on devices.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// List the devices
    List,
}

/// Runs `crew device …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &DeviceCommand) -> Result<Report, CliError> {
    match command {
        DeviceCommand::List => list(cx),
    }
}

fn list(cx: &Context) -> Result<Report, CliError> {
    let devices = cx.read(|notebook| Ok(notebook.devices()?))?;
    let lang = cx.screen.lang;
    let mut table = Table::new(&match lang {
        crate::text::Lang::Es => ["equipo", "nombre", "papel", "último contacto", "último hecho", ""],
        crate::text::Lang::En => ["device", "name", "role", "last contact", "last entry", ""],
    });
    for device in &devices {
        let contact = device.last_contact.as_deref().map_or_else(|| "—".to_owned(), |at| cx.when.both_of(at));
        table.row(vec![
            device.device.chars().take(8).collect(),
            device.name.clone(),
            labels::role_key(&device.role, lang).to_owned(),
            contact,
            device.last_seq.to_string(),
            if device.revoked { lang.word("dado de baja", "revoked").to_owned() } else { String::new() },
        ]);
    }
    Report::new(&devices, table.render(cx.screen.width, cx.screen.style))
}
