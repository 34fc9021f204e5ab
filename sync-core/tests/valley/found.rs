//! What the simulator found: each story in its smallest form, so that it stays found.

use sync_core::act::{Fate, Role};
use sync_core::notebook::NewOrder;
use sync_core::scope::Scope;

use crate::flows::{pump_order, valley};

#[test]
fn a_copy_hears_that_it_is_one_although_others_built_on_what_the_other_one_did() {
    let mut valley = valley();
    let mut copy = valley.one.clone();
    copy.draws = 100;
    // The phone makes an order and hands it in; somebody works on it. The copy has none of that.
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = valley.one.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.two.act(|notebook| notebook.note(&folio, "encima de lo del original")).unwrap();
    valley.two.sync(&mut valley.server);
    copy.exchange(&mut valley.server);
    assert!(copy.act(|notebook| notebook.is_copy()).unwrap());
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    assert_eq!(copy.show(&folio), valley.two.show(&folio));
}

#[test]
fn a_crew_that_is_made_supervisor_agrees_with_the_server() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let one = valley.server.device("Cuadrilla 7");
    valley.admin.act(|n| n.assign_device(&one, Role::Supervisor, None, &[], "asciende")).unwrap();
    valley.admin.sync(&mut valley.server);
    // `sync` insists that both agree.
    valley.one.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(valley.one.folios(), valley.dispatch.folios());
    assert_eq!(valley.one.show(&folio), valley.dispatch.show(&folio));
}

#[test]
fn a_copy_that_was_revoked_too_hands_its_work_in_and_is_done() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.one.clone();
    copy.draws = 100;
    let one = valley.server.device("Cuadrilla 7");
    valley.one.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    for note in ["copia uno", "copia dos"] {
        copy.act(|notebook| notebook.note(&folio, note)).unwrap();
    }
    valley.admin.act(|n| n.revoke(&one, Some(Fate::Stolen), "robado")).unwrap();
    valley.admin.sync(&mut valley.server);
    valley.one.sync_whatever(&mut valley.server);
    let exchanged = copy.exchange(&mut valley.server);
    assert_eq!(exchanged.quarantined.len(), 2);
    assert!(!exchanged.more, "there is nothing more to say under this name");
    assert!(!copy.exchange(&mut valley.server).more);
}

#[test]
fn a_released_creation_and_what_was_built_on_it_are_read_at_once() {
    let mut valley = valley();
    let two = valley.server.device("Cuadrilla 7 bis");
    valley.admin.act(|notebook| notebook.revoke(&two, Some(Fate::Lost), "perdido")).unwrap();
    valley.admin.sync(&mut valley.server);
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = valley.two.act(|notebook| notebook.order_new(&new)).unwrap().folio;
    valley.two.sync_whatever(&mut valley.server);
    // Dispatch reads the held creation, and nothing of what follows.
    valley.dispatch.sync(&mut valley.server);
    valley.admin.sync(&mut valley.server);
    let held = valley.server.held();
    valley.admin.act(|notebook| notebook.release(&held, "trabajo bueno")).unwrap();
    valley.server.news.clear();
    valley.admin.sync(&mut valley.server);
    let news = &valley.server.news;
    assert!(news.contains(&Scope::Crew("C-07".into())), "the crew's streams hear of its order: {news:?}");
    valley.one.sync(&mut valley.server);
    valley.one.act(|notebook| notebook.note(&folio, "encima de lo liberado")).unwrap();
    valley.one.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(valley.dispatch.show(&folio), valley.one.show(&folio));
}

#[test]
fn who_went_on_under_a_new_name_lists_nothing_that_it_wrote_again() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.dispatch.clone();
    copy.draws = 100;
    valley.dispatch.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    valley.dispatch.sync(&mut valley.server);
    copy.act(|notebook| notebook.note(&folio, "de la copia")).unwrap();
    copy.exchange(&mut valley.server);
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    copy.sync(&mut valley.server);
    assert!(valley.server.held().is_empty(), "the server takes it for settled");
    assert_eq!(copy.act(|notebook| notebook.quarantine()).unwrap(), []);
}

#[test]
fn an_act_of_an_old_name_counts_although_its_place_is_heard_under_the_new_one() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.dispatch.clone();
    copy.draws = 100;
    valley.dispatch.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    valley.dispatch.sync(&mut valley.server);
    copy.act(|notebook| notebook.note(&folio, "de la copia")).unwrap();
    copy.exchange(&mut valley.server);
    copy.succeed(&mut valley.server);
    // The work that it wrote again arrives, the answer does not, and it goes on under yet another name.
    let seed = [copy.number; 32];
    let request = copy.act(|notebook| notebook.request(&notebook.key(&seed), 256 * 1024, false)).unwrap();
    valley.server.serve(&request.frame, false).unwrap();
    assert!(valley.server.held().is_empty(), "the server takes it for settled");
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    valley.admin.sync(&mut valley.server);
    let held = |phone: &mut crate::harness::Phone| phone.act(|notebook| notebook.quarantine()).unwrap().len();
    assert_eq!(held(&mut valley.admin), valley.server.held().len());
    assert_eq!(held(&mut copy), valley.server.held().len());
}

#[test]
fn a_crew_that_is_made_supervisor_lists_nothing_that_was_written_again_before() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let mut copy = valley.two.clone();
    copy.draws = 100;
    valley.two.act(|notebook| notebook.note(&folio, "del original")).unwrap();
    valley.two.sync(&mut valley.server);
    copy.act(|notebook| notebook.note(&folio, "de la copia")).unwrap();
    copy.exchange(&mut valley.server);
    copy.succeed(&mut valley.server);
    copy.sync_whatever(&mut valley.server);
    // The crew hears who wrote it first, before it may see what was held.
    valley.one.sync(&mut valley.server);
    assert!(valley.server.held().is_empty());
    let one = valley.server.device("Cuadrilla 7");
    valley.admin.sync(&mut valley.server);
    valley.admin.act(|n| n.assign_device(&one, Role::Supervisor, None, &[], "asciende")).unwrap();
    valley.admin.sync(&mut valley.server);
    valley.one.sync(&mut valley.server);
    assert_eq!(valley.one.act(|notebook| notebook.quarantine()).unwrap(), []);
}
