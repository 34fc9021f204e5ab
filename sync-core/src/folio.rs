//! Folio: the number of an order as people say and write it, `MZQ-26-A3-0012`: the municipality's letters, the year,
//! the letters of the device that made it, and its counter. There is one way to write each.

use crate::unseen::is_unseen;

/// Most digits of the counter.
const DIGITS_MAX: usize = 9;

/// Returns the folio of a device's order. `year` counts from the century's begin.
pub fn compose(prefix: &str, year: i64, letters: &str, number: u32) -> String {
    format!("{prefix}-{year:02}-{letters}-{number:04}")
}

/// Checks that a folio is written as [`compose`] writes it, with these letters. `prefix` is the municipality's, where it is
/// known.
///
/// # Errors
/// What is wrong with it.
pub fn check(folio: &str, letters: &str, prefix: Option<&str>) -> Result<(), String> {
    let mut parts = folio.rsplitn(4, '-');
    let (number, found, year, start) = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(number), Some(found), Some(year), Some(start)) = (number, found, year, start) else {
        return Err(format!("{folio} is not of the form MZQ-26-A3-0012"));
    };
    if found != letters {
        return Err(format!("{folio} has the letters {found}; this device's are {letters}"));
    }
    let is_start = !start.is_empty() && start.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if prefix.map_or(!is_start, |prefix| prefix != start) {
        return Err(format!("{folio} does not begin with {}", prefix.unwrap_or("capital letters")));
    }
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    let is_written = is_number(year) && is_number(number) && {
        let (year, number) = (year.parse().unwrap_or_default(), number.parse().unwrap_or_default());
        number > 0 && year < 100 && compose(start, year, letters, number) == folio
    };
    if is_written { Ok(()) } else { Err(format!("{folio} is not of the form MZQ-26-A3-0012")) }
}

/// Returns what was typed in capitals, with plain hyphens, without blanks and what nobody sees.
pub fn spelt(typed: &str) -> String {
    let dash = |c: char| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}');
    let plain =
        typed.chars().filter(|c| !c.is_whitespace() && !is_unseen(*c)).map(|c| if dash(c) { '-' } else { c });
    plain.collect::<String>().to_uppercase()
}

/// Returns the last parts of a folio as they were said, from its end: the number without leading zeros, then what was
/// said before it. `None` if it does not end with a number.
pub fn parts(spelt: &str) -> Option<Vec<String>> {
    let mut parts = spelt.rsplit('-');
    // Who reads a folio aloud says O for 0.
    let number: u64 = parts.next()?.replace('O', "0").parse().ok()?;
    // No device has the letters I and O: they are the digits that they look like.
    let letters = parts.next().map(|letters| letters.replace('O', "0").replace('I', "1"));
    Some(std::iter::once(number.to_string()).chain(letters).chain(parts.map(String::from)).collect())
}

/// Checks whether a folio ends with these parts.
pub fn ends_with(folio: &str, said: &[String]) -> bool {
    parts(folio).is_some_and(|parts| {
        parts.len() >= said.len() && parts.iter().zip(said).all(|(one, said)| one == said)
    })
}

/// Returns what folios are ordered by: the text before the number, then the number.
pub fn rank(folio: &str) -> (&str, u64) {
    let (before, number) = folio.rsplit_once('-').unwrap_or((folio, ""));
    number.parse().map_or((folio, 0), |number| (before, number))
}

#[cfg(test)]
mod tests {
    use super::{check, compose, ends_with, parts, rank, spelt};

    #[test]
    fn what_can_be_said_can_be_typed() {
        let fits = |typed: &str| parts(&spelt(typed)).is_some_and(|said| ends_with("MZQ-26-A3-0012", &said));
        for typed in [
            "12",
            "0012",
            "a3-12",
            "26-A3-012",
            "mzq-26-a3-0012",
            "A3\u{2013}12",
            " a3 - 12 ",
            "OO12",
            "mzq-26-a3-oo12",
            "MZQ-26-A3-0012\u{200b}",
            "\u{feff}A3-12",
        ] {
            assert!(fits(typed), "{typed}");
        }
        for typed in ["2", "A2-12", "27-A3-12", "x-mzq-26-a3-12", "", "A3-"] {
            assert!(!fits(typed), "{typed}");
        }
    }

    #[test]
    fn there_is_one_way_to_write_a_folio_and_its_letters_are_the_author_s() {
        for number in [1, 12, 9_999, 10_000, 123_456_789] {
            assert_eq!(check(&compose("MZQ", 26, "A3", number), "A3", Some("MZQ")), Ok(()));
        }
        assert_eq!(check("MZQ-26-A3-0012", "A3", None), Ok(()));
        for folio in [
            "MZQ-26-A2-0012",
            "mzq-26-A3-0012",
            "MZQ-26-A3-12",
            "MZQ-26-A3-00012",
            "MZQ-26-A3-0000",
            "MZQ-126-A3-0012",
            "MZQ-6-A3-0012",
            "MZQ-26-A3-",
            "A3-0012",
            "-26-A3-0012",
            "X-26-A3-0012",
            "MZQ-26-A3-1234567890",
        ] {
            assert!(check(folio, "A3", Some("MZQ")).is_err(), "{folio}");
        }
    }

    #[test]
    fn folios_stand_by_number() {
        let mut folios = ["M-26-A1-10000", "M-26-A1-0999", "M-26-A1-1000", "M-25-A1-2"];
        folios.sort_by(|one, other| rank(one).cmp(&rank(other)));
        assert_eq!(folios, ["M-25-A1-2", "M-26-A1-0999", "M-26-A1-1000", "M-26-A1-10000"]);
    }
}
