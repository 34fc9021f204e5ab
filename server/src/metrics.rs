//! Metrics: counts and times for the operator, in Prometheus' text form. Never a name, an id or a content.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use store::Stats;

use crate::alarm::Alarms;

/// Labels of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// Label of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EntryLabels {
    verdict: &'static str,
}

/// Label of what waits or is open now.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NowLabels {
    what: &'static str,
}

/// All counts.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    entries: Family<EntryLabels, Counter>,
    appends: Counter,
    fsyncs: Counter,
    bytes_written: Counter,
    rows_written: Counter,
    row_bytes_written: Counter,
    /// Requests in one commit.
    batch_requests: Histogram,
    ack_seconds: Histogram,
    /// Requests that wait for the writer or are being committed.
    pub queue: Gauge,
    /// Devices that listen for news.
    pub events: Gauge,
    /// Times the index was rebuilt from the ledger.
    pub rebuilds: Counter,
    /// Panics caught.
    pub panics: Counter,
    /// Requests of which something was not taken because its author had filled its share of the ledger.
    pub over_quota: Counter,
    ledger_records: Gauge,
    cosigned_records: Gauge,
    cosigned_time: Gauge,
    now: Family<NowLabels, Gauge>,
    /// What was turned away or cut off.
    pub alarms: Arc<Alarms>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cuadrilla"),
            requests: Family::default(),
            entries: Family::default(),
            appends: Counter::default(),
            fsyncs: Counter::default(),
            bytes_written: Counter::default(),
            rows_written: Counter::default(),
            row_bytes_written: Counter::default(),
            batch_requests: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            ack_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 15)),
            queue: Gauge::default(),
            events: Gauge::default(),
            rebuilds: Counter::default(),
            panics: Counter::default(),
            over_quota: Counter::default(),
            ledger_records: Gauge::default(),
            cosigned_records: Gauge::default(),
            cosigned_time: Gauge::default(),
            now: Family::default(),
            alarms: Arc::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "HTTP requests by route and status", self.requests.clone());
        registry.register("entries", "Entries received by verdict", self.entries.clone());
        registry.register("ledger_appends", "Durable appends to the ledger", self.appends.clone());
        registry.register("ledger_fsyncs", "Times the disk was asked to make durable", self.fsyncs.clone());
        registry.register("ledger_bytes", "Bytes appended to the ledger", self.bytes_written.clone());
        registry.register("index_rows", "Keys written to the index", self.rows_written.clone());
        registry.register("index_bytes", "Bytes written to the index", self.row_bytes_written.clone());
        registry.register("ledger_records", "Records in the ledger", self.ledger_records.clone());
        let (records, time) = (self.cosigned_records.clone(), self.cosigned_time.clone());
        registry.register("witness_records", "Records in the newest cosigned checkpoint", records);
        registry.register("witness_time_seconds", "When the witness cosigned it, POSIX time; 0: never", time);
        registry.register("batch_requests", "Requests in one commit", self.batch_requests.clone());
        registry.register("ack_seconds", "From a whole request to its answer", self.ack_seconds.clone());
        registry.register("queue", "Requests at the writer", self.queue.clone());
        registry.register("events_connections", "Devices that listen for news", self.events.clone());
        registry.register("index_rebuilds", "Rebuilds of the index", self.rebuilds.clone());
        registry.register("over_quota", "Requests cut short by a quota", self.over_quota.clone());
        registry.register("panics", "Panics caught", self.panics.clone());
        registry.register("now", "What is open, held or waiting now", self.now.clone());
        self.alarms.register(registry);
    }

    /// The text that a scraper reads.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }

    /// Notes how many of something there are now.
    pub fn now(&self, what: &'static str, count: usize) {
        let gauge = self.now.get_or_create(&NowLabels { what });
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Notes the newest checkpoint that the witness cosigned.
    pub fn cosigned(&self, records: u64, time_s: u64) {
        self.cosigned_records.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.cosigned_time.set(i64::try_from(time_s).unwrap_or(i64::MAX));
    }

    /// Counts one request.
    pub fn request(&self, route: &str, status: u16) {
        self.requests.get_or_create(&RequestLabels { route: route.into(), status }).inc();
    }

    /// Counts entries of one verdict.
    pub fn entries(&self, verdict: &'static str, count: u64) {
        self.entries.get_or_create(&EntryLabels { verdict }).inc_by(count);
    }

    /// Counts one commit of `requests` requests.
    pub fn commit(&self, requests: usize) {
        self.batch_requests.observe(f64::from(u32::try_from(requests).unwrap_or(u32::MAX)));
    }

    /// Notes how long an acknowledgement took.
    pub fn ack(&self, took: Duration) {
        self.ack_seconds.observe(took.as_secs_f64());
    }

    /// Adds what the store did since `before`.
    pub fn store(&self, before: Stats, now: Stats, records: u64) {
        self.appends.inc_by(now.appends.saturating_sub(before.appends));
        self.fsyncs.inc_by(now.fsyncs.saturating_sub(before.fsyncs));
        self.bytes_written.inc_by(now.bytes_written.saturating_sub(before.bytes_written));
        self.rows_written.inc_by(now.rows_written.saturating_sub(before.rows_written));
        self.row_bytes_written.inc_by(now.row_bytes_written.saturating_sub(before.row_bytes_written));
        self.ledger_records.set(i64::try_from(records).unwrap_or(i64::MAX));
    }
}
