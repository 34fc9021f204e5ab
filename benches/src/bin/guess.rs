//! What one guess at an enrolment code costs: processor time, and memory that it fills.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use cuadrilla_benches::processor_s;
use sync_core::id::DeviceId;
use sync_core::invitation::Opening;

const GUESSES: u32 = 20;

fn main() {
    let begun = processor_s();
    for guess in 0..GUESSES {
        std::hint::black_box(Opening::of_code(&format!("{guess:012}"), &DeviceId([7; 16])));
    }
    let each = (processor_s() - begun) / f64::from(GUESSES);
    println!("one guess at a code: {each:.3} s of one core, 32 MiB");
}
