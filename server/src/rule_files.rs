//! Rule files: kinds of work, steps and measures, read from the built-in copy and from a folder that overrides it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use include_dir::{Dir, include_dir};
use sync_core::limits::{RULE_BYTES_MAX, RULES_MAX};
use sync_core::rules::publish::RuleTexts;
use sync_core::source::{self, Form, SourceProblem, Spot};

use crate::failure::Failure;
use crate::rule_check::Refused;
use words::{Text, say, system_text};

/// The copy this program was built with.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../schemas");

/// What could be read, and what could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The texts of the files that read, by name (`work/chlorination`, `steps`, `measures`).
    pub texts: RuleTexts,
    /// Where those of the folder lie; the others are built in.
    pub paths: BTreeMap<String, String>,
    /// Files that do not read. What was in force before stays in force.
    pub bad: Vec<Refused>,
}

/// The folder to read: asked for, in the data folder, or found upward from where the program runs or lies.
pub fn find_folder(asked: &str, data: &Path) -> Result<Option<PathBuf>, Failure> {
    if !asked.is_empty() {
        let folder = PathBuf::from(asked);
        return if folder.is_dir() { Ok(Some(folder)) } else { Err(no_folder(&folder)) };
    }
    let in_data = data.join("schemas");
    if is_schemas(&in_data) {
        return Ok(Some(in_data));
    }
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let found =
        starts.iter().flatten().flat_map(|start| start.ancestors()).map(|above| above.join("schemas"));
    Ok(found.into_iter().find(|folder| is_schemas(folder)))
}

fn is_schemas(folder: &Path) -> bool {
    folder.join("work").is_dir() || folder.join("steps.json").is_file()
}

fn no_folder(folder: &Path) -> Failure {
    Failure::usage("no_schemas", say!("server-no-schemas", path = folder), say!("server-no-schemas-hint"))
}

/// Reads the built-in files and lays those of `folder` over them. A bad file does not keep out the others.
pub fn load(folder: Option<&Path>) -> Loaded {
    let mut loaded = Loaded::default();
    for path in ["steps.json", "measures.json"] {
        loaded.texts.extend(built_in(path).map(|text| (path.trim_end_matches(".json").to_owned(), text)));
    }
    for file in BUILT_IN.get_dir("work").into_iter().flat_map(Dir::files) {
        let (Some(name), Some(text)) = (work_name(file.path()), file.contents_utf8()) else { continue };
        loaded.texts.insert(name, text.to_owned());
    }
    for (index, path) in folder.into_iter().flat_map(paths).enumerate() {
        let Some(name) = name_of(&path) else { continue };
        let shown = path.display().to_string();
        let read = if index < RULES_MAX { read(&path) } else { Err(say!("rules-too-many", max = RULES_MAX)) };
        match read {
            Ok(text) => parse(&mut loaded, &name, &shown, &text),
            Err(problem) => refuse(&mut loaded, &name, shown, Spot { line: 1, column: 1 }, problem),
        }
    }
    loaded
}

/// Takes the text of a file of the folder, if it is JSON without a key that stands twice.
pub(crate) fn parse(loaded: &mut Loaded, name: &str, file: &str, text: &str) {
    match source::read(text, Form::Json) {
        Ok(_) => {
            loaded.texts.insert(name.into(), text.into());
            loaded.paths.insert(name.into(), file.into());
        }
        Err(error) => refuse(loaded, name, file.into(), error.at, unreadable(&error.what)),
    }
}

fn refuse(loaded: &mut Loaded, name: &str, file: String, spot: Spot, problem: Text) {
    // Not the built-in one either: it would undo what the office has changed.
    loaded.texts.remove(name);
    loaded.bad.push(Refused { file, spot, code: "form", problem, todo: say!("rules-form-todo") });
}

fn built_in(path: &str) -> Option<String> {
    BUILT_IN.get_file(path).and_then(|file| file.contents_utf8()).map(str::to_owned)
}

fn work_name(path: &Path) -> Option<String> {
    (path.extension()? == "json").then(|| Some(format!("work/{}", path.file_stem()?.to_str()?)))?
}

fn name_of(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    match path.parent()?.file_name()?.to_str()? {
        "work" => work_name(path),
        _ => matches!(stem, "steps" | "measures").then(|| stem.to_owned()),
    }
}

/// The rule files of a folder, in order.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let work =
        std::fs::read_dir(folder.join("work")).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        work.filter(|path| path.extension().is_some_and(|ext| ext == "json")).take(RULES_MAX + 1).collect();
    paths.extend(
        ["steps.json", "measures.json"].map(|name| folder.join(name)).into_iter().filter(|p| p.is_file()),
    );
    paths.sort();
    paths
}

/// Reads one file, if it is not too long.
fn read(path: &Path) -> Result<String, Text> {
    let failed = |error: std::io::Error| system_text(&error);
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > RULE_BYTES_MAX as u64 {
        return Err(say!("rules-too-long", bytes, max = RULE_BYTES_MAX));
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn unreadable(problem: &SourceProblem) -> Text {
    match problem {
        SourceProblem::Twice(key) => say!("import-source-twice", key),
        SourceProblem::TooDeep => say!("import-source-deep"),
        SourceProblem::TooMany => say!("import-source-many"),
        SourceProblem::Syntax(detail) => say!("import-source-json", detail),
        SourceProblem::Key => say!("import-source-key"),
        SourceProblem::Tag => say!("import-source-tag"),
        SourceProblem::Alias => say!("import-source-alias"),
        SourceProblem::Second => say!("import-source-second"),
    }
}

/// Names, sizes and times of files.
pub type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// Returns what changes when a file of the folder does.
pub fn fingerprint(folder: &Path) -> Fingerprint {
    let look = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.len(), metadata.modified().ok()))
    };
    paths(folder).into_iter().filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use sync_core::rules::publish::{RuleTexts, choose};
    use sync_core::rules::usage::Usage;

    use super::{built_in, find_folder, load};

    #[test]
    fn the_built_in_rules_are_all_good() {
        let loaded = load(None);
        assert!(loaded.texts.len() > 10);
        let chosen = choose(&RuleTexts::new(), &loaded.texts, &Usage::default());
        assert_eq!(chosen.findings, []);
        assert_eq!(chosen.files, loaded.texts);
    }

    #[test]
    fn a_folder_overrides_and_extends_and_a_bad_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        std::fs::create_dir(&work).unwrap();
        let kind = built_in("work/chlorination.json").unwrap();
        std::fs::write(work.join("novel.json"), kind.replace("\"chlorination\"", "\"novel\"")).unwrap();
        std::fs::write(work.join("leak_repair.json"), "{\n  \"kind\": oops\n}").unwrap();
        let loaded = load(Some(folder.path()));
        let has = |name: &str| loaded.texts.contains_key(name);
        assert!(has("work/novel") && has("work/chlorination") && has("steps"));
        assert!(!has("work/leak_repair"), "the one in force stays in force");
        let [bad] = loaded.bad.as_slice() else { panic!("{:?}", loaded.bad) };
        assert!(bad.file.ends_with("leak_repair.json"), "{bad:?}");
        assert_eq!((bad.spot.line, bad.spot.column), (2, 11), "{bad:?}");
    }

    #[test]
    fn a_folder_asked_for_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        assert!(find_folder("/nowhere/at/all", folder.path()).is_err());
        std::fs::create_dir_all(folder.path().join("schemas/work")).unwrap();
        assert_eq!(find_folder("", folder.path()).unwrap(), Some(folder.path().join("schemas")));
    }
}
