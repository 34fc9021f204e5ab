//! Upload: brings one blob to the office after its entry is there. A link that breaks costs what it broke in: the office
//! says how far the blob came, and the rest goes on from there. This says what to send next; the shell sends it.

use std::ops::Range;

/// Bytes of one piece on an ordinary link, and on a poor one.
pub const PIECE_BYTES: u64 = 1024 * 1024;
/// Bytes of one piece on a poor link.
pub const PIECE_BYTES_POOR: u64 = 64 * 1024;
/// Breaks in a row without a byte of progress before it is left for the next time.
const BREAKS_MAX: u32 = 6;

/// The office's words for what another try may do away with.
const PASSING: [&str; 4] = ["device_busy", "cut_off", "too_slow", "bringing"];
/// The office's words for a store that takes nothing now.
const NO_STORE: [&str; 3] = ["no_room", "disk_full", "store"];

/// What to send next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Begin it, or find how far it came.
    Create,
    /// Bring these bytes.
    Piece(Range<u64>),
    /// Find how far it came: a piece did not begin where the office is.
    Look,
    /// It has ended.
    Done(Brought),
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing was sent yet.
    Begin,
    /// The office has so many bytes; `None` if the piece did not begin there.
    Came(Option<u64>),
    /// The office refuses.
    Refused {
        /// Its word for why.
        code: String,
        /// Whether the trouble is the office's own.
        is_own_trouble: bool,
    },
    /// No answer came, or none of the office's.
    Cut,
}

/// What became of one blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// The office has it.
    Whole,
    /// The office does not take it; its word for why.
    Refused(String),
    /// The link is gone; what arrived stays there.
    Later,
}

/// A blob on its way.
#[derive(Debug, Clone)]
pub struct Upload {
    bytes: u64,
    piece_bytes: u64,
    /// Where the office is, as far as is known; and the furthest that it was.
    offset: Option<u64>,
    furthest: Option<u64>,
    breaks: u32,
    has_begun_again: bool,
    /// The step before was a piece.
    is_piece: bool,
}

impl Upload {
    /// Returns the way of a blob of so many bytes, in pieces of at most so many.
    pub fn new(bytes: u64, piece_bytes: u64) -> Self {
        Self {
            bytes,
            piece_bytes: piece_bytes.max(1),
            offset: None,
            furthest: None,
            breaks: 0,
            has_begun_again: false,
            is_piece: false,
        }
    }

    /// Returns what to send next.
    pub fn next(&mut self, event: Event) -> Step {
        let was_piece = std::mem::take(&mut self.is_piece);
        match event {
            Event::Begin => {}
            Event::Came(None) if was_piece => return Step::Look,
            Event::Came(now) => {
                // Only bytes that arrived are progress: a link may let every question through and no piece.
                self.breaks = if now > self.furthest { 0 } else { self.breaks + 1 };
                (self.offset, self.furthest) = (now, self.furthest.max(now));
            }
            // What was dropped because it was not whole begins again, once.
            Event::Refused { code, .. } if code == "checksum" && !self.has_begun_again => {
                (self.offset, self.furthest, self.has_begun_again) = (None, None, true);
            }
            // The office is there, and its store is not: the others would meet the same.
            Event::Refused { code, .. } if NO_STORE.contains(&code.as_str()) => {
                return Step::Done(Brought::Later);
            }
            Event::Refused { code, is_own_trouble }
                if !is_own_trouble && !PASSING.contains(&code.as_str()) =>
            {
                return Step::Done(Brought::Refused(code));
            }
            Event::Refused { .. } | Event::Cut => (self.offset, self.breaks) = (None, self.breaks + 1),
        }
        self.go_on()
    }

    fn go_on(&mut self) -> Step {
        match self.offset {
            Some(offset) if offset == self.bytes => Step::Done(Brought::Whole),
            _ if self.breaks >= BREAKS_MAX => Step::Done(Brought::Later),
            None => Step::Create,
            Some(offset) => {
                self.is_piece = true;
                let from = offset.min(self.bytes);
                Step::Piece(from..self.bytes.min(from.saturating_add(self.piece_bytes)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BREAKS_MAX, Brought, Event, Step, Upload};

    fn refused(code: &str) -> Event {
        Event::Refused { code: code.into(), is_own_trouble: false }
    }

    #[test]
    fn it_goes_on_at_the_byte_where_the_office_is() {
        let mut upload = Upload::new(250, 100);
        assert_eq!(upload.next(Event::Begin), Step::Create);
        assert_eq!(upload.next(Event::Came(Some(0))), Step::Piece(0..100));
        assert_eq!(upload.next(Event::Cut), Step::Create);
        assert_eq!(upload.next(Event::Came(Some(37))), Step::Piece(37..137));
        assert_eq!(upload.next(Event::Came(None)), Step::Look, "another request brought something");
        assert_eq!(upload.next(Event::Came(Some(140))), Step::Piece(140..240));
        assert_eq!(upload.next(Event::Came(Some(240))), Step::Piece(240..250));
        assert_eq!(upload.next(Event::Came(Some(250))), Step::Done(Brought::Whole));
    }

    #[test]
    fn breaks_without_progress_and_refusals_end_it() {
        let mut upload = Upload::new(9, 9);
        upload.next(Event::Begin);
        for _ in 1..BREAKS_MAX {
            assert_eq!(upload.next(Event::Cut), Step::Create);
        }
        assert_eq!(upload.next(Event::Cut), Step::Done(Brought::Later));
        let mut other = Upload::new(9, 9);
        other.next(Event::Begin);
        assert_eq!(other.next(refused("checksum")), Step::Create, "begins again once");
        assert_eq!(other.next(refused("checksum")), Step::Done(Brought::Refused("checksum".into())));
        let ends = |code| Upload::new(9, 9).next(refused(code));
        assert_eq!(ends("no_room"), Step::Done(Brought::Later));
        assert_eq!(ends("bringing"), Step::Create);
        assert_eq!(ends("erased"), Step::Done(Brought::Refused("erased".into())));
    }
}
