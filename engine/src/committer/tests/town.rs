//! Town: a municipality in memory for tests: a committer whose store fails on request, and devices that speak to it.

use std::sync::{Arc, Mutex};

use store::{
    FaultyIndex, FaultyLog, FaultyMemory, Index, IndexNotice, IndexReason, Memory, MemoryIndex, MemoryLines,
    MemoryLog, MemoryRowsHandle, Paged, Result, Store, Watermark,
};
use sync_core::crypto::SecretKey;
use sync_core::hub::{Admitted, Durable, Foundation, Hub, Quotas, found};
use sync_core::id::{BootId, DeviceId};
use sync_core::invitation::{LinkSecret, Opening};
use sync_core::limits::MESSAGE_BYTES_AIM;
use sync_core::log::act::Role;
use sync_core::log::line::Lines as _;
use sync_core::log::merkle;
use sync_core::log::verify::Verifier;
use sync_core::replica::NewInvitation;
use sync_core::replica::preview::Host;
use sync_core::replica::sync::request::Shape;
use sync_core::replica::{self, Clocks, Replica, ReplicaError};
use sync_core::rows::{Batch, Rows, RowsError, Visit};

use crate::committer::{Committer, Failed, Judged, Refusal, Request, Space, View, catch_up};
use crate::device::Device;

const SEED: [u8; 32] = [9; 32];
const NOW_MS: i64 = 1_795_000_000_000;

/// An index whose rows panic when a certain key is read.
pub struct TrapIndex {
    index: FaultyIndex<MemoryIndex>,
    trap: Trap,
}

/// The key that nobody may read.
pub type Trap = Arc<Mutex<Option<Vec<u8>>>>;

/// Rows that panic when a certain key is read.
#[derive(Clone)]
pub struct TrapRows {
    rows: MemoryRowsHandle,
    trap: Trap,
}

impl Rows for TrapRows {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, RowsError> {
        let is_trap = self.trap.lock().unwrap().as_deref() == Some(key);
        assert!(!is_trap, "a trap");
        self.rows.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> std::result::Result<(), RowsError> {
        self.rows.scan(prefix, from, visit)
    }
}

impl Index for TrapIndex {
    type Rows = TrapRows;

    fn rows(&self) -> TrapRows {
        TrapRows { rows: self.index.rows(), trap: Arc::clone(&self.trap) }
    }

    fn watermark(&self) -> Watermark {
        self.index.watermark()
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        self.index.apply(batch, watermark)
    }

    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        self.index.start_over(reason)
    }

    fn close(&mut self) -> Result<()> {
        self.index.close()
    }
}

type TownCommitter = Committer<FaultyLog<MemoryLog>, TrapIndex>;

/// What became of one request.
pub type Outcome = std::result::Result<Durable<Admitted>, Refusal>;

/// A municipality.
pub struct Town {
    pub memory: FaultyMemory,
    pub committer: TownCommitter,
    pub trap: Trap,
    pub space: Space,
    pub view: View<MemoryLines, Paged<TrapRows>>,
    pub hub: Hub,
}

fn open(memory: &FaultyMemory, trap: &Trap) -> TownCommitter {
    let (log, index) = memory.parts().unwrap();
    let (mut store, _) = Store::open(log, TrapIndex { index, trap: Arc::clone(trap) }, None).unwrap();
    catch_up(&mut store, &mut |_| {}).unwrap();
    Committer::open(store, SEED, Quotas::default()).unwrap()
}

impl Town {
    /// A founded municipality with two administrators' devices.
    pub fn new() -> (Self, [Phone; 2]) {
        let founded = found(&Foundation {
            municipality: 14_061,
            name: "Mezquitic",
            folio_prefix: "MZQ",
            utc_offset: sync_core::time::UtcOffset::usual(14_061),
            seed: &SEED,
            entropy: &[200; 64],
            now_ms: NOW_MS,
            has_code: false,
        });
        let memory = FaultyMemory::new();
        memory.open().unwrap().0.append(&founded.lines).unwrap();
        let trap = Trap::default();
        let committer = open(&memory, &trap);
        let (view, hub) = (committer.view(), committer.open_hub().unwrap());
        let mut town = Self { memory, committer, trap, space: Space::default(), view, hub };
        let mut one = Phone::new(1);
        one.enrol(&mut town, &founded.admin.secret);
        let invited = one.act(|replica| replica.invite(&NewInvitation::of(Role::Admin)));
        one.sync(&mut town);
        let mut other = Phone::new(2);
        other.enrol(&mut town, &invited.secrets.secret);
        (town, [one, other])
    }

    /// Drops the committer and opens the store again.
    pub fn reopen(&mut self) {
        // The old store must be gone before the new one opens.
        self.memory.crash(store::Crash { unconfirmed_records_kept: usize::MAX, ..store::Crash::default() });
        self.committer = open(&self.memory, &self.trap);
        self.view = self.committer.view();
    }

    /// Requests for the committer, checked against what readers see. Each ticket is the request's place.
    pub fn requests(&self, frames: &[Vec<u8>]) -> Vec<Request<usize>> {
        let check = |frame: &Vec<u8>| self.hub.check_sync(&self.view.rows, frame, NOW_MS).unwrap();
        (0..).zip(frames).map(|(ticket, frame)| Request { checked: check(frame), ticket }).collect()
    }

    pub fn judge(&mut self, frames: &[Vec<u8>]) -> Judged<usize> {
        let requests = self.requests(frames);
        self.committer.judge(requests, NOW_MS, self.space)
    }

    /// Takes a judged batch through its steps.
    pub fn finish(&mut self, judged: Judged<usize>) -> std::result::Result<Vec<Outcome>, Failed<usize>> {
        let kept = self.committer.append(judged, self.space)?;
        let published = self.committer.publish(kept);
        self.view = published.view;
        let tickets: Vec<usize> = published.answers.iter().map(|(ticket, _)| *ticket).collect();
        assert_eq!(tickets, (0..tickets.len()).collect::<Vec<_>>(), "answers come in the requests' order");
        self.committer.apply().unwrap();
        Ok(published.answers.into_iter().map(|(_, outcome)| outcome).collect())
    }

    pub fn batch(&mut self, frames: &[Vec<u8>]) -> Vec<Outcome> {
        let judged = self.judge(frames);
        self.finish(judged).unwrap()
    }

    pub fn end(&self) -> u64 {
        self.committer.store().end()
    }

    pub fn fsyncs(&self) -> u64 {
        self.committer.store().stats().fsyncs
    }

    /// All rows that readers see.
    pub fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        let visit = &mut |key: &[u8], value: &[u8]| {
            all.push((key.to_vec(), value.to_vec()));
            true
        };
        self.view.rows.scan(b"", b"", visit).unwrap();
        all
    }

    /// The ledger proves itself, and the rows that readers see belong to it.
    pub fn assert_consistent(&self) {
        assert_eq!(self.view.seq, self.view.lines.end() - 1, "the rows contain the whole ledger");
        let mut verifier = Verifier::default();
        for number in 1..self.view.lines.end() {
            verifier.take(number, &self.view.lines.line(number).unwrap()).unwrap();
        }
        let root = verifier.finish().unwrap().root;
        assert_eq!(merkle::root(&self.view.rows, self.view.seq), Ok(root));
    }

    pub fn reply(&self, admitted: &Durable<Admitted>) -> Vec<u8> {
        let View { rows, lines, seq } = &self.view;
        self.hub.reply(rows, lines, *seq, NOW_MS, admitted, "").unwrap()
    }
}

/// A device, run by the engine's other half.
pub struct Phone {
    pub device: Device<MemoryLog, MemoryIndex>,
    seed: [u8; 32],
    turns: u8,
}

impl Phone {
    fn new(number: u8) -> Self {
        let (store, _) = Memory::new().open().unwrap();
        let device = Device::open(store, &mut |_| {}).unwrap();
        Self { device, seed: [number; 32], turns: 0 }
    }

    pub fn clocks(&mut self) -> Clocks {
        self.turns += 1;
        let mut entropy = self.seed;
        entropy[0] = self.turns;
        let monotonic_ms = u64::from(self.turns);
        Clocks { now_ms: NOW_MS, boot: BootId([1; 8]), monotonic_ms, entropy }
    }

    pub fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Replica<'_>) -> std::result::Result<T, ReplicaError>,
    ) -> T {
        let clocks = self.clocks();
        let (answer, unsaved) = self.device.act(clocks, act).unwrap();
        let saved = self.device.append(unsaved).unwrap();
        self.device.apply(saved, &mut |_| {}).unwrap();
        answer
    }

    fn enrol(&mut self, town: &mut Town, secret: &LinkSecret) {
        let genesis = town.hub.genesis();
        let host = Host { municipality: genesis.municipality, name: genesis.name.clone(), key: genesis.key };
        let opening = Opening::of_secret(secret);
        let key = SecretKey::from_seed(&self.seed);
        let frame = self.act(|replica| {
            replica.enrol_start("http://hub", &host, opening, "tableta")?;
            Ok(replica.enrolment(&key.public())?.by(&key).into_draft()?.by(&key).into_frame())
        });
        let checked = town.hub.check_enrol(&town.view.rows, &frame, NOW_MS).unwrap();
        let judged = town.committer.judge(vec![Request { checked, ticket: 0 }], NOW_MS, town.space);
        let admitted = town.finish(judged).unwrap().remove(0).unwrap();
        let reply = town.reply(&admitted);
        self.act(|replica| replica.enrol_finish(&key.public(), &frame, &reply));
    }

    fn request(&mut self) -> replica::Request {
        let key = SecretKey::from_seed(&self.seed);
        let shape = Shape { aim_bytes: MESSAGE_BYTES_AIM, spell_out: false };
        self.act(|replica| {
            let own = replica.own_entries(shape)?.map(|own| own.by(&key));
            Ok(replica.request(own, shape, None, Vec::new())?.by(&key).into_request())
        })
    }

    /// The next request, with whatever was not sent.
    pub fn ask(&mut self) -> Vec<u8> {
        self.request().frame
    }

    /// One round trip.
    fn sync(&mut self, town: &mut Town) {
        let request = self.request();
        let admitted = town.batch(std::slice::from_ref(&request.frame)).remove(0).unwrap();
        let reply = town.reply(&admitted);
        self.act(|replica| replica.on_reply(&request, &reply));
    }

    /// A request that brings one entry.
    pub fn bring(&mut self) -> Vec<u8> {
        self.act(|replica| replica.invite(&NewInvitation::of(Role::Admin)));
        self.ask()
    }

    pub fn id(&mut self) -> DeviceId {
        let clocks = self.clocks();
        let id = self.device.read(clocks, |replica| Ok::<_, ReplicaError>(replica.identity()?.device));
        id.unwrap()
    }
}
