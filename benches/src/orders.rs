//! Orders: orders of ten changes each. The replica makes one; the others are its copies under other folios,
//! authors and records.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sync_core::crypto::SecretKey;
use sync_core::hub::{Foundation, found};
use sync_core::id::{BootId, DeviceId, Epoch, Hash, PersonId};
use sync_core::log::act::Role;
use sync_core::log::line::{DeviceLine, Enrolled, Identity, Line, Lines};
use sync_core::record::change::{Action, Change, Obj, OpId, Place, Scalar};
use sync_core::replica::{self, Clocks, NewOrder, Replica};
use sync_core::rows::{MemoryRows, Overlay, RowsError};
use sync_core::rules::Rules;

/// Devices that work.
pub const DEVICES: u64 = 40;
/// Orders that are worked on at the same time.
pub const ORDERS_OPEN: u64 = 1_000;
/// When the first entry arrived, in milliseconds.
pub const START_MS: i64 = 1_767_225_600_000;
/// Between two arrivals, in milliseconds.
pub const STEP_MS: i64 = 20_000;
/// Lines of one append.
pub const APPEND_LINES: usize = 2_000;

/// Lines in memory.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) Vec<Vec<u8>>);

impl Lines for Kept {
    fn end(&self) -> u64 {
        self.0.len() as u64 + 1
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let line = index.and_then(|index| self.0.get(index)).cloned();
        line.ok_or_else(|| RowsError(format!("there is no line {number}")))
    }
}

/// Returns who reads the journal.
pub(crate) fn identity() -> Identity {
    let key = SecretKey::from_seed(&[1; 32]);
    Identity {
        device: DeviceId([0xd0; 16]),
        url: "http://127.0.0.1".into(),
        municipality: 14_061,
        municipality_name: "Mezquitic".into(),
        folio_prefix: "MZQ".into(),
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
        letters: "A1".into(),
        name: "Despacho".into(),
        label: PersonId([8; 16]),
        role: Role::Dispatcher,
        crew: None,
        localities: Vec::new(),
        server_key: key.public(),
        log_verifier: log_verifier(),
        salts: Vec::new(),
        names_before: Vec::new(),
    }
}

/// The key of the log, as a verifier.
fn log_verifier() -> String {
    let foundation = Foundation {
        municipality: 14_061,
        name: "Mezquitic",
        folio_prefix: "MZQ",
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
        seed: &[1; 32],
        entropy: &[2; 64],
        now_ms: START_MS,
        has_code: false,
    };
    found(&foundation).log_verifier
}

/// A checkpoint over `size` entries. The journal proves nothing: its root is none.
///
/// # Errors
/// As signing answers.
pub(crate) fn checkpoint(size: u64) -> anyhow::Result<String> {
    let key = SecretKey::from_seed(&[1; 32]);
    sync_core::log::checkpoint::sign(&key, 14_061, size, &Hash([7; 32])).map_err(anyhow::Error::msg)
}

/// Its enrolment.
pub(crate) fn enrolled() -> Enrolled {
    Enrolled { identity: identity(), epoch: Epoch([1; 8]), at_ms: START_MS, server_at_ms: START_MS }
}

/// A moment of a run; `turn` keeps what is drawn apart.
pub fn moment(turn: u8) -> Clocks {
    Clocks {
        now_ms: START_MS,
        boot: BootId([1; 8]),
        monotonic_ms: u64::from(turn) * 1_000,
        entropy: [turn; 32],
    }
}

/// Returns the changes of one order, as the replica makes them.
pub(crate) fn template(rules: &[(String, String)]) -> anyhow::Result<Vec<Change>> {
    let mut rows = MemoryRows::default();
    let mut kept = Kept(vec![Line::Device(DeviceLine::Enrolled(enrolled())).to_bytes()]);
    let mut overlay = Overlay::new(&rows);
    replica::fold_line(&mut Rules::default(), &mut overlay, &kept, 1, &kept.0[0])?;
    let batch = overlay.batch;
    rows.apply(batch);
    let mut folio = String::new();
    for turn in 0..10_u8 {
        let next = kept.0.len() as u64 + 1;
        let mut replica = Replica::open(&rows, &kept, next, rules, moment(turn))?;
        match turn {
            0 => {
                let new =
                    NewOrder { kind: "leak_repair".into(), crew: Some("C-07".into()), ..NewOrder::default() };
                folio = replica.order_new(&new)?.folio;
            }
            1 => drop(replica.step(&folio, "start", None)?),
            2 | 5 => replica.measure(&folio, "flow", "12.5", "L/s", None, None).map(drop)?,
            3 | 6 => replica.use_material(&folio, "TUBO-PVC-2", "3", "m").map(drop)?,
            4 => replica.assign(&folio, "C-08")?,
            _ => replica.note(&folio, "Se revisó el tramo y quedó bien; falta rellenar la zanja")?,
        }
        let written = replica.finish();
        rows.apply(written.batch);
        kept.0.extend(written.lines);
    }
    let change = |line: &Vec<u8>| match Line::from_bytes(line)? {
        Line::Entry { chained, .. } => Ok(Change::read(chained.entry.body.bytes())?),
        Line::Device(_) => anyhow::bail!("a line of the template is no entry"),
    };
    kept.0.iter().skip(1).map(change).collect()
}

/// Returns the change as another device would have made it.
pub(crate) fn retarget(change: &Change, device: DeviceId, folio: &str, deps: &[Hash]) -> Change {
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

pub(crate) fn wide(number: u64) -> [u8; 16] {
    std::array::from_fn(|at| if at < 8 { number.to_be_bytes()[at] } else { 0x5a })
}

/// Returns the folio of the n-th order, from 0.
pub fn folio(number: u64) -> String {
    format!("MZQ-26-B1-{:07}", number + 1)
}

/// Returns the rule files that these orders need, by name.
///
/// # Errors
/// What reading them answers.
pub fn rules() -> anyhow::Result<Vec<(String, String)>> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let read = |path: PathBuf| std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()));
    let mut rules = Vec::new();
    for name in ["steps", "measures"] {
        rules.push((name.to_owned(), read(schemas.join(format!("{name}.json")))?));
    }
    rules.push(("work/leak_repair".into(), read(schemas.join("work/leak_repair.json"))?));
    Ok(rules)
}
