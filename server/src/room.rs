//! Room: bytes of bodies that are held while they arrive, bounded in all and for each address or device. Where there
//! is no room, a body of the one that holds the most is cut off: the one that held most bytes for the longest time.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

/// Room for bodies of many owners.
#[derive(Debug)]
pub struct Room<K> {
    bytes_max: usize,
    owner_bytes_max: usize,
    kept: Mutex<Kept<K>>,
}

#[derive(Debug)]
struct Kept<K> {
    next: u64,
    bytes: usize,
    owners: HashMap<K, usize>,
    bodies: BTreeMap<u64, Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    owner: K,
    bytes: usize,
    since: Instant,
    /// Dropped with it: the reader hears that it was cut off.
    _cut: oneshot::Sender<()>,
}

/// The room that one body takes; free again when this is dropped.
#[derive(Debug)]
pub struct Share<K: Copy + Eq + Hash> {
    room: Arc<Room<K>>,
    id: u64,
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.room.kept().remove(self.id);
    }
}

/// There is no room, and no other body to cut off for it.
#[derive(Debug, PartialEq, Eq)]
pub struct NoRoom;

impl<K: Copy + Eq + Hash> Room<K> {
    /// Returns empty room.
    pub fn new(bytes_max: usize, owner_bytes_max: usize) -> Arc<Self> {
        let kept = Kept { next: 0, bytes: 0, owners: HashMap::new(), bodies: BTreeMap::new() };
        Arc::new(Self { bytes_max, owner_bytes_max, kept: Mutex::new(kept) })
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the share of a body that begins, and what says that it was cut off.
    pub fn begin(self: &Arc<Self>, owner: K) -> (Share<K>, oneshot::Receiver<()>) {
        let (cut, is_cut) = oneshot::channel();
        let mut kept = self.kept();
        let id = kept.next;
        kept.next += 1;
        kept.bodies.insert(id, Held { owner, bytes: 0, since: Instant::now(), _cut: cut });
        (Share { room: Arc::clone(self), id }, is_cut)
    }

    /// Returns how many bytes are held.
    pub fn bytes(&self) -> usize {
        self.kept().bytes
    }
}

impl<K: Copy + Eq + Hash> Share<K> {
    /// Takes `more` bytes. Returns how many other bodies were cut off for them.
    ///
    /// # Errors
    /// [`NoRoom`] if there is none, or if this body was cut off itself.
    pub fn take(&self, more: usize) -> Result<usize, NoRoom> {
        let room = &self.room;
        let mut kept = room.kept();
        let owner = kept.bodies.get(&self.id).ok_or(NoRoom)?.owner;
        let mut cut = 0;
        loop {
            let of_owner = kept.owners.get(&owner).copied().unwrap_or(0);
            let from = if of_owner + more > room.owner_bytes_max {
                Some(owner)
            } else if kept.bytes + more > room.bytes_max {
                kept.owners.iter().max_by_key(|(_, bytes)| **bytes).map(|(owner, _)| *owner)
            } else {
                break;
            };
            let victim = from.and_then(|from| kept.victim(from, self.id)).ok_or(NoRoom)?;
            kept.remove(victim);
            cut += 1;
        }
        kept.bytes += more;
        *kept.owners.entry(owner).or_default() += more;
        if let Some(held) = kept.bodies.get_mut(&self.id) {
            held.bytes += more;
        }
        Ok(cut)
    }
}

impl<K: Copy + Eq + Hash> Kept<K> {
    fn remove(&mut self, id: u64) {
        let Some(held) = self.bodies.remove(&id) else { return };
        self.bytes = self.bytes.saturating_sub(held.bytes);
        if let Some(bytes) = self.owners.get_mut(&held.owner) {
            *bytes = bytes.saturating_sub(held.bytes);
            if *bytes == 0 {
                self.owners.remove(&held.owner);
            }
        }
    }

    /// The body of an owner that has used the most room for the longest time, but not `asking` itself.
    fn victim(&self, owner: K, asking: u64) -> Option<u64> {
        let others =
            self.bodies.iter().filter(|(id, held)| **id != asking && held.owner == owner && held.bytes > 0);
        let rent = |held: &Held<K>| held.bytes as u128 * held.since.elapsed().as_micros().max(1);
        others.max_by_key(|(_, held)| rent(held)).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoRoom, Room};

    #[test]
    fn one_owner_fills_its_own_share_and_then_cuts_its_own_bodies() {
        let room = Room::new(100, 60);
        let (first, mut first_cut) = room.begin(1);
        let (second, mut second_cut) = room.begin(1);
        let (other, mut other_cut) = room.begin(2);
        assert_eq!((first.take(40), second.take(10), other.take(10)), (Ok(0), Ok(0), Ok(0)));
        assert_eq!(second.take(20), Ok(1), "the large one goes");
        assert!(first_cut.try_recv().is_err() && first.take(1) == Err(NoRoom));
        assert_eq!(room.bytes(), 40);
        assert_eq!(second.take(40), Err(NoRoom), "alone it may not have more than its share");
        assert_eq!(room.bytes(), 40);
        drop((first, second));
        assert_eq!(room.bytes(), 10);
        let empty = tokio::sync::oneshot::error::TryRecvError::Empty;
        assert_eq!(other_cut.try_recv(), Err(empty));
        drop(other);
        assert_eq!(room.bytes(), 0);
        assert!(second_cut.try_recv().is_err());
    }

    #[test]
    fn the_owner_with_the_most_makes_room_for_others() {
        let room = Room::new(100, 60);
        let held: Vec<_> = (0..3).map(|_| room.begin(9)).collect();
        for (share, _) in &held {
            assert_eq!(share.take(20), Ok(0));
        }
        let (crew, _cut) = room.begin(1);
        let (other, _cut) = room.begin(2);
        assert_eq!((other.take(30), crew.take(40)), (Ok(0), Ok(2)));
        assert_eq!(room.bytes(), 90);
    }
}
