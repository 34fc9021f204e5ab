//! Story: a town with fixed clocks, keys and randomness. Two devices of crew C-07 work on one pump without signal and
//! note two serials; the second is revoked before it sends the rest; the first notes something more and has not sent it.

use sync_core::log::act::{Fate, Role};
use sync_core::replica::NewInvitation;
use sync_core::replica::{ImportFile, NewOrder, Replica, ReplicaError};

#[expect(dead_code, reason = "the core's tests use all of it")]
#[path = "../../../sync-core/tests/protocol/harness.rs"]
mod harness;

use harness::{Phone, Server, rule_files};

/// When it is looked at, in milliseconds.
pub const END_MS: i64 = START_MS + 9 * HOUR_MS;
const START_MS: i64 = 1_795_000_000_000;
const HOUR_MS: i64 = 3_600_000;

/// What the town has.
const CATALOGUE: &str = r#"{
    "municipality": 14061,
    "localities": [
        { "key": "mezquitic", "name": "Mezquitic", "lat": "22.390000", "lng": "-103.730000" },
        { "key": "el-mortero", "name": "El Mortero", "lat": "22.300000", "lng": "-103.800000" }
    ],
    "crews": [{ "code": "C-07", "name": "Cuadrilla 7" }, { "code": "C-02", "name": "Cuadrilla 2" }],
    "materials": [{ "sku": "HIPOCLORITO", "name": "Hipoclorito de sodio", "unit": "L" }]
}"#;

/// The town after the story.
pub struct Story {
    server: Server,
    office: Phone,
    crew: Phone,
    /// The order that it is about.
    pub folio: String,
}

impl Story {
    /// Tells it.
    pub fn told() -> Self {
        let (mut server, code) = Server::found(&rule_files());
        let mut admin = Phone::new(1);
        admin.enrol(&mut server, &code, "Administración");
        let mut devices = Vec::new();
        for (number, role, crew, name) in [
            (2, Role::Dispatcher, None, "Despacho"),
            (3, Role::Crew, Some("C-07"), "Cuadrilla 7"),
            (4, Role::Crew, Some("C-07"), "Cuadrilla 7, relevo"),
        ] {
            let new = NewInvitation { crew, ..NewInvitation::of(role) };
            let code = admin.act(|replica| replica.invite(&new)).unwrap().secrets.secret;
            admin.sync(&mut server);
            let mut phone = Phone::new(number);
            phone.enrol(&mut server, &code, name);
            devices.push(phone);
        }
        let [mut office, mut crew, mut relief] = devices.try_into().ok().unwrap();
        let catalogue: ImportFile = serde_json::from_str(CATALOGUE).unwrap();
        office.act(|replica| replica.import(&catalogue)).unwrap();
        let folio = orders(&mut office);
        for phone in [&mut office, &mut crew, &mut relief] {
            phone.sync(&mut server);
        }
        hours(3, &mut server, &mut [&mut admin, &mut office, &mut crew, &mut relief]);
        work(&mut crew, &folio);
        relief.act(|replica| replica.set(&folio, "new_pump_serial", "KSB-4471")).unwrap();
        hours(1, &mut server, &mut [&mut admin, &mut office, &mut crew, &mut relief]);
        crew.sync(&mut server);
        relief.sync(&mut server);
        let relief_id = relief.act(|replica| Ok(replica.identity()?.device)).unwrap();
        admin
            .act(|replica| replica.revoke(&relief_id, Some(Fate::Lost), "se extravió en El Mortero"))
            .unwrap();
        admin.sync(&mut server);
        relief.act(|replica| replica.note(&folio, "La válvula queda abierta a la mitad")).unwrap();
        hours(1, &mut server, &mut [&mut admin, &mut office, &mut crew, &mut relief]);
        relief.sync(&mut server);
        crew.sync(&mut server);
        office.sync(&mut server);
        hours(1, &mut server, &mut [&mut admin, &mut office, &mut crew, &mut relief]);
        crew.act(|replica| replica.note(&folio, "Falta el tapón del pozo")).unwrap();
        Self { server, office, crew, folio }
    }

    /// Asks the device of crew C-07.
    pub fn ask_crew<T>(&mut self, ask: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>) -> T {
        Self::ask(&mut self.crew, ask)
    }

    /// Asks dispatch.
    pub fn ask_office<T>(&mut self, ask: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>) -> T {
        assert!(self.server.seq() > 0);
        Self::ask(&mut self.office, ask)
    }

    /// Every question is asked at the same moment.
    fn ask<T>(phone: &mut Phone, ask: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>) -> T {
        phone.now_ms = END_MS;
        phone.act(ask).unwrap()
    }
}

/// Dispatch makes an order for a pump and one that nobody has begun.
fn orders(office: &mut Phone) -> String {
    let pump = NewOrder {
        kind: "bomba".into(),
        locality: Some("El Mortero".into()),
        crew: Some("C-07".into()),
        title: Some("Cambiar la bomba del pozo 3".into()),
        description: Some("La bomba no levanta presión.\nLlevar la llave del candado.".into()),
        due: Some("2026-11-20".into()),
        priority: Some("high".into()),
        ..NewOrder::default()
    };
    let folio = office.act(|replica| replica.order_new(&pump)).unwrap().folio;
    let chlorine = NewOrder {
        kind: "cloracion".into(),
        locality: Some("Mezquitic".into()),
        crew: Some("C-07".into()),
        title: Some("Cloración semanal".into()),
        ..NewOrder::default()
    };
    office.act(|replica| replica.order_new(&chlorine)).unwrap();
    folio
}

/// Crew C-07 works without signal.
fn work(crew: &mut Phone, folio: &str) {
    crew.act(|replica| replica.step(folio, "start", None)).unwrap();
    crew.act(|replica| replica.measure(folio, "caudal", "12.5", "L/s", Some("salida del pozo"), None))
        .unwrap();
    crew.act(|replica| replica.use_material(folio, "TUB-2", "3", "m")).unwrap();
    crew.act(|replica| replica.set(folio, "new_pump_serial", "KSB-4417")).unwrap();
    crew.act(|replica| replica.note(folio, "Se cambió la bomba; la vieja queda en bodega.")).unwrap();
}

/// Time passes everywhere.
fn hours(count: i64, server: &mut Server, phones: &mut [&mut Phone]) {
    server.now_ms += count * HOUR_MS;
    for phone in phones {
        phone.now_ms += count * HOUR_MS;
    }
}
