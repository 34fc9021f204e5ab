//! The catalogue holds: both files read without a fault and say the same, code uses what there is with its arguments,
//! nothing is left over, and no word stands in it that people should not have to read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{Arg, Lang, Text, say, source};

/// What a message and each of its attributes need, by name; the message itself has the name ``.
type Messages = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn messages(lang: Lang) -> Messages {
    let read = fluent_syntax::parser::parse(source(lang)).expect("the catalogue reads");
    let mut messages = Messages::new();
    for entry in &read.body {
        let ast::Entry::Message(message) = entry else { continue };
        let id = message.id.name.to_owned();
        assert!(!messages.contains_key(&id), "{id} stands twice");
        let mut texts = BTreeMap::new();
        if let Some(value) = &message.value {
            texts.insert(String::new(), arguments(value));
        }
        for attribute in &message.attributes {
            let earlier = texts.insert(attribute.id.name.to_owned(), arguments(&attribute.value));
            assert!(earlier.is_none(), "{id}.{} stands twice", attribute.id.name);
        }
        messages.insert(id, texts);
    }
    messages
}

fn arguments(pattern: &ast::Pattern<&str>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { .. } => {}
            ast::PatternElement::Placeable { expression: ast::Expression::Inline(inline) } => {
                names.extend(variable(inline));
            }
            ast::PatternElement::Placeable { expression: ast::Expression::Select { selector, variants } } => {
                names.extend(variable(selector));
                names.extend(variants.iter().flat_map(|variant| arguments(&variant.value)));
            }
        }
    }
    names
}

fn variable(inline: &ast::InlineExpression<&str>) -> Option<String> {
    match inline {
        ast::InlineExpression::VariableReference { id } => Some(id.name.to_owned()),
        ast::InlineExpression::StringLiteral { .. } | ast::InlineExpression::NumberLiteral { .. } => None,
        other => panic!("the app's reader may not know {other:?}"),
    }
}

/// Every `say!` in the programs: where it is, its id, its arguments.
fn uses() -> Vec<(PathBuf, String, BTreeSet<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned();
    let mut uses = Vec::new();
    let programs = ["crew-cli/src", "server/src", "web-core/src"]
        .into_iter()
        .flat_map(|program| files(&root.join(program)));
    for path in programs.chain(
        ["labels", "refusals", "system", "wrong"].map(|name| root.join(format!("words/src/{name}.rs"))),
    ) {
        let text = std::fs::read_to_string(&path).expect("source reads");
        let tokens: TokenStream = text.parse().expect("source is Rust");
        collect(tokens, &mut |id, names| uses.push((path.clone(), id, names)));
    }
    uses
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn collect(tokens: TokenStream, found: &mut dyn FnMut(String, BTreeSet<String>)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_say = index >= 2
            && matches!(&tokens[index - 2], TokenTree::Ident(name) if name == "say")
            && matches!(&tokens[index - 1], TokenTree::Punct(mark) if mark.as_char() == '!')
            && group.delimiter() == Delimiter::Parenthesis;
        if is_say {
            let (id, names) = said(group.stream());
            found(id, names);
        }
        collect(group.stream(), found);
    }
}

fn said(tokens: TokenStream) -> (String, BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let parts: Vec<&[TokenTree]> =
        tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')).collect();
    let id = parts[0][0].to_string().trim_matches('"').to_owned();
    let names = parts[1..].iter().filter_map(|part| part.first()).map(ToString::to_string).collect();
    (id, names)
}

#[test]
fn both_languages_say_the_same_things_with_the_same_arguments() {
    let (es, en) = (messages(Lang::Es), messages(Lang::En));
    assert_eq!(es.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
    for (id, texts) in &es {
        assert_eq!(Some(texts), en.get(id), "{id}");
    }
}

#[test]
fn code_says_what_the_catalogue_has_and_gives_its_arguments() {
    let messages = messages(Lang::En);
    for (path, id, names) in uses() {
        let wanted = messages.get(&id).and_then(|texts| texts.get(""));
        assert_eq!(wanted, Some(&names), "{id} in {}", path.display());
    }
}

#[test]
fn nothing_in_the_catalogue_is_unused() {
    let used: BTreeSet<String> = uses().into_iter().map(|(_, id, _)| id).collect();
    let unused: Vec<String> = messages(Lang::En)
        .into_keys()
        // Found by the name of a command; the programs hold that each has one.
        .filter(|id| !used.contains(id) && !id.starts_with("help-"))
        .collect();
    assert_eq!(unused, Vec::<String>::new());
}

#[test]
fn no_spanish_text_uses_a_word_that_says_nothing_to_a_crew() {
    let lower = source(Lang::Es).to_lowercase();
    for word in ["sincroniz", "inválid", "éxito", "subir a la nube", "usuario", "está seguro", "error "] {
        let line = lower.lines().find(|line| !line.starts_with('#') && line.contains(word));
        // `$error` is an argument's name.
        let line = line.filter(|line| word != "error " || line.replace("$error ", "").contains(word));
        assert_eq!(line, None, "{word}");
    }
}

#[test]
fn no_text_uses_a_private_word() {
    let lower = source(Lang::En).to_lowercase();
    for word in ["anew", "aside", "meanwhile", "somebody", "whoever", "held back", "the own", "the past"] {
        assert_eq!(lower.lines().find(|line| line.contains(word)), None, "{word}");
    }
}

#[test]
fn a_text_is_said_in_the_language_it_is_shown_in() {
    let inner = say!("count-devices", count = 2_u64);
    let text = say!("history-brought-by", device = inner);
    assert_eq!(text.of(Lang::Es), "lo trajo 2 equipos");
    assert_eq!(text.of(Lang::En), "brought by 2 devices");
    assert_eq!(Text::both("sí", "yes").of(Lang::En), "yes");
    assert_eq!(Text::same("C-07").of(Lang::Es), "C-07");
    assert_eq!(Text::said("no-such-message", vec![("n", Arg::Count(1))]).of(Lang::En), "no-such-message");
}

#[test]
fn what_a_person_typed_is_no_message_and_carries_no_marks() {
    let text = say!("history-brought-by", device = "{ $folio } \u{202e}x");
    assert_eq!(text.of(Lang::En), "brought by { $folio } \u{202e}x");
}
