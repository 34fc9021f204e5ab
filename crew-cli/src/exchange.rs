//! Exchange: the commands' way to the core's sync driver, and what a person is told about how it ended. The store is
//! free while the network is slow; a lock of its own keeps a second exchange out.

mod shell;
mod upload;

pub use upload::Photos;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::limits::BLOB_ASKS_MAX;
use sync_core::log::line::Identity;
use sync_core::replica::Succeeded;
use sync_core::replica::evidence::ToBring;
use sync_core::replica::preview::Previewed;
use sync_core::replica::sync::driver::{BlobWants, Driver, End, Goal, Invited, Outcome, Terms};
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::replica::sync::upload::Brought;
use sync_core::wire::message::{About, BlobUse};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::evidence::BlobFiles;
use crate::http::{HttpError, Patience};
use crate::parting;
use shell::Shell;
use words::{Text, say};

/// Photos and small forms brought before the office is asked again what it has: until then this device counts none of them.
const BROUGHT_AT_ONCE: u64 = 8;
/// Refused photos after which no more are tried in one exchange.
const REFUSED_MAX: usize = 8;

/// How long bytes are kept that no entry names: the command that brought them may still be about to write it.
const UNNAMED_KEPT: Duration = Duration::from_hours(24);

/// Which photos an exchange brings; their small forms always go along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PhotosWhen {
    /// All of them.
    Now,
    /// None.
    #[default]
    Later,
}

/// Exchanges with the server until neither side has more, and brings photos.
///
/// # Errors
/// Connection, with how much stays unsent; integrity, if the reply is not the server's; what the store answers.
pub fn run(
    cx: &Context,
    patience: Patience,
    is_poor: bool,
    photos: PhotosWhen,
) -> Result<(Outcome, Photos), CliError> {
    run_with(cx, &cx.seed()?, patience, is_poor, photos)
}

/// As [`run`], with a seed that was opened before: `--watch` asks for the PIN once.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    cx: &Context,
    seed: &[u8; 32],
    patience: Patience,
    is_poor: bool,
    photos: PhotosWhen,
) -> Result<(Outcome, Photos), CliError> {
    let _lock = cx.home.lock_exchange()?;
    let kept = BlobFiles::of(cx.home.folder());
    let mut all: Option<Outcome> = None;
    let mut brought = Photos::default();
    loop {
        let all_to_bring = cx.read(|replica| Ok(replica.to_bring(true)?))?;
        let absent = all_to_bring.iter().map(|blob| blob.sha256).filter(|blob| !kept.has(blob)).collect();
        let wants = BlobWants { photos: photos == PhotosWhen::Now, absent, reads: Vec::new() };
        let terms = if is_poor { terms(patience).for_poor_link() } else { terms(patience) };
        let mut driver = Driver::new(Goal::Sync, terms).describing(about(cx)?).wanting(wants);
        let mut shell = Shell::new(cx, patience, *seed);
        let outcome = match shell.drive(&mut driver)? {
            End::Finished | End::TooLong => driver.outcome().clone(),
            End::Stuck => return Err(stuck(cx)),
            end => return Err(shell.failed(&end, &kept_words(cx))),
        };
        let tickets = outcome.blobs.clone();
        match &mut all {
            None => all = Some(outcome),
            Some(all) => all.take(outcome),
        }
        delete_here(cx, &kept)?;
        let before = brought.sent;
        for ticket in tickets.iter().filter(|ticket| ticket.r#use == BlobUse::Bring) {
            let Some(bytes) = kept.read(&ticket.sha256)? else { continue };
            cx.screen.progress(&say!("sync-photos-progress", sent = brought.sent));
            match upload::bring(shell.reached()?, ticket, &bytes, is_poor, &mut brought.bytes) {
                Brought::Whole => brought.sent += 1,
                Brought::Refused(code) => brought.refused.push((ticket.sha256, code)),
                Brought::Later => break,
            }
            if brought.sent - before >= BROUGHT_AT_ONCE {
                break;
            }
        }
        cx.screen.progress_done();
        // The next exchange hears that the office has them, and asks for the rest.
        if brought.sent == before || photos_are_refused(&brought) {
            let here = |blob: &ToBring| kept.has(&blob.sha256);
            brought.left =
                cx.read(|replica| Ok(replica.to_bring(true)?.iter().filter(|one| here(one)).count() as u64))?;
            return Ok((all.unwrap_or_default(), brought));
        }
    }
}

/// Many refusals in a row: the rest waits, so that nothing is tried for ever.
fn photos_are_refused(brought: &Photos) -> bool {
    brought.refused.len() > REFUSED_MAX
}

/// Deletes the copies here of what was erased, of what was carried for others and is at the office, and of what no entry
/// came to name.
fn delete_here(cx: &Context, kept: &BlobFiles) -> Result<(), CliError> {
    let here = kept.all_with_originals()?;
    if here.is_empty() {
        return Ok(());
    }
    for sha256 in cx.read(|replica| Ok(replica.to_delete(&here)?))? {
        kept.erase(&sha256)?;
    }
    for sha256 in cx.read(|replica| Ok(replica.unnamed(&here)?))? {
        if kept.age(&sha256)?.is_none_or(|age| age > UNNAMED_KEPT) {
            kept.erase(&sha256)?;
        }
    }
    Ok(())
}

/// Asks the office for blobs. Returns those that it has for this device, each with the bytes of its name.
///
/// # Errors
/// As [`run`]; nothing is asked for no blob.
pub fn fetch_blobs(cx: &Context, names: &[Hash]) -> Result<BTreeMap<Hash, Vec<u8>>, CliError> {
    let mut found = BTreeMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    for reads in names.chunks(BLOB_ASKS_MAX) {
        let wants = BlobWants { reads: reads.to_vec(), ..BlobWants::default() };
        let (shell, tickets) = ask_tickets(cx, wants)?;
        for ticket in tickets.iter().filter(|ticket| ticket.r#use == BlobUse::Read) {
            match shell.reached()?.blob(&format!("/v1/blobs/{}", ticket.sha256), &ticket.ticket) {
                // Whoever sent it: it is the one that was asked for, or none.
                Ok(bytes) if Hash(Sha256::digest(&bytes).into()) == ticket.sha256 => {
                    found.insert(ticket.sha256, bytes);
                }
                Ok(_) => {
                    let (message, hint) = (say!("blob-other-bytes"), say!("repeat"));
                    return Err(CliError::new(exit::INTEGRITY, "other_bytes", message, hint));
                }
                Err(HttpError::Missing(_)) => {}
                Err(error) => return Err(error.into_cli(&kept_words(cx))),
            }
        }
    }
    Ok(found)
}

/// Asks the office for tickets, with which any client of tus brings what is wanted, and reads it.
///
/// # Errors
/// As [`run`].
pub fn blob_tickets(cx: &Context, wants: BlobWants) -> Result<Vec<BlobTicket>, CliError> {
    Ok(ask_tickets(cx, wants)?.1)
}

fn ask_tickets(cx: &Context, wants: BlobWants) -> Result<(Shell<'_>, Vec<BlobTicket>), CliError> {
    let _lock = cx.home.lock_exchange()?;
    let patience = Patience::ordinary();
    let mut driver = Driver::new(Goal::Sync, terms(patience)).describing(about(cx)?).wanting(wants);
    let mut shell = Shell::new(cx, patience, cx.seed()?);
    match shell.drive(&mut driver)? {
        End::Finished | End::TooLong => Ok((shell, driver.outcome().blobs.clone())),
        End::Stuck => Err(stuck(cx)),
        end => Err(shell.failed(&end, &kept_words(cx))),
    }
}

/// Asks the server at the address of `invited` what the invitation gives. Nothing is spent by it.
///
/// # Errors
/// As [`enrol`].
pub fn preview(
    cx: &Context,
    invited: Invited,
    authority: Option<&Path>,
    kept: &Text,
) -> Result<Previewed, CliError> {
    let patience = Patience::ordinary();
    let mut shell = Shell::new(cx, patience, cx.home.seed()?).enrolling(invited.url.clone(), authority);
    match shell.drive(&mut Driver::new(Goal::Preview(invited), terms(patience)))? {
        End::Previewed(previewed) => Ok(*previewed),
        end => Err(shell.failed(&end, kept)),
    }
}

/// Enrols this device at the address of `invited`; `authority` vouches for the server's certificate. The caller holds
/// the exchange lock.
///
/// # Errors
/// Connection; rule, if the code does not count; integrity, if the reply is not signed by the server it names.
pub fn enrol(
    cx: &Context,
    invited: Invited,
    authority: Option<&Path>,
    kept: &Text,
) -> Result<Identity, CliError> {
    let patience = Patience::ordinary();
    let mut shell = Shell::new(cx, patience, cx.home.seed()?).enrolling(invited.url.clone(), authority);
    match shell.drive(&mut Driver::new(Goal::Enrol(invited), terms(patience)))? {
        End::Enrolled(identity) => Ok(*identity),
        end => Err(shell.failed(&end, kept)),
    }
}

/// Goes on under a new name with a new key, and ends the old name.
///
/// # Errors
/// Connection; rule, if this device was revoked.
pub fn renew(cx: &Context) -> Result<Succeeded, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let patience = Patience::ordinary();
    let mut shell = Shell::new(cx, patience, cx.seed()?).renewing(cx.home.renewed_or_new()?);
    match shell.drive(&mut Driver::new(Goal::Renew, terms(patience)))? {
        End::Renewed(succeeded) => {
            cx.home.take_renewed()?;
            Ok(succeeded)
        }
        end => Err(shell.failed(&end, &kept_words(cx))),
    }
}

/// One quick try to tell the server. Whether it knows; if not, the person is told why, and nothing is lost.
pub fn try_quickly(cx: &Context) -> bool {
    match run(cx, Patience::quick(), false, PhotosWhen::Later) {
        Ok((outcome, _)) => {
            warn_of_parting(cx, &outcome);
            true
        }
        Err(error) => {
            cx.screen.warn(&error.message);
            false
        }
    }
}

/// Says aloud that the server showed another past, where a command does not end with that.
pub fn warn_of_parting(cx: &Context, outcome: &Outcome) {
    if let Some(parted) = &outcome.split {
        let alarm = parting::found(cx, parted);
        cx.screen.warn(&alarm.message);
        cx.screen.warn(&alarm.hint);
    }
}

/// What the office is told of this device beside its work.
fn about(cx: &Context) -> Result<About, CliError> {
    let disk = rustix::fs::statvfs(cx.home.folder()).ok();
    let photos = cx.read(|replica| Ok(replica.to_bring(true)?.len() as u64))?;
    Ok(About {
        unsent: 0,
        photos,
        program: env!("CARGO_PKG_VERSION").into(),
        program_hash: None,
        free_bytes: disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        is_persistent: None,
    })
}

/// All waits together last as long as one request may.
fn terms(patience: Patience) -> Terms {
    let wait_ms_max = u64::try_from(patience.total.as_millis()).unwrap_or(u64::MAX);
    Terms { wait_ms_max, ..Terms::default() }
}

/// Both sides say there is more, and nothing moves.
fn stuck(cx: &Context) -> CliError {
    CliError::new(exit::OTHER, "stuck", say!("sync-stuck"), say!("sync-stuck-hint", kept = kept_words(cx)))
}

/// `nothing lost: 3 unsent stay`.
fn kept_words(cx: &Context) -> Text {
    match cx.read(|replica| Ok(replica.view().status()?.unsent)) {
        Ok(0) => say!("sync-safe-all-sent"),
        Ok(count) => say!("sync-safe-unsent", count),
        Err(_) => say!("sync-safe"),
    }
}
