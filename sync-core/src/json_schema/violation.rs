//! Violation: what of a value does not fit its schema, and where.

use std::fmt;

/// One step from a document's root to a place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Into the member of an object.
    Key(String),
    /// Into the element of an array, from 0.
    Index(usize),
}

impl From<&str> for Part {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Part {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// From the root to the place.
    pub path: Vec<Part>,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members are what the sentence of each says")]
pub enum Wrong {
    /// Of another type.
    Type { found: &'static str, expected: Vec<String> },
    /// None of the values allowed.
    NotOneOf { found: String, expected: Vec<String> },
    /// A string, array or object with too much in it.
    TooMany { unit: Unit, found: usize, max: usize },
    /// One with too little.
    TooFew { unit: Unit, found: usize, min: usize },
    /// A string that names no day.
    NotADay { found: String },
    /// A string of another form.
    Pattern { found: String, pattern: String },
    /// A number out of bounds.
    Range { found: String, min: Option<i64>, max: Option<i64> },
    /// A member is missing.
    Required { key: String },
    /// A member that is not known.
    Unknown { key: String, known: Vec<String> },
    /// The name of a member does not fit.
    Key { key: String, wrong: Box<Wrong> },
    /// An element stands twice.
    Repeated { found: String },
    /// It may be several things, which exclude each other, and is more than one.
    SeveralForms,
    /// The member does not go together with the others.
    NotAllowed,
}

/// What a size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode scalar values of a string.
    Characters,
    /// Elements of an array.
    Elements,
    /// Members of an object.
    Members,
}

impl Unit {
    /// Returns its English name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::Elements => "elements",
            Self::Members => "members",
        }
    }
}

/// Returns a path as people write it, `orders[3].due`.
pub fn path_text(path: &[Part]) -> String {
    let mut text = String::new();
    for part in path {
        match part {
            Part::Key(key) if text.is_empty() => text.push_str(key),
            Part::Key(key) => text.push_str(&format!(".{key}")),
            Part::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return write!(f, "{}", self.wrong);
        }
        write!(f, "{} {}", path_text(&self.path), self.wrong)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { found, expected } => {
                write!(f, "holds a {found}, expected {}", expected.join(" or "))
            }
            Self::NotOneOf { found, expected } => {
                write!(f, "holds {found:?}, expected one of {}", expected.join(", "))
            }
            Self::TooMany { unit, found, max } => {
                write!(f, "has {found} {}, at most {max} are allowed", unit.name())
            }
            Self::TooFew { unit, found, min } => {
                write!(f, "has {found} {}, at least {min} are needed", unit.name())
            }
            Self::NotADay { found } => write!(f, "holds {found:?}, expected a day such as 2026-11-28"),
            Self::Pattern { found, pattern } => {
                write!(f, "holds {found:?}, which does not look like {pattern}")
            }
            Self::Range { found, min: Some(min), max: Some(max) } => {
                write!(f, "holds {found}, expected {min} to {max}")
            }
            Self::Range { found, min, max } => match min.or(*max) {
                Some(bound) => write!(f, "holds {found}, beyond {bound}"),
                None => write!(f, "holds {found}"),
            },
            Self::Required { key } => write!(f, "needs {key}"),
            Self::Unknown { key, known } => {
                write!(f, "has {key:?}, which is not known; there are {}", known.join(", "))
            }
            Self::Key { key, wrong } => write!(f, "has a member {key:?}, whose name {wrong}"),
            Self::Repeated { found } => write!(f, "has {found} twice"),
            Self::SeveralForms => f.write_str("has members that exclude each other"),
            Self::NotAllowed => f.write_str("does not belong here"),
        }
    }
}
