//! Forge: `forge PROOF LOG-KEY-FILE FOLDER` writes what the holder of the log's key makes of an honest proof file, for
//! checkers that are not ours: `true-N.json` must pass, `N.json` must be refused. `cargo xtask interop` runs it.
#![expect(clippy::print_stdout, reason = "it says which files it wrote")]

use std::path::PathBuf;

use cuadrilla_tests::forge::forgeries;

fn main() {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [proof, seed, folder] = args.as_slice() else { panic!("usage: forge PROOF LOG-KEY-FILE FOLDER") };
    let honest = std::fs::read(proof).expect("the proof file reads");
    let seed = std::fs::read_to_string(seed).expect("the log's key reads");
    let seed = hex::decode(seed.trim()).ok().and_then(|seed| seed.try_into().ok()).expect("32 bytes in hex");
    std::fs::create_dir_all(folder).expect("a folder");
    for (number, forgery) in forgeries(&honest, &seed).into_iter().enumerate() {
        let name = if forgery.is_true { format!("true-{number}.json") } else { format!("{number}.json") };
        std::fs::write(folder.join(&name), forgery.file).expect("the file is written");
        println!("{name}\t{}", forgery.what);
    }
}
