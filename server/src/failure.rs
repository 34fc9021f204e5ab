//! Failure: what a command ends with when it does not end well. The one place that maps errors to exit codes.

use serde_json::{Value, json};
use store::StoreError;
use sync_core::rows::RowsError;

use words::{Lang, Text, say};

/// Anything that has no code of its own.
pub const EXIT_OTHER: u8 = 1;
/// Wrong usage.
pub const EXIT_USAGE: u8 = 2;
/// Refused by a rule.
pub const EXIT_RULE: u8 = 3;
/// Records that are not what was written.
pub const EXIT_INTEGRITY: u8 = 5;

/// Why a command failed, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable word for scripts.
    pub code: &'static str,
    /// What happened, and where.
    pub message: Text,
    /// What to do next.
    pub hint: Text,
    /// Exit status.
    pub exit: u8,
}

impl Failure {
    /// Wrong usage.
    pub fn usage(code: &'static str, message: Text, hint: Text) -> Self {
        Self { code, message, hint, exit: EXIT_USAGE }
    }

    /// Anything else.
    pub fn other(code: &'static str, message: Text, hint: Text) -> Self {
        Self { code, message, hint, exit: EXIT_OTHER }
    }

    /// A system call failed.
    pub fn io(what: &Text, error: &std::io::Error) -> Self {
        Self::other("io", say!("server-io", what, error), say!("server-io-hint"))
    }

    /// A record is damaged.
    pub fn corrupt(seq: u64, detail: &str) -> Self {
        Self {
            code: "corrupt",
            message: say!("server-corrupt", seq, detail),
            hint: say!("server-corrupt-hint"),
            exit: EXIT_INTEGRITY,
        }
    }

    /// The index does not read.
    pub fn rows(error: &RowsError) -> Self {
        Self::other("index", say!("server-index", detail = &error.0), say!("server-index-hint"))
    }

    /// The JSON form.
    pub fn to_json(&self, lang: Lang) -> Value {
        json!({"error": {
            "code": self.code,
            "message": self.message.of(lang),
            "hint": self.hint.of(lang),
        }})
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let en = error.to_string();
        match error {
            StoreError::Corrupt { seq, path, offset, detail } => {
                Self::corrupt(seq, &format!("{} @ {offset}: {detail}", path.display()))
            }
            StoreError::Locked { path, pid } => {
                let message = match pid {
                    Some(pid) => say!("server-locked-by", path, pid = pid.to_string()),
                    None => say!("server-locked", path),
                };
                Self::other("locked", message, say!("server-locked-hint"))
            }
            StoreError::Missing { path } => {
                Self::usage("no_store", say!("server-no-store", path), say!("server-no-store-hint"))
            }
            StoreError::Full { path, .. } => {
                Self::other("disk_full", say!("server-disk-full", path), say!("server-disk-full-hint"))
            }
            StoreError::ReadOnly { path } => {
                Self::other("read_only", say!("server-read-only", path), say!("server-read-only-hint"))
            }
            StoreError::NewerFormat { path, .. } => Self::other(
                "newer_format",
                say!("server-newer-format", path),
                say!("server-newer-format-hint"),
            ),
            StoreError::Fold { seq, .. } => {
                Self { message: Text::same(en.as_str()), ..Self::corrupt(seq, &en) }
            }
            _ => Self::other("store", Text::same(en), say!("server-store-hint")),
        }
    }
}
