//! `crew device rekey`: a new key for this device, when the old one may have been seen. It goes on under a new name
//! that the old key signs for, and the old name ends there and then.

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::exchange;
use crate::http::Patience;
use crate::output::Report;
use crate::text;

/// Renews the key. A reply that got lost is asked for again by the same command.
///
/// # Errors
/// Connection; rule, if the device is shared or revoked; what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    if cx.home.persons()?.is_shared() {
        return Err(CliError::new(
            exit::RULE,
            "shared",
            text!(
                "este equipo se comparte con PIN: su llave está cifrada bajo cada uno",
                "this device is shared by PINs: its key is encrypted under each of them"
            ),
            text!(
                "quite a las personas (crew person remove), renueve la llave y vuelva a agregarlas",
                "remove the persons (crew person remove), renew the key, and add them again"
            ),
        ));
    }
    // What is unsent goes under the old name, while it counts.
    let before = exchange::run(cx, Patience::ordinary(), false)?;
    exchange::warn_of_parting(cx, &before);
    let succeeded = exchange::renew(cx)?;
    let totals = exchange::run(cx, Patience::ordinary(), false)?;
    exchange::warn_of_parting(cx, &totals);
    let (letters, read) = (&succeeded.letters, totals.pulled);
    let text = text!(
        "llave renovada: este equipo sigue con las letras {letters}; el nombre anterior quedó dado de baja, recibidos {read}",
        "key renewed: this device goes on with the letters {letters}; the earlier name is retired, {read} received"
    );
    Report::new(&succeeded, format!("{}\n", text.of(cx.screen.lang)))
}
