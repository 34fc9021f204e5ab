//! Logging: structured lines on standard error. Never a secret, never a body, never what a record says.

use std::{env, io, panic};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use crate::config::LogFormat;

/// Turns logging on for the process. `RUST_LOG` filters by level and target (`debug`, `info,hyper=warn`). A second call
/// changes nothing.
pub fn start(format: LogFormat) {
    let asked = env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    // automerge opens spans at the level `info` for each change that is read: a fourteenth of a rebuild's time.
    let filter = Targets::new().with_default(LevelFilter::INFO).with_target("automerge", LevelFilter::WARN);
    let filter = match asked {
        Some(asked) => {
            filter.with_default(asked.default_level().unwrap_or(LevelFilter::OFF)).with_targets(asked)
        }
        None => filter,
    };
    let lines = fmt::layer().with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => registry().with(filter).with(lines.with_target(false).with_ansi(false)).try_init(),
        LogFormat::Json => registry().with(filter).with(lines.json().flatten_event(true)).try_init(),
    };
    if started.is_ok() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let said = info.payload_as_str().unwrap_or("no message");
            tracing::error!(place, said, "panic");
        }));
    }
}
