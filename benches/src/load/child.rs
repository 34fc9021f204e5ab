//! Child: the built server as a process of its own with a scratch store, and what the system says of its resources.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// A server that serves.
pub(crate) struct Server {
    program: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
    log: PathBuf,
    child: Option<Child>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The first administrator's code.
    pub(crate) admin_code: String,
}

/// What a process uses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Seconds of processor, its own and the system's for it.
    pub(crate) cpu_s: f64,
    /// Resident memory, in KiB.
    pub(crate) rss_kib: u64,
    /// Highest resident memory so far, in KiB.
    pub(crate) peak_kib: u64,
    /// Open handles.
    pub(crate) handles: u64,
    /// Threads.
    pub(crate) threads: u64,
}

impl Server {
    /// Founds a municipality in `folder` and serves it.
    pub(crate) fn start(program: &Path, folder: &Path, more: &[String]) -> anyhow::Result<Self> {
        let data = folder.join("server");
        let log = folder.join("server.log");
        let mut init = Command::new(program);
        init.args(["--json", "init", "--municipality", "14061", "--name", "Mezquitic", "--data"]).arg(&data);
        let made = json_of(&mut init)?;
        let admin_code = made["admin_code"].as_str().context("init gives a code")?.to_owned();
        let mut serve = Command::new(program);
        serve.args(["--json", "serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data).args(more);
        serve.current_dir(folder).stdout(Stdio::piped());
        let out = fs::File::create(&log).context("cannot make the server's log")?;
        let mut child = serve.stderr(out).spawn().context("cannot start the server")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output is piped")?).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let address = said["listening"].as_str().and_then(|url| url.rsplit('/').next()?.parse().ok());
        let Some(address) = address else {
            let _ = child.kill().and_then(|()| child.wait());
            bail!("the server did not start: {}", fs::read_to_string(&log).unwrap_or_default());
        };
        let (program, child) = (program.to_owned(), Some(child));
        Ok(Self { program, data, log, child, address, admin_code })
    }

    /// What it uses now.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let child = self.child.as_ref().context("the server runs")?;
        usage(&child.id().to_string())
    }

    /// Bytes of the ledger, and of all its data.
    pub(crate) fn disk(&self) -> anyhow::Result<(u64, u64)> {
        Ok((bytes_in(&self.data.join("ledger"))?, bytes_in(&self.data)?))
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let asked = Instant::now();
        while asked.elapsed() < STOPS_WITHIN {
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill()?;
        child.wait()?;
        bail!("the server did not stop within {} s", STOPS_WITHIN.as_secs())
    }

    /// `verify`: how many entries it proved. The server must have stopped.
    pub(crate) fn verify(&self) -> anyhow::Result<u64> {
        let said = json_of(Command::new(&self.program).args(["--json", "verify", "--data"]).arg(&self.data))?;
        said["entries"].as_u64().context("verify counts entries")
    }

    /// What it logged so far.
    pub(crate) fn log_text(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Lines of its log that are warnings or worse, by their text; at most a few kinds.
    pub(crate) fn complaints(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let mut kinds: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
        for line in BufReader::new(fs::File::open(&self.log)?).lines() {
            let line = line?;
            let Some(at) = line.find(" WARN ").or_else(|| line.find("ERROR ")) else { continue };
            let text: String = line[at..].chars().filter(|c| !c.is_ascii_digit()).take(120).collect();
            *kinds.entry(text).or_default() += 1;
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        kinds.truncate(10);
        Ok(kinds)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

fn json_of(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.output().context("cannot start the server's program")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {told}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What a process uses, by its number or `self`.
pub(crate) fn usage(process: &str) -> anyhow::Result<Usage> {
    let folder = Path::new("/proc").join(process);
    let stat = fs::read_to_string(folder.join("stat"))?;
    // The name in parentheses may hold anything; the numbers follow it.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = rest.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    let ticks = fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0);
    let status = fs::read_to_string(folder.join("status"))?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Ok(Usage {
        cpu_s: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
        rss_kib: number("VmRSS:"),
        peak_kib: number("VmHWM:"),
        threads: number("Threads:"),
        handles: fs::read_dir(folder.join("fd"))?.count() as u64,
    })
}

fn bytes_in(folder: &Path) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            // A file that sled removed meanwhile is no file any more.
            let Ok(entry) = entry else { continue };
            let Ok(known) = entry.metadata() else { continue };
            if known.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += known.blocks() * 512;
            }
        }
    }
    Ok(bytes)
}
