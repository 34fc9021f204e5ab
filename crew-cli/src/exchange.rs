//! Exchange: the commands' way to the core's sync driver, and what a person is told about how it ended. The store is
//! free while the network is slow; a lock of its own keeps a second exchange out.

mod shell;

use std::path::Path;

use sync_core::log::line::Identity;
use sync_core::replica::Succeeded;
use sync_core::replica::preview::Previewed;
use sync_core::replica::sync::driver::{Driver, End, Goal, Invited, Outcome, Terms};
use sync_core::wire::message::About;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::http::Patience;
use crate::parting;
use shell::Shell;
use words::{Text, say};

/// Exchanges with the server until neither side has more.
///
/// # Errors
/// Connection, with how much stays unsent; integrity, if the reply is not the server's; what the store answers.
pub fn run(cx: &Context, patience: Patience, is_poor: bool) -> Result<Outcome, CliError> {
    run_with(cx, &cx.seed()?, patience, is_poor)
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
) -> Result<Outcome, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let terms = if is_poor { terms(patience).for_poor_link() } else { terms(patience) };
    let mut driver = Driver::new(Goal::Sync, terms).describing(about(cx));
    let mut shell = Shell::new(cx, patience, *seed);
    match shell.drive(&mut driver)? {
        End::Finished | End::TooLong => Ok(driver.outcome().clone()),
        End::Stuck => Err(stuck(cx)),
        end => Err(shell.failed(&end, &kept(cx))),
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
        end => Err(shell.failed(&end, &kept(cx))),
    }
}

/// One quick try to tell the server. Whether it knows; if not, the person is told why, and nothing is lost.
pub fn try_quickly(cx: &Context) -> bool {
    match run(cx, Patience::quick(), false) {
        Ok(outcome) => {
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
fn about(cx: &Context) -> About {
    let disk = rustix::fs::statvfs(cx.home.folder()).ok();
    About {
        unsent: 0,
        photos: 0,
        program: env!("CARGO_PKG_VERSION").into(),
        program_hash: None,
        free_bytes: disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
        is_persistent: None,
    }
}

/// All waits together last as long as one request may.
fn terms(patience: Patience) -> Terms {
    let wait_ms_max = u64::try_from(patience.total.as_millis()).unwrap_or(u64::MAX);
    Terms { wait_ms_max, ..Terms::default() }
}

/// Both sides say there is more, and nothing moves.
fn stuck(cx: &Context) -> CliError {
    CliError::new(exit::OTHER, "stuck", say!("sync-stuck"), say!("sync-stuck-hint", kept = kept(cx)))
}

/// `nothing lost: 3 unsent stay`.
fn kept(cx: &Context) -> Text {
    match cx.read(|replica| Ok(replica.view().status()?.unsent)) {
        Ok(0) => say!("sync-safe-all-sent"),
        Ok(count) => say!("sync-safe-unsent", count),
        Err(_) => say!("sync-safe"),
    }
}
