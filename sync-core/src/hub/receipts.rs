//! Receipts: the server's signed word to an author whose entries another device brought.

use serde_bytes::ByteBuf;

use super::{Admitted, Hub, HubError};
use crate::crypto::Purpose;
use crate::id::{DeviceId, Epoch, Hash};
use crate::log::line::{CarriedAck, OwnRun};
use crate::rows::{Rows, read};
use crate::state::authority::DeviceRow;
use crate::state::keyspace;
use crate::time::TimeMs;
use crate::wire::message::CarriedResult;

impl Hub {
    pub(super) fn carried_results(
        &self,
        rows: &dyn Rows,
        epoch: Epoch,
        now_ms: TimeMs,
        admitted: &Admitted,
    ) -> Result<Vec<CarriedResult>, HubError> {
        let mut results = Vec::new();
        for (device, outcome) in &admitted.carried {
            let author: Option<DeviceRow> = read(rows, &keyspace::device(device))?;
            let (head_seq, head) = author.map_or((0, Hash::ZERO), |row| (row.head_seq, row.head));
            let (receipt, refused) = match outcome {
                Ok(outcome) => (self.carried_receipt(device, epoch, (head_seq, head), now_ms, outcome), None),
                Err(code) => (Vec::new(), Some(code.clone())),
            };
            results.push(CarriedResult {
                device: *device,
                head_seq,
                receipt: ByteBuf::from(receipt),
                refused,
            });
        }
        Ok(results)
    }

    fn carried_receipt(
        &self,
        device: &DeviceId,
        epoch: Epoch,
        (head_seq, head): (u64, Hash),
        now_ms: TimeMs,
        outcome: &[OwnRun],
    ) -> Vec<u8> {
        let ack = CarriedAck {
            device: *device,
            epoch,
            head_seq,
            runs: outcome.to_vec(),
            server_at_ms: now_ms,
            head: head.first_bytes(),
        };
        let mut bytes = rmp_serde::to_vec(&ack).expect("a receipt always has a MessagePack form");
        let signature = self.key.sign(Purpose::Receipt, &[&bytes]);
        bytes.extend_from_slice(&signature.bytes);
        bytes
    }
}
