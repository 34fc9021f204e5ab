//! List: what is held back, and a fingerprint of it, so that who sees everything can tell whether it lists the same.

use super::QuarantineRow;
use crate::id::{DeviceId, Fingerprint, Hash};
use crate::keys;
use crate::rows::{Overlay, Rows, RowsError, read};

/// What one listed entry adds to a fingerprint.
pub fn mark(seq: u64, row: &QuarantineRow) -> Hash {
    let parts: [&[u8]; 3] = [&seq.to_be_bytes(), &row.device.0, &row.device_seq.to_be_bytes()];
    Hash::tagged("cuadrilla/held/v1", &parts)
}

/// Lists an entry under its ledger number, in place of what may stand there.
pub fn list(overlay: &mut Overlay<'_>, seq: u64, row: &QuarantineRow) -> Result<(), RowsError> {
    unlist(overlay, seq)?;
    overlay.write(keys::quarantined(seq), row);
    toggle(overlay, seq, row)
}

/// Takes what stands under that number off the list; answers it.
pub fn unlist(overlay: &mut Overlay<'_>, seq: u64) -> Result<Option<QuarantineRow>, RowsError> {
    let Some(row) = read::<QuarantineRow>(overlay, &keys::quarantined(seq))? else { return Ok(None) };
    overlay.delete(keys::quarantined(seq));
    toggle(overlay, seq, &row)?;
    Ok(Some(row))
}

fn toggle(overlay: &mut Overlay<'_>, seq: u64, row: &QuarantineRow) -> Result<(), RowsError> {
    let mark = mark(seq, row);
    for key in [keys::fact("held"), keys::held_of(&row.device)] {
        let mut fingerprint: Fingerprint = read(overlay, &key)?.unwrap_or_default();
        fingerprint.toggle(&mark);
        if fingerprint == Fingerprint::default() {
            overlay.delete(key);
        } else {
            overlay.write(key, &fingerprint);
        }
    }
    Ok(())
}

/// The fingerprint of all that is held back of others than `device`, which knows its own entries better.
pub fn held_of_others(rows: &dyn Rows, device: &DeviceId) -> Result<Fingerprint, RowsError> {
    let all: Fingerprint = read(rows, &keys::fact("held"))?.unwrap_or_default();
    let own: Fingerprint = read(rows, &keys::held_of(device))?.unwrap_or_default();
    Ok(Fingerprint(std::array::from_fn(|index| all.0[index] ^ own.0[index])))
}
