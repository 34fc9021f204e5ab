//! A journal as a dispatcher's device has it: orders of ten changes each, worked by forty devices. One order is
//! made by the notebook itself; the others are its copies under other folios, authors and records.

use anyhow::{Context as _, ensure};
use store::{DiskStore, Options, Store as _};
use sync_core::act::Role;
use sync_core::change::{Action, Change, Obj, OpId, Place, Scalar};
use sync_core::crypto::SecretKey;
use sync_core::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use sync_core::id::{BootId, DeviceId, Hash, RecordId};
use sync_core::line::{Contact, DeviceLine, Identity, Line, Lines};
use sync_core::notebook::{self, Moment, NewOrder, Notebook};
use sync_core::rows::{MemoryRows, Overlay, RowsError};
use sync_core::rules::Rules;
use sync_core::verdict::{Receipt, Verdict};

/// Devices that work.
const DEVICES: u64 = 40;
/// Orders that are worked on at the same time.
const ORDERS_OPEN: u64 = 1_000;
/// When the first entry arrived, in milliseconds.
pub const START_MS: i64 = 1_767_225_600_000;
/// Between two arrivals, in milliseconds.
pub const STEP_MS: i64 = 20_000;
const APPEND_LINES: usize = 2_000;

/// A journal being written.
pub struct Journal {
    template: Vec<Change>,
    heads: Vec<(u64, Hash)>,
    lines: Vec<Vec<u8>>,
    seq: u64,
}

/// The lines of a template in memory.
struct Kept(Vec<Vec<u8>>);

impl Lines for Kept {
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let line = index.and_then(|index| self.0.get(index)).cloned();
        line.ok_or_else(|| RowsError(format!("there is no line {number}")))
    }
}

/// Who reads the journal.
fn identity() -> Identity {
    let key = SecretKey::from_seed(&[1; 32]);
    Identity {
        device: DeviceId([0xd0; 16]),
        url: "http://127.0.0.1".into(),
        municipality: 14_061,
        municipality_name: "Mezquitic".into(),
        folio_prefix: "MZQ".into(),
        letters: "A1".into(),
        name: "Despacho".into(),
        role: Role::Dispatcher,
        crew: None,
        localities: Vec::new(),
        server_key: key.public(),
        log_verifier: String::new(),
        successions: Vec::new(),
    }
}

/// A moment of a run; `turn` keeps what is drawn apart.
pub fn moment(turn: u8) -> Moment {
    Moment {
        now_ms: START_MS,
        boot: BootId([1; 8]),
        monotonic_ms: u64::from(turn) * 1_000,
        entropy: [turn; 32],
    }
}

/// The changes of one order, as the notebook makes them.
fn template(rules: &[(String, String)]) -> anyhow::Result<Vec<Change>> {
    let mut rows = MemoryRows::default();
    let mut kept = Kept(vec![Line::Device(DeviceLine::Enrolled(identity())).to_bytes()]);
    let mut overlay = Overlay::new(&rows);
    notebook::fold_line(&mut Rules::default(), &mut overlay, &kept, 1, &kept.0[0])?;
    let batch = overlay.batch;
    rows.apply(batch);
    let mut folio = String::new();
    for turn in 0..10_u8 {
        let next = kept.0.len() as u64 + 1;
        let mut notebook = Notebook::open(&rows, &kept, next, rules, moment(turn))?;
        match turn {
            0 => {
                let new =
                    NewOrder { kind: "leak_repair".into(), crew: Some("C-07".into()), ..NewOrder::default() };
                folio = notebook.order_new(&new)?.folio;
            }
            1 => drop(notebook.step(&folio, "start", None)?),
            2 | 5 => notebook.measure(&folio, "flow", "12.5", "L/s", None, None).map(drop)?,
            3 | 6 => notebook.use_material(&folio, "TUBO-PVC-2", "3", "m").map(drop)?,
            4 => notebook.assign(&folio, "C-08")?,
            _ => notebook.note(&folio, "Se revisó el tramo y quedó bien; falta rellenar la zanja")?,
        }
        let written = notebook.finish();
        rows.apply(written.batch);
        kept.0.extend(written.lines);
    }
    let change = |line: &Vec<u8>| match Line::from_bytes(line)? {
        Line::Entry { chained, .. } => Ok(Change::read(chained.entry.body.bytes())?),
        Line::Device(_) => anyhow::bail!("a line of the template is no entry"),
    };
    kept.0.iter().skip(1).map(change).collect()
}

/// The change as another device would have made it.
fn retarget(change: &Change, device: DeviceId, folio: &str, deps: &[Hash]) -> Change {
    let id = |id: &OpId| OpId { counter: id.counter, device };
    let mut copy = change.clone();
    copy.device = device;
    copy.deps = deps.to_vec();
    for op in &mut copy.ops {
        if let Obj::At(at) = &mut op.obj {
            *at = id(at);
        }
        if let Place::Elem(at) = &mut op.place {
            *at = id(at);
        }
        op.preds.iter_mut().for_each(|pred| *pred = id(pred));
        if let (Place::Prop(key), Action::Put(value)) = (&op.place, &mut op.action)
            && key == "folio"
        {
            *value = Scalar::Str(folio.into());
        }
    }
    copy
}

fn wide(number: u64) -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { number.to_be_bytes()[at] } else { 0x5a })
}

/// The folio of the n-th order, from 0.
pub fn folio(number: u64) -> String {
    format!("MZQ-26-B1-{:07}", number + 1)
}

impl Journal {
    /// Writes `entries` entries into a new store and folds them; answers the store and how many orders there are.
    ///
    /// # Errors
    /// What the notebook or the disk answers.
    pub fn write(
        folder: &std::path::Path,
        rules: &[(String, String)],
        entries: u64,
    ) -> anyhow::Result<(Box<DiskStore>, u64)> {
        let template = template(rules)?;
        let changes = template.len() as u64;
        let orders = entries / changes;
        ensure!(orders > 0, "at least {changes} entries");
        let mut journal = Self {
            template,
            heads: vec![(0, Hash::ZERO); usize::try_from(DEVICES)?],
            lines: vec![Line::Device(DeviceLine::Enrolled(identity())).to_bytes()],
            seq: 0,
        };
        let (mut store, _) = DiskStore::open(folder, &Options { create: true, ..Options::device() })?;
        for first in (0..orders).step_by(usize::try_from(ORDERS_OPEN)?) {
            journal.window(&mut store, first..orders.min(first + ORDERS_OPEN))?;
        }
        journal.contact();
        store.append(&journal.lines)?;
        fold(&mut store)?;
        Ok((Box::new(store), orders))
    }

    /// Orders worked on at the same time: the first change of each, then the second of each, and so on.
    fn window(&mut self, store: &mut DiskStore, orders: std::ops::Range<u64>) -> anyhow::Result<()> {
        let mut before: Vec<Option<Hash>> = vec![None; usize::try_from(orders.end - orders.start)?];
        for turn in 0..self.template.len() {
            for (number, before) in orders.clone().zip(&mut before) {
                let device = DeviceId(wide(number % DEVICES));
                let deps: Vec<Hash> = before.iter().copied().collect();
                let change = retarget(&self.template[turn], device, &folio(number), &deps);
                let raw = change.to_raw()?;
                *before = Some(raw.hash);
                self.entry(device, RecordId(wide(number)), Body::Change(raw))?;
                if self.lines.len() >= APPEND_LINES {
                    store.append(&std::mem::take(&mut self.lines))?;
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, device: DeviceId, record: RecordId, body: Body) -> anyhow::Result<()> {
        let at = usize::try_from(u64::from_be_bytes(device.0[..8].try_into()?))?;
        let (head, prev) = self.heads.get(at).copied().context("a device of the forty")?;
        self.seq += 1;
        let received_at_ms = START_MS + i64::try_from(self.seq)? * STEP_MS;
        let header = Header {
            municipality: 14_061,
            device,
            seq: head + 1,
            record,
            person: "Cuadrilla 7".into(),
            claimed_at_ms: received_at_ms - STEP_MS,
            boot: BootId([2; 8]),
            monotonic_ms: self.seq * 1_000,
            anchor: Anchor { size: self.seq - 1, root: Hash([7; 32]) },
        };
        let chained = ChainedEntry { entry: Entry { header, body }, prev: Some(prev), signature: None };
        self.heads[at] = (head + 1, chained.entry.hash(&prev));
        let receipt = Receipt { seq: self.seq, received_at_ms, carrier: None, verdict: Verdict::Accepted };
        self.lines.push(Line::Entry { receipt: Some(receipt), chained }.to_bytes());
        Ok(())
    }

    fn contact(&mut self) {
        let contact = Contact {
            at_ms: START_MS,
            server_at_ms: START_MS,
            epoch: sync_core::id::Epoch([1; 8]),
            server_seq: self.seq,
            cursors: std::collections::BTreeMap::new(),
            head_seq: 0,
            acks: Vec::new(),
            refused: Vec::new(),
            moves: Vec::new(),
            checkpoint: String::new(),
        };
        self.lines.push(Line::Device(DeviceLine::Contact(contact)).to_bytes());
    }
}

/// The journal as the core reads it.
pub struct Stored(pub std::sync::Arc<dyn store::Records>);

impl Lines for Stored {
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        self.0.read(number).map_err(|error| RowsError(error.to_string()))
    }
}

fn fold(store: &mut DiskStore) -> anyhow::Result<()> {
    let lines = Stored(store.records());
    let mut rules = Rules::default();
    store.catch_up(
        &mut |number, line, overlay| Ok(notebook::fold_line(&mut rules, overlay, &lines, number, line)?),
        &mut |_| {},
    )?;
    Ok(())
}
