//! What the core refuses, with its exit status.

use sync_core::replica::ReplicaError;
use words::refusals;

use super::CliError;

impl From<ReplicaError> for CliError {
    fn from(error: ReplicaError) -> Self {
        Self::new(error.exit(), error.code(), refusals::message(&error), refusals::hint(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::CliError;
    use sync_core::decimal::DecimalError;
    use sync_core::replica::ReplicaError;
    use sync_core::rules::Labels;
    use sync_core::rules::kind::{Choice, ValueError};
    use sync_core::rules::measure::ReadingError;
    use sync_core::view::words::Sentence;
    use words::Lang;

    #[test]
    fn a_refusal_keeps_its_word_and_exit_code_in_both_languages() {
        let error =
            ValueError::Range { value: "-1".into(), unit: "mg/L".into(), min: "0".into(), max: "50".into() };
        let label = Sentence::new("Dosis", "Dose");
        let error = CliError::from(ReplicaError::Value { field: "dose".into(), label, error });
        assert_eq!((error.exit, error.code.as_str()), (3, "value"));
        assert_eq!(error.message.of(Lang::Es), "Dosis: -1 mg/L es imposible: debe estar entre 0 y 50");
        assert_eq!(error.message.of(Lang::En), "Dose: -1 mg/L is impossible: it must lie between 0 and 50");
    }

    #[test]
    fn each_wrong_value_has_a_hint_of_its_own() {
        let choice = |value: &str| Choice { value: value.into(), labels: Labels::same(value) };
        let range = |min: &str, max: &str| ValueError::Range {
            value: "600".into(),
            unit: "mg/L".into(),
            min: min.into(),
            max: max.into(),
        };
        for (error, hint) in [
            (ValueError::Decimal(DecimalError::Comma("1,5".into())), "punto"),
            (ValueError::NotPositive("0".into()), "mayor que 0"),
            (range("0", "500"), "entre 0 y 500 mg/L"),
            (range("-", "500"), "a lo más 500 mg/L"),
            (
                ValueError::Choice { value: "x".into(), choices: vec![choice("pvc"), choice("fierro")] },
                "pvc, fierro",
            ),
            (ValueError::Type("1.5".into(), "a whole number"), "entero"),
            (ValueError::Type("quizá".into(), "yes or no (sí/no)"), "sí o no"),
            (ValueError::Scale("1.555".into(), 2), "2 decimales"),
        ] {
            let label = Sentence::new("Dosis", "Dose");
            let said = CliError::from(ReplicaError::Value { field: "dose".into(), label, error });
            assert!(said.hint.of(Lang::Es).contains(hint), "{said:?}");
            assert!(said.message.of(Lang::Es).starts_with("Dosis: "), "{said:?}");
        }
        let error =
            ReadingError::Unit { what: "free_chlorine".into(), expected: "mg/L".into(), found: "kg".into() };
        let said = CliError::from(ReplicaError::Reading {
            what: "free_chlorine".into(),
            label: Sentence::new("Cloro residual libre", "Free residual chlorine"),
            units: vec!["mg/L".into(), "ppm".into()],
            error,
        });
        assert_eq!(said.message.of(Lang::Es), "Cloro residual libre: se mide en mg/L, no en kg");
        assert!(said.hint.of(Lang::Es).ends_with("mg/L, ppm"), "{said:?}");
    }

    #[test]
    fn what_a_role_may_not_do_is_a_deed_and_the_hint_names_who_does_it() {
        let error = |what: &str, deed| ReplicaError::Role { role: "crew".into(), what: what.into(), deed };
        let said =
            CliError::from(error("invite", Sentence::new("invitar a otro equipo", "invite another device")));
        assert_eq!(said.message.of(Lang::Es), "el papel cuadrilla no puede invitar a otro equipo");
        assert!(said.hint.of(Lang::Es).contains("administración"), "{said:?}");
        let said = CliError::from(error("crew", Sentence::new("asignar la orden", "assign the order")));
        assert!(said.hint.of(Lang::Es).contains("despacho"), "{said:?}");
    }

    #[test]
    fn a_difference_is_named_by_its_label_and_settled_by_its_key() {
        let error = ReplicaError::InConflict {
            folio: "locality:rr-2".into(),
            field: "name".into(),
            label: Sentence::new("nombre", "name"),
        };
        let said = CliError::from(error);
        assert!(said.message.of(Lang::Es).starts_with("localidad rr-2: «nombre»"), "{said:?}");
        assert!(said.hint.of(Lang::Es).contains("resolve locality:rr-2 name"), "{said:?}");
    }

    #[test]
    fn a_long_list_of_what_there_is_says_how_much_more_there_is() {
        let known = (1..=41).map(|number| format!("M-{number}")).collect();
        let said = CliError::from(ReplicaError::Unknown { what: "material", word: "x".into(), known });
        assert!(said.message.of(Lang::Es).ends_with("M-12 y 29 más)"), "{said:?}");
    }

    #[test]
    fn a_homonym_lists_the_places() {
        let matches = vec!["el-popote-1".to_owned(), "el-popote-2".to_owned()];
        let error = CliError::from(ReplicaError::Ambiguous { word: "El Popote".into(), matches });
        assert_eq!(error.exit, 2);
        assert!(error.message.of(Lang::Es).contains("el-popote-2"));
    }
}
