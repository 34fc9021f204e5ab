//! Measure: what one reconnect came to, and the middle one of several.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::proxy::{Counts, Proxy};

/// Between two looks whether the line is quiet.
const QUIET_POLL: Duration = Duration::from_millis(50);

/// What one reconnect came to.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Measured {
    /// From the first connection until both sides had everything, in seconds.
    pub connected_s: f64,
    /// The same from the start of the device's process.
    pub whole_s: f64,
    /// Bytes from the device and to it, until the line was quiet, heads and handshakes of the protocols included.
    pub up_bytes: u64,
    pub down_bytes: u64,
    /// Turns of the line, and connections.
    pub round_trips: u64,
    pub connections: u64,
    /// The server's processor time from the start of the device's process until the line was quiet.
    pub server_cpu_s: f64,
    /// The most memory the processes had, in KiB.
    pub server_kib: u64,
    pub device_kib: u64,
}

/// How a measurement ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Outcome {
    /// Both sides had everything, and every value was read on both.
    Converged(Box<Measured>),
    /// They had not, when the time was up: who lacked what.
    NotConverged { limit: Duration, who: String, so_far: Box<Measured> },
}

/// A cell of the table: a peer, a size, a delay.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    pub peer: String,
    pub orders: usize,
    pub delay_ms: u64,
    /// How many reconnects the outcome is the middle of.
    pub runs: usize,
    pub outcome: Outcome,
}

/// Returns the middle one by the time that was measured; one that did not converge stands for all.
pub fn middle(mut outcomes: Vec<Outcome>) -> anyhow::Result<Outcome> {
    let key = |outcome: &Outcome| match outcome {
        Outcome::Converged(measured) => measured.connected_s,
        Outcome::NotConverged { .. } => f64::INFINITY,
    };
    outcomes.sort_by(|one, other| key(one).total_cmp(&key(other)));
    let failed = outcomes.iter().position(|outcome| matches!(outcome, Outcome::NotConverged { .. }));
    let at = failed.unwrap_or(outcomes.len() / 2);
    outcomes.into_iter().nth(at).context("nothing was measured")
}

/// Adds a line to those that earlier runs kept.
pub fn keep(file: &Path, line: &Line) -> anyhow::Result<()> {
    let mut kept = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    writeln!(kept, "{}", serde_json::to_string(line)?).context("cannot keep what was measured")
}

/// Returns the newest line of each peer, size and delay that earlier runs kept.
pub fn kept(file: &Path) -> anyhow::Result<Vec<Line>> {
    let text = std::fs::read_to_string(file).context("nothing was kept: run with --keep first")?;
    let mut newest = BTreeMap::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line)?;
        newest.insert((line.peer.clone(), line.orders, line.delay_ms), line);
    }
    Ok(newest.into_values().collect())
}

/// Waits until nothing has passed for a while, at most until `until`. Returns what had passed.
pub fn quiet(proxy: &Proxy, still: Duration, until: Instant) -> Counts {
    loop {
        let counts = proxy.counts();
        let since = counts.last.or(counts.first).map_or(Duration::ZERO, |last| last.elapsed());
        if since >= still || Instant::now() >= until {
            return counts;
        }
        std::thread::sleep(QUIET_POLL);
    }
}

/// Returns a copy of a folder and all below it.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// Removes a folder and all below it, if it is there.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(connected_s: f64) -> Box<Measured> {
        Box::new(Measured {
            connected_s,
            whole_s: connected_s,
            up_bytes: 1,
            down_bytes: 1,
            round_trips: 1,
            connections: 1,
            server_cpu_s: 0.0,
            server_kib: 1,
            device_kib: 1,
        })
    }

    fn took(connected_s: f64) -> Outcome {
        Outcome::Converged(measured(connected_s))
    }

    #[test]
    fn the_newest_of_what_was_kept_counts() {
        let file = std::env::temp_dir().join(format!("cuadrilla-peers-kept-{}", std::process::id()));
        let line = |orders, connected_s| Line {
            peer: "samod".into(),
            orders,
            delay_ms: 0,
            runs: 1,
            outcome: took(connected_s),
        };
        for line in [line(10, 1.0), line(20, 2.0), line(10, 3.0)] {
            keep(&file, &line).unwrap();
        }
        let lines = kept(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let times = lines.iter().map(|line| match &line.outcome {
            Outcome::Converged(measured) => (line.orders, measured.connected_s),
            Outcome::NotConverged { .. } => panic!("all converged"),
        });
        assert_eq!(times.collect::<Vec<_>>(), [(10, 3.0), (20, 2.0)]);
    }

    #[test]
    fn the_middle_of_three_counts_and_a_failure_is_not_hidden_by_two_that_went_well() {
        let Outcome::Converged(middle_one) = middle(vec![took(3.0), took(1.0), took(2.0)]).unwrap() else {
            panic!("all converged")
        };
        assert!((middle_one.connected_s - 2.0).abs() < 1e-9);
        let limit = Duration::from_secs(1);
        let late = Outcome::NotConverged { limit, who: "server".into(), so_far: measured(1.0) };
        assert!(matches!(middle(vec![took(1.0), late, took(2.0)]).unwrap(), Outcome::NotConverged { .. }));
    }
}
