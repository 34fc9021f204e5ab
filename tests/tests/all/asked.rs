//! Asked: what a person is told and asked, in the person's language and for this slip.

use cuadrilla_tests::Town;

fn spanish(town: &Town, device: &str, args: &[&str]) -> String {
    let mut command = std::process::Command::new(cuadrilla_tests::program("crew"));
    command.args(["--lang", "es", "--home"]).arg(town.path(device)).args(args);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn what_programs_write_of_twice_made_orders_is_spanish_on_a_spanish_screen() {
    let town = Town::peopled();
    town.enrol("other", &["dispatcher"]);
    let file = town.path("same.yaml");
    std::fs::write(
        &file,
        "orders:\n  - { key: same-1, kind: leak_repair, locality: mezquitic, title: Igual, due: 2026-12-05 }\n",
    )
    .unwrap();
    let file = file.display().to_string();
    town.crew("office", &["import", &file]);
    town.crew("other", &["import", &file]);
    town.crew("office", &["sync"]);
    let said = spanish(&town, "other", &["sync"]);
    assert!(said.contains("otro cambio ya había creado ese registro"), "{said}");
    assert!(said.contains("escrito otra vez, como hecho"), "{said}");
    assert!(!said.contains("written again") && !said.contains("already created"), "{said}");
    let log = spanish(&town, "office", &["audit", "log"]);
    assert!(log.contains("nueva época: fundación") && !log.contains("founded"), "{log}");
    let list = spanish(&town, "office", &["order", "list"]);
    assert!(list.contains("vence") && list.contains("2026-12-05"), "{list}");
}

#[test]
fn the_hint_is_for_this_slip() {
    let town = Town::peopled();
    let folio = town.folio("office", "pump_replacement");
    let said = spanish(&town, "office", &["set", &folio, "due", "mañana"]);
    assert!(said.contains("escriba la fecha como 2026-11-28"), "{said}");
    let file = town.path("x.yaml");
    std::fs::write(&file, "orders:\n  - { key: o1, kind: leak_repair, title: T, due: 01/12/2026 }\n")
        .unwrap();
    let said = spanish(&town, "office", &["import", &file.display().to_string()]);
    assert!(said.contains("no es un día del calendario") && !said.contains("se permite:"), "{said}");
    std::fs::write(&file, "ordenes: []\n").unwrap();
    let said = spanish(&town, "office", &["import", &file.display().to_string()]);
    assert!(said.contains("se permite: municipality"), "{said}");
    let (exit, error) = town.refused("office", &["cancel", &folio]);
    assert_eq!((exit, error["code"].as_str()), (2, Some("usage")));
}
