//! The harness of the integration tests.

pub mod bearer;
pub mod forge;
pub mod judged;
pub mod picture;
pub mod random;
pub mod static_host;
pub mod tamper;
pub mod witness;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A built program, beside the test that runs. `cargo xtask test` builds it first: a test that built it itself would
/// wait for the very cargo that runs it.
///
/// # Panics
/// If it is not there.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows where it is");
    // A test lies in target/PROFILE/deps, a program of the tests' beside the others.
    let program =
        test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    program.unwrap_or_else(|| panic!("{name} is not built: run `cargo xtask test`"))
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A municipality in a folder of its own: server data and device homes.
#[derive(Debug)]
pub struct Town {
    /// The folder of everything.
    pub folder: tempfile::TempDir,
    /// Where the server is once it has served; kept over restarts.
    pub port: u16,
    /// Further arguments of `serve`.
    pub settings: Vec<String>,
    server: Option<Child>,
}

impl Town {
    /// Makes the data, serves, and enrols `admin`; answers with it.
    ///
    /// # Panics
    /// If anything fails.
    pub fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// As [`Town::new`], below a folder of the caller's choice.
    ///
    /// # Panics
    /// If anything fails.
    pub fn new_in(parent: &Path) -> Self {
        let folder = tempfile::tempdir_in(parent).expect("a folder");
        let mut town = Self { folder, port: 0, settings: Vec::new(), server: None };
        let made = json(&town.server_run("init", &["--municipality", "14061", "--name", "Mezquitic"]));
        town.serve();
        let code = made["admin_code"].as_str().expect("a code").to_owned();
        town.crew("admin", &["enrol", &town.url(), &code, "--name", "admin"]);
        town
    }

    /// The address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A device's or the server's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the server, on the port it had.
    ///
    /// # Panics
    /// If it does not serve.
    pub fn serve(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = Command::new(program("cuadrilla-server"));
        command.args(["--json", "serve", "--listen", &listen, "--data"]).arg(self.path("server"));
        command.args(&self.settings);
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("server.log"));
        command.current_dir(self.folder.path()).stdout(Stdio::piped()).stderr(log.expect("a log"));
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where");
        self.server = Some(child);
        let said: Value = serde_json::from_str(&line).expect("it says so in JSON");
        let port = said["listening"].as_str().and_then(|url| url.rsplit(':').next()?.parse().ok());
        self.port = port.expect("an address");
    }

    /// The process number of the server.
    pub fn server_pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Kills the server with no warning.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.server.take() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }

    /// `cuadrilla-server --json COMMAND --data … ARGS`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn server_run(&self, command: &str, args: &[&str]) -> Output {
        let mut run = Command::new(program("cuadrilla-server"));
        run.args(["--json", command, "--data"]).arg(self.path("server")).args(args);
        run.current_dir(self.folder.path()).output().expect("the server runs")
    }

    /// A command of a device, not run yet.
    pub fn command(&self, device: &str, args: &[&str]) -> Command {
        let mut run = Command::new(program("crew"));
        run.args(["--json", "--lang", "en", "--home"]).arg(self.path(device)).args(args);
        run
    }

    /// Runs a command that must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub fn crew(&self, device: &str, args: &[&str]) -> Value {
        json(&self.command(device, args).output().expect("crew runs"))
    }

    /// Runs a command that must fail: its exit status and its error object.
    ///
    /// # Panics
    /// If it succeeds, or says why in another way.
    pub fn refused(&self, device: &str, args: &[&str]) -> (i32, Value) {
        let output = self.command(device, args).output().expect("crew runs");
        let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
        assert!(said["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{said}");
        (output.status.code().unwrap_or(-1), said["error"].clone())
    }

    /// Enrols a device with a fresh code, and brings it up to date.
    ///
    /// # Panics
    /// If it fails.
    pub fn enrol(&self, device: &str, invite: &[&str]) {
        let invited = self.crew("admin", &[&["invite", "--role"], invite].concat());
        let code = invited["code"].as_str().expect("a code");
        self.crew(device, &["enrol", &self.url(), code, "--name", device]);
        self.crew(device, &["sync"]);
    }

    /// A dispatcher `office` and the crew devices `one`, `two` (C-01) and `three` (C-02), with the example imported.
    ///
    /// # Panics
    /// If it fails.
    pub fn peopled() -> Self {
        let town = Self::new();
        town.people();
        town
    }

    /// Brings in what [`Town::peopled`] has.
    ///
    /// # Panics
    /// If it fails.
    pub fn people(&self) {
        let town = self;
        town.enrol("office", &["dispatcher"]);
        let example = repository().join("schemas/examples/mezquitic.yaml");
        town.crew("office", &["import", &example.display().to_string()]);
        town.crew("office", &["sync"]);
        for (device, crew) in [("one", "C-01"), ("two", "C-01"), ("three", "C-02")] {
            town.enrol(device, &["crew", "--crew", crew]);
        }
    }

    /// The folio of a device's first order of a kind.
    ///
    /// # Panics
    /// If it has none.
    pub fn folio(&self, device: &str, kind: &str) -> String {
        let list = self.crew(device, &["order", "list"]);
        let orders = list.as_array().expect("a list");
        let order = orders.iter().find(|order| order["kind"] == kind).expect("an order of that kind");
        order["folio"].as_str().expect("a folio").to_owned()
    }
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The answer of a command that must have succeeded.
///
/// # Panics
/// If it did not.
pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}
