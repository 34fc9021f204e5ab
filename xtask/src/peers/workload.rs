//! Workload: the orders, and the visits that are made while both sides are apart. It is written once, as a
//! file that every peer reads, so that all write the same texts. Nothing is random: the n-th order is always
//! the same.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::{Value, json};

/// Visits the device makes, and those that others make, where there are orders enough.
const OWN: usize = 50;
const ALL: usize = 250;
/// Of so many visits one is the device's.
const OWN_EVERY: usize = ALL / OWN;
/// A visit to fewer orders than this share is no reconnect but a first sync.
const ORDERS_PER_VISIT: usize = 3;
/// Localities the orders lie in.
const LOCALITIES: usize = 50;

/// All of it.
#[derive(Debug, Serialize)]
pub struct Workload {
    pub orders: Vec<Order>,
    pub visits: Vec<Visit>,
}

/// An order as the office made it.
#[derive(Debug, Serialize)]
pub struct Order {
    pub folio: String,
    pub kind: &'static str,
    pub title: String,
    pub locality: String,
    pub crew: String,
    pub due: String,
    pub priority: &'static str,
}

/// What is done to one order: six changes, the third measurement being the reading.
#[derive(Debug, Serialize)]
pub struct Visit {
    /// Index of the order.
    pub order: usize,
    /// Whether the device makes it; else another one.
    pub own: bool,
    pub note: String,
    /// What, value, unit.
    pub measurements: [[String; 3]; 3],
    /// What, how much, unit.
    pub material: [String; 3],
}

const PLACES: [&str; 12] = [
    "en la línea de conducción",
    "frente a la escuela",
    "en la toma domiciliaria",
    "junto al tanque",
    "en el cruce con el arroyo",
    "a la salida del pozo",
    "en la calle Hidalgo",
    "bajo el puente",
    "en la caja de válvulas",
    "por el camino viejo",
    "en el callejón de atrás",
    "arriba de la capilla",
];
const DONE: [&str; 11] = [
    "se cambió el tramo dañado",
    "se puso cople nuevo",
    "se apretó la abrazadera",
    "se limpió y se volvió a tapar",
    "se cerró la válvula para reparar",
    "se encontró el tubo picado",
    "se soldó la unión",
    "se retiró la raíz que lo apretaba",
    "se cambió el empaque",
    "se purgó la línea",
    "se escarbó metro y medio",
];
const LEFT: [&str; 9] = [
    "quedó sin fuga",
    "queda una gotera leve",
    "falta rellenar la zanja",
    "hay que volver con material",
    "los vecinos ya tienen agua",
    "falta avisar a la delegación",
    "se dejó señalado con cinta",
    "presión normal en la última casa",
    "pendiente de revisar mañana",
];
const MATERIALS: [(&str, &str); 4] =
    [("TUBO-PVC-2", "m"), ("COPLE-PVC-2", "pza"), ("TUBO-PVC-3", "m"), ("COPLE-PVC-3", "pza")];

impl Workload {
    /// Returns a workload of that many orders, and up to 250 visits.
    pub fn new(orders: usize) -> Self {
        let visits = (orders / ORDERS_PER_VISIT).min(ALL);
        Self {
            orders: (0..orders).map(order).collect(),
            visits: (0..visits).map(|index| visit(index, index * orders / visits)).collect(),
        }
    }

    /// Writes `workload.json`.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::write(folder.join("workload.json"), serde_json::to_vec(self)?)
            .context("cannot write workload.json")
    }

    /// Returns some of the orders as a file for `crew import`, with the localities if they are the first.
    pub fn import(&self, range: std::ops::Range<usize>) -> Value {
        let localities: Vec<Value> = (0..LOCALITIES)
            .map(|index| json!({ "name": locality(index), "lat": format!("22.{index:02}"), "lng": format!("-103.{index:02}") }))
            .collect();
        let orders: Vec<Value> = self.orders[range.clone()]
            .iter()
            .zip(range.clone())
            .map(|(order, index)| {
                let Order { kind, title, locality, crew, due, priority, .. } = order;
                json!({ "key": format!("o-{index}"), "kind": kind, "title": title, "locality": locality,
                        "crew": crew, "due": due, "priority": priority })
            })
            .collect();
        json!({ "localities": if range.start == 0 { localities } else { Vec::new() }, "orders": orders })
    }
}

fn locality(index: usize) -> String {
    format!("Localidad {}", index % LOCALITIES)
}

fn order(index: usize) -> Order {
    Order {
        folio: format!("MZQ-26-A1-{:06}", index + 1),
        kind: "leak_repair",
        title: format!("Fuga {} {}", PLACES[index * 7 % PLACES.len()], index + 1),
        locality: locality(index),
        crew: format!("C-{:02}", 1 + index % 8),
        due: format!("2026-{:02}-{:02}", 1 + index % 12, 1 + index * 5 % 28),
        priority: ["normal", "normal", "high", "low"][index % 4],
    }
}

fn visit(index: usize, order: usize) -> Visit {
    let place = PLACES[index * 5 % PLACES.len()];
    let done = DONE[index * 3 % DONE.len()];
    let left = LEFT[index * 4 % LEFT.len()];
    let (material, unit) = MATERIALS[index * 3 % MATERIALS.len()];
    let measured = |what: &str, value: String, unit: &str| [what.to_string(), value, unit.to_string()];
    Visit {
        order,
        own: index % OWN_EVERY == OWN_EVERY - 1,
        note: format!("Visita {}: {place} {done}; {left}", 1 + index * 37 % 997),
        measurements: [
            measured("flow", format!("{}.{}", 1 + index * 7 % 12, index % 10), "L/s"),
            measured("pressure", format!("{}", 120 + index * 13 % 180), "kPa"),
            measured("free_chlorine", format!("{}.{:02}", index % 2, 20 + index * 11 % 70), "mg/L"),
        ],
        material: [material.to_string(), format!("{}", 1 + index % 6), unit.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_orders_are_the_devices_and_two_hundred_are_others_and_none_is_visited_twice() {
        for orders in [1_000, 3_000, 10_000] {
            let workload = Workload::new(orders);
            assert_eq!(workload.visits.iter().filter(|visit| visit.own).count(), OWN);
            assert_eq!(workload.visits.len(), ALL);
            let mut visited: Vec<_> = workload.visits.iter().map(|visit| visit.order).collect();
            visited.dedup();
            assert_eq!(visited.len(), ALL);
            assert!(visited.iter().all(|order| *order < orders));
        }
        assert_eq!(Workload::new(30).visits.len(), 10);
    }
}
