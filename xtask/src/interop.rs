//! `cargo xtask interop`: the independent checker of `docs/audit`, in Go, on a ledger made for it. It must accept what is
//! honest and refuse what was forged. `interop tus`: other people's clients upload a photo. `interop exif`: their
//! readers look into it. `interop s3`: their bucket keeps them.

mod bare;
pub mod proxy;
mod s3;
pub mod town;
mod tus;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use serde_json::Value;

use crate::run::{build, root, target_dir};

/// Where Debian's `golang-golang-x-mod-dev` puts the libraries, so that nothing is fetched.
const DEBIAN_GOPATH: &str = "/usr/share/gocode";

#[derive(Parser)]
pub struct Interop {
    #[command(subcommand)]
    with: Option<With>,
}

#[derive(Subcommand)]
enum With {
    /// Uploads a photo with `tus-js-client` (npm) and `tuspy` (pip) through a link that is slow and breaks.
    Tus(tus::Tus),
    /// Reads what is served of a camera's files with `Pillow` and `ExifRead` (pip).
    Exif(bare::Bare),
    /// Keeps photos in the bucket of `moto` (pip), and goes on while it is away.
    S3(s3::S3),
}

impl Interop {
    pub fn run(&self) -> anyhow::Result<()> {
        match &self.with {
            Some(With::Tus(tus)) => tus.run(),
            Some(With::Exif(bare)) => bare.run(),
            Some(With::S3(s3)) => s3.run(),
            None => Self::check_proofs(),
        }
    }

    fn check_proofs() -> anyhow::Result<()> {
        let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-tests"], false)?;
        let folder = target_dir().join("interop");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        let checker = build_checker(&folder)?;
        let made = Made::new(&folder, programs)?;
        let honest = std::fs::read_to_string(&made.proof)?;
        check(&checker, &made, &honest, None)?;
        for (what, forged) in forgeries(&honest)? {
            check(&checker, &made, &forged, Some(what))?;
        }
        let by_key = check_forged_with_the_log_key(&checker, &made)?;
        let other = made.log_key.replacen("14061", "14062", 1);
        let said = Command::new(&checker).arg(other).arg(&made.proof).output()?;
        ensure!(!said.status.success(), "another log's key passed");
        eprintln!(
            "docs/audit: the honest proof passes, {} forged ones are refused, {by_key} of them forged with the log's key",
            forgeries(&honest)?.len() + 1 + by_key
        );
        Ok(())
    }
}

fn build_checker(folder: &Path) -> anyhow::Result<PathBuf> {
    let checker = folder.join("proofcheck");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&checker).arg("main.go").current_dir(root().join("docs/audit"));
    go.env("GOCACHE", folder.join("go-cache")).env("GOFLAGS", "-mod=mod");
    if Path::new(DEBIAN_GOPATH).join("src/golang.org/x/mod").is_dir() {
        go.env("GO111MODULE", "off").env("GOPATH", DEBIAN_GOPATH).env_remove("GOFLAGS");
    }
    let built = go.status().context("go is missing: install golang-go and golang-golang-x-mod-dev")?;
    ensure!(built.success(), "docs/audit does not build");
    Ok(checker)
}

/// A ledger with an order, and the proof file of that order.
struct Made {
    programs: PathBuf,
    folder: PathBuf,
    log_key: String,
    proof: PathBuf,
}

impl Made {
    /// Founds a municipality, serves it, works on an order and makes its proof file.
    fn new(folder: &Path, programs: PathBuf) -> anyhow::Result<Self> {
        let program = |name: &str| Command::new(programs.join(name));
        let data = folder.join("server");
        let founded =
            said(program("cuadrilla-server").args(["--json", "init", "--municipality", "14061"]).args([
                "--name".as_ref(),
                "Mezquitic".as_ref(),
                "--data".as_ref(),
                data.as_os_str(),
            ]))?;
        let log_key = text(&founded, "log_verifier")?;
        let mut server = program("cuadrilla-server")
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let out = server.stdout.take().context("its output is piped")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
        let url = text(&serde_json::from_str(&line)?, "listening")?;
        let proof = folder.join("proof.json");
        let worked = work(folder, &programs, &url, &text(&founded, "admin_code")?, &proof);
        server.kill()?;
        server.wait()?;
        worked?;
        Ok(Self { programs, folder: folder.to_owned(), log_key, proof })
    }
}

fn work(folder: &Path, programs: &Path, url: &str, code: &str, proof: &Path) -> anyhow::Result<()> {
    let crew = |home: &str, args: &[&str]| {
        said(Command::new(programs.join("crew")).args(["--json", "--home"]).arg(folder.join(home)).args(args))
    };
    crew("admin", &["enrol", url, code, "--name", "admin"])?;
    let code = text(&crew("admin", &["invite", "--role", "dispatcher"])?, "code")?;
    crew("office", &["enrol", url, &code, "--name", "office"])?;
    let example = root().join("schemas/examples/mezquitic.yaml").display().to_string();
    crew("office", &["import", &example])?;
    let made = crew("office", &["order", "new", "--kind", "leak_repair", "--locality", "mezquitic"])?;
    let folio = text(&made, "folio")?;
    crew("office", &["note", &folio, "Fuga en la línea — ñandú 💧"])?;
    crew("office", &["sync"])?;
    let proof = proof.display().to_string();
    crew("office", &["audit", "receipt", &folio, "--from", url, "--out", &proof])?;
    Ok(())
}

/// Proof files that must not pass, each with what is wrong with it.
fn forgeries(honest: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let changed = |change: &dyn Fn(&mut Value) -> Option<()>| -> anyhow::Result<String> {
        let mut file: Value = serde_json::from_str(honest)?;
        change(&mut file).context("the proof file has another form")?;
        Ok(file.to_string())
    };
    Ok(vec![
        (
            "a receipt with another number",
            changed(&|file| {
                let seq = file["changes"][0]["seq"].as_i64()?;
                file["changes"][0]["seq"] = (seq + 1).into();
                Some(())
            })?,
        ),
        ("a leaf with another receipt", changed(&|file| flip(&mut file["changes"][0]["leaf"]))?),
        ("another body", changed(&|file| flip(&mut file["changes"][0]["body"]))?),
        ("another entry", changed(&|file| flip(&mut file["changes"][0]["entry"]))?),
        ("another author's signature", changed(&|file| flip(&mut file["chains"][0]["signature"]))?),
        ("an enrolment with another key", changed(&|file| flip(&mut file["keys"][0]["body"]))?),
        (
            "a checkpoint of another size",
            changed(&|file| {
                let note = file["checkpoint"].as_str()?.to_owned();
                let size = note.lines().nth(1)?.to_owned();
                file["checkpoint"] = note.replacen(&format!("\n{size}\n"), &format!("\n{size}1\n"), 1).into();
                Some(())
            })?,
        ),
    ])
}

/// Gives both checkers what the holder of the log's key can make. Returns how many forgeries they refused.
fn check_forged_with_the_log_key(checker: &Path, made: &Made) -> anyhow::Result<usize> {
    let forged = made.folder.join("forged");
    let log_key = made.folder.join("server").join("log.key");
    let output = Command::new(made.programs.join("forge")).args([&made.proof, &log_key, &forged]).output()?;
    ensure!(output.status.success(), "forge: {}", shown(&output));
    let mut refused = 0;
    for line in String::from_utf8(output.stdout)?.lines() {
        let (name, what) = line.split_once('\t').context("forge names each file and what it claims")?;
        let file = std::fs::read_to_string(forged.join(name))?;
        let is_true = name.starts_with("true-");
        check(checker, made, &file, (!is_true).then_some(what))?;
        refused += usize::from(!is_true);
    }
    ensure!(refused > 0, "forge made nothing");
    Ok(refused)
}

/// Changes one character in the middle of a text of base64.
fn flip(text: &mut Value) -> Option<()> {
    let mut letters: Vec<char> = text.as_str()?.chars().collect();
    let middle = letters.len() / 2;
    letters[middle] = if letters[middle] == 'A' { 'B' } else { 'A' };
    *text = letters.into_iter().collect::<String>().into();
    Some(())
}

/// Gives the checker and `crew audit receipt-check` a proof file: both must pass it, or both refuse it.
fn check(checker: &Path, made: &Made, file: &str, forged: Option<&str>) -> anyhow::Result<()> {
    let path = made.folder.join("checked.json");
    std::fs::write(&path, file)?;
    let theirs = Command::new(checker).arg(&made.log_key).arg(&path).output()?;
    let ours = Command::new(made.programs.join("crew"))
        .args(["--json", "audit", "receipt-check", "--log-verifier", &made.log_key, "--home"])
        .arg(made.folder.join("nobody"))
        .arg(&path)
        .output()?;
    let what = forged.unwrap_or("the honest proof");
    ensure!(theirs.status.success() == forged.is_none(), "docs/audit on {what}: {}", shown(&theirs));
    ensure!(ours.status.success() == forged.is_none(), "receipt-check on {what}: {}", shown(&ours));
    Ok(())
}

fn said(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", shown(&output));
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn shown(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    format!("{}: {}", output.status, String::from_utf8_lossy(&said))
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    Ok(value[name].as_str().with_context(|| format!("{name} is missing in {value}"))?.to_owned())
}
