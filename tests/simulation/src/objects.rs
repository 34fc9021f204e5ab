//! Objects: a server's spool and its store of photos on the simulated disk. The spool and the store themselves are the
//! production ones; this is what lies under them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use blobs::{Files, Listed};
use chrono::DateTime;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use store_disk::simulation::Disk as _;

use crate::disk::SimDisk;

/// Where whole ones lie: what the store writes is under it.
pub const STORE: &str = "/whole";
const SPOOL: &str = "/spool";

/// A server's photos on its disk.
#[derive(Clone)]
pub struct Objects {
    disk: SimDisk,
    times: Arc<Mutex<Times>>,
    /// Whether it waits until what it keeps is durable. It does, but for a mistake.
    waits: bool,
}

#[derive(Default)]
struct Times {
    now_ms: i64,
    changed: BTreeMap<PathBuf, i64>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated")
    }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated")
    }
}

fn failed(error: io::Error) -> Error {
    Error::Generic { store: "simulated", source: error.into() }
}

fn missing(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, name.to_owned())
}

impl Objects {
    /// Those on a disk.
    pub fn on(disk: SimDisk, waits: bool) -> Self {
        Self { disk, times: Arc::default(), waits }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the clock by which files are dated.
    pub fn set_clock(&self, now_ms: i64) {
        self.times().now_ms = now_ms;
    }

    fn date(&self, path: &Path) {
        let mut times = self.times();
        let now_ms = times.now_ms;
        times.changed.insert(path.to_owned(), now_ms);
    }

    fn changed_ms(&self, path: &Path) -> i64 {
        self.times().changed.get(path).copied().unwrap_or(0)
    }

    fn meta(&self, key: &Key, bytes: usize) -> ObjectMeta {
        let changed = self.changed_ms(&path_of(key));
        ObjectMeta {
            location: key.clone(),
            last_modified: DateTime::from_timestamp_millis(changed).unwrap_or_default(),
            size: bytes as u64,
            e_tag: None,
            version: None,
        }
    }

    /// Forgets what has not arrived whole: no backup has it.
    pub fn empty_spool(&self) {
        self.disk.replace_under(Path::new(SPOOL), &BTreeMap::new());
    }
}

fn path_of(key: &Key) -> PathBuf {
    Path::new(STORE).join(key.as_ref())
}

fn spooled(name: &str) -> PathBuf {
    Path::new(SPOOL).join(name)
}

impl Files for Objects {
    fn make(&self, name: &str) -> io::Result<()> {
        match self.disk.create(&spooled(name)) {
            Ok(_) => {
                self.date(&spooled(name));
                self.sync_names()
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn bytes(&self, name: &str) -> io::Result<Option<u64>> {
        Ok(self.disk.whole(&spooled(name))?.map(|bytes| bytes.len() as u64))
    }

    fn write(&self, name: &str, at: u64, piece: &[u8]) -> io::Result<()> {
        let file = self.disk.open(&spooled(name), true)?;
        if file.len()? != at {
            file.set_len(at)?;
        }
        self.date(&spooled(name));
        file.write_all_at(piece, at)
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.disk.open(&spooled(name), true)?.sync()
    }

    fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = self.disk.whole(&spooled(name))?.ok_or_else(|| missing(name))?;
        bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.disk.remove(&spooled(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync_names(&self) -> io::Result<()> {
        self.disk.sync_folder(Path::new(SPOOL))
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let files = self.disk.under(Path::new(SPOOL)).into_iter();
        let listed = files.map(|(path, bytes)| Listed {
            name: path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default(),
            bytes: bytes.len() as u64,
            changed: time(self.changed_ms(&path)),
        });
        Ok(listed.collect())
    }
}

/// A moment as the system says it.
pub fn time(ms: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

#[async_trait]
impl ObjectStore for Objects {
    async fn put_opts(&self, key: &Key, payload: PutPayload, _: PutOptions) -> Result<PutResult> {
        let path = path_of(key);
        if self.disk.whole(&path).map_err(failed)?.is_some() {
            let source = io::Error::from(io::ErrorKind::AlreadyExists).into();
            return Err(Error::AlreadyExists { path: key.to_string(), source });
        }
        let bytes: Vec<u8> = payload.iter().flat_map(|part| part.to_vec()).collect();
        self.disk.keep_whole(&path, &bytes, self.waits).map_err(failed)?;
        self.date(&path);
        Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
    }

    async fn put_multipart_opts(&self, _: &Key, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(failed(io::ErrorKind::Unsupported.into()))
    }

    async fn get_opts(&self, key: &Key, _: GetOptions) -> Result<GetResult> {
        let found = self.disk.whole(&path_of(key)).map_err(failed)?;
        let bytes = found
            .ok_or_else(|| Error::NotFound { path: key.to_string(), source: missing(key.as_ref()).into() })?;
        let (meta, range) = (self.meta(key, bytes.len()), 0..bytes.len() as u64);
        let payload = GetResultPayload::Stream(stream::iter([Ok(bytes.into())]).boxed());
        Ok(GetResult { payload, meta, range, attributes: Default::default(), extensions: Default::default() })
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        let disk = self.disk.clone();
        let delete = move |key: Result<Key>| {
            let key = key?;
            match disk.remove(&path_of(&key)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(key),
            }
        };
        keys.map(delete).boxed()
    }

    fn list(&self, _: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        let files = self.disk.under(Path::new(STORE));
        let found = files.iter().filter_map(|(path, bytes)| {
            let key = path.strip_prefix(STORE).ok()?.to_str()?;
            Some(Ok(self.meta(&Key::from(key), bytes.len())))
        });
        stream::iter(found.collect::<Vec<_>>()).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Key>) -> Result<ListResult> {
        Err(failed(io::ErrorKind::Unsupported.into()))
    }

    async fn copy_opts(&self, _: &Key, _: &Key, _: CopyOptions) -> Result<()> {
        Err(failed(io::ErrorKind::Unsupported.into()))
    }
}
