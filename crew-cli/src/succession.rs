//! Succession: a folder that turns out to be a copy of another device, or an old state of itself, enrols anew by the
//! old name's key, without a code, and writes again what the ledger did not take.

use sync_core::crypto::SecretKey;
use sync_core::replica::{Replica, ReplicaError, Succeeded};

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
    let frame = cx.write(|replica| Ok(start(replica, seed, None)?))?;
    let reply = server.post(PATH, &frame).map_err(|error| failed(cx, error))?;
    let succeeded = cx.write(|replica| Ok(finish(replica, seed, &frame, &reply.frame)?))?;
    let letters = &succeeded.letters;
    cx.screen.warn(&text!(
        "otro equipo ya escribía con este nombre: esta carpeta es una copia y sigue con nombre propio \
         (letras {letters}); lo que faltaba se volvió a escribir",
        "another device already wrote under this name: this folder is a copy and goes on under its own \
         (letters {letters}); what was missing was written again"
    ));
    Ok(Some(succeeded))
}

/// The request by which this device goes on under a new name.
fn start(
    replica: &mut Replica<'_>,
    seed: &[u8; 32],
    renewed: Option<&[u8; 32]>,
) -> Result<Vec<u8>, ReplicaError> {
    let new_seed = renewed.unwrap_or(seed);
    if let Some(new) = replica.new_name(renewed.is_some())? {
        let word = replica.succession(&new, &new.key().of_seed(new_seed).public())?;
        replica.succeed_start(word.by(&replica.key(seed)))?;
    }
    let key = replica.enrolling_key()?.of_seed(new_seed);
    frame(replica, &key)
}

/// The request of the enrolment under way, signed.
pub(crate) fn frame(replica: &Replica<'_>, key: &SecretKey) -> Result<Vec<u8>, ReplicaError> {
    Ok(replica.enrolment(&key.public())?.by(key).into_draft()?.by(key).into_frame())
}

fn finish(
    replica: &mut Replica<'_>,
    seed: &[u8; 32],
    frame: &[u8],
    reply: &[u8],
) -> Result<Succeeded, ReplicaError> {
    let key = replica.enrolling_key()?.of_seed(seed).public();
    replica.succeed_finish(&key, frame, reply)
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
    let frame = cx.write(|replica| Ok(start(replica, &seed, Some(&renewed))?))?;
    let reply = server.post(PATH, &frame).map_err(|error| failed(cx, error))?;
    let succeeded = cx.write(|replica| Ok(finish(replica, &renewed, &frame, &reply.frame)?))?;
    cx.home.take_renewed()?;
    Ok(succeeded)
}
