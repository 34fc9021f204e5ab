//! Health: what readiness says. It is true while a device's request could be served, and only then; that strangers
//! are turned away changes nothing.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::config::{FULL_MS, STALL_MS};

/// What readiness is made of.
#[derive(Debug)]
pub struct Health {
    /// There is no room for more records; reading goes on.
    pub disk_full: AtomicBool,
    /// The store does not work and is being opened again; why.
    broken: Mutex<Option<String>>,
    /// A stop was asked for.
    pub stopping: AtomicBool,
    started: Instant,
    /// When the writer last finished something, in milliseconds since the start.
    beat_ms: AtomicU64,
    has_writer_ended: AtomicBool,
    /// Since when devices are turned away, in milliseconds since the start, and one more; 0 while they are not.
    full_since: AtomicU64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            disk_full: AtomicBool::new(false),
            broken: Mutex::default(),
            stopping: AtomicBool::new(false),
            started: Instant::now(),
            beat_ms: AtomicU64::new(0),
            has_writer_ended: AtomicBool::new(false),
            full_since: AtomicU64::new(0),
        }
    }
}

impl Health {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes that the store does not work, or works again.
    pub fn set_broken(&self, why: Option<String>) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    /// Notes that the writer finished something.
    pub fn beat(&self) {
        self.beat_ms.store(self.now_ms(), Relaxed);
    }

    /// Notes that the writer's thread has ended, however it did.
    pub fn note_writer_ended(&self) {
        self.has_writer_ended.store(true, Relaxed);
    }

    /// Notes that a device was turned away because there is no place for it.
    pub fn note_full(&self) {
        // Only the first one since a device was served counts.
        let _ = self.full_since.compare_exchange(0, self.now_ms().saturating_add(1), Relaxed, Relaxed);
    }

    /// Notes that a device found its place.
    pub fn note_room(&self) {
        if self.full_since.load(Relaxed) != 0 {
            self.full_since.store(0, Relaxed);
        }
    }

    /// Returns each condition for readiness, by name, and what is wrong with it.
    pub fn conditions(&self) -> [(&'static str, Option<String>); 5] {
        self.conditions_at(self.now_ms())
    }

    fn conditions_at(&self, now_ms: u64) -> [(&'static str, Option<String>); 5] {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let when = |is: &AtomicBool, why: &str| is.load(Relaxed).then(|| why.to_owned());
        [
            ("ledger", broken),
            ("disk", when(&self.disk_full, "no space left: new work is refused, reading goes on")),
            ("writer", self.writer(now_ms)),
            ("places", self.places(now_ms)),
            ("serving", when(&self.stopping, "the server is being stopped")),
        ]
    }

    fn writer(&self, now_ms: u64) -> Option<String> {
        if self.has_writer_ended.load(Relaxed) {
            return Some("the writer has ended: restart the server, its log says why".into());
        }
        let silent_ms = now_ms.saturating_sub(self.beat_ms.load(Relaxed));
        (silent_ms >= STALL_MS)
            .then(|| format!("the writer has been at one batch for {} s", silent_ms / 1_000))
    }

    fn places(&self, now_ms: u64) -> Option<String> {
        let since = self.full_since.load(Relaxed);
        let full_ms = now_ms.saturating_sub(since);
        (since > 0 && full_ms >= FULL_MS).then(|| {
            format!("devices have been turned away for {} s: there is no place for them", full_ms / 1_000)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FULL_MS, Health, STALL_MS};

    fn wrong(health: &Health, now_ms: u64) -> Vec<&'static str> {
        let conditions = health.conditions_at(now_ms);
        conditions.into_iter().filter_map(|(name, wrong)| wrong.map(|_| name)).collect()
    }

    #[test]
    fn a_writer_that_stands_still_or_has_ended_is_told() {
        let health = Health::default();
        assert_eq!(wrong(&health, STALL_MS - 1), [""; 0]);
        assert_eq!(wrong(&health, STALL_MS), ["writer"]);
        health.beat();
        assert_eq!(wrong(&health, STALL_MS - 1), [""; 0]);
        health.note_writer_ended();
        assert_eq!(wrong(&health, 0), ["writer"]);
    }

    #[test]
    fn devices_turned_away_for_long_are_told_and_one_that_is_served_ends_it() {
        let health = Health::default();
        health.note_full();
        health.note_full();
        assert_eq!(wrong(&health, FULL_MS - 1), [""; 0]);
        health.beat_ms.store(2 * FULL_MS, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(wrong(&health, 2 * FULL_MS), ["places"]);
        health.note_room();
        assert_eq!(wrong(&health, 2 * FULL_MS), [""; 0]);
    }
}
