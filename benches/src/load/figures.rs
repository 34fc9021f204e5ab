//! Figures: what a stretch of a run cost and brought, and how it is printed.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;

use super::audit::Found;
use super::child::{Server, Usage, usage};
use super::http::Wire;
use super::talk::Field;
use super::tally::{Counts, Purpose, percentile_ms};

/// A stretch that is under way.
pub(crate) struct Window {
    begun: Instant,
    server: Usage,
    own: Usage,
    metrics: BTreeMap<String, f64>,
}

/// What it came to.
pub(crate) struct Figures {
    /// How long it took.
    pub(crate) seconds: f64,
    /// What devices counted.
    pub(crate) counts: Counts,
    /// Processor seconds of the server.
    pub(crate) server_cpu_s: f64,
    /// Processor seconds of the load itself.
    pub(crate) own_cpu_s: f64,
    /// The server at the end.
    pub(crate) server: Usage,
    /// Its resident memory at the beginning, in KiB.
    pub(crate) rss_before_kib: u64,
    /// What the server's own counts grew by.
    pub(crate) grown: BTreeMap<String, f64>,
}

/// The server's own counts.
pub(crate) async fn metrics(field: &Field) -> anyhow::Result<BTreeMap<String, f64>> {
    let wire = Wire::open(field.address, None, 1).await;
    let mut wire = wire.map_err(|trouble| anyhow::anyhow!("no metrics: {trouble:?}"))?;
    let text = wire.get("/metrics").await.map_err(|trouble| anyhow::anyhow!("no metrics: {trouble:?}"))?;
    let number = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.trim_start_matches("cuadrilla_").to_owned(), value.parse().ok()?))
    };
    Ok(text.lines().filter(|line| !line.starts_with('#')).filter_map(number).collect())
}

impl Window {
    /// Begins; what was counted before is forgotten.
    pub(crate) async fn open(server: &Server, field: &Field) -> anyhow::Result<Self> {
        let metrics = metrics(field).await?;
        field.tally.take();
        Ok(Self { begun: Instant::now(), server: server.usage()?, own: usage("self")?, metrics })
    }

    /// Ends; `ended` says when, if that was earlier.
    pub(crate) async fn close(
        self,
        server: &Server,
        field: &Field,
        ended: Option<Instant>,
    ) -> anyhow::Result<Figures> {
        let seconds = ended.unwrap_or_else(Instant::now).duration_since(self.begun).as_secs_f64();
        let (now, own) = (server.usage()?, usage("self")?);
        let counts = field.tally.take();
        let mut grown = metrics(field).await.context("the server still answers")?;
        for (name, value) in &mut grown {
            *value -= self.metrics.get(name).copied().unwrap_or(0.0);
        }
        Ok(Figures {
            seconds,
            counts,
            server_cpu_s: now.cpu_s - self.server.cpu_s,
            own_cpu_s: own.cpu_s - self.own.cpu_s,
            rss_before_kib: self.server.rss_kib,
            server: now,
            grown,
        })
    }
}

impl Figures {
    fn grew(&self, name: &str) -> f64 {
        self.grown.get(name).copied().unwrap_or(0.0)
    }

    /// Entries that the server took in, whatever it thought of them.
    pub(crate) fn entries(&self) -> f64 {
        self.grew("entries_total{verdict=\"accepted\"}") + self.grew("entries_total{verdict=\"quarantined\"}")
    }

    /// Entries taken in, a second.
    pub(crate) fn rate(&self) -> f64 {
        self.entries() / self.seconds
    }

    /// The 99th percentile of the acknowledgement, in milliseconds.
    pub(crate) fn p99_ms(&self) -> f64 {
        let mut samples = self.counts.took_us.get(&Purpose::Push).cloned().unwrap_or_default();
        percentile_ms(&mut samples, 0.99)
    }

    /// Prints everything.
    pub(crate) fn print(&self, devices: usize) {
        let (entries, seconds) = (self.entries(), self.seconds);
        let requests = self.counts.answers as f64;
        line("seconds", &format!("{seconds:.1}"));
        line("entries taken in", &format!("{entries:.0}, {:.0} a second", entries / seconds));
        line("requests answered", &format!("{requests:.0}, {:.0} a second", requests / seconds));
        for (purpose, samples) in &self.counts.took_us {
            let mut samples = samples.clone();
            let mut at = |share| percentile_ms(&mut samples, share);
            let shown = [at(0.5), at(0.95), at(0.99), at(1.0)].map(|ms| format!("{ms:.1}")).join(" / ");
            let count = samples.len();
            line(&format!("{} p50/p95/p99/max", purpose.name()), &format!("{shown} ms ({count})"));
        }
        if let Some((p50, p99)) = self.server_ack_ms() {
            line("  within the server p50/p99", &format!("<= {p50:.0} / {p99:.0} ms (its histogram)"));
        }
        let (up, down) = (self.counts.up as f64, self.counts.down as f64);
        line("bytes of bodies up + down", &format!("{up:.0} + {down:.0}"));
        line("entries received by devices", &self.counts.pulled.to_string());
        line("news heard on streams", &self.counts.news.to_string());
        let share = |cpu: f64| format!("{cpu:.1} s, {:.0} % of a core", 100.0 * cpu / seconds);
        line("processor: server", &share(self.server_cpu_s));
        line("processor: load itself", &share(self.own_cpu_s));
        line("server processor an entry", &format!("{:.0} us", 1e6 * self.server_cpu_s / entries));
        let Usage { rss_kib, peak_kib, handles, threads, .. } = self.server;
        let before = self.rss_before_kib;
        line("server memory", &format!("{before} KiB before, {rss_kib} after, peak {peak_kib}"));
        line("  a device", &format!("{:.1} KiB", rss_kib as f64 / devices.max(1) as f64));
        line("server handles, threads", &format!("{handles}, {threads}"));
        let fsyncs = self.grew("ledger_fsyncs_total");
        line("fsyncs", &format!("{fsyncs:.0}, {:.3} an entry", fsyncs / entries));
        let commits = self.grew("batch_requests_count");
        line("requests a commit", &format!("{:.1}", self.grew("batch_requests_sum") / commits));
        let (rows, bytes) = (self.grew("index_rows_total"), self.grew("index_bytes_total"));
        line("index written an entry", &format!("{:.1} rows, {:.0} bytes", rows / entries, bytes / entries));
        line("ledger bytes an entry", &format!("{:.0}", self.grew("ledger_bytes_total") / entries));
        for (kind, count) in &self.counts.deeds {
            line(&format!("did: {kind}"), &count.to_string());
        }
        for (kind, count) in &self.counts.troubles {
            line(&format!("met: {kind}"), &count.to_string());
        }
        if self.counts.differs > 0 {
            line("replies with a scope that differed", &self.counts.differs.to_string());
        }
    }

    /// Upper bounds of the median and the 99th percentile by the server's own histogram, in milliseconds.
    fn server_ack_ms(&self) -> Option<(f64, f64)> {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for (name, count) in &self.grown {
            let Some(le) = name.strip_prefix("ack_seconds_bucket{le=\"") else { continue };
            let le = le.trim_end_matches("\"}");
            buckets.push((le.parse().unwrap_or(f64::INFINITY), *count));
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = buckets.last()?.1;
        let at =
            |share: f64| buckets.iter().find(|(_, count)| *count >= share * all).map(|(le, _)| le * 1_000.0);
        (all > 0.0).then_some((at(0.5)?, at(0.99)?))
    }
}

/// One line of a table.
pub(crate) fn line(what: &str, value: &str) {
    println!("  {what:<40} {value}");
}

/// A heading.
pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

/// What the audit found.
pub(crate) fn print_found(found: &Found, verified: u64) {
    let Found { ledger, of_devices, acknowledged, held } = found;
    line("check: `verify` proved", &format!("{verified} entries"));
    line(
        "check: acknowledged and in the ledger",
        &format!("{acknowledged} of {of_devices} ({held} held back)"),
    );
    line("check: lost, twice, or of nobody", &format!("0; the office wrote {}", ledger - of_devices));
}
