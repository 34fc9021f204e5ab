//! `crew audit log`: what was done, in the order of the ledger.

use clap::Args;
use sync_core::view::audit::AuditLine;
use words::{Lang, say};

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::table::Table;

/// Arguments of `audit log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Only this order, by folio
    #[arg(long, value_name = "FOLIO")]
    pub order: Option<String>,
    /// Only this device, by its name, letters or how its id begins
    #[arg(long, value_name = "ID")]
    pub device: Option<String>,
}

/// Lists what was done.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context, args: &LogArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let device = args.device.as_deref().map(|word| replica.view().find_author(word)).transpose()?;
        let lines = replica.view().audit_log(args.order.as_deref(), device.as_ref())?;
        let text = if cx.screen.json { String::new() } else { told(cx, &lines) };
        Report::new(&lines, text)
    })
}

/// The lines as a table.
pub(crate) fn told(cx: &Context, lines: &[AuditLine]) -> String {
    let lang = cx.screen.lang;
    let headings = [
        say!("word-number"),
        say!("word-received"),
        say!("word-claimed"),
        say!("word-folio"),
        say!("word-who"),
        say!("word-what"),
        say!("word-verdict"),
        say!("word-hash"),
    ];
    let mut table =
        Table::new(lang, headings).whole(1).whole(2).whole(3).cap(4, 19).spare(&[7, 6, 2]).below(&[5]);
    let at =
        |time: &Option<String>| time.as_ref().map_or_else(|| "—".to_owned(), |time| cx.when.exact_of(time));
    for line in lines {
        table.row([
            line.seq.to_string(),
            at(&line.time.received_at),
            format!("{} {}", at(&line.time.claimed_at), labels::time_mark(&line.time)).trim_end().to_owned(),
            labels::record(line.folio.as_deref().unwrap_or_default()).of(lang),
            if line.person.is_empty() { labels::short_id(&line.device) } else { line.person.clone() },
            deed(line, lang),
            verdict(line, lang),
            line.entry_hash.iter().flat_map(|hash| hash.chars().take(8)).collect(),
        ]);
    }
    let legend = cx.screen.style.dim(&labels::time_legend().of(lang));
    format!("{}{legend}\n", table.render(cx.screen.width, cx.screen.style))
}

/// What was done; of what does not count, that too: its column may have no room.
fn deed(line: &AuditLine, lang: Lang) -> String {
    let text = labels::sentence(&line.text, lang);
    if line.verdict == "accepted" { text.to_owned() } else { format!("{text} ({})", verdict(line, lang)) }
}

/// The first word of the office, and what a person decided of what it held for review.
fn verdict(line: &AuditLine, lang: Lang) -> String {
    let first = labels::verdict(&line.verdict, lang);
    match &line.decided {
        None => first,
        Some(decided) => format!("{first} → {}", labels::decision(decided.releases).of(lang)),
    }
}
