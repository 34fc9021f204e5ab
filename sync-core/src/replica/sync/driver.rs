//! Driver: one exchange with the server as a state machine without I/O. It decides what comes next; its shell signs,
//! keeps, posts and waits, and says when that is done.

mod outcome;
mod pace;
mod step;
mod work;

pub use outcome::{CarriedRefused, Outcome};
pub use pace::Terms;
pub use step::{Answer, End, Event, Goal, Invited, Kept, OutOfTurn, Route, Step};

use crate::crypto::{PublicKey, Signature};
use crate::id::Hash;
use crate::replica::enrol::{EnrolDraft, Enrolment};
use crate::replica::preview::{Preview, Question};
use crate::replica::successor::NewName;
use crate::replica::sync::reply::Exchanged;
use crate::replica::sync::request::{Draft, OwnEntries, Request};
use crate::replica::{KeyName, Signed, Succeeded, ToSign, Unsigned};
use crate::wire::message::About;
use pace::{Adapted, Pace};

/// Most times that one exchange goes on under a new name: once if it was told before, and once if it is told now.
const SUCCESSIONS_MAX: u32 = 2;

/// Which blobs an exchange asks tickets for. Small forms that the office lacks are always among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlobWants {
    /// Whether photos themselves are to be brought now.
    pub photos: bool,
    /// Those that a person wants to see.
    pub reads: Vec<Hash>,
    /// Those to bring whose bytes are not on this device: a request asks for a few, and for none of these.
    pub absent: Vec<Hash>,
}

/// What waits to be done in the replica.
#[derive(Debug)]
enum Task {
    /// Looks what comes next, and makes the request.
    Look,
    /// Makes the request with this device's entries, which are signed.
    Compose(Signed<OwnEntries>),
    /// Asks what the old name's key has to say about a new one.
    Succeed(NewName, PublicKey),
    /// Writes down the new name.
    Name(Signed<NewName>, PublicKey),
    /// Makes the enrolment's entry.
    Enrol(PublicKey),
    /// Goes past the attempts that the server has.
    Skip { last: u64, answer: Answer },
    /// Takes the reply.
    Hear { sent: Sent, frame: Vec<u8>, bytes: (u64, u64) },
}

/// What was sent, as its reply needs it.
#[derive(Debug, Clone)]
enum Sent {
    Request(Request),
    Preview(Question),
    Enrolment { frame: Vec<u8>, key: PublicKey },
}

/// What waits for its signature.
#[derive(Debug)]
enum Signing {
    Own(Unsigned<OwnEntries>),
    Request(Unsigned<Draft>),
    Name(Unsigned<NewName>, PublicKey),
    Entry(Box<Unsigned<Enrolment>>, PublicKey),
    Enrolment(Unsigned<EnrolDraft>, PublicKey),
}

/// What a key is asked for.
#[derive(Debug)]
enum Keying {
    Name(NewName),
    Enrolment,
}

/// What comes once something is durable.
#[derive(Debug)]
enum Then {
    Sign(Signing),
    Key(KeyName, Keying),
    Ask(Question),
    Look,
    Heard { exchanged: Box<Exchanged>, is_copy: bool, has_more: bool, bytes: (u64, u64) },
    Succeeded(Succeeded),
    End(End),
}

#[derive(Debug)]
enum State {
    /// Nothing was asked of it yet.
    New,
    /// `Step::Append` was returned: the task waits for the replica.
    Ready(Task),
    /// The task is done, and what it wrote is not known to be durable.
    Written {
        turn: u64,
        then: Then,
    },
    Keying(Keying),
    Signing(Signing),
    Posted(Sent),
    Waiting,
    Done,
}

/// One exchange.
///
/// ```text
///  Begin ──► Append ──Kept──┬──► Key ──Key──► Append …              (a new name: its key first)
///              ▲            ├──► Sign ─Signed─┬──► Append …          (its entries, or the word about a new name)
///              │            │                 └──► Post             (the message)
///              │            └──► Done                                ▲
///              ├──────────── Answered ◄──────────────────────────────┘
///              └── Woke ◄── Wait ◄── Answered (busy, cut)
/// ```
/// [`Driver::next`] takes an [`Event`] and returns the [`Step`] that the shell does next. At [`Step::Append`] the shell
/// opens the replica, calls [`Driver::write`] and appends what was written. Only its [`Event::Kept`] makes that count:
/// nothing is sent and nothing is told in [`Driver::outcome`] before. An exchange that is dropped on the way loses
/// nothing; the next one begins at [`Event::Begin`].
///
/// Inside are all decisions: sizes and retries on a poor link, waiting as the server asks, spelling changes out, going
/// past attempts, going on as a successor, how many round trips there may be, and when it is done. Absent are keys,
/// clocks, sockets, disks and HTTP.
///
/// ```
/// use sync_core::crypto::SecretKey;
/// use sync_core::id::BootId;
/// use sync_core::invitation::{InvitedBy, LinkSecret};
/// use sync_core::log::line::Lines;
/// use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Goal, Invited, Step, Terms};
/// use sync_core::replica::{Clocks, Replica};
/// use sync_core::rows::{MemoryRows, RowsError};
///
/// struct Journal(Vec<Vec<u8>>);
/// impl Lines for Journal {
///     fn end(&self) -> u64 {
///         self.0.len() as u64 + 1
///     }
///     fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
///         let index = usize::try_from(number).map_err(|error| RowsError(error.to_string()))? - 1;
///         self.0.get(index).cloned().ok_or_else(|| RowsError("there is no such line".into()))
///     }
/// }
///
/// let (seed, mut rows, mut journal) = ([7; 32], MemoryRows::default(), Journal(Vec::new()));
/// let clocks = Clocks { now_ms: 1_795_000_000_000, boot: BootId([1; 8]), monotonic_ms: 0, entropy: [9; 32] };
/// let by = InvitedBy::Secret(LinkSecret([5; 16]));
/// let invited = Invited { url: "http://x".into(), by, name: "Bomba 2".into(), office: None };
/// let mut driver = Driver::new(Goal::Enrol(invited), Terms::default());
/// let (mut event, mut posts) = (Event::Begin, 0);
/// let end = loop {
///     event = match driver.next(event)? {
///         Step::Append => {
///             let next_line = journal.0.len() as u64 + 1;
///             let mut replica = Replica::open(&rows, &journal, next_line, &[], clocks)?;
///             let kept = driver.write(&mut replica)?;
///             let written = replica.finish();
///             rows.apply(written.batch);
///             journal.0.extend(written.lines); // A shell makes them durable here.
///             Event::Kept(kept)
///         }
///         Step::Key(name) => Event::Key(name.of_seed(&seed).public()),
///         Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
///         Step::Post { .. } => {
///             posts += 1;
///             Event::Answered(if posts == 1 { Answer::Cut } else { Answer::Unreachable })
///         }
///         Step::Wait { .. } => Event::Woke,
///         Step::Done(end) => break end,
///     };
/// };
/// assert_eq!((end, posts), (End::GaveUp(Answer::Unreachable), 2));
/// assert!(journal.0.is_empty(), "nothing is written before the server said who it is");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver {
    goal: Goal,
    pace: Pace,
    state: State,
    /// Counts the writes, so that a [`Kept`] fits its own only.
    turn: u64,
    successions: u32,
    outcome: Outcome,
    about: Option<About>,
    blobs: BlobWants,
    preview: Preview,
}

impl Driver {
    /// Returns a driver that has not begun.
    pub fn new(goal: Goal, terms: Terms) -> Self {
        Self {
            goal,
            pace: Pace::new(terms),
            state: State::New,
            turn: 0,
            successions: 0,
            outcome: Outcome::default(),
            about: None,
            blobs: BlobWants::default(),
            preview: Preview::default(),
        }
    }

    /// Returns it with what its requests say of this device. How much is unsent is counted here.
    #[must_use]
    pub fn describing(self, about: About) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Returns it with the blobs that it asks tickets for.
    #[must_use]
    pub fn wanting(self, blobs: BlobWants) -> Self {
        Self { blobs, ..self }
    }

    /// Returns what the exchange came to so far. Nothing is in it that is not durable.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Returns what comes next.
    ///
    /// # Errors
    /// [`OutOfTurn`], if the driver does not wait for this event. It goes on waiting for the one it does.
    pub fn next(&mut self, event: Event) -> Result<Step, OutOfTurn> {
        match (std::mem::replace(&mut self.state, State::Done), event) {
            (State::New, Event::Begin) | (State::Waiting, Event::Woke) => Ok(self.ready(Task::Look)),
            (State::Written { turn, then }, Event::Kept(kept)) if kept.0 == turn => Ok(self.kept(then)),
            (State::Keying(Keying::Name(new)), Event::Key(key)) => Ok(self.ready(Task::Succeed(new, key))),
            (State::Keying(Keying::Enrolment), Event::Key(key)) => Ok(self.ready(Task::Enrol(key))),
            (State::Signing(signing), Event::Signed(signature)) => Ok(self.signed(signing, signature)),
            (State::Posted(sent), Event::Answered(answer)) => Ok(self.answered(sent, answer)),
            (state, _) => {
                self.state = state;
                Err(OutOfTurn)
            }
        }
    }

    fn ready(&mut self, task: Task) -> Step {
        self.state = State::Ready(task);
        Step::Append
    }

    fn kept(&mut self, then: Then) -> Step {
        match then {
            Then::Sign(signing) => self.sign(signing),
            Then::Key(name, keying) => {
                self.state = State::Keying(keying);
                Step::Key(name)
            }
            Then::Ask(question) => self.post(Route::Preview, question.frame.clone(), Sent::Preview(question)),
            Then::Look => self.ready(Task::Look),
            Then::Heard { exchanged, is_copy, has_more, bytes } => {
                self.heard(*exchanged, is_copy, has_more, bytes)
            }
            Then::Succeeded(succeeded) => {
                self.successions += 1;
                self.outcome.renamed = Some(succeeded);
                self.pace.start_over();
                self.ready(Task::Look)
            }
            Then::End(end) => Step::Done(end),
        }
    }

    fn heard(&mut self, exchanged: Exchanged, is_copy: bool, has_more: bool, bytes: (u64, u64)) -> Step {
        let (goes_on, more) = (self.pace.goes_on(&exchanged), exchanged.more);
        self.outcome.add(exchanged, bytes);
        if more {
            return if goes_on { self.ready(Task::Look) } else { Step::Done(End::Stuck) };
        }
        // A copy of another device goes on under a name of its own, at once: nothing of either is lost.
        if is_copy && self.successions < SUCCESSIONS_MAX {
            return self.ready(Task::Look);
        }
        // What was written again is sent at once: on a record that another device had made first, or without a refused entry.
        if has_more && !is_copy {
            return self.ready(Task::Look);
        }
        Step::Done(End::Finished)
    }

    fn sign(&mut self, signing: Signing) -> Step {
        let to_sign = signing.to_sign().clone();
        self.state = State::Signing(signing);
        Step::Sign(to_sign)
    }

    fn signed(&mut self, signing: Signing, signature: Signature) -> Step {
        match signing {
            Signing::Own(own) => self.ready(Task::Compose(own.signed(signature))),
            Signing::Name(new, key) => self.ready(Task::Name(new.signed(signature), key)),
            Signing::Entry(entry, key) => match entry.signed(signature).into_draft() {
                Ok(draft) => self.sign(Signing::Enrolment(draft, key)),
                Err(_) => Step::Done(End::Failed),
            },
            Signing::Request(draft) => {
                let request = draft.signed(signature).into_request();
                self.outcome.round_trips += 1;
                self.post(Route::Sync, request.frame.clone(), Sent::Request(request))
            }
            Signing::Enrolment(draft, key) => {
                let frame = draft.signed(signature).into_frame();
                self.post(Route::Enrol, frame.clone(), Sent::Enrolment { frame, key })
            }
        }
    }

    fn post(&mut self, route: Route, frame: Vec<u8>, sent: Sent) -> Step {
        self.state = State::Posted(sent);
        Step::Post { route, frame }
    }

    fn answered(&mut self, sent: Sent, answer: Answer) -> Step {
        let answer = match answer {
            Answer::Reply { frame, bytes_up, bytes_down } => {
                self.pace.got_through();
                return self.ready(Task::Hear { sent, frame, bytes: (bytes_up, bytes_down) });
            }
            answer => answer,
        };
        match self.pace.adapt(&answer, matches!(sent, Sent::Request(_))) {
            Adapted::Again => self.ready(Task::Look),
            Adapted::Skip(last) => self.ready(Task::Skip { last, answer }),
            Adapted::Wait { ms, is_asked } => {
                self.state = State::Waiting;
                Step::Wait { ms, is_asked }
            }
            Adapted::GiveUp => Step::Done(End::GaveUp(answer)),
        }
    }
}

impl Signing {
    fn to_sign(&self) -> &ToSign {
        match self {
            Self::Own(one) => one.to_sign(),
            Self::Request(one) => one.to_sign(),
            Self::Name(one, _) => one.to_sign(),
            Self::Entry(one, _) => one.to_sign(),
            Self::Enrolment(one, _) => one.to_sign(),
        }
    }
}
