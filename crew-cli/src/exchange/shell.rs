//! Shell: what a command brings to the sync driver: a key, the store, a connection and patience.

use std::path::Path;
use std::time::Duration;

use sync_core::crypto::SecretKey;
use sync_core::replica::KeyName;
use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Kept, Outcome, Step};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::http::{HttpError, Patience, Server};
use words::{Text, say};

/// One exchange's means.
pub(super) struct Shell<'c> {
    cx: &'c Context,
    patience: Patience,
    seed: [u8; 32],
    renewed: Option<[u8; 32]>,
    url: Option<String>,
    is_enrolling: bool,
    authority: Option<&'c Path>,
    server: Option<Server>,
    /// What the newest reply gave to be shown with the next request.
    ticket: Option<String>,
    /// Why the last post was not answered.
    trouble: Option<HttpError>,
    has_told_name: bool,
    has_told_wait: bool,
}

impl<'c> Shell<'c> {
    pub(super) fn new(cx: &'c Context, patience: Patience, seed: [u8; 32]) -> Self {
        Self {
            cx,
            patience,
            seed,
            renewed: None,
            url: None,
            is_enrolling: false,
            authority: None,
            server: None,
            ticket: cx.home.ticket(),
            trouble: None,
            has_told_name: false,
            has_told_wait: false,
        }
    }

    /// For a device that is not enrolled: where, and by which authority.
    pub(super) fn enrolling(self, url: String, authority: Option<&'c Path>) -> Self {
        Self { url: Some(url), is_enrolling: true, authority, ..self }
    }

    /// For a device that renews its key.
    pub(super) fn renewing(self, renewed: [u8; 32]) -> Self {
        Self { renewed: Some(renewed), ..self }
    }

    /// Does what the driver says until the exchange has ended.
    ///
    /// # Errors
    /// What the replica, the store or the folder answers.
    pub(super) fn drive(&mut self, driver: &mut Driver) -> Result<End, CliError> {
        let cx = self.cx;
        let mut event = Event::Begin;
        let end = loop {
            let step = driver.next(event).map_err(|error| internal(&error))?;
            self.tell_name(driver.outcome());
            event = match step {
                Step::Append => Event::Kept(self.append(driver)?),
                Step::Key(name) => Event::Key(self.key(&name).public()),
                Step::Sign(to_sign) => Event::Signed(to_sign.by(&self.key(&to_sign.key))),
                Step::Post { route, frame } => {
                    self.tell(driver.outcome());
                    if let Some(newest) = &driver.outcome().ticket {
                        self.ticket = Some(newest.clone());
                    }
                    Event::Answered(self.post(route.path(), &frame)?)
                }
                Step::Wait { ms, is_asked } => {
                    self.wait(ms, is_asked);
                    Event::Woke
                }
                Step::Done(end) => break end,
            };
        };
        cx.screen.progress_done();
        if let Some(newest) = &driver.outcome().ticket {
            cx.home.keep_ticket(newest);
        }
        Ok(end)
    }

    /// The server of this exchange, once it answered.
    ///
    /// # Errors
    /// It did not.
    pub(super) fn reached(&self) -> Result<&Server, CliError> {
        self.server.as_ref().ok_or_else(|| internal(&"no server answered"))
    }

    /// The error for an exchange that gave up.
    pub(super) fn failed(&mut self, end: &End, kept: &Text) -> CliError {
        match self.trouble.take() {
            Some(trouble) => trouble.into_cli(kept),
            None => internal(&format!("{end:?}")),
        }
    }

    fn append(&mut self, driver: &mut Driver) -> Result<Kept, CliError> {
        let keys = Keys { seed: self.seed, renewed: self.renewed };
        if self.is_enrolling {
            return self.cx.write_new(|replica| Ok(driver.write(replica)?));
        }
        let url = &mut self.url;
        self.cx.write(|replica| {
            if url.is_none() {
                *url = Some(replica.identity()?.url.clone());
            }
            Ok(driver.write_signing(replica, |to_sign| to_sign.by(&keys.key(&to_sign.key)))?)
        })
    }

    fn key(&self, name: &KeyName) -> SecretKey {
        Keys { seed: self.seed, renewed: self.renewed }.key(name)
    }

    fn post(&mut self, path: &str, frame: &[u8]) -> Result<Answer, CliError> {
        let ticket = self.ticket.clone();
        let posted = match self.server() {
            Ok(server) => server.post(path, frame, ticket.as_deref()),
            Err(Trouble::Http(error)) => Err(error),
            Err(Trouble::Folder(error)) => return Err(error),
        };
        Ok(match posted {
            Ok(reply) => {
                let (bytes_up, bytes_down) = (reply.bytes_up, reply.bytes_down);
                Answer::Reply { frame: reply.frame, bytes_up, bytes_down }
            }
            Err(error) => {
                let answer = error.to_answer();
                self.trouble = Some(error);
                answer
            }
        })
    }

    fn server(&mut self) -> Result<&Server, Trouble> {
        if self.server.is_none() {
            if self.is_enrolling {
                self.cx.home.keep_authority(self.authority).map_err(Trouble::Folder)?;
            }
            let roots = self.cx.home.roots().map_err(Trouble::Folder)?;
            let url = self.url.clone().unwrap_or_default();
            self.server = Some(Server::trusting(&url, self.patience, roots).map_err(Trouble::Http)?);
        }
        self.server.as_ref().ok_or(Trouble::Http(HttpError::NotCuadrilla))
    }

    fn wait(&mut self, ms: u64, is_asked: bool) {
        if is_asked && !std::mem::replace(&mut self.has_told_wait, true) {
            let seconds = ms / 1_000;
            self.cx.screen.warn(&say!("sync-asked-to-wait", seconds));
        }
        std::thread::sleep(Duration::from_millis(ms));
    }

    fn tell(&self, outcome: &Outcome) {
        if outcome.round_trips > 1 {
            let (up, down) = (outcome.pushed, outcome.pulled);
            self.cx.screen.progress(&say!("sync-progress", up, down));
        }
    }

    fn tell_name(&mut self, outcome: &Outcome) {
        let Some(renewed) = outcome.renamed.as_ref().filter(|_| !self.has_told_name) else { return };
        self.has_told_name = true;
        let letters = &renewed.letters;
        self.cx.screen.warn(&say!("sync-renamed", letters));
    }
}

/// The seeds of the device's keys.
struct Keys {
    seed: [u8; 32],
    renewed: Option<[u8; 32]>,
}

impl Keys {
    fn key(&self, name: &KeyName) -> SecretKey {
        name.of_seed(self.renewed.as_ref().filter(|_| name.is_renewed).unwrap_or(&self.seed))
    }
}

enum Trouble {
    Http(HttpError),
    Folder(CliError),
}

fn internal(what: &dyn std::fmt::Display) -> CliError {
    let detail = what.to_string();
    CliError::new(exit::OTHER, "internal", say!("sync-internal", detail), say!("sync-internal-hint"))
}
