//! The core's refusals in both languages. The English is the core's own; here is the Spanish beside it.

use sync_core::decimal::DecimalError;
use sync_core::log::verdict::Reason;
use sync_core::replica::ReplicaError;
use sync_core::rules::kind::ValueError;
use sync_core::rules::measure::ReadingError;

use super::CliError;
use crate::labels;
use crate::text::{Lang, Text};

impl From<ReplicaError> for CliError {
    fn from(error: ReplicaError) -> Self {
        let message = match &error {
            ReplicaError::Refused(reason) => Text {
                es: format!("no se permite: {}", labels::reason(reason, Lang::Es)).into(),
                en: format!("not allowed: {}", labels::reason(reason, Lang::En)).into(),
            },
            other => Text { es: spanish(other).into(), en: other.to_string().into() },
        };
        let hint_en = match &error {
            ReplicaError::Refused(reason) if *reason != Reason::OutOfScope => "ask dispatch".to_owned(),
            other => other.hint(),
        };
        let hint = Text { es: spanish_hint(&error).into(), en: hint_en.into() };
        Self::new(error.exit(), error.code(), message, hint)
    }
}

fn spanish(error: &ReplicaError) -> String {
    match error {
        ReplicaError::NotEnrolled => "este equipo no está registrado".into(),
        ReplicaError::NoPerson => "nadie está elegido: este equipo se comparte".into(),
        ReplicaError::AlreadyEnrolled(name) => format!("este equipo ya está registrado como {name}"),
        ReplicaError::Unknown { what, word, known } => {
            let known =
                if known.is_empty() { String::new() } else { format!(" (hay: {})", known.join(", ")) };
            format!("no hay {} «{word}»{known}", thing(what))
        }
        ReplicaError::Ambiguous { word, matches } => {
            format!("«{word}» es el nombre de varios lugares: {}", matches.join("; "))
        }
        ReplicaError::Value { field, error } => format!("{field}: {}", value(error)),
        ReplicaError::Reading { what, error } => format!("{what}: {}", reading(error)),
        ReplicaError::Quantity(detail) => format!("cantidad: {detail}"),
        ReplicaError::Length { what, found, max } => {
            format!("{} tiene {found} caracteres; se permiten de 1 a {max}", thing(what))
        }
        ReplicaError::Missing { folio, missing, .. } => {
            format!("{folio} aún no se puede terminar: falta {}", missing.join(", "))
        }
        ReplicaError::Step { folio, state, step, .. } => {
            format!("{folio} está en {state}: desde ahí no se puede {step}")
        }
        ReplicaError::Role { role, what } => format!("el papel {role} no puede hacer esto: {what}"),
        ReplicaError::Refused(reason) => labels::reason(reason, Lang::Es),
        ReplicaError::NoSuchValue { folio, field, number, count } => {
            format!("{field} de {folio} no tiene un valor número {number}; tiene {count}")
        }
        ReplicaError::NoConflict { folio, field } => format!("{field} de {folio} no tiene diferencias"),
        ReplicaError::Import { place, problem } => {
            format!("el archivo tiene un error en {place}: {problem}")
        }
        ReplicaError::Bundle(detail) => format!("no se puede usar el archivo: {detail}"),
        ReplicaError::Foreign(detail) => {
            format!("lo que contestó no es el servidor de este municipio: {detail}")
        }
        ReplicaError::Forged(detail) => {
            format!("la respuesta no está firmada por el servidor de confianza: {detail}")
        }
        ReplicaError::OutOfStep(detail) => format!("la respuesta habla de algo desconocido aquí: {detail}"),
        ReplicaError::Behind { ours, theirs } => {
            format!("el servidor conoce el hecho {theirs} de este equipo, pero aquí solo hay {ours}")
        }
        ReplicaError::NotReleasable { seq } => {
            format!("el hecho {seq} no es trabajo en una orden: no se puede liberar")
        }
        ReplicaError::GroundHeld { seq, on } => {
            let on = on.map_or_else(|| "otro".to_owned(), |on| format!("el {on}"));
            format!("el hecho {seq} se apoya en {on}, que sigue retenido")
        }
        ReplicaError::Change(detail) => format!("excede un límite: {detail}"),
        ReplicaError::Rules(detail) => format!("no se entiende una regla: {detail}"),
        ReplicaError::Index(detail) => format!("no se lee el índice: {detail}"),
    }
}

fn spanish_hint(error: &ReplicaError) -> String {
    let fixed = match error {
        ReplicaError::Missing { commands, .. } => return commands.join(" · "),
        ReplicaError::Step { possible, .. } if !possible.is_empty() => {
            return format!("ahora se puede: {}", possible.join(", "));
        }
        ReplicaError::NotEnrolled => {
            "pida un código a quien administra y ejecute: crew enrol URL CÓDIGO --name NOMBRE"
        }
        ReplicaError::NoPerson => {
            "elija quién trabaja: crew person use NOMBRE; crew person list dice quiénes hay"
        }
        ReplicaError::AlreadyEnrolled(_) => "use otra carpeta (--home) para registrar un segundo equipo",
        ReplicaError::Unknown { what: "order", .. } => {
            "vea crew order list; una orden de otra cuadrilla no está en este equipo"
        }
        ReplicaError::Unknown { .. } => "revise cómo se escribe, o ejecute crew sync para traer lo publicado",
        ReplicaError::Ambiguous { .. } => "nombre el lugar por su clave",
        ReplicaError::Reading { .. } | ReplicaError::Value { .. } | ReplicaError::Quantity(_) => {
            "escriba el número con punto, en la unidad de la regla, por ejemplo 0.80 mg/L"
        }
        ReplicaError::Length { .. } => "acórtelo, o divídalo en dos",
        ReplicaError::Step { .. } => "este papel no puede dar ningún paso",
        ReplicaError::Refused(Reason::Revoked) => {
            "no se perdió nada: lo enviado espera a la supervisión; pida un código nuevo y regístrese otra vez"
        }
        ReplicaError::Refused(Reason::OutOfScope) => "la orden es de otra cuadrilla: pregunte al despacho",
        ReplicaError::Role { .. } | ReplicaError::Refused(_) => "pregunte al despacho",
        ReplicaError::NoSuchValue { .. } | ReplicaError::NoConflict { .. } => "vea crew conflict list",
        ReplicaError::Import { .. } => "no se importó nada; corrija el archivo e impórtelo de nuevo",
        ReplicaError::Bundle(_) => "no se tomó nada; copie el archivo otra vez desde su equipo",
        ReplicaError::Foreign(_) => "no se perdió nada; si la red pide iniciar sesión, hágalo y repita",
        ReplicaError::Forged(_) => "no confíe en esta red; no se tomó nada y no se perdió nada",
        ReplicaError::OutOfStep(_) => "repita crew sync; si sigue igual, avise a quien administra",
        ReplicaError::Behind { .. } => {
            "esta carpeta es una copia vieja: ejecute crew sync, sigue con otro nombre y no se pierde nada"
        }
        ReplicaError::NotReleasable { .. } => "deséchelo, y haga el acto desde un equipo que pueda",
        ReplicaError::GroundHeld { .. } => "libere los dos juntos, o deseche primero aquel en que se apoya",
        ReplicaError::Change(_) => "divida el trabajo en pasos más pequeños",
        ReplicaError::Rules(_) => "avise a quien administra",
        ReplicaError::Index(_) => "borre la carpeta store/index de este equipo: se rehace del diario",
    };
    fixed.to_owned()
}

fn thing(what: &str) -> &str {
    match what {
        "order" => "una orden",
        "kind of work" => "un tipo de trabajo",
        "locality" => "una localidad",
        "crew" => "una cuadrilla",
        "asset" => "un activo",
        "material" => "un material",
        "measure" => "una medición",
        "field" => "un dato",
        "step" => "un paso",
        "plan" => "un programa",
        "checklist point" => "un punto de la lista",
        "the note" => "la nota",
        "the title" => "el título",
        "the reason" => "el motivo",
        "the description" => "la descripción",
        "the name" => "el nombre",
        "device" => "un equipo",
        other => other,
    }
}

fn value(error: &ValueError) -> String {
    match error {
        ValueError::Type(text, "yes or no (sí/no)") => format!("«{text}» no es sí o no"),
        ValueError::Type(text, "a whole number") => format!("«{text}» no es un número entero"),
        ValueError::Type(text, "a date (YYYY-MM-DD)") => format!("«{text}» no es una fecha (AAAA-MM-DD)"),
        ValueError::Type(text, _) => format!("«{text}» no es del tipo del dato"),
        ValueError::Decimal(error) => decimal(error),
        ValueError::Scale(text, digits) => format!("{text} tiene más de {digits} decimales"),
        ValueError::Range { value, unit, min, max } => {
            format!("{value} {unit} es imposible: debe estar entre {min} y {max}")
        }
        ValueError::TooLong { found, max } => format!("tiene {found} caracteres; se permiten {max}"),
        ValueError::Choice { value, choices } => format!("«{value}» no es ninguno de: {choices}"),
    }
}

fn reading(error: &ReadingError) -> String {
    match error {
        ReadingError::Unit { what, expected, found } => {
            format!("{what} se mide en {expected}, no en {found}")
        }
        ReadingError::Value(error) => value(error),
    }
}

fn decimal(error: &DecimalError) -> String {
    match error {
        DecimalError::Comma(text) => {
            format!("los decimales van después de un punto, no de una coma: «{text}»")
        }
        DecimalError::NotANumber(text) => format!("no es un número: «{text}»"),
        DecimalError::TooLong(text) => format!("tiene demasiadas cifras: «{text}»"),
    }
}

#[cfg(test)]
mod tests {
    use crate::error::CliError;
    use sync_core::replica::ReplicaError;
    use sync_core::rules::kind::ValueError;

    #[test]
    fn a_refusal_keeps_its_word_and_exit_code_in_both_languages() {
        let error =
            ValueError::Range { value: "-1".into(), unit: "mg/L".into(), min: "0".into(), max: "50".into() };
        let error = CliError::from(ReplicaError::Value { field: "dose".into(), error });
        assert_eq!((error.exit, error.code.as_str()), (3, "value"));
        assert_eq!(&*error.message.es, "dose: -1 mg/L es imposible: debe estar entre 0 y 50");
        assert_eq!(&*error.message.en, "dose: -1 mg/L is impossible: it must lie between 0 and 50");
    }

    #[test]
    fn a_homonym_lists_the_places() {
        let matches = vec!["el-popote-1".to_owned(), "el-popote-2".to_owned()];
        let error = CliError::from(ReplicaError::Ambiguous { word: "El Popote".into(), matches });
        assert_eq!(error.exit, 2);
        assert!(error.message.es.contains("el-popote-2"));
    }
}
