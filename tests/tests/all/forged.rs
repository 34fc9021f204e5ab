//! Forged: what the holder of the log's key can make with it, and who refuses it.

use cuadrilla_tests::{Town, forge, json};

use crate::log::{caught, log_key, shown};

#[test]
fn a_receipt_forged_with_the_log_key_is_refused() {
    let town = Town::peopled();
    let key = log_key(&town);
    let made = town.crew(
        "one",
        &["order", "new", "--kind", "leak_repair", "--locality", "mezquitic", "--title", "Fuga"],
    );
    let folio = made["folio"].as_str().unwrap();
    town.crew("one", &["note", folio, "se cambió el tramo"]);
    town.crew("one", &["sync"]);
    town.crew("office", &["sync"]);
    let file = shown(&town.path("comprobante.json"));
    town.crew("office", &["audit", "receipt", folio, "--out", &file]);
    let seed = std::fs::read_to_string(town.path("server").join("log.key")).unwrap();
    let seed: [u8; 32] = hex::decode(seed.trim()).unwrap().try_into().unwrap();
    let forgeries = forge::forgeries(&std::fs::read(&file).unwrap(), &seed);
    assert!(forgeries.len() >= 7);
    let bent = shown(&town.path("bent.json"));
    for forge::Forgery { what, file, is_true } in forgeries {
        std::fs::write(&bent, file).unwrap();
        let check = ["audit", "receipt-check", &bent, "--log-verifier", &key];
        let (is_good, said) = crate::examples::run("check-proof", &[&key, &bent]);
        if is_true {
            // The forger's tools make what passes: what is refused is refused for the lie, not for a slip of theirs.
            json(&town.command("nobody", &check).output().unwrap());
            assert!(is_good, "{what}: {said}");
            continue;
        }
        let (exit, _, message) = caught(&town, "nobody", &check);
        assert_eq!(exit, 5, "{what}: {message}");
        assert!(!is_good, "{what}: {said}");
    }
}
