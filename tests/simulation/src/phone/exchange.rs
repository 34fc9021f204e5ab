//! Exchange: how a phone drives the core's sync driver, as the production `crew sync` does. It brings a key, a store and
//! the time, and may be slow to sign and slow to say that something is durable.

use sync_core::crypto::{Purpose, SecretKey, Signature};
use sync_core::id::DeviceId;
use sync_core::invitation::InvitedBy;
use sync_core::limits::{MESSAGE_BYTES_MAX, ROUND_TRIPS_MAX};
use sync_core::log::line::{Contact, DeviceLine, Line, OwnRun};
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::replica::KeyName;
use sync_core::replica::sync::driver::{
    self, BlobWants, Driver, End, Event, Goal, Invited, Kept, Outcome, Route, Step, Terms,
};
use sync_core::wire::message::open_request;

use super::{Hindered, Phone, planted};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::server::{Answer, Message, attempt_of};
use crate::world::PHOTOS;

/// Where an exchange is.
#[derive(Default)]
pub struct Talk {
    driver: Option<Driver>,
    /// What it waits for: an answer, or a hand that is slow.
    waiting: Option<u64>,
    /// What is said once a slow hand is done.
    pending: Option<Event>,
    /// What the answer that is taken next is known to be.
    truth: Option<Truth>,
    /// The message on its way.
    posted: Option<Message>,
    /// What the exchange moved so far.
    pub moved: Moved,
    /// For a mistake: the signature before.
    signed: Option<(Purpose, Signature)>,
    /// Whether the phone is enrolled.
    is_enrolled: bool,
}

/// What an exchange moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Entries sent.
    pub pushed: u64,
    /// Entries received.
    pub pulled: u64,
    /// Round trips.
    pub trips: u64,
    /// Whether scopes still differed after they were compared record by record, and no held work explains it.
    pub differs: bool,
    /// Whether it came to its end.
    pub is_done: bool,
    /// The last error's word.
    pub refused: Option<String>,
}

/// What comes next.
pub enum Next {
    /// Send this.
    Send(Message, Vec<u8>),
    /// Go on after so many milliseconds.
    Later(i64),
    /// The exchange has ended, well or not.
    Done,
}

/// What a reply told a phone about its own entries.
pub struct Told {
    /// The name it goes by.
    pub device: DeviceId,
    /// The end of its chain.
    pub head: u64,
    /// What it keeps of the reply.
    pub contact: Contact,
    /// Where it was told its own entries stand.
    pub runs: Vec<OwnRun>,
}

/// What an answer is known to be, for the model: the phone does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The answer to this very request, as the server sent it.
    Whole,
    /// Anything else: cut, changed, of another request, of another sender.
    Spoilt,
}

impl Moved {
    fn tell(&mut self, outcome: &Outcome) {
        self.pushed = outcome.pushed;
        self.pulled = outcome.pulled;
        self.trips = outcome.round_trips;
        self.differs = !outcome.differs.is_empty();
    }
}

impl Phone {
    /// The ticket of what it waits for: an answer, or itself.
    pub fn waits_for(&self) -> Option<u64> {
        self.talk.waiting
    }

    /// Begins an exchange.
    pub fn begin(&mut self, ticket: u64, now_ms: i64) -> Result<(Next, Option<Told>), Hindered> {
        self.talk = Talk::default();
        self.settle_seed(now_ms)?;
        let is_enrolled = self.read(now_ms, |replica| Ok(replica.identity().is_ok()))?;
        let goal = match (is_enrolled, self.secret) {
            (true, _) => Goal::Sync,
            (false, Some(secret)) => {
                let (url, name) = ("http://simulated".into(), self.name.clone());
                Goal::Enrol(Invited { url, by: InvitedBy::Secret(secret), name, office: None })
            }
            (false, None) => return Ok((Next::Done, None)),
        };
        let seed = u64::from_be_bytes(std::array::from_fn(|index| self.seed[index]));
        let photos = self.album.brings_all || !Dice::of(&[seed, ticket, PHOTOS]).one_in(4);
        let absent = if is_enrolled { self.absent_photos(now_ms)? } else { Vec::new() };
        let wants = BlobWants { photos, absent, reads: Vec::new() };
        self.talk.driver = Some(Driver::new(goal, Terms::default()).wanting(wants));
        self.talk.is_enrolled = is_enrolled;
        self.drive(Event::Begin, ticket, now_ms)
    }

    /// A slow hand is done.
    pub fn resume(&mut self, ticket: u64, now_ms: i64) -> Result<(Next, Option<Told>), Hindered> {
        self.talk.waiting = None;
        match self.talk.pending.take() {
            Some(event) => self.drive(event, ticket, now_ms),
            None => Ok((Next::Done, None)),
        }
    }

    /// Hears an answer, or that none came.
    pub fn hear(
        &mut self,
        answer: Option<Answer>,
        truth: Truth,
        ticket: u64,
        now_ms: i64,
    ) -> Result<(Next, Option<Told>), Hindered> {
        self.talk.waiting = None;
        let answer = match answer {
            None => driver::Answer::Cut,
            Some(Answer::Frame(frame) | Answer::Foreign(frame)) => {
                self.talk.truth = Some(truth);
                let bytes_down = frame.len() as u64;
                driver::Answer::Reply { frame, bytes_up: 0, bytes_down }
            }
            Some(Answer::Refused { code, last_attempt }) => {
                self.talk.moved.refused = Some(code.clone());
                driver::Answer::Refused { code, last_attempt }
            }
        };
        self.drive(Event::Answered(planted::answer(self.bug, answer)), ticket, now_ms)
    }

    /// Does what the driver says, until it waits for somebody else.
    fn drive(
        &mut self,
        mut event: Event,
        ticket: u64,
        now_ms: i64,
    ) -> Result<(Next, Option<Told>), Hindered> {
        let seed = u64::from_be_bytes(std::array::from_fn(|index| self.seed[index]));
        let mut dice = Dice::of(&[seed, ticket, now_ms.unsigned_abs()]);
        let mut told = None;
        while let Some(mut driver) = self.talk.driver.take() {
            let step = driver.next(event).map_err(|error| self.misdriven(&error.to_string()))?;
            let step = planted::step(self.bug.filter(|_| self.talk.is_enrolled), step);
            self.talk.moved.tell(driver.outcome());
            event = match step {
                Step::Append => {
                    let (kept, heard) = match self.append(&mut driver, now_ms) {
                        Ok(done) => done,
                        // A foreign answer ends the exchange: the person is told, and tries again later.
                        Err(Hindered::Refused(_)) if self.talk.truth.take() == Some(Truth::Spoilt) => {
                            return Ok((Next::Done, told));
                        }
                        Err(hindered) => return Err(hindered),
                    };
                    told = heard.or(told);
                    Event::Kept(kept)
                }
                Step::Key(name) => Event::Key(self.key_of(&name).public()),
                Step::Sign(to_sign) => {
                    let signature = to_sign.by(&self.key_of(&planted::key(self.bug, to_sign.key.clone())));
                    let before = self.talk.signed.replace((to_sign.purpose, signature));
                    Event::Signed(planted::signature(self.bug, before, to_sign.purpose, signature))
                }
                Step::Post { route, frame } => {
                    self.talk.driver = Some(driver);
                    return self.post(route, frame, ticket).map(|next| (next, told));
                }
                Step::Wait { ms, .. } => {
                    self.talk.driver = Some(driver);
                    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
                    return Ok((self.later(Event::Woke, ms, ticket), told));
                }
                Step::Done(End::Enrolled(_)) => {
                    self.talk.is_enrolled = true;
                    driver = Driver::new(Goal::Sync, Terms::default());
                    Event::Begin
                }
                Step::Done(end) => {
                    self.album.tickets.clone_from(&driver.outcome().blobs);
                    self.ended(&end)?;
                    return Ok((Next::Done, told));
                }
            };
            self.talk.driver = Some(driver);
            let is_slow = matches!(event, Event::Kept(_) | Event::Signed(_)) && dice.one_in(8);
            if is_slow {
                let ms = if dice.one_in(10) { dice.between(1, 100_000_000) } else { dice.between(1, 20_000) };
                let ms = i64::try_from(ms).unwrap_or(1);
                return Ok((self.later(event, ms, ticket), told));
            }
        }
        Ok((Next::Done, told))
    }

    fn later(&mut self, event: Event, ms: i64, ticket: u64) -> Next {
        self.talk.waiting = Some(ticket);
        self.talk.pending = Some(event);
        Next::Later(ms)
    }

    /// Lets the driver write, and keeps it. What a reply told, if one was taken.
    fn append(&mut self, driver: &mut Driver, now_ms: i64) -> Result<(Kept, Option<Told>), Hindered> {
        let truth = self.talk.truth;
        let keeps = truth.is_some() || !self.talk.is_enrolled || self.bug != Some(Bug::AttemptNotKept);
        let mut early = None;
        let done = self.act_keeping(now_ms, keeps, |replica| {
            let kept = driver.write(replica)?;
            let own = match replica.identity() {
                Ok(identity) => Some((identity.device, replica.view().own_head()?.seq)),
                Err(_) => None,
            };
            early = Some(kept);
            Ok(own)
        });
        let (own, lines) = match (done, early.take()) {
            (Ok(done), Some(kept)) => {
                early = Some(kept);
                done
            }
            (Err(Hindered::Disk), Some(kept)) if self.bug == Some(Bug::KeptUnkept) => {
                return Ok((kept, None));
            }
            (Err(Hindered::Refused(error)), _) if truth == Some(Truth::Whole) => {
                let how = format!("phone {} does not take a reply that is whole: {error}", self.number);
                return Err(Property::NothingBreaks.broken(how).into());
            }
            (Err(hindered), _) => return Err(hindered),
            (Ok(_), None) => return Err(self.misdriven("nothing was written").into()),
        };
        let Some(kept) = early else { return Err(self.misdriven("nothing was written").into()) };
        self.talk.truth = None;
        if truth == Some(Truth::Spoilt) {
            let how = format!("phone {} took a reply that is not the answer to its request", self.number);
            return Err(Property::FlipsNoticed.broken(how).into());
        }
        let is_reply = truth.is_some() && self.talk.posted == Some(Message::Sync);
        let contact = contact_in(&lines).filter(|_| is_reply);
        let told = contact.zip(own).map(|(contact, (device, head))| {
            let runs = runs_in(&lines, &device);
            Told { device, head, contact, runs }
        });
        if let Some(told) = &told {
            self.check_fair(told)?;
        }
        Ok((kept, told))
    }

    /// What this phone judged by the rules that it had is not refused by newer ones: unless it is one of two, or the ledger
    /// lost what it had been told.
    fn check_fair(&mut self, told: &Told) -> Result<(), Broken> {
        let first = *self.epoch.get_or_insert(told.contact.epoch);
        if self.is_from_copy || first != told.contact.epoch {
            return Ok(());
        }
        let is_unfair = |run: &&OwnRun| match &run.verdict {
            Verdict::Quarantined(Reason::Rule { rule, what }) => rule == "value" && what.contains("dose"),
            _ => false,
        };
        match told.runs.iter().find(is_unfair) {
            Some(run) => {
                let (number, seq) = (self.number, run.seq);
                let how = format!("phone {number}: number {seq} is refused by a rule that it could not know");
                Err(Property::FairRules.broken(how))
            }
            None => Ok(()),
        }
    }

    fn misdriven(&self, what: &str) -> Broken {
        Property::NothingBreaks.broken(format!("phone {}: {what}", self.number))
    }

    fn ended(&mut self, end: &End) -> Result<(), Broken> {
        let number = self.number;
        match end {
            End::Finished => self.talk.moved.is_done = true,
            End::Stuck => {
                let how = format!("phone {number}: both sides say there is more, and nothing moves");
                return Err(Property::OutboxDrains.broken(how));
            }
            End::TooLong => {
                let how = format!("phone {number}: an exchange of more than {ROUND_TRIPS_MAX} trips");
                return Err(Property::WithinLimits.broken(how));
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a renewal was cut off, the key this phone enrolled with tells which seed is its own.
    fn settle_seed(&mut self, now_ms: i64) -> Result<(), Hindered> {
        let Some(renewed) = self.renewed else { return Ok(()) };
        let is_own = self.read(now_ms, |replica| {
            let is_enrolled = replica.identity().is_ok();
            Ok(is_enrolled && replica.own_public()? == Some(replica.key(&renewed).public()))
        })?;
        if is_own {
            self.seed = renewed;
            self.renewed = None;
        }
        Ok(())
    }

    pub(super) fn key_of(&self, name: &KeyName) -> SecretKey {
        name.of_seed(self.renewed.as_ref().filter(|_| name.is_renewed).unwrap_or(&self.seed))
    }

    fn post(&mut self, route: Route, frame: Vec<u8>, ticket: u64) -> Result<Next, Hindered> {
        let message = match route {
            Route::Sync => Message::Sync,
            Route::Preview => Message::Preview,
            Route::Enrol => Message::Enrol,
        };
        if message == Message::Sync {
            self.check_own_attempt(&frame)?;
        }
        if frame.len() > MESSAGE_BYTES_MAX {
            let (number, bytes) = (self.number, frame.len());
            let how = format!("phone {number}: a request of {bytes} bytes");
            return Err(Property::WithinLimits.broken(how).into());
        }
        self.talk.waiting = Some(ticket);
        self.talk.posted = Some(message);
        Ok(Next::Send(message, frame))
    }

    /// A number is used for one request only, as long as nobody copied or restored the phone.
    fn check_own_attempt(&mut self, frame: &[u8]) -> Result<(), Hindered> {
        let attempt = attempt_of(frame);
        let device = open_request(frame).and_then(|request| request.claimed_device()).unwrap_or_default();
        let mark = crc32fast::hash(frame);
        match self.attempts.insert((device, attempt), mark) {
            Some(before) if before != mark => {
                let how = format!("phone {} used attempt {attempt} for two requests", self.number);
                Err(Property::AttemptsRise.broken(how).into())
            }
            _ => Ok(()),
        }
    }

    /// Drives as far as it goes without anybody else: to the post, the wait or the end. For deeds that are done at once.
    pub(super) fn drive_alone(
        &mut self,
        driver: &mut Driver,
        mut event: Event,
        now_ms: i64,
    ) -> Result<Step, Hindered> {
        loop {
            event = match driver.next(event).map_err(|error| self.misdriven(&error.to_string()))? {
                Step::Append => Event::Kept(self.act(now_ms, |replica| driver.write(replica))?),
                Step::Key(name) => Event::Key(self.key_of(&name).public()),
                Step::Sign(to_sign) => Event::Signed(to_sign.by(&self.key_of(&to_sign.key))),
                step => return Ok(step),
            };
        }
    }
}

/// Places of a device's own entries, in what a reply wrote.
fn runs_in(lines: &[Vec<u8>], device: &DeviceId) -> Vec<OwnRun> {
    let runs = |line: &Vec<u8>| match Line::from_bytes(line) {
        Ok(Line::Device(DeviceLine::Own(own))) if own.device == *device => own.runs,
        _ => Vec::new(),
    };
    lines.iter().flat_map(runs).collect()
}

fn contact_in(lines: &[Vec<u8>]) -> Option<Contact> {
    lines.iter().rev().find_map(|line| match Line::from_bytes(line) {
        Ok(Line::Device(DeviceLine::Contact(contact))) => Some(contact),
        _ => None,
    })
}
