//! Help: the tree of commands with its texts from the catalogue. A command is the message `help-…`, its arguments are
//! the message's attributes; those that mean the same in several commands are attributes of `help-common`.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory as _, Error};
use words::{Lang, attribute, say};

use crate::cli::Cli;

/// The tree of commands, with its texts.
pub fn command(lang: Lang) -> Command {
    described(plain(), "crew", lang)
}

/// Parses what was typed. The tree gets its texts only for a person who asks for them, or made a slip: they take a
/// tenth of a short command's time.
pub fn parse(args: &[OsString], lang: Lang) -> Result<ArgMatches, Error> {
    plain().try_get_matches_from(args).or_else(|_| command(lang).try_get_matches_from(args))
}

/// The page that was asked for. That options may stand there, clap says in English alone.
pub fn page(error: &Error, lang: Lang) -> String {
    error.render().to_string().replace("[OPTIONS]", &say!("help-value-options").of(lang))
}

/// The tree of commands without its texts.
fn plain() -> Command {
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let tree = Cli::command().arg(help).arg(version).arg_required_else_help(false);
    with_free_text(tree)
}

/// Lets every free text begin with a hyphen, but for what looks like an option: there a value was forgotten.
fn with_free_text(command: Command) -> Command {
    let is_text = |arg: &Arg| FREE_TEXT.contains(&arg.get_id().as_str()) && arg.get_action().takes_values();
    command
        .mut_args(
            |arg| if is_text(&arg) { arg.allow_hyphen_values(true).value_parser(free_text) } else { arg },
        )
        .mut_subcommands(with_free_text)
}

/// Arguments that hold what people write.
const FREE_TEXT: [&str; 11] = [
    "title",
    "description",
    "reason",
    "text",
    "name",
    "place",
    "instrument",
    "item",
    "value",
    "fields",
    "caption",
];

fn free_text(text: &str) -> Result<String, String> {
    let name = text.split('=').next().unwrap_or_default();
    let is_option = name.strip_prefix("--").is_some_and(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    });
    if is_option { Err(String::from("an option")) } else { Ok(text.to_owned()) }
}

/// The command and those below it, described in a language.
fn described(command: Command, path: &str, lang: Lang) -> Command {
    let of = |text: words::Text| text.of(lang);
    let forms = if path == "crew" { say!("help-heading-commands") } else { say!("help-heading-forms") };
    let (usage, arguments, options) =
        (of(say!("help-usage")), of(say!("help-heading-arguments")), of(say!("help-heading-options")));
    let about = about(lang, path).map(StyledStr::from);
    let mut command = command
        .help_template(format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"))
        .subcommand_help_heading(of(forms))
        .subcommand_value_name(of(say!("help-value-command")))
        .mut_args(|arg| {
            let heading = if arg.is_positional() { &arguments } else { &options };
            let text = argument(lang, path, arg.get_id().as_str());
            let arg = arg.help_heading(heading.clone());
            // The texts name what is possible; clap's own list would say it twice.
            let arg = if arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg };
            match text {
                Some(text) => arg.help(text),
                None => arg,
            }
        })
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            described(sub, &path, lang)
        });
    if let Some(lines) = find(lang, path, Some("examples")) {
        let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
        command = command.after_help(format!("{}:\n{lines}", of(say!("help-examples"))));
    }
    match about {
        Some(about) => command.about(about),
        None => command,
    }
}

/// What a command does.
fn about(lang: Lang, path: &str) -> Option<String> {
    find(lang, path, None)
}

/// What an argument of a command means.
fn argument(lang: Lang, path: &str, id: &str) -> Option<String> {
    find(lang, path, Some(id)).or_else(|| attribute(lang, "help-common", Some(id)))
}

/// A text of a command; a shortcut has the texts of the same word under `order`.
fn find(lang: Lang, path: &str, name: Option<&str>) -> Option<String> {
    let words: Vec<&str> = path.split(' ').skip(1).collect();
    let id = if words.is_empty() { "help-crew".to_owned() } else { format!("help-{}", words.join("-")) };
    let as_order = format!("help-order-{}", words.join("-"));
    attribute(lang, &id, name).or_else(|| attribute(lang, &as_order, name))
}

#[cfg(test)]
mod tests {
    use super::{about, argument, command, find, page};
    use clap::Command;
    use words::Lang;

    fn walk(command: &Command, path: &str, visit: &mut dyn FnMut(&Command, &str)) {
        visit(command, path);
        for sub in command.get_subcommands() {
            walk(sub, &format!("{path} {}", sub.get_name()), visit);
        }
    }

    #[test]
    fn the_tree_is_sound_in_both_languages() {
        for lang in [Lang::Es, Lang::En] {
            command(lang).debug_assert();
        }
    }

    #[test]
    fn every_command_and_argument_has_its_text_in_both_languages() {
        let mut missing = Vec::new();
        walk(&command(Lang::En), "crew", &mut |command, path| {
            for lang in [Lang::Es, Lang::En] {
                if about(lang, path).is_none() {
                    missing.push(format!("{lang:?} {path}"));
                }
                for arg in command.get_arguments() {
                    let id = arg.get_id().as_str();
                    if argument(lang, path, id).is_none() {
                        missing.push(format!("{lang:?} {path} {id}"));
                    }
                }
            }
        });
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn the_catalogue_describes_no_command_that_is_not_there() {
        let mut known = std::collections::BTreeSet::from(["help-common".to_owned()]);
        walk(&command(Lang::En), "crew", &mut |_, path| {
            let words = path.split(' ').skip(1).collect::<Vec<_>>().join("-");
            known.insert(if words.is_empty() { "help-crew".into() } else { format!("help-{words}") });
        });
        for line in words::source(Lang::En).lines() {
            let Some((id, _)) = line.split_once(" =").filter(|(id, _)| id.starts_with("help-")) else {
                continue;
            };
            let is_fixed = ["help-usage", "help-examples", "help-value-command", "help-value-options"]
                .contains(&id)
                || id.starts_with("help-heading-")
                || id.starts_with("help-server");
            assert!(is_fixed || known.contains(id), "{id}");
        }
    }

    #[test]
    fn the_first_page_reads_well() {
        let page = command(Lang::Es).render_help().to_string();
        for words in ["Uso: crew", "Órdenes:", "Opciones:", "Ejemplos:", "Termina el trabajo"] {
            assert!(page.contains(words), "{words} is not in\n{page}");
        }
        assert!(!page.contains("Options"), "{page}");
    }

    #[test]
    fn no_page_says_in_english_that_there_are_options() {
        for args in
            [&["crew", "--help"][..], &["crew", "order", "--help"], &["crew", "order", "list", "--help"]]
        {
            let error = command(Lang::Es).try_get_matches_from(args).unwrap_err();
            let page = page(&error, Lang::Es);
            assert!(page.contains("[OPCIONES]") && !page.contains("Options"), "{page}");
        }
    }

    fn parses(args: &[&str]) -> bool {
        command(Lang::Es).try_get_matches_from(args).is_ok()
    }

    #[test]
    fn both_spellings_and_negative_values_reach_the_command() {
        assert!(parses(&["crew", "note", "F", "- texto"]));
        assert!(parses(&["crew", "order", "note", "F", "-texto", "--json"]));
        assert!(parses(&["crew", "measure", "F", "cloro", "-1", "mg/L"]));
        assert!(parses(&["crew", "order", "measure", "F", "cloro", "-0.5", "mg/L", "--where", "llave"]));
        assert!(parses(&["crew", "material", "F", "CAL", "-2", "kg"]));
        assert!(parses(&["crew", "order", "set", "F", "dosis", "-1"]));
        assert!(parses(&["crew", "order", "new", "--kind", "k", "--field", "dosis=-1"]));
        assert!(parses(&["crew", "conflict", "resolve", "F", "dose", "--value", "-1", "--reason", "x"]));
        assert!(parses(&["crew", "order", "new", "--kind", "k", "--title", "-Fuga", "--description", "- a"]));
        assert!(parses(&["crew", "cancel", "F", "--reason", "-no hay"]));
        assert!(parses(&[
            "crew",
            "measure",
            "F",
            "cloro",
            "1",
            "mg/L",
            "--where",
            "-2 m",
            "--instrument",
            "-x"
        ]));
        assert!(parses(&["crew", "quarantine", "release", "1", "--reason", "-"]));
        assert!(parses(&["crew", "device", "revoke", "d", "--reason", "--- no"]));
        assert!(!parses(&["crew", "cancel", "F", "--reason", "--json"]), "the reason was forgotten");
        assert!(!parses(&["crew", "conflict", "resolve", "F", "dose", "--reason", "x"]));
        assert!(!parses(&[
            "crew", "conflict", "resolve", "F", "dose", "--take", "1", "--value", "2", "--reason", "x"
        ]));
    }

    #[test]
    fn an_option_is_never_taken_for_the_value_of_the_one_before() {
        for form in [&["crew", "correct"][..], &["crew", "order", "correct"]] {
            let parses = |rest: &[&str]| parses(&[form, &["F", "25"], rest].concat());
            assert!(parses(&["--value", "2", "--reason", "faltó el punto"]));
            assert!(parses(&["--value", "2", "--reason=x"]));
            assert!(parses(&["--value=-2", "--reason=x"]));
            assert!(parses(&["--value", "-2", "mg/L", "--reason", "x"]));
            assert!(parses(&["--value", "- otra nota", "--reason", "-x", "--json"]));
            assert!(parses(&["--reason", "x", "--value", "2", "kg"]));
            assert!(!parses(&["--void", "kg", "--reason", "x"]), "a unit without a value");
            assert!(!parses(&["--value", "--reason", "x"]), "the value was forgotten");
            assert!(!parses(&["--value", "--reason=x", "--reason", "x"]), "the value was forgotten");
        }
        assert!(!parses(&["crew", "conflict", "resolve", "F", "dose", "--value", "--reason", "x"]));
        assert!(!parses(&["crew", "order", "new", "--kind", "k", "--field", "--title", "x"]));
        assert!(!parses(&["crew", "photo", "F", "a.jpg", "--what", "after", "--caption", "--post"]));
        assert!(parses(&["crew", "photo", "F", "a.jpg", "--what", "after", "--caption", "- tapa"]));
    }

    /// Every example of the help must be one that the command takes.
    #[test]
    fn every_example_parses() {
        let mut tried = 0;
        walk(&command(Lang::Es), "crew", &mut |_, path| {
            for lang in [Lang::Es, Lang::En] {
                for line in find(lang, path, Some("examples")).iter().flat_map(|lines| lines.lines()) {
                    let typed = line.split(" > ").next().unwrap_or(line);
                    let args: Vec<&str> =
                        typed.split('"').enumerate().fold(Vec::new(), |mut args, (at, part)| {
                            if at % 2 == 1 {
                                args.push(part);
                            } else {
                                args.extend(part.split_whitespace());
                            }
                            args
                        });
                    let parsed = command(lang).try_get_matches_from(&args);
                    assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
                    tried += 1;
                }
            }
        });
        assert!(tried > 20, "{tried}");
    }

    #[test]
    fn a_flag_after_a_value_that_may_start_with_a_hyphen_is_still_a_flag() {
        let matches =
            command(Lang::Es).try_get_matches_from(["crew", "note", "F", "--json", "texto"]).unwrap();
        assert!(matches.get_flag("json"));
    }
}
