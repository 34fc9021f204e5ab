//! Attach: strace on a server that runs already.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use cuadrilla_tests::Town;

/// How long strace may take to hold the server.
const ATTACH_MS_MAX: u64 = 10_000;

/// The capability to trace what one did not start: `CAP_SYS_PTRACE`.
const MAY_TRACE: u64 = 1 << 19;

/// Returns whether a running server may be traced: everywhere by root, elsewhere unless Yama keeps it to
/// children.
pub fn may_attach() -> bool {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or_default();
    matches!(scope.trim(), "" | "0") || effective & MAY_TRACE != 0
}

/// Makes a running server's calls fail, of each thread from its `nth` on.
///
/// # Errors
/// If strace does not start, or does not get hold of the server.
pub fn attach(town: &Town, call: &str, error: &str, nth: usize, log: &Path) -> anyhow::Result<Child> {
    let pid = town.server_pid().context("a server")?;
    let mut strace = Command::new("strace");
    strace.args(["-f", "-p", &pid.to_string(), "-o"]).arg(log);
    strace.args(["-e", "signal=none", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:error={error}:when={nth}+")]);
    let strace = strace.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let begun = Instant::now();
    let status = format!("/proc/{pid}/status");
    while std::fs::read_to_string(&status)?.contains("TracerPid:\t0\n") {
        ensure!(begun.elapsed().as_millis() < ATTACH_MS_MAX.into(), "strace does not attach");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Its threads are taken one after another.
    std::thread::sleep(Duration::from_millis(200));
    Ok(strace)
}
