//! MessagePack within limits: depth bounded, nothing left over.

use serde::de::DeserializeOwned;

/// Deepest nesting any message of ours has, with room.
const DEPTH_MAX: usize = 16;

/// Bytes that are not the expected message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed message: {0}")]
pub struct MsgpackError(pub String);

/// Reads exactly one value from `bytes`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, MsgpackError> {
    let mut reader = bytes;
    let mut deserializer = rmp_serde::Deserializer::new(&mut reader);
    deserializer.set_max_depth(DEPTH_MAX);
    let value = T::deserialize(&mut deserializer).map_err(|error| MsgpackError(error.to_string()))?;
    if reader.is_empty() { Ok(value) } else { Err(MsgpackError(format!("{} bytes left over", reader.len()))) }
}
