//! The command line: what can be asked. Its texts come from the catalogue.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use sync_core::time::UtcOffset;

use crate::config::{Config, Layer, Shown};
use words::{Lang, attribute, say};

/// Servidor de Cuadrilla: recibe lo que registran las cuadrillas, lo guarda y lo reparte.
#[derive(Debug, Parser)]
#[command(name = "cuadrilla-server", version, disable_help_subcommand = true)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    /// Escribe un solo valor JSON en la salida.
    #[arg(long, global = true)]
    pub json: bool,
    /// Idioma: es o en.
    #[arg(long, global = true, value_parser = lang_parser())]
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
    /// Busca fotos que ningún registro nombra y envíos abandonados; los borra con `--delete`.
    SweepPhotos(SweepPhotos),
    /// Escribe la bitácora de transparencia como archivos, para cualquier servidor estático.
    LogExport(LogExport),
    /// Revisa una carpeta de reglas antes de publicarla.
    CheckRules(CheckRules),
    /// Revisa si un teléfono confía en el certificado del servidor.
    CheckTls(CheckTls),
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

/// `sweep-photos`.
#[derive(Debug, Args)]
pub struct SweepPhotos {
    /// Los datos.
    #[command(flatten)]
    pub data: Data,
    /// Dónde están las fotos, si no en los datos.
    #[arg(
        long,
        value_name = "PLACE",
        env = "CUADRILLA_BLOBS",
        default_value = "",
        hide_default_value = true
    )]
    pub blobs: String,
    /// Borra; si falta, sólo cuenta.
    #[arg(long)]
    pub delete: bool,
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
    /// Diferencia de su hora con UTC; si falta, la de su estado.
    #[arg(long, value_name = "-06:00", allow_hyphen_values = true)]
    pub utc_offset: Option<UtcOffset>,
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

/// `check-rules`.
#[derive(Debug, Args)]
pub struct CheckRules {
    /// Carpeta de reglas.
    #[arg(value_name = "DIR")]
    pub rules: PathBuf,
    /// Datos con que se comparan.
    #[arg(long = "data", value_name = "DIR")]
    pub compare: Option<PathBuf>,
}

/// `check-tls`.
#[derive(Debug, Args)]
pub struct CheckTls {
    /// Dirección https como la usan los teléfonos; si falta, el servidor que describen los ajustes.
    #[arg(value_name = "URL", env = "CUADRILLA_URL")]
    pub address: Option<String>,
    /// Autoridad del municipio, instalada en los teléfonos.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Archivo TOML con ajustes.
    #[arg(long, value_name = "FILE", env = "CUADRILLA_CONFIG")]
    pub config: Option<PathBuf>,
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
    let usage = say!("help-usage").of(lang);
    let template = format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}\n");
    let command_name = say!("help-value-command").of(lang);
    let common = |id: &str| attribute(lang, "help-crew", Some(id)).unwrap_or_default();
    let help =
        Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help).help(common("help"));
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = Cli::command()
        .arg(help)
        .arg(version.help(common("version")))
        .subcommand_help_heading(say!("help-heading-commands").of(lang))
        .subcommand_value_name(command_name)
        .help_template(template.clone())
        .mut_args(|arg| described(arg, lang))
        .mut_subcommands(|sub| {
            let about = attribute(lang, &format!("help-server-{}", sub.get_name()), None);
            let sub = sub.mut_args(|arg| described(arg, lang)).help_template(template.clone());
            match about {
                Some(about) => sub.about(about),
                None => sub,
            }
        });
    match attribute(lang, "help-server", None) {
        Some(about) => command.about(about),
        None => command,
    }
}

/// An argument with its text; a setting also with its variable and its default.
fn described(arg: Arg, lang: Lang) -> Arg {
    let id = arg.get_id().as_str().to_owned();
    // The texts name what is possible; clap's own list would say it in English.
    let arg = if arg.get_action().takes_values() { arg.hide_possible_values(true) } else { arg };
    // A setting has a heading; another command may have an argument of the same name.
    if arg.get_help_heading().is_none()
        && let Some(text) = attribute(lang, "help-server", Some(&id))
    {
        return under_its_heading(arg.help(text), lang);
    }
    let heading = say!("help-server-settings").of(lang);
    let Some(setting) = settings().into_iter().find(|one| one.name == id) else {
        return under_its_heading(arg, lang);
    };
    let text = attribute(lang, "help-server-setting", Some(&id)).unwrap_or_default();
    let (variable, value) = (setting.env, if setting.value.is_empty() { "—" } else { &setting.value });
    let default = say!("help-server-default", variable, value).of(lang);
    arg.help(format!("{text} {default}")).help_heading(heading).value_name(say!("help-server-value").of(lang))
}

fn under_its_heading(arg: Arg, lang: Lang) -> Arg {
    let heading =
        if arg.is_positional() { say!("help-heading-arguments") } else { say!("help-heading-options") };
    arg.help_heading(heading.of(lang))
}

/// The page that was asked for. That options may stand there, clap says in English alone.
pub fn page(error: &clap::Error, lang: Lang) -> String {
    error.render().to_string().replace("[OPTIONS]", &say!("help-value-options").of(lang))
}

/// Every setting with its default.
fn settings() -> Vec<Shown> {
    Config::resolve(Layer::default(), Layer::default(), Layer::default()).1
}

fn lang_parser() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(["es", "en"]).map(|tag| Lang::of_tag(&tag))
}

#[cfg(test)]
mod tests {
    use super::{command, page, settings};
    use words::{Lang, attribute};

    #[test]
    fn every_setting_shows_its_meaning_and_its_default() {
        for lang in [Lang::Es, Lang::En] {
            let mut all = command(lang);
            let help = all.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
            for setting in settings() {
                let text = attribute(lang, "help-server-setting", Some(setting.name));
                let text = text.unwrap_or_else(|| panic!("{} has no text in {lang:?}", setting.name));
                let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(flat.contains(text.trim()), "{}: {flat}", setting.name);
                assert!(flat.contains(setting.env), "{}", setting.env);
                assert!(setting.value.is_empty() || flat.contains(&setting.value), "{}", setting.value);
            }
            assert!(!help.contains("<String>") && !help.contains("<usize>"), "{help}");
        }
    }

    #[test]
    fn no_page_says_in_english_what_stands_where() {
        for args in [&["cuadrilla-server", "--help"][..], &["cuadrilla-server", "serve", "--help"]] {
            let error = command(Lang::Es).try_get_matches_from(args).unwrap_err();
            let page = page(&error, Lang::Es);
            assert!(page.contains("[OPCIONES]") && page.contains("Opciones:"), "{page}");
            assert!(!page.contains("Options:") && !page.contains("<COMMAND>"), "{page}");
        }
    }

    #[test]
    fn both_command_lines_hold_together_and_every_command_has_its_text() {
        for lang in [Lang::Es, Lang::En] {
            command(lang).debug_assert();
            for sub in command(lang).get_subcommands() {
                let id = format!("help-server-{}", sub.get_name());
                assert!(attribute(lang, &id, None).is_some(), "{id}");
            }
        }
    }
}
