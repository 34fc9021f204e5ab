//! `crew order new`: makes an order; its folio is unique without asking anybody.

use clap::Args;
use serde_json::json;
use sync_core::id::RecordId;
use sync_core::replica::NewOrder;

use super::warn_elsewhere;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Arguments of `order new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The kind of work, by key or name
    #[arg(long)]
    pub kind: String,
    /// The locality, by key or name
    #[arg(long)]
    pub locality: Option<String>,
    /// The asset, by key
    #[arg(long)]
    pub asset: Option<String>,
    /// The crew's code
    #[arg(long)]
    pub crew: Option<String>,
    /// A short title
    #[arg(long)]
    pub title: Option<String>,
    /// A field of the kind, as field=value; may be repeated
    #[arg(long = "field", value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    /// What is to be done
    #[arg(long)]
    pub description: Option<String>,
    /// Due date, YYYY-MM-DD
    #[arg(long)]
    pub due: Option<String>,
    /// Priority: low, normal, high, urgent
    #[arg(long)]
    pub priority: Option<String>,
    /// The plan it counts for, by key
    #[arg(long)]
    pub plan: Option<String>,
}

/// Makes the order.
///
/// # Errors
/// Usage, if a field is not written `field=value`; rule, if the rules do not allow it.
pub fn run(cx: &Context, args: &NewArgs) -> Result<Report, CliError> {
    let fields = args.fields.iter().map(|field| parse_field(field)).collect::<Result<Vec<_>, _>>()?;
    let new = new_order(args, fields);
    let (made, elsewhere) = cx.write(|replica| {
        let made = replica.order_new(&new)?;
        let elsewhere = replica.view().asset_elsewhere(&made.folio)?;
        Ok((made, elsewhere))
    })?;
    warn_elsewhere(cx, elsewhere);
    let id: RecordId = made.id;
    let text = format!("{}\n{}\n", cx.screen.style.bold(&made.folio), cx.saved());
    Report::new(&json!({ "folio": made.folio, "id": id }), text)
}

fn new_order(args: &NewArgs, fields: Vec<(String, String)>) -> NewOrder {
    NewOrder {
        kind: args.kind.clone(),
        locality: args.locality.clone(),
        asset: args.asset.clone(),
        crew: args.crew.clone(),
        title: args.title.clone(),
        fields,
        description: args.description.clone(),
        due: args.due.clone(),
        priority: args.priority.clone(),
        plan: args.plan.clone(),
        id: None,
    }
}

fn parse_field(text: &str) -> Result<(String, String), CliError> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(CliError::usage(say!("order-bad-field", text), say!("order-bad-field-hint"))),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_field;

    #[test]
    fn a_field_is_split_at_its_first_equals_sign() {
        assert_eq!(parse_field("dosis=1.20").unwrap(), ("dosis".into(), "1.20".into()));
        assert_eq!(parse_field("a = b=c").unwrap(), ("a".into(), " b=c".into()));
        assert_eq!(parse_field("x=").unwrap(), ("x".into(), String::new()));
        for text in ["dosis", "=1", " =1", ""] {
            assert_eq!(parse_field(text).unwrap_err().exit, 2, "{text}");
        }
    }
}
