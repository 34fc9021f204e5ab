//! Wasm: the files, the clock and the randomness of a worker, and [`Core`](crate::core::Core) as its script calls it.

use std::cell::RefCell;
use std::io;

use js_sys::{Array, Date, Error as JsError, Function, JsString, Object, Reflect, Uint8Array};
use sync_core::id::BootId;
use sync_core::replica::Clocks;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::*;
use words::Lang;

use crate::core::{Core, CradleLine, Files, Shell};
use crate::exchange::Turn;
use crate::medium::Medium;
use crate::trouble::Trouble;

#[wasm_bindgen]
extern "C" {
    /// A file of the origin private file system that this worker owns.
    #[derive(Debug, Clone)]
    pub type FileSystemSyncAccessHandle;

    #[wasm_bindgen(method, catch)]
    fn read(this: &FileSystemSyncAccessHandle, into: &mut [u8], at: &Object) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn write(this: &FileSystemSyncAccessHandle, bytes: &[u8], at: &Object) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn flush(this: &FileSystemSyncAccessHandle) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn truncate(this: &FileSystemSyncAccessHandle, bytes: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = getSize)]
    fn get_size(this: &FileSystemSyncAccessHandle) -> Result<f64, JsValue>;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn monotonic_ms() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(into: &Uint8Array);
}

/// A file of the worker.
#[derive(Debug, Clone)]
struct OpfsFile {
    handle: FileSystemSyncAccessHandle,
    at: Object,
}

fn at_key() -> JsValue {
    JsValue::from_str("at")
}

/// What the browser says, as the system would say it.
fn said(error: &JsValue) -> io::Error {
    let name = Reflect::get(error, &JsValue::from_str("name")).ok().and_then(|name| name.as_string());
    let message = error.dyn_ref::<JsError>().map(|error| String::from(error.message())).unwrap_or_default();
    match name.as_deref() {
        Some("QuotaExceededError") => io::Error::new(io::ErrorKind::StorageFull, message),
        Some(name) => io::Error::other(format!("{name}: {message}")),
        None => io::Error::other(message),
    }
}

/// Bytes as the browser counts them; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "files are far smaller than 2^53 bytes")]
fn number(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
fn count(bytes: f64) -> u64 {
    bytes as u64
}

impl OpfsFile {
    fn new(handle: FileSystemSyncAccessHandle) -> Self {
        Self { handle, at: Object::new() }
    }

    fn at(&self, offset: u64) -> io::Result<&Object> {
        Reflect::set(&self.at, &at_key(), &JsValue::from_f64(number(offset)))
            .map_err(|error| said(&error))?;
        Ok(&self.at)
    }
}

impl Medium for OpfsFile {
    fn len(&self) -> io::Result<u64> {
        self.handle.get_size().map(count).map_err(|error| said(&error))
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let read = self.handle.read(into, self.at(offset)?).map_err(|error| said(&error))?;
        if count(read) == into.len() as u64 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let written = self.handle.write(bytes, self.at(offset)?).map_err(|error| said(&error))?;
        if count(written) == bytes.len() as u64 { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.handle.truncate(number(bytes)).map_err(|error| said(&error))
    }

    fn flush(&self) -> io::Result<()> {
        self.handle.flush().map_err(|error| said(&error))
    }
}

struct WorkerShell {
    boot: BootId,
}

impl Shell for WorkerShell {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds")]
    fn clocks(&self) -> Clocks {
        let drawn = Uint8Array::new_with_length(32);
        fill_random(&drawn);
        let mut entropy = [0; 32];
        drawn.copy_to(&mut entropy);
        Clocks { now_ms: Date::now() as i64, boot: self.boot, monotonic_ms: monotonic_ms() as u64, entropy }
    }
}

/// A device in this worker.
#[wasm_bindgen(js_name = Core)]
pub struct App {
    core: RefCell<Core<OpfsFile>>,
}

fn cradle_line(entry: &JsValue) -> Option<CradleLine> {
    let member = |name: &str| Reflect::get(entry, &JsValue::from_str(name)).ok();
    let number = member("number")?.as_f64().map(count)?;
    let line = member("line")?.dyn_into::<Uint8Array>().ok()?.to_vec();
    Some(CradleLine { number, line })
}

fn object(pairs: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in pairs {
        // A new object takes any member.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

#[wasm_bindgen(js_class = Core)]
impl App {
    /// Opens the device in these files. `cradle` is an array of `{number, line}`, in order; `boot` are 8 bytes that are drawn
    /// once for the worker's life; `progress` is called with the line that is folded, and the last one.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::too_many_arguments, reason = "each file is one")]
    pub fn open(
        journal: FileSystemSyncAccessHandle,
        photos: FileSystemSyncAccessHandle,
        index: FileSystemSyncAccessHandle,
        names: FileSystemSyncAccessHandle,
        cradle: &Array,
        boot: &[u8],
        lang: &str,
        progress: &Function,
    ) -> Result<App, JsString> {
        let lang = Lang::of_tag(lang);
        let failed = |trouble: &Trouble| thrown(trouble, lang);
        let files = Files {
            journal: OpfsFile::new(journal),
            index: OpfsFile::new(index),
            photos: OpfsFile::new(photos),
            names: OpfsFile::new(names),
        };
        let lines: Option<Vec<CradleLine>> = cradle.iter().map(|entry| cradle_line(&entry)).collect();
        let lines = lines.ok_or_else(|| failed(&Trouble::bad_call("cradle")))?;
        let boot = boot.try_into().map_err(|_| failed(&Trouble::bad_call("boot")))?;
        let shell = Box::new(WorkerShell { boot: BootId(boot) });
        let mut tell = |done: u64, last: u64| {
            // Who shows progress may fail to: the work goes on.
            let _ = progress.call2(&JsValue::NULL, &number(done).into(), &number(last).into());
        };
        let mut core = Core::open(files, &lines, shell, &mut tell).map_err(|trouble| failed(&trouble))?;
        core.set_lang(lang);
        Ok(Self { core: RefCell::new(core) })
    }

    /// Chooses the language of messages: `es` or `en`.
    pub fn set_lang(&self, lang: &str) {
        self.core.borrow_mut().set_lang(Lang::of_tag(lang));
    }

    fn with<T>(&self, ask: impl FnOnce(&mut Core<OpfsFile>) -> Result<T, Trouble>) -> Result<T, JsString> {
        let mut core = self.core.borrow_mut();
        let lang = core.lang;
        ask(&mut core).map_err(|trouble| thrown(&trouble, lang))
    }

    /// Does what the page asks for; JSON in and out. Throws JSON with `code`, `message` and `hint`.
    pub fn call(&self, name: &str, args: &str) -> Result<String, JsString> {
        self.with(|core| core.call(name, args))
    }

    /// Begins an exchange; returns what to do next, an object with `do` and, where there are any, `bytes`.
    pub fn begin(&self, asked: &str) -> Result<JsValue, JsString> {
        self.with(|core| core.begin(asked).and_then(shown))
    }

    /// Goes on with an exchange.
    pub fn step(&self, said: &str, bytes: Option<Vec<u8>>) -> Result<JsValue, JsString> {
        self.with(|core| core.step(said, bytes.unwrap_or_default()).and_then(shown))
    }

    /// Returns the lines that were appended since this was last asked, as `{number, line}`.
    pub fn take_lines(&self) -> Array {
        let lines = self.core.borrow_mut().take_lines();
        let shown = |CradleLine { number: at, line }: &CradleLine| {
            object(&[("number", number(*at).into()), ("line", Uint8Array::from(&line[..]).into())])
        };
        lines.iter().map(shown).collect()
    }

    /// Keeps a picture; returns its name.
    pub fn keep_photo(&self, bytes: &[u8]) -> Result<String, JsString> {
        self.with(|core| core.keep_photo(bytes))
    }

    /// Returns a picture that is here.
    pub fn photo(&self, sha256: &str) -> Result<Option<Uint8Array>, JsString> {
        let found = self.with(|core| core.photo(sha256))?;
        Ok(found.map(|bytes| Uint8Array::from(&bytes[..])))
    }

    /// Begins a bundle: returns what is to be signed, as `{key, bytes}`.
    pub fn bundle_begin(&self) -> Result<Array, JsString> {
        let asks = self.with(Core::bundle_begin)?;
        let shown = |(key, digest): &(String, sync_core::id::Hash)| {
            object(&[("key", JsValue::from_str(key)), ("bytes", Uint8Array::from(&digest.0[..]).into())])
        };
        Ok(asks.iter().map(shown).collect())
    }

    /// Returns the bundle; `signatures` are the signatures of 64 bytes, one after another.
    pub fn bundle(&self, signatures: &[u8], photos: bool) -> Result<Uint8Array, JsString> {
        let (signatures, rest) = signatures.as_chunks::<64>();
        let bytes = self.with(|core| {
            if rest.is_empty() {
                core.bundle(signatures.to_vec(), photos)
            } else {
                Err(Trouble::bad_call("a signature has 64 bytes"))
            }
        })?;
        Ok(Uint8Array::from(&bytes[..]))
    }

    /// Takes a bundle in; returns what it brought, as JSON.
    pub fn bundle_import(&self, bytes: &[u8]) -> Result<String, JsString> {
        self.with(|core| core.bundle_import(bytes)).map(|counts| counts.to_string())
    }

    /// Closes the index; the files are the worker's to close.
    pub fn close(self) -> Result<(), JsString> {
        let core = self.core.into_inner();
        let lang = core.lang;
        core.close().map_err(|trouble| thrown(&trouble, lang))
    }

    /// Returns the public half of a seed's key, where the browser has no Ed25519 of its own.
    pub fn public_of_seed(seed: &[u8]) -> Option<Vec<u8>> {
        let seed: [u8; 32] = seed.try_into().ok()?;
        Some(sync_core::crypto::SecretKey::from_seed(&seed).public().0.to_vec())
    }

    /// Signs a digest with a seed's key.
    pub fn sign_with_seed(seed: &[u8], digest: &[u8]) -> Option<Vec<u8>> {
        let (seed, digest): ([u8; 32], _) = (seed.try_into().ok()?, sync_core::id::Hash::from_slice(digest)?);
        Some(sync_core::crypto::SecretKey::from_seed(&seed).sign_digest(&digest).bytes.to_vec())
    }
}

fn thrown(trouble: &Trouble, lang: Lang) -> JsString {
    serde_json::to_string(&trouble.said(lang)).unwrap_or_else(|_| trouble.code.clone()).into()
}

/// The next thing to do as an object, with its bytes beside.
fn shown((next, bytes): Turn) -> Result<JsValue, Trouble> {
    let bad = |detail: String| Trouble::bad_call(&detail);
    let next = serde_json::to_string(&next).map_err(|error| bad(error.to_string()))?;
    let next = js_sys::JSON::parse(&next).map_err(|_| bad("what comes next is no JSON".into()))?;
    let bytes = JsValue::from(Uint8Array::from(&bytes[..]));
    Reflect::set(&next, &JsValue::from_str("bytes"), &bytes).map_err(|_| bad("bytes".into()))?;
    Ok(next)
}
