//! What the simulator found: each story in its smallest form, so that it stays found.

use sync_core::log::act::{Fate, Role};
use sync_core::replica::NewOrder;
use sync_core::scope::Scope;

use crate::flows::{pump_order, town};
use crate::harness::{Phone, Server};

/// Copies a phone; both write a note, and the copy learns of the other and goes on under a name of its own.
fn copy_that_goes_on(original: &mut Phone, server: &mut Server, folio: &str) -> Phone {
    let mut copy = original.clone();
    copy.draws = 100;
    original.act(|replica| replica.note(folio, "del original")).unwrap();
    original.sync(server);
    copy.act(|replica| replica.note(folio, "de la copia")).unwrap();
    copy.finish(server);
    copy.succeed(server);
    copy
}

#[test]
fn a_copy_hears_that_it_is_one_although_others_built_on_what_the_other_one_did() {
    let mut town = town();
    let mut copy = town.one.clone();
    copy.draws = 100;
    // The phone makes an order and hands it in; somebody works on it. The copy has none of that.
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = town.one.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.two.act(|replica| replica.note(&folio, "encima de lo del original")).unwrap();
    town.two.sync(&mut town.server);
    copy.finish(&mut town.server);
    assert!(copy.act(|replica| replica.is_copy()).unwrap());
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    assert_eq!(copy.show(&folio), town.two.show(&folio));
}

#[test]
fn a_crew_that_is_made_supervisor_agrees_with_the_server() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let one = town.server.device("Cuadrilla 7");
    town.admin.act(|n| n.assign_device(&one, Role::Supervisor, None, &[], "asciende")).unwrap();
    town.admin.sync(&mut town.server);
    // `sync` insists that both agree.
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.one.folios(), town.dispatch.folios());
    assert_eq!(town.one.show(&folio), town.dispatch.show(&folio));
}

#[test]
fn a_copy_that_was_revoked_too_hands_its_work_in_and_is_done() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = town.one.clone();
    copy.draws = 100;
    let one = town.server.device("Cuadrilla 7");
    town.one.act(|replica| replica.note(&folio, "del original")).unwrap();
    for note in ["copia uno", "copia dos"] {
        copy.act(|replica| replica.note(&folio, note)).unwrap();
    }
    town.admin.act(|n| n.revoke(&one, Some(Fate::Stolen), "robado")).unwrap();
    town.admin.sync(&mut town.server);
    town.one.sync_whatever(&mut town.server);
    let exchanged = copy.finish(&mut town.server);
    assert_eq!(exchanged.quarantined.len(), 2);
    assert!(!exchanged.more, "there is nothing more to say under this name");
    assert!(!copy.finish(&mut town.server).more);
}

#[test]
fn a_released_creation_and_what_was_built_on_it_are_read_at_once() {
    let mut town = town();
    let two = town.server.device("Cuadrilla 7 bis");
    town.admin.act(|replica| replica.revoke(&two, Some(Fate::Lost), "perdido")).unwrap();
    town.admin.sync(&mut town.server);
    let new = NewOrder { kind: "bomba".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = town.two.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.two.sync_whatever(&mut town.server);
    // Dispatch reads the held creation, and nothing of what follows.
    town.dispatch.sync(&mut town.server);
    town.admin.sync(&mut town.server);
    let held = town.server.held();
    town.admin.act(|replica| replica.release(&held, "trabajo bueno")).unwrap();
    town.server.news.clear();
    town.admin.sync(&mut town.server);
    let news = &town.server.news;
    assert!(news.contains(&Scope::Crew("C-07".into())), "the crew's streams hear of its order: {news:?}");
    town.one.sync(&mut town.server);
    town.one.act(|replica| replica.note(&folio, "encima de lo liberado")).unwrap();
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.dispatch.show(&folio), town.one.show(&folio));
}

#[test]
fn who_went_on_under_a_new_name_lists_nothing_that_it_wrote_again() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = copy_that_goes_on(&mut town.dispatch, &mut town.server, &folio);
    copy.sync_whatever(&mut town.server);
    copy.sync(&mut town.server);
    assert!(town.server.held().is_empty(), "the server takes it for settled");
    assert_eq!(copy.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), []);
}

#[test]
fn an_act_of_an_old_name_counts_although_its_place_is_heard_under_the_new_one() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = copy_that_goes_on(&mut town.dispatch, &mut town.server, &folio);
    // The work that it wrote again arrives, the answer does not, and it goes on under yet another name.
    let request = copy.request(256 * 1024, false);
    town.server.serve(&request.frame, false).unwrap();
    assert!(town.server.held().is_empty(), "the server takes it for settled");
    copy.succeed(&mut town.server);
    copy.sync_whatever(&mut town.server);
    town.admin.sync(&mut town.server);
    let held = |phone: &mut Phone| phone.act(|replica| Ok(replica.view().quarantine()?)).unwrap().len();
    assert_eq!(held(&mut town.admin), town.server.held().len());
    assert_eq!(held(&mut copy), town.server.held().len());
}

#[test]
fn a_crew_that_is_made_supervisor_lists_nothing_that_was_written_again_before() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let mut copy = copy_that_goes_on(&mut town.two, &mut town.server, &folio);
    copy.sync_whatever(&mut town.server);
    // The crew is told who wrote it first, before it may see what was held.
    town.one.sync(&mut town.server);
    assert!(town.server.held().is_empty());
    let one = town.server.device("Cuadrilla 7");
    town.admin.sync(&mut town.server);
    town.admin.act(|n| n.assign_device(&one, Role::Supervisor, None, &[], "asciende")).unwrap();
    town.admin.sync(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.one.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), []);
}
