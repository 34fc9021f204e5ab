//! Idle: what a device that only listens costs the server.

use std::time::Duration;

use anyhow::ensure;

use crate::load::figures::{heading, line};
use crate::load::stream::{Ended, Stream};
use crate::load::town::Town;

/// How long the server has to come to rest.
const REST: Duration = Duration::from_secs(2);
/// The budget, in KiB a device.
const BUDGET_KIB: f64 = 4.0;

/// Opens `count` streams of the town's devices, several a device if need be, and compares memory with none.
pub(crate) async fn run(town: &Town, count: usize) -> anyhow::Result<()> {
    let mut tickets: Vec<String> = Vec::new();
    for device in &town.crews {
        tickets.extend(device.lock().await.ticket.clone());
    }
    ensure!(!tickets.is_empty(), "the town's devices were given tickets");
    // What the first connections of a process need is not a device's.
    drop(open(town, &tickets, count.div_ceil(10)).await?);
    tokio::time::sleep(REST).await;
    let before = town.server.usage()?;
    let streams = open(town, &tickets, count).await?;
    tokio::time::sleep(REST).await;
    let with = town.server.usage()?;
    let added = |after: u64, before: u64| after.saturating_sub(before) as f64;
    let (open, each) = (streams.len(), added(with.rss_kib, before.rss_kib) / count as f64);
    drop(streams);
    tokio::time::sleep(REST).await;
    let after = town.server.usage()?;
    heading(&format!("idle: {open} devices that listen"));
    line("server memory", &format!("{} KiB before, {} with them", before.rss_kib, with.rss_kib));
    line("a device", &format!("{each:.2} KiB (budget <= {BUDGET_KIB:.0})"));
    line("server handles", &format!("{} before, {} with them", before.handles, with.handles));
    line("after they left", &format!("{} KiB, {} handles", after.rss_kib, after.handles));
    ensure!(each <= BUDGET_KIB, "an idle device costs {each:.1} KiB, the budget is {BUDGET_KIB}");
    ensure!(after.handles < before.handles + 16, "handles of devices that left stay open");
    Ok(())
}

async fn open(town: &Town, tickets: &[String], count: usize) -> anyhow::Result<Vec<Stream>> {
    let mut streams = Vec::with_capacity(count);
    for number in 0..count {
        match Stream::open(town.field.address, &tickets[number % tickets.len()]).await {
            Ok(stream) => streams.push(stream),
            Err(Ended::Refused(status)) => anyhow::bail!("stream {number} was refused with {status}"),
            Err(ended) => anyhow::bail!("stream {number}: {ended:?}"),
        }
    }
    Ok(streams)
}
