//! Table: what was measured, as Markdown.

use std::fmt::Write as _;

use super::measure::{Line, Measured, Outcome};

/// Returns the whole table.
pub fn markdown(lines: &[Line]) -> String {
    let mut text = String::from(
        "| orders | delay | peer | s, connected | s, whole | bytes up + down | round trips | connections | server CPU s | \
         server MB | device MB | runs |\n|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for line in lines {
        let Line { peer, orders, delay_ms, runs, outcome } = line;
        let _ = writeln!(
            text,
            "| {} | {delay_ms} ms | {peer} | {} | {runs} |",
            thousands(*orders as u64),
            cells(outcome).join(" | ")
        );
    }
    text
}

fn cells(outcome: &Outcome) -> [String; 8] {
    let (times, measured) = match outcome {
        Outcome::Converged(measured) => {
            ([seconds(measured.connected_s), seconds(measured.whole_s)], measured)
        }
        Outcome::NotConverged { limit, who, so_far } => (
            [format!("not converged in {} s: the {who} lacked something", limit.as_secs()), "-".into()],
            so_far,
        ),
    };
    let [connected, whole] = times;
    let Measured { up_bytes, down_bytes, round_trips, connections, server_cpu_s, .. } = **measured;
    [
        connected,
        whole,
        format!("{} + {} = {}", bytes(up_bytes), bytes(down_bytes), bytes(up_bytes + down_bytes)),
        thousands(round_trips),
        thousands(connections),
        format!("{server_cpu_s:.2}"),
        megabytes(measured.server_kib),
        megabytes(measured.device_kib),
    ]
}

/// Seconds with as many digits as mean something.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        short if short < 1.0 => format!("{short:.3}"),
        middling if middling < 20.0 => format!("{middling:.2}"),
        long => format!("{long:.0}"),
    }
}

/// Returns bytes as kB and MB of a thousand.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        few if few < 1_000_000 => format!("{:.1} kB", few as f64 / 1e3),
        many => format!("{:.2} MB", many as f64 / 1e6),
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn megabytes(kib: u64) -> String {
    format!("{:.0}", kib as f64 * 1_024.0 / 1e6)
}

/// Returns a number with commas, `10,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_with_the_digits_they_have() {
        assert_eq!(
            [0, 999, 1_000, 123_456, 1_000_000].map(thousands),
            ["0", "999", "1,000", "123,456", "1,000,000"]
        );
        assert_eq!([0.0123, 4.321, 213.4].map(seconds), ["0.012", "4.32", "213"]);
        assert_eq!([21_900, 7_600_000].map(bytes), ["21.9 kB", "7.60 MB"]);
    }
}
