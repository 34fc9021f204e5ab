//! `show`: one order out of a fold of the ledger in memory; touches no index, so it works while serving.

use serde_json::{Map, Value, json};
use store::{Ledger, LedgerReader};
use sync_core::authority::DeviceRow;
use sync_core::change::Scalar;
use sync_core::fold::{ListRow, applied_changes};
use sync_core::line::read_entry;
use sync_core::office::fold_line;
use sync_core::record::row::RecordRow;
use sync_core::rows::{MemoryRows, Overlay, RowsError, read};
use sync_core::rules::Rules;
use sync_core::rules::record_schema::RecordKind;
use sync_core::time::rfc3339;
use sync_core::{id, keys};

use super::{Report, integrity};
use crate::cli::Show;
use crate::failure::{EXIT_OTHER, Failure};
use crate::lang::Text;
use crate::site::LedgerLines;
use crate::start;

/// Records folded before their rows are moved from the overlay.
const STEP: u64 = 1_000;

pub(super) fn run(args: &Show) -> Result<Report, Failure> {
    let data = &args.data.data;
    start::require(data)?;
    let reader = Ledger::open_read_only(data)?.reader;
    let rows = fold(&reader)?;
    let wanted = args.folio.trim().to_uppercase();
    let listed: ListRow = read(&rows, &keys::name(RecordKind::Order, &wanted))
        .map_err(|error| Failure::rows(&error))?
        .ok_or_else(|| unknown(&wanted))?;
    let row: RecordRow = read(&rows, &keys::record(&listed.record))
        .map_err(|error| Failure::rows(&error))?
        .ok_or_else(|| unknown(&wanted))?;
    let history = history(&rows, &reader, &listed.record).map_err(|error| Failure::rows(&error))?;
    Ok(report(&wanted, &listed, &row, &history))
}

fn fold(reader: &LedgerReader) -> Result<MemoryRows, Failure> {
    let mut rows = MemoryRows::default();
    let mut rules = Rules::default();
    let mut from = 1;
    while from < reader.end() {
        let mut overlay = Overlay::new(&rows);
        let mut failed = None;
        reader.read_range(from, from + STEP, &mut |seq, line| {
            failed = fold_line(&mut rules, &mut overlay, seq, line).err().map(|error| (seq, error));
            failed.is_none()
        })?;
        if let Some((seq, error)) = failed {
            return Err(integrity(seq, &error.0));
        }
        let batch = overlay.batch;
        rows.apply(batch);
        from += STEP;
    }
    Ok(rows)
}

/// One line of what happened to a record.
struct Event {
    seq: u64,
    device: String,
    person: String,
    claimed_at: String,
    received_at: String,
}

fn history(rows: &MemoryRows, reader: &LedgerReader, record: &id::RecordId) -> Result<Vec<Event>, RowsError> {
    let mut events = Vec::new();
    for change in applied_changes(rows, record)? {
        let (receipt, chained) = read_entry(&LedgerLines(reader), change.line)?;
        let header = &chained.entry.header;
        let device: Option<DeviceRow> = read(rows, &keys::device(&header.device))?;
        events.push(Event {
            seq: change.line,
            device: device.map_or_else(|| header.device.to_string(), |row| row.name),
            person: header.person.clone(),
            claimed_at: rfc3339(header.claimed_at_ms),
            received_at: rfc3339(receipt.map_or(0, |receipt| receipt.received_at_ms)),
        });
    }
    Ok(events)
}

fn report(folio: &str, listed: &ListRow, row: &RecordRow, history: &[Event]) -> Report {
    let values = |name: &str| row.values(name).map(to_json).collect::<Vec<_>>();
    let fields: Map<String, Value> =
        row.registers.keys().filter_map(|name| Some((name.clone(), to_json(row.winner(name)?)))).collect();
    let conflicts: Vec<Value> =
        row.conflicts().map(|(name, _)| json!({"field": name, "values": values(name)})).collect();
    let events: Vec<Value> = history
        .iter()
        .map(|event| {
            json!({
                "seq": event.seq, "device": event.device, "person": event.person,
                "claimed_at": event.claimed_at, "received_at": event.received_at,
            })
        })
        .collect();
    let json = json!({
        "folio": folio, "id": listed.record.to_string(), "kind": listed.kind, "locality": listed.locality,
        "status": listed.status, "crew": listed.crew, "title": listed.title, "fields": fields,
        "conflicts": conflicts, "history": events,
    });
    let width = row.registers.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("{folio}\n");
    for (name, value) in &fields {
        text.push_str(&format!("  {}  {}\n", super::pad(name, width), plain(value)));
    }
    for event in history {
        let Event { seq, device, person, claimed_at, received_at } = event;
        text.push_str(&format!("  #{seq}  {claimed_at}  {received_at}  {device}  {person}\n"));
    }
    Report::new(json, Text::new(text.clone(), text))
}

fn to_json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(yes) => Value::from(*yes),
        Scalar::Int(number) => Value::from(*number),
        Scalar::Str(text) => Value::from(text.as_str()),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn unknown(folio: &str) -> Failure {
    Failure {
        code: "unknown_folio",
        message: Text::new(
            format!("no hay orden {folio} en el libro"),
            format!("the ledger has no order {folio}"),
        ),
        hint: Text::new(
            "Revise el folio; una orden aparece aquí cuando su dispositivo ha sincronizado.",
            "Check the folio; an order appears here once its device has synced.",
        ),
        exit: EXIT_OTHER,
    }
}
