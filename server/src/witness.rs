//! Witness: pushes the day's kept checkpoint to a C2SP `tlog-witness`, and keeps what it cosigned. A witness signs only
//! what goes on from all it signed before, so a day that it signed cannot be rewritten later.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use sync_core::link::is_private;
use sync_core::log::checkpoint::cosign::{submission, take_cosignature, verify_cosignature, witness_name};
use sync_core::log::checkpoint::{self, Signed};
use sync_core::log::merkle::{prove_consistency, root};
use sync_core::rows::RowsError;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use crate::alarm::Alarm;
use crate::app_state::{AppState, SharedRows};
use crate::config::{WITNESS_BYTES_MAX, WITNESS_CONNECT, WITNESS_TOTAL};
use crate::kept;
use crate::whole;

/// The last part of the address, as `tlog-witness` has it.
const CALL: &str = "/add-checkpoint";
/// What a witness declares the size as that it cosigned last.
const SIZE_TYPE: &str = "text/x.tlog.size";
/// Ending of a cosigned checkpoint's file, after its day.
const ENDING: &str = ".cosigned.txt";
/// Most hashes that `tlog-witness` lets a proof have.
const HASHES_MAX: usize = 63;

/// The setting: the address and the key, with a space between; or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setting(Option<Asked>);

/// Which witness is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    url: String,
    verifier: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let (url, verifier) =
            text.trim().split_once(' ').ok_or("URL KEY: the witness's address and its key")?;
        let (url, verifier) = (url.trim_end_matches('/'), verifier.trim());
        if !is_private(url) || url.contains(['?', '#', '@']) {
            return Err(format!("{url}: https://…, or http:// to this machine"));
        }
        if witness_name(verifier).is_none() {
            return Err(format!(
                "{verifier}: no verifier key of a witness (NAME+ID+KEY, Ed25519 cosignature)"
            ));
        }
        let url = url.strip_suffix(CALL).unwrap_or(url).to_owned();
        Ok(Self(Some(Asked { url, verifier: verifier.to_owned() })))
    }
}

impl Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Asked { url, verifier }) => write!(f, "{url} {verifier}"),
            None => Ok(()),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Setting {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Setting {
    /// Returns whether a witness is asked for.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

/// Why there is no cosignature.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// The witness does not answer, or not now, or not as one.
    Away(String),
    /// It does not cosign, or this ledger is not what it cosigned.
    Refused(String),
    /// This server's disk or index.
    Here(String),
}

impl From<RowsError> for Trouble {
    fn from(error: RowsError) -> Self {
        Self::Here(error.to_string())
    }
}

/// The witness of a service, and the newest checkpoint that it cosigned.
pub struct Witness {
    asked: Asked,
    folder: PathBuf,
    log_verifier: String,
    agent: Agent,
    newest: RwLock<Option<Cosigned>>,
}

/// A checkpoint with the witness's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// The whole note.
    pub note: Arc<str>,
    entries: u64,
    time_s: u64,
}

/// An answer of the witness.
struct Answer {
    status: u16,
    kind: String,
    body: String,
}

impl Witness {
    /// Returns the witness of the setting, with what its folder holds of it already; `None` if none is asked for.
    pub fn new(setting: &Setting, folder: &Path, log_verifier: &str) -> Option<Self> {
        let asked = setting.0.clone()?;
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls)
            .user_agent(concat!("cuadrilla-server/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(WITNESS_CONNECT))
            .timeout_global(Some(WITNESS_TOTAL))
            .build();
        let witness = Self {
            asked,
            folder: folder.to_owned(),
            log_verifier: log_verifier.to_owned(),
            agent: Agent::new_with_config(config),
            newest: RwLock::default(),
        };
        let found = kept::days(folder, ENDING).unwrap_or_default().into_iter().rev();
        let newest = found.filter_map(|path| witness.read(&path)).next();
        *witness.newest.write().unwrap_or_else(PoisonError::into_inner) = newest;
        Some(witness)
    }

    /// Returns the newest checkpoint that this witness cosigned.
    pub fn newest(&self) -> Option<Cosigned> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a kept file if it is a checkpoint of this log that this witness cosigned.
    fn read(&self, path: &Path) -> Option<Cosigned> {
        let signed = self.open(path).ok()?;
        let time_s = verify_cosignature(&signed.note, &self.asked.verifier).ok()?;
        Some(Cosigned { note: signed.note.into(), entries: signed.anchor.size, time_s })
    }

    fn open(&self, path: &Path) -> Result<Signed, String> {
        let note = kept::read(path).map_err(|error| error.to_string())?;
        checkpoint::open(&note, &self.log_verifier)
    }

    /// Brings the newest kept checkpoint to the witness, unless it has cosigned it.
    fn push(&self, rows: &SharedRows, entries: u64) -> Result<(), Trouble> {
        let here = |error: std::io::Error| Trouble::Here(error.to_string());
        let Some(path) = kept::days(&self.folder, kept::ENDING).map_err(here)?.pop() else { return Ok(()) };
        let signed = self.open(&path).map_err(Trouble::Here)?;
        let size = signed.anchor.size;
        let cosigned_path = kept::beside(&path, ENDING);
        if self.read(&cosigned_path).is_some_and(|cosigned| cosigned.entries == size) {
            return Ok(());
        }
        if size > entries || root(rows, size)? != signed.anchor.root {
            return Err(Trouble::Refused(format!("this ledger does not go on from {}", path.display())));
        }
        let answer = self.ask(rows, &signed)?;
        let (note, time_s) =
            take_cosignature(&signed, &answer, &self.asked.verifier).map_err(Trouble::Away)?;
        whole::write(&cosigned_path, note.as_bytes()).map_err(here)?;
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Cosigned { note: note.into(), entries: size, time_s });
        Ok(())
    }

    /// Returns the witness's lines. It says itself which size it cosigned last, if that is another than is known here.
    fn ask(&self, rows: &SharedRows, signed: &Signed) -> Result<String, Trouble> {
        let size = signed.anchor.size;
        let known = self.newest().map_or(0, |cosigned| cosigned.entries);
        // A ledger that is shorter than what was cosigned asks as one that was never seen, and is told so.
        let mut answer = self.post(rows, signed, if known > size { 0 } else { known })?;
        if answer.status == 409 && answer.kind == SIZE_TYPE {
            let last: u64 = answer.body.trim().parse().map_err(|_| odd(&answer))?;
            if last > size {
                let told = format!("it has cosigned {last} entries, and the checkpoint has {size}");
                return Err(Trouble::Refused(told));
            }
            if last != known {
                answer = self.post(rows, signed, last)?;
            }
        }
        match answer.status {
            200 => Ok(answer.body),
            403 => Err(Trouble::Refused("403: it does not know this log's key".into())),
            404 => Err(Trouble::Refused("404: it does not know this log, or the address is wrong".into())),
            409 => Err(Trouble::Refused("409: it has cosigned another history of as many entries".into())),
            422 => Err(Trouble::Refused("422: this ledger does not go on from what it has cosigned".into())),
            _ => Err(odd(&answer)),
        }
    }

    fn post(&self, rows: &SharedRows, signed: &Signed, old: u64) -> Result<Answer, Trouble> {
        let proof = prove_consistency(rows, old, signed.anchor.size)?;
        if proof.len() > HASHES_MAX {
            return Err(Trouble::Here(format!("a proof of {} hashes", proof.len())));
        }
        let away = |error: ureq::Error| Trouble::Away(error.to_string());
        let asked = self.agent.post(format!("{}{CALL}", self.asked.url)).header("Content-Type", "text/plain");
        let mut response = asked.send(submission(old, &proof, &signed.note)).map_err(away)?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_owned();
        let body =
            response.body_mut().with_config().limit(WITNESS_BYTES_MAX).read_to_string().map_err(away)?;
        Ok(Answer { status: response.status().as_u16(), kind, body })
    }
}

fn odd(answer: &Answer) -> Trouble {
    let said: String = answer.body.chars().filter(|one| !one.is_control()).take(80).collect();
    Trouble::Away(format!("{}: {said}", answer.status))
}

/// Brings today's checkpoint to the witness, and says in log and metrics what came of it.
pub fn push_and_tell(app: &AppState, witness: &Witness) {
    let (rows, entries) = {
        let view = app.view();
        (Arc::clone(&view.rows), view.seq)
    };
    let url = &witness.asked.url;
    match witness.push(&*rows, entries) {
        Ok(()) => {}
        Err(Trouble::Away(why)) => {
            app.metrics.alarms.raise(Alarm::WitnessAway, None);
            tracing::warn!(url, why, "the witness does not answer; it is asked again in ten minutes");
        }
        Err(Trouble::Refused(why)) => {
            app.metrics.alarms.raise(Alarm::WitnessRefused, None);
            tracing::error!(
                url,
                why,
                "the witness did not cosign the day's checkpoint; tell the auditor, OPERATING.md, Witness"
            );
        }
        Err(Trouble::Here(why)) => {
            tracing::warn!(why, "the day's checkpoint could not be brought to the witness");
        }
    }
    tell_newest(app, witness);
}

/// Sets the gauges of the newest cosigned checkpoint.
pub fn tell_newest(app: &AppState, witness: &Witness) {
    if let Some(Cosigned { entries, time_s, .. }) = witness.newest() {
        app.metrics.cosigned(entries, time_s);
    }
}

#[cfg(test)]
mod tests {
    use super::Setting;

    const KEY: &str = "contraloria.example/testigo+95de376b+BELY6NOchlAz/1qxpQhwKUb+EZ8cd";

    #[test]
    fn the_setting_is_an_address_that_nobody_reads_on_the_way_and_the_key_of_a_witness() {
        let witness = sync_core::log::checkpoint::cosign::Witness::new("contraloria.example/w", &[8; 32]);
        let key = witness.unwrap().verifier();
        let read = |text: &str| text.parse::<Setting>();
        assert!(!read(" ").unwrap().is_set());
        for url in ["https://w.example", "https://w.example/a/add-checkpoint", "http://127.0.0.1:9/"] {
            let setting = read(&format!("{url} {key}")).unwrap();
            assert_eq!(read(&setting.to_string()), Ok(setting.clone()), "{url}");
            assert!(!setting.to_string().contains("add-checkpoint"));
        }
        for wrong in [
            "https://w.example".to_owned(),
            format!("http://w.example {key}"),
            format!("https://u:p@w.example {key}"),
            format!("w.example {key}"),
            format!("https://w.example {KEY}"),
            format!("https://w.example {}", key.replace("contraloria", "jerez")),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
