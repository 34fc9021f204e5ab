//! Trouble: why a command was refused, in the words of the terminal.

use serde::Serialize;
use store::StoreError;
use sync_core::replica::ReplicaError;
use sync_core::rows::RowsError;
use sync_core::view::ViewError;
use words::{Lang, Text, refusals, say};

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// A stable word.
    pub code: String,
    /// What happened.
    pub message: Text,
    /// What to do next.
    pub hint: Text,
}

/// A trouble in one language, as the page reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// A stable word.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Trouble {
    /// A trouble with everything said.
    pub fn new(code: &str, message: Text, hint: Text) -> Self {
        Self { code: code.into(), message, hint }
    }

    /// Returns it in a language.
    pub fn said(&self, lang: Lang) -> Said {
        Said { code: self.code.clone(), message: self.message.of(lang), hint: self.hint.of(lang) }
    }

    /// What the page asked for is no command, or lacks something: a fault of the page.
    pub fn bad_call(detail: &str) -> Self {
        let text = Text::same(detail);
        Self::new("bad_call", say!("app-bad-call", detail = text), say!("app-fault-hint"))
    }
}

impl From<ReplicaError> for Trouble {
    fn from(error: ReplicaError) -> Self {
        Self::new(error.code(), refusals::message(&error), refusals::hint(&error))
    }
}

impl From<ViewError> for Trouble {
    fn from(error: ViewError) -> Self {
        ReplicaError::from(error).into()
    }
}

impl From<RowsError> for Trouble {
    fn from(error: RowsError) -> Self {
        StoreError::Index { detail: error.0 }.into()
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        let detail = error.to_string();
        match error {
            StoreError::Full { .. } => {
                Self::new("disk_full", say!("app-disk-full"), say!("app-disk-full-hint"))
            }
            StoreError::SyncFailed { .. } | StoreError::AppendsStopped { .. } => {
                Self::new("unconfirmed_write", say!("app-unconfirmed"), say!("app-unconfirmed-hint"))
            }
            StoreError::Corrupt { .. } | StoreError::NotAStore { .. } => {
                let detail = Text::same(detail);
                Self::new("corrupt_journal", say!("app-corrupt", detail), say!("app-corrupt-hint"))
            }
            StoreError::NewerFormat { .. } => {
                Self::new("newer_format", say!("app-newer-format"), say!("app-newer-format-hint"))
            }
            _ => {
                let detail = Text::same(detail);
                Self::new("store", say!("app-store", detail), say!("app-fault-hint"))
            }
        }
    }
}
