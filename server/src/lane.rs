//! Lane: work that may wait for the disk, for callers that must not keep devices waiting. It has threads of its own,
//! so many places, and a share of them for each address.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;

use crate::config::{PEER_SHARE, STRANGERS_NICE};
use crate::places::{NoPlace, Places, Turn};

type Call = Box<dyn FnOnce() + Send>;

/// A call panicked, or no thread is there to run it. Nothing but this call is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotDone;

/// A lane.
#[derive(Debug)]
pub struct Lane {
    calls: mpsc::Sender<Call>,
    places: Arc<Places<IpAddr>>,
}

impl Lane {
    /// Returns a lane of `threads` threads, which stand back behind those of devices, and `places_max` places.
    pub fn new(name: &str, threads: usize, places_max: usize) -> Self {
        let (calls, waiting) = mpsc::channel::<Call>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            let work = move || {
                // Where the system does not let it stand back, it works as others do.
                let _ = rustix::process::nice(STRANGERS_NICE);
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(call) = next else { return };
                    call();
                }
            };
            let spawned = std::thread::Builder::new().name(name.into()).spawn(work);
            if let Err(error) = spawned {
                tracing::error!(%error, name, "a thread could not be started");
            }
        }
        Self { calls, places: Places::new(places_max, places_max.div_ceil(PEER_SHARE)) }
    }

    /// Returns a place for a caller from `home`.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub fn enter(&self, home: IpAddr) -> Result<Turn<IpAddr>, NoPlace> {
        self.places.enter(home)
    }

    /// Runs `call` when it is its turn. The turn comes back with the answer: it ends when the caller drops it, and not
    /// before the call has ended.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn run<T: Send + 'static>(
        &self,
        turn: Turn<IpAddr>,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, Turn<IpAddr>), NotDone> {
        let (answer, done) = oneshot::channel();
        let work = move || {
            let made = catch_unwind(AssertUnwindSafe(call)).map(|made| (made, turn));
            // A caller that went away needs no answer.
            let _ = answer.send(made.map_err(|_| NotDone));
        };
        // It fails only if no thread could be started.
        self.calls.send(Box::new(work)).map_err(|_| NotDone)?;
        done.await.unwrap_or(Err(NotDone))
    }

    /// Returns how many places are taken.
    pub fn count(&self) -> usize {
        self.places.count()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lane, NoPlace, NotDone};
    use std::net::IpAddr;

    fn ip(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[tokio::test]
    async fn places_are_bounded_shared_and_free_again() {
        let lane = Lane::new("test", 1, 8);
        let mut turns: Vec<_> = (0..2).map(|_| lane.enter(ip(9)).unwrap()).collect();
        assert_eq!(lane.enter(ip(9)).unwrap_err(), NoPlace::Owner, "an address has a quarter");
        turns.extend((1..=6).map(|last| lane.enter(ip(last)).unwrap()));
        assert_eq!(turns.last().map(|turn| turn.ahead), Some(7));
        assert_eq!(lane.enter(ip(8)).unwrap_err(), NoPlace::All);
        let (made, turn) = lane.run(turns.remove(0), || 7).await.unwrap();
        assert_eq!((made, lane.count()), (7, 8), "the answer is not sent yet");
        drop((turn, turns));
        assert_eq!(lane.count(), 0);
        let turn = lane.enter(ip(9)).unwrap();
        assert_eq!(lane.run(turn, || panic!("on purpose")).await.map(|_| ()), Err(NotDone));
        assert_eq!(lane.count(), 0);
        let turn = lane.enter(ip(9)).unwrap();
        assert!(lane.run(turn, || ()).await.is_ok(), "its thread goes on");
    }
}
