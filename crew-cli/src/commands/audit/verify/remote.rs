//! `crew audit verify --from URL`: the log of a server, or of a static copy, against a kept checkpoint and against what
//! this device knows. Everything is read by tiles that are held against the signed root.

use sync_core::id::Hash;
use sync_core::log::entry::Anchor;
use sync_core::log::merkle::remote::RemoteLog;

use super::known;
use super::known::Known;
use super::parting::{self, Parting, Past};
use super::{Kept, hold};
use crate::context::Context;
use crate::error::CliError;
use crate::log::LogHost;
use crate::output::Report;

/// A host's log in one state.
struct Hosted<'h> {
    host: &'h LogHost,
    log: RemoteLog<'h>,
}

impl Past for Hosted<'_> {
    fn size(&self) -> u64 {
        self.log.anchor().size
    }

    fn root(&self, size: u64) -> Result<Hash, CliError> {
        self.log.root(size).map_err(|error| self.host.failed(error))
    }

    fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, CliError> {
        self.log.leaves(from, to).map_err(|error| self.host.failed(error))
    }
}

/// Checks the host's log.
///
/// # Errors
/// Connection; integrity, where what the host says does not fit together.
pub(super) fn run(
    cx: &Context,
    url: &str,
    key: &str,
    kept: Option<Kept>,
    known: Option<&Known>,
) -> Result<Report, CliError> {
    let host = LogHost::new(cx, url)?;
    let newest = host.checkpoint(key)?;
    let past = Hosted { host: &host, log: host.state(newest.anchor)? };
    hold(cx, &past, newest.anchor.root, kept, known)
}

/// Where the log of this device's server and the past of `old`, which it does not go on from, part.
///
/// # Errors
/// Connection; integrity, where what the server says does not fit together.
pub fn locate(cx: &Context, old: &Anchor) -> Result<Parting, CliError> {
    let identity = cx.read(|replica| Ok(replica.identity()?.clone()))?;
    let known = known::of_device(cx)?;
    let host = LogHost::new(cx, &identity.url)?;
    let newest = host.checkpoint(&identity.log_verifier)?;
    let past = Hosted { host: &host, log: host.state(newest.anchor)? };
    parting::find(&past, old, known.as_ref())
}
