//! Words: what people read, in Spanish (es-MX) and English. The texts stand in `es-MX.ftl` and `en.ftl`, which the
//! app reads too; code names a message and its arguments, and the language is chosen only where the text is shown.
//!
//! ```
//! use words::{Lang, say};
//!
//! let text = say!("count-orders", count = 1_u64);
//! assert_eq!(text.of(Lang::Es), "1 orden");
//! assert_eq!(text.of(Lang::En), "1 order");
//! ```

#![forbid(unsafe_code)]

mod arg;
mod catalogue;
pub mod labels;
pub mod refusals;
mod system;
#[cfg(test)]
mod tests;
pub mod visible;
mod wrong;

pub use arg::{Arg, ToArg};
pub use catalogue::{attribute, source};
pub use system::system_text;
pub use wrong::wrong_text;

/// A language of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Spanish (es-MX).
    #[default]
    Es,
    /// English.
    En,
}

impl Lang {
    /// Returns the language that a tag such as `es_MX.UTF-8` names: English if it begins with `en`, else Spanish.
    pub fn of_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("en") { Self::En } else { Self::Es }
    }
}

/// A text for a person, not yet in a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Same(Box<str>),
    Both { es: Box<str>, en: Box<str> },
    Said { id: &'static str, args: Vec<(&'static str, Arg)> },
}

impl Text {
    /// Returns a text that is the same in both languages: a path, a name, the words of a system.
    pub fn same(text: impl Into<Box<str>>) -> Self {
        Self(Kind::Same(text.into()))
    }

    /// Returns a text that its source gives in both languages, such as a label of the rules.
    pub fn both(es: impl Into<Box<str>>, en: impl Into<Box<str>>) -> Self {
        Self(Kind::Both { es: es.into(), en: en.into() })
    }

    /// Returns the message `id` of the catalogue with its arguments. Write [`say!`]: a test checks its ids.
    pub fn said(id: &'static str, args: Vec<(&'static str, Arg)>) -> Self {
        Self(Kind::Said { id, args })
    }

    /// Returns the text in one language.
    pub fn of(&self, lang: Lang) -> String {
        match (&self.0, lang) {
            (Kind::Same(text), _) => text.to_string(),
            (Kind::Both { es, .. }, Lang::Es) => es.to_string(),
            (Kind::Both { en, .. }, Lang::En) => en.to_string(),
            (Kind::Said { id, args }, lang) => catalogue::message(lang, id, args),
        }
    }
}

/// Makes a [`Text`] of the catalogue: `say!("id")`, `say!("id", folio, count = list.len())`. A name alone is the
/// argument of that name. The id is a literal, so that a test finds every use.
#[macro_export]
macro_rules! say {
    (@arg $name:ident = $value:expr) => { $crate::ToArg::to_arg(&$value) };
    (@arg $name:ident) => { $crate::ToArg::to_arg(&$name) };
    ($id:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::Text::said($id, vec![$((stringify!($name), $crate::say!(@arg $name $(= $value)?))),*])
    };
}
