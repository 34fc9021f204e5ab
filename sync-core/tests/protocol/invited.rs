//! Invited: who stands between a new device and its server is found out, and what a code opens is tried by nobody for
//! nothing.

use sync_core::crypto::SecretKey;
use sync_core::hub::RequestError;
use sync_core::id::DeviceId;
use sync_core::invitation::{InvitedBy, Opening};
use sync_core::log::act::Role;
use sync_core::msgpack;
use sync_core::replica::preview::Previewed;
use sync_core::replica::sync::driver::{Answer, Driver, End, Goal, Invited, Route, Terms};
use sync_core::replica::{NewInvitation, ReplicaError};
use sync_core::state::authority::enrol::EnrolError;
use sync_core::wire::message::{SyncRequest, seal_request};

use crate::flows::{Town, invite, town};
use crate::harness::{Phone, Server, served};

fn invited(by: InvitedBy, office: Option<DeviceId>) -> Invited {
    Invited { url: "http://x".into(), by, name: "Bomba 9".into(), office }
}

fn drive(phone: &mut Phone, server: &mut Server, goal: Goal) -> Result<End, ReplicaError> {
    phone.drive(&mut Driver::new(goal, Terms::default()), &mut |route, frame| served(server, route, frame))
}

/// A server with a key of its own, as somebody on the way may run.
fn stranger() -> Server {
    let seed = [43; 32];
    let founded = sync_core::hub::found(&sync_core::hub::Foundation {
        municipality: 14061,
        name: "Mezquitic",
        folio_prefix: "MZQ",
        seed: &seed,
        entropy: &[3; 64],
        now_ms: 1_795_000_000_000,
        has_code: false,
        utc_offset: sync_core::time::UtcOffset::usual(14_061),
    });
    Server::from_lines_with(founded.lines, &seed)
}

#[test]
fn a_preview_says_who_invites_and_for_what_and_spends_nothing() {
    let Town { mut server, mut admin, .. } = town();
    let secret = invite(&mut admin, &mut server, Role::Crew, Some("C-07"));
    let office = server.hub.genesis().office;
    let mut phone = Phone::new(9);
    for _ in 0..2 {
        let by = InvitedBy::Secret(secret);
        let end = drive(&mut phone, &mut server, Goal::Preview(invited(by, Some(office)))).unwrap();
        let End::Previewed(previewed) = end else { panic!("{end:?}") };
        let Previewed { host, offer, .. } = *previewed;
        assert_eq!((host.municipality, host.name.as_str(), host.office()), (14061, "Mezquitic", office));
        assert_eq!((offer.role.as_str(), offer.crew.as_deref(), offer.is_open), ("crew", Some("C-07"), true));
    }
    phone.enrol(&mut server, &secret, "Bomba 9");
    let end =
        drive(&mut Phone::new(10), &mut server, Goal::Preview(invited(InvitedBy::Secret(secret), None)));
    let Ok(End::Previewed(previewed)) = end else { panic!("{end:?}") };
    assert!(!previewed.offer.is_open, "a spent one says so");
}

#[test]
fn a_code_that_is_spoken_enrols_once_and_another_one_is_unknown() {
    let Town { mut server, mut admin, .. } = town();
    let new = NewInvitation { crew: Some("C-07"), has_code: true, ..NewInvitation::of(Role::Crew) };
    let code = admin.act(|replica| replica.invite(&new)).unwrap().secrets.code.unwrap();
    admin.sync(&mut server);
    let by = |code: &str| Goal::Enrol(invited(InvitedBy::Code(code.into()), None));
    let wrong = drive(&mut Phone::new(8), &mut server, by("AAAA-BBBB-CCCC")).unwrap();
    assert!(
        matches!(wrong, End::GaveUp(Answer::Refused { ref code, .. }) if code == "code_unknown"),
        "{wrong:?}"
    );
    let typed = code.to_lowercase().replace('-', " ");
    assert!(matches!(drive(&mut Phone::new(9), &mut server, by(&typed)).unwrap(), End::Enrolled(_)));
    let again = drive(&mut Phone::new(10), &mut server, by(&code)).unwrap();
    assert!(
        matches!(again, End::GaveUp(Answer::Refused { ref code, .. }) if code == "code_used"),
        "{again:?}"
    );
}

/// A stranger who answered in the office's place enrolled the device with a key of its own, and handed everything on.
#[test]
fn who_stands_between_a_new_device_and_its_office_is_refused_by_both() {
    let Town { mut server, mut admin, .. } = town();
    let secret = invite(&mut admin, &mut server, Role::Crew, Some("C-07"));
    let (office, mut between) = (server.hub.genesis().office, stranger());
    // A link names the office's key: the stranger's answer is none.
    let mut answered = |route: Route, frame: &[u8]| served(&mut between, route, frame);
    let goal = Goal::Enrol(invited(InvitedBy::Secret(secret), Some(office)));
    let by_link = Phone::new(8).drive(&mut Driver::new(goal, Terms::default()), &mut answered);
    assert!(matches!(by_link, Ok(End::GaveUp(_)) | Err(ReplicaError::Forged(_))), "{by_link:?}");

    // A device that believes the stranger makes an enrolment for the stranger's key, which the office does not take.
    let mut phone = Phone::new(9);
    let host = sync_core::replica::preview::Host {
        municipality: 14061,
        name: "Mezquitic".into(),
        key: between.hub.genesis().key,
    };
    let frame = phone.act(|replica| {
        replica.enrol_start("http://x", &host, Opening::of_secret(&secret), "Bomba 9")?;
        let key = replica.enrolling_key()?.of_seed(&[9; 32]);
        Ok(replica.enrolment(&key.public())?.by(&key).into_draft()?.by(&key).into_frame())
    });
    let refused = server.serve(&frame.unwrap(), true).unwrap_err();
    assert_eq!(refused, RequestError::Enrol(EnrolError::OtherServer));
    assert_eq!(refused.code(), "other_server");
}

#[test]
fn a_request_that_was_made_for_another_server_is_refused() {
    let mut town = town();
    let frame = town.one.request(1024, false).frame;
    let mut request: SyncRequest = msgpack::from_slice(&frame[4..frame.len() - 64]).unwrap();
    request.office = stranger().hub.genesis().office;
    let relayed = seal_request(&SecretKey::from_seed(&[3; 32]), &request);
    assert_eq!(town.server.serve(&relayed, false).unwrap_err(), RequestError::OtherServer);
}
