//! App: the core as a browser's worker has it, against the real server, beside devices of the command line: the same orders,
//! and the same JSON.

use std::cell::Cell;

use crew_cli::http::{HttpError, Patience, Server};
use cuadrilla_tests::Town;
use serde_json::{Value, json};
use sync_core::crypto::SecretKey;
use sync_core::id::{BootId, Hash};
use sync_core::replica::Clocks;
use web_core::exchange::Next;
use web_core::medium::MemoryFile;
use web_core::{Core, CradleLine, Files, Shell};

/// Clock and randomness of a test.
struct TestShell {
    draws: Cell<u8>,
    number: u8,
}

impl Shell for TestShell {
    fn clocks(&self) -> Clocks {
        self.draws.set(self.draws.get().wrapping_add(1));
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let mut entropy = [self.number; 32];
        entropy[0] = self.draws.get();
        entropy[1..5].copy_from_slice(&since.subsec_nanos().to_be_bytes());
        let now_ms = i64::try_from(since.as_millis()).unwrap();
        Clocks { now_ms, boot: BootId([self.number; 8]), monotonic_ms: 1, entropy }
    }
}

fn file() -> MemoryFile {
    MemoryFile::default()
}

#[derive(Clone)]
struct Disk {
    journal: MemoryFile,
    index: MemoryFile,
    photos: MemoryFile,
    names: MemoryFile,
}

/// A browser: the core, and what its worker does.
struct Browser {
    disk: Disk,
    core: Core<MemoryFile>,
    number: u8,
    server: Server,
}

fn opened(disk: &Disk, number: u8, cradle: &[CradleLine]) -> Core<MemoryFile> {
    let Disk { journal, index, photos, names } = disk.clone();
    let shell = Box::new(TestShell { draws: Cell::new(0), number });
    Core::open(Files { journal, index, photos, names }, cradle, shell, &mut |_, _| {}).unwrap()
}

impl Browser {
    fn new(town: &Town, number: u8) -> Self {
        let disk = Disk { journal: file(), index: file(), photos: file(), names: file() };
        let core = opened(&disk, number, &[]);
        let server = Server::new(&town.url(), Patience::ordinary()).unwrap();
        Self { disk, core, number, server }
    }

    /// The browser ends, and is opened again.
    fn reopen(&mut self) {
        self.core = opened(&self.disk, self.number, &[]);
    }

    fn key(&self, name: &str) -> SecretKey {
        SecretKey::from_seed(&Hash::tagged("test key", &[&[self.number], name.as_bytes()]).0)
    }

    /// Drives an exchange to its end.
    fn exchange(&mut self, asked: &Value) -> (String, Value) {
        let mut turn = self.core.begin(&asked.to_string()).unwrap();
        loop {
            let (said, bytes) = match turn {
                (Next::Key { key }, _) => (json!({ "event": "key" }), self.key(&key).public().0.to_vec()),
                (Next::Sign { key }, digest) => {
                    let digest = Hash::from_slice(&digest).unwrap();
                    (json!({ "event": "signed" }), self.key(&key).sign_digest(&digest).bytes.to_vec())
                }
                (Next::Post { path, .. }, frame) => match self.server.post(&path, &frame, None) {
                    Ok(reply) => {
                        let (bytes_up, bytes_down) = (reply.bytes_up, reply.bytes_down);
                        let said =
                            json!({ "event": "reply", "bytes_up": bytes_up, "bytes_down": bytes_down });
                        (said, reply.frame)
                    }
                    Err(HttpError::Refused { code, .. }) => {
                        (json!({ "event": "refused", "code": code }), Vec::new())
                    }
                    Err(_) => (json!({ "event": "unreachable" }), Vec::new()),
                },
                (Next::Wait { .. }, _) => (json!({ "event": "woke" }), Vec::new()),
                (Next::Done { end, outcome }, _) => return (end, outcome),
            };
            turn = self.core.step(&said.to_string(), bytes).unwrap();
        }
    }

    fn sync(&mut self) -> Value {
        let (end, outcome) = self.exchange(&json!({ "goal": "sync" }));
        assert_eq!(end, "finished", "{outcome}");
        outcome
    }

    fn call(&mut self, name: &str, args: &Value) -> Value {
        serde_json::from_str(&self.core.call(name, &args.to_string()).unwrap()).unwrap()
    }

    fn enrol(&mut self, link: &str) {
        let (end, shown) = self.exchange(&json!({ "goal": "preview", "link": link }));
        assert_eq!((end.as_str(), &shown["crew"]), ("previewed", &"C-01".into()));
        let asked = json!({ "goal": "enrol", "link": link, "name": "Teléfono 9", "office": shown["office"] });
        let (end, outcome) = self.exchange(&asked);
        assert_eq!(end, "enrolled", "{outcome}");
        self.sync();
    }
}

fn link(town: &Town) -> String {
    let made = town.crew("admin", &["invite", "--role", "crew", "--crew", "C-01"]);
    made["link"].as_str().unwrap_or_else(|| panic!("no link in {made}")).to_owned()
}

/// Returns an order's row of the day.
fn row(today: &Value, folio: &str) -> Value {
    let groups = today["groups"].as_array().unwrap();
    let rows = groups.iter().flat_map(|group| group["rows"].as_array().unwrap());
    rows.clone()
        .find(|row| row["folio"] == folio)
        .unwrap_or_else(|| panic!("{folio} is not in {today}"))
        .clone()
}

#[test]
fn a_browser_works_offline_like_a_device_and_both_show_the_same() {
    let town = Town::peopled();
    let mut phone = Browser::new(&town, 9);
    phone.enrol(&link(&town));
    let made = phone.call("order_new", &json!({ "kind": "chlorination", "locality": null, "crew": "C-01" }));
    let folio = made["folio"].as_str().unwrap().to_owned();
    let today = phone.call("today", &json!({}));
    assert_eq!((&row(&today, &folio)["tick"], &today["state"]["unsent"]), (&"saved".into(), &1.into()));
    for (name, args) in [
        ("order_step", json!({ "folio": folio, "step": "start" })),
        ("order_note", json!({ "folio": folio, "text": "tanque lleno" })),
        ("order_material", json!({ "folio": folio, "what": "cloro", "quantity": "2", "unit": "kg" })),
    ] {
        phone.call(name, &args);
    }
    let measured = json!({ "folio": folio, "what": "free_chlorine", "value": "0.80", "unit": "mg/L" });
    assert_eq!(phone.call("order_measure", &measured)["flag"], Value::Null);
    // Not sent yet, and the browser ends.
    phone.reopen();
    let sheet = phone.call("sheet", &json!({ "folio": folio }));
    let line =
        sheet["lines"].as_array().unwrap().iter().find(|line| line["id"] == "measure:free_chlorine").unwrap();
    assert_eq!((&line["value"], &line["norm"]["max"]), (&"0.80".into(), &"1.5".into()));
    assert_eq!(sheet["state"]["unsent"], 5);
    // One round trip hands it over.
    let outcome = phone.sync();
    assert_eq!((&outcome["pushed"], &outcome["accepted"]), (&5.into(), &5.into()), "{outcome}");
    assert_eq!(row(&phone.call("today", &json!({})), &folio)["tick"], "counts");
    // A colleague of the command line, and the same JSON on both.
    town.crew("one", &["sync"]);
    town.crew("one", &["order", "note", &folio, "gracias"]);
    town.crew("one", &["sync"]);
    phone.sync();
    let shown = phone.call("order_show", &json!({ "folio": folio }));
    assert_eq!(shown, town.crew("one", &["order", "show", &folio]));
    assert_eq!(shown["notes"].as_array().unwrap().len(), 2);
    let listed = phone.call("order_list", &json!({}));
    assert_eq!(listed, town.crew("one", &["order", "list"]));
}

#[test]
fn what_the_cradle_has_and_a_young_journal_lost_comes_back() {
    let town = Town::peopled();
    let mut phone = Browser::new(&town, 8);
    phone.enrol(&link(&town));
    let mut cradle = phone.core.take_lines();
    phone.call("order_new", &json!({ "kind": "chlorination", "crew": "C-01" }));
    cradle.extend(phone.core.take_lines());
    let before = phone.call("order_list", &json!({}));
    // A power cut takes the file that was just made.
    let disk = Disk { journal: file(), index: file(), photos: file(), names: file() };
    phone.core = opened(&disk, 8, &cradle);
    phone.disk = disk;
    assert_eq!(phone.call("order_list", &json!({})), before);
    assert_eq!(phone.sync()["pushed"], 1);
    // Where lines between are gone, it is said.
    let shell = Box::new(TestShell { draws: Cell::new(9), number: 8 });
    let files = Files { journal: file(), index: file(), photos: file(), names: file() };
    let lost = Core::open(files, &cradle[2..], shell, &mut |_, _| {}).err().unwrap();
    assert_eq!(lost.code, "journal_lost");
}

/// A phone without signal hands its work, with a photo, to another one by a file.
#[test]
fn a_bundle_goes_from_browser_to_browser_and_back_to_the_office() {
    let town = Town::peopled();
    let (mut author, mut carrier) = (Browser::new(&town, 5), Browser::new(&town, 6));
    for phone in [&mut author, &mut carrier] {
        phone.enrol(&link(&town));
    }
    let made = author.call("order_new", &json!({ "kind": "chlorination", "crew": "C-01" }));
    let folio = made["folio"].as_str().unwrap().to_owned();
    let picture = cuadrilla_tests::picture::noise(40, 30, 5);
    let sha256 = author.core.keep_photo(&picture).unwrap();
    let photo = json!({ "folio": folio, "what": "after", "sha256": sha256, "bytes": picture.len(), "media_type": "image/jpeg",
        "width": 40, "height": 30, "taken_at_ms": 1_795_232_207_000_i64 });
    author.call("order_photo", &photo);
    let asks = author.core.bundle_begin().unwrap();
    let signed = asks.iter().map(|(key, digest)| author.key(key).sign_digest(digest).bytes).collect();
    let bundle = author.core.bundle(signed, true).unwrap();
    let took = carrier.core.bundle_import(&bundle).unwrap();
    assert_eq!((&took["entries"], &took["photos"]), (&2.into(), &1.into()), "{took}");
    assert_eq!(carrier.core.photo(&sha256).unwrap(), Some(picture));
    let (_, outcome) = carrier.exchange(&json!({ "goal": "sync", "photos": true }));
    assert_eq!(outcome["blobs"].as_array().unwrap().len(), 1, "it may bring the photo: {outcome}");
    town.crew("one", &["sync"]);
    assert_eq!(town.crew("one", &["order", "show", &folio])["photos"].as_array().unwrap().len(), 1);
    let refused = carrier.core.bundle_import(b"nonsense").unwrap_err();
    assert_eq!(refused.code, "bundle");
}

/// The journal takes what is written, and the index does not: nothing after that was saved or read.
#[test]
fn notes_go_on_where_the_index_takes_no_writes() {
    let town = Town::peopled();
    let mut phone = Browser::new(&town, 4);
    phone.enrol(&link(&town));
    let made = phone.call("order_new", &json!({ "kind": "chlorination", "crew": "C-01" }));
    let folio = made["folio"].as_str().unwrap().to_owned();
    phone.disk.index.refuse_flush(true);
    let note = |phone: &mut Browser, number: u32| {
        phone.call("order_note", &json!({ "folio": folio, "text": format!("{number} {}", "x".repeat(600)) }));
    };
    (0..120).for_each(|number| note(&mut phone, number));
    // Its index does not catch up in the file, and the phone opens all the same.
    phone.reopen();
    (120..130).for_each(|number| note(&mut phone, number));
    assert_eq!(phone.sync()["accepted"], 131);
    town.crew("one", &["sync"]);
    let shown = town.crew("one", &["order", "show", &folio]);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 130);
    assert_eq!(shown, phone.call("order_show", &json!({ "folio": folio })));
    phone.disk.index.refuse_flush(false);
    phone.reopen();
    assert_eq!(shown, phone.call("order_show", &json!({ "folio": folio })));
}

/// A page that ended between a picture and its entry leaves bytes that nothing names.
#[test]
fn a_picture_that_no_entry_came_to_name_goes_at_the_next_opening() {
    let town = Town::peopled();
    let mut phone = Browser::new(&town, 3);
    let early = phone.core.keep_photo(b"of a lost journal, perhaps").unwrap();
    phone.reopen();
    assert!(phone.core.photo(&early).unwrap().is_some(), "it is not enrolled");
    phone.enrol(&link(&town));
    let left = phone.core.keep_photo(b"nobody wrote the entry").unwrap();
    phone.reopen();
    assert_eq!(phone.core.photo(&left).unwrap(), None);
}

#[test]
fn a_page_that_asks_for_nonsense_is_told_and_changes_nothing() {
    let town = Town::peopled();
    let mut phone = Browser::new(&town, 7);
    for (name, args) in [("order_fly", "{}"), ("order_note", "{}"), ("order_note", "[]"), ("status", "{")] {
        let trouble = phone.core.call(name, args).unwrap_err();
        assert_eq!(trouble.code, "bad_call", "{name}");
    }
    let trouble = phone.core.call("order_note", r#"{"folio":"x","text":"y"}"#).unwrap_err();
    assert_eq!(trouble.code, "not_enrolled");
    let trouble = phone.core.step(r#"{"event":"woke"}"#, Vec::new()).unwrap_err();
    assert_eq!(trouble.code, "bad_call");
    assert!(phone.core.take_lines().is_empty());
}
