//! Commands: what the page asks for by name, and the JSON it is answered: the same as the command line's `--json`.

pub mod asked;
mod write;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::replica::Replica;
use sync_core::replica::evidence::ToBring;
use sync_core::rules::Labels;
use sync_core::view::lists::Filter;
use words::{Lang, Text, refusals};

use asked::Command;
use write::wrote;

use crate::core::Core;
use crate::medium::Medium;
use crate::trouble::Trouble;

impl<M: Medium + Clone> Core<M> {
    /// Does what the page asks for. `args` is a JSON object; so is the answer.
    ///
    /// # Errors
    /// `bad_call`, if there is no such command or its arguments do not fit; else as the command's.
    pub fn call(&mut self, name: &str, args: &str) -> Result<String, Trouble> {
        let args: Value =
            serde_json::from_str(args).map_err(|error| Trouble::bad_call(&error.to_string()))?;
        let command = serde_json::from_value(json!({ "name": name, "args": args }))
            .map_err(|error| Trouble::bad_call(&format!("{name}: {error}")))?;
        let answer = match command {
            Command::BlobStatus {} => self.blob_status()?,
            Command::BlobFree {} => self.blob_free()?,
            command => match self.reads(&command)? {
                Some(answer) => answer,
                None => self.writes(command)?,
            },
        };
        serde_json::to_string(&answer).map_err(|error| Trouble::bad_call(&error.to_string()))
    }

    /// Answers what only reads.
    fn reads(&self, command: &Command) -> Result<Option<Value>, Trouble> {
        let value = self.read(|replica| {
            let view = replica.view();
            Ok(Some(match command {
                Command::Status {} => to_json(&view.status()?)?,
                Command::Today(looking) => {
                    let mut today = view.today(looking)?;
                    today.state.photos_unsent = self.photos_unsent(replica)?;
                    to_json(&today)?
                }
                Command::Sheet { folio } => {
                    let mut sheet = view.sheet(folio)?;
                    sheet.state.photos_unsent = self.photos_unsent(replica)?;
                    for photo in &mut sheet.photos {
                        photo.here = photo.sha256.parse().is_ok_and(|name| self.photos.has(&name));
                    }
                    to_json(&sheet)?
                }
                Command::Judge { folio, line, value } => judged(replica, folio, line, value)?,
                Command::Sends {} => self.sends(replica)?,
                Command::Choices {} => choices(replica)?,
                Command::OrderList { status, crew, locality } => {
                    let filter =
                        Filter { status: status.clone(), crew: crew.clone(), locality: locality.clone() };
                    to_json(&view.order_list(&filter)?)?
                }
                Command::OrderShow { folio } => to_json(&view.order_show(folio)?)?,
                Command::ConflictList {} => to_json(&view.conflicts()?)?,
                Command::QuarantineList { dismissed: true } => to_json(&view.dismissed()?)?,
                Command::QuarantineList { .. } => to_json(&view.quarantine()?)?,
                _ => return Ok(None),
            }))
        })?;
        Ok(value)
    }

    fn photos_unsent(&self, replica: &Replica<'_>) -> Result<u64, Trouble> {
        let waiting = replica.to_bring(true)?;
        Ok(waiting.iter().filter(|blob| self.photos.has(&blob.sha256)).count() as u64)
    }

    /// Returns what of this device's work has come how far.
    fn sends(&self, replica: &Replica<'_>) -> Result<Value, Trouble> {
        let view = replica.view();
        let mut state = view.state_line(0)?;
        let waiting = replica.to_bring(true)?;
        let here: Vec<&ToBring> = waiting.iter().filter(|blob| self.photos.has(&blob.sha256)).collect();
        state.photos_unsent = here.len() as u64;
        let own = view.own_head()?.seq;
        let counts = json!({
            "saved": state.unsent,
            "sent": 0,
            "counts": own.saturating_sub(state.unsent + state.quarantined),
            "review": state.quarantined,
            "unknown": 0,
        });
        let photos = json!({
            "here": self.photos.names().len(),
            "to_send": here.len(),
            "bytes": here.iter().map(|blob| blob.bytes).sum::<u64>(),
        });
        Ok(json!({ "state": state, "counts": counts, "photos": photos, "last_error": null }))
    }

    /// Does what writes.
    fn writes(&mut self, command: Command) -> Result<Value, Trouble> {
        self.write(|replica| {
            replica.identity()?;
            wrote(replica, command)
        })
    }

    fn blob_status(&self) -> Result<Value, Trouble> {
        let here = self.photos.names();
        let (to_bring, at_office) =
            self.read(|replica| Ok((replica.to_bring(true)?, replica.to_free(&here)?.len())))?;
        let (sends, missing): (Vec<_>, Vec<_>) =
            to_bring.iter().partition(|blob| self.photos.has(&blob.sha256));
        Ok(json!({
            "here": here.len(),
            "here_bytes": self.photos.bytes(),
            "to_send": sends.len(),
            "to_send_bytes": sends.iter().map(|blob: &&ToBring| blob.bytes).sum::<u64>(),
            "missing_here": missing.len(),
            "at_office": at_office,
        }))
    }

    fn blob_free(&mut self) -> Result<Value, Trouble> {
        let here = self.photos.names();
        let free = self.read(|replica| Ok(replica.to_free(&here)?))?;
        for name in &free {
            self.photos.delete(name).map_err(|error| Trouble::bad_call(&error.to_string()))?;
        }
        Ok(json!({ "freed": free.len() }))
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Value, Trouble> {
    serde_json::to_value(value).map_err(|error| Trouble::bad_call(&error.to_string()))
}

/// Judges a value while it is typed.
fn judged(replica: &Replica<'_>, folio: &str, line: &str, value: &str) -> Result<Value, Trouble> {
    let (view, rules) = (replica.view(), replica.rules());
    let problem = |text: &Text| json!({ "es": text.of(Lang::Es), "en": text.of(Lang::En) });
    if let Some(key) = line.strip_prefix("measure:") {
        let typed = view.typed(key, value)?;
        let refused = rules.measures.get(key).and_then(|measure| measure.check(value, &measure.unit).err());
        let problem = refused.map(|error| problem(&refusals::reading(&error)));
        return Ok(json!({ "ok": typed.ok, "flag": typed.flag, "problem": problem, "slip": typed.slip }));
    }
    let kind = view.order_show(folio)?.kind;
    let key = line.strip_prefix("field:").unwrap_or(line);
    let field = rules.kinds.get(&kind).and_then(|kind| kind.find_field(key));
    let field = field.ok_or_else(|| Trouble::bad_call("line"))?;
    let problem = field
        .parse(value)
        .and_then(|read| field.check(&read))
        .err()
        .map(|error| problem(&refusals::value(&error)));
    Ok(json!({ "ok": problem.is_none(), "flag": null, "problem": problem, "slip": null }))
}

/// What can be chosen for a new order: kinds, localities, materials; what this device's orders have comes first.
fn choices(replica: &Replica<'_>) -> Result<Value, Trouble> {
    let (view, rules) = (replica.view(), replica.rules());
    let orders = view.order_list(&Filter::default())?;
    let used: BTreeSet<&str> = orders.iter().map(|order| order.kind.as_str()).collect();
    let places: BTreeSet<&str> = orders.iter().filter_map(|order| order.locality.as_deref()).collect();
    let mut kinds: Vec<_> = rules.kinds.values().filter(|kind| kind.service != "office").collect();
    kinds.sort_by_key(|kind| (!used.contains(kind.kind.as_str()), kind.labels.es.clone()));
    let kinds = kinds.into_iter().map(|kind| {
        let is_frequent = used.contains(kind.kind.as_str());
        json!({ "key": kind.kind, "glyph": kind.kind, "label": kind.labels, "is_frequent": is_frequent })
    });
    let mut localities = view.catalog("locality")?;
    localities.sort_by_key(|one| (!places.contains(one.name.as_str()), one.name.clone()));
    let localities = localities.iter().map(|one| {
        let is_recent = places.contains(one.name.as_str());
        json!({ "key": one.key, "name": one.name, "about": null, "is_recent": is_recent })
    });
    let mut materials = Vec::new();
    for one in view.catalog("material")? {
        let unit = view.material(&one.key)?.and_then(|(_, unit)| unit);
        materials.push(json!({ "key": one.key, "label": Labels::same(&one.name), "unit": unit }));
    }
    Ok(json!({
        "kinds": kinds.collect::<Vec<_>>(),
        "localities": localities.collect::<Vec<_>>(),
        "materials": materials,
        "crew": replica.identity()?.crew,
    }))
}
