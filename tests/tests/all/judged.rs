//! Judged: the core's judge of values says what an independent implementation of JSON Schema says.

use cuadrilla_tests::judged::{Choices, Judges, Tally};
use cuadrilla_tests::random::Random;

/// Values that are compared; a second or two.
const VALUES: usize = 4_000;

#[test]
fn both_judges_say_the_same_of_random_values() {
    let judges = Judges::new();
    let mut tally = Tally::default();
    let mut choices = Choices::Seed(Random::new(11));
    for _ in 0..VALUES {
        judges.compare(&mut choices, &mut tally);
    }
    let share = tally.valid * 100 / tally.values;
    println!("{} values, {share} % of them valid, {} judged as changes too", tally.values, tally.changes);
    println!("{:<22} {:>8} {:>8}", "keyword", "accepted", "refused");
    for (keyword, (accepted, refused)) in
        tally.keywords.iter().filter(|(word, _)| judges.keywords().contains(*word))
    {
        println!("{keyword:<22} {accepted:>8} {refused:>8}");
    }
    assert!(share >= 40, "{share} % are valid");
    assert!(tally.changes > VALUES / 4, "{} changes", tally.changes);
    for keyword in judges.keywords() {
        let (accepted, refused) = tally.keywords.get(&keyword).copied().unwrap_or_default();
        assert!(accepted > 0 && refused > 0, "{keyword}: accepted {accepted} times, refused {refused} times");
    }
}
