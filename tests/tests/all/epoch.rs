//! Epoch: a device whose clock is before 1970, or far ahead, works as any other. The clock is that of the whole process.

use std::path::{Path, PathBuf};
use std::process::Command;

use cuadrilla_tests::{Town, json, program};

/// A library that answers the wall clock with `WALL_S` seconds from 1970, in the place of the system.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    const char *wall = getenv("WALL_S");
    if (clock == CLOCK_REALTIME && wall) {
        now->tv_sec = atoll(wall);
        now->tv_nsec = 0;
        return 0;
    }
    return (int) syscall(SYS_clock_gettime, clock, now);
}
"#;

fn shim(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("wall.c"), folder.join("wall.so"));
    std::fs::write(&source, SHIM).unwrap();
    let made =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(made.success(), "the C compiler that the build needs makes the shim");
    library
}

#[test]
fn a_clock_before_1970_or_far_ahead_notes_work_and_keeps_the_index() {
    let town = Town::peopled();
    let folio = town.folio("one", "chlorination");
    let library = shim(town.folder.path());
    let at = |wall_s: &str, args: &[&str]| {
        let mut command = Command::new(program("crew"));
        command.args(["--json", "--lang", "en", "--home"]).arg(town.path("one")).args(args);
        command.env("LD_PRELOAD", &library).env("WALL_S", wall_s).output().unwrap()
    };
    for (count, wall_s) in (1..).zip(["-3600", "-62135596800", "0", "253402300799"]) {
        json(&at(wall_s, &["note", &folio, wall_s]));
        let shown = json(&at(wall_s, &["order", "show", &folio]));
        assert_eq!(shown["notes"].as_array().unwrap().len(), count, "{wall_s}");
        json(&at(wall_s, &["status"]));
        json(&at(wall_s, &["audit", "log"]));
    }
    json(&at("-3600", &["sync"]));
    let kept = town.path("one/store/set-aside");
    assert!(!kept.exists() || std::fs::read_dir(&kept).unwrap().next().is_none(), "the index stays");
    assert_eq!(town.crew("one", &["status"])["unsent"], 0);
    assert_eq!(town.crew("one", &["order", "show", &folio])["notes"].as_array().unwrap().len(), 4);
}
