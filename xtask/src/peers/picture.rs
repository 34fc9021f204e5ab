//! Picture: six small charts over the number of orders, both axes logarithmic, as one SVG that is readable on light
//! and on dark.

use std::fmt::Write as _;

use super::measure::{Line, Measured, Outcome};
use super::table::{bytes, seconds, thousands};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 870.0;
const COLUMNS: usize = 2;
const PANEL: (f64, f64) = (450.0, 262.0);
const FIRST: (f64, f64) = (20.0, 84.0);
/// The plot in its panel: left, top, right, bottom margins.
const MARGINS: (f64, f64, f64, f64) = (16.0, 34.0, 74.0, 26.0);
/// Labels of one column stand at least so far from each other.
const LABEL_STEP: f64 = 12.5;

/// Light and dark colours of the peers, in the order of the legend.
const COLOURS: [(&str, &str, &str); 4] = [
    ("automerge-repo", "#c2410c", "#fb923c"),
    ("samod", "#7e22ce", "#c084fc"),
    ("PouchDB", "#4d7c0f", "#a3e635"),
    ("Cuadrilla", "#0369a1", "#38bdf8"),
];

/// One chart: what it shows, of which delay, how it says a value.
struct Chart {
    title: String,
    delay_ms: u64,
    value: fn(&Measured) -> f64,
    said: fn(f64) -> String,
}

/// A measured value in a chart.
struct Point {
    orders: usize,
    value: f64,
    converged: bool,
}

/// Returns the picture of what was measured, with and without the longest delay of the run.
pub fn svg(lines: &[Line]) -> String {
    let delay_ms = lines.iter().map(|line| line.delay_ms).max().unwrap_or(0);
    let mut text = head();
    legend(&mut text);
    for (at, chart) in charts(delay_ms).iter().enumerate() {
        let column = (at % COLUMNS) as f64;
        let row = (at / COLUMNS) as f64;
        panel(&mut text, chart, lines, (FIRST.0 + column * (PANEL.0 + 20.0), FIRST.1 + row * PANEL.1));
    }
    text.push_str("</svg>\n");
    text
}

fn charts(delay_ms: u64) -> [Chart; 6] {
    let time = |title: String, delay_ms: u64| Chart {
        title,
        delay_ms,
        value: |measured| measured.connected_s,
        said: |value| format!("{} s", seconds(value)),
    };
    let other = |title: &str, value: fn(&Measured) -> f64, said: fn(f64) -> String| Chart {
        title: title.into(),
        delay_ms: 0,
        value,
        said,
    };
    let mut turns = other("Round trips on the line", |measured| measured.round_trips as f64, whole);
    turns.delay_ms = delay_ms;
    turns.title = format!("{} (with the delay)", turns.title);
    [
        time("Seconds from connection to both complete".into(), 0),
        time(format!("The same with {delay_ms} ms round-trip delay"), delay_ms),
        other(
            "Bytes, both directions",
            |measured| (measured.up_bytes + measured.down_bytes) as f64,
            said_bytes,
        ),
        turns,
        other(
            "Server processor time",
            |measured| measured.server_cpu_s.max(0.01),
            |value| format!("{value:.2} s"),
        ),
        other(
            "Server memory, peak",
            |measured| measured.server_kib as f64 * 1_024.0 / 1e6,
            |value| format!("{value:.0} MB"),
        ),
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts were whole before")]
fn whole(value: f64) -> String {
    thousands(value.round() as u64)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts were whole before")]
fn said_bytes(value: f64) -> String {
    bytes(value.round() as u64)
}

fn head() -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for (at, (_, on_light, on_dark)) in COLOURS.iter().enumerate() {
        let _ = write!(light, ".c{at}{{stroke:{on_light};fill:{on_light}}}");
        let _ = write!(dark, ".c{at}{{stroke:{on_dark};fill:{on_dark}}}");
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"Reconnect of a device: what it costs by the number of orders it holds\">\n<style>\n\
         text{{font:12px system-ui,sans-serif;fill:#1f2937;stroke:none}}.t{{font-weight:600;font-size:14px}}.h{{font-size:18px;font-weight:600}}\
         .b{{fill:#ffffff}}.g{{stroke:#d1d5db;stroke-width:1}}path{{stroke-width:2;fill:none!important}}.open{{fill:#ffffff!important;stroke-width:2}}\
         .v{{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}}{light}\n\
         @media (prefers-color-scheme:dark){{text{{fill:#e5e7eb}}.b{{fill:#0d1117}}.g{{stroke:#30363d}}.open{{fill:#0d1117!important}}.v{{stroke:#0d1117}}{dark}}}\n</style>\n\
         <rect class=\"b\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"h\" x=\"{}\" y=\"32\">Reconnecting: 50 orders changed here, 200 elsewhere, of all that the device holds</text>\n",
        FIRST.0
    )
}

fn legend(text: &mut String) {
    let mut x = FIRST.0;
    for (at, (name, ..)) in COLOURS.iter().enumerate() {
        let _ = writeln!(text, "<circle class=\"c{at}\" cx=\"{}\" cy=\"56\" r=\"5\"/>", x + 6.0);
        let _ = writeln!(text, "<text x=\"{}\" y=\"60\">{name}</text>", x + 16.0);
        x += 36.0 + name.len() as f64 * 7.0;
    }
    let _ = writeln!(
        text,
        "<text x=\"{x}\" y=\"60\">ring: not complete within its time; both axes logarithmic</text>"
    );
}

fn points(chart: &Chart, lines: &[Line], peer: &str) -> Vec<Point> {
    let mut points: Vec<Point> = lines
        .iter()
        .filter(|line| line.peer == peer && line.delay_ms == chart.delay_ms)
        .map(|line| {
            let (measured, converged) = match &line.outcome {
                Outcome::Converged(measured) => (**measured, true),
                // It took at least as long as was waited.
                Outcome::NotConverged { so_far, limit, .. } => {
                    (Measured { connected_s: limit.as_secs_f64(), ..**so_far }, false)
                }
            };
            Point { orders: line.orders, value: (chart.value)(&measured), converged }
        })
        .collect();
    points.sort_by_key(|point| point.orders);
    points
}

/// Returns the place of a value between `low` and `high` on a logarithmic axis, from 0 to 1.
fn place(value: f64, (low, high): (f64, f64)) -> f64 {
    if high > low { (value / low).ln() / (high / low).ln() } else { 0.5 }
}

fn span(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
}

fn panel(text: &mut String, chart: &Chart, lines: &[Line], (x, y): (f64, f64)) {
    let _ = writeln!(text, "<text class=\"t\" x=\"{x}\" y=\"{}\">{}</text>", y + 14.0, chart.title);
    let series: Vec<Vec<Point>> = COLOURS.iter().map(|(peer, ..)| points(chart, lines, peer)).collect();
    let all = series.iter().flatten();
    let widths = span(lines.iter().map(|line| line.orders as f64));
    let heights = span(all.clone().map(|point| point.value));
    let (left, right) = (x + MARGINS.0, x + PANEL.0 - MARGINS.2);
    let (top, bottom) = (y + MARGINS.1, y + PANEL.1 - MARGINS.3 - 14.0);
    let at = |point: &Point| {
        (
            left + place(point.orders as f64, widths) * (right - left),
            bottom - 6.0 - place(point.value, heights) * (bottom - top - 12.0),
        )
    };
    let mut sizes: Vec<usize> = lines.iter().map(|line| line.orders).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for orders in sizes {
        let x = left + place(orders as f64, widths) * (right - left);
        let _ = writeln!(
            text,
            "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>"
        );
        let said = thousands(orders as u64);
        let _ = writeln!(
            text,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{said}</text>",
            bottom + 15.0
        );
    }
    for (peer, points) in series.iter().enumerate() {
        let placed: Vec<(f64, f64)> = points.iter().map(at).collect();
        let path: Vec<String> = placed.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        if path.len() > 1 {
            let _ = writeln!(text, "<path class=\"c{peer}\" d=\"M{}\"/>", path.join("L"));
        }
        for ((x, y), point) in placed.iter().zip(points) {
            let class = if point.converged { format!("c{peer}") } else { format!("c{peer} open") };
            let _ = writeln!(text, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
        }
    }
    labels(text, chart, all.map(|point| (at(point), point.value)).collect());
}

/// Writes the values beside their points, none over another of the same column.
fn labels(text: &mut String, chart: &Chart, mut placed: Vec<((f64, f64), f64)>) {
    placed.sort_by(|((x, y), _), ((other_x, other_y), _)| x.total_cmp(other_x).then(y.total_cmp(other_y)));
    let mut before: Option<(f64, f64)> = None;
    for ((x, y), value) in placed {
        let mut label_y = y + 4.0;
        if let Some((column, last)) = before
            && (column - x).abs() < 1.0
        {
            label_y = label_y.max(last + LABEL_STEP);
        }
        before = Some((x, label_y));
        let said = (chart.said)(value);
        let _ = writeln!(text, "<text class=\"v\" x=\"{:.1}\" y=\"{label_y:.1}\">{said}</text>", x + 8.0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line(peer: &str, orders: usize, delay_ms: u64, converged: bool) -> Line {
        let measured = Box::new(Measured {
            connected_s: orders as f64 / 1e3,
            whole_s: orders as f64 / 1e3,
            up_bytes: 1_000,
            down_bytes: orders as u64,
            round_trips: 1,
            connections: 1,
            server_cpu_s: 0.0,
            server_kib: 40_000,
            device_kib: 40_000,
        });
        let outcome = match converged {
            true => Outcome::Converged(measured),
            false => Outcome::NotConverged {
                limit: Duration::from_secs(9),
                who: "server".into(),
                so_far: measured,
            },
        };
        Line { peer: peer.into(), orders, delay_ms, runs: 1, outcome }
    }

    #[test]
    fn every_point_is_drawn_inside_and_what_did_not_converge_is_a_ring() {
        let mut lines = Vec::new();
        for delay_ms in [0, 600] {
            for (peer, ..) in COLOURS {
                lines.extend([
                    line(peer, 1_000, delay_ms, true),
                    line(peer, 10_000, delay_ms, peer != "samod"),
                ]);
            }
        }
        let svg = svg(&lines);
        // Four charts without delay and two with it, two sizes, four peers; and four in the legend.
        assert_eq!(svg.matches("<circle").count(), 6 * 2 * 4 + 4);
        assert_eq!(svg.matches(" open\"").count(), 6);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        for number in svg.split("cx=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let x: f64 = number.parse().unwrap();
            assert!((0.0..WIDTH).contains(&x), "{x}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
