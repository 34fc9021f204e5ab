//! `crew audit receipt-check FILE`: checks a proof file of an order, offline, on any machine.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use sync_core::id::{Hash, PersonId};
use sync_core::limits::PROOF_FILE_BYTES_MAX;
use sync_core::log::chain::DecodedBody;
use sync_core::log::proof_file::{CheckedChange, ProofFile, ProofFileError};
use sync_core::people::{Names as _, People};
use sync_core::record::change::{Action, Change, OpId, Place, Scalar};
use sync_core::time::rfc3339;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::output::Report;
use crate::table::Table;
use crate::{files, log};
use words::say;

/// Arguments of `audit receipt-check`.
#[derive(Debug, Args)]
pub struct ReceiptCheckArgs {
    /// The file
    pub file: PathBuf,
    /// Key of the log (otherwise the one this device pinned when it enrolled)
    #[arg(long, value_name = "KEY")]
    pub log_verifier: Option<String>,
}

#[derive(Serialize)]
struct Checked {
    folio: String,
    entries: u64,
    root: Hash,
    consistent: bool,
    changes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    seq: u64,
    device: String,
    device_name: String,
    person: String,
    person_id: PersonId,
    claimed_at: String,
    received_at: String,
    verdict: String,
    entry_hash: Hash,
    writes: Vec<String>,
}

/// Checks the file.
///
/// # Errors
/// Integrity, with the first thing that does not hold; as the disk answers.
pub fn run(cx: &Context, args: &ReceiptCheckArgs) -> Result<Report, CliError> {
    let bytes = files::read_bounded(&args.file, PROOF_FILE_BYTES_MAX)?;
    let key = log::verifier(cx, args.log_verifier.as_deref())?;
    let file = ProofFile::from_bytes(&bytes).map_err(|error| wrong(&error))?;
    let checked = file.check(&key).map_err(|error| wrong(&error))?;
    let people = cx.home.people()?;
    let rows: Vec<Row> = checked.changes.iter().map(|change| row(&people, change)).collect();
    let (folio, changes, entries) = (&file.folio, rows.len(), checked.anchor.size);
    let head = say!("receipt-holds", folio, changes, entries);
    let text = format!("{}\n{}", head.of(cx.screen.lang), told(cx, &rows));
    let report = Checked {
        folio: file.folio.clone(),
        entries,
        root: checked.anchor.root,
        consistent: true,
        changes: rows,
    };
    Report::new(&report, text)
}

fn row(people: &People, change: &CheckedChange) -> Row {
    let header = &change.entry.header;
    Row {
        seq: change.leaf.seq,
        device: header.device.to_string(),
        device_name: change.device_name.clone(),
        person: people.name_of(&header.person).map_or_else(|| change.device_name.clone(), str::to_owned),
        person_id: header.person,
        claimed_at: rfc3339(header.claimed_at_ms),
        received_at: rfc3339(change.leaf.received_at_ms),
        verdict: if change.leaf.is_accepted() { "accepted" } else { "quarantined" }.into(),
        entry_hash: change.hash,
        writes: match &change.decoded {
            DecodedBody::Change(change) => writes(change),
            DecodedBody::Act(_) => Vec::new(),
        },
    }
}

/// What a change puts, as it stands in it: `name = value`, and `+ value` for what it adds to a list or a text. Typed
/// characters that follow one another are one value.
fn writes(change: &Change) -> Vec<String> {
    let shown = |value: &Scalar| match value {
        Scalar::Null => "—".to_owned(),
        Scalar::Bool(is) => is.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Str(text) => text.clone(),
    };
    let mut written: Vec<String> = Vec::new();
    let mut last_put = None;
    for (counter, op) in (change.start_op..).zip(&change.ops) {
        let Action::Put(value) = &op.action else { continue };
        let own = |counter| OpId { counter, device: change.device };
        let continues = last_put.is_some_and(|last| op.insert && op.place == Place::Elem(own(last)));
        match (&op.place, written.last_mut()) {
            (Place::Prop(name), _) => written.push(format!("{name} = {}", shown(value))),
            (_, Some(run)) if continues => run.push_str(&shown(value)),
            _ => written.push(format!("+ {}", shown(value))),
        }
        last_put = Some(counter);
    }
    written
}

fn told(cx: &Context, rows: &[Row]) -> String {
    let lang = cx.screen.lang;
    let headings = [
        say!("word-number"),
        say!("word-received"),
        say!("word-claimed"),
        say!("word-who"),
        say!("word-verdict"),
        say!("word-writes"),
    ];
    let mut table = Table::new(lang, headings).whole(1).spare(&[2]).below(&[5]);
    for row in rows {
        table.row(vec![
            row.seq.to_string(),
            cx.when.exact_of(&row.received_at),
            cx.when.exact_of(&row.claimed_at),
            row.person.clone(),
            crate::labels::verdict(&row.verdict, lang),
            row.writes.join(", "),
        ]);
    }
    table.render(cx.screen.width, cx.screen.style)
}

fn wrong(error: &ProofFileError) -> CliError {
    CliError::new(
        exit::INTEGRITY,
        "proof_fails",
        say!("receipt-fails", error = error.to_string()),
        say!("receipt-fails-hint"),
    )
}
