//! Contract: the directions of dependency, and what the core may not touch.

use std::collections::{BTreeMap, BTreeSet};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{files, read, root, shown};

/// Which workspace crates each may depend on.
const DIRECTIONS: [(&str, &[&str]); 8] = [
    ("sync-core", &[]),
    ("store", &["sync-core"]),
    ("store-disk", &["sync-core", "store"]),
    ("engine", &["sync-core", "store"]),
    ("words", &["sync-core"]),
    ("web-core", &["sync-core", "store", "engine", "words"]),
    ("server", &["sync-core", "store", "store-disk", "engine", "words"]),
    ("crew-cli", &["sync-core", "store", "store-disk", "engine", "words"]),
];
const MEMBERS: [&str; 11] = [
    "sync-core",
    "store",
    "store-disk",
    "engine",
    "cuadrilla-words",
    "web-core",
    "server",
    "crew-cli",
    "cuadrilla-tests",
    "cuadrilla-benches",
    "xtask",
];

/// The names in `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let own = section.split("\n[").next().unwrap_or_default();
    own.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).map(String::from).collect()
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (name, allowed) in DIRECTIONS {
        let manifest = read(&root().join(name).join("Cargo.toml"));
        for dependency in dependencies(&manifest) {
            let inside = MEMBERS.contains(&dependency.as_str()) || dependency.starts_with("cuadrilla");
            if inside && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!("{name} depends on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Paths that reach outside the core, with why.
const FORBIDDEN: [(&str, &str); 17] = [
    ("std::time::SystemTime", "a clock"),
    ("std::time::Instant", "a clock"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("std::fs", "files"),
    ("std::env", "the environment"),
    ("std::thread", "threads"),
    ("std::net", "sockets"),
    ("std::process", "processes"),
    ("std::io", "input and output"),
    ("tokio", "an async runtime"),
    ("tracing", "logging"),
    ("getrandom", "the system's randomness"),
    ("OsRng", "the system's randomness"),
    ("thread_rng", "the system's randomness"),
    ("HashMap", "an order that differs from run to run"),
    ("HashSet", "an order that differs from run to run"),
];

#[derive(Default)]
struct Reach {
    found: Vec<(usize, String)>,
}

impl Reach {
    fn note(&mut self, line: usize, what: impl Into<String>) {
        self.found.push((line, what.into()));
    }

    fn check(&mut self, line: usize, path: &str) {
        for (forbidden, why) in FORBIDDEN {
            let is_it = path == forbidden || path.starts_with(&format!("{forbidden}::"));
            let is_last = !forbidden.contains("::") && path.rsplit("::").next() == Some(forbidden);
            if is_it || (is_last) {
                self.note(line, format!("{path} ({why})"));
            }
        }
    }

    fn check_tree(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: &syn::Ident| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.check_tree(&join(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.check(name.ident.span().start().line, &join(&name.ident)),
            syn::UseTree::Rename(name) => self.check(name.ident.span().start().line, &join(&name.ident)),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.check_tree(prefix, tree)),
            syn::UseTree::Glob(_) => {}
        }
    }
}

impl<'a> Visit<'a> for Reach {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let is_test = item
            .attrs
            .iter()
            .any(|attr| matches!(&attr.meta, syn::Meta::List(list) if list.tokens.to_string() == "test"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.check_tree("", &item.tree);
    }
    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.check(path.span().start().line, &names.join("::"));
        visit::visit_path(self, path);
    }
    fn visit_macro(&mut self, item: &'a syn::Macro) {
        let name = item.path.segments.last().map_or(String::new(), |segment| segment.ident.to_string());
        if ["println", "eprintln", "print", "eprint", "dbg", "thread_local"].contains(&name.as_str()) {
            self.note(item.span().start().line, format!("{name}! (output or state)"));
        }
        visit::visit_macro(self, item);
    }
    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        if !is_computed_once(&item.ty) {
            self.note(item.span().start().line, format!("static {} (state)", item.ident));
        }
        visit::visit_item_static(self, item);
    }
    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        if signature.asyncness.is_some() {
            self.note(signature.span().start().line, format!("async fn {}", signature.ident));
        }
        visit::visit_signature(self, signature);
    }
    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        if let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) = &*arm.body
            && number.base10_parse::<u16>().is_ok_and(|number| (400..600).contains(&number))
        {
            self.note(arm.span().start().line, format!("{number} (a status of HTTP)"));
        }
        visit::visit_arm(self, arm);
    }
    fn visit_expr_async(&mut self, expression: &'a syn::ExprAsync) {
        self.note(expression.span().start().line, "an async block");
    }
}

/// Whether a static is a value that is worked out once from constants, and never changes: a `LazyLock` of something that
/// nothing can be put into.
fn is_computed_once(ty: &syn::Type) -> bool {
    #[derive(Default)]
    struct Names(Vec<String>);
    impl<'a> Visit<'a> for Names {
        fn visit_path_segment(&mut self, segment: &'a syn::PathSegment) {
            self.0.push(segment.ident.to_string());
            visit::visit_path_segment(self, segment);
        }
    }
    let mut names = Names::default();
    names.visit_type(ty);
    let is_lazy = names.0.iter().any(|name| name == "LazyLock");
    let can_change = |name: &String| {
        ["Cell", "Mutex", "RwLock", "Atomic", "OnceLock"].iter().any(|word| name.contains(word))
    };
    is_lazy && !names.0.iter().any(can_change)
}

fn reach_of(text: &str) -> Vec<(usize, String)> {
    let mut reach = Reach::default();
    reach.visit_file(&syn::parse_file(text).expect("the source parses"));
    reach.found
}

#[test]
fn the_core_touches_nothing_outside() {
    let mut wrong = Vec::new();
    for path in files(&root().join("sync-core/src"), "rs") {
        if shown(&path).ends_with("/tests.rs") || shown(&path).contains("/tests/") {
            continue;
        }
        let found = reach_of(&read(&path));
        wrong.extend(found.into_iter().map(|(line, what)| format!("{}:{line}: {what}", shown(&path))));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_check_of_the_core_sees_each_thing_it_forbids() {
    let seeded: BTreeMap<&str, &str> = BTreeMap::from([
        ("clock", "fn f() { let _ = std::time::SystemTime::now(); }"),
        ("imported clock", "use std::time::{Duration, Instant};"),
        ("files", "fn f() { let _ = std::fs::read(\"x\"); }"),
        ("environment", "use std::env; fn f() { let _ = env::var(\"x\"); }"),
        ("threads", "fn f() { std::thread::yield_now(); }"),
        ("async", "async fn f() {}"),
        ("async block", "fn f() { let _ = async { 1 }; }"),
        ("randomness", "fn f(b: &mut [u8]) { getrandom::fill(b).unwrap(); }"),
        ("order", "use std::collections::HashMap;"),
        ("output", "fn f() { println!(\"x\"); }"),
        ("state", "static X: u8 = 1;"),
        ("lazy state", "static X: LazyLock<Mutex<u8>> = LazyLock::new(|| Mutex::new(1));"),
        ("logging", "fn f() { tracing::info!(\"x\"); }"),
        ("status", "fn f(code: &str) -> u16 { match code { \"gap\" => 409, _ => 400 } }"),
    ]);
    for (name, source) in seeded {
        assert!(!reach_of(source).is_empty(), "{name} was not seen");
    }
    assert!(
        reach_of("use std::collections::{BTreeMap, BTreeSet}; fn f(now_ms: i64) -> i64 { now_ms }")
            .is_empty()
    );
    assert!(reach_of("static X: LazyLock<BTreeMap<u8, u8>> = LazyLock::new(BTreeMap::new);").is_empty());
}

/// The modules of the core's top level, each with those it may not import, and why.
const APART: [(&str, &[&str], &str); 4] = [
    ("hub", &["replica", "view"], "the server's side knows no device's"),
    ("replica", &["hub"], "a device knows the server by the wire alone"),
    ("view", &["hub", "replica"], "what is read serves both"),
    ("wire", &["hub", "replica", "view", "judge", "state"], "the wire has types alone"),
];

/// Which top-level modules of the core each one imports, tests left out.
fn imports_of_core() -> BTreeMap<String, BTreeSet<String>> {
    let folder = root().join("sync-core/src");
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&folder, "rs") {
        let inside =
            path.strip_prefix(&folder).expect("it lies in the folder").to_string_lossy().into_owned();
        if inside.ends_with("tests.rs") || inside.contains("/tests/") || inside == "lib.rs" {
            continue;
        }
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_string();
        let mut seen = Imports::default();
        seen.visit_file(&syn::parse_file(&read(&path)).expect("the source parses"));
        seen.0.remove(&module);
        imports.entry(module).or_default().extend(seen.0);
    }
    imports
}

/// The first segment after `crate::` in each path.
#[derive(Default)]
struct Imports(BTreeSet<String>);

impl<'a> Visit<'a> for Imports {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let is_test = item
            .attrs
            .iter()
            .any(|attr| matches!(&attr.meta, syn::Meta::List(list) if list.tokens.to_string() == "test"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }
    fn visit_use_path(&mut self, path: &'a syn::UsePath) {
        if path.ident == "crate" {
            match &*path.tree {
                syn::UseTree::Path(next) => drop(self.0.insert(next.ident.to_string())),
                syn::UseTree::Name(next) => drop(self.0.insert(next.ident.to_string())),
                syn::UseTree::Group(group) => {
                    for tree in &group.items {
                        if let syn::UseTree::Path(next) = tree {
                            self.0.insert(next.ident.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
        visit::visit_use_path(self, path);
    }
    fn visit_path(&mut self, path: &'a syn::Path) {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        if segments.next().as_deref() == Some("crate") {
            self.0.extend(segments.next());
        }
        visit::visit_path(self, path);
    }
}

/// All modules that one reaches by its imports.
fn reached(imports: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_string()]);
    while let Some(module) = next.pop() {
        for import in imports.get(&module).into_iter().flatten() {
            if seen.insert(import.clone()) {
                next.push(import.clone());
            }
        }
    }
    seen
}

#[test]
fn the_cores_modules_form_no_circle() {
    let imports = imports_of_core();
    assert!(imports.len() > 10, "the check sees the modules: {:?}", imports.keys());
    let circles: Vec<_> =
        imports.keys().filter(|module| reached(&imports, module).contains(*module)).collect();
    assert!(circles.is_empty(), "these modules import one another: {circles:?}\n{imports:#?}");
}

#[test]
fn the_cores_sides_do_not_know_each_other() {
    let imports = imports_of_core();
    let mut wrong = Vec::new();
    for (module, apart, why) in APART {
        let found = &imports[module];
        wrong.extend(
            apart.iter().filter(|one| found.contains(**one)).map(|one| format!("{module} -> {one}: {why}")),
        );
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
