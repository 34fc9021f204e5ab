//! `crew audit replay`: the state as the office knew it, or as it had happened, at some time.

use clap::{ArgGroup, Args};
use sync_core::replica::Replica;
use sync_core::rules::Rules;
use sync_core::view::replay::At;

use super::moment::time;
use crate::commands::order::{ListRow, list_text, sheet_text};
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::seen::Seen;

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
    /// Of the whole municipality, only what a list shows
    #[arg(long, conflicts_with = "order")]
    pub list: bool,
}

/// Replays.
///
/// # Errors
/// Usage, if the time is none; what the notebook answers.
pub fn run(cx: &Context, args: &ReplayArgs) -> Result<Report, CliError> {
    let at = moment(args)?;
    cx.read(|replica| {
        let report = replayed(cx, args, replica, at)?;
        let text = told(cx, replica.rules(), args.order.is_some(), Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

/// Whole orders for scripts; people are shown the sheet of one, or the list of all, which needs no documents.
fn replayed(cx: &Context, args: &ReplayArgs, replica: &Replica<'_>, at: At) -> Result<Report, CliError> {
    if args.order.is_none() && (args.list || !cx.screen.json) {
        Report::new(&replica.view().replay_list(at)?, String::new())
    } else {
        Report::new(&replica.view().replay(args.order.as_deref(), at)?, String::new())
    }
}

fn told(cx: &Context, rules: &Rules, is_one: bool, replay: Seen<'_>) -> String {
    if cx.screen.json {
        return String::new();
    }
    let lang = cx.screen.lang;
    let at = match replay.text("axis") {
        "sequence" => format!("n.º {}", replay.text("at")),
        _ => cx.when.exact_of(replay.text("at")),
    };
    let heading = format!("{at}: {}", replay.get("note").text(lang.word("es", "en")));
    let heading = cx.screen.style.pending(&heading);
    let body = match (is_one, replay.list("orders").next()) {
        (true, Some(order)) => sheet_text(cx.screen, &cx.when, rules, order),
        (true, None) => String::new(),
        (false, _) => list_text(cx, rules, replay.list("orders").map(ListRow::from)),
    };
    format!("{heading}\n{body}")
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
