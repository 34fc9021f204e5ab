//! Service: a running municipality: the shared state, the writer's thread, and the tasks that keep it up to date.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use engine::committer::Committer;
use store::{Stats, StoreError};
use sync_core::hub::HubError;
use sync_core::state::authority::AppVersion;
use tokio::sync::{mpsc, watch};

use crate::app_state::{AppState, Parts as StateParts, View};
use crate::clock::now_ms;
use crate::config::Config;
use crate::evidence::Evidence;
use crate::health::Health;
use crate::kept;
use crate::people::People;
use crate::rule_files;
use crate::witness;
use crate::writer::{
    FreeBytes, OpenStore, Opened, Parts as WriterParts, SharedIndex, SharedLog, Work, Writer,
};

/// How often the disk, the store and the folder of rules are looked at.
const TICK: Duration = Duration::from_secs(2);

/// How often the day of the newest kept checkpoint is looked at.
const KEEP_EVERY: Duration = Duration::from_secs(600);

/// What a service is started from.
pub struct Foundations<L: SharedLog, I: SharedIndex> {
    /// The store, open and caught up.
    pub opened: Opened<L, I>,
    /// Opens it again if it fails.
    pub open: OpenStore<L, I>,
    /// The log key's seed.
    pub seed: [u8; 32],
    /// The settings.
    pub config: Config,
    /// The data folder, if there is one.
    pub data: Option<PathBuf>,
    /// Free space where the store lies.
    pub free_bytes: FreeBytes,
    /// Free space to keep, in bytes.
    pub reserve_bytes: u64,
    /// Finds the folder of rules over the built-in ones.
    pub rules: FindRules,
    /// The app that this program holds for browsers, if it does.
    pub web: Option<AppVersion>,
}

/// Finds the folder of rules; `None` if there is none now.
pub type FindRules = Box<dyn Fn() -> Option<PathBuf> + Send + Sync>;

/// A running municipality.
pub struct Service {
    /// What requests share.
    pub app: Arc<AppState>,
    stop: watch::Sender<bool>,
    writer: JoinHandle<Result<(), StoreError>>,
}

impl Service {
    /// Starts the writer and the tasks; call it inside a tokio runtime. Rules are published when this returns.
    ///
    /// # Errors
    /// If the office does not open over the store.
    pub fn start<L: SharedLog, I: SharedIndex>(foundations: Foundations<L, I>) -> Result<Self, HubError> {
        let Foundations { opened, open, seed, config, data, free_bytes, reserve_bytes, rules, web } =
            foundations;
        let Opened { store, epoch_reason, is_rebuilt } = opened;
        let committer = Committer::open(store, seed, config.quotas())?;
        let view = View::of(committer.view(), committer.open_hub()?);
        let (work, incoming) = mpsc::channel(config.queue_max);
        let (stop, stopped) = watch::channel(false);
        let people = People::open(data.as_deref());
        let evidence =
            data.as_deref().map(|data| Evidence::open(data, &config.blobs, reserve_bytes)).transpose();
        let evidence = evidence.map_err(|error| HubError::Answer(error.to_string()))?.map(Arc::new);
        let parts = StateParts { view, work, config, seed, data, people, evidence, stop: stopped };
        let app = Arc::new(AppState::new(parts));
        // Right from the start, not from the first append on.
        app.metrics.store(Stats::default(), Stats::default(), app.view().seq);
        if is_rebuilt {
            app.metrics.rebuilds.inc();
        }
        let parts = WriterParts { app: Arc::clone(&app), committer, seed, open, free_bytes, reserve_bytes };
        let mut writer = Writer::new(parts);
        let watched = Watched::look(&rules);
        writer.begin(epoch_reason.as_deref(), watched.load(), web);
        let ended = Ended(Arc::clone(&app.health));
        let writer = std::thread::spawn(move || {
            let _ended = ended;
            writer.run(incoming)
        });
        let news = Arc::clone(&app.news);
        tokio::spawn(async move { news.run().await });
        tokio::spawn(look_after(Arc::clone(&app), Arc::new(rules), watched));
        if let Some(evidence) = &app.evidence {
            tokio::spawn(Arc::clone(evidence).look_after(Arc::clone(&app)));
        }
        if let Some(folder) = &app.checkpoints {
            kept::hold_and_tell(folder, &app.view());
        }
        tokio::spawn(keep_checkpoints(Arc::clone(&app)));
        Ok(Self { app, stop, writer })
    }

    /// The routes.
    pub fn router(&self) -> Router {
        crate::router::router(Arc::clone(&self.app))
    }

    /// Turns away what comes from now on, and ends streams.
    pub fn begin_stop(&self) {
        self.app.health.stopping.store(true, Relaxed);
        self.stop.send_replace(true);
    }

    /// Finishes what the writer has, and closes the store.
    ///
    /// # Errors
    /// What closing the store said.
    pub async fn finish(self) -> Result<(), StoreError> {
        self.begin_stop();
        // It fails only if the writer is gone, and then there is nothing to finish.
        let _ = self.app.work.send(Work::Stop).await;
        let writer = self.writer;
        match tokio::task::spawn_blocking(move || writer.join()).await {
            Ok(Ok(closed)) => closed,
            _ => {
                tracing::error!("the writer did not end well; the ledger holds all that was acknowledged");
                Ok(())
            }
        }
    }
}

/// Notes that the writer's thread has ended, also by a panic.
struct Ended(Arc<Health>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.note_writer_ended();
    }
}

/// The folder of rules, as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Watched {
    folder: Option<PathBuf>,
    files: rule_files::Fingerprint,
}

/// Keeps a checkpoint a day outside of the data, and has it cosigned.
async fn keep_checkpoints(app: Arc<AppState>) {
    if app.checkpoints.is_none() {
        return;
    }
    let mut stop = app.stop.clone();
    loop {
        let app = Arc::clone(&app);
        // It logs what went wrong; a panic ends this look only.
        let _ = tokio::task::spawn_blocking(move || keep_checkpoint(&app)).await;
        tokio::select! {
            () = tokio::time::sleep(KEEP_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn keep_checkpoint(app: &AppState) {
    if let Some(folder) = &app.checkpoints {
        kept::keep_and_tell(folder, &app.view(), now_ms());
    }
    if let Some(witness) = &app.witness {
        witness::push_and_tell(app, witness);
    }
}

impl Watched {
    fn look(find: &FindRules) -> Self {
        let folder = find();
        let files = folder.as_deref().map(rule_files::fingerprint).unwrap_or_default();
        Self { folder, files }
    }

    fn load(&self) -> rule_files::Loaded {
        match &self.folder {
            Some(folder) => {
                tracing::info!(folder = %folder.display(), "rule files here override the built-in ones");
            }
            None => tracing::info!("the built-in rule files are used"),
        }
        rule_files::load(self.folder.as_deref())
    }
}

/// Ticks the writer, and hands it rule files when their folder changes, or appears.
async fn look_after(app: Arc<AppState>, find: Arc<FindRules>, mut seen: Watched) {
    let mut stop = app.stop.clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        // A full queue is no reason to wait: the next tick comes soon.
        let _ = app.work.try_send(Work::Tick);
        let finding = Arc::clone(&find);
        let Ok(now) = tokio::task::spawn_blocking(move || Watched::look(&finding)).await else { continue };
        if now == seen {
            continue;
        }
        let loading = now.clone();
        let Ok(files) = tokio::task::spawn_blocking(move || loading.load()).await else { continue };
        if app.work.send(Work::Rules(Box::new(files))).await.is_ok() {
            seen = now;
        }
    }
}

#[cfg(test)]
mod tests;
