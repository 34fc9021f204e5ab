//! Hostile: an enrolled device that lies and floods, over HTTP. The others are served all the while; it is limited, and the
//! log names it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cuadrilla_tests::{Town, program};
use store_disk::Ledger;
use sync_core::crypto::SecretKey;
use sync_core::id::{BootId, DeviceId, Epoch, Hash, PersonId, RecordId};
use sync_core::log::act::Act;
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Anchor, Body, Entry, Header};
use sync_core::log::line::Line;
use sync_core::people::PeopleMark;
use sync_core::rows::MemoryRows;
use sync_core::state::refs::receiver;
use sync_core::wire::message::{About, Segment, SyncRequest, VERSION, seal_request};
use sync_core::wire::pack::{PackBody, PackItem, change_hashes, pack};

const MUNICIPALITY: u32 = 14061;
/// Requests of the flood.
const FLOOD: u64 = 300;
/// How long an exchange of somebody else may take in it: as long as it may on a good day, many times over.
const SERVED_WITHIN: Duration = Duration::from_secs(5);

/// A device's key in hostile hands.
struct Hostile {
    key: SecretKey,
    id: DeviceId,
    office: DeviceId,
    port: u16,
    /// The hash of its entry 1.
    head: Hash,
    attempt: AtomicU64,
}

/// A server of the town whose devices have small shares and whose log is in a file.
struct Limited(Child);

impl Limited {
    fn serve(town: &mut Town) -> Self {
        town.kill();
        let mut command = Command::new(program("cuadrilla-server"));
        let listen = format!("127.0.0.1:{}", town.port);
        command.args(["--json", "serve", "--listen", &listen, "--data"]).arg(town.path("server"));
        command.env("CUADRILLA_DEVICE_UNITS_MAX", "20000").env("CUADRILLA_DEVICE_UNITS_PER_S", "20");
        command.stderr(std::fs::File::create(town.path("log")).unwrap());
        let mut child = command.current_dir(town.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        Self(child)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Hostile {
    fn new(town: &Town, device: &str) -> Self {
        let seed = std::fs::read_to_string(town.path(device).join("device.key")).unwrap();
        let key = SecretKey::from_seed(&hex::decode(seed.trim()).unwrap().try_into().unwrap());
        let journal = Ledger::open_read_only(&town.path(device).join("store")).unwrap().reader;
        let mut own = None;
        let visit = &mut |_: u64, bytes: &[u8]| {
            if let Ok(Line::Entry { chained, .. }) = Line::from_bytes(bytes) {
                let Ok(Act::Enrol { office, .. }) = Act::from_bytes(chained.entry.body.bytes()) else {
                    return true;
                };
                own = Some((chained.entry.header.device, office, chained.hash().unwrap()));
            }
            // The first entry of a journal is the device's own enrolment.
            own.is_none()
        };
        journal.read_range(1, u64::MAX, visit).unwrap();
        let (id, office, head) = own.unwrap();
        Self { key, id, office, port: town.port, head, attempt: AtomicU64::new(1 << 20) }
    }

    fn request(&self) -> SyncRequest {
        SyncRequest {
            version: VERSION,
            municipality: MUNICIPALITY,
            device: self.id,
            office: self.office,
            written: 1,
            attempt: self.attempt.fetch_add(1, Ordering::Relaxed),
            epoch: Epoch::ZERO,
            cursors: Vec::new(),
            aim_bytes: 16 * 1024,
            own: None,
            carried: Vec::new(),
            clock_ms: 1_795_232_207_000,
            kept: Anchor::default(),
            evidence: String::new(),
            older: Vec::new(),
            placed: 0,
            one_by_one: false,
            about: None,
            people: PeopleMark::default(),
            named: Vec::new(),
        }
    }

    /// One act as entry `seq` of `device`, after this device's entry 1, signed by this device.
    fn segment(&self, device: DeviceId, seq: u64, municipality: u32, act: &Act) -> Segment {
        let header = Header {
            municipality,
            device,
            seq,
            record: RecordId::ZERO,
            person: PersonId([8; 16]),
            claimed_at_ms: i64::MAX,
            boot: BootId([1; 8]),
            monotonic_ms: u64::MAX,
            anchor: Anchor::default(),
        };
        let bytes = act.to_bytes();
        let hash = Entry { header: header.clone(), body: Body::Act(bytes.clone()) }.hash(&self.head);
        let signature = Some(sign_head(&self.key, &device, seq, &hash));
        let item = PackItem { header, body: PackBody::Act(bytes), receipt: None, signature };
        let hashes = change_hashes(std::slice::from_ref(&item)).unwrap();
        let packed = pack(&[item], &hashes, &receiver(&MemoryRows::default())).unwrap();
        Segment { device, prev: self.head.0[..8].try_into().unwrap(), pack: packed.into() }
    }

    /// Sends a request; answers the status and, of an error, its body.
    fn send(&self, request: &SyncRequest) -> (u16, String) {
        let frame = seal_request(&self.key, request);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!(
            "POST /v1/sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.cuadrilla.v1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            frame.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&frame).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    }

    fn refused(&self, request: &SyncRequest, status: u16, code: &str) {
        let (found, body) = self.send(request);
        assert!(
            found == status && body.contains(&format!("\"{code}\"")),
            "{found} {body}, not {status} {code}"
        );
    }
}

fn with_own(request: SyncRequest, own: Segment) -> SyncRequest {
    SyncRequest { own: Some(own), ..request }
}

/// Two crews write a note and exchange it, five times; answers the slowest exchange, with the start of the program.
fn served(town: &Town, folio: &str) -> Duration {
    let exchange = |device: &str, n: usize| {
        town.crew(device, &["note", folio, &format!("{device} {n}")]);
        let begun = Instant::now();
        let done = town.crew(device, &["sync"]);
        assert_eq!(done["accepted"], 1, "{done}");
        begun.elapsed()
    };
    (0..5).flat_map(|n| ["one", "two"].map(|device| exchange(device, n))).max().unwrap()
}

#[test]
fn an_enrolled_device_that_lies_and_floods_is_limited_and_named_and_the_others_are_served() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    for device in ["evil", "worse"] {
        town.enrol(device, &["crew", "--crew", "C-02"]);
    }
    let _server = Limited::serve(&mut town);
    let (evil, victim) = (Hostile::new(&town, "evil"), Hostile::new(&town, "one"));
    let act = |n: u64| Act::Revoke { device: victim.id, fate: None, reason: n.to_string() };
    let lines = || town.server_run("verify", &[]);

    // Another's name, another's signature, another's town.
    evil.refused(&SyncRequest { device: victim.id, ..evil.request() }, 401, "bad_signature");
    evil.refused(&SyncRequest { device: DeviceId([9; 16]), ..evil.request() }, 401, "unknown_device");
    evil.refused(&SyncRequest { municipality: 14_120, ..evil.request() }, 409, "other_municipality");
    let about = About {
        unsent: 0,
        photos: 0,
        program: "9".repeat(65),
        program_hash: None,
        free_bytes: None,
        is_persistent: None,
    };
    evil.refused(&SyncRequest { about: Some(about), ..evil.request() }, 413, "too_large");
    evil.refused(
        &with_own(evil.request(), evil.segment(evil.id, 2, 14_120, &act(0))),
        409,
        "other_municipality",
    );
    evil.refused(
        &with_own(evil.request(), evil.segment(victim.id, 2, MUNICIPALITY, &act(1))),
        400,
        "bad_chain",
    );
    let carried = vec![evil.segment(victim.id, 2, MUNICIPALITY, &act(2))];
    assert_eq!(evil.send(&SyncRequest { carried, ..evil.request() }).0, 200, "refused inside the answer");
    // Numbers that are none: nothing is kept, the answer says how far its chain is.
    for seq in [u64::MAX, 1 << 63, 1 << 32, 40] {
        let own = evil.segment(evil.id, seq, MUNICIPALITY, &act(3));
        assert_eq!(evil.send(&with_own(evil.request(), own)).0, 200);
    }
    // What it may not do is kept and held back, and so is a second past.
    for n in [4, 5] {
        let own = evil.segment(evil.id, 2, MUNICIPALITY, &act(n));
        assert_eq!(evil.send(&with_own(evil.request(), own)).0, 200);
    }
    town.crew("admin", &["sync"]);
    let held = town.crew("admin", &["quarantine", "list"]);
    assert_eq!(held.as_array().map(Vec::len), Some(2), "{held}");
    // The highest number there is shuts out only who used it.
    let worse = Hostile::new(&town, "worse");
    assert_eq!(worse.send(&SyncRequest { attempt: u64::MAX, ..worse.request() }).0, 200);
    worse.refused(&worse.request(), 409, "replayed");

    // A flood, while others work.
    let limited = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for n in 0..FLOOD / 3 {
                    let own = evil.segment(victim.id, 2, MUNICIPALITY, &act(n));
                    let (status, body) = evil.send(&with_own(evil.request(), own));
                    if status == 429 {
                        assert!(body.contains("\"budget\""), "{body}");
                        limited.fetch_add(1, Ordering::Relaxed);
                    } else {
                        assert!(matches!(status, 400 | 409), "{status} {body}");
                    }
                }
            });
        }
        let slowest = served(&town, &folio);
        println!("while 300 hostile requests come in, the slowest exchange of another takes {slowest:?}");
        assert!(slowest < SERVED_WITHIN, "{slowest:?}");
    });
    let limited = limited.into_inner();
    assert!(limited > FLOOD / 2, "of {FLOOD} requests {limited} were limited");
    let log = std::fs::read_to_string(town.path("log")).unwrap();
    let named =
        log.lines().filter(|line| line.contains(&evil.id.to_string()) && line.contains("status=429 "));
    assert_eq!(named.count() as u64, limited, "each is named in the log");
    assert!(lines().status.success());
}
