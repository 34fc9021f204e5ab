//! `show`: one order out of a fold of the ledger in memory; patches no index, so it works while serving.

use store_disk::{Ledger, LedgerReader};
use sync_core::hub::fold_line;
use sync_core::people::PeopleBook;
use sync_core::record::schema::RecordKind;
use sync_core::rows::{MemoryRows, Overlay, RowsError, read};
use sync_core::rules::Rules;
use sync_core::state::keyspace;
use sync_core::state::summary::ListRow;
use sync_core::view::order::{OrderView, order_after};
use sync_core::view::steps::steps_of;
use sync_core::view::who::Who;
use sync_core::view::words::state_label;

use super::{Report, integrity};
use crate::cli::Show;
use crate::failure::{EXIT_OTHER, Failure};
use crate::people;
use crate::start;
use sync_core::view::words::Sentence;
use words::{Lang, Text, say, visible};

/// Records folded before their rows are moved from the overlay.
const STEP: u64 = 1_000;

pub(super) fn run(args: &Show) -> Result<Report, Failure> {
    let data = &args.data.data;
    start::require(data)?;
    let reader = Ledger::open_read_only(data)?.reader;
    let (rows, rules) = fold(&reader)?;
    // Without the names the sheet says which device it was.
    let people = people::read(data).unwrap_or_default();
    let wanted = sync_core::folio::spelt(&args.folio);
    let order = find(&rows, &rules, &reader, &people, &wanted).map_err(|error| Failure::rows(&error))?;
    report(&order.ok_or_else(|| unknown(&wanted))?, &rules)
}

fn find(
    rows: &MemoryRows,
    rules: &Rules,
    reader: &LedgerReader,
    people: &PeopleBook,
    folio: &str,
) -> Result<Option<OrderView>, RowsError> {
    let Some(listed) = read::<ListRow>(rows, &keyspace::name(RecordKind::Order, folio))? else {
        return Ok(None);
    };
    let steps = steps_of(rows, reader, &listed.record)?;
    let who = Who { rows, people, identity: None };
    order_after(rows, rules, &listed.record, who, steps)
}

/// The rows and rules that the whole ledger makes.
pub(super) fn fold(reader: &LedgerReader) -> Result<(MemoryRows, Rules), Failure> {
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
    Ok((rows, rules))
}

/// The sheet for people: the same order in both languages.
fn report(order: &OrderView, rules: &Rules) -> Result<Report, Failure> {
    let json = serde_json::to_value(order).map_err(|error| Failure::rows(&RowsError(error.to_string())))?;
    let status = state_label(rules, &order.status);
    let text = |lang: Lang| {
        let head = [
            (say!("case-folio").of(lang), order.folio.clone()),
            (say!("case-kind").of(lang), pick(&order.kind_label, lang)),
            (say!("case-status").of(lang), pick(&status, lang)),
            (say!("case-order-title").of(lang), order.title.clone().unwrap_or_default()),
            (say!("case-locality").of(lang), order.locality.clone().unwrap_or_default()),
            (say!("case-crew").of(lang), order.crew.clone().unwrap_or_default()),
            (say!("server-conflicts").of(lang), order.conflicts.len().to_string()),
        ];
        let width = head.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let mut sheet: String = head
            .iter()
            .map(|(label, value)| format!("{}  {}\n", super::pad(label, width), visible::line(value)))
            .collect();
        for event in &order.history {
            let seq = event.seq.map_or_else(|| "-".into(), |seq| seq.to_string());
            let said = pick(&event.text, lang);
            let by = &event.by;
            let line = format!("  {seq:>8}  {}  {}  {}  {said}", by.claimed_at, by.device, by.person);
            sheet.push_str(&format!("{}\n", visible::line(&line)));
        }
        sheet
    };
    Ok(Report::new(json, Text::both(text(Lang::Es), text(Lang::En))))
}

fn pick(sentence: &Sentence, lang: Lang) -> String {
    Text::both(sentence.es.as_str(), sentence.en.as_str()).of(lang)
}

fn unknown(folio: &str) -> Failure {
    Failure {
        code: "unknown_folio",
        message: say!("server-no-order", folio),
        hint: say!("server-no-order-hint"),
        exit: EXIT_OTHER,
    }
}
