//! `cargo xtask dist`: the two programs as offices get them, without symbols. What a debugger or a profiler needs stands
//! beside them in `PROGRAM.debug`, which the program names.
#![expect(clippy::print_stdout, reason = "the table of the artefacts goes to standard output")]

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::run::{cargo, run, target_dir};

const PROGRAMS: [(&str, &str); 2] = [("cuadrilla-server", "cuadrilla-server"), ("crew-cli", "crew")];

/// Builds, takes the symbols out and prints sizes and SHA-256 sums.
pub fn build() -> anyhow::Result<()> {
    let packages = PROGRAMS.iter().flat_map(|(package, _)| ["--package", package]);
    run(cargo().args(["build", "--locked", "--profile", "dist"]).args(packages))?;
    let built = target_dir().join("dist");
    let folder = built.join("artefacts");
    fs::create_dir_all(&folder).context("cannot make the folder of the artefacts")?;
    for (_, name) in PROGRAMS {
        take_symbols_out(&built.join(name), &folder, name)?;
    }
    for (_, name) in PROGRAMS {
        for name in [name.to_owned(), format!("{name}.debug")] {
            let bytes = fs::metadata(folder.join(&name))?.len();
            println!("{name:<24} {:>6.1} MB", bytes as f64 / 1e6);
        }
    }
    println!("in {}", folder.display());
    run(Command::new("sha256sum").args(PROGRAMS.map(|(_, name)| name)).current_dir(&folder))
}

/// Writes `NAME.debug` with the symbols only, and `NAME` without them, which names it.
fn take_symbols_out(program: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let debug = format!("{name}.debug");
    let objcopy = || {
        let mut objcopy = Command::new("objcopy");
        objcopy.current_dir(folder);
        objcopy
    };
    run(objcopy().arg("--only-keep-debug").arg(program).arg(&debug))
        .context("objcopy takes the symbols out (Debian: binutils)")?;
    run(objcopy().arg("--strip-all").arg(format!("--add-gnu-debuglink={debug}")).arg(program).arg(name))
}
