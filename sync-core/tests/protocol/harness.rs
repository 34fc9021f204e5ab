//! Server and phones in memory: the pure core driven as the shells drive it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::crypto::SecretKey;
use sync_core::hub::{self, Beside, Durable, Foundation, Hub, Quotas};
use sync_core::id::BootId;
use sync_core::invitation::{InvitedBy, LinkSecret};
use sync_core::log::line::Lines;
use sync_core::people::{People, PeopleBook};
use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Goal, Invited, Route, Step, Terms};
use sync_core::replica::sync::request::Shape;
use sync_core::replica::{self, Bundle, Clocks, Exchanged, Replica, ReplicaError, Request, Succeeded};
use sync_core::rows::{MemoryRows, Overlay, RowsError};
use sync_core::rules::Rules;
use sync_core::scope::Scope;
use sync_core::view::lists::Filter;

#[derive(Default, Clone)]
pub struct MemoryLines(pub Vec<Vec<u8>>);

impl Lines for MemoryLines {
    fn end(&self) -> u64 {
        self.0.len() as u64 + 1
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let index = usize::try_from(number).unwrap() - 1;
        self.0.get(index).cloned().ok_or_else(|| RowsError(format!("no line {number}")))
    }
}

pub struct Server {
    pub rows: MemoryRows,
    pub lines: MemoryLines,
    pub hub: Hub,
    pub now_ms: i64,
    /// The names that devices brought.
    pub people: PeopleBook,
    /// Scopes that requests brought news for, until somebody takes them.
    pub news: BTreeSet<Scope>,
}

pub const SEED: [u8; 32] = [42; 32];
/// What the hub hands out with each reply.
pub const TICKET: &str = "0123abcd";

impl Server {
    pub fn found(rules: &[(String, String)]) -> (Self, LinkSecret) {
        let entropy = std::array::from_fn(|index| u8::try_from(index * 3 % 251).unwrap());
        let founded = hub::found(&Foundation {
            municipality: 14061,
            name: "Mezquitic",
            folio_prefix: "MZQ",
            utc_offset: sync_core::time::UtcOffset::usual(14_061),
            seed: &SEED,
            entropy: &entropy,
            has_code: false,
            now_ms: 1_795_000_000_000,
        });
        let mut server = Self::from_lines(founded.lines);
        server.write(|hub, overlay, next, now| hub.publish_rules(overlay, next, now, rules).unwrap());
        (server, founded.admin.secret)
    }

    pub fn from_lines(lines: Vec<Vec<u8>>) -> Self {
        Self::from_lines_with(lines, &SEED)
    }

    /// Comes back with those lines, at the time that it is.
    pub fn restore(&mut self, lines: Vec<Vec<u8>>) {
        let now_ms = self.now_ms;
        *self = Self::from_lines(lines);
        self.now_ms = now_ms;
    }

    /// As [`Server::from_lines`], of a ledger whose log key is made from another seed.
    pub fn from_lines_with(lines: Vec<Vec<u8>>, seed: &[u8; 32]) -> Self {
        let mut rows = MemoryRows::default();
        let mut rules = Rules::default();
        for (number, line) in (1..).zip(&lines) {
            let mut overlay = Overlay::new(&rows);
            hub::fold_line(&mut rules, &mut overlay, number, line).unwrap();
            let batch = overlay.batch;
            rows.apply(batch);
        }
        let hub = Hub::open(&rows, seed, Quotas::default()).unwrap();
        Self {
            rows,
            lines: MemoryLines(lines),
            hub,
            now_ms: 1_795_000_000_000,
            people: PeopleBook::default(),
            news: BTreeSet::new(),
        }
    }

    pub fn seq(&self) -> u64 {
        self.lines.0.len() as u64
    }

    pub fn write(&mut self, act: impl FnOnce(&mut Hub, &mut Overlay<'_>, u64, i64) -> Vec<Vec<u8>>) {
        let next = self.seq() + 1;
        let mut overlay = Overlay::new(&self.rows);
        let lines = act(&mut self.hub, &mut overlay, next, self.now_ms);
        let batch = overlay.batch;
        self.rows.apply(batch);
        self.lines.0.extend(lines);
    }

    pub fn serve(&mut self, frame: &[u8], is_enrolment: bool) -> Result<Vec<u8>, hub::RequestError> {
        self.now_ms += 10;
        let checked = if is_enrolment {
            self.hub.check_enrol(&self.rows, frame, self.now_ms)?
        } else {
            self.hub.check_sync(&self.rows, frame, self.now_ms)?
        };
        let next = self.seq() + 1;
        let mut overlay = Overlay::new(&self.rows);
        let admitted = self.hub.admit(&mut overlay, &self.lines, next, self.now_ms, checked).unwrap();
        let batch = overlay.batch;
        self.rows.apply(batch);
        self.news.extend(admitted.news.iter().cloned());
        let append = |lines: &[Vec<u8>]| -> Result<(), RowsError> {
            self.lines.0.extend_from_slice(lines);
            Ok(())
        };
        let (mut durable, ()) = Durable::append(vec![admitted], append).unwrap();
        let admitted = durable.remove(0);
        let people = admitted.people().and_then(|(mark, named)| {
            self.people.take(&admitted.device, named);
            self.people.news(&mark)
        });
        let grants = self.hub.blob_grants(&self.rows, &admitted).unwrap();
        // A ticket says here what it is for, so that tests can read it.
        let blobs = grants
            .iter()
            .map(|grant| Some(format!("{:?}{}", grant.as_ref()?.r#use, grant.as_ref()?.of)))
            .collect();
        let beside = Beside { ticket: TICKET.into(), people, blobs };
        Ok(self.hub.reply(&self.rows, &self.lines, self.seq(), self.now_ms, &admitted, beside).unwrap())
    }
}

pub fn rule_files() -> Vec<(String, String)> {
    let schemas = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas");
    let mut files = vec![];
    for name in ["steps", "measures"] {
        files.push((name.to_string(), std::fs::read_to_string(format!("{schemas}/{name}.json")).unwrap()));
    }
    for entry in std::fs::read_dir(format!("{schemas}/work")).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("work/{}", path.file_stem().unwrap().to_str().unwrap());
        files.push((name, std::fs::read_to_string(path).unwrap()));
    }
    files.sort();
    files
}

/// The request of the enrolment under way.
fn enrol_frame(replica: &Replica<'_>, key: &SecretKey) -> Result<Vec<u8>, ReplicaError> {
    Ok(replica.enrolment(&key.public())?.by(key).into_draft()?.by(key).into_frame())
}

/// A server's answer as a shell hands it to the driver.
pub fn served(server: &mut Server, route: Route, frame: &[u8]) -> Answer {
    let answered = match route {
        Route::Preview => server.hub.preview(&server.rows, frame, server.now_ms),
        route => server.serve(frame, route == Route::Enrol),
    };
    match answered {
        Ok(frame) => Answer::Reply { frame, bytes_up: 0, bytes_down: 0 },
        Err(error) => {
            let last_attempt = match &error {
                hub::RequestError::Replayed { last, .. } => Some(*last),
                _ => None,
            };
            Answer::Refused { code: error.code().into(), last_attempt }
        }
    }
}

#[derive(Clone)]
pub struct Phone {
    pub rows: MemoryRows,
    pub lines: MemoryLines,
    pub draws: u16,
    pub number: u8,
    pub now_ms: i64,
    pub people: People,
}

impl Phone {
    pub fn new(number: u8) -> Self {
        Self {
            rows: MemoryRows::default(),
            lines: MemoryLines::default(),
            draws: 0,
            number,
            now_ms: 1_795_000_000_000,
            people: People::default(),
        }
    }

    pub fn act<T>(
        &mut self,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        self.draws += 1;
        self.now_ms += 10;
        let [high, low] = self.draws.to_be_bytes();
        let mut entropy = [low; 32];
        entropy[0] = self.number;
        entropy[1] ^= high;
        let moment = Clocks {
            now_ms: self.now_ms,
            boot: BootId([self.number; 8]),
            monotonic_ms: u64::from(self.draws) * 10,
            entropy,
        };
        let next = self.lines.0.len() as u64 + 1;
        let mut replica = Replica::open(&self.rows, &self.lines, next, &[], moment)?;
        replica.set_people(&self.people);
        let result = act(&mut replica)?;
        let written = replica.finish();
        self.people = written.people.unwrap_or_else(|| self.people.clone());
        self.rows.apply(written.batch);
        self.lines.0.extend(written.lines);
        Ok(result)
    }

    /// Enrols, and reads what concerns it.
    pub fn enrol(&mut self, server: &mut Server, secret: &LinkSecret, name: &str) {
        let by = InvitedBy::Secret(*secret);
        let invited = Invited { url: "http://x".into(), by, name: name.into(), office: None };
        let mut driver = Driver::new(Goal::Enrol(invited), Terms::default());
        let end = self.drive(&mut driver, &mut |route, frame| served(server, route, frame)).unwrap();
        assert!(matches!(end, End::Enrolled(_)), "{end:?}");
        self.sync(server);
    }

    /// Does what the driver says; `post` answers what is sent.
    pub fn drive(
        &mut self,
        driver: &mut Driver,
        post: &mut dyn FnMut(Route, &[u8]) -> Answer,
    ) -> Result<End, ReplicaError> {
        let seed = [self.number; 32];
        let mut event = Event::Begin;
        loop {
            event = match driver.next(event).unwrap() {
                Step::Append => Event::Kept(self.act(|replica| driver.write(replica))?),
                Step::Key(name) => Event::Key(name.of_seed(&seed).public()),
                Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
                Step::Post { route, frame } => Event::Answered(post(route, &frame)),
                Step::Wait { ms, .. } => {
                    self.now_ms += i64::try_from(ms).unwrap();
                    Event::Woke
                }
                Step::Done(end) => return Ok(end),
            };
        }
    }

    /// One round trip, to look at what it does. A request that is refused is made again as the driver would.
    pub fn exchange(&mut self, server: &mut Server) -> Exchanged {
        let request = self.request(256 * 1024, false);
        let (request, reply) = match server.serve(&request.frame, false) {
            Ok(reply) => (request, reply),
            Err(hub::RequestError::Replayed { last, .. }) => {
                assert!(self.act(|replica| replica.skip_attempts(last)).unwrap());
                return self.exchange(server);
            }
            Err(error) => {
                assert!(["unknown_reference", "gap", "bad_chain"].contains(&error.code()), "{error}");
                let request = self.request(256 * 1024, true);
                let reply = server.serve(&request.frame, false).unwrap();
                (request, reply)
            }
        };
        self.act(|replica| replica.on_reply(&request, &reply)).unwrap()
    }

    /// Exchanges until there is no more to say under this name: a copy asks once more where the other one's entries begin.
    pub fn finish(&mut self, server: &mut Server) -> Exchanged {
        let mut all = self.exchange(server);
        for _ in 0..20 {
            if !all.more {
                return all;
            }
            let next = self.exchange(server);
            all.accepted += next.accepted;
            all.quarantined.extend(next.quarantined);
            all.decided.extend(next.decided);
            all.more = next.more;
        }
        panic!("the exchange does not end");
    }

    /// Goes on under a new name, as the driver lets a copy do, and no further.
    pub fn succeed(&mut self, server: &mut Server) -> Succeeded {
        let seed = [self.number; 32];
        let frame = self.succeed_start();
        let reply = server.serve(&frame, true).unwrap();
        self.act(|replica| {
            let key = replica.enrolling_key()?.of_seed(&seed).public();
            replica.succeed_finish(&key, &frame, &reply)
        })
        .unwrap()
    }

    /// The request by which it goes on under a new name.
    pub fn succeed_start(&mut self) -> Vec<u8> {
        let seed = [self.number; 32];
        self.act(|replica| {
            let old = replica.key(&seed);
            if let Some(new) = replica.new_name(false)? {
                let word = replica.succession(&new, &new.key().of_seed(&seed).public())?;
                replica.succeed_start(word.by(&old))?;
            }
            enrol_frame(replica, &replica.enrolling_key()?.of_seed(&seed))
        })
        .unwrap()
    }

    /// The next request.
    pub fn request(&mut self, aim_bytes: usize, spell_out: bool) -> Request {
        while self.act(|replica| Ok(replica.is_refill_due() && replica.refill(100)?)).unwrap() {}
        let (seed, shape) = ([self.number; 32], Shape { aim_bytes, spell_out });
        self.act(|replica| {
            let key = replica.key(&seed);
            let own = replica.own_entries(shape)?.map(|own| own.by(&key));
            Ok(replica.request(own, shape, None, Vec::new())?.by(&key).into_request())
        })
        .unwrap()
    }

    /// Everything that the server lacks, as a bundle.
    pub fn bundle(&mut self) -> Bundle {
        let seed = [self.number; 32];
        self.act(|replica| {
            let key = replica.key(&seed);
            replica.bundle_export(replica.bundle_runs()?.into_iter().map(|run| run.by(&key)).collect())
        })
        .unwrap()
    }

    /// Until neither side has more; answers the round trips. The two do not differ.
    pub fn sync(&mut self, server: &mut Server) -> u32 {
        let (trips, differs) = self.sync_whatever(server);
        assert!(!differs, "device {} differs from the server", self.number);
        trips
    }

    /// Until neither side has more. Answers the round trips, and whether the two still differ at the end.
    pub fn sync_whatever(&mut self, server: &mut Server) -> (u32, bool) {
        let mut driver = Driver::new(Goal::Sync, Terms::default());
        let end = self.drive(&mut driver, &mut |route, frame| served(server, route, frame)).unwrap();
        assert_eq!(end, End::Finished, "device {}", self.number);
        let outcome = driver.outcome();
        (u32::try_from(outcome.round_trips).unwrap(), !outcome.differs.is_empty())
    }

    pub fn show(&mut self, folio: &str) -> serde_json::Value {
        self.act(|replica| Ok(replica.view().order_show(folio)?))
            .map(|view| serde_json::to_value(view).unwrap())
            .unwrap()
    }

    pub fn folios(&mut self) -> Vec<String> {
        let list = self.act(|replica| Ok(replica.view().order_list(&Filter::default())?)).unwrap();
        list.into_iter().map(|order| order.folio).collect()
    }

    /// The index rebuilt from the journal alone.
    pub fn rebuilt(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut rows = MemoryRows::default();
        let mut rules = Rules::default();
        for (number, line) in (1..).zip(&self.lines.0) {
            let mut overlay = Overlay::new(&rows);
            replica::fold_line(&mut rules, &mut overlay, &self.lines, number, line).unwrap();
            let batch = overlay.batch;
            rows.apply(batch);
            let mut more = true;
            while more {
                let mut overlay = Overlay::new(&rows);
                more = replica::generations::refill(&mut overlay, &self.lines, 7).unwrap();
                let batch = overlay.batch;
                rows.apply(batch);
            }
        }
        swept(rows)
    }
}

/// The rows once those of mirrors that are no longer shown are deleted: when that happens is in no line.
pub fn swept(mut rows: MemoryRows) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut more = true;
    while more {
        let mut overlay = Overlay::new(&rows);
        more = replica::generations::sweep(&mut overlay, 1_000).unwrap();
        let batch = overlay.batch;
        rows.apply(batch);
    }
    rows.rows
}
