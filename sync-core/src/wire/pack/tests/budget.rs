//! What a day costs. The counts are exact, so they are asserted.

use super::workload::day;
use super::{Known, round_trip};
use crate::wire::pack::bytes::{Reader, StreamsIn};
use crate::wire::pack::{PackItem, stream};

/// Both packs of the day together.
const DAY_BYTES_MAX: usize = 21_000;

fn compressed(bytes: &[u8], level: i32) -> usize {
    zstd::bulk::compress(bytes, level).unwrap().len()
}

/// Prints bytes per stream, raw and compressed alone. Returns the compressed size of the whole pack.
fn table(name: &str, items: &[PackItem], known: &Known) -> usize {
    let bytes = round_trip(items, known);
    let mut streams = StreamsIn::split(&bytes).unwrap();
    println!("{name}: {} entries\n{:16} {:>7} {:>7} {:>7}", items.len(), "stream", "raw", "zstd", "a entry");
    for (number, stream) in stream::NAMES.iter().enumerate() {
        let mut reader: Reader<'_> = streams.whole(number);
        let raw = reader.take(reader.left() as u64).unwrap();
        if !raw.is_empty() {
            let packed = compressed(raw, 9);
            let each = packed as f64 / items.len() as f64;
            println!("{stream:16} {:7} {packed:7} {each:7.2}", raw.len());
        }
    }
    for level in [3, 9, 19] {
        let packed = compressed(&bytes, level);
        let each = packed as f64 / items.len() as f64;
        println!("all, level {level:2}    {:7} {packed:7} {each:7.2}", bytes.len());
    }
    compressed(&bytes, 9)
}

#[test]
fn a_day_of_1_500_changes_stays_within_its_budget() {
    let day = day(1);
    let up = table("up", &day.up, &day.known);
    let down = table("down", &day.down, &day.known);
    println!("up and down: {} bytes for {} entries", up + down, day.up.len() + day.down.len());
    assert_eq!(day.up.len() + day.down.len(), 1_500);
    assert!(up + down <= DAY_BYTES_MAX, "{up} + {down} bytes");
}
