//! The whole way of a record: work, clash, carry, lose, mend.

use sync_core::act::Role;
use sync_core::crypto::SecretKey;
use sync_core::keys;
use sync_core::notebook::{Choice, NewOrder, NotebookError};
use sync_core::office::RequestError;
use sync_core::view::replay::At;

use crate::harness::{Phone, Server, rule_files};

pub struct Valley {
    pub server: Server,
    pub admin: Phone,
    pub dispatch: Phone,
    pub one: Phone,
    pub two: Phone,
}

pub fn invite(admin: &mut Phone, server: &mut Server, role: Role, crew: Option<&str>) -> String {
    let code = admin.act(|notebook| notebook.invite(role, crew, &[])).unwrap().code;
    admin.sync(server);
    code
}

pub fn valley() -> Valley {
    valley_with(&rule_files())
}

/// A municipality with these rule files.
pub fn valley_with(rules: &[(String, String)]) -> Valley {
    let (mut server, code) = Server::found(rules);
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
    Valley { server, admin, dispatch, one, two }
}

pub fn pump_order(valley: &mut Valley) -> String {
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = valley.dispatch.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.dispatch.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    folio
}

pub fn work_a_day(phone: &mut Phone, folio: &str, serial: &str) {
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
    assert_eq!(then.orders[0].conflicts.len(), 1);
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
        kept.retain(|key, _| !keys::is_in_no_line(key));
        assert_eq!(phone.rebuilt(), kept);
    }
    let again = Server::from_lines(valley.server.lines.0.clone());
    let mut kept = valley.server.rows.rows.clone();
    kept.retain(|key, _| !keys::is_in_no_line(key));
    assert!(again.rows.rows == kept, "the office's rows differ");
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

#[test]
fn a_restored_home_gets_past_the_attempts_it_forgot_and_one_request_counts_once() {
    let mut valley = valley();
    let key = SecretKey::from_seed(&[valley.one.number; 32]);
    let (lines, rows) = (valley.one.lines.0.clone(), valley.one.rows.rows.clone());
    for _ in 0..3 {
        valley.one.sync(&mut valley.server);
    }
    (valley.one.lines.0, valley.one.rows.rows) = (lines, rows);
    let request = valley.one.act(|notebook| notebook.request(&key, 256 * 1024, false)).unwrap();
    let refused = valley.server.serve(&request.frame, false).unwrap_err();
    let RequestError::Replayed { attempt, last } = refused else { panic!("{refused}") };
    assert_eq!(last, attempt + 2);
    // What nobody signed may not use the numbers up, and a lower number is no reason to go back.
    for odd in [u64::MAX, attempt - 1, 0] {
        assert!(!valley.one.act(|notebook| notebook.skip_attempts(odd)).unwrap());
    }
    assert!(valley.one.act(|notebook| notebook.skip_attempts(last)).unwrap());
    valley.one.sync(&mut valley.server);
}
