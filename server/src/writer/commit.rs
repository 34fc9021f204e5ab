//! Commit: takes batches through the committer's steps. Readers see a batch before anybody of it is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use engine::committer::{Answers, Failed, Judged, Published, Refusal, Request};
use store::StoreError;
use sync_core::hub::HubError;
use sync_core::rows::{Rows, RowsError, Visit};
use sync_core::scope::Scope;
use sync_core::state::authority::AppVersion;

use super::{Answer, Gone, Job, Said, SharedIndex, SharedLog, Writer};
use crate::clock::now_ms;
use crate::key;
use crate::problem::Problem;
use sync_core::rules::publish::Chosen;

use crate::rule_check::refused;
use crate::rule_files::Loaded;

/// Rows that cannot be read, in the place of an index that failed.
struct NoRows;

impl Rows for NoRows {
    fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        Err(RowsError("the index failed and is being opened again".into()))
    }

    fn scan(&self, _: &[u8], _: &[u8], _: &mut Visit<'_>) -> Result<(), RowsError> {
        self.get(&[]).map(drop)
    }
}

impl<L: SharedLog, I: SharedIndex> Writer<L, I> {
    /// Takes a batch of requests through to their answers.
    pub(super) fn commit(&mut self, jobs: Vec<Job>) {
        self.mend();
        let metrics = Arc::clone(&self.app.metrics);
        metrics.commit(jobs.len());
        let count = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        self.note_space();
        let space = self.space();
        if let Some(committer) = &mut self.committer {
            let request = |Job { checked, answer, .. }| Request { checked, ticket: answer };
            let judged = committer.judge(jobs.into_iter().map(request).collect(), now_ms(), space);
            // Nobody of the batch is left without an answer, whatever became of it.
            let _ = self.keep(judged);
        } else {
            let problem = self.broken();
            for job in jobs {
                let _ = job.answer.send(Err(problem.clone()));
            }
        }
        metrics.queue.dec_by(count);
    }

    /// Has the ledger say which blobs are kept.
    pub(super) fn say_stored(&mut self, said: Vec<Said>) {
        self.mend();
        let (blobs, answers): (Vec<_>, Vec<_>) = said.into_iter().unzip();
        let done = match &mut self.committer {
            Some(committer) => committer.say_stored(&blobs, now_ms()).map_err(Problem::from),
            None => Err(self.broken()),
        };
        let done = done.and_then(|judged| self.keep(judged)).map(drop);
        for answer in answers {
            let _ = answer.send(done.clone());
        }
    }

    /// Has the ledger say which blobs are there no more.
    pub(super) fn say_missing(&mut self, (blobs, answer): Gone) {
        self.mend();
        let done = match &mut self.committer {
            Some(committer) => committer.say_missing(&blobs, now_ms()).map_err(Problem::from),
            None => Err(self.broken()),
        };
        let _ = answer.send(done.and_then(|judged| self.keep(judged)).map(drop));
    }

    fn broken(&self) -> Problem {
        if self.app.health.disk_full.load(Relaxed) {
            return Problem::disk_full();
        }
        Problem::later("store", "the server's store does not work at the moment").broken()
    }

    /// Makes a judged batch durable, shows it, answers and applies it. Returns how many lines it took.
    fn keep(&mut self, judged: Judged<Answer>) -> Result<usize, Problem> {
        let space = self.space();
        let Some(committer) = &mut self.committer else { return Err(Problem::stopping()) };
        let kept = match committer.append(judged, space) {
            Ok(kept) => kept,
            Err(failed) => return Err(self.append_failed(failed)),
        };
        self.failed_in_a_row = 0;
        let Published { view, answers, is_act, lines } = committer.publish(kept);
        // Readers need a hub of now if the hub itself acted.
        let hub = if is_act { Some(committer.open_hub()) } else { None };
        // No reply is being made from the rows of before when this returns, so that the index may change under them.
        self.app.change_view(|shown| {
            shown.rows = Arc::new(view.rows);
            shown.lines = Arc::new(view.lines);
            shown.seq = view.seq;
        });
        self.answer(answers);
        self.apply()?;
        if let Some(hub) = hub {
            let hub = hub?;
            self.app.change_view(|shown| shown.hub = Arc::new(hub));
            self.app.news.tell([Scope::Catalog, Scope::Municipality]);
        }
        Ok(lines)
    }

    fn answer(&self, answers: Answers<Answer>) {
        for (answer, outcome) in answers {
            if let Ok(admitted) = &outcome {
                let stats = &admitted.stats;
                if let Some(reason) = &admitted.epoch_reason {
                    tell_epoch(reason);
                }
                self.app.metrics.entries("accepted", stats.accepted);
                self.app.metrics.entries("quarantined", stats.quarantined);
                self.app.metrics.entries("duplicate", stats.duplicates);
                if stats.over_quota > 0 {
                    self.app.metrics.over_quota.inc();
                    let device = admitted.device;
                    tracing::warn!(%device, "a device filled its share of the ledger, and more of it is not taken for now");
                }
                self.app.news.tell(admitted.news.iter().cloned());
            }
            // A sender that is gone asks again, and finds its entries acknowledged.
            let _ = answer.send(outcome.map_err(|refusal| self.problem(refusal)));
        }
    }

    fn problem(&self, refusal: Refusal) -> Problem {
        if matches!(refusal, Refusal::Panicked(_)) {
            self.app.metrics.panics.inc();
        }
        // The first time it may help to try again at once: the store was opened again.
        let is_lasting = refusal == Refusal::NotDurable && self.failed_in_a_row > 1;
        let problem = Problem::from(refusal);
        if is_lasting { problem.broken() } else { problem }
    }

    /// Applies what was published, while readers read on: what changes under them is shown by the batch on top.
    fn apply(&mut self) -> Result<(), Problem> {
        let Some(committer) = &mut self.committer else { return Ok(()) };
        let applied = committer.apply();
        let (stats, seq) = (committer.store().stats(), committer.store().end() - 1);
        self.app.metrics.store(self.counted, stats, seq);
        self.counted = stats;
        let Err(error) = applied else { return Ok(()) };
        // Nobody may go on from an index that failed. Opening again folds in what it lacks.
        self.app.change_view(|view| view.rows = Arc::new(NoRows));
        self.give_up(&error.to_string());
        Err(Problem::later("index", "the server's index failed; what arrived is kept"))
    }

    /// Lets go of the last batch, which is applied by now.
    pub(super) fn rest(&self) {
        if let Some(committer) = &self.committer {
            self.app.change_view(|view| view.rows = Arc::new(committer.view().rows));
        }
    }

    fn append_failed(&mut self, failed: Failed<Answer>) -> Problem {
        let Failed { answers, error } = failed;
        tracing::error!(%error, "a batch could not be made durable; nobody was told that it was");
        let is_full = matches!(error, StoreError::Full { .. });
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        if is_full {
            self.app.health.disk_full.store(true, Relaxed);
        }
        if self.committer.as_ref().is_some_and(engine::committer::Committer::is_over) {
            self.give_up(&error.to_string());
        }
        for (answer, refusal) in answers {
            let _ = answer.send(Err(self.problem(refusal)));
        }
        Problem::from(if is_full { Refusal::Full } else { Refusal::NotDurable })
    }

    /// Looks at the free space.
    pub(super) fn note_space(&self) {
        let is_low = self.space().is_low();
        match (is_low, self.app.health.disk_full.swap(is_low, Relaxed)) {
            (true, false) => tracing::error!("the disk is full: new work is refused, reading goes on"),
            (false, true) => tracing::info!("there is space again: new work is taken"),
            _ => {}
        }
    }

    /// Publishes those of `files` that differ from what is in force and may come into force; what is wrong with the others
    /// goes to the log.
    pub(super) fn publish(&mut self, files: Loaded) {
        let chosen = match &self.committer {
            Some(committer) => committer.choose_rules(&files.texts),
            None => Err(HubError::Rows(RowsError("the store does not work".into()))),
        };
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(error) => return self.publish_later(files, &error.to_string()),
        };
        let good: Vec<(String, String)> =
            chosen.files.iter().map(|(name, text)| (name.clone(), text.clone())).collect();
        match self.publish_chosen(&good) {
            Ok(()) => tell_refused(&files, &chosen),
            Err(problem) => self.publish_later(files, &problem.message),
        }
    }

    fn publish_chosen(&mut self, good: &[(String, String)]) -> Result<(), Problem> {
        let Some(committer) = &mut self.committer else { return Err(self.broken()) };
        if good.is_empty() {
            return Ok(());
        }
        let judged = committer.publish_rules(good, now_ms())?;
        let count = self.keep(judged)?;
        tracing::info!(count, "rule files were published");
        Ok(())
    }

    fn publish_later(&mut self, files: Loaded, why: &str) {
        tracing::warn!(why, "rule files could not be published; tried again later");
        self.rules = Some(files);
    }

    /// Says in the ledger which app browsers get: who looks at the log sees every app that the office ever served.
    pub(super) fn publish_app(&mut self, app: Option<AppVersion>) {
        let Some(app) = app else { return };
        match self.try_publish_app(&app) {
            Ok(0) => {}
            Ok(_) => {
                let (manifest, version) = (app.hash.to_string(), &app.version);
                tracing::info!(manifest, version, "the ledger says from now on that this app is served");
            }
            Err(problem) => {
                let why = problem.message;
                tracing::warn!(why, "the ledger does not say yet which app is served; tried again later");
                self.web = Some(app);
            }
        }
    }

    fn try_publish_app(&mut self, app: &AppVersion) -> Result<usize, Problem> {
        let Some(committer) = &mut self.committer else { return Err(self.broken()) };
        let judged = committer.publish_app(app, now_ms())?;
        // Nothing to say costs no sync.
        if judged.lines() == 0 { Ok(0) } else { self.keep(judged) }
    }

    /// Starts a new life of the ledger.
    pub(super) fn start_epoch(&mut self, reason: &str) -> Result<(), Problem> {
        let entropy = key::random()
            .map_err(|failure| Problem::logged("no epoch", &failure.message.of(words::Lang::En)))?;
        let Some(committer) = &mut self.committer else { return Err(self.broken()) };
        let judged = committer.start_epoch(&entropy, reason, now_ms())?;
        self.keep(judged)?;
        tell_epoch(reason);
        Ok(())
    }
}

/// Says in the log that the ledger lost entries and goes on.
fn tell_epoch(reason: &str) {
    tracing::warn!(reason, "a new epoch was started: devices read again and re-send what is missing");
}

/// Says of each file that is not published what is wrong with it, where, and what to do.
fn tell_refused(files: &Loaded, chosen: &Chosen) {
    for one in refused(files, chosen) {
        let (line, column) = (one.spot.line, one.spot.column);
        let (problem, todo) = (one.problem.of(words::Lang::En), one.todo.of(words::Lang::En));
        tracing::error!(
            file = one.file,
            line,
            column,
            code = one.code,
            problem,
            todo,
            "a rule file is not published; what is in force stays in force"
        );
    }
}
