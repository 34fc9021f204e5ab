//! `crew import FILE`: catalogue, assets, orders and plans from one YAML or JSON file. Twice is the same as once.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::de::DeserializeOwned;
use sync_core::limits::{IMPORT_BYTES_MAX, IMPORT_ITEMS_MAX};
use sync_core::replica::ImportFile;
use words::{Text, say};

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::files;
use crate::output::Report;
use crate::table::Table;

/// YAML nodes an import may have: items, each with some fields.
const YAML_NODES_MAX: usize = IMPORT_ITEMS_MAX * 40;
/// YAML nesting an import may have; the deepest place is five down.
const YAML_DEPTH_MAX: usize = 32;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, YAML or JSON
    pub file: PathBuf,
}

/// Imports the file: all of it, or nothing.
///
/// # Errors
/// Usage, with line and column, if the file is not of the form; rule, if the rules do not allow what it says.
pub fn run(cx: &Context, args: &ImportArgs) -> Result<Report, CliError> {
    let bytes = files::read_bounded(&args.file, IMPORT_BYTES_MAX)?;
    let file: ImportFile = parse(&args.file, &bytes)?;
    cx.screen.progress(&say!("import-running"));
    let counts = cx.write(|replica| Ok(replica.import(&file)?));
    cx.screen.progress_done();
    let counts = counts?;
    let report = Report::new(&counts, String::new())?;
    let text = told(cx, &report.json);
    Ok(Report { text, ..report })
}

/// The counts, whatever kinds there are.
fn told(cx: &Context, counts: &serde_json::Value) -> String {
    let lang = cx.screen.lang;
    let mut table = Table::new(lang, [say!("word-what"), say!("import-count")]);
    for (what, count) in counts.as_object().into_iter().flatten() {
        table.row([plural(what).of(lang), count.to_string()]);
    }
    format!("{}{}\n", table.render(cx.screen.width, cx.screen.style), cx.saved())
}

fn plural(what: &str) -> Text {
    match what {
        "localities" => say!("import-localities"),
        "crews" => say!("import-crews"),
        "people" => say!("import-people"),
        "assets" => say!("import-assets"),
        "materials" => say!("import-materials"),
        "orders" => say!("import-orders"),
        "plans" => say!("import-plans"),
        "updated" => say!("import-updated"),
        "unchanged" => say!("import-unchanged"),
        other => Text::same(other),
    }
}

/// Reads the file as what its name says, or failing that as what its first character says.
fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, CliError> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|error| malformed(path, &say!("import-not-utf8", byte = error.valid_up_to()), None))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_json = match extension.to_ascii_lowercase().as_str() {
        "json" => true,
        "yaml" | "yml" => false,
        _ => text.trim_start().starts_with(['{', '[']),
    };
    if is_json { parse_json(path, text) } else { parse_yaml(path, text) }
}

fn parse_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, CliError> {
    serde_json::from_str(text).map_err(|error| {
        let place = (error.line() as u64, error.column() as u64);
        let said = error.to_string();
        let detail = said.split(" at line ").next().unwrap_or_default();
        malformed(path, &Text::same(detail), Some(place))
    })
}

fn parse_yaml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, CliError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: YAML_NODES_MAX,
            max_events: YAML_NODES_MAX * 2,
            max_depth: YAML_DEPTH_MAX,
            max_documents: 1,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|at| (at.line(), at.column()));
        let said = error.without_snippet().to_string();
        let detail = said.split(" at line ").next().unwrap_or_default();
        malformed(path, &Text::same(detail), place)
    })
}

fn malformed(path: &Path, detail: &Text, place: Option<(u64, u64)>) -> CliError {
    let message = match place {
        Some((line, column)) => say!("import-bad-file-at", path, line, column, detail),
        None => say!("import-bad-file", path, detail),
    };
    CliError::new(exit::USAGE, "import_form", message, say!("import-bad-file-hint"))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::error::CliError;
    use serde::Deserialize;
    use std::path::Path;
    use words::Lang;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        localities: Vec<Place>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Place {
        name: String,
    }

    fn read(name: &str, text: &str) -> Result<File, CliError> {
        parse(Path::new(name), text.as_bytes())
    }

    #[test]
    fn yaml_and_json_are_told_apart_by_name_or_content() {
        let wanted = File { localities: vec![Place { name: "Ocota".into() }] };
        for (name, text) in [
            ("a.yaml", "localities:\n  - name: Ocota\n"),
            ("a.json", r#"{"localities": [{"name": "Ocota"}]}"#),
            ("a", "localities:\n  - name: Ocota\n"),
            ("a", "\u{feff}{\"localities\": [{\"name\": \"Ocota\"}]}"),
        ] {
            assert_eq!(read(name, text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn a_slip_is_placed_by_line_and_column_and_says_what_is_allowed() {
        let error = read("a.yaml", "localities:\n  - name: Ocota\n    nmae: x\n").unwrap_err();
        assert_eq!(error.exit, 2);
        assert!(error.message.of(Lang::En).contains("line 3"), "{}", error.message.of(Lang::En));
        assert!(
            error.message.of(Lang::En).contains("nmae")
                && error.message.of(Lang::En).contains("expected one of name"),
            "{}",
            error.message.of(Lang::En)
        );
        let error = read("a.json", "{\"localities\": [\n{\"nam\": 1}]}").unwrap_err();
        assert!(error.message.of(Lang::En).contains("line 2, column"), "{}", error.message.of(Lang::En));
        assert_eq!(error.message.of(Lang::En).matches("line").count(), 1);
    }

    #[test]
    fn a_yaml_bomb_is_refused() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        text.push_str("localities: *a11\n");
        assert_eq!(parse::<serde_json::Value>(Path::new("a.yaml"), text.as_bytes()).unwrap_err().exit, 2);
    }
}
