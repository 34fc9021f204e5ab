//! Exchange: the sync driver as a worker turns it, a step a call. The worker signs, posts and waits; what is to be kept is
//! kept here.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync_core::crypto::{PublicKey, Signature};
use sync_core::invitation::InvitedBy;
use sync_core::link::InvitationLink;
use sync_core::replica::KeyName;
use sync_core::replica::sync::driver::{
    Answer, BlobWants, Driver, End, Event, Goal, Invited, Kept, Outcome, Step, Terms,
};
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::wire::message::{About, BlobUse};
use words::say;

use crate::core::Core;
use crate::medium::Medium;
use crate::trouble::Trouble;

/// All waits of an exchange together last no longer, in milliseconds.
const WAIT_MS_MAX: u64 = 120_000;

/// What an exchange is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "goal", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// Sends and reads until neither side has more.
    Sync {
        /// Whether photos themselves are brought.
        #[serde(default)]
        photos: bool,
        /// Photos that a person wants to see.
        #[serde(default)]
        reads: Vec<String>,
        /// Free bytes of the device, as far as the browser tells.
        #[serde(default)]
        free_bytes: Option<u64>,
        /// Whether the browser promised to keep what it stores.
        #[serde(default)]
        is_persistent: Option<bool>,
    },
    /// Asks what an invitation gives.
    Preview(Invitation),
    /// Enrols this device.
    Enrol(Invitation),
}

/// An invitation: a link, or an address and a code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Invitation {
    /// The link, with its fragment.
    pub link: Option<String>,
    /// The server's address, with a code.
    pub url: Option<String>,
    /// The code that was spoken.
    pub code: Option<String>,
    /// What people will call this device.
    pub name: String,
    /// The office whose key was shown before yes.
    pub office: Option<String>,
}

/// What a worker says has happened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Said {
    /// The key that was asked for; its public half comes beside.
    Key,
    /// The signature comes beside.
    Signed,
    /// A reply comes beside.
    Reply {
        /// Bytes sent, as on the wire.
        bytes_up: u64,
        /// Bytes received, as on the wire.
        bytes_down: u64,
    },
    /// The server said no.
    Refused {
        /// Its stable word.
        code: String,
        /// The highest attempt that it has of this device.
        #[serde(default)]
        last_attempt: Option<u64>,
    },
    /// Too large for the server.
    TooLarge,
    /// The server asks to come back.
    Busy {
        /// In so many seconds.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// Cut, or too slow.
    Cut,
    /// There is no way to the server.
    Unreachable,
    /// Something else answered.
    Foreign,
    /// The wait is over.
    Woke,
}

/// What the worker does next.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Next {
    /// Finds this key, or makes it and keeps it.
    Key {
        /// Its name.
        key: String,
    },
    /// Signs the bytes that come beside.
    Sign {
        /// With which key.
        key: String,
    },
    /// Posts the frame that comes beside.
    Post {
        /// To which path of the server that the app came from.
        path: String,
        /// What the newest reply gave, to be shown with the request.
        ticket: Option<String>,
    },
    /// Waits.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
    /// The exchange has ended.
    Done {
        /// How, as a word.
        end: String,
        /// With what.
        outcome: Value,
    },
}

/// What the worker does next, with the bytes for it.
pub type Turn = (Next, Vec<u8>);

impl<M: Medium + Clone> Core<M> {
    /// Begins an exchange; one that was under way is dropped, and nothing of it is lost.
    ///
    /// # Errors
    /// `bad_call`; the invitation is none; as the store answers.
    pub fn begin(&mut self, asked: &str) -> Result<Turn, Trouble> {
        let asked: Asked =
            serde_json::from_str(asked).map_err(|error| Trouble::bad_call(&error.to_string()))?;
        self.driver = Some(match asked {
            Asked::Sync { photos, reads, free_bytes, is_persistent } => {
                let reads: Result<Vec<_>, _> = reads.iter().map(|name| name.parse()).collect();
                let reads = reads.map_err(|_| Trouble::bad_call("reads"))?;
                let waiting = self.read(|replica| Ok(replica.to_bring(true)?))?;
                let (here, absent): (Vec<_>, Vec<_>) =
                    waiting.iter().map(|blob| blob.sha256).partition(|name| self.photos.has(name));
                let about = About {
                    unsent: 0,
                    photos: here.len() as u64,
                    program: env!("CARGO_PKG_VERSION").into(),
                    program_hash: None,
                    free_bytes,
                    is_persistent,
                };
                driver(Goal::Sync).describing(about).wanting(BlobWants { photos, reads, absent })
            }
            Asked::Preview(invitation) => driver(Goal::Preview(invited(invitation)?)),
            Asked::Enrol(invitation) => driver(Goal::Enrol(invited(invitation)?)),
        });
        self.turn(Event::Begin)
    }

    /// Goes on with what happened; `bytes` are the key, the signature or the reply.
    ///
    /// # Errors
    /// `bad_call`, if no exchange waits for that; the reply is not the server's; as the store answers.
    pub fn step(&mut self, said: &str, bytes: Vec<u8>) -> Result<Turn, Trouble> {
        let said: Said = serde_json::from_str(said).map_err(|error| Trouble::bad_call(&error.to_string()))?;
        let event = event(said, bytes)?;
        self.turn(event)
    }

    /// Turns the driver until the worker is needed.
    fn turn(&mut self, mut event: Event) -> Result<Turn, Trouble> {
        let mut driver = self.driver.take().ok_or_else(|| Trouble::bad_call("no exchange was begun"))?;
        loop {
            let step = driver.next(event).map_err(|error| Trouble::bad_call(&error.to_string()))?;
            let turn = match step {
                Step::Append => {
                    event = Event::Kept(self.append(&mut driver)?);
                    continue;
                }
                Step::Key(name) => (Next::Key { key: name_of(&name) }, Vec::new()),
                Step::Sign(to_sign) => {
                    (Next::Sign { key: name_of(&to_sign.key) }, to_sign.digest().0.to_vec())
                }
                Step::Post { route, frame } => {
                    let ticket = driver.outcome().ticket.clone();
                    (Next::Post { path: route.path().into(), ticket }, frame)
                }
                Step::Wait { ms, .. } => (Next::Wait { ms }, Vec::new()),
                Step::Done(end) => {
                    let outcome = driver.outcome().clone();
                    return self.done(&end, &outcome);
                }
            };
            self.driver = Some(driver);
            return Ok(turn);
        }
    }

    fn append(&mut self, driver: &mut Driver) -> Result<Kept, Trouble> {
        self.write(|replica| Ok(driver.write(replica)?))
    }

    fn done(&mut self, end: &End, outcome: &Outcome) -> Result<Turn, Trouble> {
        self.delete_photos()?;
        let (word, detail) = match end {
            End::Finished => ("finished", told(outcome, &self.to_send(&outcome.blobs))),
            End::Previewed(previewed) => (
                "previewed",
                json!({
                    "municipality": previewed.host.name,
                    "office": previewed.host.office().to_string(),
                    "role": previewed.offer.role,
                    "crew": previewed.offer.crew,
                    "localities": previewed.offer.localities,
                    "is_open": previewed.offer.is_open,
                }),
            ),
            End::Enrolled(identity) => (
                "enrolled",
                json!({
                    "device": identity.device,
                    "role": identity.role,
                    "crew": identity.crew,
                    "letters": identity.letters,
                    "municipality": identity.municipality_name,
                    "log_verifier": identity.log_verifier,
                }),
            ),
            End::Renewed(_) => ("renewed", Value::Null),
            End::TooLong => ("too_long", told(outcome, &self.to_send(&outcome.blobs))),
            End::Stuck => ("stuck", Value::Null),
            End::GaveUp(answer) => gave_up(answer),
            End::Failed => ("failed", Value::Null),
        };
        Ok((Next::Done { end: word.into(), outcome: detail }, Vec::new()))
    }

    /// Returns the tickets of what can be sent: the bytes are here.
    fn to_send(&self, tickets: &[BlobTicket]) -> Vec<Value> {
        let is_here = |ticket: &&BlobTicket| ticket.r#use == BlobUse::Read || self.photos.has(&ticket.sha256);
        let shown = |ticket: &BlobTicket| {
            let brings = ticket.r#use == BlobUse::Bring;
            json!({ "sha256": ticket.sha256.to_string(), "ticket": ticket.ticket, "brings": brings })
        };
        tickets.iter().filter(is_here).map(shown).collect()
    }
}

fn driver(goal: Goal) -> Driver {
    Driver::new(goal, Terms { wait_ms_max: WAIT_MS_MAX, ..Terms::default() })
}

/// Returns what a key is called where keys are kept: the same name, the same key.
pub(crate) fn name_of(name: &KeyName) -> String {
    let mut text = if name.is_renewed { "renewed".to_owned() } else { "first".to_owned() };
    for salt in &name.salts {
        text.push('.');
        text.push_str(&hex::encode(salt.0));
    }
    text
}

fn invited(invitation: Invitation) -> Result<Invited, Trouble> {
    let bad_link = || Trouble::new("bad_link", say!("enrol-bad-link"), say!("enrol-bad-link-hint"));
    let Invitation { link, url, code, name, office } = invitation;
    let office = office.map(|office| office.parse()).transpose().map_err(|_| bad_link())?;
    if let Some(link) = link {
        let InvitationLink { url, secret, office: of_link } = link.parse().map_err(|_| bad_link())?;
        return Ok(Invited {
            url,
            by: InvitedBy::Secret(secret),
            name,
            office: Some(office.unwrap_or(of_link)),
        });
    }
    let (url, code) = url.zip(code).ok_or_else(bad_link)?;
    Ok(Invited { url, by: InvitedBy::Code(code), name, office })
}

fn event(said: Said, bytes: Vec<u8>) -> Result<Event, Trouble> {
    let wrong = |what: &'static str| move |_| Trouble::bad_call(what);
    Ok(match said {
        Said::Key => Event::Key(PublicKey(bytes.try_into().map_err(wrong("a key has 32 bytes"))?)),
        Said::Signed => {
            Event::Signed(Signature::ed25519(bytes.try_into().map_err(wrong("a signature has 64 bytes"))?))
        }
        Said::Reply { bytes_up, bytes_down } => {
            Event::Answered(Answer::Reply { frame: bytes, bytes_up, bytes_down })
        }
        Said::Refused { code, last_attempt } => Event::Answered(Answer::Refused { code, last_attempt }),
        Said::TooLarge => Event::Answered(Answer::TooLarge),
        Said::Busy { retry_after_s } => Event::Answered(Answer::Busy { retry_after_s }),
        Said::Cut => Event::Answered(Answer::Cut),
        Said::Unreachable => Event::Answered(Answer::Unreachable),
        Said::Foreign => Event::Answered(Answer::Foreign),
        Said::Woke => Event::Woke,
    })
}

fn gave_up(answer: &Answer) -> (&'static str, Value) {
    match answer {
        Answer::Refused { code, .. } => ("refused", json!({ "code": code })),
        Answer::Unreachable => ("unreachable", Value::Null),
        Answer::Foreign => ("foreign", Value::Null),
        Answer::Busy { .. } => ("busy", Value::Null),
        Answer::Cut => ("cut", Value::Null),
        Answer::TooLarge => ("too_large", Value::Null),
        Answer::Reply { .. } => ("foreign", Value::Null),
    }
}

fn told(outcome: &Outcome, blobs: &[Value]) -> Value {
    json!({
        "pushed": outcome.pushed,
        "pulled": outcome.pulled,
        "accepted": outcome.accepted,
        "quarantined": outcome.quarantined,
        "round_trips": outcome.round_trips,
        "bytes_up": outcome.bytes_up,
        "bytes_down": outcome.bytes_down,
        "split": outcome.split.is_some(),
        "over_quota": outcome.over_quota,
        "ticket": outcome.ticket,
        "blobs": blobs,
    })
}
