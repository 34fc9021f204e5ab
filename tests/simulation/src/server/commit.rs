//! Commit: takes what has gathered through the production committer, step by step; the model watches each step.

use engine::committer::{Failed, Judged, Published, Refusal, Request, Space, View};
use store_disk::LedgerReader;
use sync_core::hub::{Admitted, Beside, Durable, HubError, RequestError};
use sync_core::limits::MESSAGE_BYTES_MAX;
use sync_core::wire::message::open_request;

use super::{Answer, Job, Message, Running, Server, Ticket, Trouble, attempts_in, breaks, planted};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::medium::SimRows;

/// What readers of a server see.
type Seen = View<LedgerReader, SimRows>;

impl Server {
    /// Takes what has gathered through to its answers. Nobody is answered if the machine stops on the way.
    pub fn commit(&mut self, now_ms: i64) -> Result<Vec<(u64, Answer)>, Broken> {
        let mut answers = self.judge(now_ms)?;
        answers.extend(self.settle(now_ms)?);
        Ok(answers)
    }

    /// Judges what has gathered; it waits for the disk then. Answers at once if the store is not open.
    pub fn judge(&mut self, now_ms: i64) -> Result<Vec<(u64, Answer)>, Broken> {
        // What waits for the disk goes first.
        let mut answers = self.settle(now_ms)?;
        self.rest()?;
        let now_ms = self.clock(now_ms);
        let jobs = std::mem::take(&mut self.queue);
        self.counts.shared_batches += u64::from(jobs.len() > 1);
        let space = self.space();
        let Some(running) = &mut self.running else {
            answers.extend(jobs.iter().map(|job| (job.ticket, Answer::refused("store"))));
            return Ok(answers);
        };
        let shown = planted::before_judge(self.bug, &self.medium, &running.rows, &jobs);
        let request = |Job { ticket, message, checked, frame }| Request {
            checked,
            ticket: Ticket { ticket, message, frame },
        };
        let judged = running.committer.judge(jobs.into_iter().map(request).collect(), now_ms, space);
        shown.put_back(&self.medium);
        for (ticket, outcome) in judged.outcomes() {
            match outcome {
                Ok(admitted) if ticket.message == Message::Sync => {
                    check_attempt(&mut self.attempts, admitted, attempt_of(&ticket.frame))?;
                }
                Err(Refusal::Panicked(what)) => return Err(breaks("admitting a request", what)),
                Err(Refusal::Hub(error)) if !is_refusal(error) && !self.medium.disk.has_stopped() => {
                    return Err(breaks("admitting a request", error));
                }
                _ => {}
            }
        }
        running.judged = Some(judged);
        Ok(answers)
    }

    /// The disk has what was judged: shows it and answers. Nothing if nothing was judged.
    pub fn settle(&mut self, now_ms: i64) -> Result<Vec<(u64, Answer)>, Broken> {
        let Some(judged) = self.running.as_mut().and_then(|running| running.judged.take()) else {
            return Ok(Vec::new());
        };
        match self.keep(judged, now_ms) {
            Ok(answers) => {
                // Often the index takes it up later, when requests have been checked against what is shown.
                if self.dice.one_in(2) {
                    self.rest()?;
                }
                Ok(answers)
            }
            Err(Trouble::Broken(broken)) => Err(broken),
            // The store was given up in the middle: whoever waits is cut off.
            Err(Trouble::Disk(_)) => Ok(Vec::new()),
        }
    }

    /// The index takes up what was shown.
    pub fn rest(&mut self) -> Result<(), Broken> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if let Err(error) = running.committer.apply() {
            if !self.medium.disk.has_stopped() {
                return Err(breaks("the index", &error));
            }
            self.running = None;
            return Ok(());
        }
        running.view = running.committer.view();
        Ok(())
    }

    fn space(&self) -> Space {
        let free = if self.medium.disk.is_full() { 0 } else { u64::MAX };
        Space { free_bytes: self.sees_space.then_some(free), reserve_bytes: 1 }
    }

    /// Makes a judged batch durable with one append, shows it to readers, and answers.
    pub(super) fn keep(
        &mut self,
        judged: Judged<Ticket>,
        now_ms: i64,
    ) -> Result<Vec<(u64, Answer)>, Trouble> {
        let space = self.space();
        planted::before_append(self.bug, &self.medium, &judged);
        let batch = judged.batch().clone();
        let Some(running) = &mut self.running else { return Ok(Vec::new()) };
        let from = running.committer.store().end();
        let appended = running.committer.append(judged, space);
        if self.medium.disk.has_stopped() {
            self.running = None;
            return Ok(Vec::new());
        }
        let kept = match appended {
            Ok(kept) => kept,
            Err(failed) => {
                if self.bug == Some(Bug::FailedShown) {
                    planted::apply_at_once(&self.medium, &batch);
                }
                return self.append_failed(failed, now_ms);
            }
        };
        let Published { view, answers, is_act, lines } = running.committer.publish(kept);
        let before = std::mem::replace(&mut running.view, view.clone());
        if is_act {
            let hub = running.committer.open_hub();
            running.hub = hub.map_err(|error| Trouble::Broken(breaks("a hub for readers", &error)))?;
        }
        let (shown, ahead) = match self.bug {
            Some(Bug::ReplyBeforeApply) => (before, lines as u64),
            Some(Bug::FreshForgotten) => (View { rows: before.rows, ..view.clone() }, 0),
            _ => (view.clone(), 0),
        };
        self.note_lines(&view, from)?;
        if space.is_low() {
            // Attempt numbers alone are not kept on a full disk.
            self.attempts = attempts_in(&view.rows)?;
        }
        let mut replies = Vec::new();
        for (ticket, outcome) in answers {
            let answer = match outcome {
                Ok(admitted) => {
                    self.erase(admitted.erased());
                    if self.medium.disk.has_stopped() {
                        self.running = None;
                        return Ok(Vec::new());
                    }
                    self.reply(&shown, &ticket, &admitted, now_ms, ahead)?
                }
                Err(refusal) => refused(&refusal),
            };
            match &answer {
                Answer::Frame(_) => self.counts.answered += 1,
                _ => self.counts.refused += 1,
            }
            replies.push((ticket.ticket, answer));
        }
        self.kept.tell_up_to(view.seq);
        Ok(replies)
    }

    /// The model notes what the ledger took.
    fn note_lines(&mut self, view: &Seen, from: u64) -> Result<(), Broken> {
        let mut lines = Vec::new();
        let read = view.lines.read_range(from, u64::MAX, &mut |_, line| {
            lines.push(line.to_vec());
            true
        });
        read.map_err(|error| breaks("what was just appended", &error))?;
        self.kept.add(&lines);
        for line in &lines {
            self.book.add(line)?;
        }
        Ok(())
    }

    fn append_failed(&mut self, failed: Failed<Ticket>, now_ms: i64) -> Result<Vec<(u64, Answer)>, Trouble> {
        if self.running.as_ref().is_some_and(|running| running.committer.is_over()) {
            // It is opened again at once.
            self.running = None;
            self.start(now_ms)?;
        } else if let Some(running) = &self.running {
            // Attempt numbers that were taken with it are not kept either.
            self.attempts = attempts_in(&running.rows)?;
        }
        self.counts.refused += failed.answers.len() as u64;
        let answers = failed.answers.into_iter();
        Ok(answers.map(|(ticket, refusal)| (ticket.ticket, refused(&refusal))).collect())
    }

    /// Stage three: what is new for the device. `ahead` lines are counted that the rows do not have yet.
    fn reply(
        &self,
        view: &Seen,
        one: &Ticket,
        admitted: &Durable<Admitted>,
        now_ms: i64,
        ahead: u64,
    ) -> Result<Answer, Trouble> {
        let stats = &admitted.stats;
        if one.message == Message::Enrol && stats.accepted + stats.quarantined + stats.duplicates == 0 {
            return Ok(Answer::refused("code_used"));
        }
        let Some(Running { hub, .. }) = &self.running else { return Ok(Answer::refused("stopping")) };
        let people = admitted.people().and_then(|(mark, named)| {
            let mut book = self.people.borrow_mut();
            book.take(&admitted.device, named);
            book.news(&mark)
        });
        let blobs = self.photos.tickets(hub, &view.rows, admitted)?;
        let beside = Beside { people, blobs, ..Beside::default() };
        let frame = hub.reply(&view.rows, &view.lines, view.seq, self.clock(now_ms), admitted, beside);
        let frame = frame.map_err(|error| Trouble::Broken(breaks("the hub, answering", &error)))?;
        if frame.len() > MESSAGE_BYTES_MAX {
            let bytes = frame.len();
            return Err(Property::WithinLimits.broken(format!("a reply has {bytes} bytes")).into());
        }
        Ok(Answer::Frame(planted::reply(self.bug, &self.key(), &one.frame, frame, one.message, ahead)))
    }
}

/// Whether the hub may say so of a request.
fn is_refusal(error: &HubError) -> bool {
    matches!(error, HubError::Replayed { .. } | HubError::Enrol(_))
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Full => Answer::refused("disk_full"),
        Refusal::Hub(HubError::Replayed { last, .. }) => {
            Answer::Refused { code: "replayed".into(), last_attempt: Some(*last) }
        }
        Refusal::Hub(HubError::Enrol(error)) => Answer::refused(RequestError::Enrol(error.clone()).code()),
        _ => Answer::refused("not_durable"),
    }
}

/// No number is taken twice, as far as the model knows the rows.
fn check_attempt(
    attempts: &mut std::collections::BTreeMap<sync_core::id::DeviceId, u64>,
    admitted: &Admitted,
    attempt: u64,
) -> Result<(), Broken> {
    let device = admitted.device;
    let last = attempts.insert(device, attempt).unwrap_or(0);
    if attempt > last {
        return Ok(());
    }
    let device = device.short();
    let how = format!("attempt {attempt} of device {device} was taken although {last} had been");
    Err(Property::AttemptsRise.broken(how))
}

/// The attempt number in a request frame, read without its signature: for the model only.
pub fn attempt_of(frame: &[u8]) -> u64 {
    let read = || -> Option<u64> {
        open_request(frame).ok()?;
        let mut body = frame.get(4..)?;
        rmp::decode::read_array_len(&mut body).ok()?;
        let _version: u8 = rmp::decode::read_int(&mut body).ok()?;
        let _municipality: u32 = rmp::decode::read_int(&mut body).ok()?;
        for _device_and_office in 0..2 {
            let bytes = rmp::decode::read_bin_len(&mut body).ok()?;
            body = body.get(usize::try_from(bytes).ok()?..)?;
        }
        rmp::decode::read_int(&mut body).ok()
    };
    read().unwrap_or(0)
}
