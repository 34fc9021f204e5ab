//! Ledger: a server's data folder with a ledger of any size: founded, forty crews' devices enrolled, then
//! orders of ten changes each, chained and signed by their devices and accepted. It has no index: the server
//! is measured on making that.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use store::Index as _;
use store_disk::{DiskStore, Options};
use sync_core::crypto::SecretKey;
use sync_core::hub::{Foundation, Hub, Quotas, fold_line, found};
use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use sync_core::invitation::{LinkSecret, Opening};
use sync_core::log::act::{Act, Role};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use sync_core::log::line::Line;
use sync_core::log::merkle;
use sync_core::log::verdict::{Receipt, Verdict};
use sync_core::record::change::Change;
use sync_core::rows::{MemoryRows, Overlay, ROWS_FORMAT, Rows as _};
use sync_core::rules::Rules;

use crate::orders::{APPEND_LINES, DEVICES, ORDERS_OPEN, START_MS, STEP_MS, folio, retarget, template, wide};

/// The seed of the log key, as for any key of a measurement: it is public.
const SEED: [u8; 32] = [42; 32];
/// Entries that one signature covers: a visit's.
const SIGNED_TOGETHER: u64 = 10;

/// A device of the ledger.
struct Author {
    device: DeviceId,
    key: SecretKey,
    seq: u64,
    head: Hash,
    anchor: Anchor,
}

/// A ledger being written.
struct Ledger {
    store: DiskStore,
    lines: Vec<Vec<u8>>,
    seq: u64,
    /// Only the log's hashes, for the checkpoints that devices name.
    hashes: MemoryRows,
}

/// Counts what lies in the index of a data folder, as JSON: by the letter of the family, how many keys and how many
/// bytes of keys and values.
///
/// # Errors
/// What the disk answers.
pub fn count(data: &Path) -> anyhow::Result<serde_json::Value> {
    let mut options = Options { create: false, ..Options::server() };
    options.index.rows_format = ROWS_FORMAT;
    let (store, _) = store_disk::open(data, &options)?;
    let mut families: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    store.index().rows().scan(b"", b"", &mut |key, value| {
        let family = families.entry(String::from_utf8_lossy(&key[..1]).into_owned()).or_default();
        family.0 += 1;
        family.1 += (key.len() + value.len()) as u64;
        true
    })?;
    let rows: u64 = families.values().map(|family| family.0).sum();
    let bytes: u64 = families.values().map(|family| family.1).sum();
    Ok(serde_json::json!({"entries": store.end() - 1, "rows": rows, "bytes": bytes, "families": families}))
}

/// Writes a data folder whose ledger has about `entries` entries; answers how many it has.
///
/// # Errors
/// What the core or the disk answers; fewer than 1,000 entries.
pub fn write(data: &Path, entries: u64) -> anyhow::Result<u64> {
    let orders = entries / 10 / DEVICES * DEVICES;
    ensure!(orders >= DEVICES, "at least {} entries", DEVICES * 10);
    let rules = crate::orders::rules()?;
    let template = template(&rules)?;
    let (founding, admin) = founding(&rules)?;
    let (store, _) = store_disk::open(data, &Options::server())?;
    write_key(data)?;
    let mut ledger = Ledger { store, lines: Vec::new(), seq: 0, hashes: MemoryRows::default() };
    for line in founding {
        ledger.push(line)?;
    }
    let mut authors = ledger.enrol_all(&admin)?;
    for first in (0..orders).step_by(usize::try_from(ORDERS_OPEN)?) {
        ledger.window(&template, &mut authors, first..orders.min(first + ORDERS_OPEN))?;
    }
    ledger.flush()?;
    ledger.store.close()?;
    Ok(ledger.seq)
}

fn founding(rules: &[(String, String)]) -> anyhow::Result<(Vec<Vec<u8>>, Opening)> {
    let foundation = Foundation {
        municipality: 14_061,
        name: "Mezquitic",
        folio_prefix: "MZQ",
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
        seed: &SEED,
        entropy: &[7; 64],
        now_ms: START_MS,
        has_code: false,
    };
    let mut founded = found(&foundation);
    let nothing = MemoryRows::default();
    let mut overlay = Overlay::new(&nothing);
    for (number, line) in (1..).zip(&founded.lines) {
        fold_line(&mut Rules::default(), &mut overlay, number, line)?;
    }
    let next = founded.lines.len() as u64 + 1;
    let published =
        Hub::open(&overlay, &SEED, Quotas::default())?.publish_rules(&mut overlay, next, START_MS, rules)?;
    founded.lines.extend(published);
    Ok((founded.lines, Opening::of_secret(&founded.admin.secret)))
}

/// Returns the log key where the server looks for it.
fn write_key(data: &Path) -> anyhow::Result<()> {
    let path = data.join("log.key");
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let hex: String = SEED.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(file, "{hex}").context("cannot write the log key")
}

impl Author {
    fn new(number: u64) -> anyhow::Result<Self> {
        let key = SecretKey::from_seed(&[u8::try_from(number + 1)?; 32]);
        let device = key.public().device();
        Ok(Self { device, key, seq: 0, head: Hash::ZERO, anchor: Anchor::default() })
    }
}

impl Ledger {
    fn enrol_all(&mut self, opening: &Opening) -> anyhow::Result<Vec<Author>> {
        let mut admin = Author::new(DEVICES)?;
        self.enrol(&mut admin, opening, "Administración")?;
        let mut authors = Vec::new();
        for number in 0..DEVICES {
            let secret = std::array::from_fn(|at| u8::try_from(number * 5 + at as u64).unwrap_or(0));
            let opening = Opening::of_secret(&LinkSecret(secret));
            let invite = Act::Invite {
                code_lock: None,
                link_lock: opening.lock(),
                role: Role::Crew,
                crew: Some(format!("C-{number:02}")),
                localities: Vec::new(),
                until_ms: Some(i64::MAX),
            };
            self.entry(&mut admin, RecordId::ZERO, Body::Act(invite.to_bytes()), true)?;
            let mut author = Author::new(number)?;
            self.enrol(&mut author, &opening, &format!("Cuadrilla {number}"))?;
            authors.push(author);
        }
        Ok(authors)
    }

    fn enrol(&mut self, author: &mut Author, opening: &Opening, name: &str) -> anyhow::Result<()> {
        let (name, key) = (name.to_owned(), author.key.public());
        let (office, opening) = (SecretKey::from_seed(&SEED).public().device(), Some(*opening));
        let act = Act::Enrol { office, opening, key, name, continues: None };
        self.entry(author, RecordId::ZERO, Body::Act(act.to_bytes()), true)
    }

    /// Orders worked on at the same time: the first change of each, then the second of each, and so on.
    fn window(
        &mut self,
        template: &[Change],
        authors: &mut [Author],
        orders: std::ops::Range<u64>,
    ) -> anyhow::Result<()> {
        let mut before: Vec<Option<Hash>> = vec![None; usize::try_from(orders.end - orders.start)?];
        for change in template {
            for (number, before) in orders.clone().zip(&mut before) {
                let author = &mut authors[usize::try_from(number % DEVICES)?];
                let deps: Vec<Hash> = before.iter().copied().collect();
                let raw = retarget(change, author.device, &folio(number), &deps).to_raw()?;
                *before = Some(raw.hash);
                let is_last = author.seq.is_multiple_of(SIGNED_TOGETHER);
                self.entry(author, RecordId(wide(number)), Body::Change(raw), is_last)?;
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        author: &mut Author,
        record: RecordId,
        body: Body,
        signed: bool,
    ) -> anyhow::Result<()> {
        let received_at_ms = START_MS + i64::try_from(self.seq)? * STEP_MS;
        let header = Header {
            municipality: 14_061,
            device: author.device,
            seq: author.seq + 1,
            record,
            person: PersonId([8; 16]),
            claimed_at_ms: received_at_ms - STEP_MS,
            boot: BootId([2; 8]),
            monotonic_ms: self.seq * 1_000,
            anchor: author.anchor,
        };
        let entry = Entry { header, body };
        let hash = entry.hash(&author.head);
        let signature = signed.then(|| sign_head(&author.key, &author.device, author.seq + 1, &hash));
        let chained = ChainedEntry { entry, prev: Some(author.head), signature };
        (author.seq, author.head) = (author.seq + 1, hash);
        let receipt =
            Receipt { seq: self.seq + 1, received_at_ms, carrier: None, verdict: Verdict::Accepted };
        self.push(Line::Entry { receipt: Some(receipt), chained }.to_bytes())?;
        if signed {
            // It was handed over, and the answer brought the newest checkpoint.
            author.anchor = Anchor { size: self.seq, root: merkle::root(&self.hashes, self.seq)? };
        }
        Ok(())
    }

    fn push(&mut self, line: Vec<u8>) -> anyhow::Result<()> {
        self.seq += 1;
        let mut overlay = Overlay::new(&self.hashes);
        merkle::append(&mut overlay, self.seq, &merkle::leaf_of_line(&line)?)?;
        let batch = overlay.batch;
        self.hashes.apply(batch);
        self.lines.push(line);
        if self.lines.len() >= APPEND_LINES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.store.append(&std::mem::take(&mut self.lines))?;
        Ok(())
    }
}
