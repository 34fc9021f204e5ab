//! Logging: structured lines on standard error. Never a secret, never a body, never what a record says.

use std::{env, io, panic};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use words::visible;

use crate::config::LogFormat;

/// Standard error, with what would drive a terminal or hide shown as an escape: a header of a stranger ends up in a line
/// of the log. A line of the log is written in one piece.
struct Visible<W>(W);

impl<W: io::Write> io::Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(visible::lines(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

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
    let lines = fmt::layer().with_writer(|| Visible(io::stderr()));
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::Visible;

    #[test]
    fn a_line_of_the_log_drives_no_terminal() {
        let mut out = Visible(Vec::new());
        out.write_all("peer \u{1b}[2J\u{202e}x\n".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "peer \\u{1b}[2J\\u{202e}x\n");
    }
}
