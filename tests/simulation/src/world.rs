//! World: one clock, one list of what is about to happen, the servers and the phones. Everything of a run happens here,
//! in one thread, and nothing in it asks a real clock, a real disk or real chance.

mod office;
mod people;
mod photos;
mod post;
mod quiet;
mod trouble;

use std::collections::BTreeMap;

use sync_core::invitation::LinkSecret;
use sync_core::log::act::Role;
use sync_core::replica::NewInvitation;

use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::Stop;
use crate::phone::exchange::{Next, Truth};
use crate::phone::{Hindered, Making, Phone, Saved};
use crate::plan::{BEGIN_MS, Event, Only, Plan};
use crate::rules;
use crate::server::{Answer, Founding, Message, Server};
use crate::summary::Tally;
pub(crate) use photos::PHOTOS;

/// An answer that is awaited: by whom, with what luck on the network, and to which request.
#[derive(Clone)]
struct Asked {
    phone: usize,
    dice: Dice,
    frame: Vec<u8>,
}

/// What is about to happen, beside what the plan says.
pub(crate) enum Coming {
    /// A request reaches a server.
    Arrive { server: usize, ticket: u64, message: Message, frame: Vec<u8>, truth: Truth },
    /// A server's committer judges what has gathered.
    Commit { server: usize },
    /// A server's disk has what was judged.
    Settle { server: usize },
    /// An answer, or the end of patience, reaches a phone.
    Deliver { phone: usize, ticket: u64, answer: Option<Answer>, truth: Truth },
    /// A phone that was slow goes on with its exchange.
    Resume { phone: usize, ticket: u64 },
    /// A server starts again.
    Start { server: usize },
    /// A phone that could not get through tries again.
    Retry { phone: usize, salt: u64 },
}

/// How long after a failed start a server is started again, in milliseconds; it doubles with each.
const START_PAUSE_MS: i64 = 30_000;
/// How often that doubles.
const START_DOUBLINGS_MAX: u32 = 7;

/// A run.
pub struct World {
    /// What the seed says.
    pub plan: Plan,
    /// The time.
    pub now_ms: i64,
    /// The municipalities.
    pub servers: Vec<Server>,
    /// The phones, the lost ones among them.
    pub phones: Vec<Phone>,
    coming: BTreeMap<(i64, u64), Coming>,
    counter: u64,
    /// What an answer is awaited for.
    tickets: BTreeMap<u64, Asked>,
    /// Each phone's chance on the network, for the exchange under way.
    chances: BTreeMap<usize, Dice>,
    /// Frames that somebody recorded.
    recorded: Vec<(usize, Message, Vec<u8>)>,
    /// The last request that was answered and its answer, by phone.
    earlier: BTreeMap<usize, (Vec<u8>, Answer)>,
    commits: std::collections::BTreeSet<usize>,
    /// A planted mistake.
    pub bug: Option<Bug>,
    /// The network works, nothing fails.
    pub is_calm: bool,
    /// Words saved on phones that are gone or were overwritten: nobody can ask for them back.
    pub drowned: Vec<Saved>,
    /// What happened, in words, if somebody wants to read it.
    pub story: Option<Vec<String>>,
    /// Counts.
    pub tally: Tally,
}

impl World {
    /// A world as the plan says, with everybody enrolled and nothing done yet.
    pub fn new(plan: Plan, bug: Option<Bug>, tells: bool) -> Result<Self, Broken> {
        let mut world = Self {
            now_ms: BEGIN_MS,
            servers: Vec::new(),
            phones: Vec::new(),
            coming: BTreeMap::new(),
            counter: 0,
            tickets: BTreeMap::new(),
            chances: BTreeMap::new(),
            recorded: Vec::new(),
            earlier: BTreeMap::new(),
            commits: std::collections::BTreeSet::new(),
            bug,
            is_calm: true,
            drowned: Vec::new(),
            story: tells.then(Vec::new),
            tally: Tally::default(),
            plan,
        };
        world.found_servers()?;
        world.hand_out_phones()?;
        world.is_calm = false;
        Ok(world)
    }

    fn found_servers(&mut self) -> Result<(), Broken> {
        let names =
            [(14_061, "Mezquitic", "MZQ"), (14_019, "Bolaños", "BLN"), (14_031, "Chimaltitán", "CHM")];
        for (number, (municipality, name, prefix)) in names.into_iter().take(self.plan.servers).enumerate() {
            let server = Server::found(Founding {
                municipality,
                name,
                prefix,
                rules: rules::at_first(),
                chunk_bytes_max: self.plan.chunk_bytes_max,
                dice: Dice::of(&[self.plan.seed, 2, number as u64]),
                now_ms: self.now_ms,
                quotas: rules::quotas(&mut Dice::of(&[self.plan.seed, 7, number as u64])),
                bug: self.bug,
            })?;
            self.servers.push(server);
            self.servers[number].sees_space = self.plan.sees_space;
        }
        Ok(())
    }

    /// The first phone of each municipality is the administrator's, the second the dispatcher's.
    fn hand_out_phones(&mut self) -> Result<(), Broken> {
        let mut admins: Vec<usize> = Vec::new();
        for number in 0..self.plan.phones {
            let home = number % self.plan.servers;
            let place = number / self.plan.servers;
            let (role, crew) = rules::role_of(place);
            let secret = match (place, admins.get(home).copied()) {
                (0, _) | (_, None) => {
                    admins.push(number);
                    self.servers[home].admin
                }
                (_, Some(admin)) => {
                    let new = NewInvitation { crew, ..NewInvitation::of(role) };
                    let invited = self.phones[admin].act(self.now_ms, |replica| replica.invite(&new));
                    let invited = invited.map_err(|hindered| unexpected("inviting", hindered))?;
                    self.exchange_now(admin, number as u64)?;
                    invited.secrets.secret
                }
            };
            self.add_phone(home, role, secret);
            self.exchange_now(number, number as u64)?;
        }
        for admin in admins {
            let file = rules::first_import();
            let done = self.phones[admin].act(self.now_ms, |replica| replica.import(&file));
            done.map_err(|hindered| unexpected("the first import", hindered))?;
        }
        for number in 0..self.phones.len() {
            self.exchange_now(number, number as u64)?;
        }
        for number in 0..self.phones.len() {
            self.exchange_now(number, number as u64)?;
        }
        Ok(())
    }

    fn add_phone(&mut self, home: usize, role: Role, secret: LinkSecret) -> usize {
        let number = self.phones.len();
        self.phones.push(Phone::new(Making {
            number,
            home,
            role,
            secret,
            chunk_bytes_max: self.plan.chunk_bytes_max,
            dice: Dice::of(&[self.plan.seed, 3, number as u64]),
            now_ms: self.now_ms,
            bug: self.bug,
        }));
        number
    }

    /// Lives through the list, or through some of it, and then until everything is quiet.
    pub fn live(&mut self, only: &Only) -> Result<(), Broken> {
        let events = std::mem::take(&mut self.plan.events);
        let mut result = Ok(());
        for event in &events {
            let number = event.number;
            if let Only::These(these) = only
                && these.binary_search(&number).is_err()
            {
                continue;
            }
            result = self.happen_until(event.at_ms).and_then(|()| {
                self.tally.deeds += 1;
                self.do_deed(number, event)
            });
            if result.is_err() {
                break;
            }
        }
        self.plan.events = events;
        result?;
        self.fall_quiet()
    }

    /// Lets happen what is due before a moment.
    pub(crate) fn happen_until(&mut self, moment_ms: i64) -> Result<(), Broken> {
        while let Some(entry) = self.coming.first_entry() {
            if entry.key().0 > moment_ms {
                break;
            }
            let ((at_ms, _), coming) = entry.remove_entry();
            self.now_ms = self.now_ms.max(at_ms);
            self.happen(coming)?;
        }
        self.now_ms = self.now_ms.max(moment_ms);
        Ok(())
    }

    /// Lets everything happen that is under way.
    pub(crate) fn happen_all(&mut self) -> Result<(), Broken> {
        while let Some(((at_ms, _), coming)) = self.coming.pop_first() {
            self.now_ms = self.now_ms.max(at_ms);
            self.happen(coming)?;
        }
        Ok(())
    }

    fn happen(&mut self, coming: Coming) -> Result<(), Broken> {
        match coming {
            Coming::Arrive { server, ticket, message, frame, truth } => {
                self.arrive(server, ticket, message, frame, truth)
            }
            Coming::Commit { server } => self.commit(server),
            Coming::Settle { server } => self.settle_commit(server),
            Coming::Deliver { phone, ticket, answer, truth } => self.deliver(phone, ticket, answer, truth),
            Coming::Resume { phone, ticket } => self.resume(phone, ticket),
            Coming::Start { server } => self.start_server(server),
            Coming::Retry { phone, salt } => self.begin_exchange(phone, salt),
        }
    }

    pub(crate) fn later(&mut self, delay_ms: i64, coming: Coming) {
        self.counter += 1;
        self.coming.insert((self.now_ms + delay_ms, self.counter), coming);
    }

    fn do_deed(&mut self, number: usize, event: &Event) -> Result<(), Broken> {
        let mut dice = Dice::new(event.salt);
        let words = self.perform(event, &mut dice)?;
        self.tell(|| format!("[{number}] {words}"));
        Ok(())
    }

    /// Adds a line to the story, if there is one.
    pub(crate) fn tell(&mut self, words: impl FnOnce() -> String) {
        let since_ms = self.now_ms - BEGIN_MS;
        if let Some(story) = &mut self.story {
            let (days, seconds) = (since_ms / crate::plan::DAY_MS, since_ms % crate::plan::DAY_MS / 1_000);
            let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
            story.push(format!("day {days:>3} {hours:02}:{minutes:02}  {}", words()));
        }
    }

    /// What stood between a phone and what it wanted: mostly nothing to speak of.
    pub(crate) fn settle<T>(
        &mut self,
        phone: usize,
        done: Result<T, Hindered>,
    ) -> Result<Result<T, String>, Broken> {
        let answer = match done {
            Ok(answer) => Ok(answer),
            Err(Hindered::Broken(broken)) => return Err(broken),
            Err(Hindered::Refused(error)) => {
                self.tally.refusals += 1;
                Err(error.to_string())
            }
            Err(Hindered::Disk) => Err("the disk failed: nothing was said to be saved".to_owned()),
        };
        self.look_at_phone(phone);
        Ok(answer)
    }

    /// A phone whose machine stopped in the middle of something starts again.
    pub(crate) fn look_at_phone(&mut self, phone: usize) {
        if self.phones[phone].medium.disk.has_stopped() {
            let mut dice = Dice::of(&[self.plan.seed, 5, self.counter]);
            let how = if dice.one_in(3) { Stop::Kill } else { Stop::Power };
            self.phones[phone].stop(how, &mut dice);
            self.tally.phone_stops += 1;
            self.tell(|| format!("phone {phone} stopped in the middle of it ({how:?})"));
        }
    }

    /// A server whose machine stopped in the middle of something will start again.
    pub(crate) fn look_at_server(&mut self, server: usize) {
        if self.servers[server].medium.disk.has_stopped() {
            let mut dice = Dice::of(&[self.plan.seed, 6, self.counter]);
            let how = if dice.one_in(3) { Stop::Kill } else { Stop::Power };
            self.servers[server].stop(how, &mut dice);
            self.tally.server_stops += 1;
            self.tell(|| format!("server {server} stopped in the middle of it ({how:?})"));
            let pause_ms = i64::try_from(dice.between(2, 7_200)).unwrap_or(2) * 1_000;
            self.later(pause_ms, Coming::Start { server });
        }
    }

    fn start_server(&mut self, server: usize) -> Result<(), Broken> {
        if self.servers[server].is_up() {
            return Ok(());
        }
        let is_up = self.servers[server].start(self.now_ms)?;
        self.look_at_server(server);
        let starts = |coming: &Coming| matches!(coming, Coming::Start { server: other } if *other == server);
        if !is_up && !self.servers[server].is_up() && !self.coming.values().any(starts) {
            // Whatever hinders it, it is tried again: once, however many wait for it, and less and less often. A disk
            // may stay full for months.
            let doublings = self.servers[server].starts_failed.min(START_DOUBLINGS_MAX);
            self.servers[server].starts_failed += 1;
            self.later(START_PAUSE_MS << doublings, Coming::Start { server });
        }
        if is_up {
            self.servers[server].starts_failed = 0;
        }
        Ok(())
    }

    /// The result of a step of an exchange.
    pub(crate) fn go_on(
        &mut self,
        phone: usize,
        ticket: u64,
        next: Result<Next, Hindered>,
    ) -> Result<(), Broken> {
        match self.settle(phone, next)? {
            Ok(Next::Send(message, frame)) => self.post(phone, ticket, message, frame),
            Ok(Next::Later(ms)) => {
                // Who waits for ever is not woken.
                if ms < i64::MAX {
                    self.later(ms, Coming::Resume { phone, ticket });
                }
                Ok(())
            }
            Ok(Next::Done) => self.bring_photos(phone),
            Err(why) => {
                self.tell(|| format!("phone {phone}: {why}"));
                self.phones[phone].talk = crate::phone::exchange::Talk::default();
                Ok(())
            }
        }
    }
}

/// What should not hinder a phone on its first day.
fn unexpected(what: &str, hindered: Hindered) -> Broken {
    match hindered {
        Hindered::Broken(broken) => broken,
        Hindered::Refused(error) => Property::NothingBreaks.broken(format!("{what}: {error}")),
        Hindered::Disk => Property::NothingBreaks.broken(format!("{what}: the disk failed")),
    }
}
