//! `CliError`: whatever a command ends with when it does not end well, and the one place that knows exit codes.

use std::io;
use std::path::Path;

use serde_json::json;
use store::{IndexReason, StoreError};
use sync_core::rows::RowsError;
use sync_core::view::ViewError;

use store_disk::is_unfit;
use words::{Lang, Text, say, system_text, visible};

mod replica;

pub(crate) use words::refusals::import_problem;

/// Exit codes, as scripts may rely on them.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Anything not listed here.
    pub const OTHER: u8 = 1;
    /// Wrong usage.
    pub const USAGE: u8 = 2;
    /// Refused by a rule.
    pub const RULE: u8 = 3;
    /// No connection; nothing is lost.
    pub const CONNECTION: u8 = 4;
    /// Something is not what it was signed or stored as.
    pub const INTEGRITY: u8 = 5;
}

/// Why a command could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// A stable word for scripts.
    pub code: String,
    /// What happened, and where.
    pub message: Text,
    /// What to do next.
    pub hint: Text,
    /// One of [`exit`].
    pub exit: u8,
}

impl CliError {
    /// An error with everything said.
    pub fn new(exit: u8, code: &str, message: Text, hint: Text) -> Self {
        Self { code: code.into(), message, hint, exit }
    }

    /// Wrong usage.
    pub fn usage(message: Text, hint: Text) -> Self {
        Self::new(exit::USAGE, "usage", message, hint)
    }

    /// The error as lines for a person.
    pub fn lines(&self, lang: Lang) -> String {
        let (message, hint) = (one_line(&self.message.of(lang)), one_line(&self.hint.of(lang)));
        format!("error: {message}\nhint: {hint}\n")
    }

    /// The error as scripts read it.
    pub fn json(&self, lang: Lang) -> serde_json::Value {
        json!({"error": {
            "code": self.code,
            "message": one_line(&self.message.of(lang)),
            "hint": one_line(&self.hint.of(lang)),
        }})
    }

    /// A file could not be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        if is_unfit(error) {
            return unfit_file_system(path);
        }
        let path = path.display();
        if error.get_ref().is_some_and(|inner| inner.is::<crate::files::NotAFile>()) {
            return Self::new(
                exit::OTHER,
                "not_a_file",
                say!("error-not-a-file", path),
                say!("error-not-a-file-hint"),
            );
        }
        match error.kind() {
            StorageFull | QuotaExceeded => disk_full(&path.to_string()),
            ReadOnlyFilesystem | PermissionDenied => Self::new(
                exit::OTHER,
                "not_allowed",
                say!("error-not-allowed", path),
                say!("error-not-allowed-hint"),
            ),
            NotFound => Self::new(
                exit::OTHER,
                "file_missing",
                say!("error-file-missing", path),
                say!("error-file-missing-hint"),
            ),
            _ => Self::new(
                exit::OTHER,
                "file",
                say!("error-file", path, error = system_text(error)),
                say!("error-file-hint"),
            ),
        }
    }

    /// This device belongs to no municipality yet.
    pub fn not_enrolled(home: &Path) -> Self {
        let home = home.display();
        Self::new(
            exit::OTHER,
            "not_enrolled",
            say!("error-not-enrolled", home),
            say!("error-not-enrolled-hint"),
        )
    }
}

/// Messages are one line each, whatever a server or a system put into them.
fn one_line(text: &str) -> String {
    visible::line(text).into_owned()
}

fn disk_full(path: &str) -> CliError {
    CliError::new(exit::OTHER, "disk_full", say!("error-disk-full", path), say!("error-disk-full-hint"))
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Full { path, .. } => disk_full(&path.display().to_string()),
            StoreError::ReadOnly { path } => read_only(path),
            StoreError::Locked { pid, .. } => locked(*pid),
            StoreError::Missing { path } => Self::not_enrolled(path),
            StoreError::Corrupt { seq, path, offset, .. } => {
                damaged(&say!("error-corrupt-at", seq = *seq, path, offset = *offset))
            }
            StoreError::NotAStore { path, .. } => damaged(&say!("error-no-store", path)),
            StoreError::NewerFormat { found, known, .. } => newer_format(*found, *known),
            StoreError::SyncFailed { path, source } | StoreError::Io { path, source, .. }
                if is_unfit(source) =>
            {
                unfit_file_system(path)
            }
            StoreError::SyncFailed { path, source } => unconfirmed(path, &system_text(source)),
            StoreError::AppendsStopped { path, cause } => unconfirmed(path, &Text::same(cause.as_str())),
            StoreError::Io { path, source, .. } => Self::file(path, source),
            StoreError::RecordSize { bytes, bytes_max } | StoreError::AppendSize { bytes, bytes_max } => {
                Self::new(
                    exit::RULE,
                    "too_large",
                    say!("error-too-large", bytes = *bytes, max = *bytes_max),
                    say!("error-too-large-hint"),
                )
            }
            _ => Self::new(
                exit::OTHER,
                "store",
                say!("error-store", error = error.to_string()),
                say!("error-store-hint"),
            ),
        }
    }
}

impl From<ViewError> for CliError {
    fn from(error: ViewError) -> Self {
        sync_core::replica::ReplicaError::from(error).into()
    }
}

impl From<RowsError> for CliError {
    fn from(error: RowsError) -> Self {
        Self::from(StoreError::Index { detail: error.0 })
    }
}

fn read_only(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(exit::OTHER, "read_only_home", say!("error-read-only", path), say!("error-read-only-hint"))
}

fn locked(pid: Option<u32>) -> CliError {
    let message = match pid {
        Some(pid) => say!("error-busy-process", pid = pid.to_string()),
        None => say!("error-busy"),
    };
    CliError::new(exit::OTHER, "busy", message, say!("error-busy-hint"))
}

fn damaged(what: &Text) -> CliError {
    CliError::new(exit::INTEGRITY, "corrupt_journal", say!("error-corrupt", what), say!("error-corrupt-hint"))
}

fn newer_format(found: u32, known: u32) -> CliError {
    CliError::new(
        exit::OTHER,
        "newer_format",
        say!("error-newer-format", found, known),
        say!("error-newer-format-hint"),
    )
}

fn unfit_file_system(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(
        exit::OTHER,
        "unfit_file_system",
        say!("error-unfit-file-system", path),
        say!("error-unfit-file-system-hint"),
    )
}

/// Why an index is rebuilt.
pub(crate) fn index_reason(reason: &IndexReason) -> Text {
    match reason {
        IndexReason::DidNotOpen(detail) => say!("index-did-not-open", detail),
        IndexReason::OtherFormat { .. } => say!("index-other-format"),
        IndexReason::AheadOfLedger { .. } | IndexReason::OtherLedger { .. } => say!("index-of-another"),
        IndexReason::Asked => say!("index-asked-for"),
    }
}

fn unconfirmed(path: &Path, why: &Text) -> CliError {
    let path = path.display();
    CliError::new(
        exit::OTHER,
        "unconfirmed_write",
        say!("error-unconfirmed", path, why),
        say!("error-unconfirmed-hint"),
    )
}

#[cfg(test)]
mod tests {
    use super::{CliError, exit};
    use std::path::PathBuf;
    use store::StoreError;
    use words::{Lang, Text};

    #[test]
    fn each_failure_of_the_store_has_its_own_word_and_exit_code() {
        let path = PathBuf::from("/x");
        let detail = "bad checksum".to_owned();
        for (error, code, exit) in [
            (StoreError::Full { path: path.clone(), needed_bytes: 9 }, "disk_full", exit::OTHER),
            (StoreError::ReadOnly { path: path.clone() }, "read_only_home", exit::OTHER),
            (StoreError::Locked { path: path.clone(), pid: Some(7) }, "busy", exit::OTHER),
            (StoreError::Missing { path: path.clone() }, "not_enrolled", exit::OTHER),
            (StoreError::NewerFormat { path: path.clone(), found: 2, known: 1 }, "newer_format", exit::OTHER),
            (StoreError::Corrupt { seq: 3, path, offset: 1, detail }, "corrupt_journal", exit::INTEGRITY),
        ] {
            let error = CliError::from(error);
            assert_eq!((error.code.as_str(), error.exit), (code, exit));
            for lang in [Lang::Es, Lang::En] {
                assert!(!error.message.of(lang).is_empty() && !error.hint.of(lang).is_empty());
            }
        }
    }

    #[test]
    fn what_a_system_says_is_in_a_sentence_of_ours() {
        let full = std::io::Error::from_raw_os_error(28);
        let error = CliError::file(std::path::Path::new("/x"), &full);
        assert_eq!(error.message.of(Lang::Es), "no hay espacio en /x: no se guardó nada");
        let reason = store::IndexReason::DidNotOpen("Input/output error (os error 5)".into());
        assert_eq!(super::index_reason(&reason).of(Lang::Es), "no abre («Input/output error (os error 5)»)");
    }

    #[test]
    fn an_error_is_two_lines_whatever_is_in_it() {
        let error = CliError::usage(Text::same("a\nb\u{1b}[31m"), Text::same("c\r\nd"));
        assert_eq!(error.lines(Lang::Es), "error: a b\\u{1b}[31m\nhint: c  d\n");
        assert_eq!(error.json(Lang::En)["error"]["code"], "usage");
    }
}
