//! Book: the stupid model of one server's ledger: every line read once, entry by entry, with no index and no rule but
//! the words of the protocol. What the production code folds is held against it.

use std::collections::{BTreeMap, BTreeSet};

use store_disk::LedgerReader;
use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::log::act::{Act, Again, Role};
use sync_core::log::entry::Body;
use sync_core::log::line::Line;
use sync_core::log::verdict::{Reason, Receipt, Verdict};
use sync_core::record::change::Change;
use sync_core::state::evidence::named_in;

use crate::broken::{Broken, Property};
use crate::kept::mark;

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct Noted {
    mark: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its author.
    pub device: DeviceId,
    /// Its number in the author's chain.
    pub seq: u64,
    /// The record; zero for an act.
    pub record: RecordId,
    /// The change; zero for an act.
    pub change: Hash,
    /// Its receipt.
    pub receipt: Receipt,
    /// What it does, if it is an act.
    pub act: Option<Act>,
    /// The photos that it names.
    pub names: Vec<Hash>,
}

/// The ledger as the model knows it.
#[derive(Debug, Clone, Default)]
pub struct Book {
    entries: Vec<Noted>,
    places: BTreeMap<Hash, u64>,
    heads: BTreeMap<DeviceId, u64>,
    /// What stood where in a ledger that was put back to an older copy since.
    lost: BTreeMap<Hash, BTreeSet<u64>>,
    lost_heads: BTreeMap<DeviceId, u64>,
}

fn note(line: &[u8]) -> Result<Noted, String> {
    let Line::Entry { receipt: Some(receipt), chained } =
        Line::from_bytes(line).map_err(|error| error.to_string())?
    else {
        return Err("it is no entry with a receipt".into());
    };
    let header = &chained.entry.header;
    let (change, act) = match &chained.entry.body {
        Body::Change(_) => (chained.entry.body.hash(), None),
        Body::Act(bytes) => (Hash::ZERO, Some(Act::from_bytes(bytes).map_err(|error| error.to_string())?)),
    };
    let names = match &chained.entry.body {
        Body::Change(raw) => photos_of(&raw.bytes),
        Body::Act(_) => Vec::new(),
    };
    Ok(Noted {
        mark: mark(line),
        hash: chained.hash().ok_or("it does not name the entry before it")?,
        device: header.device,
        seq: header.seq,
        record: header.record,
        change,
        receipt,
        act,
        names,
    })
}

/// The photos that a change names. Most changes name none, and are not read.
pub fn photos_of(change: &[u8]) -> Vec<Hash> {
    const KEY: &[u8] = b"sha256";
    if !change.windows(KEY.len()).any(|part| part == KEY) {
        return Vec::new();
    }
    let change = Change::read(change);
    change.map(|change| named_in(&change).iter().map(|named| named.sha256).collect()).unwrap_or_default()
}

fn is_fork(noted: &Noted) -> bool {
    noted.receipt.verdict.is_fork()
}

impl Book {
    /// Takes lines that were appended, in order.
    pub fn add(&mut self, line: &[u8]) -> Result<(), Broken> {
        let seq = self.entries.len() as u64 + 1;
        let noted =
            note(line).map_err(|why| Property::LedgerVerifies.broken(format!("ledger line {seq}: {why}")))?;
        if let Some(before) = self.places.insert(noted.hash, seq) {
            let (device, number) = (noted.device.short(), noted.seq);
            return Err(Property::NothingTwice.broken(format!(
                "entry {number} of device {device} stands in the ledger as {before} and again as {seq}"
            )));
        }
        if !noted.receipt.verdict.is_fork() {
            let head = self.heads.entry(noted.device).or_default();
            *head = (*head).max(noted.seq);
        }
        self.entries.push(noted);
        Ok(())
    }

    /// Brings the model in line with a ledger that was just opened.
    pub fn follow(&mut self, reader: &LedgerReader) -> Result<(), Broken> {
        let mut lines = Vec::new();
        let read = reader.read_range(1, reader.end(), &mut |_, line| {
            lines.push(line.to_vec());
            true
        });
        read.map_err(|error| Property::LedgerVerifies.broken(error.to_string()))?;
        let same =
            self.entries.iter().zip(&lines).take_while(|(noted, line)| noted.mark == mark(line)).count();
        if same < self.entries.len() {
            let lost = self.entries.split_off(same);
            for noted in &lost {
                self.places.remove(&noted.hash);
            }
            self.heads.clear();
            let kept = std::mem::take(&mut self.entries);
            self.places.clear();
            for line in &lines[..kept.len()] {
                self.add(line)?;
            }
        }
        for line in &lines[self.entries.len()..] {
            self.add(line)?;
        }
        Ok(())
    }

    /// The ledger is about to be put back to an older copy: what it held is remembered as lost.
    pub fn lose(&mut self) {
        for (seq, noted) in (1..).zip(&self.entries) {
            self.lost.entry(noted.hash).or_default().insert(seq);
        }
        for (device, head) in &self.heads {
            let lost = self.lost_heads.entry(*device).or_default();
            *lost = (*lost).max(*head);
        }
    }

    /// The first entry that names a photo, by number, whatever became of the entry.
    pub fn names_blob(&self, blob: &Hash) -> Option<u64> {
        self.entries().find(|(_, noted)| noted.names.contains(blob)).map(|(number, _)| number)
    }

    /// The photos that accepted entries name.
    pub fn accepted_blobs(&self) -> BTreeSet<Hash> {
        let accepted = self.entries().filter(|(_, noted)| noted.receipt.verdict.is_accepted());
        accepted.flat_map(|(_, noted)| noted.names.iter().copied()).collect()
    }

    /// The photos that were erased.
    pub fn erased_blobs(&self) -> BTreeSet<Hash> {
        let erased = |(_, noted): (u64, &Noted)| match &noted.act {
            Some(Act::BlobErased { sha256, .. }) if noted.receipt.verdict.is_accepted() => Some(*sha256),
            _ => None,
        };
        self.entries().filter_map(erased).collect()
    }

    /// The photos that the office says it has, those that were erased left out.
    pub fn stored_blobs(&self) -> BTreeSet<Hash> {
        let erased = self.erased_blobs();
        let mut stored: BTreeSet<Hash> = BTreeSet::new();
        for (_, noted) in self.entries() {
            match &noted.act {
                Some(Act::BlobStored { blobs }) => stored.extend(blobs.iter().map(|blob| blob.sha256)),
                Some(Act::BlobMissing { blobs }) => {
                    stored.retain(|one| !blobs.iter().any(|blob| blob.sha256 == *one));
                }
                _ => {}
            }
        }
        stored.retain(|blob| !erased.contains(blob));
        stored
    }

    /// How many entries.
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries with their numbers.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &Noted)> {
        (1..).zip(&self.entries)
    }

    /// Where an entry stands now.
    pub fn place(&self, hash: &Hash) -> Option<u64> {
        self.places.get(hash).copied()
    }

    /// The entry at a number.
    pub fn at(&self, seq: u64) -> Option<&Noted> {
        self.entries.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    /// Whether an entry stands, or once stood, at that number.
    pub fn ever_at(&self, hash: &Hash, seq: u64) -> bool {
        self.place(hash) == Some(seq) || self.lost.get(hash).is_some_and(|places| places.contains(&seq))
    }

    /// The number of the newest entry of a device's chain that the ledger has or ever had.
    pub fn head_ever(&self, device: &DeviceId) -> u64 {
        let heads = [&self.heads, &self.lost_heads].map(|heads| heads.get(device).copied().unwrap_or(0));
        heads[0].max(heads[1])
    }

    /// The number of the newest entry of a device's chain that the ledger has.
    pub fn head(&self, device: &DeviceId) -> u64 {
        self.heads.get(device).copied().unwrap_or(0)
    }

    /// Whether the ledger was ever put back.
    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether an entry was in a ledger that was put back since.
    pub fn was_lost(&self, hash: &Hash) -> bool {
        self.lost.contains_key(hash)
    }

    /// Everything that was written again, as accepted or held acts say.
    pub fn repeated(&self) -> BTreeMap<Hash, u32> {
        let mut repeated: BTreeMap<Hash, u32> = BTreeMap::new();
        for noted in &self.entries {
            if let Some(Act::Again { pairs }) = &noted.act {
                for Again { of, .. } in pairs {
                    *repeated.entry(*of).or_default() += 1;
                }
            }
        }
        repeated
    }

    /// Which of its accepted entries each device says to repeat which, as accepted acts tell.
    pub fn writings(&self) -> BTreeMap<(DeviceId, Hash), BTreeSet<u64>> {
        let counts = |noted: &&Noted| noted.receipt.verdict.is_accepted();
        let accepted: BTreeSet<(DeviceId, u64)> =
            self.entries.iter().filter(counts).map(|noted| (noted.device, noted.seq)).collect();
        let mut writings: BTreeMap<(DeviceId, Hash), BTreeSet<u64>> = BTreeMap::new();
        for noted in self.entries.iter().filter(counts) {
            let Some(Act::Again { pairs }) = &noted.act else { continue };
            for pair in pairs.iter().filter(|pair| accepted.contains(&(noted.device, pair.seq))) {
                writings.entry((noted.device, pair.of)).or_default().insert(pair.seq);
            }
        }
        writings
    }

    /// Ledger numbers of what is held back and not decided, told from the lines alone.
    pub fn held(&self) -> BTreeSet<u64> {
        self.decided().0
    }

    /// Ledger numbers that a person dismissed.
    pub fn dismissed(&self) -> BTreeSet<u64> {
        let counts = |noted: &&Noted| noted.receipt.verdict.is_accepted();
        let number = |noted: &Noted| match &noted.act {
            Some(Act::Dismiss { seq, .. }) => Some(*seq),
            _ => None,
        };
        self.entries.iter().filter(counts).filter_map(number).collect()
    }

    /// What counts, in the order in which it came to: where it was accepted or released, and its own number.
    pub fn counting(&self) -> Vec<(u64, u64)> {
        self.decided().1
    }

    fn decided(&self) -> (BTreeSet<u64>, Vec<(u64, u64)>) {
        let mut held: BTreeSet<u64> = BTreeSet::new();
        let mut order: Vec<(u64, u64)> = Vec::new();
        let mut roles: BTreeMap<DeviceId, (Role, Option<DeviceId>)> = BTreeMap::new();
        let mut invited: BTreeMap<Hash, Role> = BTreeMap::new();
        let mut counting: BTreeSet<u64> = BTreeSet::new();
        for (number, noted) in self.entries() {
            if !noted.receipt.verdict.is_accepted() {
                held.insert(number);
                continue;
            }
            counting.insert(number);
            order.push((number, number));
            match &noted.act {
                Some(Act::Invite { link_lock, role, .. }) => {
                    invited.insert(*link_lock, *role);
                }
                Some(Act::Enrol { opening, continues, .. }) => {
                    let role = match continues {
                        Some(before) => roles.get(&before.device).map(|(role, _)| *role),
                        None => opening.as_ref().and_then(|opening| invited.get(&opening.lock())).copied(),
                    };
                    if let Some(role) = role {
                        roles.insert(noted.device, (role, continues.as_ref().map(|before| before.device)));
                    }
                }
                Some(Act::Assign { device, role, .. }) => {
                    if let Some(known) = roles.get_mut(device) {
                        known.0 = *role;
                    }
                }
                Some(Act::Release { seq, .. }) if held.remove(seq) => {
                    counting.insert(*seq);
                    order.push((number, *seq));
                }
                Some(Act::Dismiss { seq, .. }) => {
                    held.remove(seq);
                }
                Some(Act::Again { pairs }) => {
                    let author = roles.get(&noted.device).copied();
                    for pair in pairs {
                        let Some(of) = self.place(&pair.of).filter(|of| *of < number) else { continue };
                        if counting.contains(&of) && pair.device == noted.device {
                            // What it repeats was released before it came: its second writing is settled.
                            held.retain(|held| {
                                let entry = self.at(*held).map(|held| (held.device, held.seq, is_fork(held)));
                                entry != Some((noted.device, pair.seq, false))
                            });
                        } else if self.settles(&noted.device, author, pair, of) {
                            held.remove(&of);
                        }
                    }
                }
                _ => {}
            }
        }
        (held, order)
    }

    /// The acts that speak of a held entry, in words.
    pub fn spoken_of(&self, seq: u64) -> String {
        let hash = self.at(seq).map(|noted| noted.hash);
        let mut words = Vec::new();
        for (number, noted) in self.entries() {
            let how = match &noted.act {
                Some(Act::Release { seq: of, .. }) if *of == seq => "releases it",
                Some(Act::Dismiss { seq: of, .. }) if *of == seq => "dismisses it",
                Some(Act::Again { pairs }) if pairs.iter().any(|pair| Some(pair.of) == hash) => {
                    "writes it again"
                }
                _ => continue,
            };
            let (device, verdict) = (noted.device.short(), noted.receipt.verdict.code());
            words.push(format!("number {number} of device {device} ({verdict}) {how}"));
        }
        let about = self.at(seq).map(|noted| {
            let (device, number) = (noted.device.short(), noted.seq);
            format!("{:?} of device {device}, its entry {number}", noted.receipt.verdict)
        });
        format!("{}: {}", about.unwrap_or_default(), words.join("; "))
    }

    /// Whether writing an entry again decides about it: for who goes on with its chain if it stands on a branch, for
    /// its author and who goes on with its work if another device had made the record first, for supervisors and
    /// administrators always.
    fn settles(
        &self,
        device: &DeviceId,
        author: Option<(Role, Option<DeviceId>)>,
        pair: &Again,
        of: u64,
    ) -> bool {
        let Some((role, continues)) = author else { return false };
        let verdict = self.at(of).map(|noted| &noted.receipt.verdict);
        let is_fork = verdict.is_some_and(Verdict::is_fork);
        let is_second = match verdict {
            Some(Verdict::Quarantined(Reason::Rule { rule, .. })) => rule == "record_exists",
            Some(Verdict::Quarantined(Reason::Held { .. })) => true,
            _ => false,
        };
        let continues = continues == Some(pair.device);
        matches!(role, Role::Supervisor | Role::Admin)
            || (continues && is_fork)
            || ((continues || pair.device == *device) && is_second)
    }
}
