//! Commit: one batch through the writer, as in the server's `writer/commit.rs`: judge each on top of the ones before
//! it, append all, apply all, answer all.

use store::{Store, StoreError};
use sync_core::hub::{Admitted, Hub, HubError};
use sync_core::id::Hash;
use sync_core::limits::MESSAGE_BYTES_MAX;
use sync_core::rows::{Batch, Overlay};
use sync_core::wire::message::{open_request, request_hash};

use super::{Answer, Job, Message, ReaderLines, Running, Server, Trouble, attempts_in, breaks, planted};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::medium::FOLDER;

/// What came of one request at the writer.
struct Outcome {
    ticket: u64,
    message: Message,
    request: Hash,
    outcome: Result<Admitted, Answer>,
}

/// A batch that was judged and is not durable yet.
#[derive(Default)]
struct Judged {
    lines: Vec<Vec<u8>>,
    batch: Batch,
    outcomes: Vec<Outcome>,
}

impl Server {
    /// Takes what has gathered through to its answers. Nobody is answered if the machine stops meanwhile.
    pub fn commit(&mut self, now_ms: i64) -> Result<Vec<(u64, Answer)>, Broken> {
        let now_ms = self.clock(now_ms);
        let jobs = std::mem::take(&mut self.queue);
        self.counts.shared_batches += u64::from(jobs.len() > 1);
        if self.running.is_none() {
            return Ok(jobs.iter().map(|job| (job.ticket, Answer::refused("store"))).collect());
        }
        match self.judge(jobs, now_ms).and_then(|judged| self.finish(judged, now_ms)) {
            Ok(answers) => Ok(answers),
            Err(Trouble::Broken(broken)) => Err(broken),
            // The store was given up in the middle: whoever waits is cut off.
            Err(Trouble::Disk(_)) => Ok(Vec::new()),
        }
    }

    fn is_low(&self) -> bool {
        self.sees_space && self.medium.disk.is_full()
    }

    fn judge(&mut self, jobs: Vec<Job>, now_ms: i64) -> Result<Judged, Trouble> {
        let is_full = self.is_low();
        let bug = self.bug;
        let mut judged = Judged::default();
        let Some(running) = &mut self.running else { return Ok(judged) };
        let rows = running.rows.clone();
        let next_seq = running.store.records().end();
        let mut overlay = Overlay::new(&rows);
        for job in jobs {
            let seq = next_seq + judged.lines.len() as u64;
            let blind = bug == Some(Bug::NoOverlayChain);
            let mut own = if blind { Overlay::new(&rows) } else { Overlay::new(&overlay) };
            let undo = planted::before_admit(bug, &mut own, &job.frame, job.message);
            let done = running.hub.admit(&mut own, seq, now_ms, job.checked);
            planted::after_admit(&mut own, undo);
            let own = own.batch;
            let outcome = match done {
                Ok(admitted) if is_full && !admitted.lines.is_empty() => Err(Answer::refused("disk_full")),
                Ok(admitted) => Ok(admitted),
                Err(HubError::Replayed { last, .. }) => {
                    Err(Answer::Refused { code: "replayed".into(), last_attempt: Some(last) })
                }
                Err(HubError::Enrol(error)) => {
                    Err(Answer::refused(sync_core::hub::RequestError::Enrol(error).code()))
                }
                Err(error) => return Err(Trouble::Broken(breaks("the office, admitting", &error))),
            };
            match &outcome {
                Ok(admitted) => {
                    judged.lines.extend_from_slice(&admitted.lines);
                    overlay.batch.writes.extend(own.writes);
                    if job.message == Message::Sync {
                        check_attempt(&mut self.attempts, admitted, attempt_of(&job.frame))?;
                    }
                }
                // What it did to the office must go too.
                Err(_) => match Hub::open(&overlay, &self.seed) {
                    Ok(hub) => running.hub = hub,
                    Err(error) => return Err(Trouble::Broken(breaks("the office, opened again", &error))),
                },
            }
            let request = request_hash(&job.frame);
            judged.outcomes.push(Outcome { ticket: job.ticket, message: job.message, request, outcome });
        }
        judged.batch = overlay.batch;
        planted::batch(bug, &rows, &mut judged.batch);
        Ok(judged)
    }

    fn finish(&mut self, judged: Judged, now_ms: i64) -> Result<Vec<(u64, Answer)>, Trouble> {
        let Judged { lines, batch, outcomes } = judged;
        let mut early = Vec::new();
        if self.bug == Some(Bug::ReplyBeforeApply) {
            early = outcomes.iter().map(|one| self.reply(one, now_ms, lines.len() as u64).ok()).collect();
        }
        let is_kept = self.keep(&lines, batch, now_ms)?;
        if self.medium.disk.has_stopped() {
            return Ok(Vec::new());
        }
        if !is_kept && self.bug != Some(Bug::AckWithoutAppend) {
            let code = if self.medium.disk.is_full() { "disk_full" } else { "not_durable" };
            let refuse =
                |one: Outcome| (one.ticket, one.outcome.err().unwrap_or_else(|| Answer::refused(code)));
            return Ok(outcomes.into_iter().map(refuse).collect());
        }
        let mut early = early.into_iter();
        let mut answers = Vec::new();
        for one in outcomes {
            let answer = match early.next().flatten() {
                Some(answer) => answer,
                None => self.reply(&one, now_ms, 0)?,
            };
            match &answer {
                Answer::Frame(_) => self.counts.answered += 1,
                _ => self.counts.refused += 1,
            }
            answers.push((one.ticket, answer));
        }
        let seq = self.running.as_ref().map_or(0, |running| running.seq);
        self.kept.tell_up_to(seq);
        Ok(answers)
    }

    /// Appends `lines` with one fsync and applies `batch`. `false` if nothing of it may be acknowledged.
    pub(super) fn keep(&mut self, lines: &[Vec<u8>], batch: Batch, now_ms: i64) -> Result<bool, Trouble> {
        let has_room = !self.is_low();
        if lines.is_empty() && (batch.writes.is_empty() || !has_room) {
            if !has_room {
                // Attempt numbers alone are not kept on a full disk.
                self.attempts = attempts_in(self.rows_or_stop()?)?;
            }
            return Ok(true);
        }
        if self.bug == Some(Bug::ApplyBeforeAppend) {
            planted::apply_at_once(&self.medium, &batch);
        }
        let Some(running) = &mut self.running else { return Ok(false) };
        let appended = if !has_room {
            Err(StoreError::Full { path: FOLDER.into(), needed_bytes: 1 })
        } else if lines.is_empty() {
            Ok(())
        } else {
            running.store.append(lines).map(drop)
        };
        if self.medium.disk.has_stopped() {
            self.running = None;
            return Ok(false);
        }
        if let Err(error) = appended {
            self.append_failed(&error, now_ms)?;
            return Ok(false);
        }
        self.kept.add(lines);
        for line in lines {
            self.book.add(line)?;
        }
        let Some(Running { store, seq, .. }) = &mut self.running else { return Ok(false) };
        let last = store.records().end() - 1;
        let applied = store.apply(batch, last);
        *seq = last;
        match applied {
            Ok(()) => Ok(true),
            Err(error) => Err(Trouble::Broken(breaks("the index", &error))),
        }
    }

    fn rows_or_stop(&self) -> Result<&crate::medium::SimRows, Trouble> {
        let closed = || Trouble::Disk(StoreError::Index { detail: "the server is not open".into() });
        self.rows().ok_or_else(closed)
    }

    fn append_failed(&mut self, error: &StoreError, now_ms: i64) -> Result<(), Trouble> {
        if let StoreError::SyncFailed { .. } | StoreError::AppendsStopped { .. } = error {
            // It is opened anew at once.
            self.running = None;
            return self.start(now_ms - self.clock_off_ms).map(drop).map_err(Trouble::Broken);
        }
        let Some(running) = &mut self.running else { return Ok(()) };
        match Hub::open(&running.rows, &self.seed) {
            Ok(hub) => running.hub = hub,
            Err(error) => return Err(Trouble::Broken(breaks("the office, opened again", &error))),
        }
        // Attempt numbers that were taken with it are not kept either.
        self.attempts = attempts_in(&running.rows)?;
        Ok(())
    }

    /// Stage three: what is new for the device. `ahead` lines are counted that the rows do not have yet.
    fn reply(&self, one: &Outcome, now_ms: i64, ahead: u64) -> Result<Answer, Trouble> {
        let admitted = match &one.outcome {
            Ok(admitted) => admitted,
            Err(answer) => return Ok(answer.clone()),
        };
        let stats = &admitted.stats;
        if one.message == Message::Enrol && stats.accepted + stats.quarantined + stats.duplicates == 0 {
            return Ok(Answer::refused("code_used"));
        }
        let Some(running) = &self.running else { return Ok(Answer::refused("stopping")) };
        let lines = ReaderLines(running.store.reader());
        let seq = running.seq;
        let frame = running.view_office.reply(&running.rows, &lines, seq, now_ms, admitted);
        let frame = frame.map_err(|error| Trouble::Broken(breaks("the office, answering", &error)))?;
        if frame.len() > MESSAGE_BYTES_MAX {
            let bytes = frame.len();
            return Err(Property::WithinLimits.broken(format!("a reply has {bytes} bytes")).into());
        }
        Ok(Answer::Frame(planted::reply(self.bug, &self.key(), &one.request, frame, one.message, ahead)))
    }
}

/// No number is taken twice, as far as the model knows the rows.
fn check_attempt(
    attempts: &mut std::collections::BTreeMap<sync_core::id::DeviceId, u64>,
    admitted: &Admitted,
    attempt: u64,
) -> Result<(), Trouble> {
    let device = admitted.device;
    let last = attempts.insert(device, attempt).unwrap_or(0);
    if attempt > last {
        return Ok(());
    }
    let device = device.short();
    let how = format!("attempt {attempt} of device {device} was taken although {last} had been");
    Err(Property::AttemptsRise.broken(how).into())
}

/// The attempt number in a request frame, read without its signature: for the model only.
pub fn attempt_of(frame: &[u8]) -> u64 {
    let read = || -> Option<u64> {
        open_request(frame).ok()?;
        let mut body = frame.get(4..)?;
        rmp::decode::read_array_len(&mut body).ok()?;
        let _version: u8 = rmp::decode::read_int(&mut body).ok()?;
        let _municipality: u32 = rmp::decode::read_int(&mut body).ok()?;
        let bytes = rmp::decode::read_bin_len(&mut body).ok()?;
        let mut rest = body.get(usize::try_from(bytes).ok()?..)?;
        rmp::decode::read_int(&mut rest).ok()
    };
    read().unwrap_or(0)
}
