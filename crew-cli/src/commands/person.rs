//! `crew person …`: who shares this device, and who is working with it now.

use clap::{Args, Subcommand};
use serde_json::json;
use sync_core::people::{Names as _, People};

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::persons::{Person, Persons};
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
    let name = persons.check_new(&cx.home.people()?, &args.name)?;
    let seed = if persons.is_shared() {
        let question = say!("person-pin-of-any");
        let file = args.by_pin_file.as_deref();
        let opening = pin::get(file, OPENING_PIN_VARIABLE, &question, cx.screen.lang)?;
        let those = persons.all.clone();
        persons.open(cx.home.folder(), &those, &opening)?
    } else {
        cx.home.seed()?
    };
    let new = pin::get_new(cx.pin_file.as_deref(), &name, cx.screen.lang)?;
    let id = cx.write(|replica| Ok(replica.name_person(&name)))?;
    persons.add(cx.home.folder(), id, &new, &seed)?;
    cx.home.forget_plain_key()?;
    let in_use = in_use(cx, &persons)?;
    let text = say!("person-added", name = &name).of(cx.screen.lang);
    Report::new(&json!({ "person": name, "in_use": in_use }), format!("{text}\n"))
}

fn list(cx: &Context) -> Result<Report, CliError> {
    let (persons, people) = (cx.home.persons()?, cx.home.people()?);
    let named = persons.all.iter().map(|one| (name_of(&people, one), persons.in_use == Some(one.id)));
    let named: Vec<(String, bool)> = named.collect();
    let json: Vec<_> = named.iter().map(|(name, in_use)| json!({ "name": name, "in_use": in_use })).collect();
    let line = |(name, in_use): &(String, bool)| format!("{} {name}\n", if *in_use { "*" } else { " " });
    let mut text: String = named.iter().map(line).collect();
    if persons.all.is_empty() {
        text = format!("{}\n", say!("person-none").of(cx.screen.lang));
    }
    Report::new(&json, text)
}

fn choose(cx: &Context, name: &str) -> Result<Report, CliError> {
    let mut persons = cx.home.persons()?;
    let people = cx.home.people()?;
    let person = persons.find(&people, name)?;
    let name = name_of(&people, &person);
    let question = say!("person-pin-of", name = &name);
    let pin = pin::get(cx.pin_file.as_deref(), PIN_VARIABLE, &question, cx.screen.lang)?;
    persons.open(cx.home.folder(), std::slice::from_ref(&person), &pin)?;
    persons.choose(cx.home.folder(), Some(&person))?;
    let text = say!("person-working", name = &name).of(cx.screen.lang);
    Report::new(&json!({ "person": name }), format!("{text}\n"))
}

fn remove(cx: &Context, name: &str) -> Result<Report, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let mut persons = cx.home.persons()?;
    let people = cx.home.people()?;
    let person = persons.find(&people, name)?;
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
    Report::new(&json!({ "removed": name_of(&people, &person), "in_use": in_use(cx, &persons)? }), text)
}

fn lock(cx: &Context) -> Result<Report, CliError> {
    let mut persons = cx.home.persons()?;
    persons.choose(cx.home.folder(), None)?;
    let text = say!("person-locked").of(cx.screen.lang);
    Report::new(&json!({ "in_use": in_use(cx, &persons)? }), text)
}

fn name_of(people: &People, person: &Person) -> String {
    people.name_of(&person.id).map_or_else(|| person.id.short(), str::to_owned)
}

/// The name of who works now.
fn in_use(cx: &Context, persons: &Persons) -> Result<Option<String>, CliError> {
    let people = cx.home.people()?;
    Ok(persons.person_in_use().ok().map(|person| name_of(&people, &person)))
}
