//! State of the application: what all requests of one municipality share. Reading goes through here; writing through the writer only.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use engine::committer;
use sync_core::hub::Hub;
use sync_core::log::line::Lines;
use sync_core::rows::Rows;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::news::News;
use crate::problem::Problem;
use crate::throttle::Throttle;
use crate::writer::Work;

/// Rows that every thread may read.
pub type SharedRows = dyn Rows + Send + Sync;

/// Lines that every thread may read.
pub type SharedLines = dyn Lines + Send + Sync;

/// What readers see: handles that change when the store is opened again, and how far the rows are.
pub struct View {
    /// The index.
    pub rows: Arc<SharedRows>,
    /// The ledger.
    pub lines: Arc<SharedLines>,
    /// The last line that the rows contain.
    pub seq: u64,
    /// Key, municipality and rules, as of `seq`.
    pub hub: Arc<Hub>,
}

impl View {
    /// Returns what a committer shows, with a hub over it.
    pub fn of<Ls, R>(view: committer::View<Ls, R>, hub: Hub) -> Self
    where
        Ls: Lines + Send + Sync + 'static,
        R: Rows + Send + Sync + 'static,
    {
        let committer::View { lines, rows, seq } = view;
        Self { rows: Arc::new(rows), lines: Arc::new(lines), seq, hub: Arc::new(hub) }
    }
}

/// What readiness says.
#[derive(Debug, Default)]
pub struct Health {
    /// There is no room for more records; reading goes on.
    pub disk_full: AtomicBool,
    /// The store does not work and is being opened again; why.
    broken: Mutex<Option<String>>,
    /// A stop was asked for.
    pub stopping: AtomicBool,
}

impl Health {
    /// Notes that the store does not work, or works again.
    pub fn set_broken(&self, why: Option<String>) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Each condition for readiness, by name, and what is wrong with it.
    pub fn conditions(&self) -> [(&'static str, Option<String>); 3] {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let when = |is: &AtomicBool, why: &str| is.load(Relaxed).then(|| why.to_owned());
        [
            ("ledger", broken),
            ("disk", when(&self.disk_full, "no space left: new work is refused, reading goes on")),
            ("serving", when(&self.stopping, "the server is being stopped")),
        ]
    }
}

/// Everything that requests of one municipality share.
pub struct AppState {
    view: RwLock<View>,
    /// The way to the writer.
    pub work: mpsc::Sender<Work>,
    /// The settings.
    pub config: Config,
    /// The data folder, if there is one.
    pub data: Option<PathBuf>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// News for listening devices.
    pub news: Arc<News>,
    /// Readiness.
    pub health: Arc<Health>,
    /// What strangers and devices used up.
    pub throttle: Throttle,
    /// Requests in progress.
    pub requests: Semaphore,
    /// Listening devices.
    pub listeners: Arc<Semaphore>,
    /// Cores: checking and answering wait their turn for one.
    pub cores: Semaphore,
    /// Turns true once, when the server is to stop.
    pub stop: watch::Receiver<bool>,
}

/// What [`AppState::new`] is made of.
pub struct Parts {
    /// What readers see first.
    pub view: View,
    /// The way to the writer.
    pub work: mpsc::Sender<Work>,
    /// The settings.
    pub config: Config,
    /// The data folder, if there is one.
    pub data: Option<PathBuf>,
    /// When to stop.
    pub stop: watch::Receiver<bool>,
}

impl AppState {
    /// Returns the state of a municipality whose writer is about to start.
    pub fn new(parts: Parts) -> Self {
        let Parts { view, work, config, data, stop } = parts;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            view: RwLock::new(view),
            work,
            data,
            metrics: Arc::default(),
            news: Arc::default(),
            health: Arc::default(),
            throttle: Throttle::new(&config),
            requests: Semaphore::new(config.requests_max),
            listeners: Arc::new(Semaphore::new(config.events_max)),
            cores: Semaphore::new(cores),
            config,
            stop,
        }
    }

    /// The view, held still: no record is applied while the guard lives. May wait for the disk.
    pub fn view(&self) -> RwLockReadGuard<'_, View> {
        // Only the writer changes it, and it replaces what a panic left before it lets go of the lock again.
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the view while nobody reads it.
    pub fn change_view<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        change(&mut self.view.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Handles of the view that may be used while records are being applied.
    pub fn handles(&self) -> (Arc<SharedRows>, Arc<Hub>) {
        let view = self.view();
        (Arc::clone(&view.rows), Arc::clone(&view.hub))
    }

    /// Runs `call` on a thread that may wait, when a core is free. A panic there ends this request only.
    ///
    /// # Errors
    /// `internal` after a panic; else what `call` says.
    pub async fn on_core<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let _core = self.cores.acquire().await.map_err(|_| Problem::stopping())?;
        let app = Arc::clone(self);
        match tokio::task::spawn_blocking(move || call(&app)).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => {
                self.metrics.panics.inc();
                Err(Problem::internal())
            }
            Err(_) => Err(Problem::stopping()),
        }
    }
}
