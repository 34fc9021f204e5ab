//! Keeping: the way of a blob that has arrived whole, from the spool to the word in the ledger that the office has it. This
//! says what comes next and does none of it, so that the server and the simulator go the same way.
//!
//! The order is the promise: the bytes are durable in the store before the ledger says so, and the spool's copy goes last.
//! A process that ends in between begins again from the spool.

use bytes::Bytes;
use sync_core::log::act::StoredBlob;
use sync_core::media::{self, MediaError};

use crate::{Partial, SpoolError};

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Read the partial ([`crate::Spool::whole`]).
    Read,
    /// Keep these bytes in the store ([`crate::Store::put`]).
    Put(Bytes),
    /// Have the ledger say that the office has the blob, and wait until that is durable.
    Say(StoredBlob),
    /// Look whether the ledger says that the blob was erased.
    Look,
    /// Erase the bytes, in the store and in the spool.
    Erase,
    /// Delete the partial ([`crate::Spool::drop`]). If that fails, the copy does no harm.
    Drop,
    /// It has ended.
    Done(End),
}

/// What was done.
#[derive(Debug)]
pub enum Event {
    /// Nothing yet.
    Begin,
    /// The partial was read, or not.
    Read(Result<Vec<u8>, SpoolError>),
    /// The store has it, or the ledger says so, or it is deleted; `false` if that cannot be now.
    Did(bool),
    /// Whether the ledger says that it was erased.
    Erased(bool),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The office has it, and the ledger says so.
    Kept,
    /// Its bytes are not those of its name, or are gone: begin again.
    OtherBytes,
    /// It is no picture, or holds more than one.
    NoPicture(MediaError),
    /// It was erased.
    Erased,
    /// It cannot be kept now. What has arrived stays.
    Later,
}

/// A blob on its way.
#[derive(Debug)]
pub struct Keeping {
    partial: Partial,
    state: State,
}

#[derive(Debug)]
enum State {
    New,
    Reading,
    Putting,
    Saying,
    Looking,
    /// The last deed; then it ends so.
    Last(End),
}

impl Keeping {
    /// Returns the way of a partial, from its beginning.
    pub fn of(partial: Partial) -> Self {
        Self { partial, state: State::New }
    }

    /// Returns what comes next. An event that answers no step ends it for now.
    pub fn next(&mut self, event: Event) -> Step {
        let state = std::mem::replace(&mut self.state, State::Last(End::Later));
        let (state, step) = match (state, event) {
            (State::New, Event::Begin) => (State::Reading, Step::Read),
            (State::Reading, Event::Read(read)) => Self::read(read),
            (State::Putting, Event::Did(true)) => {
                let Partial { blob, of, bytes, .. } = self.partial;
                (State::Saying, Step::Say(StoredBlob { sha256: blob, bytes, of }))
            }
            (State::Saying, Event::Did(true)) => (State::Looking, Step::Look),
            // It may have been erased while it came: the bytes were put back then.
            (State::Looking, Event::Erased(true)) => (State::Last(End::Erased), Step::Erase),
            (State::Looking, Event::Erased(false)) => (State::Last(End::Kept), Step::Drop),
            (State::Last(end), _) => return Step::Done(end),
            _ => return Step::Done(End::Later),
        };
        self.state = state;
        step
    }

    fn read(read: Result<Vec<u8>, SpoolError>) -> (State, Step) {
        match read {
            Ok(bytes) => match media::check(&bytes) {
                Ok(_) => (State::Putting, Step::Put(bytes.into())),
                Err(error) => (State::Last(End::NoPicture(error)), Step::Drop),
            },
            Err(SpoolError::OtherBytes | SpoolError::NotBegun) => {
                (State::Last(End::OtherBytes), Step::Done(End::OtherBytes))
            }
            Err(_) => (State::Last(End::Later), Step::Done(End::Later)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Event, Keeping, Step};
    use crate::{Partial, SpoolError};
    use sync_core::id::{DeviceId, Hash};
    use sync_core::media::MediaError;

    const DEVICE: DeviceId = DeviceId([7; 16]);
    /// One black pixel.
    const PNG: [u8; 57] =
        *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0crc_\0\0\0\0IDATcrc_\0\0\0\0IENDcrc_";

    fn keeping() -> Keeping {
        let mut keeping = Keeping::of(Partial { blob: Hash([1; 32]), device: DEVICE, of: DEVICE, bytes: 57 });
        assert_eq!(keeping.next(Event::Begin), Step::Read);
        keeping
    }

    #[test]
    fn the_ledger_speaks_after_the_store_and_the_spool_lets_go_last() {
        let mut one = keeping();
        assert!(matches!(one.next(Event::Read(Ok(PNG.to_vec()))), Step::Put(_)));
        assert!(matches!(one.next(Event::Did(true)), Step::Say(said) if said.of == DEVICE));
        assert_eq!(one.next(Event::Did(true)), Step::Look);
        assert_eq!(one.next(Event::Erased(false)), Step::Drop);
        assert_eq!(one.next(Event::Did(false)), Step::Done(End::Kept), "a copy more does no harm");
    }

    #[test]
    fn what_fails_leaves_the_spool_as_it_is() {
        let mut unread = keeping();
        let failed = SpoolError::Io(std::io::Error::other("away"));
        assert_eq!(unread.next(Event::Read(Err(failed))), Step::Done(End::Later));
        for steps in 0..2 {
            let mut one = keeping();
            one.next(Event::Read(Ok(PNG.to_vec())));
            (0..steps).for_each(|_| drop(one.next(Event::Did(true))));
            assert_eq!(one.next(Event::Did(false)), Step::Done(End::Later), "after {steps} steps");
        }
    }

    #[test]
    fn what_is_erased_or_no_picture_goes() {
        let mut one = keeping();
        one.next(Event::Read(Ok(PNG.to_vec())));
        (0..2).for_each(|_| drop(one.next(Event::Did(true))));
        assert_eq!(one.next(Event::Erased(true)), Step::Erase);
        assert_eq!(one.next(Event::Did(true)), Step::Done(End::Erased));
        let mut other = keeping();
        assert_eq!(other.next(Event::Read(Ok(b"<svg/>".to_vec()))), Step::Drop);
        assert_eq!(other.next(Event::Did(true)), Step::Done(End::NoPicture(MediaError::Foreign)));
    }
}
