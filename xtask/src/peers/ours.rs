//! Ours: the built server and the built `crew`, as people run them: every change is a command, every sync a
//! `crew sync`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::measure::{Measured, Outcome, quiet};
use super::program::free_port;
use super::proxy::Proxy;
use super::side::{Side, usage};
use super::workload::{Visit, Workload};
use super::{Peer, Setting};

/// Orders in one import file.
const IMPORT_ORDERS: usize = 20_000;
/// Between two looks at a command's memory.
const PEAK_POLL: Duration = Duration::from_millis(2);
const STARTS_WITHIN: Duration = Duration::from_secs(120);
const STILL: Duration = Duration::from_millis(300);

/// The programs of this workspace.
pub struct Ours {
    /// Where they were built.
    pub programs: PathBuf,
}

/// A command of a device that has ended.
struct Ran {
    answer: Value,
    begun: Instant,
    ended: Instant,
    peak_kib: u64,
}

impl Ours {
    fn serve(&self, folder: &Path, proxy: &Proxy, each_way: Duration) -> anyhow::Result<Side> {
        let port = free_port()?;
        let mut command = program(&self.programs.join("cuadrilla-server"));
        let data = folder.join("oficina");
        command.args(["serve", "--json", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(data);
        let mut server = Side::start(&mut command, &folder.join("oficina.log"))?;
        server.hear("listening", STARTS_WITHIN)?;
        proxy.lead(port, each_way);
        Ok(server)
    }

    fn run(&self, folder: &Path, home: &str, args: &[&str]) -> anyhow::Result<Ran> {
        let mut command = program(&self.programs.join("crew"));
        command.arg("--home").arg(folder.join(home)).args(args).arg("--json");
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (pid, peak, ended) = (child.id(), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let watch = std::thread::spawn({
            let (peak, ended) = (Arc::clone(&peak), Arc::clone(&ended));
            move || {
                while !ended.load(Ordering::Relaxed) {
                    peak.fetch_max(usage(pid).peak_kib, Ordering::Relaxed);
                    std::thread::sleep(PEAK_POLL);
                }
            }
        });
        let output = child.wait_with_output();
        let done = Instant::now();
        ended.store(true, Ordering::Relaxed);
        let _ = watch.join();
        let output = output?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            bail!("crew --home {home} {} ended with {}\n{said}", args.join(" "), output.status);
        }
        let answer = serde_json::from_slice(&output.stdout).context("crew printed no JSON")?;
        Ok(Ran { answer, begun, ended: done, peak_kib: peak.load(Ordering::Relaxed) })
    }

    fn crew(&self, folder: &Path, home: &str, args: &[&str]) -> anyhow::Result<Value> {
        Ok(self.run(folder, home, args)?.answer)
    }

    fn enrol(&self, folder: &Path, proxy: &Proxy, home: &str, code: &Value) -> anyhow::Result<()> {
        let url = format!("http://127.0.0.1:{}", proxy.port);
        let code = code.as_str().context("no code to enrol with")?;
        self.crew(folder, home, &["enrol", &url, code, "--name", home])?;
        Ok(())
    }

    /// Returns the office, its two dispatchers, and all orders on both.
    fn fill(&self, folder: &Path, workload: &Workload, proxy: &Proxy, code: &Value) -> anyhow::Result<()> {
        self.enrol(folder, proxy, "admin", code)?;
        for home in ["one", "two"] {
            let invited = self.crew(folder, "admin", &["invite", "--role", "dispatcher"])?;
            self.enrol(folder, proxy, home, &invited["code"])?;
            self.crew(folder, home, &["sync"])?;
        }
        let orders = workload.orders.len();
        for first in (0..orders).step_by(IMPORT_ORDERS) {
            let file = folder.join("import.json");
            let part = workload.import(first..orders.min(first + IMPORT_ORDERS));
            std::fs::write(&file, serde_json::to_vec(&part)?)?;
            let imported = self.run(folder, "one", &["import", &file.display().to_string()])?;
            tell("import", &imported, folder, "one")?;
        }
        tell("upload", &self.run(folder, "one", &["sync"])?, folder, "one")?;
        tell("first download", &self.run(folder, "two", &["sync"])?, folder, "two")
    }

    /// Folios by the order's index: the office gave them when it imported.
    fn folios(&self, folder: &Path, workload: &Workload, home: &str) -> anyhow::Result<Vec<String>> {
        let list = self.crew(folder, home, &["order", "list"])?;
        let listed = list.as_array().context("a list of orders")?;
        let by_title: std::collections::BTreeMap<&str, &str> = listed
            .iter()
            .filter_map(|order| Some((order["title"].as_str()?, order["folio"].as_str()?)))
            .collect();
        let folio = |title: &str| by_title.get(title).map(|folio| (*folio).to_string());
        let folios: Option<Vec<String>> = workload.orders.iter().map(|order| folio(&order.title)).collect();
        folios.with_context(|| format!("{home} holds {} of {} orders", by_title.len(), workload.orders.len()))
    }

    fn visit(&self, folder: &Path, home: &str, folio: &str, visit: &Visit) -> anyhow::Result<()> {
        let [material, quantity, unit] = &visit.material;
        let measure = |at: usize| -> anyhow::Result<Value> {
            let [what, value, unit] = &visit.measurements[at];
            self.crew(folder, home, &["order", "measure", folio, what, value, unit])
        };
        self.crew(folder, home, &["order", "start", folio])?;
        self.crew(folder, home, &["order", "note", folio, &visit.note])?;
        measure(0)?;
        measure(1)?;
        self.crew(folder, home, &["order", "material", folio, material, quantity, unit])?;
        measure(2)?;
        Ok(())
    }

    /// Reads the values of every visit that `home` has to have, and that all orders are there.
    fn verify(
        &self,
        folder: &Path,
        home: &str,
        workload: &Workload,
        folios: &[String],
    ) -> anyhow::Result<()> {
        ensure!(self.folios(folder, workload, home)? == folios, "{home} holds other orders");
        for visit in &workload.visits {
            let folio = &folios[visit.order];
            let order = self.crew(folder, home, &["order", "show", folio])?;
            ensure!(is_in(visit, &order), "{home}: {folio} lacks its visit: {order}");
        }
        Ok(())
    }
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "Cuadrilla"
    }

    fn prepare(&self, folder: &Path, workload: &Workload, proxy: &Proxy) -> anyhow::Result<()> {
        let mut init = program(&self.programs.join("cuadrilla-server"));
        init.args(["init", "--json", "--municipality", "14061", "--name", "Mezquitic", "--data"]);
        let made = init.arg(folder.join("oficina")).output()?;
        ensure!(made.status.success(), "cuadrilla-server init ended with {}", made.status);
        let made: Value = serde_json::from_slice(&made.stdout)?;
        let server = self.serve(folder, proxy, Duration::ZERO)?;
        self.fill(folder, workload, proxy, &made["admin_code"])?;
        let folios = self.folios(folder, workload, "one")?;
        for visit in &workload.visits {
            let home = if visit.own { "two" } else { "one" };
            self.visit(folder, home, &folios[visit.order], visit)?;
        }
        self.crew(folder, "one", &["sync"])?;
        std::fs::write(folder.join("folios.json"), serde_json::to_vec(&folios)?)?;
        server.terminate()
    }

    fn reconnect(&self, folder: &Path, setting: &Setting<'_>) -> anyhow::Result<Outcome> {
        let server = self.serve(folder, setting.proxy, setting.each_way)?;
        let before = server.usage();
        let ran = self.run(folder, "two", &["sync"])?;
        let counts = quiet(setting.proxy, STILL + setting.each_way * 2, Instant::now() + setting.limit);
        let used = server.usage();
        let connected = counts.first.context("it did not connect")?;
        let measured = Measured {
            connected_s: ran.ended.duration_since(connected).as_secs_f64(),
            whole_s: ran.ended.duration_since(ran.begun).as_secs_f64(),
            up_bytes: counts.up_bytes,
            down_bytes: counts.down_bytes,
            round_trips: counts.round_trips,
            connections: counts.connections,
            server_cpu_s: used.cpu_s - before.cpu_s,
            server_kib: used.peak_kib,
            device_kib: ran.peak_kib,
        };
        // What the server has is read by a third device, which gets it from there.
        setting.proxy.lead(setting.proxy.server_port(), Duration::ZERO);
        self.crew(folder, "one", &["sync"])?;
        let folios: Vec<String> = serde_json::from_slice(&std::fs::read(folder.join("folios.json"))?)?;
        for home in ["two", "one"] {
            self.verify(folder, home, setting.workload, &folios)?;
        }
        server.terminate()?;
        Ok(Outcome::Converged(Box::new(measured)))
    }
}

/// Returns whether an order as `crew order show --json` says it has every value of a visit.
fn is_in(visit: &Visit, order: &Value) -> bool {
    let lines = |list: &str| order[list].as_array().cloned().unwrap_or_default();
    let [material, quantity, unit] = &visit.material;
    lines("notes").iter().any(|note| note["text"] == visit.note)
        && lines("materials")
            .iter()
            .any(|line| line["sku"] == *material && line["qty"] == *quantity && line["unit"] == *unit)
        && visit.measurements.iter().all(|[what, value, unit]| {
            lines("measurements")
                .iter()
                .any(|line| line["what"] == *what && line["value"] == *value && line["unit"] == *unit)
        })
}

/// Returns a command for one of these programs, as on any machine.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("CUADRILLA_HOME").env("LANG", "es_MX.UTF-8");
    command
}

/// Says on standard error what a step of the preparation cost: only large stores make it interesting.
fn tell(what: &str, ran: &Ran, folder: &Path, home: &str) -> anyhow::Result<()> {
    let took = ran.ended.duration_since(ran.begun).as_secs_f64();
    let (trips, up, down) = (&ran.answer["round_trips"], &ran.answer["bytes_up"], &ran.answer["bytes_down"]);
    let sizes = [home, "oficina"].map(|name| size(&folder.join(name)).map(|bytes| bytes / 1_000_000));
    let [own, office] = sizes;
    eprintln!(
        "Cuadrilla, {what}: {took:.1} s, round trips {trips}, bytes {up} up {down} down; device's memory {} MB, \
         its folder {} MB, the server's {} MB",
        ran.peak_kib / 1_000,
        own?,
        office?
    );
    Ok(())
}

/// Returns bytes of all files below a folder.
fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
