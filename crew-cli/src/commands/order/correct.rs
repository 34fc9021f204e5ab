//! `crew order correct FOLIO ITEM (--value V [UNIT] | --void) --reason T`: a slip is said afterwards. What was written
//! first stays in the history.

use clap::{ArgGroup, Args};
use serde_json::json;
use sync_core::replica::Instead;
use words::say;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;

/// Arguments of `order correct`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("instead").required(true).args(["value", "void"]))]
pub struct CorrectArgs {
    /// The order's folio
    pub folio: String,
    /// The number of the reading, material, note or photo, as the order shows it
    pub item: String,
    /// What counts instead, with its unit if that is another
    #[arg(long, value_names = ["V", "UNIT"], num_args = 1..=2, allow_hyphen_values = true)]
    pub value: Vec<String>,
    /// It counts no more
    #[arg(long)]
    pub void: bool,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: String,
}

/// Corrects the element.
///
/// # Errors
/// Usage, if there is no such element; rule, if another crew's device wrote it or it was voided.
pub fn run(cx: &Context, args: &CorrectArgs) -> Result<Report, CliError> {
    let CorrectArgs { folio, item, value, reason, .. } = args;
    let instead = match value.as_slice() {
        [] => Instead::Nothing,
        [value, unit @ ..] => Instead::Value { value: value.clone(), unit: unit.first().cloned() },
    };
    let corrected = cx.write(|replica| Ok(replica.correct(folio, item, &instead, reason)?))?;
    let lang = cx.screen.lang;
    let said = match &instead {
        Instead::Nothing => say!("order-voided", item),
        Instead::Value { .. } => say!("order-corrected", item, value = value.join(" ")),
    };
    let mut text = format!("{folio}: {}\n", said.of(lang));
    if let Some(flag) = &corrected.flag {
        text.push_str(&format!("{}\n", cx.screen.style.alert(&labels::flag(flag, lang))));
    }
    text.push_str(&format!("{}\n", cx.saved()));
    Report::new(&json!({ "folio": folio, "id": corrected.id.to_string(), "flag": corrected.flag }), text)
}
