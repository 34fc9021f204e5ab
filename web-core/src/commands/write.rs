//! Write: the commands that write.

use serde_json::{Value, json};
use sync_core::log::act::Erasure;
use sync_core::replica::evidence::{NewPhoto, PhotoPlace};
use sync_core::replica::{Choice, Instead, NewOrder, Replica};
use words::say;

use super::asked::{Command, New, Photo};
use crate::trouble::Trouble;

/// Does what writes; the caller makes it durable.
pub(super) fn wrote(replica: &mut Replica<'_>, command: Command) -> Result<Value, Trouble> {
    Ok(match command {
        Command::OrderNew(new) => {
            let made = replica.order_new(&new_order(*new)?)?;
            json!({ "folio": made.folio, "id": made.id })
        }
        Command::OrderStep { folio, step, reason } => {
            let status = replica.step(&folio, &step, reason.as_deref())?;
            json!({ "folio": folio, "status": status })
        }
        Command::OrderSet { folio, field, value } => {
            replica.set(&folio, &field, &value)?;
            json!({ "folio": folio })
        }
        Command::OrderMeasure { folio, what, value, unit, r#where, instrument } => {
            let flag =
                replica.measure(&folio, &what, &value, &unit, r#where.as_deref(), instrument.as_deref())?;
            let item = newest(&replica.view().order_show(&folio)?.measurements);
            json!({ "folio": folio, "flag": flag, "item": item })
        }
        Command::OrderNote { folio, text } => {
            replica.note(&folio, &text)?;
            let item = newest(&replica.view().order_show(&folio)?.notes);
            json!({ "folio": folio, "item": item })
        }
        Command::OrderMaterial { folio, what, quantity, unit } => {
            replica.use_material(&folio, &what, &quantity, &unit)?;
            let item = newest(&replica.view().order_show(&folio)?.materials);
            json!({ "folio": folio, "item": item })
        }
        Command::OrderCheck { folio, item, done } => {
            replica.check(&folio, &item, done)?;
            json!({ "folio": folio })
        }
        Command::OrderCorrect { folio, item, value, unit, reason } => {
            let instead = value.map_or(Instead::Nothing, |value| Instead::Value { value, unit });
            let corrected = replica.correct(&folio, &item, &instead, &reason)?;
            json!({ "folio": folio, "id": corrected.id.to_string(), "flag": corrected.flag })
        }
        Command::OrderPhoto(photo) => {
            replica.add_photo(&photo.folio, &new_photo(&photo)?)?;
            json!({ "folio": photo.folio, "sha256": photo.sha256, "bytes": photo.bytes,
                "thumb_sha256": photo.thumb_sha256, "original_sha256": null })
        }
        Command::ConflictResolve { folio, field, take, value, reason } => {
            let choice = match (take, value) {
                (_, Some(value)) => Choice::Value(value),
                (Some(number), None) => Choice::Take(number),
                (None, None) => {
                    let (message, hint) = (say!("conflict-no-choice"), say!("conflict-no-choice-hint"));
                    return Err(Trouble::new("usage", message, hint));
                }
            };
            replica.resolve(&folio, &field, &choice, &reason)?;
            json!({ "folio": folio, "field": field })
        }
        Command::BlobErase { folio, item, reason } => {
            let known = Erasure::ALL.into_iter().find(|one| one.key() == reason);
            let reason = known.ok_or_else(|| Trouble::bad_call("reason"))?;
            let gone = replica.erase_photo(&folio, &item, reason)?;
            json!({ "folio": folio, "erased": gone.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }
        other => return Err(Trouble::bad_call(&format!("{other:?} writes nothing"))),
    })
}

/// Returns what was added last to a list: what an undo takes back.
fn newest(items: &[Value]) -> Value {
    items.last().map_or(Value::Null, |item| item["id"].clone())
}

fn new_order(new: New) -> Result<NewOrder, Trouble> {
    let New { kind, locality, asset, crew, title, description, fields, due, priority, plan, id } = new;
    let id = id.map(|id| id.parse()).transpose().map_err(|_| Trouble::bad_call("id"))?;
    Ok(NewOrder { kind, locality, asset, crew, title, description, fields, due, priority, plan, id })
}

fn new_photo(photo: &Photo) -> Result<NewPhoto, Trouble> {
    let hash = |text: &str| text.parse().map_err(|_| Trouble::bad_call("sha256"));
    let thumb = match (&photo.thumb_sha256, photo.thumb_bytes) {
        (Some(sha256), Some(bytes)) => Some((hash(sha256)?, bytes)),
        _ => None,
    };
    let place = photo.lat.clone().zip(photo.lng.clone()).map(|(lat, lng)| PhotoPlace {
        lat,
        lng,
        accuracy_m: photo.accuracy_m,
        heading: None,
    });
    Ok(NewPhoto {
        what: photo.what.clone(),
        sha256: hash(&photo.sha256)?,
        bytes: photo.bytes,
        media_type: photo.media_type.clone(),
        size: (photo.width, photo.height),
        thumb,
        original: None,
        taken_at_ms: photo.taken_at_ms,
        place,
        caption: photo.caption.clone(),
        post: photo.post.clone(),
    })
}
