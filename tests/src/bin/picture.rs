//! Makes a picture of noise, as a camera's file. `picture FILE WIDTH HEIGHT SEED`.

use cuadrilla_tests::picture::noise;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, width, height, seed] = args.as_slice() else { panic!("picture FILE WIDTH HEIGHT SEED") };
    let number = |text: &str| text.parse().expect("a number");
    let bytes = noise(number(width), number(height), u64::from(number(seed)));
    std::fs::write(file, bytes).expect("the file is written");
}
