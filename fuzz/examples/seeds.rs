//! Writes valid bytes of each form into the corpora: `cargo run --example seeds` in `fuzz/`.

fn main() -> std::io::Result<()> {
    for (number, (target, bytes)) in cuadrilla_fuzz::seeds::all().into_iter().enumerate() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("valid-{number:03}")), bytes)?;
    }
    Ok(())
}
