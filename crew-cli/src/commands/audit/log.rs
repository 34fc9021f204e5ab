//! `crew audit log`: what was done, in the order of the ledger.

use clap::Args;
use sync_core::rules::Rules;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::Table;
use crate::text::Lang;

/// Arguments of `audit log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Only this order, by folio
    #[arg(long, value_name = "FOLIO")]
    pub order: Option<String>,
    /// Only this device, by its id or how it begins
    #[arg(long, value_name = "ID")]
    pub device: Option<String>,
}

/// Lists what was done.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context, args: &LogArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let lines = replica.view().audit_log(args.order.as_deref(), args.device.as_deref())?;
        let report = Report::new(&lines, String::new())?;
        if cx.screen.json {
            return Ok(report);
        }
        let text = told(cx, replica.rules(), Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

fn told(cx: &Context, rules: &Rules, lines: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let mut table = Table::new(&[
        "n.º",
        lang.word("recibido", "received"),
        lang.word("dicho", "claimed"),
        "",
        "folio",
        lang.word("quién", "who"),
        lang.word("qué", "what"),
        lang.word("veredicto", "verdict"),
        lang.word("huella", "hash"),
    ])
    .whole(4);
    for line in lines.elements() {
        let words = line.get("text").first(&[lang.word("es", "en"), "es"]);
        let action = if words.is_empty() { labels::action(rules, lang, line.text("action")) } else { words };
        let at = |key: &str| match line.text(key) {
            "" => "—".to_owned(),
            time => cx.when.exact_of(time),
        };
        table.row(vec![
            line.get("seq").shown(),
            at("received_at"),
            at("claimed_at"),
            labels::time_mark(line.text("time"), !line.get("clock_jump_ms").0.is_null()),
            line.first(&["folio"]),
            line.first(&["person", "device"]),
            action,
            verdict(line, lang),
            line.text("entry_hash").chars().take(8).collect(),
        ]);
    }
    let legend = cx.screen.style.dim(labels::time_legend(lang));
    format!("{}{legend}\n", table.render(cx.screen.width, cx.screen.style))
}

/// The first word of the server, and what became of what it held back.
fn verdict(line: Seen<'_>, lang: Lang) -> String {
    let first = labels::verdict(line.text("verdict"), lang);
    let decided = line.get("decided");
    match (decided.0.is_object(), decided.is("releases")) {
        (false, _) => first.to_owned(),
        (true, true) => format!("{first} → {}", lang.word("liberado", "released")),
        (true, false) => format!("{first} → {}", lang.word("desechado", "dismissed")),
    }
}
