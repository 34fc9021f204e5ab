//! Start: from a data folder to an open store whose index contains the whole ledger.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use store::{CatchUp, Index, IndexReason, Log, Store, StoreError};
use store_disk::{Ledger, Notices, Options, SledIndex};
use sync_core::rows::ROWS_FORMAT;

use crate::failure::Failure;
use crate::writer::Opened;
use words::say;

/// How often a long catch-up says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// How the server opens its store.
pub fn options(create: bool) -> Options {
    let mut options = Options { create, ..Options::server() };
    options.index.rows_format = ROWS_FORMAT;
    options
}

/// Opens the store and catches its index up. Everything unusual is one warning line.
///
/// # Errors
/// As [`store_disk::open`] and [`Store::catch_up`].
pub fn open(data: &Path) -> Result<Opened<Ledger, SledIndex>, StoreError> {
    let (mut store, notices) = store_disk::open(data, &options(false))?;
    let epoch_reason = warn(&notices);
    catch_up(&mut store)?;
    Ok(Opened { store, epoch_reason, is_rebuilt: notices.index.is_some() })
}

/// As [`open`], for the writer to call again.
pub fn opener(data: PathBuf) -> crate::writer::OpenStore<Ledger, SledIndex> {
    Box::new(move || open(&data))
}

/// Logs the notices; returns why a new epoch must begin, if one must.
fn warn(notices: &Notices) -> Option<String> {
    let mut reason = None;
    if let Some(tail) = &notices.tail {
        let (first, bytes, saved_as) = (tail.first_seq_dropped, tail.bytes, tail.saved_as.display());
        tracing::warn!(first, bytes, %saved_as, "an unfinished append was cut from the ledger's end");
        reason = Some(format!("an unfinished append from record {first} on was cut ({bytes} bytes)"));
    }
    if let Some(index) = &notices.index {
        let saved_as = index.saved_as.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        tracing::warn!(reason = %index.reason, saved_as, "the index was set aside and is rebuilt");
        // A device was told of records that this ledger does not have: a restored copy, or a disk that lied.
        if matches!(index.reason, IndexReason::AheadOfLedger { .. } | IndexReason::OtherLedger { .. }) {
            reason = Some(format!("the ledger lost records that the index had: {}", index.reason));
        }
    }
    reason
}

/// Folds what the index lacks, and logs how far it is.
///
/// # Errors
/// As [`engine::committer::catch_up`].
pub fn catch_up<L: Log, I: Index>(store: &mut Store<L, I>) -> Result<u64, StoreError> {
    let mut said_at = Instant::now();
    engine::committer::catch_up(store, &mut |CatchUp { applied, last }| {
        if said_at.elapsed() >= PROGRESS_EVERY {
            said_at = Instant::now();
            tracing::info!(applied, last, "the index is catching up");
        }
    })
}

/// Insists that `data` holds a store.
pub fn require(data: &Path) -> Result<(), Failure> {
    if data.join("FORMAT").is_file() {
        return Ok(());
    }
    Err(Failure::from(StoreError::Missing { path: data.to_owned() }))
}

/// An office that does not open over a store that does.
pub fn office_failure(error: &sync_core::hub::HubError) -> Failure {
    Failure::other("office", say!("server-hub", detail = error.to_string()), say!("server-hub-hint"))
}
