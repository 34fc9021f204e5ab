//! What a person is told when the replica cannot do what they asked: what, where, and what to do next.

use super::import::ImportProblem;
use crate::crypto::SignatureError;
use crate::json_schema::{Part, path_text};
use crate::log::verdict::Reason;
use crate::record::change::ChangeError;
use crate::rows::RowsError;
use crate::rules::kind::ValueError;
use crate::rules::measure::ReadingError;
use crate::rules::{Labels, RulesError};
use crate::view::ViewError;
use crate::view::words::Sentence;
use crate::wire::message::FrameError;
use crate::wire::pack::PackError;

/// Most names that a message lists of what is known.
pub const KNOWN_SHOWN_MAX: usize = 12;

/// Why the replica refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplicaError {
    /// No identity yet.
    #[error("this device is not enrolled")]
    NotEnrolled,
    /// Persons share this device and none is chosen.
    #[error("nobody is chosen: this device is shared")]
    NoPerson,
    /// A signature does not say who signed.
    #[error("a signature needs the post of who signed")]
    NoPost,
    /// What is to be erased is no photo.
    #[error("{item} is no photo")]
    NotAPhoto {
        /// What was typed.
        item: String,
    },
    /// Already enrolled.
    #[error("this device is already enrolled as {0}")]
    AlreadyEnrolled(String),
    /// A word that names nothing here.
    #[error("there is no {what} called {word:?}{}", known_list(.known))]
    Unknown {
        /// `kind of work`, `locality`, `order`, …
        what: &'static str,
        /// What was typed.
        word: String,
        /// What there is, the nearest first.
        known: Vec<String>,
    },
    /// A word that names several things.
    #[error("{word:?} fits several: {}", .matches.join("; "))]
    Ambiguous {
        /// What was typed.
        word: String,
        /// What it could mean.
        matches: Vec<String>,
    },
    /// A value that does not fit its field.
    #[error("{field}: {error}")]
    Value {
        /// Which field.
        field: String,
        /// Its name for people.
        label: Sentence,
        /// What is wrong.
        error: ValueError,
    },
    /// A reading that cannot be.
    #[error("{what}: {error}")]
    Reading {
        /// Which measure, or which material.
        what: String,
        /// Its name for people.
        label: Sentence,
        /// The spellings of its unit, if the unit is wrong.
        units: Vec<String>,
        /// What is wrong.
        error: ReadingError,
    },
    /// A text that is empty or too long.
    #[error("{what} has {found} characters; it needs 1 to {max}")]
    Length {
        /// Which text.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it may have.
        max: usize,
    },
    /// Finishing needs more.
    #[error("{folio} cannot be finished yet: it lacks {}", in_english(missing))]
    Missing {
        /// Which order.
        folio: String,
        /// What is missing, as people call it.
        missing: Vec<Labels>,
        /// Commands that add it.
        commands: Vec<String>,
    },
    /// A step from the wrong state.
    #[error("{folio} is {}: {} is not possible from there", .state.en, .step.en)]
    Step {
        /// Which order.
        folio: String,
        /// Its state.
        state: Labels,
        /// The step.
        step: Labels,
        /// Steps that are, by the word on the command line.
        possible: Vec<(String, Labels)>,
    },
    /// An element of a list that was voided.
    #[error("{item} of {folio} was voided: it counts no more")]
    Voided {
        /// Which order.
        folio: String,
        /// Which element, as typed.
        item: String,
    },
    /// A correction that such an element cannot have.
    #[error("what stands in {list} is not corrected so")]
    NotCorrected {
        /// The list.
        list: String,
    },
    /// A register that holds different values, which only a decision settles.
    #[error("{field} of {folio} has different values, and waits for a decision")]
    InConflict {
        /// Which record.
        folio: String,
        /// Which field.
        field: String,
        /// Its name for people.
        label: Sentence,
    },
    /// The role may not.
    #[error("the role {role} may not do this: {what}")]
    Role {
        /// The device's role.
        role: String,
        /// What it tried, as a register, a step or an act.
        what: String,
        /// The same in words.
        deed: Sentence,
    },
    /// Any other rule.
    #[error("a rule does not allow this: {}", .0.code())]
    Refused(Reason),
    /// The choice does not exist.
    #[error("{field} of {folio} has no value number {number}; it has {count}")]
    NoSuchValue {
        /// Which order.
        folio: String,
        /// Which field.
        field: String,
        /// Its name for people.
        label: Sentence,
        /// What was asked.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// Nothing to resolve.
    #[error("{field} of {folio} is not in conflict")]
    NoConflict {
        /// Which order.
        folio: String,
        /// Which field.
        field: String,
        /// Its name for people.
        label: Sentence,
    },
    /// The import file is wrong.
    #[error("the import file is wrong: {} {problem}", path_text(.path))]
    Import {
        /// From the file's root to the place: `orders[3].locality`.
        path: Vec<Part>,
        /// What is wrong there.
        problem: ImportProblem,
    },
    /// A bundle that is none, or foreign, or cut.
    #[error("the bundle cannot be used: {0}")]
    Bundle(String),
    /// A reply that is none.
    #[error("what answered is not this municipality's server: {0}")]
    Foreign(FrameError),
    /// A reply with a wrong signature.
    #[error("the answer is not signed by the server this device trusts: {0}")]
    Forged(String),
    /// The reply speaks of what is not known here.
    #[error("the answer speaks of something unknown here: {0}")]
    OutOfStep(PackError),
    /// The server holds entries of this device that it does not have.
    #[error("the server knows entry {theirs} of this device, but this device has only {ours}")]
    Behind {
        /// Newest entry here.
        ours: u64,
        /// Newest entry there.
        theirs: u64,
    },
    /// A release of something that is no change of a record.
    #[error("entry {seq} is an act, not work on an order: it cannot be released")]
    NotReleasable {
        /// Its ledger number.
        seq: u64,
    },
    /// A release of something that builds on what is still quarantined.
    #[error("entry {seq} builds on entry {}, which is still held back", on.map_or("?".to_string(), |on| on.to_string()))]
    GroundHeld {
        /// Its ledger number.
        seq: u64,
        /// The one it builds on.
        on: Option<u64>,
    },
    /// A limit of the format.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A rule file does not read.
    #[error(transparent)]
    Rules(RulesError),
    /// The index does not read.
    #[error("{0}")]
    Index(String),
}

fn known_list(known: &[String]) -> String {
    let shown = &known[..known.len().min(KNOWN_SHOWN_MAX)];
    if known.is_empty() { String::new() } else { format!(" (there is: {})", shown.join(", ")) }
}

impl From<RowsError> for ReplicaError {
    fn from(error: RowsError) -> Self {
        Self::Index(error.to_string())
    }
}

impl From<ViewError> for ReplicaError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotEnrolled => Self::NotEnrolled,
            ViewError::Unknown { what, word, known } => Self::Unknown { what, word, known },
            ViewError::Ambiguous { word, matches } => Self::Ambiguous { word, matches },
            ViewError::Index(detail) => Self::Index(detail),
        }
    }
}

impl From<FrameError> for ReplicaError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Signature(SignatureError::Mismatch) => Self::Forged(error.to_string()),
            other => Self::Foreign(other),
        }
    }
}

impl From<PackError> for ReplicaError {
    fn from(error: PackError) -> Self {
        Self::OutOfStep(error)
    }
}

impl ReplicaError {
    /// Whether a rule refused it, rather than something being wrong.
    pub fn is_refusal(&self) -> bool {
        self.exit() == 3
    }

    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnrolled => "not_enrolled",
            Self::NoPerson => "no_person",
            Self::NoPost => "no_post",
            Self::NotAPhoto { .. } => "not_a_photo",
            Self::AlreadyEnrolled(_) => "already_enrolled",
            Self::Unknown { .. } => "unknown",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Value { .. } => "value",
            Self::Reading { .. } => "reading",
            Self::Length { .. } => "length",
            Self::Missing { .. } => "required",
            Self::Step { .. } => "step",
            Self::InConflict { .. } => "conflict",
            Self::Voided { .. } => "voided",
            Self::NotCorrected { .. } => "not_corrected",
            Self::Role { .. } => "role",
            Self::Refused(reason) => reason.code(),
            Self::NoSuchValue { .. } => "no_such_value",
            Self::NoConflict { .. } => "no_conflict",
            Self::Import { .. } => "import",
            Self::Bundle(_) => "bundle",
            Self::Foreign(_) => "foreign_answer",
            Self::Forged(_) => "forged_answer",
            Self::OutOfStep(_) => "out_of_step",
            Self::Behind { .. } => "behind",
            Self::NotReleasable { .. } => "not_releasable",
            Self::GroundHeld { .. } => "ground_held",
            Self::Change(_) => "limit",
            Self::Rules(_) => "rules",
            Self::Index(_) => "index",
        }
    }

    /// The exit status of a command that ends so.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Import { problem, .. } => problem.exit(),
            Self::Unknown { .. } | Self::Ambiguous { .. } => 2,
            // A slip of the finger is wrong usage, whatever the command: no rule was asked.
            Self::Value { error: ValueError::Decimal(_), .. } => 2,
            Self::NoSuchValue { .. } | Self::NoConflict { .. } | Self::Length { .. } => 2,
            Self::Value { .. } | Self::Reading { .. } | Self::Missing { .. } | Self::Step { .. } => 3,
            Self::Role { .. } | Self::Refused(_) | Self::Change(_) | Self::NoPerson => 3,
            Self::NotReleasable { .. } | Self::GroundHeld { .. } | Self::InConflict { .. } => 3,
            Self::Voided { .. } => 3,
            Self::NotCorrected { .. } | Self::NoPost | Self::NotAPhoto { .. } => 2,
            Self::Foreign(_) => 4,
            Self::Forged(_) | Self::Behind { .. } | Self::Bundle(_) => 5,
            Self::NotEnrolled
            | Self::AlreadyEnrolled(_)
            | Self::OutOfStep(_)
            | Self::Rules(_)
            | Self::Index(_) => 1,
        }
    }

    /// What to do next, in English.
    pub fn hint(&self) -> String {
        match self {
            Self::NoPerson => "choose who works: `crew person use NAME`; `crew person list` says who there is".into(),
            Self::NoPost => "add --post, e.g. --post \"Comisariado ejidal\": a post, never a name".into(),
            Self::NotAPhoto { .. } => "see the numbers of its photos with `crew order show`".into(),
            Self::NotEnrolled => "run `crew enrol URL CODE --name NAME` with a code from the administrator".into(),
            Self::AlreadyEnrolled(_) => "use another folder with --home to enrol a second device".into(),
            Self::Unknown { what: "order", .. } => "see `crew order list`; an order of another crew is not on this device".into(),
            Self::Unknown { what: "single device", .. } => "name it by its letters, or by how its id begins".into(),
            Self::Unknown { .. } => "check the spelling, or sync to fetch what the office published".into(),
            Self::Ambiguous { .. } => "name it by its key, or write more of the folio".into(),
            Self::Reading { .. } | Self::Value { .. } => {
                "write the number with a point, in the unit of the rule, e.g. 0.80 mg/L".into()
            }
            Self::Length { .. } => "shorten it, or split it in two".into(),
            Self::Missing { commands, .. } => commands.join(" · "),
            Self::Step { possible, .. } if possible.is_empty() => "no step is possible for this role".into(),
            Self::Step { possible, .. } => {
                let words: Vec<&str> = possible.iter().map(|(word, _)| word.as_str()).collect();
                format!("possible now: {}", words.join(", "))
            }
            Self::InConflict { folio, field, .. } => {
                format!("dispatch decides: crew conflict resolve {folio} {field} --take N --reason TEXT")
            }
            Self::Voided { .. } => "note it again, as a new one".into(),
            Self::NotCorrected { .. } => "a photo is voided, a note has no unit: see `crew order correct --help`".into(),
            Self::Role { .. } => "ask dispatch".into(),
            Self::Refused(Reason::OutOfScope) => "the order belongs to another crew: ask dispatch".into(),
            Self::Refused(Reason::Rule { rule, what }) => format!("rule {rule}: {what}"),
            Self::Refused(Reason::Held { .. }) => "it builds on work that is held back: sync, then ask dispatch".into(),
            Self::Refused(Reason::Revoked) => "nothing is lost: what was sent is held for the supervisor; enrol this device again with a new code to go on".into(),
            Self::Refused(_) => "ask dispatch; nothing is lost".into(),
            Self::NoSuchValue { .. } | Self::NoConflict { .. } => "see `crew conflict list`".into(),
            Self::Import { .. } => "nothing was imported; mend the file and import it again".into(),
            Self::Bundle(_) => "nothing was imported; copy the file again from its device".into(),
            Self::Foreign(_) => "nothing is lost; is this a public network with a login page? Try again later".into(),
            Self::Forged(_) => "do not trust this network; nothing was taken over, and nothing is lost".into(),
            Self::OutOfStep(_) => "sync again; if it stays, tell the administrator".into(),
            Self::Behind { .. } => "this folder is an old copy: run `crew sync`, it goes on under a new name and nothing is lost".into(),
            Self::NotReleasable { .. } => "dismiss it, and make the act again on a device that may".into(),
            Self::GroundHeld { on: Some(on), .. } => format!("release both: crew quarantine release {on} … or dismiss {on} first"),
            Self::GroundHeld { .. } => "sync, and look at `crew quarantine list` again".into(),
            Self::Change(_) => "split the work into smaller steps".into(),
            Self::Rules(_) => "mend the rule file".into(),
            Self::Index(_) => "delete the folder `index` in the home folder: it is rebuilt from the journal".into(),
        }
    }
}

fn in_english(labels: &[Labels]) -> String {
    labels.iter().map(|label| label.en.as_str()).collect::<Vec<_>>().join(", ")
}
