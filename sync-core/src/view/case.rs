//! Case: everything that this device can tell of one order, in one value, from which a case file (expediente)
//! is printed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::order::OrderView;
use super::story::{Difference, Happening, Story};
use super::words::Sentence;
use crate::id::DeviceId;
use crate::log::line::{Identity, Split};
use crate::rows::read;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::rfc3339;
use crate::view::{View, ViewError};

/// A device that had a part in the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Involved {
    pub device: String,
    pub name: String,
    pub role: String,
    pub crew: Option<String>,
    pub letters: String,
    pub persons: Vec<String>,
    pub entries: u64,
    pub carried: u64,
    pub enrolled_seq: Option<u64>,
    pub revoked: Option<Revoked>,
}

/// A name, with what shows that it is the one behind an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct PersonShown {
    pub id: String,
    pub name: String,
    pub key: String,
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Revoked {
    pub seq: u64,
    pub at: Option<String>,
    pub reason: String,
}

/// The checkpoint and key to check the file against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Proof {
    pub log_verifier: String,
    pub epoch: String,
    pub checkpoint: Option<String>,
    pub checkpoint_size: u64,
    pub checkpoint_root: Option<String>,
    pub last_contact: Option<String>,
}

/// The case file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct CaseFile {
    pub folio: String,
    pub record: String,
    pub municipality: String,
    pub municipality_key: u32,
    pub made_at: String,
    pub made_by: String,
    pub made_on: String,
    pub server_seq: u64,
    pub sees_everything: bool,
    pub limits: Vec<Sentence>,
    pub status_label: Sentence,
    /// The order as it is now; `None` where nothing of it was ever accepted.
    pub order: Option<OrderView>,
    pub happenings: Vec<Happening>,
    pub differences: Vec<Difference>,
    pub devices: Vec<Involved>,
    /// The names behind the persons of its entries, with what opens them.
    pub people: Vec<PersonShown>,
    pub proof: Proof,
    pub not_provable: Vec<Sentence>,
}

impl View<'_> {
    /// Returns the case file of an order.
    ///
    /// # Errors
    /// [`ViewError::Unknown`] if this device never had an order of that folio.
    pub fn case_file(&self, folio: &str) -> Result<CaseFile, ViewError> {
        let record = self.find_order_ever(folio)?;
        let identity = self.identity()?.clone();
        let contact = self.contact()?;
        let order = self.order_of(&record)?;
        let story = self.story(&record)?;
        let sees_everything = identity.role.sees_everything();
        let status = order.as_ref().map_or("", |order| order.status.as_str());
        Ok(CaseFile {
            folio: order.as_ref().map_or_else(|| folio.trim().to_uppercase(), |order| order.folio.clone()),
            record: record.to_string(),
            municipality: identity.municipality_name.clone(),
            municipality_key: identity.municipality,
            made_at: rfc3339(self.now_ms()),
            made_by: identity.name.clone(),
            made_on: identity.device.to_string(),
            server_seq: contact.server_seq,
            sees_everything,
            limits: [limits(&identity, contact.server_seq, order.is_some()), split_words(&self.splits()?)]
                .concat(),
            status_label: super::words::state_label(self.rules(), status),
            devices: self.involved(&story)?,
            people: self.people_of(&story),
            not_provable: not_provable(&story),
            order,
            happenings: story.happenings,
            differences: story.differences,
            proof: Proof {
                log_verifier: identity.log_verifier,
                epoch: contact.epoch.to_string(),
                checkpoint_size: contact.anchor.size,
                checkpoint_root: (contact.anchor.size > 0).then(|| contact.anchor.root.to_string()),
                checkpoint: Some(contact.checkpoint).filter(|note| !note.is_empty()),
                last_contact: (contact.at_ms != 0).then(|| rfc3339(contact.at_ms)),
            },
        })
    }

    fn people_of(&self, story: &Story) -> Vec<PersonShown> {
        let named = story.persons.iter().filter_map(|id| self.people().named(id));
        let shown = named.map(|one| PersonShown {
            id: one.id().to_string(),
            name: one.name.clone(),
            key: one.key.to_string(),
        });
        shown.collect()
    }

    fn involved(&self, story: &Story) -> Result<Vec<Involved>, ViewError> {
        let rows: BTreeMap<DeviceId, _> =
            crate::state::authority::devices(self.rows())?.into_iter().collect();
        let mut involved = Vec::new();
        for device in &story.devices {
            let shown = device.to_string();
            let own = |one: &&Happening| one.by.device == shown;
            let brought =
                |one: &&Happening| one.carrier.as_ref().is_some_and(|carrier| carrier.device == shown);
            let mut persons: Vec<String> =
                story.happenings.iter().filter(own).map(|one| one.by.person.clone()).collect();
            persons.sort();
            persons.dedup();
            let row = rows.get(device);
            let me = self.identity().ok().filter(|identity| identity.device == *device);
            let revoked = row.and_then(|row| row.revoked.as_ref()).map(|(seq, reason)| Revoked {
                seq: *seq,
                at: self.arrived_at(*seq, &story.happenings),
                reason: reason.clone(),
            });
            involved.push(Involved {
                name: row.map(|row| row.name.clone()).or(me.map(|me| me.name.clone())).unwrap_or_default(),
                role: row.map(|row| row.role).or(me.map(|me| me.role)).map_or("", |role| role.key()).into(),
                crew: row.and_then(|row| row.crew.clone()).or(me.and_then(|me| me.crew.clone())),
                letters: row
                    .map(|row| row.letters.clone())
                    .or(me.map(|me| me.letters.clone()))
                    .unwrap_or_default(),
                entries: story.happenings.iter().filter(own).count() as u64,
                carried: story.happenings.iter().filter(brought).count() as u64,
                enrolled_seq: self.enrolled_seq(device, row.map(|row| row.enrolled_seq))?,
                persons,
                revoked,
                device: shown,
            });
        }
        Ok(involved)
    }

    fn arrived_at(&self, seq: u64, happenings: &[Happening]) -> Option<String> {
        happenings.iter().find(|one| one.seq == Some(seq)).and_then(|one| one.time.received_at.clone())
    }

    fn enrolled_seq(&self, device: &DeviceId, told: Option<u64>) -> Result<Option<u64>, ViewError> {
        let first: Option<EntryRow> = read(self.rows(), &keyspace::entry(device, 1))?;
        Ok(told.or(first.and_then(|row| row.receipt).map(|receipt| receipt.seq)))
    }
}

/// What a reader must know before anything else: that the server had signed another past.
fn split_words(splits: &[Split]) -> Vec<Sentence> {
    let told = |split: &Split| {
        let at = rfc3339(split.at_ms);
        Sentence::new(
            format!(
                "ATENCIÓN: el {at} este equipo notó que el servidor mostraba otro pasado que el que había firmado. Guarda los dos sellos."
            ),
            format!(
                "WARNING: on {at} this device noticed that the server showed another past than the one it had signed. It keeps both checkpoints."
            ),
        )
    };
    splits.iter().map(told).collect()
}

fn limits(identity: &Identity, server_seq: u64, is_there: bool) -> Vec<Sentence> {
    let mut limits = vec![Sentence::new(
        format!("Contiene lo que este equipo tenía hasta el n.º {server_seq} del registro de la oficina."),
        format!("It holds what this device had up to number {server_seq} of the office's ledger."),
    )];
    if !identity.role.sees_everything() {
        limits.push(Sentence::new(
            "Este equipo no recibe todo: pueden faltar hechos de otros, lo que está en revisión de \
             otros equipos y quién lo decidió. \
             Pida el expediente a despacho o contraloría.",
            "This device is not told of everything: entries of others, what is in review of other devices and who \
             decided about it may be missing. Ask dispatch or audit for the case file.",
        ));
    }
    if !is_there {
        limits.push(Sentence::new(
            "Nada de esta orden cuenta hoy: solo hay lo que está en revisión o se desechó.",
            "Nothing of this order counts today: there is only what is in review or was dismissed.",
        ));
    }
    limits
}

fn not_provable(story: &Story) -> Vec<Sentence> {
    let mut open = vec![
        Sentence::new(
            "El momento exacto de cada hecho dentro de su lapso: la hora dicha es palabra del equipo.",
            "The exact moment of each entry inside its bracket: the claimed time is the device's word.",
        ),
        Sentence::new(
            "Que la persona nombrada sea quien tenía el equipo en la mano: el hecho prueba el equipo.",
            "That the named person held the device: the entry proves the device.",
        ),
        Sentence::new(
            "Que lo escrito sea cierto en el lugar: el registro prueba qué se dijo, quién y cuándo llegó.",
            "That what was written is true on the ground: the ledger proves what was said, by whom, and when it arrived.",
        ),
    ];
    if story.happenings.iter().any(|one| one.entry_hash.is_none()) {
        open.push(Sentence::new(
            "La huella de los hechos que llegaron sin su cadena completa: este equipo no puede calcularla.",
            "The hash of entries that came without their whole chain: this device cannot compute it.",
        ));
    }
    if story.happenings.iter().any(|one| one.seq.is_none()) {
        open.push(Sentence::new(
            "Nada de lo que aún no se ha enviado: solo está en este equipo.",
            "Anything not sent yet: it is on this device alone.",
        ));
    }
    open
}
