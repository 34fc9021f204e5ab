//! World: a small municipality in memory, so that bytes reach what lies behind signatures and enrolment.

use std::cell::RefCell;
use std::collections::BTreeSet;

use sync_core::crypto::{Purpose, SecretKey};
use sync_core::hub::{Hub, Quotas};
use sync_core::id::{BootId, DeviceId, Hash};
use sync_core::invitation::Opening;
use sync_core::people::PeopleBook;
use sync_core::replica::{Clocks, Replica, Request};

use crate::again::{Journal, Ledger};
use crate::flows::{Town, pump_order, town_with, work_a_day};
use crate::harness::{Phone, SEED, Server};

/// The seed of the device whose bytes are hostile.
pub const HOSTILE: u8 = 3;
/// Where time stands still.
pub const NOW_MS: i64 = 1_795_000_100_000;

/// The municipality, a day's work in it, and what a device asked.
pub struct World {
    /// Server and devices.
    pub town: Town,
    /// The hostile device's id.
    pub device: DeviceId,
    /// A request of that device, not answered yet.
    pub asked: Request,
    /// What opens an unused invitation.
    pub opening: Opening,
    /// The server's ledger as it is.
    pub ledger: Ledger,
    /// The journals of dispatch, the second crew and the administrator as they are.
    pub journals: [Journal; 3],
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Shows the world, which is made once.
pub fn with<T>(look: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| look(world.get_or_insert_with(World::new)))
}

fn rules() -> Vec<(String, String)> {
    let steps = r#"{"states":[],"initial":["reported","assigned"],"steps":[
        {"step":"start","labels":{"es":"Iniciar","en":"Start"},"from":["assigned"],"to":"in_progress","who":["crew"]},
        {"step":"finish","labels":{"es":"Terminar","en":"Finish"},"from":["in_progress"],"to":"done","who":["crew"]}]}"#;
    let measures =
        r#"{"measures":[{"key":"flow","labels":{"es":"Caudal","en":"Flow"},"unit":"L/s","scale":2}]}"#;
    let pump = r#"{"kind":"bomba","labels":{"es":"Bomba","en":"Pump"},"fields":[
        {"key":"pump_serial","labels":{"es":"Serie","en":"Serial"},"type":"text"}]}"#;
    [("measures", measures), ("steps", steps), ("work/bomba", pump)]
        .map(|(name, json)| (name.to_owned(), json.to_owned()))
        .to_vec()
}

impl World {
    fn new() -> Self {
        let mut town = town_with(&rules());
        let folio = pump_order(&mut town);
        work_a_day(&mut town.two, &folio, "B-2");
        town.two.sync(&mut town.server);
        let secret = crate::flows::invite(
            &mut town.admin,
            &mut town.server,
            sync_core::log::act::Role::Crew,
            Some("C-07"),
        );
        work_a_day(&mut town.one, &folio, "A-1");
        let asked = town.one.request(256 * 1024, false);
        let device = town.one.act(|replica| Ok(replica.identity()?.device)).expect("it is enrolled");
        let ledger = Ledger::of(&town.server);
        let journals = [&town.dispatch, &town.two, &town.admin].map(Journal::of);
        let opening = Opening::of_secret(&secret);
        Self { town, device, asked, opening, ledger, journals }
    }

    /// Returns a copy of the server for one input.
    pub fn server(&self) -> Server {
        let server = &self.town.server;
        let (rows, lines) = (server.rows.clone(), server.lines.clone());
        let hub = Hub::open(&rows, &SEED, Quotas::default()).expect("its own rows read");
        Server {
            rows,
            lines,
            hub,
            now_ms: server.now_ms,
            people: PeopleBook::default(),
            news: BTreeSet::new(),
        }
    }

    /// Returns the server's reply to the request.
    pub fn answered(&mut self) -> Vec<u8> {
        self.server().serve(&self.asked.frame, false).expect("the server answers")
    }
}

/// Returns a phone's replica, of which nothing is kept.
pub fn replica(phone: &Phone) -> Replica<'_> {
    let moment = Clocks { now_ms: NOW_MS, boot: BootId([9; 8]), monotonic_ms: 7, entropy: [5; 32] };
    let next = phone.lines.0.len() as u64 + 1;
    Replica::open(&phone.rows, &phone.lines, next, &[], moment).expect("its own rows read")
}

/// Returns a request with any body, signed by the hostile device.
pub fn sign_request(body: &[u8]) -> Vec<u8> {
    frame(b"CQA1", Purpose::Request, &[], &[HOSTILE; 32], body)
}

/// Returns a reply with any body, signed by the server.
pub fn sign_reply(request: &Hash, body: &[u8]) -> Vec<u8> {
    frame(b"CQB1", Purpose::Reply, &request.0, &SEED, body)
}

fn frame(magic: &[u8; 4], purpose: Purpose, bound_to: &[u8], seed: &[u8; 32], body: &[u8]) -> Vec<u8> {
    let mut frame = magic.to_vec();
    frame.extend_from_slice(body);
    let signature = SecretKey::from_seed(seed).sign(purpose, &[bound_to, &frame]);
    frame.extend_from_slice(&signature.bytes);
    frame
}

/// Returns the body of a signed message.
pub fn body_of(frame: &[u8]) -> Vec<u8> {
    frame[4..frame.len() - 64].to_vec()
}
