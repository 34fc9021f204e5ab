//! Clock: the wall clock, the start of this system and its monotonic time, and randomness, read for the core.

use sync_core::id::{BootId, Hash};
use sync_core::time::{TimeMs, parse_rfc3339};

use crate::error::{CliError, exit};
use words::say;

/// Overrides the wall clock, RFC 3339. For tests and demonstrations only; never set it on a phone.
pub const NOW_VARIABLE: &str = "CUADRILLA_NOW";

/// The wall clock, in milliseconds, or what [`NOW_VARIABLE`] says.
///
/// # Errors
/// Usage, if the variable holds no time.
pub fn now_ms() -> Result<TimeMs, CliError> {
    match std::env::var(NOW_VARIABLE) {
        Ok(text) if !text.is_empty() => parse_rfc3339(&text).ok_or_else(|| {
            CliError::usage(
                say!("clock-not-time", variable = NOW_VARIABLE, text),
                say!("clock-not-time-hint"),
            )
        }),
        _ => Ok(wall_ms()),
    }
}

fn wall_ms() -> TimeMs {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// Tells this start of the system from others. All zeros where the system does not say.
pub fn boot_id() -> BootId {
    let Ok(text) = std::fs::read_to_string("/proc/sys/kernel/random/boot_id") else {
        return BootId::ZERO;
    };
    let hash = Hash::tagged("cuadrilla/boot-id/v1", &[text.trim().as_bytes()]);
    let mut boot = BootId::ZERO;
    boot.0.copy_from_slice(&hash.0[..8]);
    boot
}

/// Milliseconds since the system started, sleep included where the system counts it.
pub fn monotonic_ms() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * 1_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// 32 random bytes from the system.
///
/// # Errors
/// If the system has none to give.
pub fn entropy() -> Result<[u8; 32], CliError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        CliError::new(
            exit::OTHER,
            "no_randomness",
            say!("clock-no-randomness", error = error.to_string()),
            say!("clock-no-randomness-hint"),
        )
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_since_start_does_not_go_back() {
        let first = super::monotonic_ms();
        assert!(first > 0 && super::monotonic_ms() >= first);
        assert_eq!(super::boot_id(), super::boot_id());
        assert_ne!(super::entropy().unwrap(), super::entropy().unwrap());
    }
}
