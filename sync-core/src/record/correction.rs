//! Correction: what is said afterwards of a reading, a material, a note or a photo. The element itself stays as it was
//! written; a register that is named after the operation that made it holds what counts in its place. Several people who
//! correct one element at the same time are in conflict, as on any register.

use serde::{Deserialize, Serialize};

use crate::record::change::{OpId, Scalar};

/// The map of an order that holds corrections.
pub const SLOT: &str = "corrections";
/// The lists whose elements may be corrected. Signatures are photos.
pub const LISTS: [&str; 4] = ["measurements", "materials", "notes", "photos"];
/// What a register of a correction begins with.
const PREFIX: &str = "corrections.";

/// One correction, as its register holds it: JSON text with the members in this order.
///
/// ```
/// use sync_core::id::DeviceId;
/// use sync_core::record::change::OpId;
/// use sync_core::record::correction::{Correction, register, target};
///
/// let slip = Correction {
///     of: "measurements".into(),
///     what: Some("free_chlorine".into()),
///     value: Some("0.80".into()),
///     unit: Some("mg/L".into()),
///     flag: None,
///     voids: false,
///     reason: "faltó el punto".into(),
/// };
/// assert_eq!(Correction::read(&slip.to_scalar()), Some(slip));
///
/// let op = OpId { counter: 23, device: DeviceId([3; 16]) };
/// assert_eq!(target(&register(&op)), Some(op));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The list that the element is in.
    pub of: String,
    /// Its measure or its key of the catalogue, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The value that counts: a decimal, or the text of a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The unit of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Why a person should look at the value, e.g. `out_of_norm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Whether the element counts no more at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voids: bool,
    /// Why.
    pub reason: String,
}

impl Correction {
    /// Reads a register's value; `None` if it is no correction in the form that [`Self::to_scalar`] writes.
    pub fn read(value: &Scalar) -> Option<Self> {
        let Scalar::Str(text) = value else { return None };
        let read: Self = serde_json::from_str(text).ok()?;
        (read.to_scalar() == *value).then_some(read)
    }

    /// Returns it as a register holds it.
    pub fn to_scalar(&self) -> Scalar {
        Scalar::Str(serde_json::to_string(self).unwrap_or_default())
    }
}

/// Returns the register that holds what is said of the element which that operation made.
pub fn register(op: &OpId) -> String {
    format!("{PREFIX}{op}")
}

/// Returns the operation whose element a register corrects; `None` if it is no register of a correction.
pub fn target(register: &str) -> Option<OpId> {
    register.strip_prefix(PREFIX)?.parse().ok()
}
