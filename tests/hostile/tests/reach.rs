//! What the targets begin with reaches what it is meant for, and every target has a corpus.

use cuadrilla_hostile::{TARGETS, seeds, work_is_taken};
use cuadrilla_tests::repository;

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folders = std::fs::read_dir(repository().join("fuzz/corpus")).unwrap();
    let mut kept: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    let mut targets: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    kept.sort();
    targets.sort();
    assert_eq!(kept, targets);
}

#[test]
fn valid_bytes_are_taken_by_their_targets() {
    let mut taken = 0;
    for (name, bytes) in seeds::all() {
        let target = TARGETS.iter().find(|target| target.name == name).unwrap();
        (target.run)(&bytes);
        taken += usize::from(name == "work" && work_is_taken(&bytes));
    }
    // Its work, and much of what others did: accepted, and quarantined if the device may not do it.
    assert!(taken > 10, "the office takes in {taken}");
}
