//! Two devices and a server in one program, on the core alone: no disk, no network, no clock.
//!
//! ```text
//! cargo run --package cuadrilla-examples --bin two-devices
//! ```
//!
//! A crew writes an order and a note while nothing is in reach. Then both devices synchronise, and both print the order
//! as `--json` shows it. The core does no I/O: it is given lines, rows, clocks and randomness, and answers with lines to
//! keep and rows to apply. What a shell does around it stands in [`Device`] and [`Server`].
#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use anyhow::{Context as _, bail};
use sync_core::hub::{self, Durable, Foundation, Hub, Quotas};
use sync_core::id::BootId;
use sync_core::invitation::{InvitedBy, LinkSecret};
use sync_core::log::act::Role;
use sync_core::log::line::Lines;
use sync_core::replica::NewInvitation;
use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Goal, Invited, Route, Step, Terms};
use sync_core::replica::{Clocks, NewOrder, Replica, ReplicaError};
use sync_core::rows::{MemoryRows, Overlay, RowsError};

const SERVER_SEED: [u8; 32] = [9; 32];

/// Rule files that the office publishes: how orders move, what can be measured, one kind of work.
const RULES: [(&str, &str); 3] = [
    ("steps", include_str!("../../schemas/steps.json")),
    ("measures", include_str!("../../schemas/measures.json")),
    ("work/chlorination", include_str!("../../schemas/work/chlorination.json")),
];

fn main() -> anyhow::Result<()> {
    let (mut server, secret) = Server::found()?;
    let mut office = Device::new(1);
    office.enrol(&mut server, &secret, "Administración")?;
    let invitation = NewInvitation { crew: Some("C-07"), ..NewInvitation::of(Role::Crew) };
    let invitation = office.run(|replica| replica.invite(&invitation))?;
    office.sync(&mut server)?;
    let mut crew = Device::new(2);
    crew.enrol(&mut server, &invitation.secrets.secret, "Cuadrilla 7")?;

    // No server from here on. What `run` returns has been judged by the same rules as on the server.
    let order = NewOrder { kind: "chlorination".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = crew.run(|replica| replica.order_new(&order))?.folio;
    crew.run(|replica| replica.step(&folio, "start", None))?;
    crew.run(|replica| replica.note(&folio, "La tapa del tanque no cierra"))?;
    println!("guardado: {folio}, in {} lines of the crew's journal", crew.lines.0.len());

    crew.sync(&mut server)?;
    office.sync(&mut server)?;
    println!("enviado: the ledger has {} lines", server.lines.0.len());

    for (name, device) in [("crew", &mut crew), ("office", &mut office)] {
        let seen = device.run(|replica| Ok(replica.view().order_show(&folio)?))?;
        println!("{name} sees {}", serde_json::to_string_pretty(&seen)?);
    }
    Ok(())
}

/// Lines in memory: what a disk keeps.
#[derive(Default)]
struct MemoryLines(Vec<Vec<u8>>);

impl Lines for MemoryLines {
    fn end(&self) -> u64 {
        self.0.len() as u64 + 1
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let line = index.and_then(|index| self.0.get(index));
        line.cloned().ok_or_else(|| RowsError(format!("no line {number}")))
    }
}

/// What a server's shell brings: lines and rows that it keeps, and a clock.
struct Server {
    hub: Hub,
    lines: MemoryLines,
    rows: MemoryRows,
    now_ms: i64,
}

impl Server {
    /// Founds a municipality. Answers with the first administrator's code.
    fn found() -> anyhow::Result<(Self, LinkSecret)> {
        let now_ms = 1_795_000_000_000;
        let founded = hub::found(&Foundation {
            municipality: 14061,
            name: "Mezquitic",
            folio_prefix: "MZQ",
            utc_offset: sync_core::time::UtcOffset::usual(14_061),
            seed: &SERVER_SEED,
            entropy: &[7; 64],
            now_ms,
            has_code: false,
        });
        let mut rows = MemoryRows::default();
        let mut rules = sync_core::rules::Rules::default();
        for (number, line) in (1..).zip(&founded.lines) {
            let mut overlay = Overlay::new(&rows);
            hub::fold_line(&mut rules, &mut overlay, number, line)?;
            let batch = overlay.batch;
            rows.apply(batch);
        }
        let hub = Hub::open(&rows, &SERVER_SEED, Quotas::default())?;
        let mut server = Self { hub, lines: MemoryLines(founded.lines), rows, now_ms };
        let files: Vec<_> = RULES.iter().map(|(name, json)| ((*name).into(), (*json).into())).collect();
        let next = server.next();
        let mut overlay = Overlay::new(&server.rows);
        let lines = server.hub.publish_rules(&mut overlay, next, now_ms, &files)?;
        let batch = overlay.batch;
        server.keep(lines, batch);
        Ok((server, founded.admin.secret))
    }

    fn next(&self) -> u64 {
        self.lines.0.len() as u64 + 1
    }

    /// Lines first: only what is durable may be seen or answered.
    fn keep(&mut self, lines: Vec<Vec<u8>>, batch: sync_core::rows::Batch) {
        self.lines.0.extend(lines);
        self.rows.apply(batch);
    }

    /// Answers one request: check, admit, keep, reply.
    fn serve(&mut self, route: Route, frame: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.now_ms += 1_000;
        let checked = match route {
            Route::Preview => return Ok(self.hub.preview(&self.rows, frame, self.now_ms)?),
            Route::Enrol => self.hub.check_enrol(&self.rows, frame, self.now_ms)?,
            Route::Sync => self.hub.check_sync(&self.rows, frame, self.now_ms)?,
        };
        let next = self.next();
        let mut overlay = Overlay::new(&self.rows);
        let admitted = self.hub.admit(&mut overlay, &self.lines, next, self.now_ms, checked)?;
        let batch = overlay.batch;
        // Only what is durable can be answered: an append is what makes it so.
        let append = |lines: &[Vec<u8>]| {
            self.lines.0.extend(lines.iter().cloned());
            Ok::<(), std::convert::Infallible>(())
        };
        let (durable, ()) = Durable::append(vec![admitted], append)?;
        self.rows.apply(batch);
        let admitted = durable.first().context("one request was admitted")?;
        Ok(self.hub.reply(&self.rows, &self.lines, self.next() - 1, self.now_ms, admitted, "")?)
    }
}

/// What a device's shell brings: lines and rows that it keeps, a seed, clocks and randomness.
struct Device {
    seed: [u8; 32],
    lines: MemoryLines,
    rows: MemoryRows,
    now_ms: i64,
    draws: u8,
}

impl Device {
    fn new(number: u8) -> Self {
        let (lines, rows) = (MemoryLines::default(), MemoryRows::default());
        Self { seed: [number; 32], lines, rows, now_ms: 1_795_000_000_000, draws: 0 }
    }

    /// Opens the replica, lets it act, and keeps what it wrote before the result is shown to anybody.
    fn run<T>(&mut self, act: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>) -> anyhow::Result<T> {
        self.now_ms += 1_000;
        self.draws += 1;
        let mut entropy = [self.draws; 32];
        entropy[0] = self.seed[0];
        let clocks = Clocks {
            now_ms: self.now_ms,
            boot: BootId([self.seed[0]; 8]),
            monotonic_ms: u64::from(self.draws) * 1_000,
            entropy,
        };
        let next = self.lines.0.len() as u64 + 1;
        let mut replica = Replica::open(&self.rows, &self.lines, next, &[], clocks)?;
        let result = act(&mut replica)?;
        let written = replica.finish();
        self.lines.0.extend(written.lines);
        self.rows.apply(written.batch);
        Ok(result)
    }

    fn enrol(&mut self, server: &mut Server, secret: &LinkSecret, name: &str) -> anyhow::Result<()> {
        let by = InvitedBy::Secret(*secret);
        let invited = Invited { url: "memory:".into(), by, name: name.into(), office: None };
        match self.drive(server, Goal::Enrol(invited))? {
            End::Enrolled(_) => self.sync(server),
            end => bail!("the enrolment ended with {end:?}"),
        }
    }

    fn sync(&mut self, server: &mut Server) -> anyhow::Result<()> {
        match self.drive(server, Goal::Sync)? {
            End::Finished => Ok(()),
            end => bail!("the exchange ended with {end:?}"),
        }
    }

    /// Does what the driver says, and tells it when that is done. It decides, the shell signs, keeps and sends.
    fn drive(&mut self, server: &mut Server, goal: Goal) -> anyhow::Result<End> {
        let mut driver = Driver::new(goal, Terms::default());
        let mut event = Event::Begin;
        loop {
            event = match driver.next(event)? {
                Step::Append => Event::Kept(self.run(|replica| driver.write(replica))?),
                Step::Key(name) => Event::Key(name.of_seed(&self.seed).public()),
                Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&self.seed))),
                Step::Post { route, frame } => {
                    let reply = server.serve(route, &frame)?;
                    let (bytes_up, bytes_down) = (frame.len() as u64, reply.len() as u64);
                    Event::Answered(Answer::Reply { frame: reply, bytes_up, bytes_down })
                }
                Step::Wait { .. } => Event::Woke,
                Step::Done(end) => return Ok(end),
            };
        }
    }
}
