//! The table of a case file: one row a happening, RFC 4180, with nothing a spreadsheet would run.

use crate::seen::Seen;

/// Columns: heading, and the member it shows.
const COLUMNS: [(&str, &str); 26] = [
    ("seq", "seq"),
    ("what", "what"),
    ("action", "action"),
    ("text_es", "text.es"),
    ("text_en", "text.en"),
    ("consequences_es", "consequences"),
    ("person", "person"),
    ("role", "role"),
    ("device_name", "device_name"),
    ("device", "device"),
    ("device_seq", "device_seq"),
    ("claimed_at", "claimed_at"),
    ("not_before", "not_before"),
    ("carried_at", "carried_at"),
    ("received_at", "received_at"),
    ("time", "time"),
    ("clock_jump_ms", "clock_jump_ms"),
    ("carrier", "carrier.device_name"),
    ("verdict", "verdict"),
    ("reason_es", "reason_text.es"),
    ("reason_en", "reason_text.en"),
    ("decision", "decision"),
    ("decided_seq", "decided.seq"),
    ("decided_by", "decided.by.person"),
    ("decided_why", "decided.reason"),
    ("entry_hash", "entry_hash"),
];

/// The table.
pub fn render(case: Seen<'_>) -> String {
    let heading: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let mut text = format!("{}\r\n", heading.join(","));
    for happening in case.list("happenings") {
        let cells: Vec<String> = COLUMNS.iter().map(|(_, path)| cell(&member(happening, path))).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn member(happening: Seen<'_>, path: &str) -> String {
    if path == "consequences" {
        return happening.list(path).map(|one| one.text("es")).collect::<Vec<_>>().join("; ");
    }
    if path == "decision" {
        let decided = happening.get("decided");
        let word = if decided.is("releases") { "released" } else { "dismissed" };
        return if decided.0.is_object() { word.into() } else { String::new() };
    }
    path.split('.').fold(happening, |seen, key| seen.get(key)).shown()
}

/// One cell. What a spreadsheet would take for a formula begins with an apostrophe; numbers stay numbers.
fn cell(value: &str) -> String {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']) && value.parse::<i64>().is_err();
    let value = if is_formula { format!("'{value}") } else { value.to_owned() };
    if value.contains([',', '"', '\r', '\n']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, cell, render};
    use crate::seen::Seen;
    use serde_json::json;

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
        let case = json!({"happenings": [
            {"seq": 3, "text": {"es": "anotó: =1", "en": "noted"}, "person": "=cmd", "carrier": null,
             "consequences": [{"es": "a"}, {"es": "b"}]},
            {"seq": null, "text": {"es": "x", "en": "y"}},
        ]});
        let table = render(Seen(&case));
        let rows: Vec<&str> = table.split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.split(',').count() == COLUMNS.len()), "{table}");
        assert!(rows[1].starts_with("3,,,anotó: =1,noted,a; b,'=cmd,"), "{}", rows[1]);
    }
}
