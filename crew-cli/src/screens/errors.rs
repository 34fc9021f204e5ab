//! What a command says when it does not end well, for every way it can end: two lines, in both languages.

use std::io;
use std::path::{Path, PathBuf};

use store::StoreError;
use sync_core::decimal::DecimalError;
use sync_core::log::verdict::Reason;
use sync_core::replica::{ImportProblem, ReplicaError};
use sync_core::rules::Labels;
use sync_core::rules::kind::{Choice, ValueError};
use sync_core::rules::measure::ReadingError;
use sync_core::view::words::Sentence;
use words::say;

use super::{LANGS, kept};
use crate::error::CliError;
use crate::http::{HttpError, LinkTrouble, TlsTrouble};

fn wrong_values() -> Vec<ReplicaError> {
    let dose = || Sentence::new("Dosis", "Dose");
    let value = |error| ReplicaError::Value { field: "dose".into(), label: dose(), error };
    let choice = |value: &str, es: &str, en: &str| Choice {
        value: value.into(),
        labels: Labels { es: es.into(), en: en.into() },
    };
    let choices = vec![choice("pvc", "PVC", "PVC"), choice("cast_iron", "Fierro fundido", "Cast iron")];
    let range =
        ValueError::Range { value: "80".into(), unit: "mg/L".into(), min: "0".into(), max: "50".into() };
    let unit = ReadingError::Unit { what: "ph".into(), expected: "pH".into(), found: "mg/L".into() };
    vec![
        value(range),
        value(ValueError::Decimal(DecimalError::Comma("0,80".into()))),
        value(ValueError::Choice { value: "x".into(), choices }),
        value(ValueError::Type("1.5".into(), "a whole number")),
        value(ValueError::NotPositive("-2".into())),
        ReplicaError::Reading {
            what: "ph".into(),
            label: Sentence::new("pH", "pH"),
            units: vec!["pH".into(), "unidades de pH".into()],
            error: unit,
        },
    ]
}

fn refusals() -> Vec<ReplicaError> {
    let folio = || "MZQ-26-K7-0012".to_owned();
    let dose = || Sentence::new("Dosis", "Dose");
    vec![
        ReplicaError::Role {
            role: "auditor".into(),
            what: "notes".into(),
            deed: Sentence::new("agregar notas", "add notes"),
        },
        ReplicaError::Role {
            role: "crew".into(),
            what: "invite".into(),
            deed: Sentence::new("invitar a otro equipo", "invite another device"),
        },
        ReplicaError::InConflict {
            folio: "locality:rr-2".into(),
            field: "name".into(),
            label: Sentence::new("nombre", "name"),
        },
        ReplicaError::Refused(Reason::Revoked),
        ReplicaError::Refused(Reason::OutOfScope),
        ReplicaError::Refused(Reason::Rule { rule: "dose".into(), what: "above 50".into() }),
        ReplicaError::NoSuchValue {
            folio: folio(),
            field: "dose".into(),
            label: dose(),
            number: 3,
            count: 2,
        },
        ReplicaError::NoConflict { folio: folio(), field: "dose".into(), label: dose() },
    ]
}

fn replica_errors() -> Vec<ReplicaError> {
    let folio = || "MZQ-26-K7-0012".to_owned();
    let word = || "El Mortro".to_owned();
    let mut errors = vec![
        ReplicaError::NotEnrolled,
        ReplicaError::NoPerson,
        ReplicaError::AlreadyEnrolled("Cuadrilla 7".into()),
        ReplicaError::Unknown { what: "order", word: "MZQ-26-K7-0099".into(), known: Vec::new() },
        ReplicaError::Unknown { what: "locality", word: word(), known: vec!["El Mortero".into()] },
        ReplicaError::Ambiguous {
            word: "La Palma".into(),
            matches: vec!["la-palma-1".into(), "la-palma-2".into()],
        },
    ];
    errors.extend(wrong_values());
    errors.extend([
        ReplicaError::Unknown {
            what: "single device",
            word: "Bomba 2".into(),
            known: vec!["Bomba 2 (a1b2)".into(), "Bomba 2 (c3d4)".into()],
        },
        ReplicaError::Length { what: "the note", found: 9_000, max: 4_000 },
        ReplicaError::Missing {
            folio: folio(),
            missing: vec![Labels { es: "Cloro libre".into(), en: "Free chlorine".into() }],
            commands: vec!["crew measure MZQ-26-K7-0012 cloro 0.80 mg/L".into()],
        },
        ReplicaError::Step {
            folio: folio(),
            state: Labels { es: "Cancelada".into(), en: "Cancelled".into() },
            step: Labels { es: "Iniciar".into(), en: "Start".into() },
            possible: vec![("reopen".into(), Labels { es: "Reabrir".into(), en: "Reopen".into() })],
        },
        ReplicaError::Step {
            folio: folio(),
            state: Labels { es: "Aprobada".into(), en: "Approved".into() },
            step: Labels { es: "Iniciar".into(), en: "Start".into() },
            possible: vec![],
        },
    ]);
    errors.extend(refusals());
    errors.extend([
        ReplicaError::Import {
            path: vec!["orders".into(), 3.into(), "locality".into()],
            problem: ImportProblem::SameKey { key: "o-1".into(), other: "orders[1]".into() },
        },
        ReplicaError::Bundle("cut".into()),
        ReplicaError::Forged("…".into()),
        ReplicaError::Behind { ours: 4, theirs: 9 },
        ReplicaError::NotReleasable { seq: 12 },
        ReplicaError::GroundHeld { seq: 12, on: Some(11) },
        ReplicaError::GroundHeld { seq: 12, on: None },
        ReplicaError::Index("…".into()),
    ]);
    errors
}

fn store_errors() -> Vec<StoreError> {
    let path = || PathBuf::from("/home/c07/store");
    vec![
        StoreError::Full { path: path(), needed_bytes: 9 },
        StoreError::ReadOnly { path: path() },
        StoreError::Locked { path: path(), pid: Some(7) },
        StoreError::Locked { path: path(), pid: None },
        StoreError::NewerFormat { path: path(), found: 2, known: 1 },
        StoreError::Corrupt { seq: 3, path: path(), offset: 1, detail: "…".into() },
    ]
}

fn http_errors() -> Vec<HttpError> {
    let refused = |status, code: &str| HttpError::Refused {
        status,
        code: code.into(),
        message: "as the server says it".into(),
        hint: "as the server advises".into(),
        retry_after_s: None,
        last_attempt: None,
    };
    vec![
        HttpError::Url("servidor".into()),
        HttpError::Link(LinkTrouble::NoSuchName),
        HttpError::Link(LinkTrouble::Refused),
        HttpError::Moved("https://cuadrilla.example/".into()),
        HttpError::TimedOut,
        HttpError::Cut,
        HttpError::Portal { status: 200 },
        HttpError::NotCuadrilla,
        HttpError::Unavailable { status: 502 },
        HttpError::Missing("/log/checkpoint".into()),
        HttpError::TooLarge,
        HttpError::NotPassed,
        HttpError::Garbled("gzip".into()),
        HttpError::Tls(TlsTrouble::Issuer),
        HttpError::Tls(TlsTrouble::Authority),
        HttpError::Tls(TlsTrouble::Name),
        refused(401, "bad_signature"),
        refused(401, "unknown_device"),
        refused(403, "code_expired"),
        refused(409, "other_municipality"),
        refused(409, "gap"),
        refused(429, "too_many"),
        refused(507, "disk_full"),
        refused(400, "a_code_of_a_later_server"),
    ]
}

#[test]
fn every_trouble_says_what_happened_what_became_of_the_work_and_what_to_do() {
    let path = Path::new("/media/usb/c07.cuadrilla");
    let kept_work = say!("log-safe");
    let mut errors: Vec<CliError> = replica_errors().into_iter().map(CliError::from).collect();
    errors.extend(store_errors().into_iter().map(CliError::from));
    errors.push(CliError::not_enrolled(Path::new("/home/c07")));
    for kind in [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied] {
        errors.push(CliError::file(path, &io::Error::from(kind)));
    }
    errors.extend(http_errors().into_iter().map(|error| error.into_cli(&kept_work)));
    for (lang, ending) in LANGS {
        let text: String = errors
            .iter()
            .map(|error| format!("[{} {}]\n{}\n", error.exit, error.code, error.lines(lang)))
            .collect();
        kept(&format!("errors.{ending}"), &text);
    }
}
