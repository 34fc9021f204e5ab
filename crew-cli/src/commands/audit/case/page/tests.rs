//! The page: whole, self-contained, and inert whatever people typed.

use super::render;
use crate::seen::Seen;
use crate::text::Lang;
use crate::when::When;
use serde_json::{Value, json};
use sync_core::rules::Rules;

const NASTY: &str = "<script>alert(1)</script><img src=http://x onerror=y>\"'&";

fn case(typed: &str) -> Value {
    let both = json!({"es": typed, "en": typed});
    let by = json!({"person": typed, "device": "ab", "device_name": typed, "role": "crew"});
    json!({
        "folio": "MZQ-26-A3-0001", "record": "00", "municipality": typed, "municipality_key": 14061,
        "made_at": "2026-11-21T03:36:47.000Z", "made_by": typed, "made_on": "ab", "server_seq": 9,
        "limits": [both], "status_label": both,
        "order": {"title": typed, "kind": typed, "kind_label": both, "description": typed, "locality": typed,
            "fields": {typed: typed}, "checklist": {typed: true},
            "notes": [{"text": typed, "person": typed, "claimed_at": "2026-11-21T03:36:47.000Z"}],
            "measurements": [{"what": typed, "value": typed, "unit": typed, "flag": typed, "person": typed}],
            "materials": [{"sku": typed, "qty": typed, "unit": typed, "flag": typed, "person": typed}]},
        "happenings": [{"seq": 3, "what": "change", "text": both, "consequences": [both], "person": typed,
            "device": typed, "device_name": typed, "role": typed, "device_seq": 2, "carrier": by,
            "claimed_at": typed, "time": "before_bracket", "clock_jump_ms": -3_600_000, "verdict": "quarantined",
            "reason_text": both, "decided": {"seq": 5, "at": typed, "releases": true, "by": by, "reason": typed},
            "counts": true, "entry_hash": typed}],
        "differences": [{"field": typed, "label": both, "opened_seq": 1, "opened_at": typed,
            "values": [{"value": typed, "shown": both, "by": by, "claimed_at": typed}],
            "settled": {"seq": 4, "at": typed, "value": both, "by": by, "reason": typed}}],
        "devices": [{"device": typed, "name": typed, "role": typed, "persons": [typed], "entries": 1,
            "revoked": {"seq": 2, "at": typed, "reason": typed}}],
        "proof": {"log_verifier": typed, "checkpoint": typed},
        "not_provable": [both],
    })
}

fn page(typed: &str) -> String {
    let case = case(typed);
    render(&When::utc(0, Lang::Es), &Rules::default(), Seen(&case))
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
