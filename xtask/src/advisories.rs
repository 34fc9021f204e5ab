//! `cargo xtask advisories`: known faults of what the programs are made of. Reads the lock file and a database in
//! RustSec's format: the dated copy in `advisories/`, or a checkout of the whole one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use rustsec::advisory::Informational;
use rustsec::{Database, Lockfile};
use serde::Deserialize;

use crate::run::root;

/// A copy that is older than this many days is said to be old.
const AGE_DAYS_MAX: i64 = 180;
const DAY_S: i64 = 86_400;
/// The lock file of the workspace.
const LOCK: &str = "Cargo.lock";

#[derive(Parser)]
pub struct Advisories {
    /// The lock file to check.
    #[arg(long, default_value = LOCK)]
    lock: PathBuf,
    /// A checkout of RustSec's database; otherwise the copy in the repository.
    #[arg(long)]
    db: Option<PathBuf>,
    /// Copy into the repository what this checkout says of the crates in the lock file, with its date (YYYY-MM-DD).
    #[arg(long, num_args = 2, value_names = ["CHECKOUT", "DATE"])]
    refresh: Option<Vec<String>>,
}

/// `advisories/exceptions.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    /// The day of the database that the copy was made from.
    copied: String,
    #[serde(default)]
    exception: Vec<Exception>,
}

/// An advisory that is known, and until when it is let be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    id: String,
    krate: String,
    until: String,
    reason: String,
}

/// One thing that an advisory says of a crate in the lock file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    id: String,
    krate: String,
    version: String,
    title: String,
}

impl Advisories {
    pub fn run(&self) -> anyhow::Result<()> {
        if let Some([from, date]) = self.refresh.as_deref() {
            return refresh(&self.lock, Path::new(from), date);
        }
        let home = home();
        let db = self.db.clone().unwrap_or_else(|| home.clone());
        let exceptions = read_exceptions(&home.join("exceptions.toml"))?;
        let found = find(&root().join(&self.lock), &db)?;
        let today = today()?;
        let copied = day(&exceptions.copied)?;
        if self.db.is_none() && today - copied > AGE_DAYS_MAX {
            eprintln!(
                "WARNING: the copy of the advisories is of {}, {} days old: make a new one",
                exceptions.copied,
                today - copied
            );
        }
        // The exceptions are those of the programs' own lock file.
        let is_own = self.lock == Path::new(LOCK);
        let known = if is_own { exceptions.exception.as_slice() } else { &[] };
        let left = judge(&found, known, today)?;
        for Finding { id, krate, version, title } in &left {
            eprintln!("{id}: {krate} {version}: {title}");
        }
        ensure!(left.is_empty(), "{} advisories concern {}", left.len(), self.lock.display());
        eprintln!("no advisory concerns {}, but for the dated exceptions", self.lock.display());
        Ok(())
    }
}

fn home() -> PathBuf {
    root().join("advisories")
}

fn read_exceptions(path: &Path) -> anyhow::Result<Exceptions> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// Everything the database says of the crates in the lock file: faults, and crates that nobody keeps or that are unsound,
/// whoever chose them.
fn find(lock: &Path, db: &Path) -> anyhow::Result<BTreeSet<Finding>> {
    let database = Database::open(db).with_context(|| db.display().to_string())?;
    ensure!(database.iter().next().is_some(), "{} holds no advisories", db.display());
    let lock_file = Lockfile::load(lock).with_context(|| lock.display().to_string())?;
    let mut found = BTreeSet::new();
    for advisory in database.iter().filter(|advisory| advisory.metadata.withdrawn.is_none()) {
        if matches!(advisory.metadata.informational, Some(Informational::Notice)) {
            continue;
        }
        let of_crate = |package: &&rustsec::package::Package| {
            package.name.as_str() == advisory.metadata.package.as_str()
                && package.source.as_ref().is_some_and(|source| source.is_default_registry())
                && advisory.versions.is_vulnerable(&package.version)
        };
        for package in lock_file.packages.iter().filter(of_crate) {
            found.insert(Finding {
                id: advisory.metadata.id.to_string(),
                krate: package.name.to_string(),
                version: package.version.to_string(),
                title: advisory.metadata.title.clone(),
            });
        }
    }
    Ok(found)
}

/// What no exception covers. An exception that is over, or that nothing needs any more, is a fault as well.
fn judge<'f>(
    found: &'f BTreeSet<Finding>,
    exceptions: &[Exception],
    today: i64,
) -> anyhow::Result<Vec<&'f Finding>> {
    let covers = |exception: &Exception, finding: &Finding| {
        exception.id == finding.id && exception.krate == finding.krate
    };
    for exception in exceptions {
        let Exception { id, krate, until, reason } = exception;
        ensure!(!reason.is_empty(), "the exception {id} for {krate} gives no reason");
        ensure!(day(until)? >= today, "the exception {id} for {krate} ended on {until}: {reason}");
        ensure!(
            found.iter().any(|finding| covers(exception, finding)),
            "the exception {id} for {krate} is needed no more: delete it"
        );
    }
    Ok(found.iter().filter(|finding| !exceptions.iter().any(|one| covers(one, finding))).collect())
}

/// Copies the advisories about crates that the lock file names.
fn refresh(lock: &Path, from: &Path, date: &str) -> anyhow::Result<()> {
    day(date)?;
    let crates = home().join("crates");
    if crates.exists() {
        std::fs::remove_dir_all(&crates)?;
    }
    let names: BTreeSet<String> =
        Lockfile::load(root().join(lock))?.packages.iter().map(|package| package.name.to_string()).collect();
    let mut copied = 0;
    for name in names {
        let source = from.join("crates").join(&name);
        if !source.is_dir() {
            continue;
        }
        std::fs::create_dir_all(crates.join(&name))?;
        for entry in std::fs::read_dir(&source)? {
            let entry = entry?;
            std::fs::copy(entry.path(), crates.join(&name).join(entry.file_name()))?;
            copied += 1;
        }
    }
    ensure!(copied > 0, "{} holds no advisory about a crate of {}", from.display(), lock.display());
    let path = home().join("exceptions.toml");
    let text = std::fs::read_to_string(&path)?;
    let Some((_, rest)) = text.split_once("\ncopied = ").and_then(|(_, rest)| rest.split_once('\n')) else {
        bail!("{} does not say when the copy was made", path.display());
    };
    let head = text.split("\ncopied = ").next().unwrap_or_default();
    std::fs::write(&path, format!("{head}\ncopied = \"{date}\"\n{rest}"))?;
    eprintln!("{copied} advisories of {date}");
    Ok(())
}

/// A day, as days since 1970.
fn day(text: &str) -> anyhow::Result<i64> {
    let ms = sync_core::time::parse_rfc3339(text).filter(|_| text.len() == "2026-12-31".len());
    ms.map(|ms| ms / 1_000 / DAY_S).with_context(|| format!("{text} is no day, YYYY-MM-DD"))
}

fn today() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())? / DAY_S)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Exception, Finding, day, find, home, judge, read_exceptions};
    use crate::run::root;

    fn finding(id: &str, krate: &str) -> Finding {
        Finding { id: id.into(), krate: krate.into(), version: "1.0.0".into(), title: String::new() }
    }

    fn exception(id: &str, krate: &str, until: &str) -> Exception {
        Exception { id: id.into(), krate: krate.into(), until: until.into(), reason: "x".into() }
    }

    #[test]
    fn a_planted_vulnerable_lock_file_is_found() {
        let found = find(&root().join("advisories/planted/Cargo.lock"), &home()).unwrap();
        let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
        assert!(ids.contains(&"RUSTSEC-2021-0003"), "{found:?}");
    }

    #[test]
    fn an_exception_covers_one_advisory_of_one_crate_until_its_day() {
        let found = BTreeSet::from([finding("R-1", "a"), finding("R-2", "b")]);
        let today = day("2026-11-28").unwrap();
        let left = judge(&found, &[exception("R-1", "a", "2026-11-28")], today).unwrap();
        assert_eq!(left.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["R-2"]);
        for wrong in [exception("R-1", "a", "2026-11-27"), exception("R-1", "b", "2027-01-01")] {
            assert!(judge(&found, &[wrong], today).is_err(), "over, or needed by nothing");
        }
    }

    #[test]
    fn the_exceptions_read_and_each_has_a_day_and_a_reason() {
        let exceptions = read_exceptions(&home().join("exceptions.toml")).unwrap();
        day(&exceptions.copied).unwrap();
        for one in &exceptions.exception {
            assert!(day(&one.until).is_ok() && one.reason.len() > 20, "{one:?}");
        }
    }
}
