//! `crew order measure FOLIO WHAT VALUE UNIT`: a reading. Outside the norm it is kept and flagged; it is evidence.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;

/// Arguments of `order measure`.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The order's folio
    pub folio: String,
    /// What is measured, such as cloro or ph
    pub what: String,
    /// The value, with a point before the decimals
    #[arg(allow_hyphen_values = true)]
    pub value: String,
    /// The unit, such as mg/L
    pub unit: String,
    /// Where it was taken
    #[arg(long = "where", value_name = "TEXT")]
    pub place: Option<String>,
    /// With which instrument
    #[arg(long, value_name = "TEXT")]
    pub instrument: Option<String>,
}

/// Adds the reading.
///
/// # Errors
/// Rule, if the value is impossible or the unit another.
pub fn run(cx: &Context, args: &MeasureArgs) -> Result<Report, CliError> {
    let MeasureArgs { folio, what, value, unit, place, instrument } = args;
    let flag = cx.write(|replica| {
        Ok(replica.measure(folio, what, value, unit, place.as_deref(), instrument.as_deref())?)
    })?;
    let mut text = format!("{folio}: {what} {value} {unit}\n");
    if let Some(flag) = &flag {
        let note = labels::flag(flag, cx.screen.lang);
        text.push_str(&format!("{}\n", cx.screen.style.alert(&note)));
    }
    text.push_str(&format!("{}\n", cx.saved()));
    Report::new(&json!({ "folio": folio, "flag": flag }), text)
}
