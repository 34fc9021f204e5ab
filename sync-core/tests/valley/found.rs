//! What the simulator found: each story in its smallest form, so that it stays found.

use sync_core::act::{Fate, Role};
use sync_core::notebook::NewOrder;

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
