//! `crew audit replay`: the state as the office knew it, or as it had happened, at some time.

use clap::{ArgGroup, Args};
use serde_json::json;
use sync_core::time::{TimeMs, parse_rfc3339};
use sync_core::view::audit::At;

use crate::commands::order::list_text;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::seen::Seen;
use crate::text;

/// Arguments of `audit replay`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("at").required(true).args(["at_seq", "known_at", "claimed_at"]))]
pub struct ReplayArgs {
    /// Only this order, by folio
    #[arg(long, value_name = "FOLIO")]
    pub order: Option<String>,
    /// As the office knew it at this ledger number
    #[arg(long, value_name = "N")]
    pub at_seq: Option<u64>,
    /// As the office knew it at this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<String>,
    /// As it had happened by this time, as the crews claim (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub claimed_at: Option<String>,
}

/// Replays.
///
/// # Errors
/// Usage, if the time is none; what the notebook answers.
pub fn run(cx: &Context, args: &ReplayArgs) -> Result<Report, CliError> {
    let at = moment(args)?;
    cx.read(|notebook| {
        let orders = notebook.replay(args.order.as_deref(), at)?;
        let report = Report::new(&json!({ "orders": orders }), String::new())?;
        let text = list_text(cx, notebook.rules(), Seen(&report.json).get("orders"));
        Ok(Report { text, ..report })
    })
}

fn moment(args: &ReplayArgs) -> Result<At, CliError> {
    if let Some(seq) = args.at_seq {
        return Ok(At::Seq(seq));
    }
    match (&args.known_at, &args.claimed_at) {
        (Some(known), _) => Ok(At::Known(time(known)?)),
        (None, claimed) => Ok(At::Claimed(time(claimed.as_deref().unwrap_or_default())?)),
    }
}

fn time(text: &str) -> Result<TimeMs, CliError> {
    parse_rfc3339(text).ok_or_else(|| {
        CliError::usage(
            text!("{text:?} no es una hora", "{text:?} is not a time"),
            text!(
                "escriba 2026-11-21T18:00:00Z, 2026-11-21T12:00:00-06:00 o 2026-11-21",
                "write 2026-11-21T18:00:00Z, 2026-11-21T12:00:00-06:00 or 2026-11-21"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_has_a_zone_or_is_a_whole_day() {
        assert!(super::time("2026-11-21T12:00:00-06:00").is_ok());
        assert!(super::time("2026-11-21").is_ok());
        assert_eq!(super::time("ayer").unwrap_err().exit, 2);
        assert_eq!(super::time("2026-11-21T12:00:00").unwrap_err().exit, 2);
    }
}
