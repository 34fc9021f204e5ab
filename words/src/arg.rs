//! Arg: an argument of a message: a text, which follows the language of the whole, or a count, which chooses a plural.

use std::io;
use std::path::{self, Path, PathBuf};

use crate::{Text, system_text};

/// An argument of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// Words.
    Text(Text),
    /// A whole number.
    Count(i64),
}

/// Turns a value into an argument.
pub trait ToArg {
    /// Returns the value as an argument.
    fn to_arg(&self) -> Arg;
}

impl<T: ToArg + ?Sized> ToArg for &T {
    fn to_arg(&self) -> Arg {
        (**self).to_arg()
    }
}

impl ToArg for Text {
    fn to_arg(&self) -> Arg {
        Arg::Text(self.clone())
    }
}

impl ToArg for str {
    fn to_arg(&self) -> Arg {
        Arg::Text(Text::same(self))
    }
}

impl ToArg for Path {
    fn to_arg(&self) -> Arg {
        self.display().to_arg()
    }
}

macro_rules! shown_is_text {
    ($($kind:ty),+) => {
        $(impl ToArg for $kind {
            fn to_arg(&self) -> Arg {
                Arg::Text(Text::same(self.to_string()))
            }
        })+
    };
}

shown_is_text!(String, Box<str>, char, path::Display<'_>);

/// A system speaks English: what it says is told in the person's language, wherever it stands.
impl ToArg for io::Error {
    fn to_arg(&self) -> Arg {
        Arg::Text(system_text(self))
    }
}

impl ToArg for PathBuf {
    fn to_arg(&self) -> Arg {
        self.as_path().to_arg()
    }
}

macro_rules! number_is_count {
    ($($kind:ty),+) => {
        $(impl ToArg for $kind {
            fn to_arg(&self) -> Arg {
                Arg::Count(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        })+
    };
}

number_is_count!(u8, u16, u32, u64, usize, i32, i64);
