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
    /// The unit of what counts instead, if it is another
    #[arg(requires = "value", conflicts_with = "void")]
    pub unit: Option<String>,
    /// What counts instead; its unit may follow
    #[arg(long, value_name = "V")]
    pub value: Option<String>,
    /// It counts no more
    #[arg(long)]
    pub void: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Corrects the element.
///
/// # Errors
/// Usage, if there is no such element; rule, if another crew's device wrote it or it was voided.
pub fn run(cx: &Context, args: &CorrectArgs) -> Result<Report, CliError> {
    let CorrectArgs { folio, item, unit, value, reason, .. } = args;
    let instead = match value {
        None => Instead::Nothing,
        Some(value) => Instead::Value { value: value.clone(), unit: unit.clone() },
    };
    let corrected = cx.write(|replica| Ok(replica.correct(folio, item, &instead, reason)?))?;
    let lang = cx.screen.lang;
    let said = match &instead {
        Instead::Nothing => say!("order-voided", item),
        Instead::Value { value, unit } => {
            let value = std::iter::once(value).chain(unit).map(String::as_str).collect::<Vec<_>>().join(" ");
            say!("order-corrected", item, value)
        }
    };
    let mut text = format!("{folio}: {}\n", said.of(lang));
    if let Some(flag) = &corrected.flag {
        text.push_str(&format!("{}\n", cx.screen.style.alert(&labels::flag(flag, lang))));
    }
    text.push_str(&format!("{}\n", cx.saved()));
    Report::new(&json!({ "folio": folio, "id": corrected.id.to_string(), "flag": corrected.flag }), text)
}
