//! The command line: what can be asked, in Spanish; `english` says the same in English.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::Layer;
use crate::lang::Lang;

/// Servidor de Cuadrilla: recibe lo que registran las cuadrillas, lo guarda y lo reparte.
#[derive(Debug, Parser)]
#[command(name = "cuadrilla-server", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Escribe un solo valor JSON en la salida.
    #[arg(long, global = true)]
    pub json: bool,
    /// Idioma: es o en.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    /// Qué hacer.
    #[command(subcommand)]
    pub command: Command,
}

/// Qué hacer.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Crea los datos de un municipio y el código de su primera administradora.
    Init(Init),
    /// Atiende a los dispositivos hasta recibir SIGTERM o SIGINT.
    Serve(Box<Serve>),
    /// Muestra los ajustes con que serviría y de dónde viene cada uno.
    Config(Box<Serve>),
    /// Revisa cada registro del libro: sumas, cadenas, firmas y raíz de Merkle.
    Verify(Data),
    /// Tira el índice y lo rehace desde el libro.
    Rebuild(Data),
    /// Escribe la bitácora de transparencia como archivos, para cualquier servidor estático.
    LogExport(LogExport),
    /// Muestra una orden leyendo el libro; funciona también mientras sirve.
    Show(Show),
    /// Da un código de administración nuevo, con el servidor detenido.
    Invite(Invite),
    /// Escribe el autocompletado de una terminal.
    Completions(Completions),
    /// Escribe la página de manual.
    Man,
}

/// Los datos.
#[derive(Debug, Args)]
pub struct Data {
    /// Carpeta de datos.
    #[arg(long, value_name = "DIR", env = "CUADRILLA_DATA")]
    pub data: PathBuf,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Clave INEGI del municipio, por ejemplo 14061.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_001..=32_999))]
    pub municipality: u32,
    /// Nombre del municipio.
    #[arg(long)]
    pub name: String,
    /// Dirección con que la encontrarán los dispositivos; con ella se da también el enlace de invitación.
    #[arg(long, value_name = "URL", env = "CUADRILLA_URL")]
    pub url: Option<String>,
    /// Letras con que empiezan los folios; si falta, salen del nombre.
    #[arg(long, value_name = "LETTERS")]
    pub folio_prefix: Option<String>,
    /// Carpeta de reglas sobre las incluidas.
    #[arg(
        long,
        value_name = "DIR",
        env = "CUADRILLA_SCHEMAS",
        default_value = "",
        hide_default_value = true
    )]
    pub schemas: String,
}

/// `serve` y `config`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Archivo TOML con ajustes; gana la línea de órdenes, luego las variables, luego este archivo.
    #[arg(long, value_name = "FILE", env = "CUADRILLA_CONFIG")]
    pub config: Option<PathBuf>,
    /// Los ajustes.
    #[command(flatten)]
    pub settings: Layer,
}

/// `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Folio de la orden.
    pub folio: String,
}

/// `log-export`.
#[derive(Debug, Args)]
pub struct LogExport {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Carpeta que sirve el servidor estático; ahí se hace `log/`.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// `invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Papel; aquí solo admin, los demás los invita la administración con `crew invite`.
    #[arg(long, value_parser = ["admin"], default_value = "admin")]
    pub role: String,
    /// Dirección con que la encontrarán los dispositivos; con ella se da también el enlace de invitación.
    #[arg(long, value_name = "URL", env = "CUADRILLA_URL")]
    pub url: Option<String>,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Terminal.
    pub shell: Shell,
}

/// The command line in a language.
pub fn command(lang: Lang) -> clap::Command {
    let command = Cli::command();
    match lang {
        Lang::Es => command
            .subcommand_help_heading("Órdenes")
            .mut_subcommands(|sub| sub.help_template(template("Uso")))
            .help_template(template("Uso")),
        Lang::En => english(command),
    }
}

fn template(usage: &str) -> String {
    format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}\n")
}

fn english(command: clap::Command) -> clap::Command {
    command
        .about("Server of Cuadrilla: takes in what crews recorded, keeps it and passes it on.")
        .mut_args(english_arg)
        .mut_subcommands(|sub| {
            let about = english_about(sub.get_name());
            sub.about(about).mut_args(english_arg).help_template(template("Usage"))
        })
}

fn english_about(name: &str) -> &'static str {
    match name {
        "init" => "Makes the data of a municipality and the code of its first administrator.",
        "serve" => "Serves devices until SIGTERM or SIGINT.",
        "config" => "Shows the settings it would serve with, and where each comes from.",
        "verify" => "Checks every record of the ledger: checksums, chains, signatures and Merkle root.",
        "rebuild" => "Throws the index away and rebuilds it from the ledger.",
        "log-export" => "Writes the transparency log as files, for any static host.",
        "show" => "Shows one order by reading the ledger; works while serving too.",
        "invite" => "Gives a new administration code, with the server stopped.",
        "completions" => "Writes the completions of a shell.",
        "man" => "Writes the manual page.",
        _ => "",
    }
}

fn english_arg(arg: clap::Arg) -> clap::Arg {
    let help = match arg.get_id().as_str() {
        "json" => "Write a single JSON value to the output.",
        "lang" => "Language: es or en.",
        "data" => "Data folder.",
        "municipality" => "INEGI key of the municipality, for example 14061.",
        "name" => "Name of the municipality.",
        "url" => "Address that devices find it by; with it the invitation link is given too.",
        "folio_prefix" => "Letters that folios start with; taken from the name if absent.",
        "to" => "Folder that the static host serves; `log/` is made in it.",
        "config" => "TOML file of settings; flags win, then variables, then this file.",
        "folio" => "Folio of the order.",
        "role" => "Role; only admin here, others are invited by the administration with `crew invite`.",
        "shell" => "Shell.",
        // The settings of `serve` are described in English in both languages: they are the operator's.
        _ => return arg.help_heading("Settings"),
    };
    arg.help(help)
}

#[cfg(test)]
mod tests {
    use super::{command, english_about};
    use crate::lang::Lang;

    #[test]
    fn both_command_lines_hold_together_and_every_command_is_in_english_too() {
        for lang in [Lang::Es, Lang::En] {
            command(lang).debug_assert();
        }
        for sub in command(Lang::Es).get_subcommands() {
            assert_ne!(english_about(sub.get_name()), "", "{}", sub.get_name());
        }
    }
}
