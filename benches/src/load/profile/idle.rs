//! Idle: what a device that only listens costs the server.

use std::time::Duration;

use anyhow::ensure;
use sync_core::id::DeviceId;

use crate::load::figures::{heading, line};
use crate::load::stream::{Ended, Stream};
use crate::load::town::Town;

/// How long the server has to come to rest.
const REST: Duration = Duration::from_secs(2);
/// The budget, in KiB a device.
const BUDGET_KIB: f64 = 10.0;

/// Opens `count` streams of the town's devices, several a device if need be, and compares memory with none.
pub(crate) async fn run(town: &Town, count: usize) -> anyhow::Result<()> {
    let mut ids: Vec<DeviceId> = Vec::new();
    for device in &town.crews {
        ids.extend(device.lock().await.id());
    }
    ensure!(!ids.is_empty(), "the town has devices");
    // What the first connections of a process need is not a device's.
    drop(open(town, &ids, count.div_ceil(10)).await?);
    tokio::time::sleep(REST).await;
    let before = town.server.usage()?;
    let streams = open(town, &ids, count).await?;
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

async fn open(town: &Town, ids: &[DeviceId], count: usize) -> anyhow::Result<Vec<Stream>> {
    let mut streams = Vec::with_capacity(count);
    for number in 0..count {
        match Stream::open(town.field.address, ids[number % ids.len()]).await {
            Ok(stream) => streams.push(stream),
            Err(Ended::Refused(status)) => anyhow::bail!("stream {number} was refused with {status}"),
            Err(ended) => anyhow::bail!("stream {number}: {ended:?}"),
        }
    }
    Ok(streams)
}
