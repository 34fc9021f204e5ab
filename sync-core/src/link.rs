//! Link: an invitation as one line of text, for a QR code or a message. It has the server's address, the
//! code, and a short hash of the server's key, so that a new device need not trust the first server that
//! answers.
//!
//! `cuadrilla:https://cuadrilla.example#K7QM-2XWD-9RTF.0123456789ABCDEF`

use std::fmt;
use std::str::FromStr;

use crate::crypto::PublicKey;
use crate::id::Hash;
use crate::state::authority::enrol::symbols;

/// The start of every link.
pub const SCHEME: &str = "cuadrilla:";
/// Longest link, in bytes: a QR code of it still fits a small terminal.
const LINK_BYTES_MAX: usize = 400;
/// Symbols of a pin: 80 bits, so that no attacker finds a key with the same pin.
const PIN_CHARS: usize = 16;

/// A short hash of a server's key, in the symbols of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPin(String);

impl KeyPin {
    /// Returns the pin of a key: the first 80 bits of `H("cuadrilla/key-pin/v1", key)`, five bits a symbol.
    pub fn of(key: &PublicKey) -> Self {
        let hash = Hash::tagged("cuadrilla/key-pin/v1", &[&key.0]);
        let mut bits = [0; 16];
        bits[6..].copy_from_slice(&hash.0[..10]);
        let bits = u128::from_be_bytes(bits);
        let five = |place: usize| u8::try_from((bits >> (5 * (PIN_CHARS - 1 - place))) & 31).unwrap_or(0);
        Self(symbols((0..PIN_CHARS).map(five)))
    }
}

impl fmt::Display for KeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLink {
    /// The server's address.
    pub url: String,
    /// The one-time code.
    pub code: String,
    /// Of the key that the server must answer with.
    pub pin: KeyPin,
}

/// The text is no invitation link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an invitation link: it has the form cuadrilla:ADDRESS#CODE.KEY")]
pub struct LinkError;

impl fmt::Display for InvitationLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, code, pin } = self;
        write!(f, "{SCHEME}{url}#{code}.{pin}")
    }
}

impl FromStr for InvitationLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > LINK_BYTES_MAX {
            return Err(LinkError);
        }
        let (url, secret) =
            text.strip_prefix(SCHEME).and_then(|rest| rest.split_once('#')).ok_or(LinkError)?;
        let (code, pin) = secret.split_once('.').ok_or(LinkError)?;
        let pin = pin.to_ascii_uppercase();
        let is_pin = pin.len() == PIN_CHARS && pin.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_code =
            !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_url = url.starts_with("https://") || url.starts_with("http://");
        if !(is_pin && is_code && is_url) {
            return Err(LinkError);
        }
        Ok(Self { url: url.into(), code: code.into(), pin: KeyPin(pin) })
    }
}

#[cfg(test)]
mod tests {
    use super::{InvitationLink, KeyPin};
    use crate::crypto::{PublicKey, SecretKey};

    #[test]
    fn a_link_says_the_same_when_read_back_and_pins_one_key() {
        let key = SecretKey::from_seed(&[7; 32]).public();
        let link = InvitationLink {
            url: "https://cuadrilla.example:8443".into(),
            code: "K7QM-2XWD-9RTF".into(),
            pin: KeyPin::of(&key),
        };
        let text = link.to_string();
        assert!(text.starts_with("cuadrilla:https://cuadrilla.example:8443#K7QM-2XWD-9RTF."), "{text}");
        assert_eq!(text.parse(), Ok(link));
        // What every implementation must make of this key.
        assert_eq!(KeyPin::of(&PublicKey([0; 32])).to_string(), "FN5SWAVH5JAGA3DT");
        assert_ne!(KeyPin::of(&key), KeyPin::of(&SecretKey::from_seed(&[8; 32]).public()));
    }

    #[test]
    fn what_is_no_link_is_refused() {
        for text in [
            "",
            "https://x#AAAA.0123456789ABCDEF",
            "cuadrilla:https://x",
            "cuadrilla:https://x#AAAA",
            "cuadrilla:https://x#AAAA.0123",
            "cuadrilla:ftp://x#AAAA.0123456789ABCDEF",
            "cuadrilla:https://x#AA AA.0123456789ABCDEF",
        ] {
            assert!(text.parse::<InvitationLink>().is_err(), "{text}");
        }
    }
}
