//! `crew order material FOLIO SKU QTY UNIT`: material used up.

use clap::Args;

use super::noted;
use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use words::say;

/// Arguments of `order material`.
#[derive(Debug, Args)]
pub struct MaterialArgs {
    /// The order's folio
    pub folio: String,
    /// The material's key
    pub sku: String,
    /// How much
    #[arg(allow_hyphen_values = true)]
    pub qty: String,
    /// The unit, such as pza
    pub unit: String,
}

/// Adds the material. One that the catalogue lacks is noted all the same, with a warning that lists what there is.
///
/// # Errors
/// Rule, if the quantity is impossible or the unit another.
pub fn run(cx: &Context, args: &MaterialArgs) -> Result<Report, CliError> {
    let MaterialArgs { folio, sku, qty, unit } = args;
    let others = cx.write(|replica| Ok(replica.use_material(folio, sku, qty, unit)?))?;
    match others {
        Some(others) if others.is_empty() => cx.screen.warn(&say!("order-material-no-catalog", sku)),
        Some(others) => cx.screen.warn(&say!("order-material-unknown", sku, known = labels::known(&others))),
        None => {}
    }
    noted(cx, folio, &say!("order-material", sku, qty, unit))
}
