//! Style: colours that help and never carry meaning alone, and the door through which text goes to a terminal.

use words::visible;

/// Everything that may drive a terminal: what [`Style`] and `qr` write.
const SEQUENCES: [&str; 7] =
    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[1;31m", "\u{1b}[33m", "\u{1b}[32m", QR];
/// Dark on light, whatever the terminal's colours are.
const QR: &str = "\u{1b}[30;107m";

/// Whether to colour, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Only on a terminal, and only without `NO_COLOR`.
    pub is_on: bool,
}

impl Style {
    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is less important.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// What needs a person.
    pub fn alert(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What is not settled yet.
    pub fn pending(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// What is settled.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// A line of a QR.
    pub fn qr(self, line: &str) -> String {
        if self.is_on { format!("{QR}{line}\u{1b}[0m") } else { line.to_owned() }
    }

    /// The text as it may go to a terminal: colours of this program pass where colours are on, everything else that
    /// drives a terminal or hides is shown as an escape. Every output goes through here, whatever was done before.
    pub fn door(self, text: &str) -> String {
        if !self.is_on {
            return visible::lines(text).into_owned();
        }
        let mut safe = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\u{1b}') {
            safe.push_str(&visible::lines(&rest[..at]));
            rest = &rest[at..];
            let own = SEQUENCES.iter().find(|own| rest.starts_with(**own)).map_or(1, |own| own.len());
            if own > 1 {
                safe.push_str(&rest[..own]);
            } else {
                safe.push_str(&visible::lines(&rest[..own]));
            }
            rest = &rest[own..];
        }
        safe.push_str(&visible::lines(rest));
        safe
    }

    fn paint(self, code: &str, text: &str) -> String {
        // Shown before it is painted: what a person typed paints nothing.
        let text = visible::lines(text);
        if self.is_on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn only_this_programs_colours_pass_the_door() {
        let (on, off) = (Style { is_on: true }, Style { is_on: false });
        let text = format!("{} \u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\n", on.alert("a\u{1b}[32mb"));
        assert_eq!(
            on.door(&text),
            "\u{1b}[1;31ma\\u{1b}[32mb\u{1b}[0m \\u{1b}[2J\\u{1b}]0;x\\u{7}\\u{202e}\n"
        );
        assert!(!off.door(&text).contains('\u{1b}'));
        assert_eq!(on.door("fin\u{1b}"), "fin\\u{1b}");
    }
}
