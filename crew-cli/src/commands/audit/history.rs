//! `crew audit history FOLIO`: everything that happened to an order, in plain words, what was quarantined included.

use clap::Args;
use sync_core::view::story::{Doer, Happening, Story};
use words::say;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
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
        let story = replica.view().story(&record)?;
        Report::new(&story, told(cx, &story))
    })
}

fn told(cx: &Context, story: &Story) -> String {
    let lang = cx.screen.lang;
    let mut text = String::new();
    for one in &story.happenings {
        let number = match one.seq {
            None => say!("state-saved").of(lang),
            Some(seq) => say!("ledger-number", seq).of(lang),
        };
        let at = one.time.claimed_at.as_ref().or(one.time.received_at.as_ref());
        let at = at.map(|at| cx.when.exact_of(at)).unwrap_or_default();
        let words = clean(labels::sentence(&one.text, lang));
        text.push_str(&format!("{number}  {at}  {}: {words}\n", clean(who(&one.by))));
        for line in beside(cx, one) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

/// The person, or the device where no person is named.
fn who(doer: &Doer) -> &str {
    if doer.person.is_empty() { &doer.device } else { &doer.person }
}

/// What stands below a happening: what followed, who carried it, why it is in review, what was decided.
fn beside(cx: &Context, one: &Happening) -> Vec<String> {
    let lang = cx.screen.lang;
    let mut lines: Vec<String> =
        one.consequences.iter().map(|line| format!("→ {}", clean(labels::sentence(line, lang)))).collect();
    if let Some(carrier) = &one.carrier {
        lines.push(clean(&say!("history-brought-by", device = name(carrier)).of(lang)));
    }
    if let Some(reason) = &one.reason_text {
        let reason = labels::sentence(reason, lang);
        lines.push(cx.screen.style.alert(&clean(&say!("history-in-review", reason).of(lang))));
        lines.push(match &one.decided {
            None => say!("history-undecided").of(lang),
            Some(decided) => {
                let (by, reason) = (who(&decided.by), &decided.reason);
                clean(&format!("{} · {by} · {reason}", labels::decision(decided.releases).of(lang)))
            }
        });
    }
    let mark = labels::time_mark(&one.time);
    if !mark.is_empty() {
        lines.push(clean(&format!("{mark} {}", labels::sentence(&one.time.time_note, lang))));
    }
    lines
}

/// The device's name, or its id where it has none.
fn name(doer: &Doer) -> &str {
    if doer.device_name.is_empty() { &doer.device } else { &doer.device_name }
}
