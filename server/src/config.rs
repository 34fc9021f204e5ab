//! Config: the settings of `serve`. A flag beats the environment, which beats the file, which beats the default.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use sync_core::hub::Quotas;

use crate::failure::Failure;
use words::{Text, say};

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The command line.
    Flag,
    /// A `CUADRILLA_` variable.
    Env,
    /// The `--config` file.
    File,
    /// Nobody said anything.
    Default,
}

/// One setting as `config` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its name in the file; the flag has hyphens instead.
    pub name: &'static str,
    /// Its variable.
    pub env: &'static str,
    /// Its value.
    pub value: String,
    /// Who said so.
    pub source: Source,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident, $env:literal: $kind:ty = $default:literal;)+) => {
        /// What one source says; absent means "ask the next".
        #[derive(Debug, Clone, Default, PartialEq, clap::Args, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Layer {
            $(
                #[doc = concat!($($doc,)+ " (", $env, "; ", $default, ")")]
                #[arg(long, value_name = stringify!($kind), help_heading = "Ajustes")]
                pub $name: Option<$kind>,
            )+
        }

        /// All settings of `serve`.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $name: $kind,)+
        }

        impl Layer {
            /// What the environment says.
            pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Failure> {
                Ok(Self { $($name: from_variable($env, env)?,)+ })
            }
        }

        impl Config {
            /// Lays flags over environment over file over defaults; also says who won.
            pub fn resolve(flags: Layer, env: Layer, file: Layer) -> (Self, Vec<Shown>) {
                let mut shown = Vec::new();
                $(
                    let candidates = [
                        (flags.$name, Source::Flag), (env.$name, Source::Env), (file.$name, Source::File),
                    ];
                    let said = candidates.into_iter().find_map(|(value, source)| Some((value?, source)));
                    let ($name, source) = said.unwrap_or_else(|| {
                        (<$kind>::from_str($default).expect("a default is of its type"), Source::Default)
                    });
                    let value = show(&$name);
                    shown.push(Shown { name: stringify!($name), env: $env, value, source });
                )+
                (Self { $($name,)+ }, shown)
            }
        }
    };
}

settings! {
    /// Address to listen on; port 0 takes a free one.
    listen, "CUADRILLA_LISTEN": String = "127.0.0.1:8061";
    /// Folder of rule files that override the built-in ones; empty looks for one.
    schemas, "CUADRILLA_SCHEMAS": String = "";
    /// Log lines as `text` or `json`.
    log_format, "CUADRILLA_LOG_FORMAT": LogFormat = "text";
    /// Requests in progress; beyond it the answer is 503.
    requests_max, "CUADRILLA_REQUESTS_MAX": usize = "256";
    /// Open connections; beyond it they wait to be accepted.
    connections_max, "CUADRILLA_CONNECTIONS_MAX": usize = "8192";
    /// Devices that listen for news at once.
    events_max, "CUADRILLA_EVENTS_MAX": usize = "4096";
    /// Checked requests that wait for the writer.
    queue_max, "CUADRILLA_QUEUE_MAX": usize = "1024";
    /// Requests made durable by one fsync.
    batch_requests_max, "CUADRILLA_BATCH_REQUESTS_MAX": usize = "256";
    /// Bytes of requests made durable by one fsync.
    batch_bytes_max, "CUADRILLA_BATCH_BYTES_MAX": usize = "16777216";
    /// Milliseconds for a request's headers, also between requests.
    header_timeout_ms, "CUADRILLA_HEADER_TIMEOUT_MS": u64 = "15000";
    /// Milliseconds for a request's body.
    body_timeout_ms, "CUADRILLA_BODY_TIMEOUT_MS": u64 = "60000";
    /// Milliseconds for an answer once the body is here.
    answer_timeout_ms, "CUADRILLA_ANSWER_TIMEOUT_MS": u64 = "30000";
    /// Milliseconds between signs of life to a device that listens.
    keep_alive_ms, "CUADRILLA_KEEP_ALIVE_MS": u64 = "25000";
    /// Milliseconds that requests in progress may take after a stop signal.
    grace_ms, "CUADRILLA_GRACE_MS": u64 = "10000";
    /// PEM file with the certificate chain; with `tls_key`, HTTPS is served.
    tls_cert, "CUADRILLA_TLS_CERT": String = "";
    /// PEM file with the certificate's private key.
    tls_key, "CUADRILLA_TLS_KEY": String = "";
    /// Header in which a trusted proxy names the client's address, as `x-forwarded-for`; empty trusts none.
    peer_header, "CUADRILLA_PEER_HEADER": String = "";
    /// Attempts to enrol that one address may make at once; good codes do not count.
    enrol_tries_max, "CUADRILLA_ENROL_TRIES_MAX": u64 = "20";
    /// Further attempts to enrol a minute from one address.
    enrol_tries_per_min, "CUADRILLA_ENROL_TRIES_PER_MIN": u64 = "6";
    /// Attempts to enrol at once from all addresses together.
    enrol_all_tries_max, "CUADRILLA_ENROL_ALL_TRIES_MAX": u64 = "300";
    /// Further attempts to enrol a minute from all addresses together.
    enrol_all_tries_per_min, "CUADRILLA_ENROL_ALL_TRIES_PER_MIN": u64 = "120";
    /// Work units a device may use at once; one is a request, an entry, 8 operations or 1 KiB.
    device_units_max, "CUADRILLA_DEVICE_UNITS_MAX": u64 = "500000";
    /// Work units a second that a device gets back.
    device_units_per_s, "CUADRILLA_DEVICE_UNITS_PER_S": u64 = "500";
    /// Bytes that a crew's device may bring in a day.
    crew_day_bytes_max, "CUADRILLA_CREW_DAY_BYTES_MAX": u64 = "16777216";
    /// Bytes that any other device may bring in a day.
    office_day_bytes_max, "CUADRILLA_OFFICE_DAY_BYTES_MAX": u64 = "134217728";
    /// Bytes that are taken in all of a device after it was revoked.
    revoked_bytes_max, "CUADRILLA_REVOKED_BYTES_MAX": u64 = "4194304";
    /// Free bytes kept on the disk; below it work is refused, reading goes on. 0: 5 % of the disk, 4 to 64 MiB.
    reserve_bytes, "CUADRILLA_RESERVE_BYTES": u64 = "0";
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("text | json".into()),
        }
    }
}

impl Display for LogFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

fn show(value: &dyn Display) -> String {
    value.to_string()
}

fn from_variable<T: FromStr>(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<T>, Failure>
where
    T::Err: Display,
{
    let Some(text) = env(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|error: T::Err| {
        let message = format!("{name}={text}: {error}");
        bad_setting(Text::same(message))
    })
}

fn bad_setting(message: Text) -> Failure {
    Failure::usage("config", message, say!("server-setting-hint"))
}

/// Reads the `--config` file.
pub fn read_file(path: &Path) -> Result<Layer, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| bad_setting(Text::same(at(path, &error))))?;
    toml::from_str(&text).map_err(|error| bad_setting(Text::same(at(path, &error))))
}

fn at(path: &Path, error: &dyn Display) -> String {
    // TOML errors span lines with a drawing; one line is what fits here.
    let flat: Vec<String> = error.to_string().lines().map(|line| line.trim().to_owned()).collect();
    format!("{}: {}", path.display(), flat.join(" "))
}

impl Config {
    /// From all sources.
    pub fn load(
        flags: Layer,
        file: Option<&PathBuf>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<Shown>), Failure> {
        let file = file.map(|path| read_file(path)).transpose()?.unwrap_or_default();
        let (config, shown) = Self::resolve(flags, Layer::from_env(env)?, file);
        config.check()?;
        Ok((config, shown))
    }

    /// How much of the ledger a device may fill.
    pub fn quotas(&self) -> Quotas {
        Quotas {
            crew_day_bytes: self.crew_day_bytes_max,
            office_day_bytes: self.office_day_bytes_max,
            revoked_bytes: self.revoked_bytes_max,
            ..Quotas::default()
        }
    }

    fn check(&self) -> Result<(), Failure> {
        let counts = [
            ("requests_max", self.requests_max as u64),
            ("connections_max", self.connections_max as u64),
            ("events_max", self.events_max as u64),
            ("queue_max", self.queue_max as u64),
            ("batch_requests_max", self.batch_requests_max as u64),
            ("batch_bytes_max", self.batch_bytes_max as u64),
            ("enrol_tries_max", self.enrol_tries_max),
            ("enrol_tries_per_min", self.enrol_tries_per_min),
            ("enrol_all_tries_max", self.enrol_all_tries_max),
            ("enrol_all_tries_per_min", self.enrol_all_tries_per_min),
            ("device_units_max", self.device_units_max),
            ("device_units_per_s", self.device_units_per_s),
            ("crew_day_bytes_max", self.crew_day_bytes_max),
            ("office_day_bytes_max", self.office_day_bytes_max),
            ("revoked_bytes_max", self.revoked_bytes_max),
        ];
        match counts.into_iter().find(|(_, count)| !(1..=1 << 30).contains(count)) {
            None => Ok(()),
            Some((name, count)) => Err(bad_setting(say!("server-setting-range", name, count))),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::resolve(Layer::default(), Layer::default(), Layer::default()).0
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Layer, Source};

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let flags = Layer { queue_max: Some(1), ..Layer::default() };
        let env = |name: &str| match name {
            "CUADRILLA_QUEUE_MAX" => Some("2".to_owned()),
            "CUADRILLA_EVENTS_MAX" => Some("3".to_owned()),
            _ => None,
        };
        let file: Layer = toml::from_str("queue_max = 5\nevents_max = 6\nrequests_max = 7").unwrap();
        let (config, shown) = Config::resolve(flags, Layer::from_env(&env).unwrap(), file);
        assert_eq!((config.queue_max, config.events_max, config.requests_max), (1, 3, 7));
        assert_eq!(config.grace_ms, 10_000);
        let source = |name: &str| shown.iter().find(|one| one.name == name).unwrap().source;
        assert_eq!(source("queue_max"), Source::Flag);
        assert_eq!(source("events_max"), Source::Env);
        assert_eq!(source("requests_max"), Source::File);
        assert_eq!(source("grace_ms"), Source::Default);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let env = |name: &str| (name == "CUADRILLA_QUEUE_MAX").then(|| "many".to_owned());
        let failure = Layer::from_env(&env).unwrap_err();
        assert!(failure.message.of(words::Lang::En).contains("CUADRILLA_QUEUE_MAX"), "{failure:?}");
        assert!(toml::from_str::<Layer>("quue_max = 5").is_err());
        let zero = Layer { requests_max: Some(0), ..Layer::default() };
        assert!(Config::load(zero, None, &|_| None).is_err());
    }
}
