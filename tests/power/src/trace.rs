//! Trace: runs a program under `strace` and reads from the log what it did to the files below one folder,
//! what it printed, and when.
//!
//! strace is a well-kept recorder of system calls; a shim of this project would need `unsafe`. Calls are
//! taken in the order in which they returned. A sync covers only what had returned before it began.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::disk::{Disk, Node, Op};

/// The calls that change files, say something, or move a file's position.
const CALLS: &str = "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,rename,renameat,renameat2,unlink,\
unlinkat,rmdir,truncate,ftruncate,mkdir,mkdirat,fsync,fdatasync,sync_file_range,link,linkat,symlink,symlinkat,\
fallocate,msync,copy_file_range,sendfile,sendto,sendmsg,lseek,read,close,dup,dup2,dup3,clone,clone3,fork,vfork";
/// Longest string that strace is asked to write out, in bytes; a longer one is refused, not cut.
const STRING_BYTES_MAX: usize = 64 * 1024 * 1024;
const CWD_RELATIVE: &str = "AT_FDCWD";

/// What a program did.
#[derive(Debug)]
pub struct Recording {
    /// In the order in which the calls returned.
    pub ops: Vec<Op>,
    /// The files as they were before, all of them durable.
    pub before: Disk,
    /// What the program printed, and how it ended.
    pub output: Output,
}

/// Returns `strace` with the options of every recording, writing to `log`; the caller adds the program and
/// its arguments.
pub fn strace(log: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-xx", "-y", "--seccomp-bpf", "-e", "raw=read", "-e", "signal=none", "-o"]).arg(log);
    strace.arg("-s").arg(STRING_BYTES_MAX.to_string());
    strace.arg("-e").arg(format!("trace={CALLS}"));
    strace
}

/// Returns whether strace is there and may trace.
pub fn is_available() -> bool {
    Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` under strace, recording what it does below `root`. Since all of `before` was durable, other programs did
/// `ops`.
pub fn record(
    command: &Command,
    root: &Path,
    log: &Path,
    before: Disk,
    ops: Vec<Op>,
) -> anyhow::Result<Recording> {
    let output = traced(command, log).output().context("cannot start strace")?;
    let ops = read(log, root, before.clone(), ops)?;
    Ok(Recording { ops, before, output })
}

/// Records as [`record`] does, a program that serves until it is told to end. Calls `during` once the program
/// has printed its first line.
pub fn record_serving(
    command: &Command,
    root: &Path,
    log: &Path,
    before: Disk,
    ops: Vec<Op>,
    during: impl FnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Recording> {
    let mut child = traced(command, log).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut out = BufReader::new(child.stdout.take().context("its output is piped")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    let done = during(&line);
    let text = std::fs::read_to_string(log)?;
    let served = text.split(' ').next().context("no process number")?.to_owned();
    let ended = Command::new("kill").args(["-TERM", &served]).status()?.success();
    if !ended {
        child.kill()?;
    }
    let status = child.wait()?;
    done?;
    ensure!(ended && status.success(), "the program did not end as told: {status}");
    let ops = read(log, root, before.clone(), ops)?;
    Ok(Recording { ops, before, output: Output { status, stdout: line.into_bytes(), stderr: Vec::new() } })
}

fn traced(command: &Command, log: &Path) -> Command {
    let mut traced = strace(log);
    traced.arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        traced.current_dir(folder);
    }
    traced.stdin(Stdio::null());
    traced
}

/// Reads a log of strace. Returns `ops` with what the log adds.
fn read(log: &Path, root: &Path, before: Disk, ops: Vec<Op>) -> anyhow::Result<Vec<Op>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut reader = Reader { root: root.to_owned(), disk: before, ..Reader::default() };
    ops.into_iter().for_each(|op| reader.push(op));
    for line in text.lines() {
        reader.line(line).with_context(|| line.chars().take(300).collect::<String>())?;
    }
    Ok(reader.ops)
}

#[derive(Default)]
struct Reader {
    root: PathBuf,
    disk: Disk,
    ops: Vec<Op>,
    /// Of each thread: what it has begun, and how many operations there were then.
    begun: BTreeMap<u32, (String, usize)>,
    files: BTreeMap<i64, OpenFile>,
}

struct OpenFile {
    node: Node,
    at: u64,
    is_append: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        let (pid, rest) = line.split_once(' ').context("no process number")?;
        let (pid, rest): (u32, _) = (pid.parse()?, rest.trim_start());
        if rest.starts_with("+++") || rest.starts_with("---") {
            return Ok(());
        }
        if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            self.begun.insert(pid, (start.trim_end().to_owned(), self.ops.len()));
            return Ok(());
        }
        let (whole, covers);
        if rest.starts_with("<... ") {
            let (_, tail) = rest.split_once("resumed>").context("a call that goes on as nothing")?;
            let (start, at) = self.begun.remove(&pid).context("a call that goes on without a beginning")?;
            (whole, covers) = (format!("{start}{tail}"), at);
        } else {
            (whole, covers) = (rest.to_owned(), self.ops.len());
        }
        let (name, rest) = whole.split_once('(').context("no call")?;
        let (args, answer) = rest.rsplit_once(" = ").context("no answer")?;
        let args = args.trim_end().strip_suffix(')').context("no end of the arguments")?;
        if answer.starts_with('?') {
            return Ok(()); // The process ended in it.
        }
        let number = answer.split([' ', '<']).next().unwrap_or_default();
        let answer = match number.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16)?,
            None => number.parse()?,
        };
        if answer < 0 {
            return Ok(());
        }
        self.call(name, &split(args), answer, covers)
    }

    fn call(&mut self, name: &str, args: &[&str], answer: i64, covers: usize) -> anyhow::Result<()> {
        match name {
            "openat" => self.open(&self.at(args[0], args[1])?, args[2], answer),
            "open" => self.open(&path(args[0])?, args[1], answer),
            "close" => {
                self.files.remove(&descriptor(args[0])?);
                Ok(())
            }
            "read" => {
                if let Some(file) = self.files.get_mut(&descriptor(args[0])?) {
                    file.at += u64::try_from(answer)?;
                }
                Ok(())
            }
            "lseek" => {
                if let Some(file) = self.files.get_mut(&descriptor(args[0])?) {
                    file.at = u64::try_from(answer)?;
                }
                Ok(())
            }
            "write" => self.write(args[0], written(args[1], answer)?),
            "writev" => self.write(args[0], gathered(args[1], answer)?),
            "pwrite64" => self.write_at(args[0], written(args[1], answer)?, args[3].parse()?),
            "sendto" | "sendmsg" => {
                self.ops.push(Op::Said(Vec::new()));
                Ok(())
            }
            "ftruncate" => {
                let len = args[1].parse()?;
                if let Some(node) = self.files.get(&descriptor(args[0])?).map(|file| file.node) {
                    self.push(Op::Cut { node, len });
                }
                Ok(())
            }
            "fsync" | "fdatasync" => {
                if let Some(node) = self.files.get(&descriptor(args[0])?).map(|file| file.node) {
                    self.push(Op::Sync { node, covers });
                }
                Ok(())
            }
            // Not durable over a power cut: it syncs no metadata and no cache of the drive.
            "sync_file_range" => Ok(()),
            "mkdir" => self.make_folder(&path(args[0])?),
            "mkdirat" => self.make_folder(&self.at(args[0], args[1])?),
            "rename" => self.rename(&path(args[0])?, &path(args[1])?),
            "renameat" | "renameat2" => self.rename(&self.at(args[0], args[1])?, &self.at(args[2], args[3])?),
            "link" => self.link(&path(args[0])?, &path(args[1])?),
            "linkat" => self.link(&self.at(args[0], args[1])?, &self.at(args[2], args[3])?),
            "unlink" | "rmdir" => self.unlink(&path(args[0])?),
            "unlinkat" => self.unlink(&self.at(args[0], args[1])?),
            "clone" | "clone3" if name_is_thread(args) => Ok(()),
            _ => self.other(name, args),
        }
    }

    /// Checks that a call which the model does not know does not concern the recorded files.
    fn other(&self, name: &str, args: &[&str]) -> anyhow::Result<()> {
        let concerns = args.iter().any(|arg| {
            let named = path(arg).is_ok_and(|path| path.starts_with(&self.root));
            named || descriptor(arg).is_ok_and(|number| self.files.contains_key(&number))
        });
        ensure!(!concerns, "the model of the disk does not know {name}");
        ensure!(!matches!(name, "fork" | "vfork" | "clone" | "clone3"), "the program starts processes");
        Ok(())
    }

    fn at(&self, folder: &str, name: &str) -> anyhow::Result<PathBuf> {
        let name = path(name)?;
        if name.is_absolute() {
            return Ok(name);
        }
        if folder.starts_with(CWD_RELATIVE) {
            return Ok(annotated(folder)?.join(name));
        }
        let open = self.files.get(&descriptor(folder)?);
        let below = open.and_then(|file| self.disk.path_of(file.node));
        below
            .map_or_else(|| Ok(annotated(folder)?.join(&name)), |below| Ok(self.root.join(below).join(&name)))
    }

    fn below<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(&self.root).ok().filter(|below| !below.as_os_str().is_empty())
    }

    fn push(&mut self, op: Op) {
        self.disk.apply(&op);
        self.ops.push(op);
    }

    fn open(&mut self, path: &Path, flags: &str, number: i64) -> anyhow::Result<()> {
        let has = |flag: &str| flags.split('|').any(|one| one == flag);
        if path == self.root {
            let node = self.disk.root();
            self.files.insert(number, OpenFile { node, at: 0, is_append: false });
            return Ok(());
        }
        let Some(below) = self.below(path) else {
            self.files.remove(&number);
            return Ok(());
        };
        let node = match self.disk.find(below) {
            Some(node) => {
                if has("O_TRUNC") {
                    self.push(Op::Cut { node, len: 0 });
                }
                node
            }
            None => {
                ensure!(has("O_CREAT"), "{} is opened, but the model has no such file", below.display());
                let (folder, name) = self.disk.place(below)?;
                let node = self.disk.next_node();
                self.push(Op::Make { folder, name, node, is_folder: false });
                node
            }
        };
        self.files.insert(number, OpenFile { node, at: 0, is_append: has("O_APPEND") });
        Ok(())
    }

    fn write(&mut self, to: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        let number = descriptor(to)?;
        if let Some(file) = self.files.get_mut(&number) {
            let at = if file.is_append { self.disk.len(file.node) } else { file.at };
            file.at = at + bytes.len() as u64;
            let node = file.node;
            self.push(Op::Write { node, at, bytes });
        } else if number == 1 {
            self.ops.push(Op::Said(bytes));
        } else if annotation(to)?.starts_with("socket:") {
            self.ops.push(Op::Said(Vec::new()));
        }
        Ok(())
    }

    fn write_at(&mut self, to: &str, bytes: Vec<u8>, at: u64) -> anyhow::Result<()> {
        if let Some(file) = self.files.get(&descriptor(to)?) {
            let node = file.node;
            self.push(Op::Write { node, at, bytes });
        }
        Ok(())
    }

    fn make_folder(&mut self, path: &Path) -> anyhow::Result<()> {
        let Some(below) = self.below(path) else { return Ok(()) };
        let (folder, name) = self.disk.place(below)?;
        let node = self.disk.next_node();
        self.push(Op::Make { folder, name, node, is_folder: true });
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        match (self.below(from), self.below(to)) {
            (None, None) => Ok(()),
            (Some(from), Some(to)) => {
                let node = self.disk.find(from).context("the model has no such file to rename")?;
                let op = Op::Rename { from: self.disk.place(from)?, to: self.disk.place(to)?, node };
                self.push(op);
                Ok(())
            }
            _ => bail!("a file is renamed across the edge of the model"),
        }
    }

    fn link(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        match (self.below(from), self.below(to)) {
            (None, None) => Ok(()),
            (Some(from), Some(to)) => {
                let node = self.disk.find(from).context("the model has no such file to link")?;
                let (folder, name) = self.disk.place(to)?;
                self.push(Op::Link { folder, name, node });
                Ok(())
            }
            _ => bail!("a file is linked across the edge of the model"),
        }
    }

    fn unlink(&mut self, path: &Path) -> anyhow::Result<()> {
        let Some(below) = self.below(path) else { return Ok(()) };
        let (folder, name) = self.disk.place(below)?;
        self.push(Op::Unlink { folder, name });
        Ok(())
    }
}

/// Returns whether a clone makes a thread.
fn name_is_thread(args: &[&str]) -> bool {
    args.iter().any(|arg| arg.contains("CLONE_THREAD"))
}

/// Returns the arguments of a call. Strings and paths are in hexadecimal, so no comma stands inside them.
fn split(args: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, byte) in args.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(args[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(args[start..].trim());
    parts
}

/// Returns `\x61\x62` as bytes.
fn unhex(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    for part in text.split("\\x").skip(1) {
        bytes.push(u8::from_str_radix(part.get(..2).context("half a byte")?, 16)?);
    }
    ensure!(bytes.len() * 4 == text.len(), "a string that is not all hexadecimal");
    Ok(bytes)
}

fn string(arg: &str) -> anyhow::Result<Vec<u8>> {
    let inner = arg.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).context("no whole string")?;
    unhex(inner)
}

fn path(arg: &str) -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from(String::from_utf8(string(arg)?)?))
}

/// Returns the bytes that a call was given, as many as it took.
fn written(arg: &str, answer: i64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = string(arg)?;
    bytes.truncate(usize::try_from(answer)?);
    Ok(bytes)
}

fn gathered(arg: &str, answer: i64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in arg.split("iov_base=").skip(1) {
        bytes.extend(string(part.split(',').next().unwrap_or_default())?);
    }
    bytes.truncate(usize::try_from(answer)?);
    Ok(bytes)
}

/// Returns the number of `5<\x2f…>`.
fn descriptor(arg: &str) -> anyhow::Result<i64> {
    let number = arg.split('<').next().unwrap_or_default();
    match number.strip_prefix("0x") {
        Some(hex) => Ok(i64::from_str_radix(hex, 16)?),
        None => Ok(number.parse()?),
    }
}

/// Returns strace's description of a descriptor.
fn annotation(arg: &str) -> anyhow::Result<String> {
    let Some((_, rest)) = arg.split_once('<') else { return Ok(String::new()) };
    let inner = rest.split('>').next().unwrap_or_default();
    Ok(if inner.starts_with("\\x") { String::from_utf8(unhex(inner)?)? } else { inner.to_owned() })
}

fn annotated(arg: &str) -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from(annotation(arg)?))
}
