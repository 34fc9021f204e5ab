//! Device: one simulated phone. The real replica over rows and a journal in memory, with a key of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use std::collections::BTreeMap;
use store::{Memory, MemoryIndex, MemoryLog};
use sync_core::crypto::SecretKey;
use sync_core::id::{BootId, DeviceId, Hash};
use sync_core::log::act::Role;
use sync_core::log::verdict::Receipt;
use sync_core::replica::{Clocks, NewOrder, Replica, ReplicaError};
use sync_core::rows::{RowsError, read};
use sync_core::scope::Scope;
use sync_core::state::fold::EntryRow;
use sync_core::state::keyspace;
use sync_core::state::layers::{Layer, Merged};
use sync_core::state::local::{GENERATIONS, IDENTITY};
use sync_core::view::lists::Filter;

/// Changes of one visit.
pub(crate) const VISIT_CHANGES: u64 = 6;

/// A phone.
pub(crate) struct Device {
    /// Its name.
    pub(crate) name: String,
    /// What it was invited as.
    pub(crate) role: Role,
    /// Its crew.
    pub(crate) crew: Option<String>,
    /// Its seed.
    pub(crate) seed: [u8; 32],
    /// The ticket of its newest reply.
    pub(crate) ticket: Option<String>,
    /// Its store and what runs over it.
    pub(crate) device: engine::device::Device<MemoryLog, MemoryIndex>,
    /// Orders of its crew that nobody has begun, as of its last look.
    folios: Vec<String>,
    acts: u64,
    visits: u64,
    started: std::time::Instant,
}

/// An own entry as the device knows it.
pub(crate) struct OwnEntry {
    pub(crate) seq: u64,
    pub(crate) hash: Option<Hash>,
    pub(crate) receipt: Option<Receipt>,
}

impl Device {
    /// A phone that is not enrolled yet. `run` keeps the keys of two runs apart.
    pub(crate) fn new(name: &str, role: Role, crew: Option<&str>, run: u64) -> anyhow::Result<Self> {
        let seed = Hash::tagged("cuadrilla/load-seed/v1", &[&run.to_be_bytes(), name.as_bytes()]).0;
        let (store, _) = Memory::new().open()?;
        Ok(Self {
            name: name.to_owned(),
            role,
            crew: crew.map(String::from),
            seed,
            ticket: None,
            device: engine::device::Device::open(store, &mut |_| {})?,
            folios: Vec::new(),
            acts: 0,
            visits: 0,
            started: std::time::Instant::now(),
        })
    }

    /// Its key.
    pub(crate) fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.seed)
    }

    fn moment(&mut self) -> Clocks {
        self.acts += 1;
        let entropy = Hash::tagged("cuadrilla/load-draw/v1", &[&self.seed, &self.acts.to_be_bytes()]).0;
        let monotonic_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Clocks { now_ms: now_ms(), boot: BootId([7; 8]), monotonic_ms, entropy }
    }

    /// Lets `act` use the replica; what it wrote is kept only if it succeeds.
    pub(crate) fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        let moment = self.moment();
        let (answer, unsaved) = self.device.act(moment, act)?;
        let kept = self.device.append(unsaved).and_then(|saved| self.device.apply(saved, &mut |_| {}));
        kept.map_err(|error| ReplicaError::Index(error.to_string()))?;
        Ok(answer)
    }

    /// Its id, once it has one.
    pub(crate) fn id(&self) -> Option<DeviceId> {
        let identity = IDENTITY.read(&self.device.store().rows()).ok()?;
        identity.map(|identity| identity.device)
    }

    /// How far it has read each scope.
    pub(crate) fn cursors(&self) -> anyhow::Result<Vec<(Scope, u64)>> {
        let rows = self.device.store().rows();
        let shown = GENERATIONS.read_or_default(&rows)?.shown;
        let cursors: Option<BTreeMap<Scope, u64>> = read(&Layer::mirror(&rows, shown), &keyspace::cursors())?;
        Ok(cursors.unwrap_or_default().into_iter().collect())
    }

    /// Looks which orders of its crew nobody has begun.
    pub(crate) fn look(&mut self) -> Result<usize, ReplicaError> {
        let filter = Filter { status: Some("assigned".into()), crew: self.crew.clone(), locality: None };
        let list = self.act(|replica| Ok(replica.view().order_list(&filter)?))?;
        self.folios = list.into_iter().map(|order| order.folio).collect();
        Ok(self.folios.len())
    }

    /// One visit, six changes: on an order that waits, or on one made on the spot where none does.
    pub(crate) fn visit(&mut self, pick: u64) -> Result<(), ReplicaError> {
        self.visits += 1;
        let turn = self.visits;
        while !self.folios.is_empty() {
            let index = usize::try_from(pick).unwrap_or(0) % self.folios.len();
            let folio = self.folios.swap_remove(index);
            match self.act(|replica| work(replica, &folio, turn, true)) {
                // Another device of the crew was there first.
                Err(ReplicaError::Step { .. }) => {}
                done => return done,
            }
        }
        self.act(|replica| {
            let new = NewOrder { kind: "leak_repair".into(), ..NewOrder::default() };
            let made = replica.order_new(&new)?;
            work(replica, &made.folio, turn, false)
        })
    }

    /// One visit to an order that was just made: six changes.
    pub(crate) fn work(&mut self, folio: &str) -> Result<(), ReplicaError> {
        self.act(|replica| work(replica, folio, 1, true))
    }

    /// One of the orders that wait.
    pub(crate) fn waiting(&self, pick: u64) -> Option<String> {
        let at = usize::try_from(pick >> 32).unwrap_or(0) % self.folios.len().max(1);
        self.folios.get(at).cloned()
    }

    /// Says what a leak came from: both crews and dispatch may.
    pub(crate) fn set_cause(&mut self, folio: &str, cause: &str) -> Result<(), ReplicaError> {
        self.act(|replica| replica.set(folio, "cause", cause))
    }

    /// All own entries, with what the server said of each.
    pub(crate) fn own_entries(&self) -> Result<Vec<OwnEntry>, RowsError> {
        let Some(device) = self.id() else { return Ok(Vec::new()) };
        let below = self.device.store().rows();
        let mut found = Vec::new();
        for seq in 1.. {
            let rows = Merged::shown(&below)?;
            let Some(row) = read::<EntryRow>(&rows, &keyspace::entry(&device, seq))? else { break };
            found.push(OwnEntry { seq, hash: row.hash, receipt: row.receipt });
        }
        Ok(found)
    }
}

/// The changes of a visit: start, two readings, a material, a note, finish; an order just made needs no material.
fn work(replica: &mut Replica<'_>, folio: &str, turn: u64, with_material: bool) -> Result<(), ReplicaError> {
    replica.step(folio, "start", None)?;
    replica.measure(folio, "flow", &format!("{}.{}", 3 + turn % 9, turn % 10), "L/s", None, None)?;
    replica.measure(folio, "pressure", &format!("{}", 180 + turn % 60), "kPa", None, None)?;
    if with_material {
        replica.use_material(folio, "TUBO-PVC-2", "3", "m")?;
    }
    let state = ["bien", "con fuga leve", "pendiente de rellenar"][usize::try_from(turn % 3).unwrap_or(0)];
    replica.note(folio, &format!("Visita {turn}: se revisó el tramo {} y quedó {state}", turn * 7 % 53))?;
    replica.step(folio, "finish", None).map(drop)
}

/// The wall clock.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
