//! The table of a case file: one row a happening, RFC 4180, with nothing a spreadsheet would run.

use sync_core::view::case::CaseFile;
use sync_core::view::story::{DecisionTold, Happening};
use words::visible;

/// What a column shows of a happening.
type Show = fn(&Happening) -> String;

/// Columns: heading, and what it shows.
const COLUMNS: [(&str, Show); 26] = [
    ("seq", |one| number(one.seq)),
    ("what", |one| one.what.to_owned()),
    ("action", |one| one.action.clone()),
    ("text_es", |one| one.text.es.clone()),
    ("text_en", |one| one.text.en.clone()),
    ("consequences_es", |one| one.consequences.iter().map(|c| c.es.as_str()).collect::<Vec<_>>().join("; ")),
    ("person", |one| one.by.person.clone()),
    ("role", |one| one.by.role.clone()),
    ("device_name", |one| one.by.device_name.clone()),
    ("device", |one| one.by.device.clone()),
    ("device_seq", |one| number(one.device_seq)),
    ("claimed_at", |one| text(one.time.claimed_at.as_deref())),
    ("not_before", |one| text(one.time.not_before.as_deref())),
    ("carried_at", |one| text(one.time.carried_at.as_deref())),
    ("received_at", |one| text(one.time.received_at.as_deref())),
    ("time", |one| one.time.time.code().to_owned()),
    ("clock_jump_ms", |one| one.time.clock_jump_ms.map(|ms| ms.to_string()).unwrap_or_default()),
    ("carrier", |one| text(one.carrier.as_ref().map(|carrier| carrier.device_name.as_str()))),
    ("verdict", |one| one.verdict.to_owned()),
    ("reason_es", |one| text(one.reason_text.as_ref().map(|reason| reason.es.as_str()))),
    ("reason_en", |one| text(one.reason_text.as_ref().map(|reason| reason.en.as_str()))),
    ("decision", |one| text(one.decided.as_ref().map(decision))),
    ("decided_seq", |one| number(one.decided.as_ref().map(|decided| decided.seq))),
    ("decided_by", |one| text(one.decided.as_ref().map(|decided| decided.by.person.as_str()))),
    ("decided_why", |one| text(one.decided.as_ref().map(|decided| decided.reason.as_str()))),
    ("entry_hash", |one| text(one.entry_hash.as_deref())),
];

/// The table.
pub fn render(case: &CaseFile) -> String {
    let heading: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut text = format!("{}\r\n", heading.join(","));
    for happening in &case.happenings {
        let cells: Vec<String> = COLUMNS.iter().map(|(_, show)| cell(&show(happening))).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn decision(decided: &DecisionTold) -> &'static str {
    if decided.releases { "released" } else { "dismissed" }
}

/// One cell. What a spreadsheet would take for a formula begins with an apostrophe; numbers stay numbers.
fn cell(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']) && value.parse::<i64>().is_err();
    let shown = visible::lines(value);
    let value = if is_formula { format!("'{shown}") } else { shown.into_owned() };
    if value.contains([',', '"', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, cell, render};
    use crate::commands::audit::case::sample::sample;

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(cell("sin nada"), "sin nada");
        assert_eq!(cell("tubo de 2\", nuevo\nya"), "\"tubo de 2\"\", nuevo\nya\"");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(cell(formula).trim_start_matches('"').starts_with('\''), "{formula:?}");
        }
        assert_eq!(cell("-3600000"), "-3600000", "a number is no formula");
        assert_eq!(cell("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    }

    #[test]
    fn one_row_a_happening() {
        let mut case = sample("=cmd");
        case.happenings.push(case.happenings[0].clone());
        let table = render(&case);
        let rows: Vec<&str> = table.split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.split(',').count() == COLUMNS.len()), "{table}");
        assert!(rows[1].starts_with("3,change,'=cmd,'=cmd,'=cmd,'=cmd,'=cmd,"), "{}", rows[1]);
    }
}
