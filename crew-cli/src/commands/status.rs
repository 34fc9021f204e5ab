//! `crew status`: what is proven about this device, offline too. It never says more than that.

use sync_core::view::lists::DeviceStatus;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::table::pad;

/// Shows the state of this device.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    let status = cx.read(|replica| Ok(replica.view().status()?))?;
    let lang = cx.screen.lang;
    let style = cx.screen.style;
    let sent = match status.unsent {
        0 => style.good(lang.word("todo enviado y confirmado", "everything sent and confirmed")),
        1 => style
            .pending(lang.word("1 guardado en el teléfono, sin enviar", "1 saved on the phone, not sent")),
        unsent => style.pending(&format!(
            "{unsent} {}",
            lang.word("guardados en el teléfono, sin enviar", "saved on the phone, not sent")
        )),
    };
    let held = match status.quarantined {
        0 => lang.word("nada", "nothing").to_owned(),
        held => style.alert(&format!("{held} (crew quarantine list)")),
    };
    let contact = match &status.last_contact {
        Some(at) => cx.when.both_of(at),
        None => lang.word("nunca", "never").to_owned(),
    };
    let lines = [
        (lang.word("equipo", "device"), device(cx, &status)),
        (lang.word("trabajo", "work"), sent),
        (lang.word("retenido", "held back"), held),
        (lang.word("último contacto", "last contact"), contact),
        (lang.word("servidor al día hasta", "server was at"), status.server_seq.to_string()),
        (lang.word("registros", "records"), status.records.to_string()),
    ];
    let carried = (status.carried > 0)
        .then(|| (lang.word("lleva de otros", "carried for others"), status.carried.to_string()));
    let dismissed = (status.dismissed > 0).then(|| {
        let how = format!("{} (crew quarantine list --dismissed)", status.dismissed);
        (lang.word("desechado, con copia aquí", "dismissed, kept here"), how)
    });
    let revoked =
        status.revoked.as_ref().map(|reason| (lang.word("dado de baja", "revoked"), style.alert(reason)));
    let partings = status.partings.last().map(|at| {
        let words = lang.word("el servidor mostró otro pasado", "the server showed another past");
        (lang.word("¡atención!", "warning"), style.alert(&format!("{words}: {}", cx.when.both_of(at))))
    });
    let more = carried.into_iter().chain(dismissed).chain(revoked).chain(partings);
    let text: String =
        lines.into_iter().chain(more).map(|(word, value)| format!("{}  {value}\n", pad(word, 22))).collect();
    Report::new(&status, text)
}

fn device(cx: &Context, status: &DeviceStatus) -> String {
    let DeviceStatus { name, municipality, device, role, .. } = status;
    let role = labels::role_key(role, cx.screen.lang);
    format!("{name} · {role} · {municipality} ({})", device.chars().take(8).collect::<String>())
}
