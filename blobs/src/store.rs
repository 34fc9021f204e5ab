//! Store: whole blobs by content address. A blob is written once, under the name that its bytes have, and is the same for
//! ever; so nothing here needs a comparison, a version or a lock, which a folder and a bucket do not offer alike.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig};
use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::limits::BLOB_BYTES_MAX;
use url::Url;

/// The folder of a bucket, or of the data, under which blobs lie.
const ROOT: &str = "blobs";
/// What is written to see whether anything can be.
const PROBE: &str = "probe";

/// How long a bucket may take: to be reached, to answer, and with all tries together.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const RETRY_WITHIN: Duration = Duration::from_secs(15);
/// Further tries of a request to a bucket.
const RETRIES_MAX: usize = 2;

/// Where blobs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// In a bucket that speaks S3. Keys and region come from the environment, as every S3 tool reads them.
    Bucket(Url),
}

/// Why a blob is not kept or not read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none of that name.
    #[error("there is no blob of that name")]
    Missing,
    /// What lies there is not what its name says.
    #[error("the blob is damaged where it is kept")]
    Damaged,
    /// The store cannot be reached, or refuses.
    #[error("blobs cannot be kept or read now: {0}")]
    Away(String),
    /// The setting names no place.
    #[error("{0}")]
    Setting(String),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Away(other.to_string()),
        }
    }
}

/// Whole blobs.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    /// Where it lies on this machine, if it does.
    folder: Option<PathBuf>,
}

/// Returns where a blob lies: `blobs/ab/cd/<64 hex digits>`.
fn key(blob: &Hash) -> Key {
    let name = blob.to_string();
    Key::from_iter([ROOT, &name[..2], &name[2..4], &name])
}

/// Returns the blob that lies at a place; `None` for a foreign file.
fn blob_at(key: &Key) -> Option<Hash> {
    key.filename().and_then(|name| name.parse().ok()).filter(|blob| self::key(blob) == *key)
}

impl Place {
    /// Reads a setting: a folder, or `s3://BUCKET[/FOLDER]`.
    ///
    /// # Errors
    /// It is another address.
    pub fn parse(setting: &str) -> Result<Self, StoreError> {
        match Url::parse(setting) {
            Ok(url) if url.scheme() == "s3" && url.has_host() => Ok(Self::Bucket(url)),
            Ok(url) if url.has_host() => {
                let scheme = url.scheme();
                Err(StoreError::Setting(format!(
                    "{scheme}:// is no place for blobs: a folder, or s3://BUCKET"
                )))
            }
            _ => Ok(Self::Folder(setting.into())),
        }
    }
}

impl Store {
    /// Opens a store.
    ///
    /// # Errors
    /// The folder cannot be made, or what the environment says of the bucket makes no sense.
    pub fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Folder(folder) => Self::in_folder(folder),
            Place::Bucket(url) => Self::in_bucket(url, &|name| std::env::var(name).ok()),
        }
    }

    fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let made = std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Away(error.to_string()))
            .and_then(|()| Ok(LocalFileSystem::new_with_prefix(folder)?));
        // A blob that was told to be kept is on the disk: this is off by default.
        Ok(Self { inner: Arc::new(made?.with_fsync(true)), folder: Some(folder.to_owned()) })
    }

    /// Opens a bucket; `variable` reads the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`,
    /// `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`, …).
    ///
    /// # Errors
    /// What the environment says makes no sense.
    pub fn in_bucket(url: &Url, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, StoreError> {
        const VARIABLES: [&str; 7] = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_REGION",
            "AWS_ENDPOINT",
            "AWS_ALLOW_HTTP",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
        ];
        // Without one the client of the bucket panics, with TLS or without. One that is there already stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Devices wait for the answer, and try again by themselves.
        let retry =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_WITHIN, ..RetryConfig::default() };
        let client = ClientOptions::new().with_connect_timeout(CONNECT_WITHIN).with_timeout(ANSWER_WITHIN);
        let mut builder = AmazonS3Builder::new().with_url(url.as_str()).with_retry(retry);
        // Before the variables: they add to these.
        builder = builder.with_client_options(client);
        for name in VARIABLES {
            let known = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
            if let (Some(value), Ok(known)) = (variable(name), known) {
                builder = builder.with_config(known, value);
            }
        }
        let bucket = builder.build().map_err(|error| StoreError::Setting(error.to_string()))?;
        let folder = Key::from(url.path());
        let inner: Arc<dyn ObjectStore> = match folder.as_ref() {
            "" => Arc::new(bucket),
            _ => Arc::new(object_store::prefix::PrefixStore::new(bucket, folder)),
        };
        Ok(Self { inner, folder: None })
    }

    /// Returns a store that forgets all when it is dropped, for tests and for a server that keeps nothing.
    pub fn in_memory() -> Self {
        Self { inner: Arc::new(InMemory::new()), folder: None }
    }

    /// Returns a store over these objects, for who brings a store of another kind. What it keeps must be durable when it
    /// says so, and whole or not there.
    pub fn over(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, folder: None }
    }

    /// Keeps a blob. When this returns it is durable. Keeping one that is there already changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the bytes are not those of that name; the store cannot be reached.
    pub async fn put(&self, blob: &Hash, bytes: Bytes) -> Result<(), StoreError> {
        if !is_of(blob, &bytes) {
            return Err(StoreError::Damaged);
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.inner.put_opts(&key(blob), bytes.into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => self.sync_names(blob).await,
            // What is missing here is the bucket.
            Err(error) => Err(StoreError::Away(error.to_string())),
        }
    }

    /// Makes the names that lead to a blob in a folder durable. The library does so for those that it makes; what it finds may
    /// have been made by a program that was killed before that.
    async fn sync_names(&self, blob: &Hash) -> Result<(), StoreError> {
        let Some(root) = self.folder.clone() else { return Ok(()) };
        let path = root.join(key(blob).as_ref());
        let synced = tokio::task::spawn_blocking(move || {
            let between = path.ancestors().skip(1).take_while(|folder| *folder != root);
            between.chain([root.as_path()]).try_for_each(|folder| File::open(folder)?.sync_all())
        });
        let synced = synced.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        synced.map_err(|error| StoreError::Away(error.to_string()))
    }

    /// Reads a blob. Its bytes are those of its name.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Damaged`] if something else lies there; the store cannot be reached.
    pub async fn get(&self, blob: &Hash) -> Result<Bytes, StoreError> {
        let found = self.inner.get(&key(blob)).await?;
        if found.meta.size > BLOB_BYTES_MAX as u64 {
            return Err(StoreError::Damaged);
        }
        let bytes = found.bytes().await?;
        if is_of(blob, &bytes) { Ok(bytes) } else { Err(StoreError::Damaged) }
    }

    /// Returns how many bytes a blob has; `None` if there is none.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn size(&self, blob: &Hash) -> Result<Option<u64>, StoreError> {
        match self.inner.head(&key(blob)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a blob for good. Deleting one that is not there changes nothing.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn delete(&self, blob: &Hash) -> Result<(), StoreError> {
        match self.inner.delete(&key(blob)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Tries whether something can be kept: it writes an empty file of its own, which is no blob.
    ///
    /// # Errors
    /// It cannot.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let key = Key::from_iter([ROOT, PROBE]);
        let put = self.inner.put(&key, Bytes::new().into()).await;
        put.map(drop).map_err(|error| StoreError::Away(error.to_string()))
    }

    /// Calls `visit` with each blob, its bytes and the milliseconds since 1970 at which it was kept. Foreign files are passed
    /// over.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn each(&self, mut visit: impl FnMut(Hash, u64, i64)) -> Result<(), StoreError> {
        let mut listed = self.inner.list(Some(&Key::from(ROOT)));
        while let Some(found) = listed.try_next().await? {
            if let Some(blob) = blob_at(&found.location) {
                visit(blob, found.size, found.last_modified.timestamp_millis());
            }
        }
        Ok(())
    }
}

fn is_of(blob: &Hash, bytes: &[u8]) -> bool {
    Hash(Sha256::digest(bytes).into()) == *blob
}

#[cfg(test)]
mod tests {
    use super::{Place, Store, StoreError};
    use crate::conformance;

    #[tokio::test]
    async fn a_folder_and_memory_do_what_a_store_must() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::parse(folder.path().to_str().unwrap()).unwrap();
        conformance::run(&|| Store::open(&place).unwrap()).await;
        let memory = Store::in_memory();
        conformance::run(&|| memory.clone()).await;
    }

    #[tokio::test]
    #[ignore = "needs a bucket: cargo xtask interop s3"]
    async fn a_bucket_does_what_a_store_must() {
        let place = Place::parse(&std::env::var("CUADRILLA_BLOBS").unwrap()).unwrap();
        conformance::run(&|| Store::open(&place).unwrap()).await;
    }

    #[tokio::test]
    async fn a_bucket_that_cannot_be_reached_is_away_with_tls_and_without() {
        for endpoint in ["https://127.0.0.1:1", "http://127.0.0.1:1"] {
            let variable = |name: &str| match name {
                "AWS_ENDPOINT" => Some(endpoint.to_owned()),
                "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("x".to_owned()),
                "AWS_ALLOW_HTTP" => Some("true".to_owned()),
                _ => None,
            };
            let store = Store::in_bucket(&"s3://evidencia".parse().unwrap(), &variable).unwrap();
            assert!(matches!(store.probe().await, Err(StoreError::Away(_))), "{endpoint}");
        }
    }

    #[test]
    fn a_setting_is_a_folder_or_a_bucket() {
        assert!(matches!(Place::parse("/var/lib/cuadrilla/blobs"), Ok(Place::Folder(_))));
        assert!(matches!(Place::parse("s3://evidencia/mezquitic"), Ok(Place::Bucket(_))));
        assert!(Place::parse("https://evidencia.example/x").is_err());
    }
}
