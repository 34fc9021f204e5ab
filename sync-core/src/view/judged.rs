//! Judged: what the judge says of a change or an act, in words. The judge writes a reason once, in English and with
//! keys, and the ledger keeps it so; people read labels, in their language.

use super::told::{filled, parts};
use super::words::{Sentence, register_label, state_label};
use crate::log::verdict::Reason;
use crate::rules::Rules;

/// Each text that the judge writes, with `{}` for what differs, and how it is said in Spanish. One that holds more
/// stands before one that holds less.
const TEXTS: [(&str, &str); 56] = [
    ("the record was already created by another change", "otro cambio ya había creado ese registro"),
    ("the record already has {} changes", "el registro ya tiene {} cambios"),
    ("the record already has {} branches", "el registro ya tiene {} ramas"),
    ("{} would hold more than {} values at the same time", "{} tendría más de {} valores a la vez"),
    ("{} is given another value than was decided", "a {} se le da otro valor que el decidido"),
    ("{} is not of the form {}", "{} no tiene la forma {}"),
    ("{} has the letters {}; this device's are {}", "{} tiene las letras {}; las de este equipo son {}"),
    ("{} does not begin with {}", "{} no empieza con {}"),
    ("{} is not this device's to give", "{} no es un folio que este equipo pueda dar"),
    ("{} is not a kind of work here", "{} no es un tipo de trabajo de aquí"),
    ("{} is not a measure here", "{} no es una medición de aquí"),
    ("{} cannot be set on a new record", "{} no se puede dar al crear el registro"),
    ("{} is nothing that this kind of work has", "{} no es un dato de este tipo de trabajo"),
    ("an order does not start as {}", "una orden no empieza como {}"),
    ("the status cannot be emptied", "el estado no puede quedar vacío"),
    ("{} -> {}", "de {} no se pasa a {}"),
    ("the new record has no name", "el registro nuevo no tiene nombre"),
    ("a measurement needs {}", "a una medición le falta {}"),
    ("a new {} needs {}", "a lo que se crea ({}) le falta {}"),
    ("{} cannot be emptied", "{} no puede quedar vacío"),
    (
        "registers that this version does not know may hold {} bytes together",
        "los datos que esta versión no conoce pasan de {} bytes juntos",
    ),
    ("{} would have {} {}, at most {} are allowed", "{} tendría {} {}; se permiten a lo más {}"),
    ("it is not in its form", "la corrección no tiene su forma"),
    ("it says that the element is another one", "la corrección dice que el renglón es otro"),
    ("the element was voided; note it again", "el renglón se anuló; anótelo otra vez"),
    ("its reason needs 1 to {} characters", "el motivo debe tener de 1 a {} caracteres"),
    ("a material was used in no such amount", "de un material no se usa esa cantidad"),
    ("{} are not corrected so", "{} no se corrigen así"),
    ("there is no such list", "no hay tal lista"),
    (
        "its operations are not numbered after those it builds on",
        "sus operaciones no siguen a aquello en que se apoyan",
    ),
    (
        "it says that it is its device's change {} of the record, and is {}",
        "dice ser el cambio {} de su equipo en el registro, y es el {}",
    ),
    (
        "it names operation {} of device {}, which the record has not",
        "nombra la operación {} del equipo {}, que el registro no tiene",
    ),
    ("{}: {} is not yes or no (sí/no)", "{}: {} no es sí o no"),
    ("{}: {} is not a whole number", "{}: {} no es un número entero"),
    ("{}: {} is not a date (YYYY-MM-DD)", "{}: {} no es una fecha (AAAA-MM-DD)"),
    ("{}: {} is not a stored choice", "{}: {} no es ninguna de las opciones"),
    ("{}: {} is not of the field's type", "{}: {} no es del tipo del dato"),
    ("{}: {} has more than {} digits after the point", "{}: {} tiene más de {} decimales"),
    ("{}: {} is impossible: it must lie between {} and {}", "{}: {} es imposible: debe estar entre {} y {}"),
    ("{}: the text has {} characters, at most {} are allowed", "{}: tiene {} caracteres; se permiten {}"),
    ("{}: {} is none of {}", "{}: {} no es ninguno de: {}"),
    ("{}: {} is measured in {}, not in {}", "{}: se mide en {2}, no en {3}"),
    (
        "{}: write the decimals after a point, not a comma: {}",
        "{}: los decimales van después de un punto, no de una coma: {}",
    ),
    ("{}: not a number: {}", "{}: no es un número: {}"),
    ("{}: more than {} digits: {}", "{}: más de {} cifras: {}"),
    ("{} holds a {}, expected {}", "{}: es {}; se espera {}"),
    ("{} holds {}, expected one of {}", "{}: es {}; se espera uno de: {}"),
    ("{} holds {}, expected a day such as {}", "{}: {} no es un día del calendario, como {}"),
    ("{} holds {}, which does not look like {}", "{}: {} no tiene la forma {}"),
    ("{} holds {}, expected {} to {}", "{}: es {}; debe estar entre {} y {}"),
    ("{} holds {}, beyond {}", "{}: es {}; pasa de {}"),
    ("{} has {} {}, at most {} are allowed", "{}: tiene {} {}; se permiten a lo más {}"),
    ("{} has {} {}, at least {} are needed", "{}: tiene {} {}; se necesitan al menos {}"),
    ("{} has {}, which is not known; there are {}", "{}: tiene {}, que aquí no existe; hay: {}"),
    ("{} has {} twice", "{}: tiene {} dos veces"),
    ("{} does not belong here", "{} no va junto con lo demás"),
];

/// What the judge calls things that are neither registers nor fields, in Spanish.
const THINGS: [(&str, &str); 25] = [
    ("the record", "el registro"),
    ("order", "orden"),
    ("report", "reporte"),
    ("plan", "programa"),
    ("catalog", "catálogo"),
    ("item", "clase"),
    ("key", "clave"),
    ("folio", "folio"),
    ("notes", "notas"),
    ("measurements", "mediciones"),
    ("materials", "material"),
    ("photos", "fotos"),
    ("visits", "visitas"),
    ("decisions", "decisiones"),
    ("corrections", "correcciones"),
    ("description", "descripción"),
    ("characters", "caracteres"),
    ("elements", "elementos"),
    ("members", "miembros"),
    ("string", "un texto"),
    ("integer", "un entero"),
    ("number", "un número"),
    ("boolean", "sí o no"),
    ("null", "vacío"),
    ("string or null", "un texto o vacío"),
];

/// Each act or write that a role may be refused, by what the judge calls it: in Spanish and English.
const DEEDS: [(&str, &str, &str); 25] = [
    ("invite", "invitar a otro equipo", "invite another device"),
    ("revoke", "dar de baja un equipo", "revoke a device"),
    ("assign_device", "cambiar los permisos de un equipo", "change what a device may do"),
    ("enrol", "dar de alta un equipo", "enrol a device"),
    ("release", "liberar lo que está en revisión", "release what is in review"),
    ("dismiss", "desechar lo que está en revisión", "dismiss what is in review"),
    ("blob_erased", "borrar una foto", "erase a photo"),
    ("blob_stored", "dar por recibida una foto", "say that a photo has arrived"),
    ("rule", "publicar una regla", "publish a rule"),
    ("app", "publicar la aplicación", "publish the app"),
    ("genesis", "fundar un registro", "found a ledger"),
    ("epoch", "empezar otra época del registro", "begin another epoch of the ledger"),
    ("clock", "corregir el reloj de la oficina", "correct the office's clock"),
    ("decisions", "decidir entre valores distintos", "decide between different values"),
    ("crew", "asignar la orden a una cuadrilla", "assign the order to a crew"),
    ("notes", "agregar notas", "add notes"),
    ("measurements", "agregar mediciones", "add readings"),
    ("materials", "agregar material", "add material"),
    ("photos", "agregar fotos", "add photos"),
    ("visits", "agregar visitas", "add visits"),
    ("folios", "dar otro folio a la orden", "give the order another folio"),
    ("corrections", "corregir lo anotado", "correct what was noted"),
    (
        "correct what another device wrote",
        "corregir lo que anotó otro equipo",
        "correct what another device wrote",
    ),
    ("device list", "ver la lista de equipos", "see the list of devices"),
    ("description", "cambiar la descripción", "change the description"),
];

/// Records by their kind: one, and several, in Spanish and English.
const RECORDS: [(&str, [&str; 2], [&str; 2]); 5] = [
    ("order", ["una orden", "órdenes"], ["an order", "orders"]),
    ("report", ["un reporte", "reportes"], ["a report", "reports"]),
    ("asset", ["un activo", "activos"], ["an asset", "assets"]),
    ("plan", ["un programa", "programas"], ["a plan", "plans"]),
    ("catalog", ["algo del catálogo", "el catálogo"], ["something of the catalogue", "the catalogue"]),
];

/// Returns what exactly a reason is about; `None` if the reason says it all.
pub fn detail_words(rules: &Rules, reason: &Reason) -> Option<Sentence> {
    match reason {
        Reason::Role { what } => Some(deed_words(rules, what)),
        Reason::Rule { rule, what } => Some(rule_words(rules, rule, what)),
        Reason::Held { on } => Some(Sentence::new(on.to_string(), on.to_string())),
        Reason::Revoked | Reason::OutOfScope | Reason::Fork { .. } => None,
    }
}

/// Returns what broke a rule. English keeps the judge's words.
///
/// ```
/// use sync_core::rules::Rules;
/// use sync_core::view::judged;
///
/// let what = r#"due holds "mañana", expected a day such as 2026-11-28"#;
/// let words = judged::rule_words(&Rules::default(), "value", what);
/// assert_eq!(words.es, "fecha límite: «mañana» no es un día del calendario, como 2026-11-28");
/// assert_eq!(words.en, what);
/// ```
pub fn rule_words(rules: &Rules, rule: &str, what: &str) -> Sentence {
    let found = TEXTS.iter().find_map(|(en, es)| Some((*en, *es, parts(what, en)?)));
    let said = match (rule, found) {
        (_, Some((en, es, parts))) => {
            let of_step = en == "{} -> {}" || en == "an order does not start as {}";
            let word = |part: &&str| if of_step { states(rules, part) } else { name(rules, part) };
            filled(es, &parts.iter().map(word).collect::<Vec<_>>())
        }
        ("required", None) => {
            let lacking = what.split(", ").map(|part| name(rules, part)).collect::<Vec<_>>();
            format!("falta {}", lacking.join(", "))
        }
        ("name_taken", None) => format!("otro registro ya se llama así: {what}"),
        ("conflict", None) => format!("{} tiene valores distintos y espera una decisión", name(rules, what)),
        (_, None) => what.to_owned(),
    };
    Sentence::new(said, what)
}

/// Returns what a role may not do.
pub fn deed_words(rules: &Rules, what: &str) -> Sentence {
    if let Some((_, es, en)) = DEEDS.iter().find(|(key, ..)| *key == what) {
        return Sentence::new(*es, *en);
    }
    let record = |key: &str| RECORDS.iter().find(|(known, ..)| *known == key);
    if let Some((_, es, en)) = what.strip_prefix("a new ").and_then(record) {
        return Sentence::new(format!("crear {}", es[0]), format!("create {}", en[0]));
    }
    if let Some((_, es, en)) = record(what) {
        return Sentence::new(format!("escribir {}", es[1]), format!("write {}", en[1]));
    }
    if let Some(state) = what.strip_prefix("status ") {
        let label = state_label(rules, state);
        return Sentence::new(
            format!("pasar la orden a «{}»", label.es),
            format!("move the order to “{}”", label.en),
        );
    }
    let all_steps = rules.kinds.values().map(Some).chain([None]).flat_map(|kind| rules.steps_of(kind));
    if let Some(step) = all_steps.into_iter().find(|step| step.step == what) {
        return Sentence::new(
            format!("dar el paso «{}»", step.labels.es),
            format!("take the step “{}”", step.labels.en),
        );
    }
    if let Some(name) = what.strip_suffix(", which this version does not know") {
        return Sentence::new(
            format!("escribir {name}, que esta versión no conoce"),
            format!("write {name}, which this version does not know"),
        );
    }
    match label(rules, what) {
        Some(label) => Sentence::new(format!("cambiar «{}»", label.es), format!("change “{}”", label.en)),
        None => Sentence::new(what, what),
    }
}

/// Returns the label of a register, a field, a point of the checklist or a measure, by what the judge calls it.
fn label(rules: &Rules, word: &str) -> Option<Sentence> {
    let fields = || rules.kinds.values().flat_map(|kind| &kind.fields);
    let points = || rules.kinds.values().flat_map(|kind| &kind.checklist);
    let field = |key: &str| fields().find(|field| field.key == key).map(|field| &field.labels);
    let labels = match word.split_once('.') {
        Some(("fields", key)) => field(key),
        Some(("checklist", key)) => points().find(|point| point.key == key).map(|point| &point.labels),
        _ => {
            let key = word.strip_prefix("measure ").unwrap_or(word);
            rules.measures.get(key).map(|measure| &measure.labels)
        }
    };
    let own = register_label(word);
    labels.map(Sentence::from).or_else(|| (own.es != own.en || word == "folio").then_some(own))
}

/// Returns what stands in a gap, in Spanish: a label, a thing, a quoted text with our quotation marks, or itself.
fn name(rules: &Rules, part: &str) -> String {
    let part = part.trim();
    if let Some(text) = part.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return format!("«{text}»");
    }
    if let Some(label) = label(rules, part) {
        return label.es;
    }
    let thing = THINGS.iter().find(|(en, _)| *en == part).map(|(_, es)| (*es).to_owned());
    // What a schema says of an element has its list before it: `measurements value`.
    let of_list = || {
        let (list, member) = part.split_once(' ')?;
        let (_, es) = THINGS.iter().find(|(en, _)| *en == list)?;
        Some(format!("{es} {}", name(rules, member)))
    };
    thing.or_else(of_list).unwrap_or_else(|| part.trim_start_matches("fields.").to_owned())
}

fn states(rules: &Rules, part: &str) -> String {
    let labels = part.split('|').map(|state| format!("«{}»", state_label(rules, state).es));
    labels.collect::<Vec<_>>().join(" o ")
}

#[cfg(test)]
mod tests {
    use super::{TEXTS, deed_words, rule_words};
    use crate::log::act::Act;
    use crate::rules::Rules;

    fn rules() -> Rules {
        let mut rules = Rules::default();
        for (name, text) in [
            ("work/chlorination", include_str!("../../../schemas/work/chlorination.json")),
            ("steps", include_str!("../../../schemas/steps.json")),
            ("measures", include_str!("../../../schemas/measures.json")),
        ] {
            rules.add(name, text).unwrap();
        }
        rules
    }

    #[test]
    fn what_broke_a_rule_is_said_in_spanish_and_with_labels() {
        let rules = rules();
        for (rule, what, said) in [
            (
                "value",
                "fields.dose: 600 mg/L is impossible: it must lie between 0 and 500",
                "Dosis: 600 mg/L es imposible: debe estar entre 0 y 500",
            ),
            (
                "reading",
                "free_chlorine: free_chlorine is measured in mg/L, not in kg",
                "Cloro residual libre: se mide en mg/L, no en kg",
            ),
            (
                "value",
                "priority holds \"x\", expected one of low, normal",
                "prioridad: es «x»; se espera uno de: low, normal",
            ),
            (
                "limit",
                "notes would have 501 elements, at most 500 are allowed",
                "notas tendría 501 elementos; se permiten a lo más 500",
            ),
            ("step", "reported|assigned -> approved", "de «Reportada» o «Asignada» no se pasa a «Aprobada»"),
            ("conflict", "status", "estado tiene valores distintos y espera una decisión"),
            ("required", "fields.dose, measure free_chlorine", "falta Dosis, Cloro residual libre"),
            (
                "value",
                "measurements value has 90 characters, at most 24 are allowed",
                "mediciones value: tiene 90 caracteres; se permiten a lo más 24",
            ),
        ] {
            assert_eq!(rule_words(&rules, rule, what).es, said);
            assert_eq!(rule_words(&rules, rule, what).en, what);
        }
    }

    #[test]
    fn no_text_of_the_judge_hides_behind_one_that_holds_less() {
        for (number, (en, _)) in TEXTS.iter().enumerate() {
            let text = en.replace("{}", "x");
            let first = TEXTS.iter().position(|(other, _)| super::parts(&text, other).is_some());
            assert_eq!(first, Some(number), "{en}");
        }
    }

    #[test]
    fn what_a_role_may_not_do_is_a_deed() {
        let rules = rules();
        for (what, es, en) in [
            ("crew", "asignar la orden a una cuadrilla", "assign the order to a crew"),
            ("a new asset", "crear un activo", "create an asset"),
            ("order", "escribir órdenes", "write orders"),
            ("fields.dose", "cambiar «Dosis»", "change “Dose”"),
            ("due", "cambiar «fecha límite»", "change “due”"),
        ] {
            let deed = deed_words(&rules, what);
            assert_eq!((deed.es.as_str(), deed.en.as_str()), (es, en));
        }
        assert!(deed_words(&rules, "approve").es.starts_with("dar el paso «"));
        assert!(deed_words(&rules, "status approved").es.starts_with("pasar la orden a «"));
        let revoke = Act::Revoke { device: crate::id::DeviceId([0; 16]), fate: None, reason: String::new() };
        assert_ne!(deed_words(&rules, revoke.action()).es, revoke.action());
    }
}
