//! `crew audit verify --data DIR`: a whole ledger, offline: checksums, bodies, chains, signatures and root, and that it
//! goes on from what was kept or seen of it.

use std::path::Path;

use store::StoreError;
use store_disk::Ledger;
use sync_core::id::Hash;
use sync_core::log::verify::{Bad, Proven, Verifier};

use super::known::Known;
use super::parting::Past;
use super::{Kept, hold};
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::output::Report;
use words::{Text, say};

struct Walked(Verifier);

impl Past for Walked {
    fn size(&self) -> u64 {
        self.0.entries()
    }

    fn root(&self, size: u64) -> Result<Hash, CliError> {
        self.0.root(size).ok_or_else(|| not_proven(size, "it is beyond the ledger's end"))
    }

    fn leaves(&self, from: u64, to: u64) -> Result<Vec<Hash>, CliError> {
        let leaf = |seq| self.0.leaf(seq).ok_or_else(|| not_proven(seq, "it is beyond the ledger's end"));
        (from..=to).map(leaf).collect()
    }
}

/// Checks the ledger in `folder`.
///
/// # Errors
/// Integrity, with the first number that does not hold; as the disk answers.
pub(super) fn run(
    cx: &Context,
    folder: &Path,
    key: &str,
    kept: Option<Kept>,
    known: Option<&Known>,
) -> Result<Report, CliError> {
    let past = Walked(walk(folder)?);
    let proven = past.0.finish().map_err(|Bad { seq, detail }| not_proven(seq, &detail))?;
    if past.0.log_verifier() != key {
        let named = past.0.log_verifier();
        return Err(not_proven(1, &format!("the ledger is of the log {named}, not of {key}")));
    }
    let mut report = hold(cx, &past, proven.root, kept, known)?;
    report.json["doubts"] = proven.doubts.into();
    report.json["times"] = serde_json::json!({
        "contradictions": proven.times.contradictions,
        "first_contradiction": proven.times.first_contradiction,
        "early": proven.times.early,
        "early_devices": proven.times.early_devices,
    });
    for doubt in doubts(&proven) {
        report.text.push_str(&format!("{}\n", cx.screen.style.alert(&doubt.of(cx.screen.lang))));
    }
    Ok(report)
}

/// What does not contradict the proof, and what an auditor asks about all the same.
fn doubts(proven: &Proven) -> Vec<Text> {
    let times = &proven.times;
    let mut doubts = Vec::new();
    if let Some(first) = proven.first_doubt {
        doubts.push(say!("verify-doubts", count = proven.doubts, first));
    }
    if let Some(first) = times.first_contradiction {
        doubts.push(say!("verify-times", count = times.contradictions, first));
    }
    if times.early > 0 {
        doubts.push(say!("verify-early", count = times.early, devices = times.early_devices));
    }
    doubts
}

fn walk(folder: &Path) -> Result<Verifier, CliError> {
    let ledger = match Ledger::open_read_only(folder) {
        Ok(ledger) => ledger,
        Err(StoreError::Corrupt { seq, detail, .. }) => return Err(not_proven(seq, &detail)),
        Err(StoreError::Missing { path }) => return Err(no_ledger(&path)),
        Err(error) => return Err(error.into()),
    };
    let mut verifier = Verifier::default();
    let mut bad = None;
    let read = ledger.reader.read_range(1, ledger.reader.end(), &mut |seq, line| {
        bad = verifier.take(seq, line).err();
        bad.is_none()
    });
    match (bad, read) {
        (Some(Bad { seq, detail }), _) | (None, Err(StoreError::Corrupt { seq, detail, .. })) => {
            Err(not_proven(seq, &detail))
        }
        (None, Err(error)) => Err(error.into()),
        (None, Ok(())) => Ok(verifier),
    }
}

fn no_ledger(path: &Path) -> CliError {
    let path = path.display();
    CliError::new(exit::OTHER, "no_ledger", say!("verify-no-ledger", path), say!("verify-no-ledger-hint"))
}

fn not_proven(seq: u64, detail: &str) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "not_proven",
        say!("verify-ledger-fails", seq, detail),
        say!("verify-ledger-fails-hint"),
    )
}
