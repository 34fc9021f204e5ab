//! Durable: what a log took. Only that can be answered: [`super::Hub::reply`] takes nothing else.

use std::ops::Deref;

use super::Admitted;

/// Something that an append has made durable.
///
/// There is one way to make one: [`Durable::append`] hands the lines of a whole batch to a log and, only if the log took
/// them, returns what they came from. So no shell can answer a request before its lines are kept, nor one whose append
/// failed.
#[derive(Debug)]
pub struct Durable<T>(T);

impl<T> Deref for Durable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Durable<Admitted> {
    /// Returns a batch of admitted requests, in their order, once `append` has made their lines durable. `append` gets
    /// the lines of all of them together, which may be none, and must not return before they are safe.
    ///
    /// # Errors
    /// As `append`; then nothing of the batch can be answered.
    pub fn append<T, E>(
        batch: Vec<Admitted>,
        append: impl FnOnce(&[Vec<u8>]) -> Result<T, E>,
    ) -> Result<(Vec<Self>, T), E> {
        let mut batch = batch;
        let lines: Vec<Vec<u8>> = batch.iter_mut().flat_map(|one| std::mem::take(&mut one.lines)).collect();
        let done = append(&lines)?;
        Ok((batch.into_iter().map(Self).collect(), done))
    }
}
