//! Sources: where a setting may come from, and how one source is laid over another.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::failure::Failure;
use words::{Text, say, system_text};

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
        #[derive(Debug, Clone, Default, PartialEq, clap::Args, serde::Deserialize)]
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
                        (<$kind as std::str::FromStr>::from_str($default).expect("a default is of its type"), Source::Default)
                    });
                    let value = $name.to_string();
                    shown.push(Shown { name: stringify!($name), env: $env, value, source });
                )+
                (Self { $($name,)+ }, shown)
            }
        }
    };
}

pub(super) use settings;

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

/// Returns what the variable `name` says, if it is set and not empty.
pub(super) fn from_variable<T: FromStr>(
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<T>, Failure>
where
    T::Err: Display,
{
    let Some(text) = env(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|error: T::Err| {
        bad_setting(say!("server-setting-unreadable", name, text, detail = error.to_string()))
    })
}

/// Returns the failure for a setting that cannot be used.
pub(super) fn bad_setting(message: Text) -> Failure {
    Failure::usage("config", message, say!("server-setting-hint"))
}

/// Reads the `--config` file.
pub fn read_file(path: &Path) -> Result<Layer, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| bad_setting(say!("error-file", path, error = system_text(&error))))?;
    toml::from_str(&text)
        .map_err(|error| bad_setting(say!("server-setting-file", path, detail = flat(&error))))
}

/// TOML errors span lines with a drawing; one line is what fits here.
fn flat(error: &toml::de::Error) -> String {
    let lines: Vec<String> = error.to_string().lines().map(|line| line.trim().to_owned()).collect();
    lines.join(" ")
}
