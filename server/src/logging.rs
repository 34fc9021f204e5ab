//! Logging: structured lines on standard error. Never a secret, never a body, never what a record says.

use std::panic;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Turns logging on for the process; `RUST_LOG` filters. A second call changes nothing.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_target(false).with_ansi(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_ok() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let said = info.payload_as_str().unwrap_or("no message");
            tracing::error!(place, said, "panic");
        }));
    }
}
