//! A day of realistic work: orders with the skeleton of `schemas/record/order.schema.json`, visited by crews.
//! Everything is drawn from a seed, so that every byte count is exact.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};

use super::Known;
use crate::crypto::Signature;
use crate::id::{BootId, DeviceId, Hash, NameKey, PersonId, RecordId};
use crate::log::entry::{Anchor, Header};
use crate::log::verdict::{Receipt, Verdict};
use crate::people::PersonName;
use crate::record::change::{Change, actor_of};
use crate::wire::pack::{PackBody, PackItem};

/// A small generator (splitmix64): the core draws no randomness, and the tests want the same day each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

const WHAT: [&str; 24] = [
    "se cambió la válvula",
    "fuga en la toma",
    "se cloró el tanque",
    "bomba trabajando",
    "se limpió la rejilla",
    "tubo de 2 pulgadas roto",
    "se cerró el paso",
    "medidor sin lectura",
    "se purgó la línea",
    "flotador trabado",
    "presión baja",
    "se reparó el cople",
    "dosificador sin cloro",
    "se pintó la caseta",
    "candado violado",
    "luminaria apagada",
    "se cambió el foco",
    "pozo sin luz",
    "arrancador quemado",
    "agua turbia",
    "se retiró el azolve",
    "registro sin tapa",
    "cerca caída",
    "se tomó la muestra",
];
const WHERE: [&str; 20] = [
    "junto a la escuela",
    "frente a la clínica",
    "en la parte alta",
    "por el arroyo",
    "atrás del templo",
    "en la bajada",
    "a la salida",
    "cerca del puente",
    "en casa de don Chuy",
    "por la cancha",
    "en el cruce",
    "en la loma",
    "en el tanque viejo",
    "junto al camino",
    "en la plaza",
    "con la familia Robles",
    "en la secundaria",
    "por el panteón",
    "en el manantial",
    "en la curva",
];
const THEN: [&str; 16] = [
    "queda bien",
    "falta material",
    "volver mañana",
    "pendiente la tapa",
    "avisar a la comisaria",
    "sin presión aún",
    "queda con agua",
    "se requiere soldador",
    "llovía mucho",
    "sin novedad",
    "nadie en casa",
    "urge",
    "quedó provisional",
    "ya no gotea",
    "revisar en 8 días",
    "faltó cemento",
];
const MEASURES: [(&str, &str, u64, u64); 5] = [
    ("free_chlorine", "mg/L", 2, 200),
    ("ph", "pH", 1, 90),
    ("pressure", "kg/cm2", 1, 60),
    ("turbidity", "NTU", 1, 50),
    ("water_level", "m", 2, 400),
];
const MATERIALS: [(&str, &str); 10] = [
    ("TUB-PVC-2", "m"),
    ("COP-PVC-2", "pza"),
    ("VAL-COM-2", "pza"),
    ("CLO-CAL-65", "kg"),
    ("ABR-REP-3", "pza"),
    ("CEM-GRIS", "kg"),
    ("FOCO-LED-40", "pza"),
    ("CIN-TEFLON", "pza"),
    ("PEG-PVC", "l"),
    ("EMP-2", "pza"),
];
const PEOPLE: [&str; 11] = [
    "Aurelio Carrillo",
    "María Díaz",
    "Ramón de la Torre",
    "Chela Robles",
    "Efraín Bañuelos",
    "Lupe Torres",
    "Martín González",
    "Nayeli Carrillo",
    "José Ángel Ruiz",
    "Tere Muñoz",
    "Isidro López",
];

/// One phone and what it says next.
struct Phone {
    device: DeviceId,
    seq: u64,
    person: PersonId,
    boot: BootId,
    now_ms: i64,
    monotonic_ms: u64,
    anchor: Anchor,
}

impl Phone {
    fn new(person: &str, dice: &mut Dice) -> Self {
        Self {
            device: DeviceId(dice.bytes()),
            seq: dice.below(900) + 1,
            person: PersonName { name: person.into(), key: NameKey(dice.bytes()) }.id(),
            boot: BootId(dice.bytes()),
            now_ms: 1_795_000_000_000 + i64::try_from(dice.below(7_200_000)).unwrap(),
            monotonic_ms: dice.below(400_000_000),
            anchor: Anchor { size: 40_000 + dice.below(3_000), root: Hash(dice.bytes()) },
        }
    }

    /// Moves the clocks on; in one reading of ten the two differ by the millisecond between them.
    fn wait(&mut self, from_ms: u64, to_ms: u64, dice: &mut Dice) {
        let wait_ms = from_ms + dice.below(to_ms - from_ms);
        self.now_ms += i64::try_from(wait_ms).unwrap();
        self.monotonic_ms += wait_ms + u64::from(dice.below(10) == 0);
    }

    fn entry(&mut self, record: RecordId, change: Change) -> PackItem {
        self.seq += 1;
        let header = Header {
            municipality: 14_061,
            device: self.device,
            seq: self.seq,
            record,
            person: self.person,
            claimed_at_ms: self.now_ms,
            boot: self.boot,
            monotonic_ms: self.monotonic_ms,
            anchor: self.anchor,
        };
        PackItem { header, body: PackBody::Change(change), receipt: None, signature: None }
    }
}

/// What went up and what comes down.
pub(super) struct Day {
    pub(super) known: Known,
    pub(super) up: Vec<PackItem>,
    pub(super) down: Vec<PackItem>,
}

/// Returns 50 orders visited by one device and 200 by ten others, among 10,000 that two dispatchers made.
pub(super) fn day(seed: u64) -> Day {
    let mut dice = Dice(seed);
    let mut known = Known::default();
    let offices = [DeviceId(dice.bytes()), DeviceId(dice.bytes())];
    let mut phones: Vec<Phone> = PEOPLE.iter().map(|person| Phone::new(person, &mut dice)).collect();
    let mut up: Vec<PackItem> = Vec::new();
    for _ in 0..50 {
        up.extend(visit(&mut phones[0], offices, &mut known, &mut dice));
    }
    sign(&mut up, &mut dice);
    let mut down = Vec::new();
    let (mut ledger_seq, mut received_at_ms) = (43_000, 1_795_020_000_000);
    for batch in 0..20 {
        let phone = &mut phones[1 + batch % 10];
        let mut items: Vec<PackItem> = Vec::new();
        for _ in 0..10 {
            items.extend(visit(phone, offices, &mut known, &mut dice));
        }
        sign(&mut items, &mut dice);
        ledger_seq += dice.below(300);
        received_at_ms += i64::try_from(dice.below(3_000_000)).unwrap();
        for item in &mut items {
            ledger_seq += 1;
            let verdict = Verdict::Accepted;
            item.receipt = Some(Receipt { seq: ledger_seq, received_at_ms, carrier: None, verdict });
        }
        phone.anchor = Anchor { size: ledger_seq, root: Hash(dice.bytes()) };
        down.extend(items);
    }
    Day { known, up, down }
}

fn sign(items: &mut [PackItem], dice: &mut Dice) {
    if let Some(last) = items.last_mut() {
        last.signature = Some(Signature { alg: 1, bytes: dice.bytes() });
    }
}

/// Returns an order that both sides know, and the six changes of a visit to it.
fn visit(phone: &mut Phone, offices: [DeviceId; 2], known: &mut Known, dice: &mut Dice) -> Vec<PackItem> {
    let record = RecordId(dice.bytes());
    let office = offices[usize::from(dice.below(4) == 0)];
    let mut nth = dice.below(10_000);
    while known.records.contains_key(&number_of(nth)) {
        nth = dice.below(10_000);
    }
    known.record(record, number_of(nth));
    let mut doc = order(office, dice);
    let mut heads = doc.get_heads();
    known.change(record, office, 12 + nth, Hash(heads[0].0));
    doc.set_actor(actor_of(phone.device));
    phone.wait(300_000, 3_600_000, dice);
    let mut items = Vec::new();
    for step in 0..6 {
        act(&mut doc, step, dice);
        doc.commit_with(CommitOptions::default().with_time(0));
        let raw = doc.get_changes(&heads).remove(0);
        heads = doc.get_heads();
        items.push(phone.entry(record, Change::from_raw(raw.raw_bytes()).unwrap()));
        phone.wait(20_000, 900_000, dice);
    }
    items
}

/// Returns the ledger number of the order made as number `nth`: one or two other entries stand between any
/// two.
fn number_of(nth: u64) -> u64 {
    1_000 + nth * 5 / 2
}

fn order(office: DeviceId, dice: &mut Dice) -> AutoCommit {
    let mut doc = AutoCommit::new().with_actor(actor_of(office));
    let mut make = |key, kind| doc.put_object(ROOT, key, kind).unwrap();
    let fields = make("fields", ObjType::Map);
    make("checklist", ObjType::Map);
    for list in ["notes", "measurements", "materials", "photos", "visits", "decisions"] {
        make(list, ObjType::List);
    }
    let description = make("description", ObjType::Text);
    for key in ["type", "folio", "kind", "title", "locality", "asset", "crew", "status", "priority", "due"] {
        doc.put(ROOT, key, dice.below(1_000).to_string()).unwrap();
    }
    doc.put(&fields, "leak_place", "main").unwrap();
    // Descriptions differ in length, so what follows starts at another counter in each order.
    let words =
        "Reportan fuga de agua en la calle".chars().take(usize::try_from(10 + dice.below(20)).unwrap());
    doc.splice_text(&description, 0, 0, &words.collect::<String>()).unwrap();
    doc.commit_with(CommitOptions::default().with_time(0));
    doc
}

/// Writes one of: start, two measurements, a material, a note, finish.
fn act(doc: &mut AutoCommit, step: u8, dice: &mut Dice) {
    let object = |doc: &AutoCommit, key: &str| doc.get(ROOT, key).unwrap().unwrap().1;
    let append = |doc: &mut AutoCommit, key: &str, members: &[(&str, &str)]| {
        let list = object(doc, key);
        let at = doc.length(&list);
        let map = doc.insert_object(&list, at, ObjType::Map).unwrap();
        for (key, value) in members {
            doc.put(&map, *key, *value).unwrap();
        }
    };
    match step {
        0 => doc.put(ROOT, "status", "in_progress").unwrap(),
        1 | 2 => {
            let (what, unit, scale, most) = MEASURES[usize::try_from(dice.below(5)).unwrap()];
            let (whole, part) = (dice.below(most), 10_u64.pow(u32::try_from(scale).unwrap()));
            let width = usize::try_from(scale).unwrap();
            let value = format!("{}.{:0width$}", whole / part, whole % part);
            append(doc, "measurements", &[("what", what), ("value", &value), ("unit", unit)]);
        }
        3 => {
            let (sku, unit) = MATERIALS[usize::try_from(dice.below(10)).unwrap()];
            let quantity = (1 + dice.below(12)).to_string();
            append(doc, "materials", &[("sku", sku), ("qty", &quantity), ("unit", unit)]);
        }
        4 => {
            let list = object(doc, "notes");
            doc.insert(&list, 0, note(dice)).unwrap();
        }
        _ => {
            doc.put(ROOT, "status", "finished").unwrap();
            doc.put(object(doc, "fields"), "cause", dice.of(&["burst", "joint", "corrosion"])).unwrap();
        }
    }
}

/// Returns a text of 30 to 60 characters.
fn note(dice: &mut Dice) -> String {
    loop {
        let number = dice.below(400);
        let note = format!("{} {}, {}", dice.of(&WHAT), dice.of(&WHERE), dice.of(&THEN));
        let note = if dice.below(2) == 0 { note } else { format!("{note}, {number} m") };
        if (30..=60).contains(&note.chars().count()) {
            return note;
        }
    }
}
