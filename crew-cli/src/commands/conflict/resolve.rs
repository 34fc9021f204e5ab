//! `crew conflict resolve FOLIO FIELD (--take N | --value V) --reason T`: a decision that stays on record.

use clap::{ArgGroup, Args};
use serde_json::json;
use sync_core::replica::Choice;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use words::say;

/// Arguments of `conflict resolve`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("choice").required(true).args(["take", "value"]))]
pub struct ResolveArgs {
    /// The order's folio, or KIND:KEY as listed
    #[arg(value_name = "RECORD")]
    pub folio: String,
    /// The field, as listed
    pub field: String,
    /// Take the value with this number, as listed
    #[arg(long, value_name = "N")]
    pub take: Option<usize>,
    /// Write this value
    #[arg(long, value_name = "V")]
    pub value: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Settles the difference.
///
/// # Errors
/// Usage, if there is no value with that number; rule, if the role does not allow it.
pub fn run(cx: &Context, args: &ResolveArgs) -> Result<Report, CliError> {
    let choice = match (args.take, &args.value) {
        (_, Some(value)) => Choice::Value(value.clone()),
        (Some(number), None) => Choice::Take(number),
        (None, None) => {
            return Err(CliError::usage(say!("conflict-no-choice"), say!("conflict-no-choice-hint")));
        }
    };
    let ResolveArgs { folio, field, reason, .. } = args;
    let label = cx.write(|replica| {
        replica.resolve(folio, field, &choice, reason)?;
        let kind = match replica.view().order_show(folio) {
            Ok(order) => order.kind,
            Err(_) => String::new(),
        };
        Ok(labels::field(replica.rules(), cx.screen.lang, &kind, field))
    })?;
    let settled = say!("conflict-settled").of(cx.screen.lang);
    Report::new(
        &json!({ "folio": folio, "field": field }),
        format!("{folio}: {label} {settled}\n{}\n", cx.saved()),
    )
}
