//! Help: the tree of commands with its texts in the chosen language, and examples where they help most.

mod es;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::cli::Cli;
use crate::text::Lang;

/// The tree of commands, ready to parse or to describe.
pub fn command(lang: Lang) -> Command {
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = Cli::command()
        .arg(help.help("This help"))
        .arg(version.help("Version of this program"))
        .arg_required_else_help(false);
    let command = without_lists(with_examples(command, "crew", lang));
    match lang {
        Lang::En => command,
        Lang::Es => in_spanish(command, "crew"),
    }
}

fn in_spanish(command: Command, path: &str) -> Command {
    let about = es::about(path).map(StyledStr::from);
    let name_of_commands = if path == "crew" { "Órdenes" } else { "Formas" };
    let path_owned = path.to_owned();
    let command = command
        .help_template("{about-with-newline}\nUso: {usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading(name_of_commands)
        .subcommand_value_name("ORDEN")
        .mut_args(|arg| {
            let heading = if arg.is_positional() { "Datos" } else { "Opciones" };
            let text = es::arg(&path_owned, arg.get_id().as_str()).map(str::to_owned);
            let arg = arg.help_heading(heading);
            match text {
                Some(text) => arg.help(text),
                None => arg,
            }
        })
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            in_spanish(sub, &path)
        });
    match about {
        Some(about) => command.about(about),
        None => command,
    }
}

/// The texts name what is possible; clap's own lists would say it twice, and in English.
fn without_lists(command: Command) -> Command {
    command
        .mut_args(|arg| if arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg })
        .mut_subcommands(without_lists)
}

fn with_examples(command: Command, path: &str, lang: Lang) -> Command {
    let command = command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        with_examples(sub, &path, lang)
    });
    match examples(path) {
        Some(lines) => {
            let heading = lang.word("Ejemplos", "Examples");
            let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
            command.after_help(format!("{heading}:\n{lines}"))
        }
        None => command,
    }
}

fn examples(path: &str) -> Option<&'static [&'static str]> {
    let path =
        path.strip_prefix("crew order ").map_or_else(|| path.to_owned(), |rest| format!("crew {rest}"));
    let lines: &'static [&'static str] = match path.as_str() {
        "crew" => &[
            "crew enrol https://cuadrilla.example K7QM-2XWD-9RTF --name \"Cuadrilla 7\"",
            "crew order list",
            "crew start MZQ-26-K7-0012",
            "crew measure MZQ-26-K7-0012 cloro 0.80 mg/L",
            "crew note MZQ-26-K7-0012 \"Se cambió la válvula\"",
            "crew finish MZQ-26-K7-0012",
            "crew sync",
        ],
        "crew new" => &[
            "crew order new --kind cloracion --locality \"Pueblo Nuevo\" --crew C-07",
            "crew order new --kind leak_repair --locality Mezquitic --title \"Fuga en Hidalgo 12\"",
        ],
        "crew list" => &["crew order list --status in_progress --crew C-07"],
        "crew measure" => &["crew measure MZQ-26-K7-0012 cloro 0.80 mg/L --where \"llave del tanque\""],
        "crew set" => &["crew set MZQ-26-K7-0012 dosis 1.20"],
        "crew material" => &["crew material MZQ-26-K7-0012 HIPOCLORITO 2.5 kg"],
        "crew invite" => &["crew invite --role crew --crew C-07 --locality \"Pueblo Nuevo\""],
        "crew sync" => &["crew sync", "crew sync --poor-link", "crew sync --watch"],
        "crew conflict resolve" => &[
            "crew conflict resolve MZQ-26-K7-0012 fields.dose --take 2 --reason \"Lo confirmó la cuadrilla\"",
            "crew conflict resolve MZQ-26-K7-0012 fields.dose --value 1.20 --reason \"Medido de nuevo\"",
        ],
        "crew bundle" => {
            &["crew bundle export /media/usb/c07.cuadrilla", "crew bundle import /media/usb/c07.cuadrilla"]
        }
        "crew audit replay" => &[
            "crew audit replay --known-at 2026-11-21T18:00:00Z",
            "crew audit replay --order MZQ-26-K7-0012 --at-seq 120",
        ],
        "crew audit verify" => &[
            "crew audit checkpoint --from https://cuadrilla.example --out kept.txt",
            "crew audit verify --from https://cuadrilla.example --checkpoint kept.txt",
        ],
        "crew audit cosign" => &[
            "crew audit cosign --from https://cuadrilla.example --key testigo.key --new-key --name contraloria.example/testigo --out kept.txt",
        ],
        "crew audit receipt" => &["crew audit receipt MZQ-26-K7-0012 --out comprobante.json"],
        "crew completions" => &["crew completions bash > ~/.local/share/bash-completion/completions/crew"],
        _ => return None,
    };
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::{command, es};
    use crate::text::Lang;
    use clap::Command;

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
    fn every_command_and_argument_has_its_spanish_text() {
        let mut missing = Vec::new();
        walk(&command(Lang::En), "crew", &mut |command, path| {
            if es::about(path).is_none() {
                missing.push(path.to_owned());
            }
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                if es::arg(path, id).is_none() {
                    missing.push(format!("{path} {id}"));
                }
            }
        });
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn the_first_page_reads_well() {
        let page = command(Lang::Es).render_help().to_string();
        for words in ["Uso: crew", "Órdenes:", "Opciones:", "Ejemplos:", "Termina el trabajo"] {
            assert!(page.contains(words), "{words} is not in\n{page}");
        }
        assert!(!page.contains("Options"), "{page}");
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
        assert!(!parses(&["crew", "conflict", "resolve", "F", "dose", "--reason", "x"]));
        assert!(!parses(&[
            "crew", "conflict", "resolve", "F", "dose", "--take", "1", "--value", "2", "--reason", "x"
        ]));
    }

    #[test]
    fn a_flag_after_a_value_that_may_start_with_a_hyphen_is_still_a_flag() {
        let matches =
            command(Lang::Es).try_get_matches_from(["crew", "note", "F", "--json", "texto"]).unwrap();
        assert!(matches.get_flag("json"));
    }
}
