//! System: what an operating system says of a failed call, as a person reads it.

use std::io;

use crate::{Text, say};

/// Returns what a system says, in the person's language.
pub fn system_text(error: &io::Error) -> Text {
    use io::ErrorKind::{
        AddrInUse, AddrNotAvailable, AlreadyExists, BrokenPipe, DirectoryNotEmpty, Interrupted,
        InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, ResourceBusy, StorageFull, TimedOut, UnexpectedEof,
    };
    match (error.kind(), error.raw_os_error()) {
        (NotFound, _) => say!("system-not-found"),
        (PermissionDenied, _) => say!("system-not-allowed"),
        (AlreadyExists, _) => say!("system-exists"),
        (IsADirectory, _) => say!("system-folder"),
        (NotADirectory, _) => say!("system-no-folder"),
        (DirectoryNotEmpty, _) => say!("system-not-empty"),
        (StorageFull | QuotaExceeded, _) => say!("system-full"),
        (ReadOnlyFilesystem, _) => say!("system-read-only"),
        (InvalidFilename, _) => say!("system-bad-name"),
        (ResourceBusy | AddrInUse, _) => say!("system-busy"),
        (AddrNotAvailable, _) => say!("system-no-address"),
        (TimedOut | Interrupted, _) => say!("system-too-slow"),
        (BrokenPipe | UnexpectedEof, _) => say!("system-cut"),
        (_, Some(code)) => say!("system-code", code),
        (_, None) => say!("system-unknown"),
    }
}
