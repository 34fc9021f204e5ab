//! `CliError`: whatever a command ends with when it does not end well, and the one place that knows exit codes.

use std::io;
use std::path::Path;

use serde_json::json;
use store::StoreError;
use sync_core::rows::RowsError;
use sync_core::view::ViewError;

use crate::text;
use crate::text::{Lang, Text};

mod replica;

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
        let (message, hint) = (one_line(self.message.of(lang)), one_line(self.hint.of(lang)));
        format!("error: {message}\nhint: {hint}\n")
    }

    /// The error as scripts read it.
    pub fn json(&self, lang: Lang) -> serde_json::Value {
        json!({"error": {
            "code": self.code,
            "message": one_line(self.message.of(lang)),
            "hint": one_line(self.hint.of(lang)),
        }})
    }

    /// A file could not be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let path = path.display();
        match error.kind() {
            StorageFull | QuotaExceeded => disk_full(&path.to_string()),
            ReadOnlyFilesystem | PermissionDenied => Self::new(
                exit::OTHER,
                "not_allowed",
                text!("no se permite leer o escribir {path}", "not allowed to read or write {path}"),
                text!(
                    "revise los permisos o elija otro lugar",
                    "check the permissions or choose another place"
                ),
            ),
            NotFound => Self::new(
                exit::OTHER,
                "file_missing",
                text!("no existe {path}", "there is no {path}"),
                text!("revise el nombre del archivo", "check the file's name"),
            ),
            _ => Self::new(
                exit::OTHER,
                "file",
                text!("no se pudo usar {path}: {error}", "could not use {path}: {error}"),
                text!("revise el disco e intente de nuevo", "check the disk and try again"),
            ),
        }
    }

    /// This device belongs to no municipality yet.
    pub fn not_enrolled(home: &Path) -> Self {
        let home = home.display();
        Self::new(
            exit::OTHER,
            "not_enrolled",
            text!("este equipo no está registrado ({home})", "this device is not enrolled ({home})"),
            text!(
                "pida un código a quien administra y ejecute: crew enrol URL CÓDIGO --name NOMBRE",
                "ask the administrator for a code and run: crew enrol URL CODE --name NAME"
            ),
        )
    }
}

/// Messages are one line each, whatever a server or a system put into them; control characters do not reach a
/// terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn disk_full(path: &str) -> CliError {
    CliError::new(
        exit::OTHER,
        "disk_full",
        text!("no hay espacio en {path}: no se guardó nada", "no space left for {path}: nothing was saved"),
        text!(
            "libere espacio y repita; lo guardado antes sigue intacto",
            "free some space and repeat; what was saved before is intact"
        ),
    )
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Full { path, .. } => disk_full(&path.display().to_string()),
            StoreError::ReadOnly { path } => read_only(path),
            StoreError::Locked { pid, .. } => locked(*pid),
            StoreError::Missing { path } => Self::not_enrolled(path),
            StoreError::Corrupt { .. } | StoreError::NotAStore { .. } => damaged(&error),
            StoreError::NewerFormat { found, known, .. } => newer_format(*found, *known),
            StoreError::SyncFailed { .. } | StoreError::AppendsStopped { .. } => unconfirmed(&error),
            StoreError::RecordSize { .. } | StoreError::AppendSize { .. } => Self::new(
                exit::RULE,
                "too_large",
                text!(
                    "demasiado grande: {error}; no se guardó nada",
                    "too large: {error}; nothing was saved"
                ),
                text!("divídalo en partes", "split it into parts"),
            ),
            _ => Self::new(
                exit::OTHER,
                "store",
                text!("falló el almacén: {error}", "the store failed: {error}"),
                text!(
                    "repita; si vuelve a fallar, borre la carpeta «index» del almacén: se rehace sola",
                    "repeat; if it fails again, remove the store's folder “index”: it is rebuilt by itself"
                ),
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
    CliError::new(
        exit::OTHER,
        "read_only_home",
        text!("{path} es de solo lectura: no se guardó nada", "{path} is read-only: nothing was saved"),
        text!(
            "las consultas funcionan así; para escribir, cambie los permisos o use --home con otra carpeta",
            "reading works like this; to write, change the permissions or use --home with another folder"
        ),
    )
}

fn locked(pid: Option<u32>) -> CliError {
    let (es, en) = match pid {
        Some(pid) => (format!("el proceso {pid}"), format!("process {pid}")),
        None => ("otro proceso".to_owned(), "another process".to_owned()),
    };
    CliError::new(
        exit::OTHER,
        "busy",
        text!("{es} está usando el almacén: no se guardó nada", "{en} is using the store: nothing was saved"),
        text!("espere a que termine y repita", "wait until it is done and repeat"),
    )
}

fn damaged(error: &StoreError) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "corrupt_journal",
        text!("el diario de este equipo está dañado: {error}", "this device's journal is damaged: {error}"),
        text!(
            "no lo borre: copie la carpeta completa y pida ayuda; regístrese de nuevo en otra carpeta (--home) para seguir",
            "do not delete it: copy the whole folder and ask for help; enrol anew in another folder (--home) to go on"
        ),
    )
}

fn newer_format(found: u32, known: u32) -> CliError {
    CliError::new(
        exit::OTHER,
        "newer_format",
        text!(
            "el almacén es del formato {found}; este programa conoce hasta el {known}",
            "the store has format {found}; this program knows up to {known}"
        ),
        text!("actualice crew; no se cambió nada", "update crew; nothing was changed"),
    )
}

fn unconfirmed(error: &StoreError) -> CliError {
    CliError::new(
        exit::OTHER,
        "unconfirmed_write",
        text!(
            "el disco no confirmó la escritura, no la dé por guardada: {error}",
            "the disk did not confirm the write, do not count it as saved: {error}"
        ),
        text!(
            "mire con «crew audit log» si quedó, y revise el disco antes de repetir",
            "look with `crew audit log` whether it is there, and check the disk before repeating"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{CliError, exit};
    use crate::text::{Lang, Text};
    use std::path::PathBuf;
    use store::StoreError;

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
    fn an_error_is_two_lines_whatever_is_in_it() {
        let error = CliError::usage(Text::same("a\nb\u{1b}[31m"), Text::same("c\r\nd"));
        assert_eq!(error.lines(Lang::Es), "error: a b [31m\nhint: c  d\n");
        assert_eq!(error.json(Lang::En)["error"]["code"], "usage");
    }
}
