//! Style: colours that help and never carry meaning alone.

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

    fn paint(self, code: &str, text: &str) -> String {
        if self.is_on && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
