//! Typed: what a reading would be, while it is typed.

use serde::Serialize;

use crate::view::{View, ViewError};

/// What a value would be, while it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Typed {
    /// Whether it can be kept.
    pub ok: bool,
    /// `above_norm` or `below_norm`; kept all the same.
    pub flag: Option<String>,
    /// A likely value, where a slip is suspected: the point forgotten.
    pub slip: Option<String>,
}

impl View<'_> {
    /// Judges a reading while it is typed.
    ///
    /// # Errors
    /// The order has no such line.
    pub fn typed(&self, measure: &str, value: &str) -> Result<Typed, ViewError> {
        let known = self.rules().measures.get(measure);
        let Some(measure) = known else {
            return Err(ViewError::Unknown { what: "measure", word: measure.into(), known: Vec::new() });
        };
        let date = self.identity()?.utc_offset.day(self.now_ms());
        let judged = |value: &str| {
            measure
                .check(value, &measure.unit)
                .ok()
                .map(|read| measure.flag(read, &date).map(|(flag, _)| flag))
        };
        let now = judged(value);
        let slip = match now {
            Some(None) => None,
            // A whole number out of norm or impossible, that would be in norm with its point: 80 for 0.80.
            _ if value.len() > 1 && value.bytes().all(|byte| byte.is_ascii_digit()) => (1..=value.len())
                .rev()
                .map(|at| {
                    let (whole, part) = value.split_at(value.len() - at);
                    format!("{}.{part}", if whole.is_empty() { "0" } else { whole })
                })
                .find(|likely| judged(likely) == Some(None)),
            _ => None,
        };
        Ok(Typed { ok: now.is_some(), flag: now.flatten().map(String::from), slip })
    }
}
