//! Places: how many may be at something at once, in all and for each address or device.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many places.
#[derive(Debug)]
pub struct Places<K> {
    all_max: usize,
    owner_max: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    owners: HashMap<K, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// All are taken.
    All,
    /// The owner has its share.
    Owner,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Turn<K: Copy + Eq + Hash> {
    places: Arc<Places<K>>,
    owner: K,
    /// How many places were taken when it came: what may be ahead of it.
    pub ahead: usize,
}

impl<K: Copy + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        let left = taken.owners.get(&self.owner).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            taken.owners.remove(&self.owner);
        } else {
            taken.owners.insert(self.owner, left);
        }
    }
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// Returns `all_max` places, of which one owner may have `owner_max`.
    pub fn new(all_max: usize, owner_max: usize) -> Arc<Self> {
        Arc::new(Self { all_max, owner_max, taken: Mutex::new(Taken { all: 0, owners: HashMap::new() }) })
    }

    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a place for `owner`.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn enter(self: &Arc<Self>, owner: K) -> Result<Turn<K>, NoPlace> {
        let mut taken = self.taken();
        let of_owner = taken.owners.get(&owner).copied().unwrap_or(0);
        if of_owner >= self.owner_max {
            return Err(NoPlace::Owner);
        }
        if taken.all >= self.all_max {
            return Err(NoPlace::All);
        }
        let ahead = taken.all;
        taken.all += 1;
        taken.owners.insert(owner, of_owner + 1);
        Ok(Turn { places: Arc::clone(self), owner, ahead })
    }

    /// Returns how many places are taken.
    pub fn count(&self) -> usize {
        self.taken().all
    }
}

#[cfg(test)]
mod tests {
    use super::{NoPlace, Places};

    #[test]
    fn places_are_bounded_in_all_and_for_each_owner_and_free_again() {
        let places = Places::new(3, 2);
        let mut turns = vec![places.enter(9).unwrap(), places.enter(9).unwrap()];
        assert_eq!(places.enter(9).unwrap_err(), NoPlace::Owner);
        turns.push(places.enter(1).unwrap());
        assert_eq!(turns.iter().map(|turn| turn.ahead).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((places.enter(2).unwrap_err(), places.count()), (NoPlace::All, 3));
        turns.remove(0);
        assert!(places.enter(9).is_ok());
        drop(turns);
        assert_eq!((places.count(), places.taken().owners.len()), (0, 0));
    }
}
