//! Exchange: how a phone asks until neither side has more, as the production `crew sync` does: it adapts to a poor link
//! and to a server that lost something, goes past attempts it forgot, and goes on under a new name when it is a copy.

use sync_core::id::DeviceId;
use sync_core::limits::{MESSAGE_BYTES_AIM, MESSAGE_BYTES_AIM_POOR, MESSAGE_BYTES_MAX};
use sync_core::log::line::{Contact, DeviceLine, Line};
use sync_core::replica::{Exchanged, Request};

use super::{Hindered, Phone};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::server::{Answer, Message, attempt_of};

/// How often the smallest message is tried again after a cut or a time-out.
const TRIES_AT_SMALLEST: u32 = 2;
/// Replies in a row that say there is more and move nothing.
const IDLE_REPLIES_MAX: u32 = 4;
/// Round trips of one exchange: far more than any here needs.
const ROUND_TRIPS_MAX: u32 = 600;
/// The server's words for changes it does not know, or knows otherwise, by their short names.
const SPELL_OUT: [&str; 2] = ["unknown_reference", "bad_chain"];

#[derive(Debug, Clone, Copy)]
struct Pace {
    aim_bytes: usize,
    tries_left: u32,
    spell_out: bool,
    idle_replies: u32,
    has_jumped: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            aim_bytes: MESSAGE_BYTES_AIM,
            tries_left: TRIES_AT_SMALLEST,
            spell_out: false,
            idle_replies: 0,
            has_jumped: false,
        }
    }
}

impl Pace {
    fn slow_down(&mut self) -> bool {
        if self.aim_bytes > MESSAGE_BYTES_AIM_POOR {
            self.aim_bytes = (self.aim_bytes / 2).max(MESSAGE_BYTES_AIM_POOR);
            return true;
        }
        self.tries_left = self.tries_left.saturating_sub(1);
        self.tries_left > 0
    }

    fn goes_on(&mut self, exchanged: &Exchanged) -> bool {
        let moved = exchanged.pulled + exchanged.accepted + exchanged.quarantined.len() as u64;
        self.idle_replies = if moved > 0 { 0 } else { self.idle_replies + 1 };
        self.idle_replies < IDLE_REPLIES_MAX
    }
}

enum Waiting {
    Enrolment(Vec<u8>),
    Succession(Vec<u8>),
    Reply(Request),
}

/// Where an exchange is.
#[derive(Default)]
pub struct Talk {
    waiting: Option<(u64, Waiting)>,
    pace: Pace,
    trips: u32,
    has_succeeded: bool,
    /// What the exchange moved so far.
    pub moved: Moved,
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
    /// Scopes that still differed after they were compared record by record.
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
}

/// What an answer is known to be, for the model: the phone does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The answer to this very request, as the server sent it.
    Whole,
    /// Anything else: cut, changed, of another request, of another sender.
    Spoilt,
}

impl Phone {
    /// The trip whose answer it waits for.
    pub fn waits_for(&self) -> Option<u64> {
        self.talk.waiting.as_ref().map(|(ticket, _)| *ticket)
    }

    /// Begins an exchange.
    pub fn begin(&mut self, ticket: u64, now_ms: i64) -> Result<Next, Hindered> {
        self.talk = Talk::default();
        self.step(ticket, now_ms)
    }

    /// The next request of an exchange.
    fn step(&mut self, ticket: u64, now_ms: i64) -> Result<Next, Hindered> {
        self.talk.trips += 1;
        self.talk.moved.trips += 1;
        if self.talk.trips > ROUND_TRIPS_MAX {
            let how = format!("phone {}: an exchange of more than {ROUND_TRIPS_MAX} trips", self.number);
            return Err(Property::WithinLimits.broken(how).into());
        }
        self.settle_seed(now_ms)?;
        let seed = self.seed;
        let (code, name) = (self.code.clone(), self.name.clone());
        let Pace { aim_bytes, spell_out, .. } = self.talk.pace;
        let keeps = self.bug != Some(Bug::AttemptNotKept);
        let (asked, _) = self.act_keeping(now_ms, keeps, |replica| {
            let key = replica.key(&seed);
            let Ok(identity) = replica.identity() else {
                let Some(code) = code else { return Ok(None) };
                replica.enrol_start("http://simulated", &code, &name)?;
                let frame = super::enrol_frame(replica, &key)?;
                return Ok(Some((DeviceId::ZERO, Waiting::Enrolment(frame))));
            };
            let device = identity.device;
            if replica.is_copy()? {
                let frame = super::succeed_start(replica, &seed, None)?;
                return Ok(Some((device, Waiting::Succession(frame))));
            }
            Ok(Some((device, Waiting::Reply(super::request(replica, &key, aim_bytes, spell_out)?))))
        })?;
        let Some((device, waiting)) = asked else { return Ok(Next::Done) };
        let (message, frame) = match &waiting {
            Waiting::Enrolment(frame) | Waiting::Succession(frame) => (Message::Enrol, frame.clone()),
            Waiting::Reply(request) => (Message::Sync, request.frame.clone()),
        };
        if message == Message::Sync {
            self.check_own_attempt(device, &frame)?;
        }
        self.talk.waiting = Some((ticket, waiting));
        self.send(message, frame)
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

    fn send(&self, message: Message, frame: Vec<u8>) -> Result<Next, Hindered> {
        if frame.len() > MESSAGE_BYTES_MAX {
            let (number, bytes) = (self.number, frame.len());
            let how = format!("phone {number}: a request of {bytes} bytes");
            return Err(Property::WithinLimits.broken(how).into());
        }
        Ok(Next::Send(message, frame))
    }

    /// A number is used for one request only, as long as nobody copied or restored the phone.
    fn check_own_attempt(&mut self, device: DeviceId, frame: &[u8]) -> Result<(), Hindered> {
        let attempt = attempt_of(frame);
        let mark = crc32fast::hash(frame);
        match self.attempts.insert((device, attempt), mark) {
            Some(before) if before != mark => {
                let how = format!("phone {} used attempt {attempt} for two requests", self.number);
                Err(Property::AttemptsRise.broken(how).into())
            }
            _ => Ok(()),
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
        let Some((_, waiting)) = self.talk.waiting.take() else { return Ok((Next::Done, None)) };
        let Some(answer) = answer else {
            // A cut or a time-out.
            let again = self.talk.pace.slow_down() && !matches!(waiting, Waiting::Enrolment(_));
            return self.again_or_done(again, ticket, now_ms).map(|next| (next, None));
        };
        match answer {
            Answer::Frame(frame) | Answer::Foreign(frame) => match waiting {
                Waiting::Reply(request) => self.hear_reply(&request, &frame, truth, ticket, now_ms),
                Waiting::Enrolment(sent) => {
                    self.hear_enrolment(&sent, &frame, truth, ticket, now_ms).map(|next| (next, None))
                }
                Waiting::Succession(sent) => {
                    self.hear_succession(&sent, &frame, truth, ticket, now_ms).map(|next| (next, None))
                }
            },
            Answer::Refused { code, last_attempt } => {
                let again = self.adapts(&code, last_attempt, matches!(waiting, Waiting::Reply(_)), now_ms)?;
                self.talk.moved.refused = Some(code);
                self.again_or_done(again, ticket, now_ms).map(|next| (next, None))
            }
        }
    }

    fn again_or_done(&mut self, again: bool, ticket: u64, now_ms: i64) -> Result<Next, Hindered> {
        if again { self.step(ticket, now_ms) } else { Ok(Next::Done) }
    }

    /// Whether an error is a reason to ask again, and how.
    fn adapts(
        &mut self,
        code: &str,
        last_attempt: Option<u64>,
        is_sync: bool,
        now_ms: i64,
    ) -> Result<bool, Hindered> {
        if !is_sync {
            return Ok(false);
        }
        if SPELL_OUT.contains(&code) && !self.talk.pace.spell_out && self.bug != Some(Bug::PaceForgotten) {
            self.talk.pace.spell_out = true;
            return Ok(true);
        }
        match last_attempt {
            Some(last) if !self.talk.pace.has_jumped && self.bug != Some(Bug::SkipForgotten) => {
                self.talk.pace.has_jumped = true;
                self.act(now_ms, |replica| replica.skip_attempts(last))
            }
            _ => Ok(false),
        }
    }

    fn hear_reply(
        &mut self,
        request: &Request,
        frame: &[u8],
        truth: Truth,
        ticket: u64,
        now_ms: i64,
    ) -> Result<(Next, Option<Told>), Hindered> {
        let heard = self.act_keeping(now_ms, true, |replica| {
            let exchanged = replica.on_reply(request, frame)?;
            let device = replica.identity()?.device;
            Ok((exchanged, replica.is_copy()?, device, replica.view().own_head()?.seq))
        });
        let ((exchanged, is_copy, device, head), lines) = match heard {
            Ok(heard) => heard,
            Err(Hindered::Refused(error)) if truth == Truth::Whole => {
                let how = format!("phone {} does not take a reply that is whole: {error}", self.number);
                return Err(Property::NothingBreaks.broken(how).into());
            }
            // A foreign answer ends the exchange: the person is told, and tries again later.
            Err(Hindered::Refused(_)) => return Ok((Next::Done, None)),
            Err(hindered) => return Err(hindered),
        };
        if truth == Truth::Spoilt {
            let how = format!("phone {} took a reply that is not the answer to its request", self.number);
            return Err(Property::FlipsNoticed.broken(how).into());
        }
        let told = contact_in(&lines).map(|contact| Told { device, head, contact });
        let moved = &mut self.talk.moved;
        moved.pushed += exchanged.pushed;
        moved.pulled += exchanged.pulled;
        moved.differs = !exchanged.differs.is_empty();
        let goes_on = self.talk.pace.goes_on(&exchanged);
        if exchanged.more && !goes_on {
            return Err(self.stuck().into());
        }
        let goes_on_renamed = !exchanged.more && !self.talk.has_succeeded && is_copy;
        self.talk.moved.is_done = !exchanged.more && !goes_on_renamed;
        let next = self.again_or_done(exchanged.more || goes_on_renamed, ticket, now_ms)?;
        Ok((next, told))
    }

    fn stuck(&self) -> Broken {
        let how = format!("phone {}: both sides say there is more, and nothing moves", self.number);
        Property::OutboxDrains.broken(how)
    }

    fn hear_enrolment(
        &mut self,
        sent: &[u8],
        frame: &[u8],
        truth: Truth,
        ticket: u64,
        now_ms: i64,
    ) -> Result<Next, Hindered> {
        let seed = self.seed;
        let heard = self.act(now_ms, |replica| {
            let key = replica.key(&seed);
            replica.enrol_finish(&key.public(), sent, frame)
        });
        self.taken(heard.map(drop), truth, ticket, now_ms)
    }

    fn hear_succession(
        &mut self,
        sent: &[u8],
        frame: &[u8],
        truth: Truth,
        ticket: u64,
        now_ms: i64,
    ) -> Result<Next, Hindered> {
        let seed = self.seed;
        let heard = self.act(now_ms, |replica| super::succeed_finish(replica, &seed, sent, frame));
        self.talk.has_succeeded = true;
        self.talk.pace = Pace::default();
        self.taken(heard.map(drop), truth, ticket, now_ms)
    }

    fn taken(
        &mut self,
        heard: Result<(), Hindered>,
        truth: Truth,
        ticket: u64,
        now_ms: i64,
    ) -> Result<Next, Hindered> {
        match (heard, truth) {
            (Ok(()), Truth::Whole) => self.step(ticket, now_ms),
            (Ok(()), Truth::Spoilt) => {
                let how = format!("phone {} took an enrolment that is no answer to its own", self.number);
                Err(Property::FlipsNoticed.broken(how).into())
            }
            (Err(Hindered::Refused(error)), Truth::Whole) => {
                let how = format!("phone {} does not take its enrolment: {error}", self.number);
                Err(Property::NothingBreaks.broken(how).into())
            }
            (Err(Hindered::Refused(_)), Truth::Spoilt) => Ok(Next::Done),
            (Err(hindered), _) => Err(hindered),
        }
    }
}

fn contact_in(lines: &[Vec<u8>]) -> Option<Contact> {
    lines.iter().rev().find_map(|line| match Line::from_bytes(line) {
        Ok(Line::Device(DeviceLine::Contact(contact))) => Some(contact),
        _ => None,
    })
}
