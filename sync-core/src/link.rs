//! Link: an invitation as one line of text, for a QR code or a message: the server's address, and in its fragment, which
//! no browser sends anywhere, the secret and the id of the server's key. So a new device need not trust the first server
//! that answers.
//!
//! `https://cuadrilla.example/#enrol=` and 43 characters.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::id::DeviceId;
use crate::invitation::LinkSecret;

/// What stands between a link's address and its secret.
pub const FRAGMENT: &str = "/#enrol=";
/// Longest link, in bytes: a QR code of it is read from a small, scratched screen.
pub const LINK_BYTES_MAX: usize = 120;

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationLink {
    /// The server's address, without a slash at its end.
    pub url: String,
    /// What opens it.
    pub secret: LinkSecret,
    /// The office's id, which is the hash of the server's key: who answers must have it.
    pub office: DeviceId,
}

/// The text is no invitation link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It has another form.
    #[error("not an invitation link: it has the form https://ADDRESS/#enrol=SECRET")]
    Form,
    /// Longer than a link may be.
    #[error("an invitation link has at most {LINK_BYTES_MAX} characters: the server's address is too long")]
    TooLong,
    /// Everybody on the way could read it.
    #[error("an invitation link begins with https://; http:// is for this machine alone")]
    Plain,
}

impl InvitationLink {
    /// Returns the link's text.
    ///
    /// # Errors
    /// `TooLong`, or `Plain` for an address that everybody on the way could read.
    pub fn to_text(&self) -> Result<String, LinkError> {
        let text = self.to_string();
        if text.len() > LINK_BYTES_MAX {
            return Err(LinkError::TooLong);
        }
        if is_private(&self.url) { Ok(text) } else { Err(LinkError::Plain) }
    }
}

impl fmt::Display for InvitationLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.secret.0, self.office.0].concat();
        write!(f, "{}{FRAGMENT}{}", self.url, URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for InvitationLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.len() > LINK_BYTES_MAX {
            return Err(if text.contains(FRAGMENT) { LinkError::TooLong } else { LinkError::Form });
        }
        let (url, secret) = text.split_once(FRAGMENT).ok_or(LinkError::Form)?;
        let bytes = URL_SAFE_NO_PAD.decode(secret).map_err(|_| LinkError::Form)?;
        let (secret, office) = bytes.split_first_chunk::<16>().ok_or(LinkError::Form)?;
        let office = office.try_into().map_err(|_| LinkError::Form)?;
        if !url.contains("://") {
            return Err(LinkError::Form);
        }
        if !is_private(url) {
            return Err(LinkError::Plain);
        }
        Ok(Self { url: url.into(), secret: LinkSecret(*secret), office: DeviceId(office) })
    }
}

/// Returns whether nobody on the way can read what goes to an address: it is `https`, or `http` to this machine itself.
pub fn is_private(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("https") {
        return !authority.is_empty();
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let parts: Vec<Option<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    let is_this_machine = host.eq_ignore_ascii_case("localhost")
        || host == "::1"
        || matches!(parts.as_slice(), [Some(127), Some(_), Some(_), Some(_)]);
    scheme.eq_ignore_ascii_case("http") && is_this_machine
}

#[cfg(test)]
mod tests {
    use super::{InvitationLink, LinkError, is_private};
    use crate::id::DeviceId;
    use crate::invitation::LinkSecret;

    fn link(url: &str) -> InvitationLink {
        InvitationLink { url: url.into(), secret: LinkSecret([0xF7; 16]), office: DeviceId([7; 16]) }
    }

    #[test]
    fn a_link_says_the_same_when_read_back_and_fits_a_small_picture() {
        for url in ["https://cuadrilla.mezquitic.gob.mx", "https://x:8443", "http://127.0.0.1:8061"] {
            let text = link(url).to_text().unwrap();
            assert!(text.starts_with(&format!("{url}/#enrol=")) && text.len() <= 120, "{text}");
            assert_eq!(text.parse(), Ok(link(url)));
        }
        assert_eq!(link(&format!("https://{}", "x".repeat(80))).to_text(), Err(LinkError::TooLong));
        assert_eq!(link("http://10.0.0.7:8061").to_text(), Err(LinkError::Plain));
    }

    #[test]
    fn what_is_no_link_is_refused() {
        let good = link("https://x").to_string();
        let plain = good.replace("https", "http");
        for text in
            ["", "https://x", "https://x/#enrol=AAAA", &good[..good.len() - 1], &format!("{good}A"), &plain]
        {
            assert!(text.parse::<InvitationLink>().is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for url in [
            "https://x",
            "HTTPS://x/",
            "http://127.0.0.1:80",
            "http://127.3.2.1",
            "Http://localhost",
            "http://[::1]:8061/",
        ] {
            assert!(is_private(url), "{url}");
        }
        for url in [
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "ftp://127.0.0.1",
            "https://",
            "x",
            "http://[::2]",
        ] {
            assert!(!is_private(url), "{url}");
        }
    }
}
