//! What a proof is made of, read by hand: hashes, the Merkle path, a signed checkpoint, leaves, entries, acts.

use anyhow::{Context, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use rmp::decode::{read_array_len, read_bin_len, read_int, read_map_len, read_str_len};
use sha2::{Digest as _, Sha256};

pub(crate) fn from_base64(text: &str) -> anyhow::Result<Vec<u8>> {
    STANDARD.decode(text).with_context(|| format!("no base64: {text:?}"))
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 over a tag, a zero byte and the parts (PROTOCOL, section 2).
pub(crate) fn tagged(tag: &str, parts: &[&[u8]]) -> [u8; 32] {
    sha256(&[tag.as_bytes(), &[0], &parts.concat()].concat())
}

/// Walks from a leaf's hash up to the root (RFC 9162, section 2.1.3.2). `None` if the path does not fit the tree.
pub(crate) fn walk_up(leaf: [u8; 32], path: &[[u8; 32]], index: u64, size: u64) -> Option<[u8; 32]> {
    let node = |left: &[u8; 32], right: &[u8; 32]| sha256(&[&[1], &left[..], &right[..]].concat());
    let (mut here, mut last) = (index, size.checked_sub(1)?);
    if here > last {
        return None;
    }
    let mut hash = leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if here % 2 == 1 || here == last {
            hash = node(sibling, &hash);
            while here.is_multiple_of(2) && here != 0 {
                (here, last) = (here / 2, last / 2);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (here, last) = (here / 2, last / 2);
    }
    (last == 0).then_some(hash)
}

/// A log's size and root, signed: C2SP `tlog-checkpoint` in a `signed-note`.
pub(crate) struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
}

impl Checkpoint {
    /// Opens it with the log's key, `NAME+ID+KEY`.
    pub(crate) fn open(note: &str, log_key: &str) -> anyhow::Result<Self> {
        let [name, id, key] = log_key
            .splitn(3, '+')
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| anyhow!("{log_key:?} is no log key"))?;
        let key = from_base64(key)?;
        let own_id = &sha256(&[name.as_bytes(), b"\n", &key].concat())[..4];
        ensure!(hex::encode(own_id) == id && key.first() == Some(&1), "{log_key:?} is no log key");
        let public = VerifyingKey::from_bytes(key[1..].try_into().context("a key has 32 bytes")?)?;

        let (text, signatures) = note.split_once("\n\n").context("no signed note")?;
        let text = format!("{text}\n");
        let of_log = format!("\u{2014} {name} ");
        let line =
            signatures.lines().find_map(|line| line.strip_prefix(&of_log)).context("no line of this log")?;
        let signed = from_base64(line)?;
        ensure!(signed.starts_with(own_id), "the line is of another key");
        public.verify_strict(text.as_bytes(), &Signature::from_slice(&signed[4..])?)?;

        let mut lines = text.lines();
        let origin = lines.next().unwrap_or_default().to_owned();
        ensure!(origin == name, "it is a checkpoint of {origin:?}");
        let size = lines.next().context("no size")?.parse()?;
        let root = from_base64(lines.next().context("no root")?)?;
        Ok(Self { origin, size, root: root.try_into().map_err(|_| anyhow!("a root has 32 bytes"))? })
    }
}

/// What the log hashes of one line: a MessagePack array of nine (PROTOCOL, section 9).
pub(crate) struct Leaf {
    pub(crate) entry: [u8; 32],
    pub(crate) device: String,
    pub(crate) device_seq: u64,
    pub(crate) ledger_seq: u64,
    pub(crate) verdict: &'static str,
}

impl Leaf {
    pub(crate) fn read(leaf: &[u8]) -> anyhow::Result<Self> {
        let mut rest = leaf;
        let fields = read_array_len(&mut rest)?;
        let version: u64 = read_int(&mut rest)?;
        ensure!(fields == 9 && version == 1, "this is no leaf");
        let entry = hash(&mut rest)?;
        let device = hex::encode(bin(&mut rest)?);
        let device_seq = read_int(&mut rest)?;
        let ledger_seq = read_int(&mut rest)?;
        // Then arrival and carrier, and at the end the verdict's code, without a reason if it is this one.
        let accepted = rest.ends_with(b"\xa8accepted\xc0");
        let verdict = if accepted { "accepted" } else { "quarantined" };
        Ok(Self { entry, device, device_seq, ledger_seq, verdict })
    }
}

/// What is read of an entry's canonical bytes: a MessagePack array of fourteen (PROTOCOL, section 5).
pub(crate) struct Entry {
    /// SHA-256 over all of them.
    pub(crate) hash: [u8; 32],
    pub(crate) device: String,
    pub(crate) seq: u64,
    /// Hash of the device's entry before.
    pub(crate) prev: [u8; 32],
    pub(crate) record: String,
    pub(crate) is_act: bool,
    /// Hash of the body.
    pub(crate) body: [u8; 32],
    pub(crate) person: String,
    pub(crate) claimed_at_ms: i64,
}

impl Entry {
    pub(crate) fn read(canonical: &[u8]) -> anyhow::Result<Self> {
        let mut rest = canonical;
        let fields = read_array_len(&mut rest)?;
        let version: u64 = read_int(&mut rest)?;
        ensure!(fields == 14 && version == 1, "these are no canonical bytes");
        let _municipality: u64 = read_int(&mut rest)?;
        let device = hex::encode(bin(&mut rest)?);
        let seq = read_int(&mut rest)?;
        let prev = hash(&mut rest)?;
        let record = hex::encode(bin(&mut rest)?);
        let kind: u64 = read_int(&mut rest)?;
        ensure!(kind < 2, "unknown kind of body");
        let body = hash(&mut rest)?;
        let person = hex::encode(bin(&mut rest)?);
        let claimed_at_ms = read_int(&mut rest)?;
        let hash = tagged("cuadrilla/entry/v1", &[canonical]);
        Ok(Self { hash, device, seq, prev, record, is_act: kind == 1, body, person, claimed_at_ms })
    }
}

/// Automerge's hash of a change (over what follows magic and checksum), or the tagged hash of an act.
pub(crate) fn body_hash(is_act: bool, body: &[u8]) -> anyhow::Result<[u8; 32]> {
    if is_act {
        return Ok(tagged("cuadrilla/act/v1", &[body]));
    }
    let rest = body.strip_prefix(b"\x85\x6f\x4a\x83").context("the body is no change")?;
    let (checksum, content) = rest.split_at_checked(4).context("the change is cut short")?;
    let hash = sha256(content);
    ensure!(hash.starts_with(checksum), "the change's checksum is wrong");
    Ok(hash)
}

/// The key in an enrolment, `{"enrol": {…, "key": …}}`, or in the founding of the ledger, `{"genesis": …}`.
pub(crate) fn key_in_act(entry: &Entry, ledger_seq: u64, body: &[u8]) -> anyhow::Result<VerifyingKey> {
    let mut rest = body;
    read_map_len(&mut rest)?;
    let act = text(&mut rest)?;
    let brings_key = (act == "enrol" && entry.seq == 1) || (act == "genesis" && ledger_seq == 1);
    ensure!(entry.is_act && brings_key, "number {ledger_seq} brings no key");
    for _ in 0..read_map_len(&mut rest)? {
        match text(&mut rest)?.as_str() {
            "key" => return Ok(VerifyingKey::from_bytes(bin(&mut rest)?.try_into()?)?),
            // What stands before the key: whom the enrolment is for, and what opened it.
            "office" => drop(bin(&mut rest)?),
            "opening" => skip_bin_or_nil(&mut rest)?,
            // In the founding it is text, but for the municipality's number.
            "municipality" => drop(read_int::<u64, _>(&mut rest)?),
            _ => drop(text(&mut rest)?),
        }
    }
    Err(anyhow!("number {ledger_seq} brings no key"))
}

/// A successor has no opening: nil stands there.
fn skip_bin_or_nil(rest: &mut &[u8]) -> anyhow::Result<()> {
    match rest.strip_prefix(&[0xc0]) {
        Some(left) => *rest = left,
        None => drop(bin(rest)?),
    }
    Ok(())
}

fn bin<'b>(rest: &mut &'b [u8]) -> anyhow::Result<&'b [u8]> {
    let length = read_bin_len(rest)?;
    take(rest, length)
}

fn text(rest: &mut &[u8]) -> anyhow::Result<String> {
    let length = read_str_len(rest)?;
    Ok(String::from_utf8(take(rest, length)?.to_vec())?)
}

fn hash(rest: &mut &[u8]) -> anyhow::Result<[u8; 32]> {
    Ok(bin(rest)?.try_into()?)
}

fn take<'b>(rest: &mut &'b [u8], length: u32) -> anyhow::Result<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(length)?).context("cut short")?;
    *rest = left;
    Ok(taken)
}
