//! Enrolment: the device's first entry, and the identity that the server answers with.

use super::preview::Host;
use super::{KeyName, Replica, ReplicaError, Signed, Unsigned};
use crate::crypto::{KeySalt, PublicKey, Purpose};
use crate::id::{Hash, RecordId};
use crate::invitation::Opening;
use crate::limits::DEVICE_NAME_BYTES_MAX;
use crate::log::act::{Act, Role};
use crate::log::chain::head_bytes;
use crate::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
use crate::log::line::{DeviceLine, Enrolled, Enrolling, Identity, Line};
use crate::wire::message::{
    EnrolReply, EnrolRequest, Segment, VERSION, close_request, frame_request, open_reply, request_hash,
};
use crate::wire::pack::{PackBody, PackItem, pack};
use serde_bytes::ByteBuf;

/// The entry by which a device enrols, which its new key has to vouch for.
#[derive(Debug, Clone)]
pub struct Enrolment {
    chained: ChainedEntry,
    key: KeyName,
}

/// An enrolment's request that is whole but for its signature.
#[derive(Debug, Clone)]
pub struct EnrolDraft(Vec<u8>);

impl Signed<Enrolment> {
    /// Returns the request with that entry.
    pub fn into_draft(self) -> Result<Unsigned<EnrolDraft>, ReplicaError> {
        let Enrolment { chained, key } = self.content;
        let device = chained.entry.header.device;
        let item = PackItem {
            header: chained.entry.header,
            body: PackBody::Act(chained.entry.body.bytes().to_vec()),
            receipt: None,
            signature: Some(self.signature),
        };
        let pack = pack(&[item], &[Hash::ZERO], &crate::wire::convert::NoRefs)?;
        let own = Segment { device, prev: [0; 8], pack: ByteBuf::from(pack) };
        let frame = frame_request(&EnrolRequest { version: VERSION, own });
        Ok(Unsigned::new(key, Purpose::Request, frame.clone(), EnrolDraft(frame)))
    }
}

impl Signed<EnrolDraft> {
    /// Returns the frame to send.
    pub fn into_frame(self) -> Vec<u8> {
        close_request(self.content.0, &self.signature)
    }
}

impl Replica<'_> {
    /// Writes that an enrolment is under way, or finds the one whose answer got lost. What was written must be durable
    /// before the request of [`Replica::enrolment`] is sent.
    ///
    /// `host` is the server as it said itself: the enrolment counts there and nowhere else.
    pub fn enrol_start(
        &mut self,
        url: &str,
        host: &Host,
        opening: Opening,
        name: &str,
    ) -> Result<(), ReplicaError> {
        if let Some(identity) = &self.identity {
            return Err(ReplicaError::AlreadyEnrolled(identity.name.clone()));
        }
        let found = name.len();
        if name.trim().is_empty() || found > DEVICE_NAME_BYTES_MAX {
            return Err(ReplicaError::Length { what: "the name", found, max: DEVICE_NAME_BYTES_MAX });
        }
        // The same words are the same attempt: the server knows it again by its key. Other words get another key, because
        // the first may be enrolled although its answer got lost.
        let salt = self.enrolling.is_some().then(|| KeySalt(self.draw()));
        let enrolling = Enrolling {
            url: url.into(),
            municipality: host.municipality,
            office: host.office(),
            opening: Some(opening),
            salt,
            name: name.into(),
            label: self.name_person(name),
            started_at_ms: self.moment.now_ms,
            continues: None,
        };
        let words = |one: &Enrolling| (one.url.clone(), one.office, one.opening, one.name.clone());
        let is_repeat = self.enrolling.as_ref().is_some_and(|before| words(before) == words(&enrolling));
        if !is_repeat {
            self.enrolling = Some(enrolling.clone());
            self.push_device_line(DeviceLine::Enrolling(enrolling))?;
        }
        Ok(())
    }

    /// Returns which key the enrolment under way is for.
    pub fn enrolling_key(&self) -> Result<KeyName, ReplicaError> {
        let enrolling = self.enrolling.as_ref().ok_or(ReplicaError::NotEnrolled)?;
        let continues = enrolling.continues.as_ref();
        let is_renewed = continues.is_some_and(|continues| continues.retires);
        Ok(KeyName { is_renewed, salts: self.salts_with(continues, enrolling.salt) })
    }

    /// Returns the entry of the enrolment under way, by the public half of [`Replica::enrolling_key`].
    pub fn enrolment(&self, key: &PublicKey) -> Result<Unsigned<Enrolment>, ReplicaError> {
        let (chained, name) = (self.enrolment_entry(key)?, self.enrolling_key()?);
        let head = chained.hash().unwrap_or_default();
        let bytes = head_bytes(&chained.entry.header.device, 1, &head);
        Ok(Unsigned::new(name.clone(), Purpose::Segment, bytes, Enrolment { chained, key: name }))
    }

    fn enrolment_entry(&self, key: &PublicKey) -> Result<ChainedEntry, ReplicaError> {
        let enrolling = self.enrolling.as_ref().ok_or(ReplicaError::NotEnrolled)?;
        let act = Act::Enrol {
            office: enrolling.office,
            opening: enrolling.opening,
            key: *key,
            name: enrolling.name.clone(),
            continues: enrolling.continues.clone(),
        };
        let header = Header {
            municipality: enrolling.municipality,
            device: key.device(),
            seq: 1,
            record: RecordId::ZERO,
            person: enrolling.label,
            claimed_at_ms: enrolling.started_at_ms,
            boot: crate::id::BootId::ZERO,
            monotonic_ms: 0,
            anchor: Anchor::default(),
        };
        let entry = Entry { header, body: Body::Act(act.to_bytes()) };
        Ok(ChainedEntry { entry, prev: Some(Hash::ZERO), signature: None })
    }

    /// Takes the server's answer: from here on the device is enrolled, and this server's key is the one it trusts.
    pub fn enrol_finish(
        &mut self,
        key: &PublicKey,
        request: &[u8],
        reply: &[u8],
    ) -> Result<Identity, ReplicaError> {
        let enrolling = self.enrolling.clone().ok_or(ReplicaError::NotEnrolled)?;
        let unverified = open_reply(reply, &request_hash(request))?;
        let answer: EnrolReply =
            unverified.verify_self_signed(|reply: &EnrolReply| Some(reply.server_key))?;
        if answer.server_key.device() != enrolling.office || answer.municipality != enrolling.municipality {
            return Err(ReplicaError::Forged("another server answered this enrolment".into()));
        }
        let role = Role::from_key(&answer.role).ok_or_else(|| {
            ReplicaError::Forged(format!("it gives a role {:?} that does not exist", answer.role))
        })?;
        let identity = Identity {
            device: key.device(),
            url: enrolling.url,
            municipality: answer.municipality,
            municipality_name: answer.name,
            folio_prefix: answer.folio_prefix,
            utc_offset: answer.utc_offset_min,
            letters: answer.letters,
            name: enrolling.name,
            label: enrolling.label,
            role,
            crew: answer.crew,
            localities: answer.localities,
            server_key: answer.server_key,
            log_verifier: answer.log_verifier,
            salts: self.salts_with(enrolling.continues.as_ref(), enrolling.salt),
            names_before: self.names_so_far(),
        };
        let chained = self.enrolment_entry(key)?;
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
