//! Folio: how people write the number of an order, `MZQ-26-A3-0012`, and in which order folios stand.

/// Returns what was typed in capitals, with plain hyphens and no blanks.
pub(super) fn spelt(typed: &str) -> String {
    let dash = |c: char| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}');
    let plain = typed.chars().filter(|c| !c.is_whitespace()).map(|c| if dash(c) { '-' } else { c });
    plain.collect::<String>().to_uppercase()
}

/// Returns the last parts of a folio as they were said, from its end: the number without leading zeros, then whatever was
/// said before it. `None` if it does not end with a number.
pub(super) fn parts(spelt: &str) -> Option<Vec<String>> {
    let mut parts = spelt.rsplit('-');
    // Who reads a folio aloud says O for 0.
    let number: u64 = parts.next()?.replace('O', "0").parse().ok()?;
    Some(std::iter::once(number.to_string()).chain(parts.map(String::from)).collect())
}

/// Checks whether a folio ends with these parts.
pub(super) fn ends_with(folio: &str, said: &[String]) -> bool {
    parts(folio).is_some_and(|parts| {
        parts.len() >= said.len() && parts.iter().zip(said).all(|(one, said)| one == said)
    })
}

/// Returns what folios are ordered by: the text before the number, then the number.
pub(super) fn rank(folio: &str) -> (&str, u64) {
    let (before, number) = folio.rsplit_once('-').unwrap_or((folio, ""));
    number.parse().map_or((folio, 0), |number| (before, number))
}

#[cfg(test)]
mod tests {
    use super::{ends_with, parts, rank, spelt};

    #[test]
    fn what_can_be_said_can_be_typed() {
        let fits = |typed: &str| parts(&spelt(typed)).is_some_and(|said| ends_with("MZQ-26-A3-0012", &said));
        for typed in
            ["12", "0012", "a3-12", "26-A3-012", "mzq-26-a3-0012", "A3\u{2013}12", " a3 - 12 ", "OO12"]
        {
            assert!(fits(typed), "{typed}");
        }
        for typed in ["2", "A2-12", "27-A3-12", "x-mzq-26-a3-12", "", "A3-"] {
            assert!(!fits(typed), "{typed}");
        }
    }

    #[test]
    fn folios_stand_by_number() {
        let mut folios = ["M-26-A1-10000", "M-26-A1-0999", "M-26-A1-1000", "M-25-A1-2"];
        folios.sort_by(|one, other| rank(one).cmp(&rank(other)));
        assert_eq!(folios, ["M-25-A1-2", "M-26-A1-0999", "M-26-A1-1000", "M-26-A1-10000"]);
    }
}
