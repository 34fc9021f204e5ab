//! `cargo xtask interop exif`: other people's readers look for what a picture says beside itself. They find it in what a
//! camera made, and nothing of it in what the office serves.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::Args;

use super::town::Town;
use super::tus::venv;
use crate::run::{build, root, target_dir};

/// The versions that were tried.
const READERS: [&str; 2] = ["pillow==13.0.0", "exifread==3.5.1"];

/// What is tried.
#[derive(Args)]
pub struct Bare {}

impl Bare {
    /// Has a crew keep a camera's files, and reads what the office serves of them.
    ///
    /// # Errors
    /// The readers find something in what is served, or nothing in what the camera made.
    pub fn run(&self) -> anyhow::Result<()> {
        let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-tests"], false)?;
        let folder = target_dir().join("interop-exif");
        std::fs::create_dir_all(&folder)?;
        let mut python = folder.clone();
        for reader in READERS {
            python = venv(&folder, reader)?;
        }
        let town = Town::new(&folder.join("town"), &programs, &[])?;
        let script = |args: &[&Path]| -> anyhow::Result<String> {
            let mut script = Command::new(&python);
            let output = script.arg(root().join("xtask/src/interop/bare.py")).args(args).output()?;
            ensure!(output.status.success(), "{}", super::shown(&output));
            Ok(String::from_utf8(output.stdout)?)
        };
        let made = script(&["make".as_ref(), &folder])?;
        let (mut cameras, mut served) = (Vec::new(), Vec::new());
        for path in made.lines() {
            let ending =
                Path::new(path).extension().and_then(|ending| ending.to_str()).context("an ending")?;
            cameras.push(path.into());
            for what in ["after", "signature"] {
                let mut args = vec!["order", "photo", &town.folio, path, "--what", what];
                if what == "signature" {
                    args.extend(["--post", "Comisariado ejidal"]);
                }
                let kept = town.crew("one", &args)?;
                town.crew("one", &["sync"])?;
                town.crew("office", &["sync"])?;
                for member in ["sha256", "thumb_sha256"] {
                    let Some(name) = kept[member].as_str() else { continue };
                    let got = folder.join(format!("{what}-of-{ending}-{member}"));
                    town.crew("office", &["blob", "get", name, &got.display().to_string()])?;
                    served.push(got);
                }
            }
        }
        let look = |files: &[std::path::PathBuf]| {
            let files: Vec<&Path> = files.iter().map(std::path::PathBuf::as_path).collect();
            script(&[&["read".as_ref()], files.as_slice()].concat())
        };
        let (before, after) = (look(&cameras)?, look(&served)?);
        eprint!("{before}{after}");
        ensure!(before.lines().all(|line| !line.ends_with("\tnothing")), "the readers see nothing at all");
        ensure!(
            after.lines().all(|line| line.ends_with("\tnothing")),
            "something is served beside the picture"
        );
        ensure!(after.lines().count() >= 6, "little was served");
        eprintln!("{} files served, nothing in them but the picture", after.lines().count());
        Ok(())
    }
}
