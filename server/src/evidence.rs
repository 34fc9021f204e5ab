//! Evidence: the office's photos and signatures, from the first piece to the word in the ledger that it has them. The
//! bytes go from the spool into the store, then the writer says so, and only then is the spool's copy gone: a process that
//! ends in between goes on where it was.

mod compare;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use blobs::keeping::{End, Event, Keeping, Step};
use blobs::sweep::Kept;
use blobs::{Partial, Place, Spool, SpoolError, Store, StoreError};
use sync_core::hub::BlobGrant;
use sync_core::id::{DeviceId, Hash};
use sync_core::log::act::StoredBlob;
use sync_core::rows::Rows;
use sync_core::state::evidence::{all_erased, blobs_of, erased, stored};
use sync_core::time::TimeMs;
use tokio::sync::oneshot;

use crate::app_state::AppState;
use crate::config::{BLOB_DAY_BYTES_MAX, BLOB_RECORD_BYTES_MAX, BLOB_REVOKED_BYTES_MAX};
use crate::problem::Problem;
use crate::writer::{Work, disk_bytes};

const DAY_MS: TimeMs = 24 * 3_600_000;
/// How often the server looks for photos that wait, as after an outage of the bucket.
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(20);

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
    /// Those that arrived whole and are not kept yet: the store is away, or who brought one did not wait.
    waiting: Mutex<HashSet<Partial>>,
    /// Those that could not be erased yet.
    unerased: Mutex<BTreeSet<Hash>>,
    /// Those that the store has, and of which the ledger does not speak.
    unsaid: Mutex<Vec<Kept>>,
    /// Whether the store could not be reached the last time.
    is_away: AtomicBool,
    /// The data folder, and what stays free on its disk for the ledger, in bytes.
    data: PathBuf,
    reserve_bytes: u64,
}

/// Held while a request brings a piece.
#[derive(Debug)]
pub struct Bringing<'e> {
    evidence: &'e Evidence,
    partial: Partial,
}

impl Drop for Bringing<'_> {
    fn drop(&mut self) {
        locked(&self.evidence.busy).remove(&self.partial);
    }
}

/// Why a blob that has arrived whole is not kept.
#[derive(Debug)]
pub enum NotKept {
    /// Its bytes are not those of its name: begin again.
    OtherBytes,
    /// It is no picture, or holds more than one; in words.
    NoPicture(String),
    /// It was erased.
    Erased,
    /// It cannot be kept now. What has arrived stays.
    Later(Problem),
}

impl Evidence {
    /// Opens the blobs of a data folder; `setting` names another place for whole ones. Pieces leave twice `reserve_bytes`
    /// of the disk free, so that entries still go on when photos have to wait.
    ///
    /// # Errors
    /// The place makes no sense, or its folder cannot be made.
    pub fn open(data: &Path, setting: &str, reserve_bytes: u64) -> Result<Self, StoreError> {
        let (store, spool) = places(data, setting)?;
        Ok(Self {
            store,
            spool,
            busy: Mutex::default(),
            brought: Mutex::default(),
            waiting: Mutex::default(),
            unerased: Mutex::default(),
            unsaid: Mutex::default(),
            is_away: AtomicBool::new(false),
            data: data.to_owned(),
            reserve_bytes,
        })
    }

    /// Checks that the disk has room for so many more bytes of photos.
    ///
    /// # Errors
    /// `disk_full`.
    pub fn check_room(&self, bytes: u64) -> Result<(), Problem> {
        let free = disk_bytes(&self.data).map(|(free, _)| free);
        let needed = self.reserve_bytes.saturating_mul(2).saturating_add(bytes);
        if free.is_some_and(|free| free < needed) { Err(Problem::disk_full()) } else { Ok(()) }
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
        let is_free = locked(&self.busy).insert(partial);
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
        for (sha256, naming) in blobs_of(rows, &grant.record)? {
            of_record += stored(rows, &sha256, &naming.device)?.map_or(0, |row| row.bytes);
        }
        let mut brought = locked(&self.brought);
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

    /// Keeps a blob that has arrived whole, and has the ledger say so. Where that cannot be now, or this is dropped on the
    /// way, it is tried again by [`Evidence::look_after`].
    ///
    /// # Errors
    /// See [`NotKept`].
    pub async fn keep(self: &Arc<Self>, app: &AppState, partial: Partial) -> Result<(), NotKept> {
        locked(&self.waiting).insert(partial);
        let done = self.keep_now(app, partial).await;
        if !matches!(done, Err(NotKept::Later(_))) {
            locked(&self.waiting).remove(&partial);
        }
        done
    }

    async fn keep_now(self: &Arc<Self>, app: &AppState, partial: Partial) -> Result<(), NotKept> {
        let mut keeping = Keeping::of(partial);
        let (mut event, mut problem) = (Event::Begin, None);
        loop {
            let done = match keeping.next(event) {
                Step::Read => self.read(partial).await.map(Event::Read),
                Step::Put(bytes) => self.put(&partial.blob, bytes).await.map(|()| Event::Did(true)),
                Step::Say(blob) => say_stored(app, blob).await.map(|()| Event::Did(true)),
                Step::Look => {
                    let gone = erased(&*app.handles().0, &partial.blob);
                    gone.map(|row| Event::Erased(row.is_some())).map_err(Problem::from)
                }
                Step::Erase => {
                    self.erase(&[partial.blob]).await;
                    Ok(Event::Did(true))
                }
                Step::Drop => Ok(Event::Did(self.spool.drop(&partial).is_ok())),
                Step::Done(end) => return ended(end, problem),
            };
            event = done.unwrap_or_else(|why| {
                problem = Some(why);
                Event::Did(false)
            });
        }
    }

    /// Reads a partial. A disk that fails is a problem of now; what is wrong with the partial itself is its end.
    async fn read(self: &Arc<Self>, partial: Partial) -> Result<Result<Vec<u8>, SpoolError>, Problem> {
        let read = Arc::clone(self);
        let whole = tokio::task::spawn_blocking(move || read.spool.whole(&partial)).await;
        match whole.map_err(|_| Problem::internal())? {
            Err(error @ (SpoolError::Io(_) | SpoolError::Offset { .. } | SpoolError::TooMany(_))) => {
                tracing::error!(%error, "a photo could not be read from the spool");
                Err(Problem::later("no_room", "the photo could not be read back"))
            }
            whole => Ok(whole),
        }
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

    /// Erases the bytes of blobs, here and in the spool. Those that cannot be erased now are erased later, and nobody gets
    /// them any more.
    pub async fn erase(&self, blobs: &[Hash]) {
        for blob in blobs {
            let done = self.store.delete(blob).await;
            self.note(&done);
            let spool = self.spool.forget(blob);
            if done.is_err() || spool.is_err() {
                locked(&self.unerased).insert(*blob);
            }
            match (done, spool) {
                (Ok(()), Ok(())) => tracing::info!(%blob, "the bytes of a photo were erased"),
                (Err(error), _) => tracing::error!(%error, %blob, "a photo could not be erased yet"),
                (_, Err(error)) => {
                    tracing::error!(%error, %blob, "a photo could not be erased from the spool yet");
                }
            }
        }
    }

    /// Looks after the blobs for as long as the server runs: erases again what was erased, because a restored copy has it
    /// once more, keeps what arrived whole when a process ended or the store was away, and has the ledger say what was lost
    /// or found when ledger and store are not of one age.
    pub async fn look_after(self: Arc<Self>, app: Arc<AppState>) {
        match all_erased(&*app.handles().0) {
            Ok(erased) => locked(&self.unerased).extend(erased),
            Err(error) => tracing::error!(%error, "what was erased could not be read"),
        }
        let listed = Arc::clone(&self);
        match tokio::task::spawn_blocking(move || listed.spool.all_whole()).await {
            Ok(Ok(whole)) => locked(&self.waiting).extend(whole),
            Ok(Err(error)) => tracing::error!(%error, "the spool could not be read"),
            Err(_) => {}
        }
        self.note(&self.store.probe().await);
        let mut is_compared = false;
        while !app.health.stopping.load(Relaxed) {
            if self.is_away.load(Relaxed) {
                self.note(&self.store.probe().await);
            }
            self.erase_again().await;
            self.keep_waiting(&app).await;
            is_compared = is_compared || self.compare(&app).await;
            self.say_found(&app).await;
            tokio::time::sleep(LOOK_AFTER_EVERY).await;
        }
    }

    async fn keep_waiting(self: &Arc<Self>, app: &AppState) {
        let waiting: Vec<Partial> = locked(&self.waiting).iter().copied().collect();
        for partial in waiting {
            let Some(_bringing) = self.bring(partial) else { continue };
            match self.keep(app, partial).await {
                Ok(()) => tracing::info!(blob = %partial.blob, "a photo that waited in the spool is kept"),
                Err(NotKept::Later(problem)) => {
                    tracing::warn!(why = problem.message, "a photo in the spool cannot be kept yet");
                    // The next one would meet the same.
                    return;
                }
                Err(error) => tracing::warn!(?error, "a photo in the spool is not kept"),
            }
        }
    }

    async fn erase_again(&self) {
        let unerased = std::mem::take(&mut *locked(&self.unerased));
        for blob in unerased {
            // Asking first keeps the log silent about what is gone already.
            let there = self.store.size(&blob).await;
            self.note(&there);
            if !matches!(there, Ok(None)) || self.spool.forget(&blob).is_err() {
                self.erase(&[blob]).await;
            }
        }
    }
}

/// Opens the store that a setting names, and the spool of a data folder.
///
/// # Errors
/// As [`Evidence::open`].
pub fn places(data: &Path, setting: &str) -> Result<(Store, Spool), StoreError> {
    let place = match setting {
        "" => Place::Folder(data.to_owned()),
        setting => Place::parse(setting)?,
    };
    let spool = data.join("spool");
    // What is kept in a folder is only as durable as the folder's name.
    let folders = [Some(&spool), if let Place::Folder(folder) = &place { Some(folder) } else { None }];
    for folder in folders.into_iter().flatten() {
        store_disk::make_folder(folder).map_err(|error| StoreError::Away(error.to_string()))?;
    }
    let spool = Spool::open(&spool).map_err(|error| StoreError::Away(error.to_string()))?;
    Ok((Store::open(&place)?, spool))
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the ledger say that a blob is kept.
async fn say_stored(app: &AppState, blob: StoredBlob) -> Result<(), Problem> {
    let (answer, said) = oneshot::channel();
    app.work
        .try_send(Work::Stored(Box::new((blob, answer))))
        .map_err(|_| Problem::later("busy", "the server has as much to do as it can"))?;
    said.await.map_err(|_| Problem::stopping())?
}

fn ended(end: End, problem: Option<Problem>) -> Result<(), NotKept> {
    match end {
        End::Kept => Ok(()),
        End::OtherBytes => Err(NotKept::OtherBytes),
        End::NoPicture(error) => Err(NotKept::NoPicture(error.to_string())),
        End::Erased => Err(NotKept::Erased),
        End::Later => Err(NotKept::Later(problem.unwrap_or_else(Problem::internal))),
    }
}
