//! Golden vectors of the wire and of what is kept: for each kind of act, entry, line and message its bytes, and what
//! reading them must say. Each is read, and written again to the same bytes.
//!
//! `BLESS=1` (`cargo xtask vectors`) writes the file from today's code. From the first release on it is only added to.

mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync_core::crypto::{ALG_ED25519, Purpose, Signature};
use sync_core::log::act::Act;
use sync_core::log::chain::{DecodedBody, decode_body, verify_head};
use sync_core::log::entry::{Body, ChainedEntry};
use sync_core::log::line::{CarriedAck, DeviceLine, Line};
use sync_core::log::verdict::{Reason, Receipt, Verdict};
use sync_core::msgpack::from_slice;
use sync_core::replica::{NewOrder, bundle};
use sync_core::rows::MemoryRows;
use sync_core::scope::Scope;
use sync_core::state::refs::receiver;
use sync_core::wire::convert::spelled_out;
use sync_core::wire::message::{
    EnrolReply, EnrolRequest, PreviewReply, SyncReply, SyncRequest, frame_preview, open_reply, open_request,
    read_preview, seal_reply, seal_request,
};
use sync_core::wire::pack::unpack;

use crate::flows::{Town, pump_order, town_with, work_a_day};

/// One vector: how its bytes are to be read, the bytes, and what reading them says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Vector {
    form: String,
    hex: String,
    /// What was read, or `{"refused": why}`.
    reads: Value,
}

type Read = Result<Value, String>;

/// An array of so many small numbers is a byte string: the shortest of ours is a prefix of a hash.
const BYTES_SHOWN_AS_HEX: usize = 8;

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/wire/vectors.json"))
}

/// A value as JSON, its byte strings as hex.
fn plain<T: Serialize>(value: &T) -> Value {
    fn hexed(value: Value) -> Value {
        match value {
            Value::Array(items) => {
                let bytes: Option<Vec<u8>> =
                    items.iter().map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect();
                match bytes {
                    Some(bytes) if bytes.len() >= BYTES_SHOWN_AS_HEX => json!(hex::encode(bytes)),
                    _ => items.into_iter().map(hexed).collect(),
                }
            }
            Value::Object(map) => map.into_iter().map(|(key, value)| (key, hexed(value))).collect(),
            other => other,
        }
    }
    hexed(serde_json::to_value(value).unwrap())
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reads bytes as their form says. What can be read is written again and must be the same bytes.
fn reading(form: &str, bytes: &[u8]) -> Read {
    match form {
        "act" => Act::from_bytes(bytes).map_err(said).map(|act| {
            assert_eq!(act.to_bytes(), bytes);
            plain(&act)
        }),
        "entry" => ChainedEntry::from_bytes(bytes).map_err(said).map(|chained| {
            assert_eq!(chained.to_bytes(), bytes);
            entry(&chained)
        }),
        "line" => Line::from_bytes(bytes).map_err(said).map(|line| {
            assert_eq!(line.to_bytes(), bytes);
            match line {
                Line::Entry { receipt, chained } => json!({"receipt": receipt, "entry": entry(&chained)}),
                Line::Device(line) => plain(&line),
            }
        }),
        "receipt" => message::<Receipt>(bytes),
        "carried_ack" => carried_ack(bytes),
        "request" => request::<SyncRequest>(bytes),
        "preview_request" => preview(bytes),
        "preview_reply" => reply::<PreviewReply>(bytes),
        "enrol_request" => request::<EnrolRequest>(bytes),
        "reply" => reply::<SyncReply>(bytes),
        "enrol_reply" => reply::<EnrolReply>(bytes),
        "bundle" => bundle::inspect(bytes).map_err(said).map(|counts| plain(&counts)),
        // A pack has more than one right form, so it is compared by what comes out.
        "pack" => unpack(bytes, &receiver(&MemoryRows::default()))
            .map_err(said)
            .map(|items| json!({"entries": items.len()})),
        other => panic!("unknown form {other}"),
    }
}

fn entry(chained: &ChainedEntry) -> Value {
    let header = &chained.entry.header;
    let body = match decode_body(&chained.entry.body).unwrap() {
        DecodedBody::Act(act) => plain(&act),
        DecodedBody::Change(change) => json!({
            "change": chained.entry.body.hash(), "device": change.device, "seq": change.seq,
            "start_op": change.start_op, "deps": change.deps, "operations": change.ops.len(),
        }),
    };
    json!({
        "municipality": header.municipality, "device": header.device, "seq": header.seq, "record": header.record,
        "person": header.person, "claimed_at_ms": header.claimed_at_ms, "boot": header.boot,
        "monotonic_ms": header.monotonic_ms, "anchor": header.anchor, "prev": chained.prev,
        "hash": chained.hash(), "signed": chained.signature.is_some(), "body": body,
    })
}

fn message<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Read {
    let value: T = from_slice(bytes).map_err(said)?;
    assert_eq!(rmp_serde::to_vec(&value).unwrap(), bytes);
    Ok(plain(&value))
}

fn request<T: Serialize + DeserializeOwned>(frame: &[u8]) -> Read {
    let key = samples::device_key();
    let body: T = open_request(frame).and_then(|opened| opened.verify(&key.public())).map_err(said)?;
    assert_eq!(seal_request(&key, &body), frame);
    Ok(plain(&body))
}

fn preview(frame: &[u8]) -> Read {
    let question = read_preview(frame).map_err(said)?;
    assert_eq!(frame_preview(&question), frame);
    Ok(plain(&question))
}

fn reply<T: Serialize + DeserializeOwned>(frame: &[u8]) -> Read {
    let key = samples::server_key();
    let opened = open_reply(frame, &samples::ANSWERED);
    let body: T = opened.and_then(|opened| opened.verify(&key.public())).map_err(said)?;
    assert_eq!(seal_reply(&key, &samples::ANSWERED, &body), frame);
    Ok(plain(&body))
}

fn carried_ack(bytes: &[u8]) -> Read {
    let (ack, signature) = bytes.split_last_chunk::<64>().ok_or("shorter than a signature")?;
    let signature = Signature { alg: ALG_ED25519, bytes: *signature };
    samples::server_key().public().verify(Purpose::Receipt, &[ack], &signature).map_err(said)?;
    let ack: CarriedAck = from_slice(ack).map_err(said)?;
    assert_eq!(samples::signed_ack(&ack), bytes);
    Ok(plain(&ack))
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

fn worked_town() -> Town {
    let mut town = town_with(&frozen_rules());
    let folio = pump_order(&mut town);
    work_a_day(&mut town.one, &folio, "A-1");
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    town.one.act(|replica| replica.order_new(&new)).unwrap();
    town
}

/// The entries of a device's journal that no server has answered yet.
fn unsent(lines: &[Vec<u8>]) -> Vec<ChainedEntry> {
    let entries = lines.iter().filter_map(|line| match Line::from_bytes(line).unwrap() {
        Line::Entry { receipt: None, chained } => Some(chained),
        _ => None,
    });
    entries.filter(|chained| matches!(chained.entry.body, Body::Change(_))).collect()
}

/// Every vector as today's code writes it: name to form and bytes.
fn made() -> BTreeMap<String, (&'static str, Vec<u8>)> {
    let mut town = worked_town();
    let work = unsent(&town.one.lines.0);
    let (device, server) = (samples::device_key(), samples::server_key());
    let answered = &samples::ANSWERED;
    let bundle = town.one.bundle().bytes;

    let mut made: BTreeMap<String, (&'static str, Vec<u8>)> = BTreeMap::new();
    let mut add = |name: String, form, bytes| {
        assert!(made.insert(name.clone(), (form, bytes)).is_none(), "{name} twice");
    };
    for act in samples::acts() {
        let name = Act::name(&act);
        add(format!("act-{name}"), "act", act.to_bytes());
        add(format!("entry-{name}"), "entry", samples::entry(Body::Act(act.to_bytes())).to_bytes());
    }
    add("entry-change-creating".into(), "entry", work[work.len() - 1].to_bytes());
    for (number, chained) in (1..).zip(&work[..work.len() - 1]) {
        add(format!("entry-change-{number}"), "entry", chained.to_bytes());
    }
    let act = Body::Act(samples::acts().swap_remove(0).to_bytes());
    let line = |receipt, chained| Line::Entry { receipt, chained }.to_bytes();
    add("line-entry-unsent".into(), "line", line(None, work[0].clone()));
    add("line-entry-prev-unknown".into(), "line", {
        let mut chained = samples::entry(act.clone());
        (chained.prev, chained.signature) = (None, None);
        line(Some(samples::receipt(Verdict::Accepted)), chained)
    });
    for verdict in samples::verdicts() {
        let name = match &verdict {
            Verdict::Accepted => "accepted",
            Verdict::Quarantined(reason) => Reason::name(reason),
        };
        let receipt = samples::receipt(verdict.clone());
        add(format!("receipt-{name}"), "receipt", rmp_serde::to_vec(&receipt).unwrap());
        add(format!("line-entry-{name}"), "line", line(Some(receipt), samples::entry(act.clone())));
    }
    for device_line in samples::device_lines() {
        add(format!("line-{}", DeviceLine::name(&device_line)), "line", Line::Device(device_line).to_bytes());
    }
    let framed = [
        ("request", seal_request(&device, &samples::request())),
        ("preview_request", frame_preview(&samples::preview_request())),
        ("preview_reply", seal_reply(&server, answered, &samples::preview_reply())),
        ("enrol_request", seal_request(&device, &samples::enrol_request())),
        ("reply", seal_reply(&server, answered, &samples::reply())),
        ("enrol_reply", seal_reply(&server, answered, &samples::enrol_reply())),
        ("carried_ack", samples::carried_ack()),
        ("bundle", bundle),
    ];
    for (form, bytes) in framed {
        add(format!("{form}-cut"), form, bytes[..bytes.len() * 2 / 3].to_vec());
        add(format!("{form}-page"), form, b"<html>Bienvenido a la red</html>".to_vec());
        add(format!("{form}-empty"), form, Vec::new());
        let mut flipped = bytes.clone();
        flipped[40] ^= 0x10;
        add(format!("{form}-flipped"), form, flipped);
        add(form.to_owned(), form, bytes);
    }
    add("pack".into(), "pack", spelled_out(work).unwrap().into_vec());
    add("pack-empty".into(), "pack", Vec::new());
    add("pack-unknown-version".into(), "pack", vec![250, 0, 0]);
    add("pack-claims-millions".into(), "pack", [vec![1], vec![0xff; 9], vec![0x01]].concat());
    made
}

/// The variants of an enum: what one is called, and all there are. A variant that is not listed does not compile.
trait Variants {
    const ALL: &'static [&'static str];
    fn name(&self) -> &'static str;
}

macro_rules! variants {
    ($type:ident: $($variant:ident),+) => {
        impl Variants for $type {
            const ALL: &'static [&'static str] = &[$(stringify!($variant)),+];
            fn name(&self) -> &'static str {
                match self { $($type::$variant { .. } => stringify!($variant)),+ }
            }
        }
    };
}

variants!(Act: Genesis, Epoch, Invite, Enrol, Revoke, Assign, Carry, Clock, Again, Rule, App, Release, Dismiss, BlobStored, BlobMissing, BlobErased);
variants!(Reason: Revoked, OutOfScope, Role, Fork, Held, Rule);
variants!(
    DeviceLine: Enrolling, Enrolled, Attempt, Own, Contact, Reset, Split, Copy, Receipt, Carried, CarriedReceipt, CarriedBlob
);
variants!(Scope: Catalog, Municipality, Crew, Locality, Device);

fn kept() -> BTreeMap<String, Vector> {
    let text = std::fs::read_to_string(path()).expect("schemas/wire/vectors.json is there");
    serde_json::from_str(&text).unwrap()
}

fn to_value(read: Read) -> Value {
    read.unwrap_or_else(|why| json!({"refused": why}))
}

#[test]
fn the_vectors_are_read_as_they_say_and_are_what_is_written_today() {
    let made = made();
    if std::env::var_os("BLESS").is_some() {
        let vector = |(form, bytes): &(&str, Vec<u8>)| Vector {
            form: (*form).into(),
            hex: hex::encode(bytes),
            reads: to_value(reading(form, bytes)),
        };
        let all: BTreeMap<_, _> = made.iter().map(|(name, one)| (name, vector(one))).collect();
        std::fs::write(path(), serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
    }
    let kept = kept();
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        names(kept.keys().collect()),
        names(made.keys().collect()),
        "`cargo xtask vectors` writes them"
    );
    for (name, vector) in &kept {
        let bytes = hex::decode(&vector.hex).unwrap();
        assert_eq!(to_value(reading(&vector.form, &bytes)), vector.reads, "{name}");
        // Entries, packs and signatures are deterministic: other bytes would be another format.
        assert_eq!(
            made[name].1, bytes,
            "{name}: the format changed; `cargo xtask vectors` writes the file again"
        );
    }
}

#[test]
fn every_variant_has_a_vector() {
    let made = made();
    let mut wanted: Vec<String> = Vec::new();
    for name in Act::ALL {
        wanted.extend([format!("act-{name}"), format!("entry-{name}")]);
    }
    for name in Reason::ALL.iter().chain(&["accepted"]) {
        wanted.extend([format!("receipt-{name}"), format!("line-entry-{name}")]);
    }
    wanted.extend(DeviceLine::ALL.iter().map(|name| format!("line-{name}")));
    for form in [
        "request",
        "preview_request",
        "preview_reply",
        "enrol_request",
        "reply",
        "enrol_reply",
        "carried_ack",
        "bundle",
        "pack",
    ] {
        wanted.push(form.to_owned());
    }
    wanted.push("entry-change-creating".into());
    let reads = |(form, bytes): &(&str, Vec<u8>)| reading(form, bytes).is_ok();
    let missing: Vec<_> = wanted.iter().filter(|name| !made.get(*name).is_some_and(reads)).collect();
    assert!(missing.is_empty(), "no vector that reads: {missing:?}");
    let scopes: BTreeSet<_> = samples::scopes().iter().map(Scope::name).collect();
    assert_eq!(scopes.len(), Scope::ALL.len(), "a scope of each kind stands in the messages");
}

#[test]
fn the_signature_of_a_sample_entry_holds() {
    let chained = samples::entry(Body::Act(samples::acts().swap_remove(0).to_bytes()));
    let header = &chained.entry.header;
    let (hash, signature) = (chained.hash().unwrap(), chained.signature.unwrap());
    verify_head(&samples::device_key().public(), &header.device, header.seq, &hash, &signature).unwrap();
}
