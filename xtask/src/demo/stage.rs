//! The stage of the demonstration: a temporary folder, the server, and the devices' homes in it.
#![expect(clippy::print_stdout, reason = "the demonstration tells its story on standard output")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::program;
use crate::run::{root, target_dir};

const SERVER_ENDS_WITHIN: Duration = Duration::from_secs(20);

/// Where the story plays.
pub struct Stage {
    folder: PathBuf,
    programs: PathBuf,
    server: Option<Child>,
    listen: String,
}

impl Stage {
    /// Returns a new temporary folder.
    pub fn open(name: &str, release: bool) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("cuadrilla-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).context("cannot make the demonstration's folder")?;
        let programs = target_dir().join(if release { "release" } else { "debug" });
        Ok(Self { folder, programs, server: None, listen: "127.0.0.1:0".into() })
    }

    /// Tells a step, in both languages.
    pub fn say(&self, spanish: &str, english: &str) {
        println!("\n=== {spanish}");
        if !english.is_empty() {
            println!("    {english}");
        }
    }

    /// Returns a path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Returns the example import of the repository.
    pub fn plan(&self) -> String {
        root().join("schemas/examples/mezquitic.yaml").display().to_string()
    }

    fn call(&self, name: &str, args: &[&str]) -> anyhow::Result<String> {
        let output = program(&self.programs.join(name))
            .args(args)
            .output()
            .with_context(|| format!("cannot start {name}"))?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            bail!("{name} {} ended with {}\n{out}{err}", args.join(" "), output.status);
        }
        Ok(out.into_owned())
    }

    /// Runs a program and reads its JSON.
    pub fn call_json(&self, name: &str, args: &[&str]) -> anyhow::Result<Value> {
        let out = self.call(name, &[args, &["--json"]].concat())?;
        serde_json::from_str(&out)
            .with_context(|| format!("{name} {} printed no JSON: {out}", args.join(" ")))
    }

    /// Runs a program whose whole answer is one JSON value, and reads it; else as [`Self::call_json`].
    pub fn call_json_plain(&self, name: &str, args: &[&str]) -> anyhow::Result<Value> {
        let out = self.call(name, args)?;
        serde_json::from_str(&out).with_context(|| format!("{name} printed no JSON: {out}"))
    }

    /// Returns the running server's memory, in megabytes.
    pub fn server_memory_mb(&self) -> anyhow::Result<f64> {
        let pid = self.server.as_ref().context("no server runs")?.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kib / 1_024.0)
    }

    /// Removes the folder.
    pub fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.folder).context("cannot remove the scratch folder")
    }

    /// Runs a command of a device, shown with what it prints.
    pub fn crew(&self, home: &str, args: &[&str]) -> anyhow::Result<()> {
        println!("\n[{home}] $ crew {}", shown(args));
        let path = self.path(home);
        let out = self.call("crew", &[&["--home", path.as_str()], args].concat())?;
        print!("{out}");
        Ok(())
    }

    /// Runs a command of a device and reads its JSON.
    pub fn crew_json(&self, home: &str, args: &[&str]) -> anyhow::Result<Value> {
        let path = self.path(home);
        self.call_json("crew", &[&["--home", path.as_str()], args].concat())
    }

    /// Makes the ledger. Returns the first administrator's code.
    pub fn init(&self) -> anyhow::Result<String> {
        let data = self.path("oficina");
        let args = ["init", "--data", data.as_str(), "--municipality", "14061", "--name", "Mezquitic"];
        println!("\n[oficina] $ cuadrilla-server {}", shown(&args));
        let made = self.call_json("cuadrilla-server", &args)?;
        text(&made, "admin_code")
    }

    /// Starts the server, on the same port as before where there was one.
    pub fn serve(&mut self) -> anyhow::Result<()> {
        let data = self.path("oficina");
        let args = ["serve", "--data", data.as_str(), "--listen", self.listen.as_str(), "--json"];
        println!("\n[oficina] $ cuadrilla-server {}", shown(&args));
        let log =
            std::fs::File::create(self.folder.join("oficina.log")).context("cannot make the server's log")?;
        let mut child = program(&self.programs.join("cuadrilla-server"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start the server")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Ok(first) = serde_json::from_str::<Value>(&line) else {
            bail!("the server did not start: {}", std::fs::read_to_string(self.folder.join("oficina.log"))?);
        };
        let url = text(&first, "listening")?;
        println!("{url}");
        self.listen = url.trim_start_matches("http://").to_string();
        self.server = Some(child);
        Ok(())
    }

    /// Asks the server to finish what it accepted, and waits for it.
    pub fn end_server(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.server.take() else { return Ok(()) };
        let pid = child.id().to_string();
        let asked = std::process::Command::new("kill").args(["-TERM", pid.as_str()]).status()?;
        let begun = Instant::now();
        while asked.success() && begun.elapsed() < SERVER_ENDS_WITHIN {
            if let Some(status) = child.try_wait()? {
                anyhow::ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill()?;
        bail!("the server did not end within {} s", SERVER_ENDS_WITHIN.as_secs())
    }

    /// Invites a device. Returns its code.
    pub fn invite(&self, args: &[&str]) -> anyhow::Result<String> {
        println!("\n[admin] $ crew invite {}", shown(args));
        let code = text(&self.crew_json("admin", &[&["invite"], args].concat())?, "code")?;
        println!("{code}");
        Ok(code)
    }

    /// Enrols a device.
    pub fn enrol(&self, home: &str, code: &str, name: &str) -> anyhow::Result<()> {
        let url = format!("http://{}", self.listen);
        self.crew(home, &["enrol", &url, code, "--name", name])
    }

    /// Runs a command of dispatch that makes an order. Returns the folio.
    pub fn folio(&self, args: &[&str]) -> anyhow::Result<String> {
        println!("\n[despacho] $ crew {}", shown(args));
        let folio = text(&self.crew_json("despacho", args)?, "folio")?;
        println!("{folio}");
        Ok(folio)
    }

    /// Returns the folio of the order of a kind in a locality.
    pub fn find(&self, kind: &str, locality: &str) -> anyhow::Result<String> {
        let list = self.crew_json("despacho", &["order", "list", "--locality", locality])?;
        let found = list.as_array().into_iter().flatten().find(|order| order["kind"] == kind);
        text(found.with_context(|| format!("the plan has no {kind} in {locality}"))?, "folio")
    }

    /// Returns the first thing that can be chosen for a field of a kind, out of its schema file.
    pub fn first_choice(&self, kind: &str, field: &str) -> anyhow::Result<String> {
        let file = std::fs::read_to_string(root().join(format!("schemas/work/{kind}.json")))?;
        let schema: Value = serde_json::from_str(&file)?;
        let found = schema["fields"].as_array().into_iter().flatten().find(|one| one["key"] == field);
        text(&found.context("the kind has no such field")?["choices"][0], "value")
    }

    /// Returns how far a device has read the ledger.
    pub fn server_seq(&self, home: &str) -> anyhow::Result<String> {
        Ok(self.crew_json(home, &["status"])?["server_seq"].to_string())
    }

    /// Checks the whole ledger offline.
    pub fn verify(&self) -> anyhow::Result<()> {
        let data = self.path("oficina");
        println!("\n[oficina] $ cuadrilla-server verify --data {data}");
        print!("{}", self.call("cuadrilla-server", &["verify", "--data", &data])?);
        Ok(())
    }

    /// Says how to play on by hand.
    pub fn how_to_go_on(&self) {
        let pid = self.server.as_ref().map_or(0, Child::id);
        let crew = self.programs.join("crew");
        println!("\nEl servidor sigue en http://{} (proceso {pid}). / The server goes on.", self.listen);
        for (home, command) in [("despacho", "order list"), ("c01", "status"), ("contraloria", "audit log")] {
            println!("  {} --home {} {command}", display(&crew), self.path(home));
        }
        if crate::web::is_built() {
            let port = self.listen.rsplit(':').next().unwrap_or_default();
            println!("\nLa app, en un navegador de esta máquina: / The app, in a browser of this machine:");
            println!("  http://localhost:{port}/   con una invitación de / with an invitation of:");
            println!("  {} --home {} invite --role crew --crew C-01", display(&crew), self.path("admin"));
        }
        println!("  kill {pid}   # lo termina / ends it");
    }
}

fn display(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn shown(args: &[&str]) -> String {
    let quoted = |arg: &&str| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_string() };
    args.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value[key].as_str().map(String::from).with_context(|| format!("there is no {key} in {value}"))
}
