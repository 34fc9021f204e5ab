//! Enrolment: the device's first entry, and the identity that the server answers with.

use super::{Replica, ReplicaError};
use crate::crypto::SecretKey;
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::DEVICE_NAME_BYTES_MAX;
use crate::link::KeyPin;
use crate::log::act::{Act, Role};
use crate::log::chain::sign_head;
use crate::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use crate::log::line::{DeviceLine, Enrolled, Enrolling, Identity, Line};
use crate::wire::message::{
    EnrolReply, EnrolRequest, Segment, VERSION, open_reply, request_hash, seal_request,
};
use crate::wire::pack::{PackBody, PackItem, pack};
use serde_bytes::ByteBuf;

impl Replica<'_> {
    /// Starts an enrolment, or repeats one whose answer got lost. Answers the request; keep what was written first.
    ///
    /// `municipality` is not known yet, so the entry names 0 and the server's ledger says which it is.
    pub fn enrol_start(
        &mut self,
        url: &str,
        code: &str,
        name: &str,
        key: &SecretKey,
    ) -> Result<Vec<u8>, ReplicaError> {
        if let Some(identity) = &self.identity {
            return Err(ReplicaError::AlreadyEnrolled(identity.name.clone()));
        }
        let found = name.len();
        if name.trim().is_empty() || found > DEVICE_NAME_BYTES_MAX {
            return Err(ReplicaError::Length { what: "the name", found, max: DEVICE_NAME_BYTES_MAX });
        }
        let enrolling = Enrolling {
            url: url.into(),
            code: code.into(),
            device: DeviceId(self.draw()),
            name: name.into(),
            started_at_ms: self.moment.now_ms,
            continues: None,
        };
        // The same words are the same attempt: the server knows it again by its device id.
        let is_repeat =
            self.enrolling.as_ref().is_some_and(|e| e.url == url && e.code == code && e.name == name);
        if !is_repeat {
            self.enrolling = Some(enrolling.clone());
            self.push_device_line(DeviceLine::Enrolling(enrolling))?;
        }
        self.enrol_frame(key)
    }

    /// The request of the enrolment under way.
    pub(super) fn enrol_frame(&self, key: &SecretKey) -> Result<Vec<u8>, ReplicaError> {
        let chained = self.enrolment(key)?;
        let signature = chained.hash().map(|hash| sign_head(key, &chained.entry.header.device, 1, &hash));
        let device = chained.entry.header.device;
        let item = PackItem {
            header: chained.entry.header,
            body: PackBody::Act(chained.entry.body.bytes().to_vec()),
            receipt: None,
            signature,
        };
        let pack = pack(&[item], &[Hash::ZERO], &crate::wire::convert::NoRefs)?;
        let own = Segment { device, prev: [0; 8], pack: ByteBuf::from(pack) };
        Ok(seal_request(key, &EnrolRequest { version: VERSION, own }))
    }

    fn enrolment(&self, key: &SecretKey) -> Result<ChainedEntry, ReplicaError> {
        let enrolling = self.enrolling.as_ref().ok_or(ReplicaError::NotEnrolled)?;
        let act = Act::Enrol {
            code: enrolling.code.clone(),
            key: key.public(),
            name: enrolling.name.clone(),
            continues: enrolling.continues.clone(),
        };
        let header = Header {
            municipality: 0,
            device: enrolling.device,
            seq: 1,
            record: RecordId::ZERO,
            person: enrolling.name.clone(),
            claimed_at_ms: enrolling.started_at_ms,
            boot: crate::id::BootId::ZERO,
            monotonic_ms: 0,
            anchor: Anchor::default(),
        };
        let entry = Entry { header, body: Body::Act(act.to_bytes()) };
        Ok(ChainedEntry { entry, prev: Some(Hash::ZERO), signature: None })
    }

    /// Whether the answer to an enrolment is signed by the key that the invitation named.
    ///
    /// # Errors
    /// `Forged`, if it is signed by another; as a reply that is none.
    pub fn check_pin(request: &[u8], reply: &[u8], pin: &KeyPin) -> Result<(), ReplicaError> {
        let answer: EnrolReply = open_reply(reply, &request_hash(request))?
            .verify_self_signed(|reply: &EnrolReply| Some(reply.server_key))?;
        let found = KeyPin::of(&answer.server_key);
        if found == *pin {
            return Ok(());
        }
        Err(ReplicaError::Forged(format!("the invitation names the key {pin}, the answer has {found}")))
    }

    /// Takes the server's answer: from here on the device is somebody, and this server's key is the one it trusts.
    pub fn enrol_finish(
        &mut self,
        key: &SecretKey,
        request: &[u8],
        reply: &[u8],
    ) -> Result<Identity, ReplicaError> {
        let enrolling = self.enrolling.clone().ok_or(ReplicaError::NotEnrolled)?;
        let unverified = open_reply(reply, &request_hash(request))?;
        let answer: EnrolReply =
            unverified.verify_self_signed(|reply: &EnrolReply| Some(reply.server_key))?;
        let role = Role::from_key(&answer.role).ok_or_else(|| {
            ReplicaError::Forged(format!("it gives a role {:?} that does not exist", answer.role))
        })?;
        let identity = Identity {
            device: enrolling.device,
            url: enrolling.url,
            municipality: answer.municipality,
            municipality_name: answer.name,
            folio_prefix: answer.folio_prefix,
            letters: answer.letters,
            name: enrolling.name,
            role,
            crew: answer.crew,
            localities: answer.localities,
            server_key: answer.server_key,
            log_verifier: answer.log_verifier,
            successions: self.names_with(enrolling.continues.as_ref(), enrolling.device),
            names_before: self.names_so_far(),
        };
        let chained = self.enrolment(key)?;
        self.push_device_line(DeviceLine::Enrolled(Enrolled {
            identity: identity.clone(),
            epoch: answer.epoch,
            at_ms: self.moment.now_ms,
            server_at_ms: answer.server_at_ms,
        }))?;
        self.push(&Line::Entry { receipt: None, chained })?;
        Ok(identity)
    }
}
