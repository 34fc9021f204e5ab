//! Succession: a folder that turns out to be a copy of another device, or an old state of itself, enrols anew by the
//! old name's key, without a code, and writes again what the ledger did not take.

use sync_core::replica::Succeeded;

use crate::context::Context;
use crate::error::CliError;
use crate::exchange::failed;
use crate::http::{Patience, Server};
use crate::text;

/// Where the server takes enrolments.
const PATH: &str = "/v1/enrol";

/// Goes on under a new name if the server has shown that another device writes under this one's. The caller holds the
/// exchange lock.
///
/// # Errors
/// Connection; rule, if the old name was revoked or has gone on too often.
pub fn run(cx: &Context, server: &Server, seed: &[u8; 32]) -> Result<Option<Succeeded>, CliError> {
    if !cx.read(|replica| Ok(replica.is_copy()?))? {
        return Ok(None);
    }
    let frame = cx.write(|replica| Ok(replica.succeed_start(seed, None)?))?;
    let reply = server.post(PATH, &frame).map_err(|error| failed(cx, error))?;
    let succeeded = cx.write(|replica| Ok(replica.succeed_finish(seed, &frame, &reply.frame)?))?;
    let letters = &succeeded.letters;
    cx.screen.warn(&text!(
        "otro equipo ya escribía con este nombre: esta carpeta es una copia y sigue con nombre propio \
         (letras {letters}); lo que faltaba se volvió a escribir",
        "another device already wrote under this name: this folder is a copy and goes on under its own \
         (letters {letters}); what was missing was written again"
    ));
    Ok(Some(succeeded))
}

/// Goes on under a new name with a new key, and ends the old name.
///
/// # Errors
/// Connection; rule, if this device was revoked.
pub fn renew(cx: &Context) -> Result<Succeeded, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let seed = cx.seed()?;
    let url = cx.read(|replica| Ok(replica.identity()?.url.clone()))?;
    let server =
        Server::trusting(&url, Patience::ordinary(), cx.home.roots()?).map_err(|error| failed(cx, error))?;
    let renewed = cx.home.renewed_or_new()?;
    let frame = cx.write(|replica| Ok(replica.succeed_start(&seed, Some(&renewed))?))?;
    let reply = server.post(PATH, &frame).map_err(|error| failed(cx, error))?;
    let succeeded = cx.write(|replica| Ok(replica.succeed_finish(&renewed, &frame, &reply.frame)?))?;
    cx.home.take_renewed()?;
    Ok(succeeded)
}
