//! Testing: a founded municipality in memory, and a device that speaks the wire without a replica.

use std::sync::Arc;

use engine::committer::Committer;
use store::{FaultyIndex, FaultyLog, FaultyMemory, MemoryIndex, MemoryLog};
use sync_core::crypto::SecretKey;
use sync_core::hub::{Foundation, Quotas, found};
use sync_core::id::{BootId, DeviceId, Epoch, Hash, PersonId, RecordId};
use sync_core::invitation::Opening;
use sync_core::log::act::Act;
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Anchor, Body, Entry, Header};
use sync_core::people::PeopleMark;
use sync_core::rows::MemoryRows;
use sync_core::state::refs::receiver;
use sync_core::wire::message::{EnrolRequest, Segment, SyncRequest, VERSION, seal_request};
use sync_core::wire::pack::{PackBody, PackItem, change_hashes, pack};
use tokio::sync::{mpsc, watch};

use crate::app_state::{AppState, Parts as StateParts, View};
use crate::clock::now_ms;
use crate::config::Config;
use crate::people::People;
use crate::start::catch_up;
use crate::writer::{OpenStore, Opened, Parts, Work, Writer};

/// The log key's seed of every test.
pub(crate) const SEED: [u8; 32] = [9; 32];
const MUNICIPALITY: u32 = 14061;

/// A founded ledger in memory and what opens its first invitation.
pub(crate) fn founded() -> (FaultyMemory, Opening) {
    let founded = found(&Foundation {
        municipality: MUNICIPALITY,
        name: "Mezquitic",
        folio_prefix: "MZQ",
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
        seed: &SEED,
        entropy: &[200; 64],
        has_code: false,
        now_ms: now_ms(),
    });
    let medium = FaultyMemory::new();
    let (mut store, _) = medium.open().unwrap();
    store.append(&founded.lines).unwrap();
    (medium, Opening::of_secret(&founded.admin.secret))
}

/// The log of every test.
pub(crate) type TestLog = FaultyLog<MemoryLog>;
/// The index of every test.
pub(crate) type TestIndex = FaultyIndex<MemoryIndex>;

/// Opens the store on a medium as the server does.
pub(crate) fn opener(medium: &FaultyMemory) -> OpenStore<TestLog, TestIndex> {
    let medium = medium.clone();
    Box::new(move || {
        let (mut store, notice) = medium.open()?;
        catch_up(&mut store)?;
        let is_rebuilt = notice.is_some();
        Ok(Opened { store, epoch_reason: notice.map(|notice| notice.reason.to_string()), is_rebuilt })
    })
}

/// A writer that runs nowhere yet, the shared state, and the other end of its queue.
pub(crate) fn writer(
    medium: &FaultyMemory,
) -> (Writer<TestLog, TestIndex>, Arc<AppState>, mpsc::Receiver<Work>) {
    let mut open = opener(medium);
    let Opened { store, .. } = open().unwrap();
    let committer = Committer::open(store, SEED, Quotas::default()).unwrap();
    let view = View::of(committer.view(), committer.open_hub().unwrap());
    let (work, incoming) = mpsc::channel(8);
    let (_, stop) = watch::channel(false);
    let app = Arc::new(AppState::new(StateParts {
        view,
        work,
        config: Config::default(),
        seed: SEED,
        data: None,
        people: People::default(),
        stop,
    }));
    let parts = Parts {
        app: Arc::clone(&app),
        committer,
        seed: SEED,
        open,
        free_bytes: Box::new(|| None),
        reserve_bytes: 0,
    };
    (Writer::new(parts), app, incoming)
}

/// A device with a chain of acts.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    /// What its key is made from.
    pub(crate) number: u8,
    /// The one it says it belongs to.
    pub(crate) municipality: u32,
    key: SecretKey,
    seq: u64,
    head: Hash,
    attempt: u64,
    newest: Option<Segment>,
}

impl Device {
    pub(crate) fn new(number: u8) -> Self {
        let key = SecretKey::from_seed(&[number; 32]);
        Self {
            id: key.public().device(),
            number,
            municipality: MUNICIPALITY,
            key,
            seq: 0,
            head: Hash::ZERO,
            attempt: 0,
            newest: None,
        }
    }

    /// The frame that enrols it.
    pub(crate) fn enrol(&mut self, opening: &Opening) -> Vec<u8> {
        let name = format!("tableta {}", self.id.short());
        let (office, opening) = (office(), Some(*opening));
        let act = Act::Enrol { office, opening, key: self.key.public(), name, continues: None };
        let own = self.segment(&[act]).unwrap();
        seal_request(&self.key, &EnrolRequest { version: VERSION, own })
    }

    /// The frame that pushes `acts`, under a new attempt.
    pub(crate) fn sync(&mut self, acts: &[Act]) -> Vec<u8> {
        let own = self.segment(acts);
        self.newest.clone_from(&own);
        self.request(own)
    }

    /// The newest push once more, under a new attempt: its answer got lost.
    pub(crate) fn again(&mut self) -> Vec<u8> {
        self.request(self.newest.clone())
    }

    fn request(&mut self, own: Option<Segment>) -> Vec<u8> {
        self.attempt += 1;
        let request = SyncRequest {
            version: VERSION,
            municipality: self.municipality,
            device: self.id,
            office: office(),
            attempt: self.attempt,
            written: self.seq,
            epoch: Epoch::ZERO,
            cursors: Vec::new(),
            aim_bytes: 256 * 1024,
            own,
            carried: Vec::new(),
            clock_ms: now_ms(),
            kept: Anchor::default(),
            evidence: String::new(),
            older: Vec::new(),
            placed: 0,
            one_by_one: false,
            about: None,
            people: PeopleMark::default(),
            named: Vec::new(),
        };
        seal_request(&self.key, &request)
    }

    fn segment(&mut self, acts: &[Act]) -> Option<Segment> {
        let prev: [u8; 8] = self.head.0[..8].try_into().unwrap();
        let items: Vec<PackItem> = acts.iter().map(|act| self.entry(act)).collect();
        let last = items.len().checked_sub(1)?;
        let mut items = items;
        items[last].signature = Some(sign_head(&self.key, &self.id, self.seq, &self.head));
        let rows = MemoryRows::default();
        let refs = receiver(&rows);
        let hashes = change_hashes(&items).unwrap();
        let pack = pack(&items, &hashes, &refs).unwrap();
        Some(Segment { device: self.id, prev, pack: pack.into() })
    }

    fn entry(&mut self, act: &Act) -> PackItem {
        self.seq += 1;
        let header = Header {
            municipality: MUNICIPALITY,
            device: self.id,
            seq: self.seq,
            record: RecordId::ZERO,
            person: PersonId([8; 16]),
            claimed_at_ms: 1_795_232_207_000,
            boot: BootId([1; 8]),
            monotonic_ms: self.seq,
            anchor: Anchor::default(),
        };
        let bytes = act.to_bytes();
        let entry = Entry { header: header.clone(), body: Body::Act(bytes.clone()) };
        self.head = entry.hash(&self.head);
        PackItem { header, body: PackBody::Act(bytes), receipt: None, signature: None }
    }
}

/// The office of every test.
fn office() -> DeviceId {
    SecretKey::from_seed(&SEED).public().device()
}

/// What opens the invitation that is called so.
pub(crate) fn opening(name: &str) -> Opening {
    Opening(Hash::tagged("test", &[name.as_bytes()]))
}

/// An act that an administrator may make: the invitation that is called so.
pub(crate) fn invitation(name: &str) -> Act {
    Act::Invite {
        code_lock: None,
        link_lock: opening(name).lock(),
        role: sync_core::log::act::Role::Crew,
        crew: Some("C-07".into()),
        localities: vec!["nostic".into()],
        until_ms: None,
    }
}
