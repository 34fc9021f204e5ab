//! `crew quarantine list|release|dismiss`: work the server holds back. It is kept whole, and never hidden.

use clap::{ArgGroup, Args, Subcommand};
use sync_core::replica::Decisions;
use sync_core::view::lists::QuarantineItem;
use words::{Lang, say};

use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::labels;
use crate::output::Report;
use crate::table::Table;

/// Commands on what is held back.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List what is held back
    List(ListArgs),
    /// Let held work count after all
    Release(DecideArgs),
    /// Set held work aside for good; its author keeps a copy
    Dismiss(DecideArgs),
}

/// Arguments of `quarantine list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Own work that was dismissed, to read and copy it
    #[arg(long)]
    pub dismissed: bool,
}

/// Arguments of `quarantine release` and `quarantine dismiss`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "device"]))]
pub struct DecideArgs {
    /// The entries, by the number that the list shows
    #[arg(value_name = "ID")]
    pub ids: Vec<u64>,
    /// All held work of this device, by its name, letters or how its id begins
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// Of that device only what a carrier had taken over and vouches for
    #[arg(long, requires = "device")]
    pub carried: bool,
    /// Why; the author is told
    #[arg(long)]
    pub reason: String,
    /// Do not try to tell the server at once
    #[arg(long)]
    pub no_sync: bool,
}

/// Runs `crew quarantine …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &QuarantineCommand) -> Result<Report, CliError> {
    match command {
        QuarantineCommand::List(args) => list(cx, args),
        QuarantineCommand::Release(args) => decide(cx, args, true),
        QuarantineCommand::Dismiss(args) => decide(cx, args, false),
    }
}

fn decide(cx: &Context, args: &DecideArgs, releases: bool) -> Result<Report, CliError> {
    let decisions = cx.write(|replica| {
        let ids = match &args.device {
            Some(word) => {
                let device = replica.view().find_device(word)?;
                replica.held_of(&device, args.carried)?
            }
            None => args.ids.clone(),
        };
        Ok(if releases {
            replica.release(&ids, &args.reason)?
        } else {
            replica.dismiss(&ids, &args.reason)?
        })
    })?;
    let is_told = !args.no_sync && exchange::try_quickly(cx);
    Report::new(&decisions, decided(cx, &decisions, is_told))
}

fn decided(cx: &Context, decisions: &Decisions, is_told: bool) -> String {
    let lang = cx.screen.lang;
    let listed = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    let lines = [
        (say!("quarantine-released", count = decisions.released.len()), &decisions.released),
        (say!("quarantine-written-again", count = decisions.written_again.len()), &decisions.written_again),
        (say!("quarantine-dismissed", count = decisions.dismissed.len()), &decisions.dismissed),
    ];
    let mut text: String = lines
        .iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(words, ids)| format!("{}: {}\n", words.of(lang), listed(ids)))
        .collect();
    if text.is_empty() {
        text = format!("{}\n", say!("quarantine-none-of-device").of(lang));
    }
    if decisions.repeated.left > 0 {
        let words = say!("quarantine-without-effect", count = decisions.repeated.left);
        text.push_str(&format!("{}\n", words.of(lang)));
    }
    text.push_str(&format!("{}\n", labels::told(is_told).of(lang)));
    text
}

fn list(cx: &Context, args: &ListArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let items = if args.dismissed { replica.view().dismissed()? } else { replica.view().quarantine()? };
        Report::new(&items, told(cx, &items, args.dismissed))
    })
}

/// The list as a table.
pub(crate) fn told(cx: &Context, items: &[QuarantineItem], is_dismissed: bool) -> String {
    let lang = cx.screen.lang;
    if items.is_empty() {
        let none = if is_dismissed { say!("quarantine-none-dismissed") } else { say!("quarantine-none") };
        return format!("{}\n", none.of(lang));
    }
    let headings = [
        say!("word-number"),
        say!("word-folio"),
        say!("word-who"),
        say!("word-why"),
        say!("word-says"),
        say!("word-builds-on"),
    ];
    let mut table = Table::new(lang, headings).whole(1).spare(&[5]).below(&[3, 4]);
    for item in items {
        table.row([
            item.id.to_string(),
            labels::record(item.folio.as_deref().unwrap_or_default()).of(lang),
            if item.person.is_empty() { labels::short_id(&item.device) } else { item.person.clone() },
            because(item, lang),
            labels::sentence(&item.text, lang).to_owned(),
            item.builds_on.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    table.render(cx.screen.width, cx.screen.style)
}

/// Why it is in review; of what was decided, who decided and why.
fn because(item: &QuarantineItem, lang: Lang) -> String {
    if let Some(why) = &item.decision {
        return format!("{}: {why}", item.decided_by.as_deref().unwrap_or_default());
    }
    labels::reason_with(&item.reason, item.detail_text.as_ref()).of(lang)
}
