//! Writer: the one thread that drives the committer. It takes what has gathered through to its answers, publishes rule
//! files, and opens the store again when it failed.

mod commit;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use engine::committer::{Committer, Space};
use store::{Index, Log, Stats, Store, StoreError};
use sync_core::hub::{Admitted, Checked, Durable};
use sync_core::limits::BLOBS_STORED_MAX;
use sync_core::log::act::StoredBlob;
use sync_core::state::authority::AppVersion;
use tokio::sync::{mpsc, oneshot};

use crate::app_state::{AppState, View};
use crate::problem::Problem;
use crate::rule_files::Loaded;

/// How often a store that does not work is opened again.
const REOPEN_EVERY: Duration = Duration::from_secs(2);

/// A log that the writer's thread may own, and whose lines every thread may read.
pub trait SharedLog: Log<Lines: Send + Sync + 'static> + Send + 'static {}

impl<L: Log<Lines: Send + Sync + 'static> + Send + 'static> SharedLog for L {}

/// An index that the writer's thread may own, and whose rows every thread may read.
pub trait SharedIndex: Index<Rows: Send + Sync + 'static> + Send + 'static {}

impl<I: Index<Rows: Send + Sync + 'static> + Send + 'static> SharedIndex for I {}

/// A store that was just opened and whose index is caught up.
pub struct Opened<L, I> {
    /// The store.
    pub store: Store<L, I>,
    /// Why a new epoch must begin, if one must.
    pub epoch_reason: Option<String>,
    /// Whether its index was rebuilt.
    pub is_rebuilt: bool,
}

/// Opens the store, also again after it failed.
pub type OpenStore<L, I> = Box<dyn FnMut() -> Result<Opened<L, I>, StoreError> + Send>;

/// Free bytes where the store lies; `None` where that cannot be said.
pub type FreeBytes = Box<dyn Fn() -> Option<u64> + Send>;

/// Where the outcome of a request goes.
pub type Answer = oneshot::Sender<Result<Durable<Admitted>, Problem>>;

/// A blob that is kept, and where the word goes that the ledger says so.
pub type Said = (StoredBlob, oneshot::Sender<Result<(), Problem>>);
/// Blobs that are there no more, and where the word goes that the ledger says so.
pub type Gone = (Vec<StoredBlob>, oneshot::Sender<Result<(), Problem>>);

/// A request at the writer.
pub struct Job {
    /// What was checked.
    pub checked: Checked,
    /// Its size, in bytes.
    pub bytes: usize,
    /// Where the outcome goes.
    pub answer: Answer,
}

/// What the writer is asked to do.
pub enum Work {
    /// Admit a request.
    Request(Box<Job>),
    /// Publish rule files that changed.
    Rules(Box<Loaded>),
    /// Say in the ledger that a blob is kept.
    Stored(Box<Said>),
    /// Say in the ledger that blobs are there no more.
    Missing(Box<Gone>),
    /// Look after store and disk.
    Tick,
    /// Finish what came before this, close the store and end.
    Stop,
}

/// The writer's state.
pub struct Writer<L: SharedLog, I: SharedIndex> {
    app: Arc<AppState>,
    /// `None` while the store does not work.
    committer: Option<Committer<L, I>>,
    seed: [u8; 32],
    open: OpenStore<L, I>,
    free_bytes: FreeBytes,
    reserve_bytes: u64,
    counted: Stats,
    reopen_at: Instant,
    /// Appends that the disk did not take, since one that it took.
    failed_in_a_row: u32,
    /// Rule files to publish again once the store works.
    rules: Option<Loaded>,
    /// The app that browsers get, until the ledger says so.
    web: Option<AppVersion>,
}

/// What [`Writer::new`] is made of.
pub struct Parts<L: SharedLog, I: SharedIndex> {
    /// What readers share.
    pub app: Arc<AppState>,
    /// The committer over an open store.
    pub committer: Committer<L, I>,
    /// The log key's seed.
    pub seed: [u8; 32],
    /// Opens the store again.
    pub open: OpenStore<L, I>,
    /// Free space.
    pub free_bytes: FreeBytes,
    /// Free space to keep, in bytes.
    pub reserve_bytes: u64,
}

impl<L: SharedLog, I: SharedIndex> Writer<L, I> {
    /// A writer over an open store.
    pub fn new(parts: Parts<L, I>) -> Self {
        let Parts { app, committer, seed, open, free_bytes, reserve_bytes } = parts;
        Self {
            app,
            counted: Stats::default(),
            committer: Some(committer),
            seed,
            open,
            free_bytes,
            reserve_bytes,
            reopen_at: Instant::now(),
            failed_in_a_row: 0,
            rules: None,
            web: None,
        }
    }

    /// What is due before the first request: a new epoch, the rules, and the app that browsers get.
    pub fn begin(&mut self, epoch_reason: Option<&str>, rules: Loaded, web: Option<AppVersion>) {
        if let Some(Err(problem)) = epoch_reason.map(|reason| self.start_epoch(reason)) {
            self.give_up(&problem.message);
        }
        self.publish(rules);
        self.publish_app(web);
    }

    /// Works until told to stop, then closes the store. What came before the word to stop is finished.
    ///
    /// # Errors
    /// What closing the store said.
    pub fn run(mut self, mut work: mpsc::Receiver<Work>) -> Result<(), StoreError> {
        let mut next = work.blocking_recv();
        while let Some(first) = next.take() {
            self.app.health.beat();
            match first {
                Work::Request(job) => {
                    let (jobs, other) = self.gather(*job, &mut work);
                    self.commit(jobs);
                    next = other;
                }
                Work::Rules(files) => self.publish(*files),
                Work::Stored(said) => {
                    let (said, other) = gather_stored(*said, &mut work);
                    self.say_stored(said);
                    next = other;
                }
                Work::Missing(missing) => self.say_missing(*missing),
                Work::Tick => self.tick(),
                Work::Stop => break,
            }
            self.app.health.beat();
            if next.is_none() {
                next = work.blocking_recv();
            }
        }
        self.committer.take().map_or(Ok(()), Committer::close)
    }

    /// The first job and those that wait behind it, within bounds; also the first thing that is no job.
    fn gather(&self, first: Job, work: &mut mpsc::Receiver<Work>) -> (Vec<Job>, Option<Work>) {
        let config = &self.app.config;
        let mut bytes = first.bytes;
        let mut jobs = vec![first];
        while jobs.len() < config.batch_requests_max && bytes < config.batch_bytes_max {
            match work.try_recv() {
                Ok(Work::Request(job)) => {
                    bytes += job.bytes;
                    jobs.push(*job);
                }
                Ok(other) => return (jobs, Some(other)),
                Err(_) => break,
            }
        }
        (jobs, None)
    }

    fn tick(&mut self) {
        self.mend();
        self.rest();
        if self.committer.is_some() {
            self.note_space();
        }
        if let Some(files) = self.rules.take() {
            self.publish(files);
        }
        let web = self.web.take();
        self.publish_app(web);
    }

    fn space(&self) -> Space {
        Space { free_bytes: (self.free_bytes)(), reserve_bytes: self.reserve_bytes }
    }

    /// Gives the store up and opens it again, at once if that was not tried just before.
    fn give_up(&mut self, why: &str) {
        tracing::error!(why, "the store failed and is opened again");
        self.app.health.set_broken(Some(why.to_owned()));
        self.committer = None;
        self.mend();
    }

    /// Opens the store again if it was given up and enough time has passed.
    fn mend(&mut self) {
        if self.committer.is_some() || Instant::now() < self.reopen_at {
            return;
        }
        self.reopen_at = Instant::now() + REOPEN_EVERY;
        match self.reopen() {
            Ok(()) => tracing::warn!("the store works again"),
            Err(why) => {
                tracing::error!(why, "the store could not be opened again");
                self.app.health.set_broken(Some(why));
            }
        }
    }

    fn reopen(&mut self) -> Result<(), String> {
        let opened = (self.open)();
        if let Err(StoreError::Full { .. }) = &opened {
            self.app.health.disk_full.store(true, Relaxed);
        }
        let Opened { store, epoch_reason, is_rebuilt } = opened.map_err(|error| error.to_string())?;
        if is_rebuilt {
            self.app.metrics.rebuilds.inc();
        }
        let committer =
            Committer::open(store, self.seed, self.app.config.quotas()).map_err(|error| error.to_string())?;
        let hub = committer.open_hub().map_err(|error| error.to_string())?;
        self.app.change_view(|view| *view = View::of(committer.view(), hub));
        self.counted = Stats::default();
        self.committer = Some(committer);
        self.app.health.set_broken(None);
        if let Some(reason) = epoch_reason {
            self.start_epoch(&reason).map_err(|problem| problem.message)?;
        }
        Ok(())
    }
}

/// Returns the first word about a blob and those that wait behind it, within bounds; also the first thing that is none.
fn gather_stored(first: Said, work: &mut mpsc::Receiver<Work>) -> (Vec<Said>, Option<Work>) {
    let mut said = vec![first];
    while said.len() < BLOBS_STORED_MAX {
        match work.try_recv() {
            Ok(Work::Stored(one)) => said.push(*one),
            Ok(other) => return (said, Some(other)),
            Err(_) => break,
        }
    }
    (said, None)
}

/// Free bytes of the file system that holds `folder`, and its size.
pub fn disk_bytes(folder: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}
