//! Judge: the first step of a batch. Each request is admitted on top of the ones before it; one that fails or panics
//! leaves no trace in the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use store::{Index, Log};
use sync_core::hub::usage::{rule_texts, usage_of};
use sync_core::hub::{Admitted, Hub, HubError};
use sync_core::invitation::Secrets;
use sync_core::log::act::StoredBlob;
use sync_core::log::line::Lines;
use sync_core::rows::{Batch, Overlay, RowsError};
use sync_core::rules::publish::{Chosen, RuleTexts, changed, choose};
use sync_core::state::authority::AppVersion;
use sync_core::time::TimeMs;

use super::{Committer, Judged, Refusal, Request, Space, panic_text};

impl<L: Log, I: Index> Committer<L, I> {
    /// Admits each request on top of the ones before it. Where space is low, what brings lines is refused.
    ///
    /// # Panics
    /// If the batch before this one was not applied yet.
    pub fn judge<T>(&mut self, requests: Vec<Request<T>>, now_ms: TimeMs, space: Space) -> Judged<T> {
        assert!(self.fresh.is_none(), "the batch before is applied first");
        let rows = self.store.rows();
        let (first, lines) = (self.store.end(), self.store.lines());
        let mut judged = Judged::nothing(first);
        let mut next = first;
        let mut overlay = Overlay::new(&rows);
        for Request { checked, ticket } in requests {
            if let Some(error) = &judged.broken {
                judged.outcomes.push((ticket, Err(Refusal::Hub(error.clone()))));
                continue;
            }
            let mut own = Overlay::new(&overlay);
            let (hub, ledger) = (&mut self.hub, Ahead { lines: &lines, first, outcomes: &judged.outcomes });
            let done = catch_unwind(AssertUnwindSafe(|| hub.admit(&mut own, &ledger, next, now_ms, checked)));
            let own = own.batch;
            let outcome = match done {
                Ok(Ok(admitted)) if space.is_low() && !admitted.lines().is_empty() => Err(Refusal::Full),
                Ok(Ok(admitted)) => Ok(admitted),
                Ok(Err(error)) => Err(Refusal::Hub(error)),
                Err(panic) => Err(Refusal::Panicked(panic_text(&*panic).to_owned())),
            };
            match &outcome {
                Ok(admitted) => {
                    next += admitted.lines().len() as u64;
                    overlay.batch.writes.extend(own.writes);
                }
                // What it did to the hub must go too.
                Err(_) => match Hub::open(&overlay, &self.seed, self.quotas) {
                    Ok(hub) => self.hub = hub,
                    Err(error) => judged.broken = Some(error),
                },
            }
            judged.outcomes.push((ticket, outcome));
        }
        judged.batch = overlay.batch;
        judged
    }

    /// Chooses those of `files` that may come into force, over what is in force and what the records hold. Reads all
    /// records if one of the files changed.
    ///
    /// # Errors
    /// If a row or a line does not read.
    pub fn choose_rules(&self, files: &RuleTexts) -> Result<Chosen, HubError> {
        let view = self.view();
        let in_force = rule_texts(&view.rows)?;
        let names = changed(&in_force, files);
        if names.is_empty() {
            return Ok(Chosen::default());
        }
        let usage = usage_of(&view.rows, &view.lines, &names)?;
        Ok(choose(&in_force, files, &usage))
    }

    /// Publishes those of `files` that differ from what is in force. It asks only whether they read; see
    /// [`Committer::choose_rules`].
    ///
    /// # Errors
    /// `Rules` if a file does not read: then none is published. `Rows` if the index does not read.
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn publish_rules<T>(
        &mut self,
        files: &[(String, String)],
        now_ms: TimeMs,
    ) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.publish_rules(overlay, next, now_ms, files))
    }

    /// Says which app for browsers the office serves, if it is another than before.
    ///
    /// # Errors
    /// As [`Hub::publish_app`].
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn publish_app<T>(&mut self, app: &AppVersion, now_ms: TimeMs) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.publish_app(overlay, next, now_ms, app))
    }

    /// Starts a new life of the ledger: devices read it from its beginning and send again what is missing.
    ///
    /// # Errors
    /// As [`Hub::start_epoch`].
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn start_epoch<T>(
        &mut self,
        entropy: &[u8; 8],
        reason: &str,
        now_ms: TimeMs,
    ) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.start_epoch(overlay, next, now_ms, entropy, reason))
    }

    /// Says which blobs the office has.
    ///
    /// # Errors
    /// As [`Hub::say_stored`].
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn say_stored<T>(&mut self, blobs: &[StoredBlob], now_ms: TimeMs) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.say_stored(overlay, next, now_ms, blobs))
    }

    /// Says which blobs the office has no more.
    ///
    /// # Errors
    /// As [`Hub::say_missing`].
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn say_missing<T>(&mut self, blobs: &[StoredBlob], now_ms: TimeMs) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.say_missing(overlay, next, now_ms, blobs))
    }

    /// Invites an administrator.
    ///
    /// # Errors
    /// As [`Hub::invite_admin`].
    ///
    /// # Panics
    /// As [`Committer::judge`].
    pub fn invite_admin<T>(&mut self, secrets: &Secrets, now_ms: TimeMs) -> Result<Judged<T>, HubError> {
        self.act(|hub, overlay, next| hub.invite_admin(overlay, next, now_ms, secrets))
    }

    /// Lets the hub act by itself.
    fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Hub, &mut Overlay<'_>, u64) -> Result<Vec<Vec<u8>>, HubError>,
    ) -> Result<Judged<T>, HubError> {
        assert!(self.fresh.is_none(), "the batch before is applied first");
        let rows = self.store.rows();
        let first = self.store.end();
        let mut overlay = Overlay::new(&rows);
        match act(&mut self.hub, &mut overlay, first) {
            Ok(own) => Ok(Judged { own, batch: overlay.batch, ..Judged::nothing(first) }),
            Err(error) => {
                match Hub::open(&rows, &self.seed, self.quotas) {
                    Ok(hub) => self.hub = hub,
                    Err(_) => self.is_over = true,
                }
                Err(error)
            }
        }
    }
}

/// The ledger, with the lines of the batch that were judged before and are not appended yet.
struct Ahead<'j, Ls, T> {
    lines: &'j Ls,
    first: u64,
    outcomes: &'j [(T, Result<Admitted, Refusal>)],
}

impl<Ls: Lines, T> Lines for Ahead<'_, Ls, T> {
    fn end(&self) -> u64 {
        let brought =
            |outcome: &Result<Admitted, Refusal>| outcome.as_ref().map_or(0, |one| one.lines().len());
        self.first + self.outcomes.iter().map(|(_, outcome)| brought(outcome) as u64).sum::<u64>()
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let Some(ahead) = number.checked_sub(self.first) else { return self.lines.line(number) };
        let admitted = self.outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok());
        let mut brought = admitted.flat_map(Admitted::lines);
        let line = usize::try_from(ahead).ok().and_then(|ahead| brought.nth(ahead));
        line.cloned().ok_or_else(|| RowsError(format!("there is no line {number}")))
    }
}

impl<T> Judged<T> {
    fn nothing(first: u64) -> Self {
        Self { first, own: Vec::new(), batch: Batch::default(), outcomes: Vec::new(), broken: None }
    }
}
