//! Core: a device's store and replica for one worker, which owns the files and hands in clock and randomness.

use engine::device::{Device, Moment};
use store::{CatchUp, Log as _, Store};
use sync_core::people::People;
use sync_core::replica::sync::driver::Driver;
use sync_core::replica::sync::request::OwnEntries;
use sync_core::replica::{Author, Clocks, Replica, Unsigned};
use sync_core::rows::ROWS_FORMAT;
use words::{Lang, Text, say};

use crate::index::RedbIndex;
use crate::journal::Journal;
use crate::medium::Medium;
use crate::names::Kept;
use crate::photos::Photos;
use crate::trouble::Trouble;

/// Clock and randomness of the worker.
pub trait Shell {
    /// Returns the clocks now, with randomness that is never used twice.
    fn clocks(&self) -> Clocks;
}

/// The files of a device.
#[derive(Debug)]
pub struct Files<M> {
    /// What is true.
    pub journal: M,
    /// What follows from it.
    pub index: M,
    /// Pictures.
    pub photos: M,
    /// Names of persons.
    pub names: M,
}

/// A line of the journal that is kept twice while its file is young.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CradleLine {
    /// Its number.
    pub number: u64,
    /// Its bytes.
    pub line: Vec<u8>,
}

/// A device in a worker.
pub struct Core<M: Medium + Clone> {
    pub(crate) device: Device<Journal<M>, RedbIndex<M>>,
    pub(crate) photos: Photos<M>,
    pub(crate) driver: Option<Driver>,
    /// What waits for its signatures, to go into a bundle.
    pub(crate) bundling: Vec<Unsigned<OwnEntries>>,
    pub(crate) lang: Lang,
    /// The journal's file, to open it once more where the index takes no writes.
    journal: M,
    /// Why nothing can be read or written any more, until this is opened again.
    ended: Option<Trouble>,
    names: Kept<M>,
    people: People,
    shell: Box<dyn Shell>,
    lines: Vec<CradleLine>,
}

fn file(error: &std::io::Error) -> Trouble {
    if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
        return Trouble::new("disk_full", say!("app-disk-full"), say!("app-disk-full-hint"));
    }
    let detail = Text::same(error.to_string());
    Trouble::new("store", say!("app-store", detail), say!("app-fault-hint"))
}

impl<M: Medium + Clone> Core<M> {
    /// Opens a device: appends what the cradle has and the journal lacks, and folds what the index lacks. `progress` hears
    /// which line is folded, of how many.
    ///
    /// # Errors
    /// `journal_lost`, if the cradle begins behind the journal's end: lines between are gone. As the files answer.
    pub fn open(
        files: Files<M>,
        cradle: &[CradleLine],
        shell: Box<dyn Shell>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, Trouble> {
        let (mut journal, _) = Journal::open(files.journal.clone())?;
        replay(&mut journal, cradle)?;
        let (names, people) = Kept::open(files.names).map_err(|error| file(&error))?;
        let mut core = Self {
            device: over(journal, &files.journal, files.index, progress)?,
            photos: Photos::open(files.photos).map_err(|error| file(&error))?,
            driver: None,
            bundling: Vec::new(),
            journal: files.journal,
            ended: None,
            lang: Lang::default(),
            names,
            people: people.unwrap_or_default(),
            shell,
            lines: Vec::new(),
        };
        core.delete_unnamed()?;
        Ok(core)
    }

    /// Chooses the language of messages.
    pub fn set_lang(&mut self, lang: Lang) {
        self.lang = lang;
    }

    /// Returns the lines that were appended since this was last asked, for the cradle.
    pub fn take_lines(&mut self) -> Vec<CradleLine> {
        std::mem::take(&mut self.lines)
    }

    /// Keeps a picture.
    ///
    /// # Errors
    /// `disk_full`, or as the file answers: nothing is kept then.
    pub fn keep_photo(&mut self, bytes: &[u8]) -> Result<String, Trouble> {
        Ok(self.photos.keep(bytes).map_err(|error| file(&error))?.to_string())
    }

    /// Reads a picture that is here.
    ///
    /// # Errors
    /// As the file answers.
    pub fn photo(&self, sha256: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let name = sha256.parse().map_err(|_| Trouble::bad_call("sha256"))?;
        self.photos.read(&name).map_err(|error| file(&error))
    }

    /// Deletes pictures that were erased, or that were carried and are at the office.
    ///
    /// # Errors
    /// As the file and the index answer.
    pub fn delete_photos(&mut self) -> Result<(), Trouble> {
        let here = self.photos.names();
        for name in self.read(|replica| Ok(replica.to_delete(&here)?))? {
            self.photos.delete(&name).map_err(|error| file(&error))?;
        }
        Ok(())
    }

    /// Deletes pictures that no entry came to name: the page ended between picture and entry. Only at opening, when nothing
    /// is under way. Of a device that is not enrolled the journal may be lost, and its pictures are all that is left.
    fn delete_unnamed(&mut self) -> Result<(), Trouble> {
        let here = self.photos.names();
        let unnamed = |replica: &Replica<'_>| match replica.identity() {
            Ok(_) => Ok(replica.unnamed(&here)?),
            Err(_) => Ok(Vec::new()),
        };
        for name in if here.is_empty() { Vec::new() } else { self.read(unnamed)? } {
            self.photos.delete(&name).map_err(|error| file(&error))?;
        }
        Ok(())
    }

    fn moment(&self) -> Moment {
        Moment { clocks: self.shell.clocks(), author: Author::default(), people: self.people.clone() }
    }

    /// Lets `ask` read the replica.
    ///
    /// # Errors
    /// What `ask` answers, or what the store does.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Replica<'_>) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.check_open()?;
        self.device.read(self.moment(), ask)
    }

    /// Lets `act` write in the replica. When this returns, what it wrote is durable; if it fails, nothing is kept.
    ///
    /// # Errors
    /// What `act` answers, or what the store does.
    pub(crate) fn write<T>(
        &mut self,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.check_open()?;
        let (answer, unsaved) = self.device.act(self.moment(), act)?;
        if let Some(people) = unsaved.people() {
            self.names.keep(people).map_err(|error| file(&error))?;
            self.people = people.clone();
        }
        let numbered = (unsaved.first()..).zip(unsaved.lines().iter().cloned());
        let lines: Vec<CradleLine> = numbered.map(|(number, line)| CradleLine { number, line }).collect();
        let saved = self.device.append(unsaved)?;
        self.lines.extend(lines);
        // The lines count. But what is written next builds on them: an index that lacks them would give their numbers twice.
        if self.device.apply(saved, &mut |_| {}).is_err()
            && let Err(trouble) = self.index_in_memory()
        {
            self.ended = Some(trouble);
        }
        Ok(answer)
    }

    /// Goes on with an index in memory: the file of the other takes no writes, as on a full disk. The next opening looks at
    /// the file once more.
    fn index_in_memory(&mut self) -> Result<(), Trouble> {
        self.device = over_memory(&self.journal, &mut |_| {})?;
        Ok(())
    }

    fn check_open(&self) -> Result<(), Trouble> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    /// Closes the index.
    ///
    /// # Errors
    /// As the index answers; nothing is lost.
    pub fn close(self) -> Result<(), Trouble> {
        Ok(self.device.close()?)
    }
}

/// Opens the device of a journal, its index caught up: in its file, or in memory where that takes no writes.
fn over<M: Medium + Clone>(
    journal: Journal<M>,
    file: &M,
    index: M,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Device<Journal<M>, RedbIndex<M>>, Trouble> {
    let mut tell = |done: CatchUp| progress(done.applied, done.last);
    let in_file = RedbIndex::open(index, ROWS_FORMAT)
        .and_then(|(index, reason)| Store::open(journal, index, reason))
        .and_then(|(store, _)| Device::open(store, &mut tell));
    in_file.or_else(|_| over_memory(file, &mut tell))
}

/// Opens the device of a journal's file with an index in memory, folded from the first line on.
fn over_memory<M: Medium + Clone>(
    file: &M,
    tell: &mut dyn FnMut(CatchUp),
) -> Result<Device<Journal<M>, RedbIndex<M>>, Trouble> {
    let (journal, _) = Journal::open(file.clone())?;
    let (store, _) = Store::open(journal, RedbIndex::in_memory(ROWS_FORMAT)?, None)?;
    Ok(Device::open(store, tell)?)
}

/// Appends what the cradle has and the journal lacks.
fn replay<M: Medium>(journal: &mut Journal<M>, cradle: &[CradleLine]) -> Result<(), Trouble> {
    let end = journal.end();
    let missing: Vec<&CradleLine> = cradle.iter().filter(|line| line.number >= end).collect();
    let is_whole = missing.iter().zip(end..).all(|(line, number)| line.number == number);
    if !is_whole {
        return Err(Trouble::new("journal_lost", say!("app-journal-lost"), say!("app-journal-lost-hint")));
    }
    let lines: Vec<Vec<u8>> = missing.into_iter().map(|line| line.line.clone()).collect();
    journal.append(&lines)?;
    Ok(())
}
