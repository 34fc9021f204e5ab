//! State of the application: what all requests of one municipality share. Reading goes through here; writing through the writer only.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use engine::committer;
use sync_core::hub::Hub;
use sync_core::id::DeviceId;
use sync_core::limits::MESSAGE_BYTES_MAX;
use sync_core::log::line::Lines;
use sync_core::rows::Rows;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::alarm::Alarm;
use crate::config::{Config, ENROLMENTS_MAX};
use crate::connections::Connections;
use crate::evidence::Evidence;
use crate::health::Health;
use crate::kept;
use crate::lane::Lane;
use crate::metrics::Metrics;
use crate::news::News;
use crate::people::People;
use crate::places::{NoPlace, Places, Turn};
use crate::problem::Problem;
use crate::room::Room;
use crate::throttle::Throttle;
use crate::ticket::Tickets;
use crate::web::Web;
use crate::witness::Witness;
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

/// Everything that requests of one municipality share.
pub struct AppState {
    view: RwLock<View>,
    /// The way to the writer.
    pub work: mpsc::Sender<Work>,
    /// The settings.
    pub config: Config,
    /// The data folder, if there is one.
    pub data: Option<PathBuf>,
    /// Where the app for browsers is.
    pub web: Web,
    /// Where a checkpoint a day is kept.
    pub checkpoints: Option<PathBuf>,
    /// Who cosigns it.
    pub witness: Option<Witness>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// News for listening devices.
    pub news: Arc<News>,
    /// Readiness.
    pub health: Arc<Health>,
    /// What strangers and devices used up.
    pub throttle: Throttle,
    /// Every open connection.
    pub connections: Arc<Connections>,
    /// The names behind the persons of entries.
    pub people: People,
    /// Photos and signatures; none for a server that keeps nothing.
    pub evidence: Option<Arc<Evidence>>,
    /// Makes tickets and reads them.
    pub tickets: Tickets,
    /// The municipality's name and its log's key, which never change.
    pub title: (String, String),
    /// Requests of devices in progress.
    pub devices: Arc<Places<DeviceId>>,
    /// Enrolments that the writer is to take.
    pub enrolments: Semaphore,
    /// Where signatures of strangers are checked.
    pub strangers: Lane,
    /// Where the public log is read.
    pub public: Lane,
    /// Room for bodies of strangers.
    pub stranger_room: Arc<Room<IpAddr>>,
    /// Room for bodies of devices that showed a ticket.
    pub device_room: Arc<Room<DeviceId>>,
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
    /// The log key's seed, which the key of tickets follows from.
    pub seed: [u8; 32],
    /// The data folder, if there is one.
    pub data: Option<PathBuf>,
    /// The names behind the persons of entries.
    pub people: People,
    /// Photos and signatures.
    pub evidence: Option<Arc<Evidence>>,
    /// When to stop.
    pub stop: watch::Receiver<bool>,
}

impl AppState {
    /// Returns the state of a municipality whose writer is about to start.
    pub fn new(parts: Parts) -> Self {
        let Parts { view, work, config, seed, data, people, evidence, stop } = parts;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let metrics: Arc<Metrics> = Arc::default();
        let genesis = view.hub.genesis();
        let checkpoints = data.as_deref().and_then(|data| kept::folder(&config.checkpoints, data));
        let witness = checkpoints
            .as_deref()
            .and_then(|folder| Witness::new(&config.witness, folder, &genesis.log_verifier));
        Self {
            web: Web::of_setting(&config.web),
            checkpoints,
            witness,
            title: (genesis.name.clone(), genesis.log_verifier.clone()),
            view: RwLock::new(view),
            work,
            data,
            connections: Connections::new(&config, Arc::clone(&metrics.alarms)),
            metrics,
            news: Arc::default(),
            health: Arc::default(),
            throttle: Throttle::new(&config),
            people,
            evidence,
            tickets: Tickets::new(&seed),
            devices: Places::new(config.requests_max, config.device_requests_max),
            enrolments: Semaphore::new(ENROLMENTS_MAX),
            strangers: Lane::new("strangers", cores.div_ceil(2), config.strangers_max),
            public: Lane::new("public", 1, config.public_max),
            stranger_room: Room::new(config.stranger_bytes_max, config.peer_bytes_max),
            device_room: Room::new(config.device_bytes_max, 2 * MESSAGE_BYTES_MAX),
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
    /// Returns a place for a request of a device, once it is known to be that device's.
    ///
    /// # Errors
    /// `device_busy`, `busy`.
    pub fn place(&self, device: DeviceId, home: IpAddr) -> Result<Turn<DeviceId>, Problem> {
        match self.devices.enter(device) {
            Ok(turn) => Ok(turn),
            Err(NoPlace::Owner) => {
                self.metrics.alarms.raise(Alarm::DeviceBusy, Some(home));
                Err(Problem::wait("device_busy", "this device has several requests in progress already", 2))
            }
            Err(NoPlace::All) => Err(self.turn_device_away(home)),
        }
    }

    /// Notes that a device has to come back later. Returns what it is told.
    pub fn turn_device_away(&self, home: IpAddr) -> Problem {
        self.metrics.alarms.raise(Alarm::DevicesFull, Some(home));
        self.health.note_full();
        Problem::busy()
    }

    /// Runs `call` in the strangers' lane. Returns what it says, and how many were ahead of it.
    ///
    /// # Errors
    /// `busy` if there is no place; `internal` after a panic.
    pub async fn for_stranger<T: Send + 'static>(
        self: &Arc<Self>,
        home: IpAddr,
        call: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<(T, usize), Problem> {
        let turn = self.strangers.enter(home).map_err(|_| {
            self.metrics.alarms.raise(Alarm::StrangersFull, Some(home));
            Problem::busy()
        })?;
        let ahead = turn.ahead;
        let (done, _turn) = self.in_lane(&self.strangers, turn, call).await?;
        Ok((done, ahead))
    }

    /// Runs `call` in the public log's lane. The place that comes back is free again when it is dropped.
    ///
    /// # Errors
    /// `stopping`, `too_many_reads`, `busy`; `internal` after a panic; else what `call` says.
    pub async fn for_public<T: Send + 'static>(
        self: &Arc<Self>,
        home: IpAddr,
        call: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, Turn<IpAddr>), Problem> {
        if self.health.stopping.load(Relaxed) {
            return Err(Problem::stopping());
        }
        let alarms = &self.metrics.alarms;
        self.throttle.read_public(home).inspect_err(|_| alarms.raise(Alarm::PublicPeer, Some(home)))?;
        let turn = self.public.enter(home).map_err(|_| {
            alarms.raise(Alarm::PublicFull, Some(home));
            Problem::busy()
        })?;
        let (done, turn) = self.in_lane(&self.public, turn, call).await?;
        Ok((done?, turn))
    }

    async fn in_lane<T: Send + 'static>(
        self: &Arc<Self>,
        lane: &Lane,
        turn: Turn<IpAddr>,
        call: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<(T, Turn<IpAddr>), Problem> {
        let app = Arc::clone(self);
        lane.run(turn, move || call(&app)).await.map_err(|_| {
            self.metrics.panics.inc();
            Problem::internal()
        })
    }
}
