//! Quotas: what one device may fill. What is over it stays on the device, nothing is lost, and nobody else notices.

use sync_core::hub::{Hub, Quotas};
use sync_core::log::verify::Verifier;
use sync_core::replica::sync::driver::{Driver, End, Goal, Outcome, Terms};

use crate::flows::{Town, pump_order, town};
use crate::harness::{Phone, SEED, Server, served};

const DAY_MS: i64 = 24 * 3_600_000;

fn limit(server: &mut Server, quotas: Quotas) {
    server.hub = Hub::open(&server.rows, &SEED, quotas).unwrap();
}

fn sync(phone: &mut Phone, server: &mut Server) -> Outcome {
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    let end = phone.drive(&mut driver, &mut |route, frame| served(server, route, frame)).unwrap();
    assert_eq!(end, End::Finished);
    driver.outcome().clone()
}

fn unsent(phone: &mut Phone) -> u64 {
    phone.act(|replica| Ok(replica.view().status()?.unsent)).unwrap()
}

fn notes(phone: &mut Phone, folio: &str, count: usize) {
    for number in 0..count {
        phone.act(|replica| replica.note(folio, &format!("nota {number}"))).unwrap();
    }
}

#[test]
fn over_its_share_of_a_day_a_device_is_still_told_everything_and_goes_on_the_next_day() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let Town { server, one, dispatch, .. } = &mut town;
    limit(server, Quotas { crew_day_bytes: 40 * 1024, ..Quotas::default() });
    notes(one, &folio, 100);
    dispatch.act(|replica| replica.note(&folio, "de la oficina")).unwrap();
    dispatch.sync(server);

    let first = sync(one, server);
    assert!(first.over_quota && (10..100).contains(&first.accepted), "{first:?}");
    assert!(first.round_trips < 5, "it does not ask in vain: {first:?}");
    assert_eq!(unsent(one), 100 - first.accepted, "the rest stays here");
    assert!(one.show(&folio).to_string().contains("de la oficina"));
    assert!(!sync(dispatch, server).over_quota, "others are not concerned");

    server.now_ms += DAY_MS;
    let second = sync(one, server);
    assert!(second.accepted > 0);
    server.now_ms += DAY_MS;
    let third = sync(one, server);
    assert_eq!(first.accepted + second.accepted + third.accepted, 100);
    assert!(!third.over_quota && unsent(one) == 0);
}

/// A ledger that is folded from its lines knows as well how full a day is.
#[test]
fn a_server_that_starts_again_knows_what_was_filled() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let quotas = Quotas { crew_day_bytes: 40 * 1024, ..Quotas::default() };
    limit(&mut town.server, quotas);
    notes(&mut town.one, &folio, 100);
    let first = sync(&mut town.one, &mut town.server);
    town.server.restore(town.server.lines.0.clone());
    limit(&mut town.server, quotas);
    assert!(first.over_quota);
    let again = sync(&mut town.one, &mut town.server);
    assert!(again.over_quota && again.accepted == 0, "{again:?}");
}

/// A revoked one had filled the disk: its entries are kept in quarantine, and everybody downloads them.
#[test]
fn of_a_revoked_device_little_is_taken_ever() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let Town { server, one, admin, .. } = &mut town;
    limit(server, Quotas { revoked_bytes: 20 * 1024, ..Quotas::default() });
    let device = one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    notes(one, &folio, 100);
    admin.act(|replica| replica.revoke(&device, None, "robado")).unwrap();
    admin.sync(server);
    let before = server.seq();
    let first = sync(one, server);
    assert!(first.over_quota && !first.quarantined.is_empty(), "{first:?}");
    server.now_ms += 30 * DAY_MS;
    assert!(sync(one, server).over_quota, "no day gives it back");
    assert!(server.seq() - before < 40, "{}", server.seq() - before);
}

#[test]
fn a_request_that_moves_too_many_rows_is_taken_piece_by_piece() {
    let mut town = town();
    let folio = pump_order(&mut town);
    let Town { server, one, .. } = &mut town;
    limit(server, Quotas { request_row_bytes: 64 * 1024, ..Quotas::default() });
    notes(one, &folio, 100);
    let all = sync(one, server);
    assert_eq!((all.accepted, all.over_quota), (100, false));
    assert!(all.round_trips > 3, "{all:?}");
}

/// Entries that a quota or a bound cut off from their signature stood unproven in the ledger.
#[test]
fn what_is_taken_is_signed_whatever_cuts_it_short() {
    for quotas in [
        Quotas { crew_day_bytes: 40 * 1024, ..Quotas::default() },
        Quotas { revoked_bytes: 20 * 1024, ..Quotas::default() },
        Quotas { request_row_bytes: 64 * 1024, ..Quotas::default() },
    ] {
        let mut town = town();
        let folio = pump_order(&mut town);
        let Town { server, one, admin, .. } = &mut town;
        limit(server, quotas);
        let device = one.act(|replica| Ok(replica.identity()?.device)).unwrap();
        notes(one, &folio, 100);
        if quotas.revoked_bytes < Quotas::default().revoked_bytes {
            admin.act(|replica| replica.revoke(&device, None, "robado")).unwrap();
            admin.sync(server);
        }
        let before = server.seq();
        sync(one, server);
        assert!(server.seq() > before, "some of it is taken: {quotas:?}");
        let mut verifier = Verifier::default();
        for (number, line) in (1..).zip(&server.lines.0) {
            verifier.take(number, line).unwrap();
        }
        verifier.finish().unwrap_or_else(|bad| panic!("{quotas:?}: {bad:?}"));
    }
}
