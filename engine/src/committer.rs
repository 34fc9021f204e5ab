//! Committer: the one writer of a ledger. It judges what has gathered, makes it durable with one append, shows it to
//! readers, lets it be answered, and applies it to the index.

mod judge;
mod request;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use store::{CatchUp, Index, Log, Paged, Store, StoreError};
use sync_core::hub::{Admitted, Durable, Hub, HubError, Quotas, fold_line};
use sync_core::rows::Batch;
use sync_core::state::authority::rules_from;

pub use request::{Answers, Failed, Judged, Kept, Refusal, Request, Space};

use crate::fresh::Fresh;

/// The one writer of a ledger: a store, and the hub that judges over its rows.
///
/// A batch goes through four steps, in this order, and the types let no other be taken:
///
/// 1. [`Committer::judge`] admits each request on top of the ones before it ([`Judged`]); or an act of the hub's own is
///    made: [`Committer::publish_rules`], [`Committer::start_epoch`], [`Committer::invite_admin`].
/// 2. [`Committer::append`] makes all lines durable with one append ([`Kept`]). If it fails, nobody is answered well.
/// 3. [`Committer::publish`] returns the rows and lines that readers are to see, and only with them the answers.
/// 4. [`Committer::apply`] writes the rows into the index, while readers read on.
///
/// The shell brings the time and the free space, and may let time pass between two steps: requests that arrive are
/// checked against the view published last. After an error that [`Committer::is_over`] confirms, the shell drops the
/// committer and opens the store again; whatever is durable is found there.
pub struct Committer<L: Log, I: Index> {
    store: Store<L, I>,
    hub: Hub,
    seed: [u8; 32],
    quotas: Quotas,
    /// Durable and shown to readers, and not in the index yet.
    fresh: Option<Arc<Batch>>,
    is_over: bool,
}

/// What readers see.
#[derive(Debug, Clone)]
pub struct View<Ls, R> {
    /// The ledger.
    pub lines: Ls,
    /// The rows, with what is durable and not in the index yet on top.
    pub rows: Fresh<R>,
    /// The last line that the rows contain.
    pub seq: u64,
}

/// What is known and may be answered from now on.
pub struct Published<Ls, R, T> {
    /// What readers are to see before anybody is answered.
    pub view: View<Ls, R>,
    /// What became of each request, in their order.
    pub answers: Answers<T>,
    /// Whether the hub itself acted: readers then need a hub of now, see [`Committer::open_hub`].
    pub is_act: bool,
    /// How many lines became durable.
    pub lines: usize,
}

/// Folds what the index lacks, and calls `progress` after each batch. Returns the last line that the index contains.
///
/// # Errors
/// As [`Store::catch_up`]; `Index` if the rules in force do not read.
pub fn catch_up<L: Log, I: Index>(
    store: &mut Store<L, I>,
    progress: &mut dyn FnMut(CatchUp),
) -> Result<u64, StoreError> {
    let rules = rules_from(&store.rows());
    let mut rules = rules.map_err(|error| StoreError::Index { detail: error.to_string() })?;
    store.catch_up(&mut |seq, line, overlay| Ok(fold_line(&mut rules, overlay, seq, line)?), progress)
}

impl<L: Log, I: Index> Committer<L, I> {
    /// Returns the committer of an open store whose index is caught up. `seed` is the log key's.
    ///
    /// # Errors
    /// As [`Hub::open`].
    pub fn open(store: Store<L, I>, seed: [u8; 32], quotas: Quotas) -> Result<Self, HubError> {
        let hub = Hub::open(&store.rows(), &seed, quotas)?;
        Ok(Self { store, hub, seed, quotas, fresh: None, is_over: false })
    }

    /// Returns the store.
    pub fn store(&self) -> &Store<L, I> {
        &self.store
    }

    /// Returns the hub that judges.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Returns whether the store failed in a way that only opening it again can repair.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns what readers are to see now.
    pub fn view(&self) -> View<L::Lines, Paged<I::Rows>> {
        View { lines: self.store.lines(), rows: self.rows(), seq: self.store.end() - 1 }
    }

    /// Returns a hub for readers, over the rows as they are shown now.
    ///
    /// # Errors
    /// As [`Hub::open`].
    pub fn open_hub(&self) -> Result<Hub, HubError> {
        Hub::open(&self.rows(), &self.seed, self.quotas)
    }

    /// Makes a judged batch durable with one append. `space` is what is free now. Rows without lines are the attempt
    /// numbers of requests that brought nothing: where there is no room for them they are not kept, and what could then
    /// be replayed brings nothing either.
    ///
    /// # Errors
    /// If the lines are not durable: nothing of the batch is kept, and [`Failed`] holds what to answer. The committer
    /// goes on unless [`Committer::is_over`].
    ///
    /// # Panics
    /// If another batch was appended since this one was judged.
    pub fn append<T>(&mut self, judged: Judged<T>, space: Space) -> Result<Kept<T>, Failed<T>> {
        let Judged { first, own, batch, outcomes, broken } = judged;
        assert_eq!(first, self.store.end(), "a batch is appended where it was judged to stand");
        let has_lines = !own.is_empty() || outcomes.iter().any(|(_, outcome)| brings(outcome));
        let room = space.check_room(&own, &outcomes, &batch);
        let is_act = !own.is_empty();
        let (tickets, outcomes): (Vec<T>, Vec<_>) = outcomes.into_iter().unzip();
        if let Some(error) = broken {
            let error = StoreError::Index { detail: format!("the hub could not be opened again: {error}") };
            self.is_over = true;
            return Err(Failed::new(tickets, outcomes, error));
        }
        let (admitted, slots) = split(outcomes);
        if !has_lines && (batch.writes.is_empty() || room.is_err()) {
            // Nothing is to be appended, so this cannot fail.
            let kept = Durable::append(admitted, |_| Ok::<_, StoreError>(()));
            return match kept {
                Ok((durable, ())) => Ok(Kept { answers: join(tickets, slots, durable), is_act, lines: 0 }),
                Err(error) => Err(Failed::of_slots(tickets, slots, error)),
            };
        }
        let store = &mut self.store;
        let appended = room.and_then(|()| {
            Durable::append(admitted, |lines| {
                let lines = if is_act { &own } else { lines };
                if !lines.is_empty() {
                    store.append(lines)?;
                }
                Ok(lines.len())
            })
        });
        match appended {
            Ok((durable, lines)) => {
                self.fresh = Some(Arc::new(batch));
                Ok(Kept { answers: join(tickets, slots, durable), is_act, lines })
            }
            Err(error) => {
                self.append_failed(&error);
                Err(Failed::of_slots(tickets, slots, error))
            }
        }
    }

    /// Returns what readers are to see, and the answers. The shell shows the one before it sends the other.
    pub fn publish<T>(&self, kept: Kept<T>) -> Published<L::Lines, Paged<I::Rows>, T> {
        let Kept { answers, is_act, lines } = kept;
        Published { view: self.view(), answers, is_act, lines }
    }

    /// Applies what was published to the index. [`Committer::view`] is the index alone afterwards.
    ///
    /// # Errors
    /// As [`Store::apply`], or `Index` if the index panicked; the committer is over then. Nothing durable is lost.
    pub fn apply(&mut self) -> Result<(), StoreError> {
        let Some(fresh) = &self.fresh else { return Ok(()) };
        let last = self.store.end() - 1;
        let store = &mut self.store;
        let applied = catch_unwind(AssertUnwindSafe(|| store.apply(fresh, last)));
        let applied = applied.unwrap_or_else(|panic| {
            Err(StoreError::Index { detail: format!("the index panicked: {}", panic_text(&*panic)) })
        });
        match applied {
            Ok(()) => self.fresh = None,
            Err(_) => self.is_over = true,
        }
        applied
    }

    /// Applies what is left and closes the store.
    ///
    /// # Errors
    /// As [`Store::close`].
    pub fn close(mut self) -> Result<(), StoreError> {
        // What does not get in now is folded in at the next opening.
        let _ = self.apply();
        self.store.close()
    }

    fn rows(&self) -> Fresh<Paged<I::Rows>> {
        Fresh::new(self.store.rows(), self.fresh.clone().unwrap_or_default())
    }

    /// What judging did to the hub must go too; where the log's end is uncertain, all must be opened again.
    fn append_failed(&mut self, error: &StoreError) {
        if let StoreError::SyncFailed { .. } | StoreError::AppendsStopped { .. } = error {
            self.is_over = true;
            return;
        }
        match Hub::open(&self.rows(), &self.seed, self.quotas) {
            Ok(hub) => self.hub = hub,
            Err(_) => self.is_over = true,
        }
    }
}

fn brings(outcome: &Result<Admitted, Refusal>) -> bool {
    outcome.as_ref().is_ok_and(|admitted| !admitted.lines().is_empty())
}

/// Returns what was admitted, and for each request whether it was, or why not.
fn split(outcomes: Vec<Result<Admitted, Refusal>>) -> (Vec<Admitted>, Vec<Result<(), Refusal>>) {
    let mut admitted = Vec::new();
    let slots = outcomes.into_iter().map(|outcome| outcome.map(|one| admitted.push(one))).collect();
    (admitted, slots)
}

/// Puts what is durable back into the places that [`split`] took it from.
fn join<T>(tickets: Vec<T>, slots: Vec<Result<(), Refusal>>, durable: Vec<Durable<Admitted>>) -> Answers<T> {
    let mut durable = durable.into_iter();
    let answers = tickets.into_iter().zip(slots).map(|(ticket, slot)| {
        let answer = slot.map(|()| durable.next().expect("each admitted request became durable"));
        (ticket, answer)
    });
    answers.collect()
}

/// Returns what a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
