//! Golden vectors of the wire: bytes that every version must read or refuse the same way. They are only added to.
//!
//! `CUADRILLA_WRITE_VECTORS=1` adds vectors that are missing; an existing one is never changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_core::id::DeviceId;
use sync_core::msgpack::from_slice;
use sync_core::replica::{NewOrder, bundle};
use sync_core::wire::message::{FrameError, SyncRequest, open_request};
use sync_core::wire::pack::unpack;

use crate::flows::{pump_order, town_with, work_a_day};

/// One vector: what it is, its bytes, and what reading it must say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Vector {
    form: String,
    hex: String,
    /// `ok: …` with what was read, or `refused: …` with the reason.
    reads: String,
}

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/wire/vectors.json")
}

/// Reads bytes as their form says, and tells what happened.
fn reading(form: &str, bytes: &[u8]) -> String {
    let refused = |error: &dyn std::fmt::Display| format!("refused: {error}");
    match form {
        "request" => match open_request(bytes).and_then(|frame| whole(bytes, frame.claimed_device()?)) {
            Ok(device) => format!("ok: device {device}"),
            Err(error) => refused(&error),
        },
        "bundle" => match bundle::inspect(bytes) {
            Ok(counts) => format!("ok: {} segments, {} entries", counts.segments, counts.entries),
            Err(error) => refused(&error),
        },
        "line" => match sync_core::log::line::Line::from_bytes(bytes) {
            Ok(sync_core::log::line::Line::Entry { chained, .. }) => {
                format!("ok: entry {} of {}", chained.entry.header.seq, chained.entry.header.device)
                    + &chained.hash().map(|hash| format!(", hash {hash}")).unwrap_or_default()
            }
            Ok(sync_core::log::line::Line::Device(_)) => "ok: device line".into(),
            Err(error) => refused(&error),
        },
        "pack" => {
            match unpack(bytes, &sync_core::state::refs::receiver(&sync_core::rows::MemoryRows::default())) {
                Ok(items) => format!("ok: {} entries", items.len()),
                Err(error) => refused(&error),
            }
        }
        other => panic!("unknown form {other}"),
    }
}

/// The device of a request whose body decodes to its end.
fn whole(frame: &[u8], device: DeviceId) -> Result<DeviceId, FrameError> {
    let request: SyncRequest = from_slice(&frame[4..frame.len() - 64])?;
    assert_eq!(request.device, device);
    Ok(device)
}

/// Rules that never change, so that editing a real rule file changes no vector.
fn frozen_rules() -> Vec<(String, String)> {
    let steps = r#"{"states":[],"initial":["reported","assigned"],"steps":[
        {"step":"start","labels":{"es":"Iniciar","en":"Start"},"from":["assigned"],"to":"in_progress","who":["crew"]},
        {"step":"finish","labels":{"es":"Terminar","en":"Finish"},"from":["in_progress"],"to":"done","who":["crew"]}]}"#;
    let measures =
        r#"{"measures":[{"key":"flow","labels":{"es":"Caudal","en":"Flow"},"unit":"L/s","scale":2}]}"#;
    let pump = r#"{"kind":"bomba","labels":{"es":"Bomba","en":"Pump"},"fields":[
        {"key":"pump_serial","labels":{"es":"Serie","en":"Serial"},"type":"text"}]}"#;
    let chlorination = r#"{"kind":"chlorination","labels":{"es":"Cloración","en":"Chlorination"}}"#;
    [("measures", measures), ("steps", steps), ("work/bomba", pump), ("work/chlorination", chlorination)]
        .map(|(name, json)| (name.to_string(), json.to_string()))
        .to_vec()
}

/// Valid bytes of each form, and what a cut, a flip and a stranger make of them.
fn made() -> BTreeMap<String, (String, Vec<u8>)> {
    let mut town = town_with(&frozen_rules());
    let folio = pump_order(&mut town);
    work_a_day(&mut town.one, &folio, "A-1");
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    town.one.act(|replica| replica.order_new(&new)).unwrap();
    let bundle = town.one.bundle().bytes;
    let request = town.one.request(256 * 1024, true).frame;
    let mut vectors = BTreeMap::new();
    let mut add = |name: &str, form: &str, bytes: Vec<u8>| {
        vectors.insert(name.to_string(), (form.to_string(), bytes));
    };
    // Requests have grown since the first were kept; those are read as they were.
    for (form, name, bytes) in [("bundle", "bundle", &bundle), ("request", "request-2", &request)] {
        add(&format!("{name}-valid"), form, bytes.clone());
        add(&format!("{name}-cut"), form, bytes[..bytes.len() * 2 / 3].to_vec());
        add(&format!("{name}-html"), form, b"<html>Bienvenido a la red</html>".to_vec());
        add(&format!("{name}-empty"), form, Vec::new());
        let mut flipped = bytes.clone();
        flipped[40] ^= 0x10;
        add(&format!("{name}-flipped"), form, flipped);
    }
    for (number, line) in town.server.lines.0.iter().enumerate() {
        // The founding entries and the newest: rules in between are whole files.
        if number < 3 || number + 4 > town.server.lines.0.len() {
            add(&format!("line-{:03}", number + 1), "line", line.clone());
        }
    }
    add("pack-empty", "pack", Vec::new());
    add("pack-unknown-version", "pack", vec![250, 0, 0]);
    add("pack-claims-millions", "pack", [vec![1], vec![0xff; 9], vec![0x01]].concat());
    vectors
}

#[test]
fn golden_vectors_read_as_they_always_did() {
    let text = std::fs::read_to_string(path()).unwrap_or_else(|_| "{}".into());
    let mut kept: BTreeMap<String, Vector> = serde_json::from_str(&text).unwrap();
    if std::env::var_os("CUADRILLA_WRITE_VECTORS").is_some() {
        for (name, (form, bytes)) in made() {
            let reads = reading(&form, &bytes);
            kept.entry(name).or_insert(Vector { form, hex: hex::encode(bytes), reads });
        }
        std::fs::write(path(), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
    }
    assert!(kept.len() >= 15, "the vectors are missing");
    for (name, vector) in &kept {
        assert_eq!(reading(&vector.form, &hex::decode(&vector.hex).unwrap()), vector.reads, "{name}");
    }
}

#[test]
fn what_is_written_today_is_what_the_vectors_hold() {
    let kept: BTreeMap<String, Vector> =
        serde_json::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap();
    for (name, (_, bytes)) in made() {
        // Entries, packs and signatures are deterministic: other bytes would be another format.
        assert_eq!(kept[&name].hex, hex::encode(bytes), "{name}");
    }
}
