//! Preview: what a person is shown before a device enrols. Nothing is spent by asking, and the answer is signed by the
//! key that the enrolment will be bound to.

use super::ReplicaError;
use crate::crypto::PublicKey;
use crate::id::{DeviceId, Hash};
use crate::invitation::{InvitedBy, Opening};
use crate::wire::message::{
    Offer, PreviewReply, PreviewRequest, VERSION, frame_preview, open_reply, request_hash,
};

/// A server, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// INEGI key of its municipality.
    pub municipality: u32,
    /// The municipality's name.
    pub name: String,
    /// Its key.
    pub key: PublicKey,
}

impl Host {
    /// Returns the id of its office, which is the hash of its key.
    pub fn office(&self) -> DeviceId {
        self.key.device()
    }
}

/// An invitation with what its server said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previewed {
    /// The server.
    pub host: Host,
    /// What opens the invitation there.
    pub opening: Opening,
    /// What it gives.
    pub offer: Offer,
}

/// A question that was made.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub frame: Vec<u8>,
    opening: Option<Opening>,
}

/// What is known so far of who invites.
#[derive(Debug, Default)]
pub(super) struct Preview {
    host: Option<Host>,
    pub whole: Option<Previewed>,
}

impl Preview {
    /// Returns the next question. The opening of a code depends on the server's key, so that is asked for first.
    pub fn ask(&self, by: &InvitedBy, nonce: [u8; 16]) -> Question {
        let opening = match (by, &self.host) {
            (InvitedBy::Secret(secret), _) => Some(Opening::of_secret(secret)),
            (InvitedBy::Code(code), Some(host)) => Some(Opening::of_code(code, &host.office())),
            (InvitedBy::Code(_), None) => None,
        };
        let lock: Option<Hash> = opening.as_ref().map(Opening::lock);
        Question { frame: frame_preview(&PreviewRequest { version: VERSION, nonce, lock }), opening }
    }

    /// Takes an answer. `office` is whose key must have signed it, where that is known.
    ///
    /// # Errors
    /// `Forged`, if it is signed by another one than that, or than the answer before.
    pub fn hear(
        &mut self,
        question: &Question,
        reply: &[u8],
        office: Option<&DeviceId>,
    ) -> Result<(), ReplicaError> {
        let answer: PreviewReply = open_reply(reply, &request_hash(&question.frame))?
            .verify_self_signed(|reply: &PreviewReply| Some(reply.server_key))?;
        let PreviewReply { municipality, name, server_key: key, offer, .. } = answer;
        let host = Host { municipality, name, key };
        let found = host.office();
        let wanted = office.copied().or_else(|| self.host.as_ref().map(Host::office)).unwrap_or(found);
        if found != wanted {
            let (wanted, found) = (wanted.short(), found.short());
            return Err(ReplicaError::Forged(format!(
                "the invitation is for the server {wanted}, and {found} answers"
            )));
        }
        self.host = Some(host.clone());
        match (question.opening, offer) {
            (None, _) => {}
            (Some(opening), Some(offer)) => self.whole = Some(Previewed { host, opening, offer }),
            (Some(_), None) => return Err(ReplicaError::Forged("it says nothing of the invitation".into())),
        }
        Ok(())
    }
}
