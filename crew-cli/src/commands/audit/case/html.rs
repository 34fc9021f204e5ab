//! HTML by hand, as little as a page needs: elements whose text is always escaped, so that nothing a person typed can
//! be anything but text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use words::visible::is_hidden;

/// `text` with everything that means something in HTML made harmless, in text and in quoted attributes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push('\n'),
            c if is_hidden(c, before) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
        before = Some(c);
    }
    safe
}

/// A page in the making.
#[derive(Debug, Default)]
pub struct Html {
    text: String,
}

impl Html {
    /// Opens an element. `tag` and `class` are ours, never a person's.
    pub fn open(&mut self, tag: &'static str, class: &'static str) -> &mut Self {
        if class.is_empty() {
            self.text.push_str(&format!("<{tag}>"));
        } else {
            self.text.push_str(&format!("<{tag} class=\"{class}\">"));
        }
        self
    }

    /// Closes it.
    pub fn close(&mut self, tag: &'static str) -> &mut Self {
        self.text.push_str(&format!("</{tag}>\n"));
        self
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&escaped(text));
        self
    }

    /// An element with text, escaped.
    pub fn element(&mut self, tag: &'static str, class: &'static str, text: &str) -> &mut Self {
        self.open(tag, class).text(text).close(tag)
    }

    /// Markup of our own, as it is.
    pub fn fixed(&mut self, markup: &'static str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// A picture, in the page itself. The bytes are checked to be one before they come here.
    pub fn picture(&mut self, media_type: &'static str, bytes: &[u8]) -> &mut Self {
        let coded = STANDARD.encode(bytes);
        self.text.push_str(&format!("<img alt=\"\" src=\"data:{media_type};base64,{coded}\">"));
        self
    }

    /// The page.
    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{Html, escaped};

    #[test]
    fn what_people_type_is_inert() {
        assert_eq!(
            escaped("<script>alert('x')</script> & \"ñ\" 💧"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;ñ&quot; 💧"
        );
        assert_eq!(escaped("a\u{0}b\u{202e}c\nd"), "a\\u{0}b\\u{202e}c\nd");
        let mut page = Html::default();
        page.element("td", "who", "</td><img src=x onerror=y>");
        assert_eq!(page.finish(), "<td class=\"who\">&lt;/td&gt;&lt;img src=x onerror=y&gt;</td>\n");
    }
}
