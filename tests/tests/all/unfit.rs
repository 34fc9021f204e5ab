//! Unfit: file systems that offer no locks, or do not confirm a folder, as some network shares: the calls are refused by
//! a library in between. The person is told of the file system, and nothing is deleted.

use std::path::{Path, PathBuf};
use std::process::Command;

use cuadrilla_tests::{Town, program};
use serde_json::Value;

/// Refuses `flock` with the number of `REFUSE_LOCK`, and `fsync` of folders with that of `REFUSE_SYNC`.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
static int refused(const char *name) {
    const char *number = getenv(name);
    return number ? atoi(number) : 0;
}
int flock(int file, int how) {
    if (refused("REFUSE_LOCK")) { errno = refused("REFUSE_LOCK"); return -1; }
    return (int) syscall(SYS_flock, file, how);
}
int fsync(int file) {
    struct stat found;
    if (refused("REFUSE_SYNC") && fstat(file, &found) == 0 && S_ISDIR(found.st_mode)) {
        errno = refused("REFUSE_SYNC");
        return -1;
    }
    return (int) syscall(SYS_fsync, file);
}
"#;

/// Linux: no locks available; invalid argument; not supported.
const REFUSALS: [(&str, &str); 4] =
    [("REFUSE_LOCK", "37"), ("REFUSE_LOCK", "95"), ("REFUSE_SYNC", "22"), ("REFUSE_SYNC", "95")];

fn shim(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("refuse.c"), folder.join("refuse.so"));
    std::fs::write(&source, SHIM).unwrap();
    let made =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(made.success(), "the C compiler that the build needs makes the shim");
    library
}

#[test]
fn a_file_system_that_refuses_locks_or_folders_is_named_and_nothing_is_lost() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let library = shim(town.folder.path());
    let code = town.crew("admin", &["invite", "--role", "dispatcher"])["code"].as_str().unwrap().to_owned();
    let (url, mut number) = (town.url(), 0);
    for (variable, errno) in REFUSALS {
        number += 1;
        let run = |device: &str, args: &[&str]| {
            let mut command = Command::new(program("crew"));
            command.args(["--json", "--lang", "en", "--home"]).arg(town.path(device)).args(args);
            command.env("LD_PRELOAD", &library).env(variable, errno).output().unwrap()
        };
        // A new folder needs both calls; one that exists needs the lock to be written to.
        let fresh = format!("fresh-{number}");
        let output = run(&fresh, &["enrol", &url, &code, "--name", "x", "--yes"]);
        let said: Value = serde_json::from_slice(&output.stderr).unwrap_or_else(|_| panic!("{output:?}"));
        let text = said["error"].to_string();
        assert!(text.contains("file system") && !text.contains("index"), "{variable} {errno}: {text}");
        assert_eq!(output.status.code(), Some(1), "{variable} {errno}: {text}");
        if variable == "REFUSE_LOCK" {
            let output = run("one", &["note", &folio, "x"]);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(text.contains("file system") && !text.contains("index"), "{variable} {errno}: {text}");
        }
    }
    town.crew("one", &["note", &folio, "y"]);
    assert_eq!(town.crew("one", &["order", "show", &folio])["notes"].as_array().unwrap().len(), 1);
}
