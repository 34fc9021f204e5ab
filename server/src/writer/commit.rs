//! Commit: one batch through the writer. Judge each, append all, answer all, apply all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use store::StoreError;
use sync_core::hub::{Admitted, Hub, HubError};
use sync_core::rows::{Batch, Overlay, Rows, RowsError, Visit};
use tokio::sync::oneshot;

use super::fresh::Fresh;
use super::{Job, Writer, panic_text};
use crate::clock::now_ms;
use crate::key;
use crate::problem::Problem;
use crate::rule_files::RuleFile;

/// Bytes the index may write for each byte of rows, pages being written whole.
const INDEX_GROWTH: usize = 4;

/// Rows that cannot be read, in the place of an index that failed.
struct NoRows;

impl Rows for NoRows {
    fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Err(RowsError("the index failed and is being opened anew".into()))
    }

    fn scan(&self, _: &[u8], _: &[u8], _: &mut Visit<'_>) -> Result<(), RowsError> {
        self.get(&[]).map(drop)
    }
}

/// Where the outcome of a request goes.
type Answer = oneshot::Sender<Result<Admitted, Problem>>;

/// A batch that was judged and is not durable yet.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) batch: Batch,
    answers: Vec<(Answer, Result<Admitted, Problem>)>,
}

impl Writer {
    /// Takes a batch of requests through to their answers.
    pub(super) fn commit(&mut self, jobs: Vec<Job>) {
        self.mend();
        let metrics = Arc::clone(&self.site.metrics);
        metrics.commit(jobs.len());
        let count = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        if self.store.is_none() {
            let problem = if self.site.health.disk_full.load(Relaxed) {
                Problem::disk_full()
            } else {
                Problem::later("store", "the server's store does not work at the moment")
            };
            for job in jobs {
                let _ = job.answer.send(Err(problem.clone()));
            }
        } else {
            let judged = self.judge(jobs);
            self.finish(judged);
        }
        metrics.queue.dec_by(count);
    }

    /// Judges each request on top of the ones before it. One that fails or panics leaves no trace.
    pub(super) fn judge(&mut self, jobs: Vec<Job>) -> Judged {
        let Some(store) = &self.store else { return Judged::default() };
        let rows = store.rows();
        let next_seq = store.records().end();
        let is_full = self.note_space();
        let mut judged = Judged::default();
        let mut overlay = Overlay::new(&*rows);
        for Job { checked, answer, .. } in jobs {
            let seq = next_seq + judged.lines.len() as u64;
            let mut own = Overlay::new(&overlay);
            let hub = &mut self.hub;
            let done = catch_unwind(AssertUnwindSafe(|| hub.admit(&mut own, seq, now_ms(), checked)));
            let own = own.batch;
            let outcome = match done {
                Ok(Ok(admitted)) if is_full && !admitted.lines.is_empty() => Err(Problem::disk_full()),
                Ok(Ok(admitted)) => Ok(admitted),
                Ok(Err(error)) => Err(Problem::from(error)),
                Err(panic) => {
                    self.site.metrics.panics.inc();
                    Err(Problem::logged("a request panicked at the writer", &panic_text(&*panic)))
                }
            };
            match &outcome {
                Ok(admitted) => {
                    judged.lines.extend_from_slice(&admitted.lines);
                    overlay.batch.writes.extend(own.writes);
                }
                // What it did to the office must go too.
                Err(_) => match Hub::open(&overlay, &self.seed) {
                    Ok(hub) => self.hub = hub,
                    Err(error) => tracing::error!(%error, "the office could not be opened again"),
                },
            }
            judged.answers.push((answer, outcome));
        }
        judged.batch = overlay.batch;
        judged
    }

    /// Makes a judged batch durable, answers, and applies it. Readers see it whole before anybody is answered.
    fn finish(&mut self, judged: Judged) {
        let Judged { lines, batch, answers } = judged;
        let kept = match self.keep(&lines, batch) {
            Ok(kept) => kept,
            Err(problem) => {
                for (answer, outcome) in answers {
                    let _ = answer.send(Err(outcome.err().unwrap_or_else(|| problem.clone())));
                }
                return;
            }
        };
        for (answer, outcome) in answers {
            if let Ok(admitted) = &outcome {
                let stats = &admitted.stats;
                self.site.metrics.entries("accepted", stats.accepted);
                self.site.metrics.entries("quarantined", stats.quarantined);
                self.site.metrics.entries("duplicate", stats.duplicates);
                self.site.news.tell(admitted.news.iter().cloned());
            }
            // A sender that is gone asks again, and finds its entries acknowledged.
            let _ = answer.send(outcome);
        }
        // Durable in any case: an index that fails is opened anew, and folds it in.
        let _ = self.apply(kept);
    }

    /// Appends `lines` with one fsync and shows `batch` to readers. If this fails, nothing of the batch is to be
    /// acknowledged. What it answers is to be applied next.
    ///
    /// Rows without lines are the attempt numbers of requests that brought nothing. On a full disk they are not kept:
    /// reading goes on, and what could then be replayed brings nothing either.
    pub(super) fn keep(&mut self, lines: &[Vec<u8>], batch: Batch) -> Result<Option<Batch>, Problem> {
        let is_room = self.has_room(lines, &batch);
        if lines.is_empty() && (batch.writes.is_empty() || is_room.is_err()) {
            return Ok(None);
        }
        let Some(store) = &mut self.store else { return Err(Problem::stopping()) };
        let append = |()| if lines.is_empty() { Ok(()) } else { store.append(lines).map(drop) };
        if let Err(error) = is_room.and_then(append) {
            self.append_failed(&error);
            return Err(Problem::from(&error));
        }
        let seq = store.records().end() - 1;
        // No reply is being made from the rows of before when this returns, so that the index may change under them.
        let fresh = Fresh { below: store.rows(), batch: batch.clone() };
        self.site.change_view(|view| {
            view.rows = Arc::new(fresh);
            view.seq = seq;
        });
        Ok(Some(batch))
    }

    /// Applies what was kept, while readers read on: what changes under them is shown by the batch on top.
    pub(super) fn apply(&mut self, kept: Option<Batch>) -> Result<(), Problem> {
        let (Some(batch), Some(store)) = (kept, &mut self.store) else { return Ok(()) };
        let seq = store.records().end() - 1;
        let applied = catch_unwind(AssertUnwindSafe(|| store.apply(batch, seq)));
        let stats = store.stats();
        self.site.metrics.store(self.counted, stats, seq);
        self.counted = stats;
        let failed = match applied {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_text(&*panic).to_owned(),
        };
        // Nobody may go on from an index that failed. Opening anew folds in what it lacks.
        self.site.change_view(|view| view.rows = Arc::new(NoRows));
        self.give_up(&failed);
        Err(Problem::later("index", "the server's index failed; what arrived is kept"))
    }

    /// Lets go of the last batch, which is applied by now.
    pub(super) fn rest(&self) {
        if let Some(store) = &self.store {
            self.site.change_view(|view| view.rows = store.rows());
        }
    }

    /// Refuses what the disk has no room for while the index can still be kept: it does not survive a full disk.
    fn has_room(&self, lines: &[Vec<u8>], batch: &Batch) -> Result<(), StoreError> {
        let Some(free) = (self.free_bytes)() else { return Ok(()) };
        let line_bytes: usize = lines.iter().map(Vec::len).sum();
        let rows = batch.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len));
        let needed_bytes = (line_bytes + INDEX_GROWTH * rows.sum::<usize>()) as u64;
        if free >= needed_bytes.saturating_add(self.reserve_bytes) {
            return Ok(());
        }
        Err(StoreError::Full { path: self.site.data.clone().unwrap_or_default(), needed_bytes })
    }

    fn append_failed(&mut self, error: &StoreError) {
        tracing::error!(%error, "a batch could not be made durable; nobody was told that it was");
        match error {
            StoreError::Full { .. } => self.site.health.disk_full.store(true, Relaxed),
            StoreError::SyncFailed { .. } | StoreError::AppendsStopped { .. } => {
                return self.give_up(&error.to_string());
            }
            _ => {}
        }
        let Some(store) = &self.store else { return };
        match Hub::open(&*store.rows(), &self.seed) {
            Ok(hub) => self.hub = hub,
            Err(error) => self.give_up(&error.to_string()),
        }
    }

    /// Looks at the free space; answers whether new lines are to be refused.
    fn note_space(&self) -> bool {
        let is_low = self.is_low();
        let was_low = self.site.health.disk_full.swap(is_low, Relaxed);
        if is_low && !was_low {
            tracing::error!("the disk is full: new work is refused, reading goes on");
        }
        is_low
    }

    /// Publishes those of `files` that differ from what is in force.
    pub(super) fn publish(&mut self, files: Vec<RuleFile>) {
        let done = self.act(|hub, overlay, seq| hub.publish_rules(overlay, seq, now_ms(), &files));
        match done {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "rule files were published"),
            Err(problem) if problem.code == "office" => {
                tracing::error!(
                    why = problem.message,
                    "rule files were refused; those in force stay in force"
                );
            }
            Err(problem) => {
                tracing::warn!(why = problem.message, "rule files could not be published; tried again later");
                self.rules = files;
            }
        }
    }

    /// Starts a new life of the ledger.
    pub(super) fn start_epoch(&mut self, reason: &str) -> Result<(), Problem> {
        let entropy = key::random()
            .map_err(|failure| Problem::logged("no epoch", &failure.message.of(words::Lang::En)))?;
        self.act(|hub, overlay, seq| hub.start_epoch(overlay, seq, now_ms(), &entropy, reason))?;
        tracing::warn!(reason, "a new epoch was started: devices read anew and re-send what is missing");
        Ok(())
    }

    /// Does something of the office's own; answers how many lines it took.
    fn act(
        &mut self,
        act: impl FnOnce(&mut Hub, &mut Overlay<'_>, u64) -> Result<Vec<Vec<u8>>, HubError>,
    ) -> Result<usize, Problem> {
        let Some(store) = &self.store else { return Err(Problem::later("store", "the store does not work")) };
        let rows = store.rows();
        let seq = store.records().end();
        let mut overlay = Overlay::new(&*rows);
        let lines = match act(&mut self.hub, &mut overlay, seq) {
            Ok(lines) => lines,
            Err(error) => {
                self.hub = Hub::open(&*rows, &self.seed)?;
                return Err(Problem::later("office", &error.to_string()));
            }
        };
        let batch = overlay.batch;
        let kept = self.keep(&lines, batch)?;
        self.apply(kept)?;
        if !lines.is_empty() {
            let hub = Arc::new(Hub::open(&*rows, &self.seed)?);
            self.site.change_view(|view| view.hub = hub);
            self.site.news.tell([sync_core::scope::Scope::Catalog, sync_core::scope::Scope::Municipality]);
        }
        Ok(lines.len())
    }
}
