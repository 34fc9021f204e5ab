//! Throttle: how much a stranger may try and a device may ask for. Token buckets in memory; a restart fills them.
//!
//! A request is let in while its bucket holds a unit and is charged once its cost is known, so a bucket may go into
//! debt by one request; then the answer says how long to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sync_core::hub::{Admitted, Checked};
use sync_core::id::DeviceId;
use sync_core::limits::SEGMENT_ENTRIES_MAX;

use crate::config::{BUCKETS_MAX, Config, STREAM_OPENINGS, WAIT_S_MAX};
use crate::problem::Problem;

/// A unit has this many parts, so that every rate adds whole parts each millisecond.
const PARTS: i64 = 60_000;

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    units_max: i64,
    units_per_min: i64,
}

impl Rate {
    fn new(units_max: u64, units_per_min: u64) -> Self {
        // Config keeps both far below what could overflow.
        let whole = |units: u64| i64::try_from(units).unwrap_or(i64::MAX / PARTS);
        Self { units_max: whole(units_max), units_per_min: whole(units_per_min) }
    }

    fn parts_max(self) -> i64 {
        self.units_max.saturating_mul(PARTS)
    }
}

#[derive(Debug)]
struct Bucket {
    parts: i64,
    at: Instant,
}

impl Bucket {
    fn fill(&mut self, rate: Rate, now: Instant) {
        let ms = i64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(i64::MAX);
        if ms > 0 {
            let more = ms.saturating_mul(rate.units_per_min);
            self.parts = self.parts.saturating_add(more).min(rate.parts_max());
            self.at = now;
        }
    }

    /// Seconds until it holds a unit, if it holds none.
    fn wait_s(&self, rate: Rate) -> Option<u32> {
        if self.parts >= PARTS {
            return None;
        }
        let parts_per_s = rate.units_per_min.max(1).saturating_mul(1_000);
        let seconds = (PARTS - self.parts).saturating_add(parts_per_s - 1) / parts_per_s;
        Some(u32::try_from(seconds).unwrap_or(WAIT_S_MAX).min(WAIT_S_MAX))
    }
}

/// A bucket for each of many.
#[derive(Debug)]
struct Buckets<K> {
    rate: Rate,
    kept: Mutex<HashMap<K, Bucket>>,
}

impl<K: Copy + Eq + std::hash::Hash> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, kept: Mutex::default() }
    }

    /// Lets one more in, or answers how many seconds to wait.
    fn let_in(&self, key: K, now: Instant) -> Result<(), u32> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = kept.get_mut(&key) else { return Ok(()) };
        bucket.fill(self.rate, now);
        bucket.wait_s(self.rate).map_or(Ok(()), Err)
    }

    /// Takes `units`, or gives them back if they are negative.
    fn charge(&self, key: K, units: i64, now: Instant) {
        let rate = self.rate;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= BUCKETS_MAX && !kept.contains_key(&key) {
            kept.retain(|_, bucket| {
                bucket.fill(rate, now);
                bucket.parts < rate.parts_max()
            });
            // All of them in use: this one goes uncounted, and what all together may do still holds.
            if kept.len() >= BUCKETS_MAX {
                return;
            }
        }
        let bucket = kept.entry(key).or_insert(Bucket { parts: rate.parts_max(), at: now });
        bucket.fill(rate, now);
        bucket.parts = bucket.parts.saturating_sub(units.saturating_mul(PARTS)).min(rate.parts_max());
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Throttle {
    codes_by_peer: Buckets<IpAddr>,
    codes: Buckets<()>,
    devices: Buckets<DeviceId>,
    streams: Buckets<DeviceId>,
    public_by_home: Buckets<IpAddr>,
}

impl Throttle {
    /// Full buckets.
    pub fn new(config: &Config) -> Self {
        let per_s = config.device_units_per_s.saturating_mul(60);
        let openings = STREAM_OPENINGS.saturating_mul(config.device_streams_max as u64);
        Self {
            codes_by_peer: Buckets::new(Rate::new(config.enrol_tries_max, config.enrol_tries_per_min)),
            codes: Buckets::new(Rate::new(config.enrol_all_tries_max, config.enrol_all_tries_per_min)),
            devices: Buckets::new(Rate::new(config.device_units_max, per_s)),
            streams: Buckets::new(Rate::new(openings, openings)),
            public_by_home: Buckets::new(Rate::new(config.public_reads_max, config.public_reads_per_min)),
        }
    }

    /// Counts an attempt to enrol, before anything of it is read.
    ///
    /// # Errors
    /// `too_many`, with how long to wait.
    pub fn try_code(&self, peer: IpAddr) -> Result<(), Problem> {
        let now = Instant::now();
        let let_in = self.codes_by_peer.let_in(peer, now).and_then(|()| self.codes.let_in((), now));
        let_in.map_err(|seconds| {
            Problem::wait("too_many", "too many attempts to enrol from this address, or in all", seconds)
        })?;
        self.codes_by_peer.charge(peer, 1, now);
        self.codes.charge((), 1, now);
        Ok(())
    }

    /// Gives the attempt back: the code was good.
    pub fn good_code(&self, peer: IpAddr) {
        let now = Instant::now();
        self.codes_by_peer.charge(peer, -1, now);
        self.codes.charge((), -1, now);
    }

    /// Lets a device's request in, once it is known to be its own and before its entries are looked at.
    ///
    /// # Errors
    /// `budget`, with how long to wait.
    pub fn let_device_in(&self, device: DeviceId) -> Result<(), Problem> {
        self.devices.let_in(device, Instant::now()).map_err(|seconds| {
            Problem::wait("budget", "this device asked for more work than its share just now", seconds)
        })
    }

    /// Counts an event stream that a device opens.
    ///
    /// # Errors
    /// `streams`, with how long to wait.
    pub fn open_stream(&self, device: DeviceId) -> Result<(), Problem> {
        let now = Instant::now();
        self.streams.let_in(device, now).map_err(|seconds| {
            Problem::wait("streams", "this device opened too many event streams just now", seconds)
        })?;
        self.streams.charge(device, 1, now);
        Ok(())
    }

    /// Counts a read of the public log.
    ///
    /// # Errors
    /// `too_many_reads`, with how long to wait.
    pub fn read_public(&self, home: IpAddr) -> Result<(), Problem> {
        let now = Instant::now();
        self.public_by_home.let_in(home, now).map_err(|seconds| {
            Problem::wait(
                "too_many_reads",
                "this address read more of the public log than its share",
                seconds,
            )
        })?;
        self.public_by_home.charge(home, 1, now);
        Ok(())
    }

    /// Charges a device.
    pub fn charge(&self, device: DeviceId, work: Effort) {
        self.devices.charge(device, work.units(), Instant::now());
    }
}

/// What a request costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Entries to judge, and signatures' worth of chain.
    pub entries: usize,
    /// Operations in them.
    pub operations: usize,
    /// Bytes of message, before compression, either way.
    pub bytes: usize,
    /// Bytes of index rows that were read and written for it.
    pub row_bytes: u64,
}

impl Effort {
    /// Of entries that do not hold together. Finding out may have taken as much as judging the largest segment, and no
    /// device of ours sends such.
    pub const FORGED: Self = Self { entries: SEGMENT_ENTRIES_MAX, operations: 0, bytes: 0, row_bytes: 0 };

    /// Of reading a request.
    pub fn asked(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// Of judging what it brings.
    pub fn brought(checked: &Checked) -> Self {
        Self { entries: checked.entries(), operations: checked.operations(), ..Self::default() }
    }

    /// Of what judging it took, as it turned out: a small request may name much.
    pub fn took(admitted: &Admitted) -> Self {
        Self { row_bytes: admitted.row_bytes, ..Self::default() }
    }

    /// One unit is a request, an entry, 8 operations, 1 KiB of message or 4 KiB of rows: some 20 microseconds of one core
    /// each.
    fn units(self) -> i64 {
        let units = 1 + self.entries + self.operations / 8 + self.bytes / 1024;
        let units = (units as u64).saturating_add(self.row_bytes / 4096);
        i64::try_from(units).unwrap_or(i64::MAX / PARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Effort, PARTS, Rate, Throttle};
    use crate::config::Config;
    use std::time::{Duration, Instant};
    use sync_core::id::DeviceId;

    #[test]
    fn a_bucket_empties_says_how_long_and_fills_again() {
        let buckets = Buckets::new(Rate::new(3, 60));
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.let_in(1, start), Ok(()));
            buckets.charge(1, 1, start);
        }
        assert_eq!(buckets.let_in(1, start), Err(1));
        assert_eq!(buckets.let_in(2, start), Ok(()), "others are not concerned");
        assert_eq!(buckets.let_in(1, start + Duration::from_millis(999)), Err(1));
        let later = start + Duration::from_secs(1);
        assert_eq!(buckets.let_in(1, later), Ok(()));
        buckets.charge(1, 10, later);
        assert_eq!(buckets.let_in(1, later), Err(10), "in debt");
        assert_eq!(buckets.let_in(1, later + Duration::from_secs(10)), Ok(()));
        assert_eq!(buckets.let_in(1, start + Duration::from_secs(100_000)), Ok(()));
        assert_eq!(buckets.kept.lock().unwrap()[&1].parts, 3 * PARTS, "never more than full");
    }

    #[test]
    fn memory_is_bounded_and_full_buckets_go_first() {
        let buckets = Buckets::new(Rate::new(1, 1));
        let start = Instant::now();
        for key in 0..super::BUCKETS_MAX + 10 {
            buckets.charge(key, 1, start);
        }
        assert_eq!(buckets.kept.lock().unwrap().len(), super::BUCKETS_MAX);
        buckets.charge(usize::MAX, 1, start + Duration::from_secs(600));
        assert_eq!(buckets.kept.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_phone_with_forty_days_of_work_gets_through_at_once() {
        let throttle = Throttle::new(&Config::default());
        let device = DeviceId([1; 16]);
        // 200 entries a day, an import's worth of operations in each, and the news of a whole municipality.
        for _ in 0..40 {
            assert!(throttle.let_device_in(device).is_ok());
            throttle.charge(
                device,
                Effort { entries: 200, operations: 200 * 40, bytes: 200 * 400, row_bytes: 200 * 8_000 },
            );
            throttle.charge(device, Effort { bytes: 1024 * 1024, ..Effort::default() });
        }
        assert!(throttle.let_device_in(device).is_ok());
        throttle.charge(device, Effort { entries: 600_000, ..Effort::default() });
        let refused = throttle.let_device_in(device).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (429, "budget"));
        assert!(refused.retry_after_s.is_some_and(|wait| (1..=3_600).contains(&wait)));
    }
}
