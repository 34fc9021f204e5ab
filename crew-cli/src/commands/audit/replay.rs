//! `crew audit replay`: the state as the office knew it, or as it had happened, at some time.

use clap::{ArgGroup, Args};
use std::collections::BTreeSet;
use sync_core::time::UtcOffset;
use sync_core::view::replay::{At, Replay};
use words::say;

use super::moment::time;
use crate::commands::order::{list_text, sheet_text};
use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;

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
/// Usage, if the time is none; what the replica answers.
pub fn run(cx: &Context, args: &ReplayArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let at = moment(args, replica.identity()?.utc_offset)?;
        let (view, rules) = (replica.view(), replica.rules());
        // People are shown the sheet of one order, or the list of all, which needs no documents.
        if args.order.is_none() && (args.list || !cx.screen.json) {
            let replay = view.replay_list(at)?;
            let text = if cx.screen.json { String::new() } else { list_text(cx, rules, &replay.orders) };
            return Report::new(&replay, format!("{}{text}", heading(cx, &replay)));
        }
        let replay = view.replay(args.order.as_deref(), at)?;
        let text = match replay.orders.first() {
            Some(order) if !cx.screen.json => sheet_text(cx.screen, &cx.when, rules, order, &BTreeSet::new()),
            _ => String::new(),
        };
        Report::new(&replay, format!("{}{text}", heading(cx, &replay)))
    })
}

fn heading<T>(cx: &Context, replay: &Replay<T>) -> String {
    let lang = cx.screen.lang;
    let at = match replay.axis {
        "sequence" => say!("ledger-number", seq = &replay.at).of(lang),
        _ => cx.when.exact_of(&replay.at),
    };
    let heading = format!("{at}: {}", labels::sentence(&replay.note, lang));
    format!("{}\n", cx.screen.style.pending(&heading))
}

fn moment(args: &ReplayArgs, here: UtcOffset) -> Result<At, CliError> {
    if let Some(seq) = args.at_seq {
        return Ok(At::Seq(seq));
    }
    match (&args.known_at, &args.claimed_at) {
        (Some(known), _) => Ok(At::Known(time(known, here)?)),
        (None, claimed) => Ok(At::Claimed(time(claimed.as_deref().unwrap_or_default(), here)?)),
    }
}
