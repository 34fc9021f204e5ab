//! `crew import FILE`: catalogue, assets, orders and plans from one YAML or JSON file. Twice is the same as once.

use std::path::{Path, PathBuf};

use clap::Args;
use sync_core::json_schema::{Part, Violation, Wrong, path_text};
use sync_core::limits::IMPORT_BYTES_MAX;
use sync_core::replica::{ImportCounts, ImportFile, ImportProblem, ReplicaError};
use sync_core::source::{self, Form, SourceProblem, Spot};
use words::{Text, say};

use crate::context::Context;
use crate::error::{CliError, exit, import_problem};
use crate::files;
use crate::labels;
use crate::output::Report;
use crate::table::Table;

/// Most items that are named one by one because they are not as the file has them.
const DIFFERING_SHOWN: usize = 20;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, YAML or JSON
    pub file: PathBuf,
}

/// Imports the file: all of it, or nothing.
///
/// # Errors
/// Usage, with line and column, if the file is not of the form, or two of its items would be one; rule, if the rules do
/// not allow what it says, or it is of another municipality.
pub fn run(cx: &Context, args: &ImportArgs) -> Result<Report, CliError> {
    let bytes = files::read_bounded(&args.file, IMPORT_BYTES_MAX)?;
    let text = decode(&args.file, &bytes)?;
    let file = parse(&args.file, text)?;
    cx.screen.progress(&say!("import-running"));
    let counts = cx.write(|replica| replica.import(&file).map_err(|error| placed(&args.file, text, error)));
    cx.screen.progress_done();
    let counts = counts?;
    let report = Report::new(&counts, String::new())?;
    let text = told(cx, &report.json, &counts);
    Ok(Report { text, ..report })
}

/// Says where in the file it is.
fn placed(path: &Path, text: &str, error: ReplicaError) -> CliError {
    let ReplicaError::Import { path: place, problem } = &error else { return error.into() };
    let said = CliError::from(error.clone());
    let spot = source::spot(text, place);
    CliError { message: at(path, spot, place, &import_problem(problem)), ..said }
}

/// The counts, whatever kinds there are, and what is not as the file has it.
fn told(cx: &Context, json: &serde_json::Value, counts: &ImportCounts) -> String {
    let lang = cx.screen.lang;
    let mut table = Table::new(lang, [say!("word-what"), say!("import-count")]);
    for (what, count) in json.as_object().into_iter().flatten() {
        let count = count.as_array().map_or_else(|| count.to_string(), |list| list.len().to_string());
        table.row([plural(what).of(lang), count]);
    }
    let mut text = table.render(cx.screen.width, cx.screen.style);
    for one in counts.differing.iter().take(DIFFERING_SHOWN) {
        let what: Vec<String> = one.what.iter().map(|name| labels::register(name).of(lang)).collect();
        let said = say!("import-differs", place = &one.place, name = &one.name, what = what.join(", "));
        text.push_str(&format!("{}\n", said.of(lang)));
    }
    let more = counts.differing.len().saturating_sub(DIFFERING_SHOWN);
    if more > 0 {
        text.push_str(&format!("{}\n", say!("import-differs-more", count = more).of(lang)));
    }
    format!("{text}{}\n", cx.saved())
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
        "differing" => say!("import-differing"),
        other => Text::same(other),
    }
}

fn decode<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, CliError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let detail = say!("import-not-utf8", byte = error.valid_up_to());
        malformed(say!("import-bad-file", path, detail))
    })
}

/// Reads the file as what its name says, or failing that as what its first character says.
fn parse(path: &Path, text: &str) -> Result<ImportFile, CliError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let form = match extension.to_ascii_lowercase().as_str() {
        "json" => Form::Json,
        "yaml" | "yml" => Form::Yaml,
        _ if text.trim_start().starts_with(['{', '[']) => Form::Json,
        _ => Form::Yaml,
    };
    let value = source::read(text, form).map_err(|error| {
        let (line, column) = (error.at.line, error.at.column);
        malformed(say!("import-bad-file-at", path, line, column, detail = unreadable(form, &error.what)))
    })?;
    ImportFile::try_from(value).map_err(|Violation { path: mut place, wrong }| {
        if let Wrong::Unknown { key, .. } | Wrong::Key { key, .. } = &wrong {
            place.push(Part::Key(key.clone()));
        }
        let spot = source::spot(text, &place);
        // What else may stand there is of use to a person who wrote an unknown name only.
        let hint = match (&wrong, place.as_slice()) {
            (Wrong::Unknown { .. }, [_]) => say!("import-bad-file-hint"),
            _ => say!("replica-import-hint"),
        };
        let message = at(path, spot, &place, &import_problem(&ImportProblem::Value(wrong)));
        CliError::new(exit::USAGE, "import_form", message, hint)
    })
}

/// A place in the file, and what is wrong there.
fn at(path: &Path, Spot { line, column }: Spot, place: &[Part], problem: &Text) -> Text {
    let place = path_text(place);
    let detail =
        if place.is_empty() { problem.clone() } else { say!("import-at", place, problem = problem.clone()) };
    say!("import-bad-file-at", path, line, column, detail)
}

fn unreadable(form: Form, problem: &SourceProblem) -> Text {
    match problem {
        SourceProblem::Syntax(detail) if form == Form::Json => say!("import-source-json", detail),
        SourceProblem::Syntax(detail) => say!("import-source-yaml", detail),
        SourceProblem::Twice(key) => say!("import-source-twice", key),
        SourceProblem::Key => say!("import-source-key"),
        SourceProblem::Tag => say!("import-source-tag"),
        SourceProblem::Alias => say!("import-source-alias"),
        SourceProblem::Second => say!("import-source-second"),
        SourceProblem::TooMany => say!("import-source-many"),
        SourceProblem::TooDeep => say!("import-source-deep"),
    }
}

fn malformed(message: Text) -> CliError {
    CliError::new(exit::USAGE, "import_form", message, say!("replica-import-hint"))
}

#[cfg(test)]
mod tests {
    use super::{decode, parse};
    use crate::error::CliError;
    use std::path::Path;
    use sync_core::replica::ImportFile;
    use words::Lang;

    fn read(name: &str, text: &str) -> Result<ImportFile, CliError> {
        parse(Path::new(name), decode(Path::new(name), text.as_bytes())?)
    }

    #[test]
    fn yaml_and_json_are_told_apart_by_name_or_content() {
        let wanted = read("a.yaml", "localities:\n  - name: Ocota\n").unwrap();
        assert_ne!(wanted, ImportFile::default());
        for (name, text) in [
            ("a.json", r#"{"localities": [{"name": "Ocota"}]}"#),
            ("a", "localities:\n  - name: Ocota\n"),
            ("a", "\u{feff}{\"localities\": [{\"name\": \"Ocota\"}]}"),
        ] {
            assert_eq!(read(name, text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_a_library_says_of_a_form_is_quoted_in_a_sentence_of_ours() {
        for (name, text, said) in [
            ("a.yaml", "localities: [a, b\n", "no se puede leer como YAML: «"),
            ("a.json", "{1: 2}", "no se puede leer como JSON: «"),
        ] {
            let error = read(name, text).unwrap_err().message.of(Lang::Es);
            assert!(error.contains(said) && error.contains("línea"), "{error}");
        }
    }

    #[test]
    fn a_slip_is_placed_by_line_and_column_and_says_what_is_allowed() {
        for (name, text, place, word) in [
            (
                "a.yaml",
                "localities:\n  - name: Ocota\n    nmae: x\n",
                "line 3, column 5",
                "localities[0].nmae",
            ),
            ("a.yaml", "localities:\n  - name: Ocota\n    lat: 22,39\n", "line 3, column 5", "22,39"),
            ("a.json", "{\"localities\": [\n{\"nam\": 1}]}", "line 2, column 1", "name is missing"),
            ("a.json", "{\"localities\": [\n{\"name\": 1}", "line 2, column", "EOF"),
            ("a.yaml", "version: 1\nversion: 2\n", "line 2, column 1", "stands twice"),
        ] {
            let error = read(name, text).unwrap_err();
            let said = error.message.of(Lang::En);
            assert!(error.exit == 2 && said.contains(place) && said.contains(word), "{said}");
            assert_eq!(said.matches("line").count(), 1, "{said}");
        }
    }
}
