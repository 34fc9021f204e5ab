//! Side: one process of a measurement, a device or a server: its lines, its end, and what it used up.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long a process may take to end once it is told to.
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const END_POLL: Duration = Duration::from_millis(10);
/// Ticks of `/proc/PID/stat` a second: the same on every Linux that programs are compiled for.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running process.
pub struct Side {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<(Instant, Value)>,
    log: std::path::PathBuf,
}

/// How a wait ended.
pub enum Waited {
    /// The line that has the key, and when it was said.
    Said(Instant, Value),
    /// Time ran out.
    Late,
}

impl Side {
    /// Starts a program; what it says on standard error goes into `log`.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let shown = command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
        let stdout = child.stdout.take().context("a piped output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let now = Instant::now();
                let Ok(value) = serde_json::from_str(&line) else { continue };
                if sender.send((now, value)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { stdin: child.stdin.take(), child, lines, log: log.to_path_buf() })
    }

    /// Waits until the process prints a line with this key; skips lines with other keys.
    pub fn wait(&mut self, key: &str, until: Instant) -> anyhow::Result<Waited> {
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((at, line)) if line.get(key).is_some() => return Ok(Waited::Said(at, line)),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(Waited::Late),
                Err(RecvTimeoutError::Disconnected) => {
                    let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                    let end = log.get(log.len().saturating_sub(2_000)..).unwrap_or(&log);
                    bail!("the process ended before it said `{key}`:\n{end}");
                }
            }
        }
    }

    /// Waits as [`Side::wait`] does; being late is an error.
    pub fn hear(&mut self, key: &str, within: Duration) -> anyhow::Result<Value> {
        match self.wait(key, Instant::now() + within)? {
            Waited::Said(_, line) => Ok(line),
            Waited::Late => bail!("nobody said `{key}` within {} s", within.as_secs()),
        }
    }

    /// Tells it something.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let stdin = self.stdin.as_mut().context("its input is closed")?;
        writeln!(stdin, "{line}").context("it does not listen any more")
    }

    /// Returns the processor time and memory it used.
    pub fn usage(&self) -> Usage {
        usage(self.child.id())
    }

    /// Closes its input and waits for it to end.
    pub fn end(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        self.await_end()
    }

    /// Asks it to end as an operator does, and waits for it.
    pub fn terminate(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", pid.as_str()]).status()?;
        anyhow::ensure!(asked.success(), "cannot ask process {pid} to end");
        self.await_end()
    }

    fn await_end(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < ENDS_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(
                    status.success(),
                    "a process ended with {status}: see {}",
                    self.log.display()
                );
                return Ok(());
            }
            thread::sleep(END_POLL);
        }
        bail!("a process did not end within {} s", ENDS_WITHIN.as_secs())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time and memory of a process; zero once it has ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time so far, of all its threads, in seconds; in steps of a hundredth.
    pub cpu_s: f64,
    /// The most memory it had at once (resident), in KiB.
    pub peak_kib: u64,
}

/// Returns the processor time and memory that the process with this id used.
pub fn usage(pid: u32) -> Usage {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    // After the name, which may hold anything: the state is the first field, the times are the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Usage {
        cpu_s: (ticks(11) + ticks(12)) / TICKS_PER_SECOND,
        peak_kib: peak
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kib| kib.parse().ok())
            .unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_memory_and_time() {
        let begun = Instant::now();
        let mut sum = 0_u32;
        // Several ticks of work, however busy the machine is.
        while usage(std::process::id()).cpu_s < 0.05 && begun.elapsed() < ENDS_WITHIN {
            sum = (0..100_000).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        let Usage { cpu_s, peak_kib } = usage(std::process::id());
        assert!(cpu_s > 0.0 && peak_kib > 1_000, "{cpu_s} s, {peak_kib} KiB");
    }
}
