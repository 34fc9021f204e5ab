//! Visible: text of others as a terminal may show it. What drives a terminal, turns the direction of what follows, or
//! takes no room is written as an escape, `\u{202e}`, so that a person sees that it is there.

use std::borrow::Cow;

/// Returns the text with every hidden character as an escape; line ends and tabs stay. For all that goes to a terminal.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |c| matches!(c, '\n' | '\t'), |_| None)
}

/// Returns the text as one line: line ends and tabs as blanks, every other hidden character as an escape. For each
/// piece of text that people typed, so that it cannot pass for a line of the program's.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| false, |c| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}').then_some(' '))
}

/// Returns a JSON text with every hidden character in it as JSON's own escape, `\u202e`: the value is the same. Hidden
/// characters stand in strings only, beside the blanks of the layout.
pub fn json(text: &str) -> Cow<'_, str> {
    if !has_hidden(text, |c| c == '\n') {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = None;
    for c in text.chars() {
        if is_hidden(c, before) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(safe)
}

/// Checks whether a terminal shows nothing, or something else, for this character; `before` stands before it.
///
/// These are the controls (C0, DEL, C1), the marks of direction, what has no width, line and paragraph separators,
/// fillers, tags and variation selectors. A variation selector after a character that is not ASCII chooses the picture of
/// an emoji, as phones write it, and is let through.
pub fn is_hidden(c: char, before: Option<char>) -> bool {
    if matches!(c, '\u{fe0e}' | '\u{fe0f}') {
        return before.is_none_or(|before| before.is_ascii() || is_hidden(before, None));
    }
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn has_hidden(text: &str, is_let: impl Fn(char) -> bool) -> bool {
    // Nearly all text is printable ASCII.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return false;
    }
    let mut before = None;
    text.chars().any(|c| {
        let is_found = is_hidden(c, before) && !is_let(c);
        before = Some(c);
        is_found
    })
}

fn shown(text: &str, is_let: fn(char) -> bool, instead: fn(char) -> Option<char>) -> Cow<'_, str> {
    if !has_hidden(text, is_let) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = None;
    for c in text.chars() {
        match instead(c) {
            Some(other) => safe.push(other),
            None if is_hidden(c, before) && !is_let(c) => safe.extend(c.escape_unicode()),
            None => safe.push(c),
        }
        before = Some(c);
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::{is_hidden, json, line, lines};
    use std::borrow::Cow;

    #[test]
    fn what_hides_is_shown_and_what_people_write_stays() {
        assert_eq!(lines("a\u{1b}[2J\u{202e}b\u{200b}c\nd\te"), "a\\u{1b}[2J\\u{202e}b\\u{200b}c\nd\te");
        assert_eq!(line("a\u{1b}[2Jb\r\nc\u{2028}d"), "a\\u{1b}[2Jb  c d");
        for text in ["Fuga en la Peña, ñandú", "水 💧 ❤\u{fe0f}", "10\u{a0}m³ · 0.80 mg/L", "José\u{301}"]
        {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
        }
        assert_eq!(line("a\u{fe0f}"), "a\\u{fe0f}", "on a plain letter it hides");
        assert_eq!(line("❤\u{fe0f}\u{fe0f}"), "❤\u{fe0f}\\u{fe0f}");
    }

    #[test]
    fn a_json_text_keeps_its_value() {
        let value = serde_json::json!({"note": "a\u{202e}b\u{9b}2J\u{7f}\u{e0041}\n\"ñ\""});
        let text = value.to_string();
        let safe = json(&text);
        assert!(!safe.chars().any(|c| is_hidden(c, None)), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    #[test]
    fn nothing_that_unicode_calls_a_format_or_a_control_passes() {
        // The category Cf of Unicode 16 and Cc, but for the marks that have a shape of their own in Arabic, Syriac,
        // Kaithi and Egyptian hieroglyphs.
        let formats =
            ['\u{ad}', '\u{61c}', '\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}']
                .into_iter()
                .chain('\u{202a}'..='\u{202e}')
                .chain('\u{2060}'..='\u{2064}')
                .chain('\u{2066}'..='\u{206f}')
                .chain([
                    '\u{feff}',
                    '\u{fff9}',
                    '\u{fffa}',
                    '\u{fffb}',
                    '\u{1bca0}',
                    '\u{1d173}',
                    '\u{e0001}',
                    '\u{e007f}',
                ])
                .chain((0..=0x1f).chain(0x7f..=0x9f).filter_map(char::from_u32));
        for c in formats {
            assert!(is_hidden(c, Some('x')), "{:?}", c);
        }
    }
}
