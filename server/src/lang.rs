//! Language: what people read is Spanish, or English where they ask for it.

use clap::ValueEnum;

/// A language of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Spanish (es-MX).
    Es,
    /// English.
    En,
}

impl Lang {
    /// What the environment asks for: the first of the usual variables that names a language.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let asked = ["CUADRILLA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(env)
            // `C` says "no language", which is how services and containers run.
            .find(|value| !value.is_empty() && !value.starts_with('C') && value != "POSIX");
        if asked.is_some_and(|value| value.starts_with("en")) { Self::En } else { Self::Es }
    }

    /// One of the two.
    pub fn pick<T>(self, es: T, en: T) -> T {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }
}

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Spanish.
    pub es: String,
    /// English.
    pub en: String,
}

impl Text {
    /// From both.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }

    /// One of the two.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&self.es, &self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn spanish_unless_english_is_asked_for() {
        let of = |pairs: &'static [(&str, &str)]| {
            Lang::from_env(&move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Lang::Es);
        assert_eq!(of(&[("LANG", "en_US.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "es_MX.UTF-8")]), Lang::Es);
    }
}
