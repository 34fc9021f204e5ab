//! Two crews, dispatch and the office in one process, without disk or network: the whole way of a record.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use sync_core::act::Role;
use sync_core::crypto::SecretKey;
use sync_core::id::BootId;
use sync_core::line::Lines;
use sync_core::notebook::{self, Choice, Exchanged, Moment, NewOrder, Notebook, NotebookError};
use sync_core::office::{self, Foundation, Office};
use sync_core::rows::{MemoryRows, Overlay, RowsError};
use sync_core::rules::Rules;
use sync_core::view::audit::At;
use sync_core::view::lists::Filter;

#[derive(Default)]
struct MemoryLines(Vec<Vec<u8>>);

impl Lines for MemoryLines {
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let index = usize::try_from(number).unwrap() - 1;
        self.0.get(index).cloned().ok_or_else(|| RowsError(format!("no line {number}")))
    }
}

struct Server {
    rows: MemoryRows,
    lines: MemoryLines,
    office: Office,
    now_ms: i64,
}

const SEED: [u8; 32] = [42; 32];

impl Server {
    fn found() -> (Self, String) {
        let entropy = std::array::from_fn(|index| u8::try_from(index * 3 % 251).unwrap());
        let founded = office::found(&Foundation {
            municipality: 14061,
            name: "Mezquitic",
            folio_prefix: "MZQ",
            seed: &SEED,
            entropy: &entropy,
            now_ms: 1_795_000_000_000,
        });
        let mut server = Self::from_lines(founded.lines);
        let rules = rule_files();
        server.write(|office, overlay, next, now| office.publish_rules(overlay, next, now, &rules).unwrap());
        (server, founded.admin_code)
    }

    fn from_lines(lines: Vec<Vec<u8>>) -> Self {
        let mut rows = MemoryRows::default();
        let mut rules = Rules::default();
        for (number, line) in (1..).zip(&lines) {
            let mut overlay = Overlay::new(&rows);
            office::fold_line(&mut rules, &mut overlay, number, line).unwrap();
            let batch = overlay.batch;
            rows.apply(batch);
        }
        let office = Office::open(&rows, &SEED).unwrap();
        Self { rows, lines: MemoryLines(lines), office, now_ms: 1_795_000_000_000 }
    }

    fn seq(&self) -> u64 {
        self.lines.0.len() as u64
    }

    fn write(&mut self, act: impl FnOnce(&mut Office, &mut Overlay<'_>, u64, i64) -> Vec<Vec<u8>>) {
        let next = self.seq() + 1;
        let mut overlay = Overlay::new(&self.rows);
        let lines = act(&mut self.office, &mut overlay, next, self.now_ms);
        let batch = overlay.batch;
        self.rows.apply(batch);
        self.lines.0.extend(lines);
    }

    fn serve(&mut self, frame: &[u8], is_enrolment: bool) -> Result<Vec<u8>, office::RequestError> {
        self.now_ms += 1_000;
        let checked = if is_enrolment {
            self.office.check_enrol(&self.rows, frame, self.now_ms)?
        } else {
            self.office.check_sync(&self.rows, frame, self.now_ms)?
        };
        let next = self.seq() + 1;
        let mut overlay = Overlay::new(&self.rows);
        let admitted = self.office.admit(&mut overlay, next, self.now_ms, checked).unwrap();
        let batch = overlay.batch;
        self.rows.apply(batch);
        self.lines.0.extend(admitted.lines.iter().cloned());
        Ok(self.office.reply(&self.rows, &self.lines, self.seq(), self.now_ms, &admitted).unwrap())
    }
}

fn rule_files() -> Vec<(String, String)> {
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas");
    let mut files = vec![];
    for name in ["steps", "measures"] {
        files.push((name.to_string(), std::fs::read_to_string(format!("{schemas}/{name}.json")).unwrap()));
    }
    for entry in std::fs::read_dir(format!("{schemas}/work")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("work/{}", path.file_stem().unwrap().to_str().unwrap());
        files.push((name, std::fs::read_to_string(path).unwrap()));
    }
    files.sort();
    files
}

struct Phone {
    rows: MemoryRows,
    lines: MemoryLines,
    draws: u8,
    number: u8,
    now_ms: i64,
}

impl Phone {
    fn new(number: u8) -> Self {
        Self {
            rows: MemoryRows::default(),
            lines: MemoryLines::default(),
            draws: 0,
            number,
            now_ms: 1_795_000_000_000,
        }
    }

    fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Notebook<'_>) -> Result<T, NotebookError>,
    ) -> Result<T, NotebookError> {
        self.draws += 1;
        self.now_ms += 60_000;
        let mut entropy = [self.draws; 32];
        entropy[0] = self.number;
        let moment = Moment {
            now_ms: self.now_ms,
            boot: BootId([self.number; 8]),
            monotonic_ms: u64::from(self.draws) * 60_000,
            entropy,
        };
        let next = self.lines.0.len() as u64 + 1;
        let mut notebook = Notebook::open(&self.rows, &self.lines, next, &[], moment)?;
        let result = act(&mut notebook)?;
        let written = notebook.finish();
        self.rows.apply(written.batch);
        self.lines.0.extend(written.lines);
        Ok(result)
    }

    fn enrol(&mut self, server: &mut Server, code: &str, name: &str) {
        let key = SecretKey::from_seed(&[self.number; 32]);
        let frame = self.act(|notebook| notebook.enrol_start("http://x", code, name, &key)).unwrap();
        let reply = server.serve(&frame, true).unwrap();
        self.act(|notebook| notebook.enrol_finish(&key, &frame, &reply)).unwrap();
        self.sync(server);
    }

    fn exchange(&mut self, server: &mut Server) -> Exchanged {
        let key = SecretKey::from_seed(&[self.number; 32]);
        let request = self.act(|notebook| notebook.request(&key, 256 * 1024, false)).unwrap();
        let reply = match server.serve(&request.frame, false) {
            Ok(reply) => return self.act(|notebook| notebook.on_reply(&request, &reply)).unwrap(),
            Err(error) => {
                assert!(["unknown_reference", "gap"].contains(&error.code()), "{error}");
                let request = self.act(|notebook| notebook.request(&key, 256 * 1024, true)).unwrap();
                let reply = server.serve(&request.frame, false).unwrap();
                (request, reply)
            }
        };
        self.act(|notebook| notebook.on_reply(&reply.0, &reply.1)).unwrap()
    }

    fn sync(&mut self, server: &mut Server) -> u32 {
        let (trips, differs) = self.sync_whatever(server);
        assert!(!differs, "device {} differs from the server", self.number);
        trips
    }

    /// Until neither side has more. Answers the round trips, and whether the two differed on the way.
    fn sync_whatever(&mut self, server: &mut Server) -> (u32, bool) {
        let mut differs = false;
        for trip in 1..50 {
            let exchanged = self.exchange(server);
            differs |= !exchanged.differs.is_empty();
            if !exchanged.more {
                return (trip, differs);
            }
        }
        panic!("the exchange does not end");
    }

    fn show(&mut self, folio: &str) -> serde_json::Value {
        self.act(|notebook| notebook.order_show(folio))
            .map(|view| serde_json::to_value(view).unwrap())
            .unwrap()
    }

    fn folios(&mut self) -> Vec<String> {
        let list = self.act(|notebook| notebook.order_list(&Filter::default())).unwrap();
        list.into_iter().map(|order| order.folio).collect()
    }

    /// The index rebuilt from the journal alone.
    fn rebuilt(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut rows = MemoryRows::default();
        let mut rules = Rules::default();
        for (number, line) in (1..).zip(&self.lines.0) {
            let mut overlay = Overlay::new(&rows);
            notebook::fold_line(&mut rules, &mut overlay, number, line).unwrap();
            let batch = overlay.batch;
            rows.apply(batch);
        }
        rows.rows
    }
}

struct Valley {
    server: Server,
    dispatch: Phone,
    one: Phone,
    two: Phone,
}

fn invite(admin: &mut Phone, server: &mut Server, role: Role, crew: Option<&str>) -> String {
    let code = admin.act(|notebook| notebook.invite(role, crew, &[])).unwrap().code;
    admin.sync(server);
    code
}

fn valley() -> Valley {
    let (mut server, code) = Server::found();
    let mut admin = Phone::new(1);
    admin.enrol(&mut server, &code, "Administración");
    let mut phones = vec![];
    for (number, role, crew, name) in [
        (2, Role::Dispatcher, None, "Despacho"),
        (3, Role::Crew, Some("C-07"), "Cuadrilla 7"),
        (4, Role::Crew, Some("C-07"), "Cuadrilla 7 bis"),
    ] {
        let code = invite(&mut admin, &mut server, role, crew);
        let mut phone = Phone::new(number);
        phone.enrol(&mut server, &code, name);
        phones.push(phone);
    }
    let (two, one, dispatch) = (phones.pop().unwrap(), phones.pop().unwrap(), phones.pop().unwrap());
    Valley { server, dispatch, one, two }
}

fn pump_order(valley: &mut Valley) -> String {
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    folio
}

fn work_a_day(phone: &mut Phone, folio: &str, serial: &str) {
    phone.act(|notebook| notebook.step(folio, "start", None)).unwrap();
    phone.act(|notebook| notebook.note(folio, &format!("instalamos {serial}"))).unwrap();
    phone.act(|notebook| notebook.measure(folio, "caudal", "12.5", "L/s", None, None)).unwrap();
    phone.act(|notebook| notebook.use_material(folio, "TUB-2", "3", "m")).unwrap();
    phone.act(|notebook| notebook.set(folio, "pump_serial", serial)).unwrap();
    phone.act(|notebook| notebook.step(folio, "finish", None)).unwrap();
}

#[test]
fn two_crews_clash_and_everybody_sees_the_same() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    work_a_day(&mut valley.one, &folio, "A-1");
    work_a_day(&mut valley.two, &folio, "B-2");
    assert_eq!(valley.one.act(|notebook| notebook.status()).unwrap().unsent, 6);
    assert_eq!(valley.one.sync(&mut valley.server), 1, "a day's work is one round trip");
    assert_eq!(valley.two.sync(&mut valley.server), 1);
    assert_eq!(valley.one.sync(&mut valley.server), 1);
    valley.dispatch.sync(&mut valley.server);
    let shown = valley.one.show(&folio);
    assert_eq!(shown, valley.two.show(&folio));
    assert_eq!(shown, valley.dispatch.show(&folio));
    assert_eq!(shown["conflicts"][0]["field"], "new_pump_serial");
    assert_eq!(shown["conflicts"].as_array().unwrap().len(), 1, "{shown:#}");
    assert_eq!(shown["conflicts"][0]["values"].as_array().unwrap().len(), 2);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 2);
    assert_eq!(shown["measurements"].as_array().unwrap().len(), 2);
    assert_eq!(shown["materials"].as_array().unwrap().len(), 2);
    assert_eq!(shown["status"], "done");
    let before = valley.server.seq();
    valley
        .dispatch
        .act(|notebook| notebook.resolve(&folio, "pump_serial", &Choice::Take(1), "lo dice la placa"))
        .unwrap();
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    let shown = valley.one.show(&folio);
    assert_eq!(shown["conflicts"].as_array().unwrap().len(), 0);
    assert!(shown["history"].to_string().contains("lo dice la placa"));
    let then = valley.dispatch.act(|notebook| notebook.replay(Some(&folio), At::Seq(before))).unwrap();
    assert_eq!(then[0].conflicts.len(), 1);
}

#[test]
fn an_index_rebuilt_from_the_journal_is_the_same() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    work_a_day(&mut valley.one, &folio, "A-1");
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    for phone in [&valley.dispatch, &valley.one, &valley.two] {
        let mut kept = phone.rows.rows.clone();
        kept.remove(b"m/differs".as_slice());
        assert_eq!(phone.rebuilt(), kept);
    }
    let again = Server::from_lines(valley.server.lines.0.clone());
    assert_eq!(again.rows.rows, valley.server.rows.rows);
}

#[test]
fn a_crew_sees_its_scope_and_an_order_that_leaves_it_goes() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let new = NewOrder { kind: "chlorination".into(), ..NewOrder::default() };
    let other = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    assert_eq!(valley.one.folios(), std::slice::from_ref(&folio));
    valley.dispatch.act(|notebook| notebook.assign(&other, "C-07")).unwrap();
    valley.dispatch.act(|notebook| notebook.step(&folio, "cancel", None)).unwrap();
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    assert_eq!(valley.one.folios(), [folio, other]);
}

#[test]
fn a_carried_bundle_brings_the_work_under_its_own_name_once() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    work_a_day(&mut valley.two, &folio, "B-2");
    let key = SecretKey::from_seed(&[4; 32]);
    let bundle = valley.two.act(|notebook| notebook.bundle_export(&key)).unwrap();
    assert_eq!((bundle.counts.segments, bundle.counts.entries), (1, 6));
    for _ in 0..2 {
        valley.one.act(|notebook| notebook.bundle_import(&bundle.bytes)).unwrap();
    }
    valley.one.sync(&mut valley.server);
    let entries = valley.server.seq();
    assert_eq!(valley.one.show(&folio)["notes"][0]["person"], "Cuadrilla 7 bis");
    valley.one.act(|notebook| notebook.bundle_import(&bundle.bytes)).unwrap();
    valley.one.sync(&mut valley.server);
    let key_one = SecretKey::from_seed(&[3; 32]);
    let back = valley.one.act(|notebook| notebook.bundle_export(&key_one)).unwrap();
    valley.two.act(|notebook| notebook.bundle_import(&back.bytes)).unwrap();
    assert_eq!(
        valley.two.act(|notebook| notebook.status()).unwrap().unsent,
        0,
        "the receipt came back by file"
    );
    valley.two.sync(&mut valley.server);
    assert_eq!(valley.server.seq(), entries, "nothing is there twice");
    assert_eq!(valley.two.show(&folio), valley.one.show(&folio));
    let mut damaged = bundle.bytes;
    damaged.truncate(damaged.len() / 2);
    assert!(matches!(
        valley.one.act(|notebook| notebook.bundle_import(&damaged)),
        Err(NotebookError::Bundle(_))
    ));
}

#[test]
fn what_a_cut_ledger_lost_is_sent_again() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let cut_at = usize::try_from(valley.server.seq()).unwrap();
    work_a_day(&mut valley.one, &folio, "A-1");
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.two.act(|notebook| notebook.note(&folio, "encima de lo de la 7")).unwrap();
    valley.one.act(|notebook| notebook.note(&folio, "sin enviar cuando se perdió")).unwrap();
    let whole = valley.server.lines.0.clone();
    let now_ms = valley.server.now_ms;
    valley.server = Server::from_lines(whole[..cut_at + 2].to_vec());
    valley.server.now_ms = now_ms;
    valley.server.write(|office, overlay, next, now| {
        office.start_epoch(overlay, next, now, &[7; 8], "two lines lost").unwrap()
    });
    valley.two.sync_whatever(&mut valley.server);
    valley.one.sync_whatever(&mut valley.server);
    valley.two.sync_whatever(&mut valley.server);
    valley.dispatch.sync_whatever(&mut valley.server);
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let shown = valley.one.show(&folio);
    assert_eq!(shown["notes"].as_array().unwrap().len(), 3);
    assert_eq!(shown, valley.dispatch.show(&folio));
    assert_eq!(shown, valley.two.show(&folio));
}
