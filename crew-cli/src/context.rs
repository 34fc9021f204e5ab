//! Context: one run of a command. Opens the device's store, hands the core's replica to the command, and makes what
//! it wrote durable before anything is said to be saved.

use std::path::PathBuf;
use std::time::SystemTime;

use engine::device::{Device, Moment, Reader};
use store::{CatchUp, Index, MemoryIndex, Store, StoreError};
use store_disk::{Ledger, Notices, Options, SledIndex, is_before_1970};
use sync_core::people::Names as _;
use sync_core::replica::{Clocks, Replica};
use sync_core::rows::ROWS_FORMAT;
use sync_core::rules::Rules;

use crate::cli::Cli;
use crate::clock;
use crate::error::CliError;
use crate::home::Home;
use crate::labels;
use crate::output::Screen;
use crate::pin;
use crate::when::When;
use words::say;

/// How long a second `crew` waits for the first, in milliseconds.
const LOCK_WAIT_MS: u64 = 5_000;
/// A journal behind by fewer lines than this catches up without a word.
const QUIET_LINES_MAX: u64 = 5_000;
/// One run of a command.
#[derive(Debug)]
pub struct Context {
    /// Where to speak, and how.
    pub screen: Screen,
    /// The device's folder.
    pub home: Home,
    /// How to say times.
    pub when: When,
    /// Where the person's PIN is, if a file was named.
    pub pin_file: Option<PathBuf>,
}

fn options(create: bool) -> Options {
    let mut options = Options { create, lock_wait_ms: LOCK_WAIT_MS, ..Options::device() };
    options.index.rows_format = ROWS_FORMAT;
    options
}

/// A device whose store lies on this machine's disk.
type DiskDevice = Device<Ledger, SledIndex>;

impl Context {
    /// The run that the arguments ask for.
    ///
    /// # Errors
    /// Usage, if there is no folder to work in or the clock override is no time.
    pub fn new(cli: &Cli, screen: Screen, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, CliError> {
        let home = Home::locate(cli.home.as_deref(), env)?;
        if let Some(zone) = When::unknown_zone(env) {
            screen.warn(&say!("clock-unknown-zone", zone));
        }
        let when = When::local(clock::now_ms()?, screen.lang);
        Ok(Self { screen, home, when, pin_file: cli.pin_file.clone() })
    }

    /// The seed of the device's key. Where persons share it, the one in use must give the PIN.
    ///
    /// # Errors
    /// Not enrolled; rule, if nobody is chosen or the PIN is wrong; integrity, if what is kept is no key.
    pub fn seed(&self) -> Result<[u8; 32], CliError> {
        let mut persons = self.home.persons()?;
        if !persons.is_shared() {
            return self.plain_seed();
        }
        let person = persons.person_in_use()?;
        let people = self.home.people()?;
        let name = people.name_of(&person.id).unwrap_or_default();
        let question = say!("person-pin-of", name);
        let pin = pin::get(self.pin_file.as_deref(), pin::PIN_VARIABLE, &question, self.screen.lang)?;
        let seed = persons.open(self.home.folder(), &[person], &pin)?;
        // One that a crash left beside the vaults.
        self.home.forget_plain_key()?;
        Ok(seed)
    }

    /// The seed on the disk. Where a renewal was cut off, the key this device enrolled with tells which one it is.
    fn plain_seed(&self) -> Result<[u8; 32], CliError> {
        if let Some(renewed) = self.home.renewed_seed()? {
            let is_own =
                self.read(|replica| Ok(replica.own_public()? == Some(replica.key(&renewed).public())))?;
            if is_own {
                self.home.take_renewed()?;
            }
        }
        self.home.seed()
    }

    /// Lets `ask` read the replica. Works on a read-only folder, beside another `crew`, and on a full disk: then
    /// the rows are folded again in memory.
    ///
    /// # Errors
    /// What `ask` answers, or what the store does.
    pub fn read<T>(&self, ask: impl FnOnce(&Replica<'_>) -> Result<T, CliError>) -> Result<T, CliError> {
        match self.open(false) {
            Ok(device) => {
                let answer = self.moment().and_then(|moment| device.read(moment, ask));
                self.close(device);
                answer
            }
            Err(
                StoreError::ReadOnly { .. }
                | StoreError::Locked { .. }
                | StoreError::Full { .. }
                | StoreError::Index { .. },
            ) => self.read_in_memory(ask),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets `act` write in the replica. When this returns, what it wrote is durable; if it fails, nothing is kept.
    ///
    /// # Errors
    /// What `act` answers, or what the store does.
    pub fn write<T>(&self, act: impl FnOnce(&mut Replica<'_>) -> Result<T, CliError>) -> Result<T, CliError> {
        let act = |replica: &mut Replica<'_>| {
            replica.identity()?;
            act(replica)
        };
        if is_before_1970(SystemTime::now()) {
            return self.write_in(self.open_in_memory(false)?, act);
        }
        self.write_in(self.open(false)?, act)
    }

    /// As [`Context::write`], for a device that is not enrolled yet; makes the store where there is none.
    ///
    /// # Errors
    /// As [`Context::write`].
    pub fn write_new<T>(
        &self,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        if is_before_1970(SystemTime::now()) {
            return self.write_in(self.open_in_memory(true)?, act);
        }
        self.write_in(self.open(true)?, act)
    }

    fn write_in<T, I: Index>(
        &self,
        mut device: Device<Ledger, I>,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let (answer, unsaved) = device.act(self.moment()?, act)?;
        if let Some(people) = unsaved.people() {
            self.home.keep_people(people)?;
        }
        let behind = unsaved.lines().len() as u64;
        let saved = device.append(unsaved)?;
        let applied = device.apply(saved, &mut |progress| self.progress(behind, progress));
        self.progress_done(behind);
        if let Err(error) = applied {
            // The lines are durable and count; the index is derived and catches up next time.
            self.screen.warn(&say!("index-later", error = CliError::from(error).message));
        }
        self.close(device);
        Ok(answer)
    }

    fn moment(&self) -> Result<Moment, CliError> {
        let clocks = Clocks {
            now_ms: clock::now_ms()?,
            boot: clock::boot_id(),
            monotonic_ms: clock::monotonic_ms(),
            entropy: clock::entropy()?,
        };
        let (author, people) = (self.home.persons()?.author(), self.home.people()?);
        Ok(Moment { clocks, author, people })
    }

    fn open(&self, create: bool) -> Result<DiskDevice, StoreError> {
        let (store, notices) = store_disk::open(&self.home.store(), &options(create))?;
        self.caught_up(store, &notices)
    }

    /// As [`Context::open`], with the rows folded again in memory: the index on the disk catches up another time.
    fn open_in_memory(&self, create: bool) -> Result<Device<Ledger, MemoryIndex>, StoreError> {
        let (store, notices) = store_disk::open_in_memory(&self.home.store(), &options(create))?;
        self.caught_up(store, &notices)
    }

    fn caught_up<I: Index>(
        &self,
        store: Store<Ledger, I>,
        notices: &Notices,
    ) -> Result<Device<Ledger, I>, StoreError> {
        self.tell(notices);
        let behind = store.end() - 1 - store.watermark();
        let device = Device::open(store, &mut |progress| self.progress(behind, progress))?;
        self.progress_done(behind);
        Ok(device)
    }

    fn progress(&self, behind: u64, CatchUp { applied, last }: CatchUp) {
        if behind > QUIET_LINES_MAX {
            self.screen.progress(&say!("index-progress", applied, last));
        }
    }

    fn progress_done(&self, behind: u64) {
        if behind > QUIET_LINES_MAX {
            self.screen.progress_done();
        }
    }

    fn read_in_memory<T>(
        &self,
        ask: impl FnOnce(&Replica<'_>) -> Result<T, CliError>,
    ) -> Result<T, CliError> {
        let lines = Ledger::open_read_only(&self.home.store())?.reader;
        Reader::in_memory(lines)?.read(self.moment()?, ask)
    }

    fn close<I: Index>(&self, device: Device<Ledger, I>) {
        if let Err(error) = device.close() {
            self.screen.warn(&say!("index-rebuilt-later", error = CliError::from(error).message));
        }
    }

    fn tell(&self, notices: &Notices) {
        if let Some(tail) = &notices.tail {
            let (bytes, saved) = (tail.bytes, tail.saved_as.display());
            self.screen.warn(&say!("store-tail", bytes, saved));
        }
        if let Some(index) = &notices.index {
            let reason = crate::error::index_reason(&index.reason);
            self.screen.warn(&say!("index-rebuilding", reason));
        }
    }

    /// What is proven once the store has confirmed a write: this and no more.
    pub fn saved(&self) -> String {
        self.screen.style.good(&say!("saved-here").of(self.screen.lang))
    }

    /// A state's label.
    pub fn state_label(&self, rules: &Rules, key: &str) -> String {
        labels::state(rules, self.screen.lang, key).to_owned()
    }
}
