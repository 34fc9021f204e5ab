//! Watch: whether the server says that it is ready, what it raised, and what its log says was ahead of a request.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sync_core::id::DeviceId;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::crowd::read_answer;
use crate::load::http::Wire;
use crate::load::town::Town;

const EVERY: Duration = Duration::from_millis(250);
const PATIENCE: Duration = Duration::from_secs(10);

/// What readiness said.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    asked: u64,
    /// Connections that made room for others before they were answered.
    cut: u64,
    wrong: Vec<String>,
    longest: Duration,
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, cut, wrong) = (self.asked, self.cut, self.wrong.len());
        write!(f, "{asked}, {cut}, {wrong}, {} ms", self.longest.as_millis())
    }
}

impl Readiness {
    /// Holds the server to it.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(self.asked > 0, "readiness was never asked");
        ensure!(self.wrong.is_empty(), "not ready: {:?}", self.wrong);
        Ok(())
    }
}

/// Asks for readiness until it is over, on a connection of its own each time.
pub(super) async fn readiness(address: SocketAddr, mut stop: watch::Receiver<bool>) -> Readiness {
    let mut found = Readiness::default();
    let mut was_cut = false;
    while tokio::time::timeout(EVERY, stop.wait_for(|stop| *stop)).await.is_err() {
        let begun = Instant::now();
        let ask = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
            read_answer(&mut stream).await
        };
        let answer = tokio::time::timeout(PATIENCE, ask).await;
        found.asked += 1;
        found.longest = found.longest.max(begun.elapsed());
        match answer {
            Ok(Ok(200)) => was_cut = false,
            // It had no room for that connection, and said nothing of readiness. Once in a row, as for any client.
            Ok(Err(_)) if !std::mem::replace(&mut was_cut, true) => found.cut += 1,
            other => found.wrong.push(format!("{other:?}")),
        }
    }
    found
}

/// The server's alarms, those that were raised.
pub(super) async fn alarms(town: &Town) -> anyhow::Result<Vec<(String, u64)>> {
    let mut wire = Wire::open(town.field.address, None, 1).await.ok().context("a connection")?;
    let text = wire.get("/metrics").await.ok().context("the metrics")?;
    let raised = text.lines().filter_map(|line| {
        let (kind, count) = line.strip_prefix("cuadrilla_alarms_total{kind=\"")?.split_once("\"} ")?;
        Some((kind.to_owned(), count.parse().ok()?))
    });
    Ok(raised.filter(|(_, count)| *count > 0).collect())
}

/// The most that was ahead of a crew's request, and that one request was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    pub(super) requests: u64,
    pub(super) strangers: u64,
    pub(super) devices: u64,
    pub(super) writer: u64,
    /// Bytes of rows that judging one request moved, of any device.
    pub(super) row_bytes: u64,
}

/// Reads from the server's log what was ahead of requests of these devices.
pub(super) fn ahead(log: &str, devices: &[DeviceId]) -> Ahead {
    let field = |line: &str, name: &str| {
        let rest = line.split_once(name)?.1;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let names: Vec<String> = devices.iter().map(ToString::to_string).collect();
    let mut most = Ahead::default();
    let syncs = log.lines().filter(|line| line.contains("/v1/sync"));
    // Of every device: the writer does one request after another.
    most.row_bytes = syncs.clone().filter_map(|line| field(line, "row_bytes=")).max().unwrap_or(0);
    for line in syncs.filter(|line| names.iter().any(|name| line.contains(name.as_str()))) {
        let (Some(strangers), Some(devices), Some(writer)) =
            (field(line, "ahead_strangers="), field(line, "ahead_devices="), field(line, "ahead_writer="))
        else {
            continue;
        };
        most.requests += 1;
        most.strangers = most.strangers.max(strangers);
        most.devices = most.devices.max(devices);
        most.writer = most.writer.max(writer);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::{Ahead, DeviceId, ahead};

    #[test]
    fn what_was_ahead_is_read_of_the_crews_requests_only() {
        let (crew, other) = (DeviceId([1; 16]), DeviceId([2; 16]));
        let line = |device: DeviceId, count: usize| {
            format!(
                "INFO request route=\"/v1/sync\" device=\"{device}\" ahead_strangers=0 ahead_devices={count} ahead_writer=1 row_bytes={count} took_ms=3"
            )
        };
        let log = [line(crew, 2), line(other, 9), line(crew, 4), "WARN alarm".into()].join("\n");
        let expected = Ahead { requests: 2, strangers: 0, devices: 4, writer: 1, row_bytes: 9 };
        assert_eq!(ahead(&log, &[crew]), expected);
    }
}
