//! Town: a municipality in a folder, with a server and one crew's device, for what other people's programs are tried on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{said, text};
use crate::run::root;

/// The municipality.
pub struct Town {
    programs: PathBuf,
    folder: PathBuf,
    server: Child,
    /// Where it serves.
    pub port: u16,
    /// An order of the crew.
    pub folio: String,
}

impl Town {
    /// Founds one in an empty folder and serves it, with these variables for the server.
    ///
    /// # Errors
    /// A program does not do what it must.
    pub fn new(folder: &Path, programs: &Path, env: &[(&str, String)]) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let (folder, programs) = (folder.to_owned(), programs.to_owned());
        let data = folder.join("server");
        let mut init = Command::new(programs.join("cuadrilla-server"));
        init.args(["--json", "init", "--municipality", "14061", "--name", "Mezquitic", "--data"]).arg(&data);
        let code = text(&said(&mut init)?, "admin_code")?;
        let (server, url) = serve(&programs, &data, 0, env)?;
        let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).context("a port")?;
        let mut town = Self { programs, folder, server, port, folio: String::new() };
        town.crew("admin", &["enrol", &url, &code, "--name", "admin"])?;
        for (name, invite) in [("office", &["dispatcher"][..]), ("one", &["crew", "--crew", "C-01"])] {
            town.enrol(name, &url, invite)?;
            if name == "office" {
                let example = root().join("schemas/examples/mezquitic.yaml").display().to_string();
                town.crew("office", &["import", &example])?;
                town.crew("office", &["sync"])?;
            }
        }
        town.crew("one", &["sync"])?;
        let orders = town.crew("one", &["order", "list"])?;
        town.folio = text(&orders[0], "folio")?;
        Ok(town)
    }

    /// Invites a device with these words after `--role`, and enrols it at an address.
    ///
    /// # Errors
    /// It fails.
    pub fn enrol(&self, name: &str, url: &str, role: &[&str]) -> anyhow::Result<()> {
        let invited = self.crew("admin", &[&["invite", "--role"], role].concat())?;
        self.crew(name, &["enrol", url, &text(&invited, "code")?, "--name", name])?;
        Ok(())
    }

    /// Returns a built program.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// Returns a path in the municipality's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns a command of a device, to be run.
    pub fn command(&self, device: &str, args: &[&str]) -> Command {
        let mut crew = self.program("crew");
        crew.args(["--json", "--lang", "en", "--home"]).arg(self.path(device)).args(args);
        crew
    }

    /// Runs a command on a device.
    ///
    /// # Errors
    /// It fails.
    pub fn crew(&self, device: &str, args: &[&str]) -> anyhow::Result<Value> {
        said(&mut self.command(device, args))
    }

    /// Has the crew's device name a picture of noise of this size. Returns its name, the ticket to bring it, and its file.
    ///
    /// # Errors
    /// It fails.
    pub fn offer(&self, bytes: usize, seed: u64) -> anyhow::Result<[String; 3]> {
        let mut offer = self.program("offer-photo");
        offer.arg(self.folder.join("one")).args([&self.folio, &bytes.to_string(), &seed.to_string()]);
        let output = offer.output()?;
        ensure!(output.status.success(), "offer-photo: {}", super::shown(&output));
        let line = String::from_utf8(output.stdout)?;
        let words: Vec<String> = line.split_whitespace().map(String::from).collect();
        words.try_into().map_err(|words| anyhow::anyhow!("offer-photo said {words:?}"))
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill().and_then(|()| self.server.wait());
    }
}

fn serve(programs: &Path, data: &Path, port: u16, env: &[(&str, String)]) -> anyhow::Result<(Child, String)> {
    let log = std::fs::File::create(data.with_extension("log"))?;
    let mut server = Command::new(programs.join("cuadrilla-server"))
        .args(["--json", "serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(data)
        .envs(env.iter().map(|(name, value)| (*name, value)))
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut line = String::new();
    let out = server.stdout.take().context("its output is piped")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    let url = text(&serde_json::from_str(&line)?, "listening")?;
    Ok((server, url))
}
