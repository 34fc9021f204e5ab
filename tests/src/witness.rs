//! Witness: a small C2SP `tlog-witness` for one log, written from that document: what an auditor's machine runs. It
//! checks the proof of growth by RFC 9162, section 2.1.4.2, and not by the code that made it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use sync_core::log::checkpoint::cosign::Witness as Key;
use sync_core::log::checkpoint::{self, Signed};

/// The witness's name.
const NAME: &str = "contraloria.example/testigo";

/// A hash of the log.
type Root = [u8; 32];

/// What the witness saw and said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Size and root of the checkpoint that it cosigned last.
    pub last: Option<(u64, Root)>,
    /// Each question: the old size, the checkpoint's size, the status of the answer.
    pub asked: Vec<(u64, u64, u16)>,
}

/// A running witness.
#[derive(Debug)]
pub struct Witness {
    /// Its address.
    pub url: String,
    /// Its verifier key.
    pub key: String,
    seen: Arc<Mutex<Seen>>,
}

impl Witness {
    /// Starts one for the log of that verifier key, until the test ends.
    ///
    /// # Panics
    /// If there is no port.
    pub fn start(log_verifier: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let key = key().verifier();
        let (log, memory) = (log_verifier.to_owned(), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A log that went away needs no answer.
                let _ = serve(stream, &log, &memory);
            }
        });
        Self { url, key, seen }
    }

    /// Returns the setting of a server that is to ask it.
    pub fn setting(&self) -> String {
        format!("{}/add-checkpoint {}", self.url, self.key)
    }

    /// Returns what it saw so far.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn key() -> Key {
    Key::new(NAME, &[77; 32]).expect("a witness")
}

fn serve(mut stream: TcpStream, log: &str, memory: &Mutex<Seen>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head)?;
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let (status, kind, answer) = if head.starts_with("POST /add-checkpoint ") {
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        add_checkpoint(&String::from_utf8_lossy(&body), log, &mut memory)
    } else {
        (404, "text/plain", String::new())
    };
    let length = answer.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
    )
}

/// Returns status, type and body of the answer, and remembers what it cosigned before it says so.
fn add_checkpoint(body: &str, log: &str, memory: &mut Seen) -> (u16, &'static str, String) {
    const TEXT: &str = "text/plain";
    let Some((old, proof, note)) = read(body) else { return (400, TEXT, String::new()) };
    let (origin, known) =
        (note.lines().next().unwrap_or_default(), log.split('+').next().unwrap_or_default());
    let (status, kind, answer) = if origin != known {
        (404, TEXT, String::new())
    } else if let Ok(signed) = checkpoint::open(note, log) {
        judge(old, &proof, &signed, memory)
    } else {
        (403, TEXT, String::new())
    };
    let size = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
    memory.asked.push((old, size, status));
    (status, kind, answer)
}

fn judge(old: u64, proof: &[Root], signed: &Signed, memory: &mut Seen) -> (u16, &'static str, String) {
    let (size, root) = (signed.anchor.size, signed.anchor.root.0);
    let (last, last_root) = memory.last.unwrap_or_default();
    if old > size {
        return (400, "text/plain", String::new());
    }
    if old != last {
        return (409, "text/x.tlog.size", format!("{last}\n"));
    }
    if old == size && old > 0 && root != last_root {
        return (409, "text/plain", String::new());
    }
    let is_growth =
        if old == 0 || old == size { proof.is_empty() } else { grew(proof, (old, last_root), (size, root)) };
    if !is_growth {
        return (422, "text/plain", String::new());
    }
    memory.last = Some((size, root));
    let note = key().cosign(signed, now_s()).expect("a note that was read");
    let line = note.lines().last().unwrap_or_default();
    // A line of a key that the log does not know is to be ignored.
    let other = Key::new("jerez.example/testigo", &[78; 32]).expect("a witness");
    let other = other.cosign(signed, now_s()).expect("a note that was read");
    (200, "text/plain", format!("{line}\n{}\n", other.lines().last().unwrap_or_default()))
}

fn now_s() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// Returns the old size, the proof and the checkpoint of a request's body.
fn read(body: &str) -> Option<(u64, Vec<Root>, &str)> {
    let (head, note) = body.split_once("\n\n")?;
    let mut lines = head.lines();
    let old = lines.next()?.strip_prefix("old ")?;
    let is_plain = old == "0" || (!old.starts_with('0') && old.bytes().all(|byte| byte.is_ascii_digit()));
    let proof: Option<Vec<Root>> = lines.map(hash).collect();
    let proof = proof.filter(|proof| proof.len() <= 63)?;
    is_plain.then_some(())?;
    Some((old.parse().ok()?, proof, note))
}

/// Reads a hash in base64.
fn hash(text: &str) -> Option<Root> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 43)?;
    let mut bits: Vec<bool> = Vec::new();
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|one| *one == digit)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    bytes.try_into().ok()
}

/// Returns whether the proof leads from one size and root to the other, RFC 9162, section 2.1.4.2.
fn grew(proof: &[Root], (first, first_root): (u64, Root), (second, second_root): (u64, Root)) -> bool {
    let node = |left: &Root, right: &Root| -> Root {
        Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
    };
    let mut path = proof.to_vec();
    if first.is_power_of_two() {
        path.insert(0, first_root);
    }
    let Some((start, path)) = path.split_first().filter(|_| !proof.is_empty()) else { return false };
    let (mut from, mut to) = (first - 1, second - 1);
    while from & 1 == 1 {
        (from, to) = (from >> 1, to >> 1);
    }
    let (mut old, mut new) = (*start, *start);
    for step in path {
        if to == 0 {
            return false;
        }
        if from & 1 == 1 || from == to {
            (old, new) = (node(step, &old), node(step, &new));
            while from & 1 == 0 && from != 0 {
                (from, to) = (from >> 1, to >> 1);
            }
        } else {
            new = node(&new, step);
        }
        (from, to) = (from >> 1, to >> 1);
    }
    old == first_root && new == second_root && to == 0
}
