//! Spool: blobs that have not arrived whole. A partial is one file, named by its content address and by the device that
//! brings it: two devices never continue each other's, so that nobody learns from an offset what another has brought.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use sync_core::id::{DeviceId, Hash};
use sync_core::limits::BLOB_BYTES_MAX;

use crate::files::{Files, Folder};

const SUFFIX: &str = ".part";

/// Blobs on their way, in a folder or in what stands for one.
#[derive(Debug, Clone)]
pub struct Spool<F: Files = Folder> {
    files: F,
}

/// What a device has brought of a blob so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Partial {
    /// The blob.
    pub blob: Hash,
    /// Who brings it.
    pub device: DeviceId,
    /// The device whose entry names it.
    pub of: DeviceId,
    /// How many bytes it has when it is whole.
    pub bytes: u64,
}

/// Why a piece is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Nothing was begun under that name.
    #[error("nothing was begun under that name")]
    NotBegun,
    /// The piece does not begin where the partial ends.
    #[error("the piece begins at byte {found}, the partial has {have}")]
    Offset {
        /// Where it begins.
        found: u64,
        /// Where it should.
        have: u64,
    },
    /// More bytes than were announced.
    #[error("more bytes than the {0} that were announced")]
    TooMany(u64),
    /// The whole is not what its name says. The partial is gone.
    #[error("the bytes are not those of that name; they are dropped, begin again")]
    OtherBytes,
    /// As the disk answers.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Partials.
    pub partials: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Spool {
    /// Opens the spool, and makes its folder.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Folder::make(folder).map(Self::over)
    }
}

/// Returns the file of a partial. All names are hex digits of fixed length: none leads out of the folder.
fn name(partial: &Partial) -> String {
    format!("{}-{}-{}{SUFFIX}", partial.blob, partial.device, partial.of)
}

impl<F: Files> Spool<F> {
    /// Returns the spool in these files.
    pub fn over(files: F) -> Self {
        Self { files }
    }

    /// Begins a partial, if it was not begun. Returns how many bytes of it have arrived.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn begin(&self, partial: &Partial) -> io::Result<u64> {
        self.files.make(&name(partial))?;
        Ok(self.offset(partial)?.unwrap_or(0))
    }

    /// Returns how many bytes of it have arrived; `None` if it was not begun, or is gone.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn offset(&self, partial: &Partial) -> io::Result<Option<u64>> {
        Ok(self.files.bytes(&name(partial))?.map(|bytes| bytes.min(partial.bytes)))
    }

    /// Adds a piece that begins at byte `at`. Call [`Self::flush`] before its end is told to anybody. Returns the new offset.
    /// What is gone by now, because its blob was erased, does not come back.
    ///
    /// # Errors
    /// The partial was not begun; the piece does not begin where it ends, or goes beyond its end; as the disk answers.
    pub fn append(&self, partial: &Partial, at: u64, piece: &[u8]) -> Result<u64, SpoolError> {
        let have = self.offset(partial)?.ok_or(SpoolError::NotBegun)?;
        if at != have {
            return Err(SpoolError::Offset { found: at, have });
        }
        let end = at.saturating_add(piece.len() as u64);
        if end > partial.bytes || end > BLOB_BYTES_MAX as u64 {
            return Err(SpoolError::TooMany(partial.bytes));
        }
        self.files.write(&name(partial), at, piece)?;
        Ok(end)
    }

    /// Makes what has arrived durable.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn flush(&self, partial: &Partial) -> io::Result<()> {
        self.files.sync(&name(partial))
    }

    /// Reads a partial that is whole. Its bytes are those of its name.
    ///
    /// # Errors
    /// [`SpoolError::OtherBytes`] if they are not: then the partial is gone. [`SpoolError::Offset`] if some are missing; as
    /// the disk answers.
    pub fn whole(&self, partial: &Partial) -> Result<Vec<u8>, SpoolError> {
        let have = self.offset(partial)?.ok_or(SpoolError::NotBegun)?;
        if have != partial.bytes {
            return Err(SpoolError::Offset { found: have, have: partial.bytes });
        }
        let bytes = self.files.read(&name(partial), partial.bytes)?;
        if Hash(Sha256::digest(&bytes).into()) != partial.blob {
            self.drop(partial)?;
            return Err(SpoolError::OtherBytes);
        }
        Ok(bytes)
    }

    /// Returns the partials that are whole: a process ended between the last piece and the store.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn all_whole(&self) -> io::Result<Vec<Partial>> {
        let mut found = Vec::new();
        for file in self.files.list()? {
            let Some(partial) = partial_named(&file.name, file.bytes) else { continue };
            if file.bytes <= BLOB_BYTES_MAX as u64
                && Hash(Sha256::digest(self.files.read(&file.name, file.bytes)?).into()) == partial.blob
            {
                found.push(partial);
            }
        }
        Ok(found)
    }

    /// Deletes a partial: its blob is in the store, or is to be forgotten.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn drop(&self, partial: &Partial) -> io::Result<()> {
        self.files.remove(&name(partial))
    }

    /// Deletes every partial of a blob, whoever brings it.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn forget(&self, blob: &Hash) -> io::Result<()> {
        let begins = format!("{blob}-");
        for file in self.files.list()?.iter().filter(|file| file.name.starts_with(&begins)) {
            self.files.remove(&file.name)?;
        }
        self.files.sync_names()
    }

    /// Deletes the partials that did not grow for so long; a rehearsal only counts them.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn sweep(&self, now: SystemTime, idle: Duration, is_rehearsal: bool) -> io::Result<Swept> {
        let mut swept = Swept::default();
        for file in self.files.list()? {
            let is_idle = now.duration_since(file.changed).is_ok_and(|age| age > idle);
            if !is_idle || !file.name.ends_with(SUFFIX) {
                continue;
            }
            swept.partials += 1;
            swept.bytes += file.bytes;
            if !is_rehearsal {
                self.files.remove(&file.name)?;
            }
        }
        Ok(swept)
    }

    /// Returns how many bytes wait here.
    ///
    /// # Errors
    /// As the disk answers.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(self.files.list()?.iter().map(|file| file.bytes).sum())
    }
}

fn partial_named(name: &str, bytes: u64) -> Option<Partial> {
    let mut parts = name.strip_suffix(SUFFIX)?.split('-');
    let (blob, device, of) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Partial { blob: blob.parse().ok()?, device: device.parse().ok()?, of: of.parse().ok()?, bytes })
}

#[cfg(test)]
mod tests {
    use super::{Partial, Spool, SpoolError, Swept};
    use sha2::{Digest as _, Sha256};
    use std::time::{Duration, SystemTime};
    use sync_core::id::{DeviceId, Hash};

    const DEVICE: DeviceId = DeviceId([7; 16]);

    fn partial(bytes: &[u8]) -> Partial {
        Partial {
            blob: Hash(Sha256::digest(bytes).into()),
            device: DEVICE,
            of: DEVICE,
            bytes: bytes.len() as u64,
        }
    }

    #[test]
    fn a_blob_arrives_in_pieces_and_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let one = partial(&bytes);
        assert_eq!(spool.offset(&one).unwrap(), None);
        assert!(matches!(spool.append(&one, 0, b"x"), Err(SpoolError::NotBegun)));
        assert_eq!((spool.begin(&one).unwrap(), spool.offset(&one).unwrap()), (0, Some(0)));
        assert_eq!(spool.append(&one, 0, &bytes[..40_000]).unwrap(), 40_000);
        assert_eq!(spool.begin(&one).unwrap(), 40_000, "begun twice is begun once");
        spool.flush(&one).unwrap();
        let again = Spool::open(folder.path()).unwrap();
        assert_eq!(again.offset(&one).unwrap(), Some(40_000));
        assert!(matches!(
            again.append(&one, 0, &bytes[..9]),
            Err(SpoolError::Offset { found: 0, have: 40_000 })
        ));
        assert!(matches!(again.whole(&one), Err(SpoolError::Offset { .. })));
        again.append(&one, 40_000, &bytes[40_000..]).unwrap();
        assert_eq!((again.whole(&one).unwrap(), again.all_whole().unwrap()), (bytes, vec![one]));
        again.drop(&one).unwrap();
        assert_eq!(again.offset(&one).unwrap(), None);
    }

    #[test]
    fn wrong_bytes_are_dropped_and_nobody_goes_on_with_anothers() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let one = partial(b"good");
        let other = Partial { device: DeviceId([8; 16]), ..one };
        spool.begin(&one).unwrap();
        spool.append(&one, 0, b"evil").unwrap();
        assert_eq!(spool.offset(&other).unwrap(), None, "another device sees nothing of it");
        spool.begin(&other).unwrap();
        assert!(matches!(spool.append(&other, 0, b"goods"), Err(SpoolError::TooMany(4))));
        assert!(matches!(spool.whole(&one), Err(SpoolError::OtherBytes)));
        assert_eq!(spool.offset(&one).unwrap(), None, "it begins again");
    }

    #[test]
    fn what_does_not_grow_is_swept_after_a_rehearsal() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        spool.begin(&partial(b"good")).unwrap();
        spool.append(&partial(b"good"), 0, b"go").unwrap();
        let (soon, later) = (Duration::from_secs(1), SystemTime::now() + Duration::from_secs(60));
        let all = Swept { partials: 1, bytes: 2 };
        assert_eq!(spool.sweep(SystemTime::now(), Duration::from_secs(60), false).unwrap(), Swept::default());
        assert_eq!(spool.sweep(later, soon, true).unwrap(), all);
        assert_eq!((spool.bytes().unwrap(), spool.sweep(later, soon, false).unwrap()), (2, all));
        assert_eq!(spool.bytes().unwrap(), 0);
    }
}
