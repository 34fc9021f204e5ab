//! The page: whole, self-contained, and inert whatever people typed.

use super::{Pictures, render};
use crate::commands::audit::case::sample::sample;
use crate::when::When;
use sync_core::rules::Rules;
use words::Lang;

const NASTY: &str = "<script>alert(1)</script><img src=http://x onerror=y>\"'&";

fn page(typed: &str) -> String {
    render(&When::utc(0, Lang::Es), &Rules::default(), &sample(typed), &Pictures::new())
}

/// The tags of a page, each as written.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()).collect()
}

#[test]
fn what_people_typed_makes_no_element_anywhere() {
    let (plain, nasty) = (page("x"), page(NASTY));
    assert_eq!(tags(&plain), tags(&nasty), "the same elements whatever was typed");
    assert!(!nasty.contains("<script") && !nasty.contains("<img"), "{nasty}");
    assert!(nasty.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = page("x");
    for word in ["src=", "href=", "url(", "@import", "<link", "<script"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn every_element_is_closed() {
    let page = page("x");
    let mut open = Vec::new();
    for tag in tags(&page) {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        if ["meta", "br", "!DOCTYPE"].contains(&name) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in\n{page}");
        } else {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}
