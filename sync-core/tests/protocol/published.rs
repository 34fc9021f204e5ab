//! Published: which app for browsers the office serves stands in the log, in order, and every device is told.

use sync_core::id::Hash;
use sync_core::log::act::Act;
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::replica::ReplicaError;
use sync_core::state::authority::{AppVersion, apps};

use crate::flows::town;
use crate::harness::{Phone, Server};

fn app(byte: u8) -> AppVersion {
    AppVersion { hash: Hash([byte; 32]), version: format!("1.{byte}.0") }
}

/// Returns how many lines it took to say so.
fn serve(server: &mut Server, app: &AppVersion) -> usize {
    let before = server.lines.0.len();
    server.write(|hub, overlay, next, now| hub.publish_app(overlay, next, now, app).unwrap());
    server.lines.0.len() - before
}

fn known(phone: &mut Phone) -> Vec<AppVersion> {
    phone.act(|replica| Ok::<_, ReplicaError>(apps(&replica.rows())?)).unwrap()
}

#[test]
fn the_office_says_once_which_app_it_serves_and_again_when_it_goes_back() {
    let mut town = town();
    let said = [app(1), app(1), app(2), app(2), app(1)].map(|app| serve(&mut town.server, &app));
    assert_eq!(said, [1, 0, 1, 0, 1]);
    let all = [app(1), app(2), app(1)];
    assert_eq!(apps(&town.server.rows).unwrap(), all);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(known(&mut town.one), all, "a crew is told");
    assert_eq!(known(&mut town.dispatch), all);
    crate::trust::assert_rebuilds(&town.server, &[&town.one, &town.dispatch]);
    let log = town.dispatch.act(|replica| Ok(replica.view().audit_log(None, None)?)).unwrap();
    let lines: Vec<_> = log.iter().filter(|line| line.action == "app").collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].text.es.contains("publicó la aplicación 1.2.0 (0202"), "{:?}", lines[1].text);
    assert!(lines[1].text.en.contains("published the app 1.2.0 (0202"), "{:?}", lines[1].text);
}

#[test]
fn nobody_but_the_office_says_which_app_is_served() {
    use sync_core::judge::judge_act;
    use sync_core::log::act::Role;
    use sync_core::rows::read;
    use sync_core::state::authority::DeviceRow;
    use sync_core::state::keyspace;
    let mut town = town();
    let device = town.dispatch.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let row: DeviceRow = read(&town.server.rows, &keyspace::device(&device)).unwrap().unwrap();
    let act = Act::App { hash: Hash([7; 32]), version: "9.9.9".into() };
    for role in Role::INVITABLE {
        let refused = judge_act(&DeviceRow { role, ..row.clone() }, &act).unwrap_err();
        assert_eq!(refused, Reason::Role { what: "app".into() });
        assert!(!Verdict::Quarantined(refused).is_accepted());
    }
    let long = Act::App { hash: Hash::ZERO, version: "1".repeat(65) };
    assert!(Act::from_bytes(&long.to_bytes()).is_err());
}
