//! Connections: every open one, how far it has proven itself, and which goes when there is no room.
//!
//! ```text
//!  open ──► unproven ──a ticket, or a signature that holds──► device's ──a stream──► listener
//!             │                                                 │                       │
//!             └─ the first to go                                └─ the device's oldest  └─ the device's oldest
//! ```
//! No new connection is refused while one that has not proven itself can go instead. Of an address that holds a crowd of
//! these, else of all, the one goes that has sent the least, and among equals the oldest. One that has just arrived goes
//! last, because its request is still on the way; one whose whole request is here goes after it, because the server
//! itself lets it wait. So attackers push each other out, also where they and a crew share the address of a carrier:
//! the crew's request arrives at once, and proves itself.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sync_core::id::DeviceId;
use tokio::sync::{Notify, oneshot};

use crate::alarm::{Alarm, Alarms};
use crate::config::{CROWD, Config, NEWCOMER};

/// How much an unproven connection has sent: the number of binary digits of its bytes.
type Level = u32;
/// The level of one whose whole request is here, and that waits for the server.
const WAITS: Level = usize::BITS + 1;

/// How far a connection has proven itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unproven(Level),
    Device(DeviceId),
    Listener(DeviceId),
}

#[derive(Debug)]
struct Entry {
    home: IpAddr,
    since: Instant,
    standing: Standing,
    /// Dropped with the entry: the connection's task hears that it has to end.
    _cut: oneshot::Sender<()>,
}

/// How many there may be.
#[derive(Debug, Clone, Copy)]
struct Caps {
    all: usize,
    home: usize,
    crowd: usize,
    device: usize,
    streams: usize,
}

/// All open connections.
#[derive(Debug)]
pub struct Connections {
    caps: Caps,
    alarms: Arc<Alarms>,
    open: Mutex<Open>,
    /// Told when the last one ends.
    empty: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    entries: HashMap<u64, Entry>,
    /// All unproven ones, those first that have sent the least and are the oldest.
    unproven: BTreeSet<(Level, u64)>,
    /// The same of each address.
    homes: HashMap<IpAddr, BTreeSet<(Level, u64)>>,
    /// Addresses by how many unproven ones they hold.
    by_count: BTreeSet<(usize, IpAddr)>,
    devices: HashMap<DeviceId, VecDeque<u64>>,
    listeners: HashMap<DeviceId, VecDeque<u64>>,
}

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    handle: Handle,
}

impl Place {
    /// Returns what requests of this connection carry.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let all = &self.handle.all;
        let mut open = all.open();
        open.remove(self.handle.id);
        if open.entries.is_empty() {
            all.empty.notify_waiters();
        }
    }
}

/// What a request knows of its connection: an extension of each request.
#[derive(Debug, Clone)]
pub struct Handle {
    id: u64,
    all: Arc<Connections>,
}

impl Handle {
    /// Notes how many bytes of a body have arrived on it.
    pub fn received(&self, bytes: usize) {
        self.all.open().set_level(self.id, usize::BITS - bytes.leading_zeros());
    }

    /// Notes that its whole request is here, or that it is answered.
    pub fn waits(&self, is_here: bool) {
        self.all.open().set_level(self.id, if is_here { WAITS } else { 0 });
    }

    /// Notes that the device has proven that the connection is its own. Its oldest ones are closed beyond its share.
    pub fn proven(&self, device: DeviceId) {
        let cap = self.all.caps.device;
        let mut open = self.all.open();
        if open.entries.get(&self.id).is_none_or(|entry| entry.standing == Standing::Device(device)) {
            return;
        }
        open.set_standing(self.id, Standing::Device(device));
        let ids = open.devices.get(&device);
        let oldest = ids.filter(|ids| ids.len() > cap).and_then(VecDeque::front).copied();
        self.all.close(&mut open, oldest, Alarm::DeviceConnections);
    }

    /// Notes that the device listens on it. Its oldest stream is closed beyond its share.
    pub fn listens(&self, device: DeviceId) {
        let cap = self.all.caps.streams;
        let mut open = self.all.open();
        open.set_standing(self.id, Standing::Listener(device));
        let ids = open.listeners.get(&device);
        let oldest = ids.filter(|ids| ids.len() > cap).and_then(VecDeque::front).copied();
        self.all.close(&mut open, oldest, Alarm::Streams);
    }
}

impl Connections {
    /// Returns what keeps count under the limits of `config`. Behind a proxy all connections are the proxy's: those
    /// of one address or device are not counted apart then.
    pub fn new(config: &Config, alarms: Arc<Alarms>) -> Arc<Self> {
        let own = |cap: usize| if config.peer_header.is_empty() { cap } else { usize::MAX };
        let caps = Caps {
            all: config.connections_max,
            home: own(config.peer_connections_max),
            crowd: CROWD.min(config.connections_max / 2),
            device: own(config.device_connections_max),
            streams: config.device_streams_max,
        };
        Arc::new(Self { caps, alarms, open: Mutex::default(), empty: Notify::new() })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a place for a new connection from `home`, and what ends it. `None` if every other one has proven itself.
    pub fn enter(self: &Arc<Self>, home: IpAddr) -> Option<(Place, oneshot::Receiver<()>)> {
        let now = Instant::now();
        let mut open = self.open();
        if open.entries.len() >= self.caps.all {
            let victim = open.victim_of_all(self.caps.crowd, now);
            if victim.is_none() {
                drop(open);
                self.alarms.raise(Alarm::ConnectionsFull, Some(home));
                return None;
            }
            self.close(&mut open, victim, Alarm::Evicted);
        } else if open.homes.get(&home).is_some_and(|held| held.len() >= self.caps.home) {
            let victim = open.homes.get(&home).and_then(|held| open.victim(held, now));
            self.close(&mut open, victim, Alarm::Evicted);
        }
        let (cut, ended) = oneshot::channel();
        let id = open.insert(home, now, cut);
        drop(open);
        Some((Place { handle: Handle { id, all: Arc::clone(self) } }, ended))
    }

    /// Closes one that has not proven itself, because the system has no more handles. Returns whether there was one.
    pub fn make_room(&self) -> bool {
        let mut open = self.open();
        let victim = open.victim_of_all(self.caps.crowd, Instant::now());
        self.close(&mut open, victim, Alarm::Evicted)
    }

    fn close(&self, open: &mut Open, victim: Option<u64>, alarm: Alarm) -> bool {
        let closed = victim.and_then(|id| open.remove(id));
        if let Some(entry) = &closed {
            self.alarms.raise(alarm, Some(entry.home));
        }
        closed.is_some()
    }

    /// Returns how many are open.
    pub fn count(&self) -> usize {
        self.open().entries.len()
    }

    /// Returns how many are open and have not proven themselves.
    pub fn count_unproven(&self) -> usize {
        self.open().by_count.iter().map(|(count, _)| count).sum()
    }

    /// Returns once none is open.
    pub async fn wait_empty(&self) {
        loop {
            let told = self.empty.notified();
            if self.count() == 0 {
                return;
            }
            told.await;
        }
    }
}

impl Open {
    fn insert(&mut self, home: IpAddr, since: Instant, cut: oneshot::Sender<()>) -> u64 {
        let id = self.next;
        self.next += 1;
        self.entries.insert(id, Entry { home, since, standing: Standing::Unproven(0), _cut: cut });
        self.file(id, home, Standing::Unproven(0));
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.unfile(id, entry.home, entry.standing);
        Some(entry)
    }

    fn set_level(&mut self, id: u64, level: Level) {
        match self.entries.get(&id).map(|entry| entry.standing) {
            Some(Standing::Unproven(before)) if before != level => {
                self.set_standing(id, Standing::Unproven(level));
            }
            _ => {}
        }
    }

    fn set_standing(&mut self, id: u64, standing: Standing) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let before = std::mem::replace(&mut entry.standing, standing);
        let home = entry.home;
        self.unfile(id, home, before);
        self.file(id, home, standing);
    }

    fn file(&mut self, id: u64, home: IpAddr, standing: Standing) {
        match standing {
            Standing::Unproven(level) => {
                self.unproven.insert((level, id));
                self.recount(home, |held| held.insert((level, id)));
            }
            Standing::Device(device) => self.devices.entry(device).or_default().push_back(id),
            Standing::Listener(device) => self.listeners.entry(device).or_default().push_back(id),
        }
    }

    fn unfile(&mut self, id: u64, home: IpAddr, standing: Standing) {
        let (map, device) = match standing {
            Standing::Unproven(level) => {
                self.unproven.remove(&(level, id));
                return self.recount(home, |held| held.remove(&(level, id)));
            }
            Standing::Device(device) => (&mut self.devices, device),
            Standing::Listener(device) => (&mut self.listeners, device),
        };
        if let Some(ids) = map.get_mut(&device) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                map.remove(&device);
            }
        }
    }

    fn recount(&mut self, home: IpAddr, change: impl FnOnce(&mut BTreeSet<(Level, u64)>) -> bool) {
        let held = self.homes.entry(home).or_default();
        let before = held.len();
        change(held);
        let after = held.len();
        if after == 0 {
            self.homes.remove(&home);
        }
        self.by_count.remove(&(before, home));
        if after > 0 {
            self.by_count.insert((after, home));
        }
    }

    /// The unproven connection that goes first: one of the address with the most, if that holds a crowd.
    fn victim_of_all(&self, crowd: usize, now: Instant) -> Option<u64> {
        let crowd = self.by_count.last().filter(|(count, _)| *count > crowd);
        let held = crowd.and_then(|(_, home)| self.homes.get(home)).unwrap_or(&self.unproven);
        self.victim(held, now)
    }

    /// The one of these that goes first.
    fn victim(&self, held: &BTreeSet<(Level, u64)>, now: Instant) -> Option<u64> {
        let oldest_of = |level: Level| held.range((level, 0)..(level + 1, 0)).next().map(|(_, id)| *id);
        let is_settled = |id: &u64| {
            self.entries.get(id).is_some_and(|entry| now.saturating_duration_since(entry.since) >= NEWCOMER)
        };
        let oldest: Vec<u64> = (0..WAITS).filter_map(oldest_of).collect();
        let settled = oldest.iter().copied().find(is_settled);
        settled.or_else(|| oldest.into_iter().min()).or_else(|| oldest_of(WAITS))
    }
}

#[cfg(test)]
mod tests;
