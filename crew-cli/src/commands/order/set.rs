//! `crew order set FOLIO FIELD VALUE`: a field of the kind of work.

use clap::Args;

use super::{noted, warn_elsewhere};
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Arguments of `order set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The order's folio
    pub folio: String,
    /// The field, by key or label
    pub field: String,
    /// The value
    #[arg(allow_hyphen_values = true)]
    pub value: String,
}

/// Sets the field.
///
/// # Errors
/// Rule, if the kind has no such field or the value does not fit.
pub fn run(cx: &Context, args: &SetArgs) -> Result<Report, CliError> {
    let SetArgs { folio, field, value } = args;
    let elsewhere = cx.write(|replica| {
        let before = replica.view().asset_elsewhere(folio)?;
        replica.set(folio, field, value)?;
        Ok(replica.view().asset_elsewhere(folio)?.filter(|now| before.as_ref() != Some(now)))
    })?;
    warn_elsewhere(cx, elsewhere);
    noted(cx, folio, &say!("order-set", field, value))
}
