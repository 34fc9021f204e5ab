//! Told: what a program wrote into the ledger by itself, in the person's language. A reason that a person gave, and
//! anything else, stays as it is.

use super::words::Sentence;

/// Each text that the programs write, with `{}` for what differs, and how it is said in Spanish.
const TEXTS: [(&str, &str); 6] = [
    ("founded", "fundación"),
    ("the record says all of it already", "el registro ya lo dice todo"),
    ("written again as entry {} of device {}", "escrito otra vez, como hecho {} del equipo {}"),
    (
        "an unfinished append from record {} on was cut ({} bytes)",
        "se cortó una escritura sin terminar, desde el registro {} ({} bytes)",
    ),
    ("the ledger lost records that the index had: {}", "el libro perdió registros que el índice tenía: {}"),
    (
        "device {} keeps a checkpoint of {} entries that is no state of this ledger ({} entries)",
        "el equipo {} guarda un sello de {} hechos que no es un estado de este libro ({} hechos)",
    ),
];

/// Returns the text as each language says it.
///
/// ```
/// use sync_core::view::told;
///
/// let words = told::by_program("written again as entry 6 of device 68882772");
/// assert_eq!(words.es, "escrito otra vez, como hecho 6 del equipo 68882772");
/// assert_eq!(told::by_program("No va").es, "No va");
/// ```
pub fn by_program(text: &str) -> Sentence {
    let said = TEXTS.iter().find_map(|(en, es)| Some(filled(es, &parts(text, en)?)));
    Sentence::new(said.unwrap_or_else(|| text.to_owned()), text)
}

/// Returns what stands in the gaps of a pattern; `None` if the text is another.
pub(super) fn parts<'t>(text: &'t str, pattern: &str) -> Option<Vec<&'t str>> {
    let mut fixed = pattern.split("{}");
    let mut left = text.strip_prefix(fixed.next()?)?;
    let mut found = Vec::new();
    let mut rest = fixed.peekable();
    while let Some(next) = rest.next() {
        // What closes the text is its end; what stands between two gaps, the first place it has.
        let at = if rest.peek().is_none() {
            left.len().checked_sub(next.len()).filter(|_| left.ends_with(next))?
        } else {
            left.find(next)?
        };
        found.push(&left[..at]);
        left = &left[at + next.len()..];
    }
    (left.is_empty() && found.iter().all(|part| !part.is_empty())).then_some(found)
}

/// Returns a pattern with its gaps filled, in order; `{2}` is the third part.
pub(super) fn filled<P: AsRef<str>>(pattern: &str, parts: &[P]) -> String {
    let mut text = String::new();
    let (mut left, mut next) = (pattern, 0);
    while let Some((before, rest)) = left.split_once('{') {
        let (number, after) = rest.split_once('}').unwrap_or(("", rest));
        let at = number.parse().unwrap_or(next);
        next = at + 1;
        text.push_str(before);
        text.push_str(parts.get(at).map_or("", AsRef::as_ref));
        left = after;
    }
    text + left
}

#[cfg(test)]
mod tests {
    use super::{TEXTS, by_program, filled};

    #[test]
    fn every_text_is_known_again_whatever_stands_in_it_and_nothing_else_is() {
        for (en, es) in TEXTS {
            assert_eq!(en.matches("{}").count(), es.matches("{}").count(), "{en}");
            let parts = ["uno", "2", "MZQ-26"];
            let words = by_program(&filled(en, &parts[..en.matches("{}").count()]));
            assert_eq!(words.es, filled(es, &parts[..es.matches("{}").count()]), "{en}");
        }
        for other in ["", "founded it", "la cuadrilla lo confirmó", "written again as entry  of device x"] {
            assert_eq!(by_program(other).es, other);
        }
    }
}
