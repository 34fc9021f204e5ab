//! Checks a proof file of one order by hand, with SHA-256, Ed25519 and no code of Cuadrilla's, and prints each step.
//!
//! ```text
//! crew audit receipt MZQ-26-A3-0001 --out proof.json
//! cargo run --package cuadrilla-examples --bin check-proof -- LOG-KEY proof.json
//! ```
//!
//! The log's key comes from somewhere else than the file: on paper, from the office. The steps are those of
//! `docs/AUDIT.md`, the bytes those of `docs/PROTOCOL.md`.
#![expect(clippy::print_stdout, reason = "an example prints what it does")]

mod by_hand;

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use by_hand::{Checkpoint, Entry, Leaf, key_in_act, sha256, tagged, walk_up};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Deserialize;

#[derive(Deserialize)]
struct ProofFile {
    format: String,
    folio: String,
    record: String,
    checkpoint: String,
    changes: Vec<Logged>,
    keys: Vec<Logged>,
    chains: Vec<Piece>,
}

/// One entry and its place in the log. Bytes are base64.
#[derive(Deserialize)]
struct Logged {
    seq: u64,
    leaf: String,
    entry: String,
    body: String,
    proof: String,
}

/// Entries of one device, one after another, and its signature over the last.
#[derive(Deserialize)]
struct Piece {
    device: String,
    first: u64,
    entries: Vec<String>,
    signature: String,
}

/// Whose each entry is, by its hash, once a signature reaches it.
type Signed = BTreeMap<[u8; 32], String>;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(log_key), Some(path), None) = (args.next(), args.next(), args.next()) else {
        bail!("usage: check-proof LOG-KEY FILE");
    };
    let text = std::fs::read(&path).with_context(|| format!("cannot read {path}"))?;
    let file: ProofFile = serde_json::from_slice(&text).context("this is no proof file")?;
    ensure!(file.format == "cuadrilla-proof/1" && !file.changes.is_empty(), "this is no proof file");

    println!("1. The checkpoint");
    let checkpoint = Checkpoint::open(&file.checkpoint, &log_key).context("the checkpoint")?;
    println!("   signed by the log {}", checkpoint.origin);
    println!("   {} entries, root {}", checkpoint.size, hex::encode(checkpoint.root));

    println!("2. The authors' keys: each enrolment is an entry of the same log");
    let mut keys: BTreeMap<String, VerifyingKey> = BTreeMap::new();
    let mut open: Vec<Entry> = Vec::new();
    for logged in &file.keys {
        let entry = check_logged(logged, &file.checkpoint, &checkpoint)?;
        let key = key_in_act(&entry, logged.seq, &bytes(&logged.body)?)?;
        println!("   its key is {}", hex::encode(key.as_bytes()));
        // The holder of the log's key could enrol a device once more, with another key: the id would not be that key's.
        let id = &tagged("cuadrilla/device/v1", &[key.as_bytes()])[..16];
        ensure!(hex::encode(id) == entry.device && !key.is_weak(), "the device id is not that of the key");
        keys.insert(entry.device.clone(), key);
        open.push(entry);
    }

    println!("3. The changes of the order");
    let mut last = 0;
    for logged in &file.changes {
        ensure!(logged.seq > last, "number {}: not in the ledger's order, or listed twice", logged.seq);
        last = logged.seq;
        let entry = check_logged(logged, &file.checkpoint, &checkpoint)?;
        ensure!(entry.record == file.record && !entry.is_act, "number {last}: no change of this record");
        println!("   claimed by person {} at {} ms", entry.person, entry.claimed_at_ms);
        open.push(entry);
    }

    println!("4. The chains: each entry names the one before, and its author signed the last");
    let mut signed = Signed::new();
    for piece in &file.chains {
        check_piece(piece, &keys, &mut signed)
            .with_context(|| format!("the chain of {} from {}", piece.device, piece.first))?;
    }
    for entry in &open {
        let whose = signed.get(&entry.hash);
        ensure!(whose == Some(&entry.device), "entry {}: no signature reaches it", hex::encode(entry.hash));
    }
    let first = bytes(&file.changes[0].body)?;
    let is_in_it = first.windows(file.folio.len().max(8)).any(|part| part == file.folio.as_bytes());
    ensure!(is_in_it, "the folio {} is not the one that the order was made with", file.folio);
    println!("5. {}: {} changes hold. The folio stands in the first.", file.folio, file.changes.len());
    Ok(())
}

/// Checks that leaf, entry and body belong together, and that the leaf is in the log where the file says.
fn check_logged(logged: &Logged, text: &str, checkpoint: &Checkpoint) -> anyhow::Result<Entry> {
    let seq = logged.seq;
    println!("   number {seq}");
    let leaf = bytes(&logged.leaf)?;
    let path = path_of(&logged.proof, seq, text).with_context(|| format!("number {seq}"))?;

    let mut hashed = vec![0];
    hashed.extend_from_slice(&leaf);
    let root = walk_up(sha256(&hashed), &path, seq - 1, checkpoint.size);
    ensure!(root == Some(checkpoint.root), "number {seq}: the path does not lead to the root");
    println!("     {} hashes lead from its leaf to the root", path.len());

    let (leaf, entry) = (Leaf::read(&leaf)?, Entry::read(&bytes(&logged.entry)?)?);
    let named = (leaf.entry, &leaf.device, leaf.device_seq, leaf.ledger_seq);
    ensure!(
        named == (entry.hash, &entry.device, entry.seq, seq),
        "number {seq}: the leaf names another entry"
    );
    println!("     the leaf names entry {} of device {}: {}", entry.seq, entry.device, leaf.verdict);

    let body = bytes(&logged.body)?;
    ensure!(
        by_hand::body_hash(entry.is_act, &body)? == entry.body,
        "number {seq}: the entry names another body"
    );
    println!("     the entry names its body, {} bytes", body.len());
    Ok(entry)
}

/// The hashes of a C2SP `tlog-proof`, from the leaf's sibling up.
fn path_of(proof: &str, seq: u64, checkpoint: &str) -> anyhow::Result<Vec<[u8; 32]>> {
    let (head, rest) = proof.split_once("\n\n").context("no proof")?;
    let mut lines = head.lines();
    let place = format!("index {}", seq.checked_sub(1).context("numbers start at 1")?);
    ensure!(
        rest == checkpoint
            && lines.next() == Some("c2sp.org/tlog-proof@v1")
            && lines.next() == Some(place.as_str()),
        "the proof is for another checkpoint or number"
    );
    lines.map(|line| bytes(line)?.try_into().map_err(|_| anyhow::anyhow!("no hash: {line}"))).collect()
}

fn check_piece(
    piece: &Piece,
    keys: &BTreeMap<String, VerifyingKey>,
    signed: &mut Signed,
) -> anyhow::Result<()> {
    let key = keys.get(&piece.device).context("its author's key is not here")?;
    let mut last: Option<Entry> = None;
    for canonical in &piece.entries {
        let entry = Entry::read(&bytes(canonical)?)?;
        let follows = match &last {
            None => entry.seq == piece.first,
            Some(before) => entry.seq == before.seq + 1 && entry.prev == before.hash,
        };
        ensure!(follows && entry.device == piece.device, "entry {} does not follow", entry.seq);
        signed.insert(entry.hash, entry.device.clone());
        last = Some(entry);
    }
    let last = last.context("it is empty")?;
    let device = hex::decode(&last.device)?;
    let message = tagged("cuadrilla/segment/v1", &[&device, &last.seq.to_be_bytes(), &last.hash]);
    let signature = Signature::from_slice(&bytes(&piece.signature)?)?;
    key.verify_strict(&message, &signature).context("the author's signature")?;
    println!("   device {}: entries {} to {}, signed", piece.device, piece.first, last.seq);
    Ok(())
}

fn bytes(base64: &str) -> anyhow::Result<Vec<u8>> {
    by_hand::from_base64(base64)
}
