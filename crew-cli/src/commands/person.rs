//! `crew person …`: who shares this device, and who is working with it now.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::pin::{self, OPENING_PIN_VARIABLE, PIN_VARIABLE};
use std::path::PathBuf;
use words::say;

/// Commands on persons.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Add a person with a PIN of their own; from the first one on the device's key is encrypted
    Add(AddArgs),
    /// List the persons of this device
    List,
    /// Choose who works, with the PIN
    Use(NameArgs),
    /// Remove a person, with their PIN or that of the person in use
    Remove(NameArgs),
    /// Choose nobody: no work is written until somebody is chosen
    Lock,
}

/// Whom.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// The person's name
    pub name: String,
}

/// Arguments of `person add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The person's name
    pub name: String,
    /// File with the PIN of a person who is there already
    #[arg(long, value_name = "FILE")]
    pub by_pin_file: Option<PathBuf>,
}

/// Runs `crew person …`.
///
/// # Errors
/// Rule, if a PIN is wrong; usage, if a name is; as the disk answers.
pub fn run(cx: &Context, command: &PersonCommand) -> Result<Report, CliError> {
    match command {
        PersonCommand::Add(args) => add(cx, args),
        PersonCommand::List => list(cx),
        PersonCommand::Use(args) => choose(cx, &args.name),
        PersonCommand::Remove(args) => remove(cx, &args.name),
        PersonCommand::Lock => lock(cx),
    }
}

fn add(cx: &Context, args: &AddArgs) -> Result<Report, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let mut persons = cx.home.persons()?;
    let seed = if persons.is_shared() {
        let question = say!("person-pin-of-any");
        let file = args.by_pin_file.as_deref();
        let opening = pin::get(file, OPENING_PIN_VARIABLE, &question, cx.screen.lang)?;
        let those = persons.all.clone();
        persons.open(cx.home.folder(), &those, &opening)?
    } else {
        cx.home.seed()?
    };
    let new = pin::get_new(cx.pin_file.as_deref(), &args.name, cx.screen.lang)?;
    let name = persons.add(cx.home.folder(), &args.name, &new, &seed)?;
    cx.home.forget_plain_key()?;
    let text = say!("person-added", name = &name).of(cx.screen.lang);
    Report::new(&json!({ "person": name, "in_use": persons.in_use }), format!("{text}\n"))
}

fn list(cx: &Context) -> Result<Report, CliError> {
    let persons = cx.home.persons()?;
    let is_in_use = |name: &str| persons.in_use.as_deref() == Some(name);
    let json: Vec<_> =
        persons.all.iter().map(|one| json!({ "name": one.name, "in_use": is_in_use(&one.name) })).collect();
    let mark = |name: &str| if is_in_use(name) { "* " } else { "  " };
    let mut text: String =
        persons.all.iter().map(|one| format!("{}{}\n", mark(&one.name), one.name)).collect();
    if persons.all.is_empty() {
        text = format!("{}\n", say!("person-none").of(cx.screen.lang));
    }
    Report::new(&json, text)
}

fn choose(cx: &Context, name: &str) -> Result<Report, CliError> {
    let mut persons = cx.home.persons()?;
    let person = persons.find(name)?;
    let name = person.name.clone();
    let pin = pin::get(cx.pin_file.as_deref(), PIN_VARIABLE, &say!("person-pin-of", name), cx.screen.lang)?;
    persons.open(cx.home.folder(), &[person], &pin)?;
    persons.choose(cx.home.folder(), Some(&name))?;
    let text = say!("person-working", name = &name).of(cx.screen.lang);
    Report::new(&json!({ "person": name }), format!("{text}\n"))
}

fn remove(cx: &Context, name: &str) -> Result<Report, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let mut persons = cx.home.persons()?;
    let person = persons.find(name)?;
    let mut may = vec![person.clone()];
    may.extend(persons.person_in_use().ok().filter(|other| *other != person));
    let question = say!("person-pin-of-or", name);
    let pin = pin::get(cx.pin_file.as_deref(), PIN_VARIABLE, &question, cx.screen.lang)?;
    let seed = persons.open(cx.home.folder(), &may, &pin)?;
    if persons.all.len() == 1 {
        // The last one: without a PIN the key would be lost with the vault.
        cx.home.keep_plain_key(&seed)?;
    }
    persons.remove(cx.home.folder(), &person)?;
    let text = say!("person-removed").of(cx.screen.lang);
    Report::new(&json!({ "removed": person.name, "in_use": persons.in_use }), text)
}

fn lock(cx: &Context) -> Result<Report, CliError> {
    let mut persons = cx.home.persons()?;
    persons.choose(cx.home.folder(), None)?;
    let text = say!("person-locked").of(cx.screen.lang);
    Report::new(&json!({ "in_use": persons.in_use }), text)
}
