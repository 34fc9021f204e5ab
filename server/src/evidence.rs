//! Evidence: the office's photos and signatures, from the first piece to the word in the ledger that it has them. The
//! bytes go from the spool into the store, then the writer says so, and only then is the spool's copy gone: a process that
//! ends in between goes on where it was.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use blobs::{Partial, Place, Spool, SpoolError, Store, StoreError};
use sync_core::hub::BlobGrant;
use sync_core::id::{DeviceId, Hash};
use sync_core::log::act::StoredBlob;
use sync_core::media;
use sync_core::rows::{Rows, RowsError, all_under};
use sync_core::state::evidence::{ErasedRow, blobs_of, stored};
use sync_core::state::keyspace;
use sync_core::time::TimeMs;
use tokio::sync::oneshot;

use crate::app_state::AppState;
use crate::config::{BLOB_DAY_BYTES_MAX, BLOB_RECORD_BYTES_MAX, BLOB_REVOKED_BYTES_MAX};
use crate::problem::Problem;
use crate::writer::Work;

const DAY_MS: TimeMs = 24 * 3_600_000;

/// The office's blobs.
#[derive(Debug)]
pub struct Evidence {
    /// Whole ones.
    pub store: Store,
    /// Those on their way.
    pub spool: Spool,
    /// Those that a request is bringing now.
    busy: Mutex<HashSet<Partial>>,
    /// Bytes that each device brought on a day.
    brought: Mutex<HashMap<DeviceId, (TimeMs, u64)>>,
    /// Whether the store could not be reached the last time.
    is_away: AtomicBool,
}

/// Held while a request brings a piece.
#[derive(Debug)]
pub struct Bringing<'e> {
    evidence: &'e Evidence,
    partial: Partial,
}

impl Drop for Bringing<'_> {
    fn drop(&mut self) {
        self.evidence.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.partial);
    }
}

/// Why a blob that has arrived whole is not kept.
#[derive(Debug)]
pub enum NotKept {
    /// Its bytes are not those of its name: begin again.
    OtherBytes,
    /// It is no picture, or holds more than one; in words.
    NoPicture(String),
    /// It cannot be kept now. What has arrived stays.
    Later(Problem),
}

impl Evidence {
    /// Opens the blobs of a data folder; `setting` names another place for whole ones.
    ///
    /// # Errors
    /// The place makes no sense, or its folder cannot be made.
    pub fn open(data: &Path, setting: &str) -> Result<Self, StoreError> {
        let place = match setting {
            "" => Place::Folder(data.to_owned()),
            setting => Place::parse(setting)?,
        };
        let spool = Spool::open(&data.join("spool")).map_err(|error| StoreError::Away(error.to_string()))?;
        Ok(Self {
            store: Store::open(&place)?,
            spool,
            busy: Mutex::default(),
            brought: Mutex::default(),
            is_away: AtomicBool::new(false),
        })
    }

    /// Returns what is wrong with the store, for readiness.
    pub fn trouble(&self) -> Option<String> {
        let away = "photos cannot be kept or read now: they wait on the devices; other work goes on";
        self.is_away.load(Relaxed).then(|| away.to_owned())
    }

    /// Returns the partial that a grant is about.
    pub fn partial(grant: &BlobGrant) -> Partial {
        Partial { blob: grant.sha256, device: grant.device, of: grant.of, bytes: grant.bytes }
    }

    /// Takes the partial for one request; `None` while another one brings it.
    pub fn bring(&self, partial: Partial) -> Option<Bringing<'_>> {
        let is_free = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(partial);
        is_free.then_some(Bringing { evidence: self, partial })
    }

    /// Checks that a device may bring a blob of this size now, and counts it.
    ///
    /// # Errors
    /// `over_quota`, by device and day, or by record; the index does not read.
    pub fn charge(
        &self,
        rows: &dyn Rows,
        grant: &BlobGrant,
        is_revoked: bool,
        now_ms: TimeMs,
    ) -> Result<(), Problem> {
        let mut of_record = 0;
        for (sha256, device) in blobs_of(rows, &grant.record)? {
            of_record += stored(rows, &sha256, &device)?.map_or(0, |row| row.bytes);
        }
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, bytes) = brought.entry(grant.device).or_default();
        let today = now_ms.div_euclid(DAY_MS);
        // What was brought after a revocation counts for good, as long as this process lives.
        if *day != today && !is_revoked {
            (*day, *bytes) = (today, 0);
        }
        let most = if is_revoked { BLOB_REVOKED_BYTES_MAX } else { BLOB_DAY_BYTES_MAX };
        if *bytes + grant.bytes > most || of_record + grant.bytes > BLOB_RECORD_BYTES_MAX {
            return Err(Problem::wait(
                "over_quota",
                "this device, or this order, has its share of photos",
                3_600,
            ));
        }
        *bytes += grant.bytes;
        Ok(())
    }

    /// Keeps a blob that has arrived whole, and has the ledger say so.
    ///
    /// # Errors
    /// See [`NotKept`].
    pub async fn keep(self: &Arc<Self>, app: &AppState, partial: Partial) -> Result<(), NotKept> {
        let later = |code, what: &str| NotKept::Later(Problem::later(code, what));
        let read = Arc::clone(self);
        let whole = tokio::task::spawn_blocking(move || {
            let bytes = read.spool.whole(&partial)?;
            let media = media::check(&bytes);
            if media.is_err() {
                read.spool.drop(&partial)?;
            }
            Ok::<_, SpoolError>((bytes, media))
        });
        let (bytes, media) = match whole.await {
            Ok(Ok(whole)) => whole,
            Ok(Err(SpoolError::OtherBytes)) => return Err(NotKept::OtherBytes),
            Ok(Err(error)) => {
                tracing::error!(%error, "a photo could not be read from the spool");
                return Err(later("no_room", "the photo could not be read back"));
            }
            Err(_) => return Err(NotKept::Later(Problem::internal())),
        };
        media.map_err(|error| NotKept::NoPicture(error.to_string()))?;
        self.put(&partial.blob, bytes.into()).await.map_err(NotKept::Later)?;
        let (answer, said) = oneshot::channel();
        let blob = StoredBlob { sha256: partial.blob, bytes: partial.bytes, of: partial.of };
        app.work
            .try_send(Work::Stored(Box::new((blob, answer))))
            .map_err(|_| later("busy", "the server has as much to do as it can"))?;
        said.await.map_err(|_| NotKept::Later(Problem::stopping()))?.map_err(NotKept::Later)?;
        // The ledger says it and the store has it: a spool that keeps its copy does no harm.
        let _ = self.spool.drop(&partial);
        Ok(())
    }

    async fn put(&self, blob: &Hash, bytes: Bytes) -> Result<(), Problem> {
        let kept = self.store.put(blob, bytes).await;
        self.note(&kept);
        kept.map_err(|error| {
            tracing::error!(%error, %blob, "a photo could not be kept");
            Problem::later("no_room", "photos cannot be kept now; what arrived stays here")
        })
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get(&self, blob: &Hash) -> Result<Bytes, StoreError> {
        let found = self.store.get(blob).await;
        self.note(&found);
        found
    }

    fn note<T>(&self, done: &Result<T, StoreError>) {
        let is_away = matches!(done, Err(StoreError::Away(_)));
        if self.is_away.swap(is_away, Relaxed) != is_away {
            if is_away {
                tracing::error!("photos cannot be kept or read now; other work goes on");
            } else {
                tracing::info!("photos can be kept and read again");
            }
        }
    }

    /// Erases the bytes of blobs, here and in the spool. Those that cannot be erased now are erased at the next start, and no
    /// ticket is given for them any more.
    pub async fn erase(&self, blobs: &[Hash]) {
        for blob in blobs {
            let done = self.store.delete(blob).await;
            self.note(&done);
            let spool = self.spool.forget(blob);
            match (done, spool) {
                (Ok(()), Ok(())) => tracing::info!(%blob, "the bytes of a photo were erased"),
                (Err(error), _) => tracing::error!(%error, %blob, "a photo could not be erased yet"),
                (_, Err(error)) => {
                    tracing::error!(%error, %blob, "a photo could not be erased from the spool yet")
                }
            }
        }
    }

    /// Looks after the blobs: erases again what was erased, because a restored copy has it once more, and keeps what arrived
    /// whole when a process ended.
    pub async fn look_after(self: Arc<Self>, app: Arc<AppState>) {
        let rows = app.handles().0;
        match erased_blobs(&*rows) {
            Ok(erased) => self.erase_again(&erased).await,
            Err(error) => tracing::error!(%error, "what was erased could not be read"),
        }
        drop(rows);
        let whole = match self.spool.all_whole() {
            Ok(whole) => whole,
            Err(error) => return tracing::error!(%error, "the spool could not be read"),
        };
        for partial in whole {
            if let Some(_bringing) = self.bring(partial)
                && let Err(error) = self.keep(&app, partial).await
            {
                tracing::warn!(?error, "a photo in the spool could not be kept yet");
            }
        }
    }

    async fn erase_again(&self, erased: &[Hash]) {
        for blob in erased {
            // Asking first keeps the log silent about what is gone already.
            let there = self.store.size(blob).await;
            self.note(&there);
            if !matches!(there, Ok(None)) {
                self.erase(std::slice::from_ref(blob)).await;
            }
        }
    }
}

/// Returns all blobs that were erased.
fn erased_blobs(rows: &dyn Rows) -> Result<Vec<Hash>, RowsError> {
    let rows: Vec<(Vec<u8>, ErasedRow)> = all_under(rows, keyspace::ERASED_BLOBS)?;
    Ok(rows.into_iter().filter_map(|(tail, _)| Hash::from_slice(&tail)).collect())
}
