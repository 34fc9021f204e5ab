//! Failure: what a command ends with when it does not end well. The one place that maps errors to exit codes.

use serde_json::{Value, json};
use store::StoreError;
use store_disk::is_unfit;
use sync_core::rows::RowsError;

use words::{Lang, Text, say, system_text};

/// Anything that has no code of its own.
pub const EXIT_OTHER: u8 = 1;
/// Wrong usage.
pub const EXIT_USAGE: u8 = 2;
/// Refused by a rule.
pub const EXIT_RULE: u8 = 3;
/// There is no connection.
pub const EXIT_CONNECTION: u8 = 4;
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
        Self::other("io", say!("server-io", what, error = system_text(error)), say!("server-io-hint"))
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
            StoreError::Fold { seq, source } => Self::corrupt(seq, &source.to_string()),
            StoreError::SyncFailed { path, source } | StoreError::Io { path, source, .. }
                if is_unfit(&source) =>
            {
                Self::other(
                    "unfit_file_system",
                    say!("server-unfit-file-system", path),
                    say!("server-unfit-file-system-hint"),
                )
            }
            StoreError::SyncFailed { path, source } => {
                store(say!("error-unconfirmed", path, why = system_text(&source)))
            }
            StoreError::AppendsStopped { path, cause } => {
                store(say!("error-unconfirmed", path, why = say!("system-said", detail = cause)))
            }
            StoreError::Io { path, source, .. } => {
                store(say!("error-file", path, error = system_text(&source)))
            }
            StoreError::NotAStore { path, .. } => store(say!("error-no-store", path)),
            StoreError::Index { detail } => Self::rows(&RowsError(detail)),
            other => store(say!("error-store", error = other.to_string())),
        }
    }
}

/// Any other trouble of the store.
fn store(message: Text) -> Failure {
    Failure::other("store", message, say!("server-store-hint"))
}

#[cfg(test)]
mod tests {
    use std::io::Error;
    use std::path::PathBuf;

    use store::StoreError;
    use words::{Lang, Text};

    use super::Failure;

    #[test]
    fn a_file_system_that_is_not_fit_is_named_with_what_is() {
        let path = PathBuf::from("/mnt/nas/data");
        // Locks that are refused, and a folder that is not made durable.
        let lock =
            StoreError::Io { doing: "lock", path: path.join("lock"), source: Error::from_raw_os_error(37) };
        let folder = StoreError::SyncFailed { path, source: Error::from_raw_os_error(22) };
        for error in [lock, folder] {
            let failure = Failure::from(error);
            assert_eq!(failure.code, "unfit_file_system");
            let (message, hint) = (failure.message.of(Lang::Es), failure.hint.of(Lang::Es));
            assert!(message.contains("/mnt/nas/data") && hint.contains("--data"), "{message} {hint}");
        }
    }

    #[test]
    fn trouble_with_a_disk_is_said_in_both_languages() {
        let path = || PathBuf::from("/x");
        let source = || Error::from_raw_os_error(5);
        for error in [
            StoreError::Io { doing: "read", path: path(), source: source() },
            StoreError::SyncFailed { path: path(), source: source() },
            StoreError::AppendsStopped { path: path(), cause: "it failed".into() },
            StoreError::NotAStore { path: path(), detail: "it has a ledger but no FORMAT file".into() },
            StoreError::NoSuchRecord { seq: 3, end: 2 },
        ] {
            let message = Failure::from(error).message;
            assert_ne!(message.of(Lang::Es), message.of(Lang::En));
            assert!(!message.of(Lang::Es).starts_with("could not"), "{message:?}");
        }
        let failure = Failure::io(&Text::same("/x"), &Error::from_raw_os_error(28));
        assert_eq!(failure.message.of(Lang::Es), "/x: no hay espacio");
    }
}
