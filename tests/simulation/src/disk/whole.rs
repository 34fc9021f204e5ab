//! Whole: files that are there whole or not at all, as a program has them that writes beside, syncs, and renames.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Before, Content, Fate, NameChange, SimDisk, gone};

/// Whole files of a folder and of those under it, as a copy holds them.
pub type Folder = BTreeMap<PathBuf, Vec<u8>>;

impl SimDisk {
    /// Keeps a whole file, as one operation; one that is there already stays. When this returns it is durable, unless a
    /// mistake does not wait for that.
    pub fn keep_whole(&self, path: &Path, bytes: &[u8], waits: bool) -> io::Result<()> {
        let mut state = self.state();
        if !state.has_stopped && state.names.contains_key(path) {
            return Ok(());
        }
        let fate = state.fate()?;
        if state.is_full && matches!(fate, Fate::Goes) {
            state.struck.full += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if matches!(fate, Fate::Fails | Fate::Half) {
            state.struck.write_errors += u64::from(!state.has_stopped);
            return Err(io::Error::other("injected: the file could not be kept"));
        }
        let is_durable = waits && !state.lies;
        let before = Before { at: 0, bytes: Vec::new(), file_bytes: 0 };
        let unsynced = if is_durable { Vec::new() } else { vec![before] };
        let id = state.next_content;
        state.next_content += 1;
        state.contents.insert(id, Content { live: bytes.to_vec(), unsynced });
        state.names.insert(path.to_owned(), id);
        if !is_durable {
            state.unsynced_names.push(NameChange::Made(path.to_owned()));
        }
        if matches!(fate, Fate::GoesLast) { Err(gone()) } else { Ok(()) }
    }

    /// A file's bytes; `None` if there is none.
    pub fn whole(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let state = self.state();
        if state.has_stopped {
            return Err(gone());
        }
        let id = state.names.get(path);
        Ok(id.map(|id| state.contents.get(id).map(|content| content.live.clone()).unwrap_or_default()))
    }

    /// Files of a folder and of those under it, as they lie there.
    pub fn under(&self, folder: &Path) -> Folder {
        let state = self.state();
        let live = |id: &u64| state.contents.get(id).map(|content| content.live.clone()).unwrap_or_default();
        let under = state.names.range(folder.to_owned()..).take_while(|(path, _)| path.starts_with(folder));
        under.map(|(path, id)| (path.clone(), live(id))).collect()
    }

    /// Replaces the files of a folder by those of a copy, durably.
    pub fn replace_under(&self, folder: &Path, copy: &Folder) {
        let mut state = self.state();
        state.names.retain(|path, _| !path.starts_with(folder));
        state.unsynced_names.retain(|change| match change {
            NameChange::Made(path) | NameChange::Removed(path, _) => !path.starts_with(folder),
        });
        for (path, bytes) in copy {
            let id = state.next_content;
            state.next_content += 1;
            state.contents.insert(id, Content { live: bytes.clone(), unsynced: Vec::new() });
            state.names.insert(path.clone(), id);
        }
    }
}
