//! Build: lists the files of the app that `cargo xtask web` made in `web/dist`, so that the program holds them. Without
//! that folder the list is empty, and everything else builds all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// More than any file of the app has, in bytes; the program holds all of them in memory.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What is compressed already, beside the file that it is made of.
const PACKED: [&str; 2] = ["br", "gz"];

fn main() -> io::Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    let dist = web.join("dist");
    println!("cargo::rerun-if-changed=build.rs");
    // A path that is not there would run this each time: the folder in which it will be made is looked at instead.
    let looked_at = if dist.is_dir() { &dist } else { &web };
    println!("cargo::rerun-if-changed={}", looked_at.display());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(&dist.canonicalize()?, "", &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder for what is built"));
    fs::write(out.join("app.rs"), listed(&files))
}

/// Finds the files below `folder` by their names in the app: no sources, and none that is hidden or compressed.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = name.rsplit('.').next().unwrap_or_default();
        if name.starts_with('.') || ending == "map" || PACKED.contains(&ending) {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            let bytes = path.metadata()?.len();
            assert!(bytes <= FILE_BYTES_MAX, "{} is longer than {FILE_BYTES_MAX} bytes", path.display());
            files.push((format!("{prefix}{name}"), path));
        }
    }
    Ok(())
}

/// Returns the list as Rust.
fn listed(files: &[(String, PathBuf)]) -> String {
    let mut list = String::from("&[\n");
    for (name, path) in files {
        let [brotli, gzip] = PACKED.map(|ending| match packed(path, ending) {
            Some(packed) => format!("Some(include_bytes!({packed:?}))"),
            None => "None".into(),
        });
        // Writing to memory does not fail.
        let _ = writeln!(
            list,
            "Embedded {{ name: {name:?}, bytes: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},"
        );
    }
    list.push(']');
    list
}

/// Returns the compressed form of a file, if it is there, shorter, and not left over from an older build.
fn packed(path: &Path, ending: &str) -> Option<PathBuf> {
    let packed = PathBuf::from(format!("{}.{ending}", path.display()));
    let (of, plain) = (packed.metadata().ok()?, path.metadata().ok()?);
    let is_newer = of.modified().ok()? >= plain.modified().ok()?;
    (is_newer && of.len() < plain.len()).then_some(packed)
}
