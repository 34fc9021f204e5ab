//! Language: what people read is Spanish, or English where they ask for it.

use words::Lang;

/// What the environment asks for: the first of the usual variables that names a language.
pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Lang {
    let asked = ["CUADRILLA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(env)
        // `C` says "no language", which is how services and containers run.
        .find(|value| !value.is_empty() && !value.starts_with('C') && value != "POSIX");
    asked.map_or(Lang::Es, |tag| Lang::of_tag(&tag))
}

#[cfg(test)]
mod tests {
    use super::from_env;
    use words::Lang;

    #[test]
    fn spanish_unless_english_is_asked_for() {
        let of = |pairs: &'static [(&str, &str)]| {
            from_env(&move |name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Lang::Es);
        assert_eq!(of(&[("LANG", "en_US.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C.UTF-8")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "es_MX.UTF-8")]), Lang::Es);
    }
}
