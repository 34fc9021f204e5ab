//! `crew audit history FOLIO`: everything that happened to an order, in plain words, what was held back included.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::clean;

/// Arguments of `audit history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The order's folio
    pub folio: String,
}

/// Tells the history.
///
/// # Errors
/// Usage, if there is no such order here.
pub fn run(cx: &Context, args: &HistoryArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let record = replica.view().find_order_ever(&args.folio)?;
        let report = Report::new(&replica.view().story(&record)?, String::new())?;
        let text = told(cx, Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

fn told(cx: &Context, story: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let in_lang = lang.word("es", "en");
    let mut text = String::new();
    for one in story.list("happenings") {
        let number = match one.get("seq").shown() {
            seq if seq.is_empty() => lang.word("sin enviar", "unsent").to_owned(),
            seq => format!("n.º {seq}"),
        };
        let at = match one.text("claimed_at") {
            "" => cx.when.exact_of(one.text("received_at")),
            claimed => cx.when.exact_of(claimed),
        };
        let who = clean(&one.first(&["person", "device"]));
        text.push_str(&format!("{number}  {at}  {who}: {}\n", clean(one.get("text").text(in_lang))));
        for line in beside(cx, one) {
            text.push_str(&format!("    {}\n", clean(&line)));
        }
    }
    text
}

/// What stands below a happening: what followed, who carried it, why it was held back, what was decided.
fn beside(cx: &Context, one: Seen<'_>) -> Vec<String> {
    let lang = cx.screen.lang;
    let in_lang = lang.word("es", "en");
    let mut lines: Vec<String> =
        one.list("consequences").map(|line| format!("→ {}", line.text(in_lang))).collect();
    if one.get("carrier").0.is_object() {
        let carrier = one.get("carrier").first(&["device_name", "device"]);
        lines.push(format!("{} {carrier}", lang.word("lo trajo", "brought by")));
    }
    if one.get("reason_text").0.is_object() {
        let held = lang.word("retenido", "held back");
        lines.push(cx.screen.style.alert(&format!("{held}: {}", one.get("reason_text").text(in_lang))));
        let decided = one.get("decided");
        let words = match (decided.0.is_object(), decided.is("releases")) {
            (false, _) => lang.word("nadie ha decidido todavía", "nobody has decided yet").to_owned(),
            (true, releases) => {
                let what = if releases {
                    lang.word("liberado", "released")
                } else {
                    lang.word("desechado", "dismissed")
                };
                let by = decided.get("by").first(&["person", "device"]);
                format!("{what} · {by} · {}", decided.text("reason"))
            }
        };
        lines.push(words);
    }
    let mark = labels::time_mark(one.text("time"), !one.get("clock_jump_ms").0.is_null());
    if !mark.is_empty() {
        lines.push(format!("{mark} {}", one.get("time_note").text(in_lang)));
    }
    lines
}
