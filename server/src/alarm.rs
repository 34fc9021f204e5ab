//! Alarm: what the server had to turn away or cut off, as a count for each kind and now and then one line in the log.
//!
//! An attack raises thousands a second. Each is counted; a kind is logged once a minute, with how many there were.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::config::ALARM_EVERY;

/// A kind of alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// A body arrived too slowly.
    SlowBody,
    /// A body was cut off to make room for others.
    BodyRoom,
    /// A connection that had not proven itself was closed to make room.
    Evicted,
    /// No connection could be closed to make room for a new one.
    ConnectionsFull,
    /// A device's oldest connection was closed because it opened more than its share.
    DeviceConnections,
    /// A peer did not read what was sent to it.
    NeverReads,
    /// A connection was open for its whole life.
    OldConnection,
    /// A ticket that this server did not make, or that is too old.
    Ticket,
    /// A device opened more event streams than it may.
    Streams,
    /// No more answers about the public log can be made now.
    PublicFull,
    /// One address read more of the public log than its share.
    PublicPeer,
    /// No more signatures of strangers can be checked now.
    StrangersFull,
    /// A device asked for more at once than its share.
    DeviceBusy,
    /// Devices are turned away: there is no place, or the writer's queue is full.
    DevicesFull,
    /// A device used up its budget of work.
    DeviceBudget,
    /// The witness did not answer.
    WitnessAway,
    /// The witness did not cosign the day's checkpoint.
    WitnessRefused,
}

impl Alarm {
    /// Every kind, so that each has a count from the start.
    pub const ALL: [Self; 17] = [
        Self::SlowBody,
        Self::BodyRoom,
        Self::Evicted,
        Self::ConnectionsFull,
        Self::DeviceConnections,
        Self::NeverReads,
        Self::OldConnection,
        Self::Ticket,
        Self::Streams,
        Self::PublicFull,
        Self::PublicPeer,
        Self::StrangersFull,
        Self::DeviceBusy,
        Self::DevicesFull,
        Self::DeviceBudget,
        Self::WitnessAway,
        Self::WitnessRefused,
    ];

    /// Its stable name, in metrics and log.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowBody => "slow_body",
            Self::BodyRoom => "body_room",
            Self::Evicted => "evicted",
            Self::ConnectionsFull => "connections_full",
            Self::DeviceConnections => "device_connections",
            Self::NeverReads => "never_reads",
            Self::OldConnection => "old_connection",
            Self::Ticket => "ticket",
            Self::Streams => "streams",
            Self::PublicFull => "public_full",
            Self::PublicPeer => "public_peer",
            Self::StrangersFull => "strangers_full",
            Self::DeviceBusy => "device_busy",
            Self::DevicesFull => "devices_full",
            Self::DeviceBudget => "device_budget",
            Self::WitnessAway => "witness_away",
            Self::WitnessRefused => "witness_refused",
        }
    }
}

/// Label of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlarmLabel {
    kind: &'static str,
}

/// When a kind was logged last, and how often it came since.
#[derive(Debug, Clone, Copy)]
struct Said {
    at: Instant,
    since: u64,
}

/// All alarms.
#[derive(Debug, Default)]
pub struct Alarms {
    counts: Family<AlarmLabel, Counter>,
    said: Mutex<HashMap<Alarm, Said>>,
}

impl Alarms {
    /// Adds the counts to what a scraper reads.
    pub fn register(&self, registry: &mut Registry) {
        for kind in Alarm::ALL {
            self.counter(kind);
        }
        registry.register("alarms", "What was turned away or cut off, by kind", self.counts.clone());
    }

    fn counter(&self, kind: Alarm) -> Counter {
        self.counts.get_or_create(&AlarmLabel { kind: kind.name() }).clone()
    }

    /// Counts one, and logs it if none of its kind was logged in the last minute. `peer` is the address that caused it.
    pub fn raise(&self, kind: Alarm, peer: Option<IpAddr>) {
        self.counter(kind).inc();
        if let Some(count) = self.is_due(kind, Instant::now()) {
            let peer = peer.map(|peer| peer.to_string()).unwrap_or_default();
            tracing::warn!(alarm = kind.name(), count, peer, "alarm");
        }
    }

    /// Returns how often a kind was raised.
    pub fn count(&self, kind: Alarm) -> u64 {
        self.counter(kind).get()
    }

    /// Returns how many there were since the last line, if it is time for another.
    fn is_due(&self, kind: Alarm, now: Instant) -> Option<u64> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = said.get_mut(&kind) else {
            said.insert(kind, Said { at: now, since: 0 });
            return Some(1);
        };
        last.since += 1;
        if now.saturating_duration_since(last.at) < ALARM_EVERY {
            return None;
        }
        let count = last.since;
        *last = Said { at: now, since: 0 };
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALARM_EVERY, Alarm, Alarms};
    use std::collections::BTreeSet;
    use std::time::Instant;

    #[test]
    fn a_flood_is_counted_and_logged_once_a_minute() {
        let (alarms, start) = (Alarms::default(), Instant::now());
        assert_eq!(alarms.is_due(Alarm::SlowBody, start), Some(1));
        for _ in 0..10_000 {
            assert_eq!(alarms.is_due(Alarm::SlowBody, start), None);
        }
        assert_eq!(alarms.is_due(Alarm::Evicted, start), Some(1), "another kind is not concerned");
        assert_eq!(alarms.is_due(Alarm::SlowBody, start + ALARM_EVERY), Some(10_001));
        assert_eq!(alarms.is_due(Alarm::SlowBody, start + ALARM_EVERY), None);
    }

    #[test]
    fn each_kind_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Alarm::ALL.into_iter().map(Alarm::name).collect();
        assert_eq!(names.len(), Alarm::ALL.len());
    }
}
