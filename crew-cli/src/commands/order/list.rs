//! `crew order list`: the orders on this device, from the index.

use clap::Args;
use sync_core::rules::Rules;
use sync_core::view::lists::{Filter, OrderSummary};
use words::{Lang, Text, say};

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
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
        let text = told(cx, replica.rules(), &orders);
        Ok(Report { text, ..Report::default() })
    })
}

/// The list as a table.
pub(crate) fn told(cx: &Context, rules: &Rules, orders: &[OrderSummary]) -> String {
    let lang = cx.screen.lang;
    if orders.is_empty() {
        return format!("{}\n", say!("order-list-none").of(lang));
    }
    let mut table = Table::new(
        lang,
        [
            say!("word-folio"),
            say!("word-status"),
            say!("word-kind"),
            say!("word-locality"),
            say!("word-crew"),
            say!("word-due-short"),
            say!("word-title"),
            Text::same(""),
        ],
    )
    .cap(2, 22)
    .cap(3, 18)
    .below(&[6, 7]);
    for order in orders {
        table.row([
            order.folio.clone(),
            labels::state(rules, lang, &order.status).to_owned(),
            labels::kind(rules, lang, &order.kind).to_owned(),
            order.locality.clone().unwrap_or_default(),
            order.crew.clone().unwrap_or_default(),
            order.due.clone().unwrap_or_default(),
            if cx.screen.width == usize::MAX { order.title.clone() } else { own_title(rules, order) },
            marks(order, lang),
        ]);
    }
    let total = say!("count-orders", count = orders.len()).of(lang);
    format!("{}{}\n", table.render(cx.screen.width, cx.screen.style), cx.screen.style.dim(&total))
}

/// The title, unless it says kind and place and nothing else: those have columns of their own.
fn own_title(rules: &Rules, order: &OrderSummary) -> String {
    let kind = rules.kinds.get(&order.kind).map_or(order.kind.as_str(), |kind| kind.labels.es.as_str());
    let usual = match &order.locality {
        Some(place) => format!("{kind} — {place}"),
        None => kind.to_owned(),
    };
    if order.title == usual { String::new() } else { order.title.clone() }
}

/// What needs attention, in words: colours alone carry no meaning.
fn marks(order: &OrderSummary, lang: Lang) -> String {
    let mut marks = Vec::new();
    if order.conflicts > 0 {
        marks.push(say!("count-conflicts", count = order.conflicts).of(lang));
    }
    if order.held_back {
        marks.push(say!("state-in-review").of(lang));
    }
    if order.unsent {
        marks.push(say!("state-saved").of(lang));
    }
    marks.join(", ")
}
