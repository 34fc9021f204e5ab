//! `crew order list`: the orders on this device, from the index.

use clap::Args;
use sync_core::rules::Rules;
use sync_core::view::lists::Filter;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::Table;

/// Arguments of `order list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those in this state
    #[arg(long)]
    pub status: Option<String>,
    /// Only this crew's
    #[arg(long)]
    pub crew: Option<String>,
    /// Only those in this locality, by key or name
    #[arg(long)]
    pub locality: Option<String>,
}

/// Lists the orders.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context, args: &ListArgs) -> Result<Report, CliError> {
    let filter =
        Filter { status: args.status.clone(), crew: args.crew.clone(), locality: args.locality.clone() };
    cx.read(|notebook| {
        let report = Report::new(&notebook.order_list(&filter)?, String::new())?;
        if cx.screen.json {
            return Ok(report);
        }
        let text = told(cx, notebook.rules(), Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

pub(crate) fn told(cx: &Context, rules: &Rules, orders: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let mut table = Table::new(&[
        "folio",
        lang.word("estado", "status"),
        lang.word("tipo", "kind"),
        lang.word("localidad", "locality"),
        lang.word("cuadrilla", "crew"),
        lang.word("título", "title"),
        "",
    ]);
    let mut count = 0;
    for order in orders.elements() {
        count += 1;
        table.row(vec![
            order.first(&["folio"]),
            labels::state(rules, lang, order.text("status")).to_owned(),
            labels::kind(rules, lang, order.text("kind")).to_owned(),
            order.first(&["locality_name", "locality"]),
            order.first(&["crew"]),
            order.first(&["title"]),
            marks(cx, order),
        ]);
    }
    if count == 0 {
        return format!(
            "{}\n",
            lang.word("no hay órdenes así en este equipo", "no such orders on this device")
        );
    }
    let total = labels::counted(lang, count, ["orden", "órdenes"], ["order", "orders"]);
    format!("{}{}\n", table.render(cx.screen.width, cx.screen.style), cx.screen.style.dim(&total))
}

/// What needs attention, in words: colours alone carry no meaning.
fn marks(cx: &Context, order: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let mut marks = Vec::new();
    if order.count("conflicts") > 0 {
        let count = order.count("conflicts");
        marks.push(labels::counted(lang, count, ["diferencia", "diferencias"], ["conflict", "conflicts"]));
    }
    if order.is("unsent") {
        marks.push(lang.word("sin enviar", "unsent").to_owned());
    }
    marks.join(", ")
}
