//! Program: a peer that is driven by lines, in Node or in Rust: `make`, `apart`, `serve`, `device`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::measure::{Measured, Outcome, copy, quiet};
use super::proxy::Proxy;
use super::side::{Side, Waited};
use super::workload::Workload;
use super::{Peer, Setting};

/// The limit of everything that is not measured: making the orders, the first sync, visits, opening a store.
const PREPARE: Duration = Duration::from_secs(900);
/// The line is quiet once nothing passed for so long, and the delay there and back.
const STILL: Duration = Duration::from_secs(2);
/// What a device or server of the Automerge family keeps its storage's name in.
const STORAGE_NAME: &str = "st/orage-adapter-id";

/// A peer of the Automerge family, or PouchDB.
pub struct Program {
    pub name: &'static str,
    /// Starts it, before the verb.
    pub command: Vec<String>,
    /// Whether the device's files begin as a copy of the server's, without the storage's name.
    pub copies: bool,
    /// Syncs until both sides know that the other has everything too.
    pub exchanges: u32,
}

impl Program {
    fn start(&self, verb: &str, folder: &Path, port: Option<u16>) -> anyhow::Result<Side> {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).arg(verb).arg(folder);
        if let Some(port) = port {
            command.arg(port.to_string());
        }
        Side::start(&mut command, &folder.join(format!("{verb}.log")))
    }

    /// Runs a verb that ends by itself.
    fn finish(&self, verb: &str, said: &str, folder: &Path) -> anyhow::Result<()> {
        let mut side = self.start(verb, folder, None)?;
        side.hear(said, PREPARE).with_context(|| format!("{} {verb}", self.name))?;
        side.end()
    }

    fn serve(&self, folder: &Path, proxy: &Proxy, each_way: Duration) -> anyhow::Result<Side> {
        let port = free_port()?;
        let mut server = self.start("serve", folder, Some(port))?;
        server.hear("ready", PREPARE).with_context(|| format!("{} serve", self.name))?;
        proxy.lead(port, each_way);
        Ok(server)
    }

    fn verify(&self, side: &mut Side, who: &str, workload: &Workload) -> anyhow::Result<()> {
        side.tell("verify")?;
        let found = side.hear("visits", PREPARE)?;
        let (orders, visits) = (workload.orders.len(), workload.visits.len());
        anyhow::ensure!(
            found["orders"] == orders && found["visits"] == visits,
            "{}: the {who} has {} of {orders} orders and {} of {visits} visits",
            self.name,
            found["orders"],
            found["visits"]
        );
        Ok(())
    }

    /// Waits for both sides, reads what it cost, and reads every value on both.
    fn converge(
        &self,
        setting: &Setting<'_>,
        (server, device): (&mut Side, &mut Side),
        begun: Instant,
    ) -> anyhow::Result<Outcome> {
        let before = server.usage();
        let until = begun + setting.limit;
        let mut lacking = Vec::new();
        let mut converged = begun;
        for (who, side) in [("device", &mut *device), ("server", &mut *server)] {
            match side.wait("has_all", until).with_context(|| format!("{}: {who}", self.name))? {
                Waited::Said(at, _) => converged = converged.max(at),
                Waited::Late => lacking.push(who),
            }
        }
        let still = STILL + setting.each_way * 2;
        let counts = match lacking.is_empty() {
            true => quiet(setting.proxy, still, Instant::now() + setting.limit),
            false => setting.proxy.counts(),
        };
        let (used, devices) = (server.usage(), device.usage());
        let measured = Measured {
            connected_s: converged.duration_since(counts.first.unwrap_or(begun)).as_secs_f64(),
            whole_s: converged.duration_since(begun).as_secs_f64(),
            up_bytes: counts.up_bytes,
            down_bytes: counts.down_bytes,
            round_trips: counts.round_trips,
            connections: counts.connections,
            server_cpu_s: used.cpu_s - before.cpu_s,
            server_kib: used.peak_kib,
            device_kib: devices.peak_kib,
        };
        if !lacking.is_empty() {
            let who = lacking.join(" and ");
            return Ok(Outcome::NotConverged { limit: setting.limit, who, so_far: Box::new(measured) });
        }
        self.verify(device, "device", setting.workload)?;
        self.verify(server, "server", setting.workload)?;
        Ok(Outcome::Converged(Box::new(measured)))
    }
}

impl Peer for Program {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, folder: &Path, workload: &Workload, proxy: &Proxy) -> anyhow::Result<()> {
        workload.write(folder)?;
        self.finish("make", "made", folder)?;
        if self.copies {
            copy(&folder.join("server"), &folder.join("device"))?;
            let name = folder.join("device").join(STORAGE_NAME);
            std::fs::remove_file(name).context("the storage's name")?;
        }
        for _ in 0..self.exchanges {
            let server = self.serve(folder, proxy, Duration::ZERO)?;
            let mut device = self.start("device", folder, Some(proxy.port))?;
            device.hear("open", PREPARE).with_context(|| format!("{} device", self.name))?;
            quiet(proxy, STILL * 3, Instant::now() + PREPARE);
            device.end()?;
            server.end()?;
        }
        self.finish("apart", "visited", folder)
    }

    fn reconnect(&self, folder: &Path, setting: &Setting<'_>) -> anyhow::Result<Outcome> {
        let mut server = self.serve(folder, setting.proxy, setting.each_way)?;
        let begun = Instant::now();
        let mut device = self.start("device", folder, Some(setting.proxy.port))?;
        let outcome = self.converge(setting, (&mut server, &mut device), begun)?;
        if matches!(outcome, Outcome::Converged(_)) {
            device.end()?;
            server.end()?;
        }
        Ok(outcome)
    }
}

/// Returns a port that is free now.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Returns the peers other than ours; `node` is the folder that their packages were installed into.
pub fn all(node: &Path, samod: &Path) -> Vec<Program> {
    let script = |name: &str| vec!["node".to_string(), path(&node.join(name))];
    vec![
        Program { name: "automerge-repo", command: script("automerge.mjs"), copies: true, exchanges: 1 },
        Program { name: "samod", command: vec![path(samod)], copies: true, exchanges: 1 },
        // What the first brings to the server comes back in the list of changes of the second, which moves the checkpoint.
        Program { name: "PouchDB", command: script("pouchdb.mjs"), copies: false, exchanges: 2 },
    ]
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
