//! Writer: the one thread that owns the store. It takes what has gathered, judges it, makes it durable with one
//! fsync, only then lets anybody be answered, and applies it to the index.

mod commit;
mod fresh;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use store::{Stats, Store, StoreError};
use sync_core::hub::{Admitted, Checked, Hub};
use tokio::sync::{mpsc, oneshot};

use crate::problem::Problem;
use crate::rule_files::RuleFile;
use crate::site::{Site, View};

/// How often a store that does not work is opened anew.
const REOPEN_EVERY: Duration = Duration::from_secs(2);

/// A store that was just opened and whose index is caught up.
pub struct Opened {
    /// The store.
    pub store: Box<dyn Store>,
    /// Why devices must read anew, if they must.
    pub epoch_reason: Option<String>,
    /// Whether its index was rebuilt.
    pub is_rebuilt: bool,
}

/// Opens the store, also again after it failed.
pub type OpenStore = Box<dyn FnMut() -> Result<Opened, StoreError> + Send>;

/// Free bytes where the store lies; `None` where that cannot be said.
pub type FreeBytes = Box<dyn Fn() -> Option<u64> + Send>;

/// A request at the writer.
pub struct Job {
    /// What was checked.
    pub checked: Checked,
    /// Its size, in bytes.
    pub bytes: usize,
    /// Where the outcome goes.
    pub answer: oneshot::Sender<Result<Admitted, Problem>>,
}

/// What the writer is asked to do.
pub enum Work {
    /// Admit a request.
    Request(Box<Job>),
    /// Publish rule files that changed.
    Rules(Vec<RuleFile>),
    /// Look after store and disk.
    Tick,
    /// Finish what came before this, close the store and end.
    Stop,
}

/// The writer's state.
pub struct Writer {
    site: Arc<Site>,
    store: Option<Box<dyn Store>>,
    hub: Hub,
    seed: [u8; 32],
    open: OpenStore,
    free_bytes: FreeBytes,
    reserve_bytes: u64,
    counted: Stats,
    reopen_at: Instant,
    /// Rule files to publish again once the store works.
    rules: Vec<RuleFile>,
}

/// What [`Writer::new`] is made of.
pub struct Parts {
    /// What readers share.
    pub site: Arc<Site>,
    /// The store, open and caught up.
    pub store: Box<dyn Store>,
    /// The office over its rows.
    pub hub: Hub,
    /// The log key's seed.
    pub seed: [u8; 32],
    /// Opens the store anew.
    pub open: OpenStore,
    /// Free space.
    pub free_bytes: FreeBytes,
    /// Free space to keep, in bytes.
    pub reserve_bytes: u64,
}

impl Writer {
    /// A writer over an open store.
    pub fn new(parts: Parts) -> Self {
        let Parts { site, store, hub, seed, open, free_bytes, reserve_bytes } = parts;
        Self {
            site,
            counted: Stats::default(),
            store: Some(store),
            hub,
            seed,
            open,
            free_bytes,
            reserve_bytes,
            reopen_at: Instant::now(),
            rules: Vec::new(),
        }
    }

    /// What is due before the first request: a new epoch, and the rules.
    pub fn begin(&mut self, epoch_reason: Option<&str>, rules: Vec<RuleFile>) {
        if let Some(Err(problem)) = epoch_reason.map(|reason| self.start_epoch(reason)) {
            self.give_up(&problem.message);
        }
        self.publish(rules);
    }

    /// Works until told to stop, then closes the store. What came before the word to stop is finished.
    ///
    /// # Errors
    /// What closing the store said.
    pub fn run(mut self, mut work: mpsc::Receiver<Work>) -> Result<(), StoreError> {
        let mut next = work.blocking_recv();
        while let Some(first) = next.take() {
            match first {
                Work::Request(job) => {
                    let (jobs, other) = self.gather(*job, &mut work);
                    self.commit(jobs);
                    next = other;
                }
                Work::Rules(files) => self.publish(files),
                Work::Tick => self.tick(),
                Work::Stop => break,
            }
            if next.is_none() {
                next = work.blocking_recv();
            }
        }
        self.store.take().map_or(Ok(()), Store::close)
    }

    /// The first job and those that wait behind it, within bounds; also the first thing that is no job.
    fn gather(&self, first: Job, work: &mut mpsc::Receiver<Work>) -> (Vec<Job>, Option<Work>) {
        let config = &self.site.config;
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
        if self.store.is_some() && !self.is_low() && self.site.health.disk_full.swap(false, Relaxed) {
            tracing::info!("there is space again: new work is taken");
        }
        if !self.rules.is_empty() {
            let files = std::mem::take(&mut self.rules);
            self.publish(files);
        }
    }

    /// Whether less space is free than is to be kept.
    fn is_low(&self) -> bool {
        (self.free_bytes)().is_some_and(|free| free < self.reserve_bytes)
    }

    /// Gives the store up and opens it anew, at once if that was not tried just before.
    fn give_up(&mut self, why: &str) {
        tracing::error!(why, "the store failed and is opened anew");
        self.site.health.set_broken(Some(why.to_owned()));
        self.store = None;
        self.mend();
    }

    /// Opens the store anew if it was given up and enough time has passed.
    fn mend(&mut self) {
        if self.store.is_some() || Instant::now() < self.reopen_at {
            return;
        }
        self.reopen_at = Instant::now() + REOPEN_EVERY;
        match self.reopen() {
            Ok(()) => tracing::warn!("the store works again"),
            Err(why) => {
                tracing::error!(why, "the store could not be opened anew");
                self.site.health.set_broken(Some(why));
            }
        }
    }

    fn reopen(&mut self) -> Result<(), String> {
        let opened = (self.open)();
        if let Err(StoreError::Full { .. }) = &opened {
            self.site.health.disk_full.store(true, Relaxed);
        }
        let Opened { store, epoch_reason, is_rebuilt } = opened.map_err(|error| error.to_string())?;
        if is_rebuilt {
            self.site.metrics.rebuilds.inc();
        }
        let (rows, records) = (store.rows(), store.records());
        self.hub = Hub::open(&*rows, &self.seed).map_err(|error| error.to_string())?;
        let hub = Hub::open(&*rows, &self.seed).map_err(|error| error.to_string())?;
        let seq = store.watermark();
        self.site.change_view(|view| *view = View { rows, records, seq, hub: Arc::new(hub) });
        self.counted = Stats::default();
        self.store = Some(store);
        self.site.health.set_broken(None);
        if let Some(reason) = epoch_reason {
            self.start_epoch(&reason).map_err(|problem| problem.message)?;
        }
        Ok(())
    }
}

/// Free bytes of the file system that holds `folder`, and its size.
pub fn disk_bytes(folder: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
