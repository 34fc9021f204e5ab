//! Prepared: work of a device that was packed and signed beforehand, so that sending it costs the load next to
//! nothing. One order is made and worked by the real replica; the others are its copies under other folios.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde_bytes::ByteBuf;
use sync_core::crypto::SecretKey;
use sync_core::id::{BootId, DeviceId, Epoch, Hash, RecordId};
use sync_core::log::chain::sign_head;
use sync_core::log::entry::{Anchor, Body, Entry, Header};
use sync_core::log::line::{Identity, Line, Lines as _, read_line};
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::people::PeopleMark;
use sync_core::record::change::{Change, Op, OpId, Place};
use sync_core::replica::NewOrder;
use sync_core::rows::RowsError;
use sync_core::scope::Scope;
use sync_core::state::local::ContactRow;
use sync_core::wire::message::{
    Segment, SyncReply, SyncRequest, VERSION, open_reply, request_hash, seal_request,
};
use sync_core::wire::pack::{PackBody, PackItem, Refs, pack};

use crate::load::audit::Told;
use crate::load::device::{Device, VISIT_CHANGES, now_ms};
use crate::orders::retarget;

/// What a message may bring back, in bytes.
const AIM_BYTES: u32 = 256 * 1024;

/// A device whose work is prepared.
pub(crate) struct Prepared {
    key: SecretKey,
    identity: Identity,
    contact: ContactRow,
    ticket: Option<String>,
    /// How far it has read each scope.
    cursors: Vec<(Scope, u64)>,
    /// Up to which of its entries it knows all places.
    placed: u64,
    attempt: u64,
    seq: u64,
    head: Hash,
    /// The changes of one order: its creation, then a visit.
    template: Vec<Change>,
    /// Orders made so far: record, folio and the hash of the creation.
    orders: Vec<(RecordId, String, Hash)>,
    authors: BTreeMap<Hash, (DeviceId, u64)>,
    /// Hashes of all entries, by number from 1, and what the server said of each.
    told: Vec<Told>,
    /// How many entries met which verdict.
    verdicts: BTreeMap<String, u64>,
}

/// Work that waits to be sent.
pub(crate) struct Piece {
    segment: Segment,
    /// Entries in it.
    pub(crate) entries: u64,
}

/// What the device knows that the pack need not spell out.
struct Own<'p>(&'p BTreeMap<Hash, (DeviceId, u64)>);

impl Refs for Own<'_> {
    fn record_number(&self, _: &RecordId) -> Result<Option<u64>, RowsError> {
        Ok(None)
    }
    fn record_at(&self, _: u64) -> Result<Option<RecordId>, RowsError> {
        Ok(None)
    }
    fn change_author(&self, _: &RecordId, change: &Hash) -> Result<Option<(DeviceId, u64)>, RowsError> {
        Ok(self.0.get(change).copied())
    }
    fn change_hash(&self, _: &RecordId, _: &DeviceId, _: u64) -> Result<Option<Hash>, RowsError> {
        Ok(None)
    }
}

/// Returns a verdict's name, with the rule and what broke it.
fn name_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Quarantined(Reason::Rule { rule, what }) => format!("{rule}: {what}"),
        Verdict::Quarantined(reason) => reason.code().into(),
        Verdict::Accepted => verdict.code().into(),
    }
}

impl Prepared {
    /// From a device that is enrolled and up to date. It makes an order and visits it; the work is sent with the rest.
    pub(crate) fn new(device: &mut Device) -> anyhow::Result<Self> {
        let identity = device.act(|book| book.identity().cloned())?;
        let contact = device.act(|book| Ok(book.view().contact()?))?;
        let before = device.device.store().end();
        let made = device
            .act(|book| book.order_new(&NewOrder { kind: "leak_repair".into(), ..NewOrder::default() }))?;
        device.work(&made.folio)?;
        let mut template = Vec::new();
        let lines = device.device.store().lines();
        for number in before..lines.end() {
            let Line::Entry { chained, .. } = read_line(&lines, number)? else { continue };
            template.push(Change::read(chained.entry.body.bytes())?);
        }
        ensure!(template.len() as u64 == 1 + VISIT_CHANGES, "an order and its visit are {}", template.len());
        // The template's own entries are not sent: the chain goes on from the enrolment.
        let own = device.own_entries()?;
        let told = own.iter().take_while(|entry| entry.receipt.is_some());
        let told: Vec<Told> = told
            .map(|one| {
                Told::new(identity.device, one.seq, one.hash.unwrap_or_default(), one.receipt.as_ref())
            })
            .collect();
        let head = told.last().context("it was enrolled")?.hash;
        let (seq, key) = (told.len() as u64, device.key());
        Ok(Self {
            key,
            identity,
            contact,
            ticket: device.ticket.clone(),
            cursors: device.cursors()?,
            placed: seq,
            // Far beyond what its enrolment and first download used.
            attempt: 1_000,
            seq,
            head,
            template,
            orders: Vec::new(),
            authors: BTreeMap::new(),
            told,
            verdicts: BTreeMap::new(),
        })
    }

    /// Creations of `count` more orders.
    pub(crate) fn creations(&mut self, count: u64) -> anyhow::Result<Piece> {
        let mut items = Vec::new();
        let creation = self.template[0].clone();
        let prev = self.head;
        for _ in 0..count {
            let number = self.orders.len() as u64 + 1;
            let digest =
                Hash::tagged("cuadrilla/load-record/v1", &[&self.identity.device.0, &number.to_be_bytes()]);
            let record = RecordId(std::array::from_fn(|index| digest.0[index]));
            let folio = format!("{}-26-{}-{number:04}", self.identity.folio_prefix, self.identity.letters);
            let change = retarget(&creation, self.identity.device, &folio, &[]);
            let hash = self.entry(&mut items, record, change)?;
            self.orders.push((record, folio, hash));
        }
        self.piece(items, prev)
    }

    /// A visit to each of the orders in `orders`, by index.
    pub(crate) fn visits(&mut self, orders: std::ops::Range<usize>) -> anyhow::Result<Piece> {
        let mut items = Vec::new();
        let prev = self.head;
        for index in orders {
            let (record, folio, mut before) = self.orders.get(index).cloned().context("an order")?;
            for turn in 1..self.template.len() {
                let change = retarget(&self.template[turn], self.identity.device, &folio, &[before]);
                before = self.entry(&mut items, record, change)?;
            }
        }
        self.piece(items, prev)
    }

    /// Its id.
    pub(crate) fn device(&self) -> DeviceId {
        self.identity.device
    }

    /// One of its orders: the record, the hash of its creation, and the counter of the first operation after it.
    pub(crate) fn order(&self, index: usize) -> anyhow::Result<(RecordId, Hash, u64)> {
        let (record, _, creation) = self.orders.get(index).context("an order")?;
        let first = &self.template[0];
        Ok((*record, *creation, first.start_op + first.ops.len() as u64))
    }

    /// The operation that made the map of an order's fields.
    pub(crate) fn fields(&self) -> anyhow::Result<OpId> {
        let creation = &self.template[0];
        let is_fields = |op: &Op| matches!(&op.place, Place::Prop(name) if name == "fields");
        let at = creation.ops.iter().position(is_fields).context("an order has fields")?;
        Ok(OpId { counter: creation.start_op + at as u64, device: self.identity.device })
    }

    /// A piece of changes of one record, whatever they say, and the hash of the last. `make` is told the hash of the change
    /// before.
    pub(crate) fn gather(
        &mut self,
        record: RecordId,
        numbers: impl Iterator<Item = u64>,
        mut make: impl FnMut(Option<Hash>, u64) -> Change,
    ) -> anyhow::Result<(Piece, Hash)> {
        let (mut items, mut newest) = (Vec::new(), None);
        let prev = self.head;
        for number in numbers {
            newest = Some(self.entry(&mut items, record, make(newest, number))?);
        }
        let newest = newest.context("a piece has changes")?;
        Ok((self.piece(items, prev)?, newest))
    }

    fn entry(
        &mut self,
        items: &mut Vec<(PackItem, Hash)>,
        record: RecordId,
        change: Change,
    ) -> anyhow::Result<Hash> {
        let raw = change.to_raw()?;
        let hash = raw.hash;
        self.seq += 1;
        let ContactRow { anchor, .. } = self.contact;
        let header = Header {
            municipality: self.identity.municipality,
            device: self.identity.device,
            seq: self.seq,
            record,
            person: self.identity.label,
            claimed_at_ms: now_ms(),
            boot: BootId([7; 8]),
            monotonic_ms: self.seq * 1_000,
            anchor,
        };
        let entry = Entry { header, body: Body::Change(raw) };
        self.head = entry.hash(&self.head);
        self.authors.insert(hash, (self.identity.device, self.seq));
        self.told.push(Told { device: self.identity.device, seq: self.seq, hash: self.head, receipt: None });
        let header = entry.header;
        items.push((
            PackItem { header, body: PackBody::Change(change), receipt: None, signature: None },
            hash,
        ));
        Ok(hash)
    }

    fn piece(&self, items: Vec<(PackItem, Hash)>, prev: Hash) -> anyhow::Result<Piece> {
        let (mut items, hashes): (Vec<PackItem>, Vec<Hash>) = items.into_iter().unzip();
        let last = items.last_mut().context("a piece has entries")?;
        last.signature = Some(sign_head(&self.key, &self.identity.device, self.seq, &self.head));
        let packed = pack(&items, &hashes, &Own(&self.authors))?;
        let prev = std::array::from_fn(|index| prev.0[index]);
        let segment = Segment { device: self.identity.device, prev, pack: ByteBuf::from(packed) };
        Ok(Piece { segment, entries: items.len() as u64 })
    }

    /// The request that hands a piece in, with where the device stands now.
    pub(crate) fn request(&mut self, piece: &Piece) -> Vec<u8> {
        self.attempt += 1;
        let contact = &self.contact;
        let request = SyncRequest {
            version: VERSION,
            municipality: self.identity.municipality,
            device: self.identity.device,
            office: self.identity.server_key.device(),
            attempt: self.attempt,
            written: self.seq,
            epoch: contact.epoch,
            cursors: self.cursors.clone(),
            aim_bytes: AIM_BYTES,
            own: Some(piece.segment.clone()),
            carried: Vec::new(),
            clock_ms: now_ms(),
            kept: contact.anchor,
            evidence: String::new(),
            older: Vec::new(),
            placed: self.placed,
            one_by_one: false,
            about: None,
            people: PeopleMark::default(),
            named: Vec::new(),
            blobs: Vec::new(),
        };
        seal_request(&self.key, &request)
    }

    /// Takes the reply: signature, places and verdicts, and where the device stands then.
    pub(crate) fn hear(&mut self, request: &[u8], reply: &[u8]) -> anyhow::Result<()> {
        let reply: SyncReply =
            open_reply(reply, &request_hash(request))?.verify(&self.identity.server_key)?;
        for run in &reply.own {
            for seq in run.first..run.end() {
                let index = usize::try_from(seq)?.checked_sub(1).context("entries count from 1")?;
                let told = self.told.get_mut(index).context("an entry that was sent")?;
                told.receipt = Some((run.receipt(seq).seq, run.verdict.is_accepted()));
                *self.verdicts.entry(name_of(&run.verdict)).or_default() += 1;
                self.placed = self.placed.max(seq);
            }
        }
        let empty = Epoch::default();
        ensure!(self.contact.epoch == empty || self.contact.epoch == reply.epoch, "the epoch changed");
        self.contact.epoch = reply.epoch;
        self.contact.anchor =
            sync_core::log::checkpoint::verify(&reply.checkpoint, &self.identity.log_verifier)
                .map_err(anyhow::Error::msg)?;
        let cursors = reply.scopes.into_iter().map(|scope| (scope, reply.cursor));
        self.cursors = cursors.collect();
        self.ticket = Some(reply.ticket);
        Ok(())
    }

    /// Takes how many entries met which verdict since this was asked last.
    pub(crate) fn take_verdicts(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.verdicts)
    }

    /// The ticket of its newest reply.
    pub(crate) fn ticket(&self) -> Option<&str> {
        self.ticket.as_deref()
    }

    /// The newest checkpoint it keeps.
    pub(crate) fn anchor(&self) -> Anchor {
        self.contact.anchor
    }

    /// All its entries, and what it was told of them.
    pub(crate) fn into_told(self) -> Vec<Told> {
        self.told
    }
}
