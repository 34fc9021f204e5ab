//! Two people compare their checkpoints: by the whole text, which is signed, or by its short form, which can be read aloud.
//! A server that shows each of them another history is found out without a network.

use std::path::Path;

use serde::Serialize;
use sync_core::limits::CHECKPOINT_BYTES_MAX;
use sync_core::log::checkpoint;
use sync_core::log::entry::Anchor;

use super::newest;
use crate::commands::audit::verify::known;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::files;
use crate::log::{self, LogHost};
use crate::output::Report;
use words::{Text, say};

/// Hexadecimal digits of the root in the short form: 64 bits, which nobody finds twice.
const SHORT_DIGITS: usize = 16;

/// What another person has.
enum Theirs {
    Whole(Anchor),
    /// Size, and how the root begins.
    Short(u64, String),
}

#[derive(Serialize)]
struct Compared {
    entries: u64,
    theirs: u64,
    consistent: bool,
    /// `same`, `ahead` or `behind`, as the other person is.
    relation: &'static str,
}

/// The short form, `176 0d96 499a 5ae3 b1bc`.
pub(super) fn short(anchor: &Anchor) -> String {
    let root: Vec<char> = anchor.root.to_string().chars().take(SHORT_DIGITS).collect();
    let groups: Vec<String> = root.chunks(4).map(|group| group.iter().collect()).collect();
    format!("{} {}", anchor.size, groups.join(" "))
}

/// Compares.
///
/// # Errors
/// Usage, if what was typed is no checkpoint; integrity, if both cannot be true; connection, if a server has to be asked.
pub(super) fn run(cx: &Context, typed: &str, key: &str) -> Result<Report, CliError> {
    let own = newest(cx, key)?.anchor;
    let theirs = read(typed, key)?;
    let known = known::of_device(cx)?.map(|known| known.anchors).unwrap_or_default();
    let mut shown: Vec<Anchor> = known.into_iter().map(|(_, anchor)| anchor).collect();
    shown.push(own);
    let size = theirs.size();
    if let Some(same) = shown.iter().find(|anchor| anchor.size == size) {
        return if theirs.is(same) { report(cx, &own, size) } else { Err(parted(size)) };
    }
    let Theirs::Whole(anchor) = theirs else {
        return Err(CliError::usage(say!("compare-other-size", size), say!("compare-other-size-hint")));
    };
    if !both_in_log(cx, key, &own, &anchor)? {
        return Err(parted(size));
    }
    report(cx, &own, size)
}

impl Theirs {
    fn size(&self) -> u64 {
        match self {
            Self::Whole(anchor) => anchor.size,
            Self::Short(size, _) => *size,
        }
    }

    fn is(&self, anchor: &Anchor) -> bool {
        match self {
            Self::Whole(theirs) => theirs == anchor,
            Self::Short(size, root) => *size == anchor.size && anchor.root.to_string().starts_with(root),
        }
    }
}

/// What was typed, scanned, or stands in the file of that name.
fn read(typed: &str, key: &str) -> Result<Theirs, CliError> {
    let path = Path::new(typed);
    if typed.len() < 256 && path.is_file() {
        let bytes = files::read_bounded(path, CHECKPOINT_BYTES_MAX)?;
        return read_text(&String::from_utf8_lossy(&bytes), key);
    }
    read_text(typed, key)
}

fn read_text(text: &str, key: &str) -> Result<Theirs, CliError> {
    if let Some(short) = read_short(text) {
        return Ok(short);
    }
    // A scanner may leave the last line end out.
    let note = format!("{}\n", text.trim_end_matches(['\n', '\r']).replace("\r\n", "\n"));
    if !note.contains("\n\n") {
        return Err(CliError::usage(say!("compare-no-checkpoint"), say!("compare-no-checkpoint-hint")));
    }
    let signed = checkpoint::open(&note, key).map_err(|detail| log::not_signed(&detail))?;
    Ok(Theirs::Whole(signed.anchor))
}

fn read_short(text: &str) -> Option<Theirs> {
    let (size, root) = text.trim().split_once(char::is_whitespace)?;
    let root: String = root.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let is_root = root.len() == SHORT_DIGITS && root.chars().all(|c| c.is_ascii_hexdigit());
    is_root.then_some(Theirs::Short(size.parse().ok()?, root.to_lowercase()))
}

/// Whether the server's log of today has both: it signs one root over all, and the tiles are held to that.
fn both_in_log(cx: &Context, key: &str, own: &Anchor, theirs: &Anchor) -> Result<bool, CliError> {
    let url = cx.read(|replica| Ok(replica.identity()?.url.clone()))?;
    let host = LogHost::new(cx, &url)?;
    let state = host.state(host.checkpoint(key)?.anchor)?;
    for anchor in [own, theirs] {
        if !state.begins_with(anchor).map_err(|error| host.failed(error))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn report(cx: &Context, own: &Anchor, theirs: u64) -> Result<Report, CliError> {
    let (relation, words): (_, Text) = match theirs.cmp(&own.size) {
        std::cmp::Ordering::Equal => ("same", say!("compare-same", entries = theirs)),
        std::cmp::Ordering::Greater => ("ahead", say!("compare-ahead", theirs, own = own.size)),
        std::cmp::Ordering::Less => ("behind", say!("compare-behind", theirs, own = own.size)),
    };
    let compared = Compared { entries: own.size, theirs, consistent: true, relation };
    Report::new(&compared, format!("{}\n", words.of(cx.screen.lang)))
}

fn parted(size: u64) -> CliError {
    CliError::new(exit::INTEGRITY, "inconsistent", say!("compare-parted", size), say!("compare-parted-hint"))
}

#[cfg(test)]
mod tests {
    use super::{Theirs, read_short, short};
    use sync_core::id::Hash;
    use sync_core::log::entry::Anchor;

    #[test]
    fn the_short_form_reads_back_as_it_is_said() {
        let anchor = Anchor { size: 176, root: Hash([0xab; 32]) };
        assert_eq!(short(&anchor), "176 abab abab abab abab");
        for said in ["176 abab abab abab abab", " 176  ABAB-ABAB-ABAB-ABAB ", "176 abababababababab"] {
            assert!(read_short(said).is_some_and(|theirs| theirs.is(&anchor)), "{said}");
        }
        assert!(read_short("177 abab abab abab abab").is_some_and(|theirs| !theirs.is(&anchor)));
        for wrong in ["", "176", "176 abab", "abab 176", "176 xxxx abab abab abab"] {
            assert!(read_short(wrong).is_none(), "{wrong}");
        }
        assert!(matches!(read_short("9 0000 0000 0000 0000"), Some(Theirs::Short(9, _))));
    }
}
