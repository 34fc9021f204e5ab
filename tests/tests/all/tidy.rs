//! Tidy: what keeps the source readable, held by a test so that no review has to.

use std::path::Path;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{files, read, root, shown};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

fn none_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn rust_files() -> Vec<std::path::PathBuf> {
    files(&root(), "rs")
}

/// Whether a file holds tests only.
fn is_test_file(path: &Path) -> bool {
    let name = shown(path);
    name.contains("/tests/") || name.starts_with("tests/") || name.ends_with("/tests.rs")
}

fn lines_of(span: Span) -> usize {
    span.end().line + 1 - span.start().line
}

#[derive(Default)]
struct Lengths {
    in_tests: usize,
    long: Vec<(String, usize, usize)>,
}

impl<'a> Visit<'a> for Lengths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let is_test = item.attrs.iter().any(|attr| quote_of(attr).contains("cfg(test)"));
        if is_test {
            self.in_tests += lines_of(item.span());
        } else {
            visit::visit_item_mod(self, item);
        }
    }
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.measure(&item.sig.ident, item.block.span());
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.measure(&item.sig.ident, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }
}

impl Lengths {
    fn measure(&mut self, name: &syn::Ident, span: Span) {
        let lines = lines_of(span);
        if lines > FUNCTION_LINES_MAX {
            self.long.push((name.to_string(), span.start().line, lines));
        }
    }
}

fn quote_of(attr: &syn::Attribute) -> String {
    match &attr.meta {
        syn::Meta::List(list) => {
            format!("{}({})", list.path.get_ident().map_or(String::new(), ToString::to_string), list.tokens)
        }
        _ => String::new(),
    }
}

#[test]
fn files_and_functions_are_short() {
    let mut wrong = Vec::new();
    for path in rust_files().iter().filter(|path| !is_test_file(path)) {
        let text = read(path);
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", shown(path)));
        let mut lengths = Lengths::default();
        lengths.visit_file(&file);
        let lines = text.lines().count() - lengths.in_tests;
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", shown(path)));
        }
        let long = lengths.long.iter();
        wrong.extend(
            long.map(|(name, line, lines)| format!("{}:{line}: {name} has {lines} lines", shown(path))),
        );
    }
    none_wrong(&wrong);
}

#[test]
fn every_file_says_what_it_holds() {
    let silent = |path: &&std::path::PathBuf| !read(path).starts_with("//!");
    let wrong: Vec<_> = rust_files().iter().filter(silent).map(|path| shown(path)).collect();
    none_wrong(&wrong);
}

#[test]
fn nothing_is_left_open_and_no_lint_is_silenced_without_a_reason() {
    let words = [
        "todo!(",
        "unimplemented!(",
        concat!("FIX", "ME"),
        concat!("TO", "DO:"),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
    ];
    let mut wrong = Vec::new();
    for path in rust_files() {
        for (number, line) in (1..).zip(read(&path).lines()) {
            for word in words.iter().filter(|word| line.contains(*word) && !line.contains("concat!")) {
                if !(shown(&path).ends_with("tidy.rs")) {
                    wrong.push(format!("{}:{number}: {word}", shown(&path)));
                }
            }
        }
    }
    none_wrong(&wrong);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files(&root(), "md") {
        let text = read(&path);
        for part in text.split("](").skip(1) {
            let target = part.split([')', ' ', '#']).next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            let base = path.parent().unwrap_or(Path::new("."));
            if is_file && !base.join(target).exists() {
                wrong.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    none_wrong(&wrong);
}

#[test]
fn no_file_speaks_of_a_workplace_or_a_registry_host() {
    let forbidden = [
        concat!("/wo", "rk/"),
        concat!("/tmp/", "wt"),
        concat!("index.", "crates.io"),
        concat!("sta", "tic.rust-lang"),
    ];
    let mut wrong = Vec::new();
    for extension in ["rs", "md", "toml", "json", "yaml", "yml"] {
        for path in files(&root(), extension) {
            let text = read(&path);
            // A folder called `work` is ours; a root of that name is a machine's.
            let stands_alone =
                |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '}' || c == '*');
            let found =
                forbidden.iter().filter(|word| text.match_indices(**word).any(|(at, _)| stands_alone(at)));
            wrong.extend(found.map(|word| format!("{}: {word}", shown(&path))));
        }
    }
    none_wrong(&wrong);
}

#[test]
fn every_crate_inherits_the_lints_and_automerge_is_pinned() {
    let mut wrong = Vec::new();
    for path in files(&root(), "toml").iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = read(path);
        if text.contains("[package]") && !text.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{}: does not inherit the lints", shown(path)));
        }
    }
    if !read(&root().join("Cargo.toml")).contains("automerge = { version = \"=") {
        wrong.push("Cargo.toml: automerge is not pinned exactly".into());
    }
    none_wrong(&wrong);
}

#[test]
fn the_glossary_is_in_order_and_names_files_that_exist() {
    let text = read(&root().join("docs/GLOSSARY.md"));
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| term"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 60, "the glossary's table was not found");
    let terms: Vec<String> = rows.iter().map(|row| row[1].replace(['*', ','], "").to_lowercase()).collect();
    let mut wrong: Vec<String> = terms
        .windows(2)
        .filter(|pair| pair[0] >= pair[1])
        .map(|pair| format!("{} stands before {}", pair[0], pair[1]))
        .collect();
    for row in &rows {
        for path in row[4].split('`').skip(1).step_by(2).filter(|name| name.contains(['/', '.'])) {
            if !root().join("sync-core/src").join(path).exists() && !root().join(path).exists() {
                wrong.push(format!("{}: no file {path}", row[1]));
            }
        }
    }
    none_wrong(&wrong);
}
