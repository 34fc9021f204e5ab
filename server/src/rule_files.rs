//! Rule files: kinds of work, steps and measures, read from the built-in copy and from a folder that overrides it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use include_dir::{Dir, include_dir};
use sync_core::limits::{RULE_BYTES_MAX, RULES_MAX};
use sync_core::rules::Rules;

use crate::failure::Failure;
use words::say;

/// The copy this program was built with.
static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../schemas");

/// A rule file as the office publishes it: its name (`work/chlorination`, `steps`, `measures`) and its JSON text.
pub type RuleFile = (String, String);

/// What could be read, and what could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Good files, by name.
    pub files: Vec<RuleFile>,
    /// One line for each bad one, naming file, line and column. What was in force before stays in force.
    pub bad: Vec<String>,
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
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for path in ["steps.json", "measures.json"] {
        files.extend(built_in(path).map(|text| (path.trim_end_matches(".json").to_owned(), text)));
    }
    for file in BUILT_IN.get_dir("work").into_iter().flat_map(Dir::files) {
        let (Some(name), Some(text)) = (work_name(file.path()), file.contents_utf8()) else { continue };
        files.insert(name, text.to_owned());
    }
    let mut bad = Vec::new();
    for path in folder.into_iter().flat_map(paths) {
        let Some(name) = name_of(&path) else { continue };
        match read(&path, &name) {
            Ok(text) => {
                files.insert(name, text);
            }
            Err(detail) => {
                // Not the built-in one either: it would undo what the office has changed.
                files.remove(&name);
                bad.push(format!("{}: {detail}", path.display()));
            }
        }
    }
    Loaded { files: files.into_iter().collect(), bad }
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
        work.filter(|path| path.extension().is_some_and(|ext| ext == "json")).take(RULES_MAX).collect();
    paths.extend(
        ["steps.json", "measures.json"].map(|name| folder.join(name)).into_iter().filter(|p| p.is_file()),
    );
    paths.sort();
    paths
}

/// Reads one file and makes sure that it is a rule.
fn read(path: &Path, name: &str) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > RULE_BYTES_MAX as u64 {
        return Err(format!("{bytes} bytes, at most {RULE_BYTES_MAX} are allowed"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Rules::default().add(name, &text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// What changes when a file of the folder does: names, sizes and times.
pub fn fingerprint(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let look = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok()?;
        Some((path, metadata.len(), metadata.modified().ok()))
    };
    paths(folder).into_iter().filter_map(look).collect()
}

#[cfg(test)]
mod tests {
    use super::{built_in, find_folder, load};

    #[test]
    fn the_built_in_rules_are_all_good() {
        let loaded = load(None);
        assert!(loaded.files.len() > 10);
        let mut rules = sync_core::rules::Rules::default();
        for (name, json) in &loaded.files {
            rules.add(name, json).unwrap();
        }
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
        let has = |name: &str| loaded.files.iter().any(|(file, _)| file == name);
        assert!(has("work/novel") && has("work/chlorination") && has("steps"));
        assert!(!has("work/leak_repair"), "the one in force stays in force");
        let [bad] = loaded.bad.as_slice() else { panic!("{:?}", loaded.bad) };
        assert!(
            bad.contains("leak_repair.json") && bad.contains("line 2") && bad.contains("column"),
            "{bad}"
        );
    }

    #[test]
    fn a_folder_asked_for_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        assert!(find_folder("/nowhere/at/all", folder.path()).is_err());
        std::fs::create_dir_all(folder.path().join("schemas/work")).unwrap();
        assert_eq!(find_folder("", folder.path()).unwrap(), Some(folder.path().join("schemas")));
    }
}
