//! Request: what the committer is given, and what it hands on from step to step.

use store::StoreError;
use sync_core::hub::{Admitted, Checked, Durable, HubError};
use sync_core::rows::Batch;

/// Bytes the index may write for each byte of rows, pages being written whole.
const INDEX_GROWTH: usize = 4;

/// A request that was checked, with the shell's ticket: where its answer goes.
pub struct Request<T> {
    /// What was checked.
    pub checked: Checked,
    /// The shell's own.
    pub ticket: T,
}

/// Space where the store lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// What is free, in bytes; `None` where that cannot be told.
    pub free_bytes: Option<u64>,
    /// What is to stay free, in bytes: an index does not survive a full disk.
    pub reserve_bytes: u64,
}

impl Space {
    /// Returns whether less is free than is to stay free. New lines are refused then; reading goes on.
    pub fn is_low(self) -> bool {
        self.free_bytes.is_some_and(|free| free < self.reserve_bytes)
    }

    /// Refuses what there is no room for while the index can still be kept.
    pub(super) fn check_room<T>(
        self,
        own: &[Vec<u8>],
        outcomes: &[(T, Result<Admitted, Refusal>)],
        batch: &Batch,
    ) -> Result<(), StoreError> {
        let Some(free) = self.free_bytes else { return Ok(()) };
        let admitted = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok());
        let line_bytes: usize = own.iter().chain(admitted.flat_map(Admitted::lines)).map(Vec::len).sum();
        let rows = batch.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len));
        let needed_bytes = (line_bytes + INDEX_GROWTH * rows.sum::<usize>()) as u64;
        if free >= needed_bytes.saturating_add(self.reserve_bytes) {
            return Ok(());
        }
        Err(StoreError::Full { path: "the store".into(), needed_bytes })
    }
}

/// Why a request is not answered well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no space for what it brings.
    #[error("there is no space left")]
    Full,
    /// It could not be made durable.
    #[error("it could not be made durable")]
    NotDurable,
    /// The hub does not admit it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Admitting it panicked, which the shell should log.
    #[error("the hub panicked: {0}")]
    Panicked(String),
}

/// What became of each request of a batch, in their order. Only what is durable can be answered.
pub type Answers<T> = Vec<(T, Result<Durable<Admitted>, Refusal>)>;

/// A batch that was judged and is not durable yet.
pub struct Judged<T> {
    /// The number its first line will get.
    pub(super) first: u64,
    /// Lines of the hub's own act.
    pub(super) own: Vec<Vec<u8>>,
    pub(super) batch: Batch,
    pub(super) outcomes: Vec<(T, Result<Admitted, Refusal>)>,
    /// What judging did to the hub could not be undone.
    pub(super) broken: Option<HubError>,
}

impl<T> Judged<T> {
    /// Returns the rows that it writes.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Returns what became of each request so far.
    pub fn outcomes(&self) -> impl Iterator<Item = (&T, Result<&Admitted, &Refusal>)> {
        self.outcomes.iter().map(|(ticket, outcome)| (ticket, outcome.as_ref()))
    }

    /// Returns how many lines it appends.
    pub fn lines(&self) -> usize {
        let admitted = self.outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok());
        self.own.len() + admitted.map(|admitted| admitted.lines().len()).sum::<usize>()
    }
}

/// A batch that is durable, and that readers do not see yet.
pub struct Kept<T> {
    pub(super) answers: Answers<T>,
    pub(super) is_act: bool,
    pub(super) lines: usize,
}

/// A batch that is not durable: what to answer, and why.
#[derive(Debug)]
pub struct Failed<T> {
    /// Nobody of the batch was admitted.
    pub answers: Vec<(T, Refusal)>,
    /// What the store said.
    pub error: StoreError,
}

impl<T> Failed<T> {
    pub(super) fn new(tickets: Vec<T>, outcomes: Vec<Result<Admitted, Refusal>>, error: StoreError) -> Self {
        Self::of_slots(tickets, outcomes.into_iter().map(|outcome| outcome.map(drop)).collect(), error)
    }

    pub(super) fn of_slots(tickets: Vec<T>, slots: Vec<Result<(), Refusal>>, error: StoreError) -> Self {
        let why = match &error {
            StoreError::Full { .. } => Refusal::Full,
            _ => Refusal::NotDurable,
        };
        let refused = |slot: Result<(), Refusal>| slot.err().unwrap_or_else(|| why.clone());
        Self { answers: tickets.into_iter().zip(slots.into_iter().map(refused)).collect(), error }
    }
}
