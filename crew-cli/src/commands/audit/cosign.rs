//! `crew audit cosign`: this auditor, or another municipality, as a witness. Signs a checkpoint only if it goes on from
//! everything this key cosigned before; what it cosigned last stands in a file beside the key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use sync_core::id::Hash;
use sync_core::log::act::Role;
use sync_core::log::checkpoint::Signed;
use sync_core::log::checkpoint::cosign::Witness;
use sync_core::log::entry::Anchor;
use sync_core::time::rfc3339;

use super::checkpoint::newest;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::log::{self, LogHost};
use crate::output::Report;
use crate::{clock, files};
use words::say;

/// A key file is one short line.
const KEY_BYTES_MAX: usize = 1024;
/// What was cosigned last of each log: some thousands of logs fit.
const STATE_BYTES_MAX: usize = 1024 * 1024;

/// Arguments of `audit cosign`.
#[derive(Debug, Args)]
pub struct CosignArgs {
    /// The checkpoint to cosign (otherwise the newest of --from)
    #[arg(value_name = "FILE", required_unless_present = "from")]
    pub file: Option<PathBuf>,
    /// The server, or a static copy, whose tiles prove that it goes on from what was cosigned before
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// The witness's key
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Make that key first
    #[arg(long, requires = "name")]
    pub new_key: bool,
    /// The witness's name in a new key, for example contraloria.example/testigo
    #[arg(long, value_name = "NAME", requires = "new_key")]
    pub name: Option<String>,
    /// Write the cosigned checkpoint to this file (otherwise to the screen)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Key of the log (otherwise the one this device pinned when it enrolled)
    #[arg(long, value_name = "KEY")]
    pub log_verifier: Option<String>,
}

/// What a key cosigned last, by log.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    logs: BTreeMap<String, Last>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Last {
    size: u64,
    root: String,
    at: String,
    checkpoint: String,
}

#[derive(Serialize)]
struct Cosigned<'c> {
    entries: u64,
    root: Hash,
    log: &'c str,
    /// Size of what was cosigned before; 0 for nothing.
    before: u64,
    at: String,
    witness: String,
    checkpoint: &'c str,
}

/// Cosigns a checkpoint.
///
/// # Errors
/// Integrity, if it does not go on from what was cosigned before; connection; as the disk answers.
pub fn run(cx: &Context, args: &CosignArgs) -> Result<Report, CliError> {
    let log_key = log::verifier(cx, args.log_verifier.as_deref())?;
    let witness = witness(args)?;
    let state_path = beside(&args.key);
    let state = read_state(&state_path)?;
    let host = args.from.as_deref().map(|url| LogHost::new(cx, url)).transpose()?;
    let signed = match (&args.file, &host) {
        (Some(file), _) => log::kept(file, &log_key)?,
        (None, Some(host)) => host.checkpoint(&log_key)?,
        (None, None) => return Err(needs_tiles()),
    };
    let before = match state.logs.get(&signed.origin) {
        Some(last) => last.anchor(&state_path)?,
        None => Anchor::default(),
    };
    goes_on(&before, &signed, host.as_ref(), &log_key)?;
    let (note, at) = sign_and_remember(&witness, &args.key, &signed, state)?;
    let cosigned = Cosigned {
        entries: signed.anchor.size,
        root: signed.anchor.root,
        log: &signed.origin,
        before: before.size,
        at,
        witness: witness.verifier(),
        checkpoint: &note,
    };
    let Some(path) = &args.out else { return Report::new(&cosigned, note.as_str()) };
    files::write_whole(path, note.as_bytes(), 0o644).map_err(|error| CliError::file(path, &error))?;
    let (entries, name, shown) = (signed.anchor.size, witness.name(), path.display());
    let key = witness.verifier();
    let text = say!("cosign-done", name, entries, shown, key);
    Report::new(&cosigned, format!("{}\n", text.of(cx.screen.lang)))
}

/// The cosigned note and its time. Remembered before anybody gets the signature: a witness that forgets could sign two
/// histories.
fn sign_and_remember(
    witness: &Witness,
    key: &Path,
    signed: &Signed,
    mut state: State,
) -> Result<(String, String), CliError> {
    let now_ms = clock::now_ms()?;
    let time_s = u64::try_from(now_ms.div_euclid(1_000)).unwrap_or(0);
    let note = witness.cosign(signed, time_s).map_err(|detail| bad_key(key, &detail))?;
    let at = rfc3339(now_ms.div_euclid(1_000).saturating_mul(1_000));
    let last = Last {
        size: signed.anchor.size,
        root: signed.anchor.root.to_string(),
        at: at.clone(),
        checkpoint: note.clone(),
    };
    state.logs.insert(signed.origin.clone(), last);
    write_state(&beside(key), &state)?;
    Ok((note, at))
}

/// Lets an auditor's device cosign the newest checkpoint it was shown, with a key of its own that it makes the first time.
/// Answers where the cosigned checkpoint stands; `None` on a device of another role.
///
/// # Errors
/// As [`run`].
pub fn by_device(cx: &Context) -> Result<Option<PathBuf>, CliError> {
    let identity = cx.read(|replica| Ok(replica.identity()?.clone()))?;
    if identity.role != Role::Auditor {
        return Ok(None);
    }
    let key = cx.home.folder().join("witness.key");
    let witness = if key.exists() {
        read_witness(&key)?
    } else {
        make_witness(&key, &format!("cuadrilla.invalid/witness/{}", identity.device.short()))?
    };
    let signed = newest(cx, &identity.log_verifier)?;
    let state = read_state(&beside(&key))?;
    let before = match state.logs.get(&signed.origin) {
        Some(last) => last.anchor(&beside(&key))?,
        None => Anchor::default(),
    };
    let host = LogHost::new(cx, &identity.url)?;
    goes_on(&before, &signed, Some(&host), &identity.log_verifier)?;
    let (note, _) = sign_and_remember(&witness, &key, &signed, state)?;
    let path = cx.home.folder().join("cosigned.txt");
    files::write_whole(&path, note.as_bytes(), 0o644).map_err(|error| CliError::file(&path, &error))?;
    Ok(Some(path))
}

/// Insists that the checkpoint goes on from what was cosigned before.
fn goes_on(before: &Anchor, signed: &Signed, host: Option<&LogHost>, log_key: &str) -> Result<(), CliError> {
    let (old, new) = (before.size, signed.anchor.size);
    let refuse = || log::inconsistent(say!("cosign-refused", old, new));
    if new < old || (new == old && signed.anchor.root != before.root && old > 0) {
        return Err(refuse());
    }
    if old == 0 || new == old {
        return Ok(());
    }
    let host = host.ok_or_else(needs_tiles)?;
    // Tiles are asked for in the log's newest state: a static copy keeps no other.
    let newest = host.checkpoint(log_key)?;
    let state = host.state(newest.anchor)?;
    for anchor in [before, &signed.anchor] {
        if !state.begins_with(anchor).map_err(|error| host.failed(error))? {
            return Err(refuse());
        }
    }
    Ok(())
}

fn needs_tiles() -> CliError {
    CliError::usage(say!("cosign-needs-log"), say!("cosign-needs-log-hint"))
}

fn witness(args: &CosignArgs) -> Result<Witness, CliError> {
    let path = &args.key;
    if let Some(name) = args.name.as_ref().filter(|_| args.new_key) {
        if path.exists() {
            let shown = path.display();
            return Err(CliError::usage(say!("cosign-key-exists", shown), say!("cosign-key-exists-hint")));
        }
        return make_witness(path, name);
    }
    read_witness(path)
}

fn make_witness(path: &Path, name: &str) -> Result<Witness, CliError> {
    let made = Witness::new(name, &clock::entropy()?)
        .map_err(|detail| CliError::usage(say!("cosign-bad-name", detail), say!("cosign-bad-name-hint")))?;
    files::write_whole(path, made.to_text().as_bytes(), 0o600)
        .map_err(|error| CliError::file(path, &error))?;
    Ok(made)
}

fn read_witness(path: &Path) -> Result<Witness, CliError> {
    let bytes = files::read_bounded(path, KEY_BYTES_MAX)?;
    Witness::from_text(&String::from_utf8_lossy(&bytes)).map_err(|detail| bad_key(path, &detail))
}

fn bad_key(path: &Path, detail: &str) -> CliError {
    let path = path.display();
    CliError::new(
        exit::INTEGRITY,
        "bad_key",
        say!("cosign-bad-key", path, detail),
        say!("cosign-bad-key-hint"),
    )
}

fn beside(key: &Path) -> PathBuf {
    let mut name = key.file_name().unwrap_or_default().to_owned();
    name.push(".state");
    key.with_file_name(name)
}

impl Last {
    fn anchor(&self, path: &Path) -> Result<Anchor, CliError> {
        let root = self.root.parse().map_err(|_| bad_state(path))?;
        Ok(Anchor { size: self.size, root })
    }
}

fn read_state(path: &Path) -> Result<State, CliError> {
    if !path.exists() {
        return Ok(State::default());
    }
    let bytes = files::read_bounded(path, STATE_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|_| bad_state(path))
}

fn write_state(path: &Path, state: &State) -> Result<(), CliError> {
    let bytes = serde_json::to_vec_pretty(state).map_err(|_| bad_state(path))?;
    files::write_whole(path, &bytes, 0o600).map_err(|error| CliError::file(path, &error))
}

fn bad_state(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(exit::INTEGRITY, "bad_state", say!("cosign-bad-state", path), say!("cosign-bad-state-hint"))
}
