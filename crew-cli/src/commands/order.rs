//! `crew order …`, and the shortcuts that need no `order` before them.

pub mod assign;
pub mod check;
pub mod correct;
mod items;
pub mod list;
pub mod material;
pub mod measure;
pub mod new;
pub mod note;
pub mod photo;
pub mod set;
mod sheet;
pub mod show;
pub mod step;

use clap::Subcommand;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::{Text, say};

pub(crate) use items::{Added, Correction, Material, Note, Photo, Reading, Voided, items, shown};
pub(crate) use list::told as list_text;
pub(crate) use sheet::conflict_lines;
pub(crate) use sheet::render as sheet_text;

/// Every command on orders.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Make an order
    New(Box<new::NewArgs>),
    /// List orders
    List(list::ListArgs),
    /// Show an order whole
    Show(show::ShowArgs),
    /// Work on an order.
    #[command(flatten)]
    Work(WorkCommand),
}

/// What people do on an order; also available without `order` before it.
#[derive(Debug, Subcommand)]
pub enum WorkCommand {
    /// Start the work
    Start(step::StepArgs),
    /// Pause the work
    Pause(step::StepArgs),
    /// Finish the work
    Finish(step::StepArgs),
    /// Cancel the order
    Cancel(step::StepArgs),
    /// Reopen an order
    Reopen(step::StepArgs),
    /// Approve finished work
    Approve(step::StepArgs),
    /// Any other step that the kind of work has
    Step(step::NamedStepArgs),
    /// Assign the order to a crew
    Assign(assign::AssignArgs),
    /// Add a note
    Note(note::NoteArgs),
    /// Add a reading
    Measure(measure::MeasureArgs),
    /// Add material used
    Material(material::MaterialArgs),
    /// Add a photo or a signature
    Photo(Box<photo::PhotoArgs>),
    /// Fill in a field
    Set(set::SetArgs),
    /// Tick off a line of the checklist
    Check(check::CheckArgs),
    /// Correct a slip in a reading, a material, a note or a photo
    Correct(correct::CorrectArgs),
}

/// Runs `crew order …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &OrderCommand) -> Result<Report, CliError> {
    match command {
        OrderCommand::New(args) => new::run(cx, args),
        OrderCommand::List(args) => list::run(cx, args),
        OrderCommand::Show(args) => show::run(cx, args),
        OrderCommand::Work(command) => work(cx, command),
    }
}

/// Runs what may stand without `order`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn work(cx: &Context, command: &WorkCommand) -> Result<Report, CliError> {
    match command {
        WorkCommand::Start(args) => step::run(cx, "start", args),
        WorkCommand::Pause(args) => step::run(cx, "pause", args),
        WorkCommand::Finish(args) => step::run(cx, "finish", args),
        WorkCommand::Cancel(args) => step::run(cx, "cancel", args),
        WorkCommand::Reopen(args) => step::run(cx, "reopen", args),
        WorkCommand::Approve(args) => step::run(cx, "approve", args),
        WorkCommand::Step(args) => step::run(cx, &args.step, &args.on),
        WorkCommand::Assign(args) => assign::run(cx, args),
        WorkCommand::Note(args) => note::run(cx, args),
        WorkCommand::Measure(args) => measure::run(cx, args),
        WorkCommand::Material(args) => material::run(cx, args),
        WorkCommand::Photo(args) => photo::run(cx, args),
        WorkCommand::Set(args) => set::run(cx, args),
        WorkCommand::Check(args) => check::run(cx, args),
        WorkCommand::Correct(args) => correct::run(cx, args),
    }
}

/// Says that an order's asset stands in another locality than the order names; it may be so on purpose.
fn warn_elsewhere(cx: &Context, elsewhere: Option<(String, String)>) {
    if let Some((asset, locality)) = elsewhere {
        cx.screen.warn(&say!("order-asset-elsewhere", asset, locality));
    }
}

/// The report of something noted on an order. Only made once the store has confirmed it.
fn noted(cx: &Context, folio: &str, what: &Text) -> Result<Report, CliError> {
    let what = what.of(cx.screen.lang);
    Report::new(&json!({ "folio": folio }), format!("{folio}: {what}\n{}\n", cx.saved()))
}
