//! `crew order list`: the orders on this device, from the index.

use clap::Args;
use sync_core::rules::Rules;
use sync_core::view::lists::{Filter, OrderSummary};

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
    cx.read(|replica| {
        let orders = replica.view().order_list(&filter)?;
        if cx.screen.json {
            return Report::of_list(&orders);
        }
        let text = told(cx, replica.rules(), orders.iter().map(Row::from));
        Ok(Report { text, ..Report::default() })
    })
}

/// What a list shows of an order.
pub(crate) struct Row<'o> {
    folio: &'o str,
    status: &'o str,
    kind: &'o str,
    locality: &'o str,
    crew: &'o str,
    title: &'o str,
    conflicts: u64,
    is_unsent: bool,
}

impl<'o> From<&'o OrderSummary> for Row<'o> {
    fn from(order: &'o OrderSummary) -> Self {
        Self {
            folio: &order.folio,
            status: &order.status,
            kind: &order.kind,
            locality: order.locality.as_deref().unwrap_or_default(),
            crew: order.crew.as_deref().unwrap_or_default(),
            title: &order.title,
            conflicts: order.conflicts.into(),
            is_unsent: order.unsent,
        }
    }
}

impl<'o> From<Seen<'o>> for Row<'o> {
    fn from(order: Seen<'o>) -> Self {
        let named = order.text("locality_name");
        Self {
            folio: order.text("folio"),
            status: order.text("status"),
            kind: order.text("kind"),
            locality: if named.is_empty() { order.text("locality") } else { named },
            crew: order.text("crew"),
            title: order.text("title"),
            conflicts: order.count("conflicts"),
            is_unsent: order.is("unsent"),
        }
    }
}

/// The list as a table.
pub(crate) fn told<'o>(cx: &Context, rules: &Rules, orders: impl Iterator<Item = Row<'o>>) -> String {
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
    for order in orders {
        count += 1;
        let Row { folio, status, kind, locality, crew, title, .. } = order;
        let (status, kind) = (labels::state(rules, lang, status), labels::kind(rules, lang, kind));
        let cells = [folio, status, kind, locality, crew, title].map(str::to_owned);
        table.row(cells.into_iter().chain([marks(cx, &order)]));
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
fn marks(cx: &Context, order: &Row<'_>) -> String {
    let lang = cx.screen.lang;
    let mut marks = Vec::new();
    if order.conflicts > 0 {
        marks.push(labels::counted(
            lang,
            order.conflicts,
            ["diferencia", "diferencias"],
            ["conflict", "conflicts"],
        ));
    }
    if order.is_unsent {
        marks.push(lang.word("sin enviar", "unsent").to_owned());
    }
    marks.join(", ")
}
