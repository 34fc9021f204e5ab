//! `cargo xtask interop s3`: photos in a bucket of `moto`. The store passes the suite that a folder passes; then the bucket is
//! away while a crew works: entries go on, photos wait, readiness says so, and nothing is lost.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::Args;

use super::town::Town;
use super::tus::venv;
use crate::run::{build, cargo, run, target_dir};

const MOTO: &str = "moto[server,s3]==5.2.5";
const BUCKET: &str = "evidencia";
/// How long the server may take to notice that the bucket is back: it looks every 20 s, and each try takes a while.
const BACK_WITHIN: Duration = Duration::from_secs(90);

/// What is tried.
#[derive(Args)]
pub struct S3 {}

/// A bucket on this machine. It forgets everything when it ends, so an outage is a stop and a continuation of its process.
struct Moto(Child, u16);

impl Moto {
    fn start(python: &Path, log: &Path) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Command::new(python);
        server.args(["-m", "moto.server", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let log = std::fs::File::create(log)?;
        let child = server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let moto = Self(child, port);
        let begun = Instant::now();
        while ask(port, "PUT", &format!("/{BUCKET}")).is_err() {
            ensure!(begun.elapsed() < Duration::from_secs(60), "moto does not answer");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(moto)
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        run(Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]))
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.1)),
            ("AWS_ALLOW_HTTP", "true".into()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "of-a-test".into()),
            ("AWS_SECRET_ACCESS_KEY", "of-a-test".into()),
            ("CUADRILLA_BLOBS", format!("s3://{BUCKET}/mezquitic")),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl S3 {
    /// Runs the suite, then the outage.
    ///
    /// # Errors
    /// Something is lost, or not said.
    pub fn run(&self) -> anyhow::Result<()> {
        let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-tests"], false)?;
        let folder = target_dir().join("interop-s3");
        std::fs::create_dir_all(&folder)?;
        let python = venv(&folder, MOTO)?;
        let moto = Moto::start(&python, &folder.join("moto.log"))?;
        let mut suite = cargo();
        suite.args(["test", "--workspace", "--lib", "a_bucket_does_what_a_store_must", "--", "--ignored"]);
        run(suite.envs(moto.variables()).env("CUADRILLA_BLOBS", format!("s3://{BUCKET}/suite")))?;

        let town = Town::new(&folder.join("town"), &programs, &moto.variables())?;
        let [first, _, _] = town.offer(300_000, 1)?;
        ensure!(town.crew("one", &["sync"])?["photos"]["left"] == 0, "a photo goes into the bucket");
        ensure!(photos(town.port)? == "ok", "readiness says that all is well");

        moto.signal("STOP")?;
        let [second, _, _] = town.offer(300_000, 2)?;
        let begun = Instant::now();
        let told = town.crew("one", &["sync"])?;
        let took = begun.elapsed();
        ensure!(told["photos"]["left"] == 1, "it waits: {told}");
        ensure!(town.crew("one", &["blob", "free"])?["freed"] == 1, "only the first may go");
        let said = photos(town.port)?;
        ensure!(said.contains("they wait"), "readiness says so: {said}");
        town.crew("one", &["note", &town.folio, "sin depósito"])?;
        let begun = Instant::now();
        ensure!(town.crew("one", &["sync", "--photos", "later"])?["accepted"] == 1, "entries go on");
        let entries = begun.elapsed();

        moto.signal("CONT")?;
        let begun = Instant::now();
        while photos(town.port)? != "ok" {
            ensure!(begun.elapsed() < BACK_WITHIN, "readiness does not notice that the bucket is back");
            std::thread::sleep(Duration::from_millis(500));
        }
        let noticed = begun.elapsed();
        while town.crew("one", &["sync"])?["photos"]["left"] != 0 {
            ensure!(begun.elapsed() < BACK_WITHIN, "the photo does not arrive");
        }
        let got = folder.join("got").display().to_string();
        for name in [&first, &second] {
            town.crew("office", &["blob", "get", name, &got])?;
        }
        eprintln!(
            "moto: the suite passes; away: a photo waits after {:.0} s, an entry takes {:.1} s; back: noticed after {:.0} s, both photos are read",
            took.as_secs_f64(),
            entries.as_secs_f64(),
            noticed.as_secs_f64()
        );
        Ok(())
    }
}

/// What readiness says of photos.
fn photos(port: u16) -> anyhow::Result<String> {
    let body: serde_json::Value = serde_json::from_str(&ask(port, "GET", "/readyz")?)?;
    super::text(&body["checks"], "photos")
}

fn ask(port: u16, method: &str, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => bail!("{method} {path}: {answer}"),
    }
}
