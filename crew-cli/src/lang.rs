//! Language: which one the arguments and the environment ask for, found before the arguments are parsed.

use std::ffi::{OsStr, OsString};

use words::Lang;

/// What the arguments and the environment ask for, found before the arguments are parsed: `--help` and usage
/// errors are in that language too.
pub fn asked(args: &[OsString], env: &dyn Fn(&str) -> Option<String>) -> Lang {
    let asked = given_value(args, "--lang")
        .or_else(|| ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(env_value(env)));
    asked.map_or(Lang::Es, |tag| Lang::of_tag(&tag))
}

fn env_value<'e>(env: &'e dyn Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> + 'e {
    |name| env(name).filter(|value| !value.is_empty())
}

/// The value of `name VALUE` or `name=VALUE` among arguments, before a bare `--`.
fn given_value(args: &[OsString], name: &str) -> Option<String> {
    let words: Vec<&str> =
        args.iter().map(|arg| arg.to_str().unwrap_or_default()).take_while(|arg| *arg != "--").collect();
    words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(name) {
        Some("") => words.get(index + 1).map(|value| (*value).to_owned()),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => None,
    })
}

/// Whether a flag is among the arguments, before a bare `--`.
pub(crate) fn has_flag(args: &[OsString], flag: &str) -> bool {
    args.iter().take_while(|arg| *arg != OsStr::new("--")).any(|arg| arg == OsStr::new(flag))
}

#[cfg(test)]
mod tests {
    use super::{asked, has_flag};
    use std::ffi::OsString;
    use words::Lang;

    fn guess(args: &[&str], lang: Option<&str>) -> Lang {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        asked(&args, &|name| lang.filter(|_| name == "LANG").map(str::to_owned))
    }

    #[test]
    fn spanish_unless_asked_for_english() {
        assert_eq!(guess(&["crew", "status"], None), Lang::Es);
        assert_eq!(guess(&["crew", "status"], Some("es_MX.UTF-8")), Lang::Es);
        assert_eq!(guess(&["crew", "status"], Some("en_US.UTF-8")), Lang::En);
        assert_eq!(guess(&["crew", "--lang", "es", "status"], Some("en_US.UTF-8")), Lang::Es);
        assert_eq!(guess(&["crew", "status", "--lang=en"], None), Lang::En);
        assert_eq!(guess(&["crew", "note", "F", "--", "--lang=en"], None), Lang::Es);
    }

    #[test]
    fn flags_after_a_bare_double_dash_are_text() {
        let args: Vec<OsString> = ["crew", "note", "F", "--", "--json"].iter().map(OsString::from).collect();
        assert!(!has_flag(&args, "--json"));
        assert!(has_flag(&args[..3], "note"));
    }
}
