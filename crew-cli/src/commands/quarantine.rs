//! `crew quarantine list|release|dismiss`: work the server holds back. It is kept whole, and never hidden.

use clap::{ArgGroup, Args, Subcommand};
use sync_core::replica::Decisions;

use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::Table;
use crate::text::Lang;

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
        (lang.word("liberados", "released"), &decisions.released),
        (lang.word("vueltos a escribir", "written again"), &decisions.written_again),
        (lang.word("desechados", "dismissed"), &decisions.dismissed),
    ];
    let mut text: String = lines
        .iter()
        .filter(|(_, ids)| !ids.is_empty())
        .map(|(word, ids)| format!("{word} ({}): {}\n", ids.len(), listed(ids)))
        .collect();
    if text.is_empty() {
        text = format!(
            "{}\n",
            lang.word("no hay nada retenido de ese equipo", "nothing of that device is held")
        );
    }
    if decisions.repeated.left > 0 {
        let left = decisions.repeated.left;
        let words =
            lang.word("sin efecto hoy, siguen retenidos: ", "without any effect today, they stay held: ");
        text.push_str(&format!("{words}{left}\n"));
    }
    let state = match is_told {
        true => lang.word("el servidor ya lo sabe", "the server knows"),
        false => {
            lang.word("valdrá después del próximo «crew sync»", "it will count after the next `crew sync`")
        }
    };
    text.push_str(&format!("{state}\n"));
    text
}

fn list(cx: &Context, args: &ListArgs) -> Result<Report, CliError> {
    let report = cx.read(|replica| {
        let items = if args.dismissed { replica.view().dismissed()? } else { replica.view().quarantine()? };
        Report::new(&items, String::new())
    })?;
    let text = told(cx, Seen(&report.json));
    Ok(Report { text, ..report })
}

fn told(cx: &Context, held: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    if held.elements().next().is_none() {
        return format!("{}\n", lang.word("no hay nada retenido", "nothing is held back"));
    }
    let mut table = Table::new(&[
        "id",
        "folio",
        lang.word("quién", "who"),
        lang.word("por qué", "why"),
        lang.word("qué dice", "what it says"),
        lang.word("se apoya en", "builds on"),
    ])
    .whole(1);
    for entry in held.elements() {
        table.row(vec![
            entry.get("id").shown(),
            entry.first(&["folio"]),
            entry.first(&["person", "device"]),
            because(entry, lang),
            entry.get("text").first(&[lang.word("es", "en"), "es"]),
            entry.get("builds_on").elements().map(|one| one.shown()).collect::<Vec<_>>().join(" "),
        ]);
    }
    table.render(cx.screen.width, cx.screen.style)
}

fn because(entry: Seen<'_>, lang: Lang) -> String {
    if !entry.text("decision").is_empty() {
        let (by, why) = (entry.text("decided_by"), entry.text("decision"));
        return format!("{by}: {why}");
    }
    let reason = labels::reason_code(entry.text("reason"), lang);
    match entry.text("detail") {
        "" => reason.to_owned(),
        detail => format!("{reason} ({detail})"),
    }
}
