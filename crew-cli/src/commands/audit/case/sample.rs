//! Sample: a case file in which every text is what a person typed.

use std::collections::BTreeMap;

use serde_json::json;
use sync_core::view::case::{CaseFile, Involved, PersonShown, Proof, Revoked};
use sync_core::view::clock::{EntryTime, Plausible};
use sync_core::view::order::OrderView;
use sync_core::view::story::{DecisionTold, Difference, Doer, Happening, Settled, ValueTold};
use sync_core::view::words::Sentence;

const AT: &str = "2026-11-21T03:36:47.000Z";

/// The case file with `typed` in every place that a person, or a device, fills.
pub fn sample(typed: &str) -> CaseFile {
    let text = || typed.to_owned();
    let both = Sentence::new(typed, typed);
    CaseFile {
        folio: "MZQ-26-A3-0001".into(),
        record: "00".into(),
        municipality: text(),
        municipality_key: 14_061,
        made_at: AT.into(),
        made_by: text(),
        made_on: "ab".into(),
        server_seq: 9,
        sees_everything: true,
        limits: vec![both.clone()],
        status_label: both.clone(),
        order: Some(order(typed)),
        happenings: vec![happening(typed)],
        differences: vec![difference(typed)],
        devices: vec![Involved {
            device: text(),
            name: text(),
            role: text(),
            crew: Some(text()),
            letters: text(),
            persons: vec![text()],
            entries: 1,
            carried: 2,
            enrolled_seq: Some(1),
            revoked: Some(Revoked { seq: 2, at: Some(text()), reason: text() }),
        }],
        people: vec![PersonShown { id: text(), name: text(), key: text() }],
        proof: Proof {
            log_verifier: text(),
            epoch: text(),
            checkpoint: Some(text()),
            checkpoint_size: 9,
            checkpoint_root: Some(text()),
            last_contact: Some(AT.into()),
        },
        not_provable: vec![both],
    }
}

fn doer(typed: &str) -> Doer {
    let text = || typed.to_owned();
    Doer { person: text(), device: "ab".into(), device_name: text(), role: "crew".into() }
}

fn order(typed: &str) -> OrderView {
    let (text, some) = (|| typed.to_owned(), || Some(typed.to_owned()));
    OrderView {
        folio: "MZQ-26-A3-0001".into(),
        id: "00".into(),
        kind: text(),
        kind_label: Sentence::new(typed, typed),
        title: some(),
        folios: vec![text()],
        locality: some(),
        locality_key: some(),
        asset: some(),
        crew: some(),
        status: text(),
        priority: some(),
        due: some(),
        plan: some(),
        description: text(),
        fields: BTreeMap::from([(text(), json!(typed))]),
        checklist: BTreeMap::from([(text(), json!(true))]),
        notes: vec![json!({"text": typed, "person": typed, "claimed_at": AT})],
        measurements: vec![
            json!({"what": typed, "value": typed, "unit": typed, "flag": typed, "where": typed}),
        ],
        materials: vec![json!({"sku": typed, "qty": typed, "unit": typed, "flag": typed, "person": typed})],
        photos: Vec::new(),
        visits: Vec::new(),
        decisions: Vec::new(),
        voided: vec![json!({"text": typed, "number": typed, "voided": {"reason": typed, "person": typed}})],
        conflicts: Vec::new(),
        history: Vec::new(),
        unsent: false,
        held_back: false,
        kept: false,
    }
}

fn happening(typed: &str) -> Happening {
    let (text, both) = (|| typed.to_owned(), Sentence::new(typed, typed));
    Happening {
        seq: Some(3),
        what: "change",
        action: text(),
        text: both.clone(),
        consequences: vec![both.clone()],
        by: doer(typed),
        device_seq: Some(2),
        carrier: Some(doer(typed)),
        time: EntryTime {
            claimed_at: Some(text()),
            not_before: None,
            carried_at: None,
            received_at: Some(AT.into()),
            time: Plausible::BeforeBracket,
            clock_jump_ms: Some(-3_600_000),
            boot_changed: true,
            skew_ms: Some(4_000),
            time_note: both.clone(),
        },
        verdict: "quarantined",
        reason: Some("role"),
        reason_text: Some(both),
        decided: Some(DecisionTold { seq: 5, at: text(), releases: true, by: doer(typed), reason: text() }),
        counts: true,
        entry_hash: Some(text()),
    }
}

fn difference(typed: &str) -> Difference {
    let (text, both) = (|| typed.to_owned(), Sentence::new(typed, typed));
    Difference {
        field: text(),
        label: both.clone(),
        opened_seq: Some(1),
        opened_at: Some(text()),
        values: vec![ValueTold {
            value: json!(typed),
            shown: both.clone(),
            by: doer(typed),
            claimed_at: Some(text()),
            received_at: None,
            seq: Some(1),
        }],
        settled: Some(Settled {
            seq: Some(4),
            at: Some(text()),
            value: both,
            by: doer(typed),
            reason: Some(text()),
        }),
    }
}
