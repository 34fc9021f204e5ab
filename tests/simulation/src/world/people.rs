//! People: what they do with their phones, as the production commands let them.

use std::collections::BTreeSet;

use serde_json::Value;
use sync_core::log::act::{Fate, Role};
use sync_core::replica::NewInvitation;
use sync_core::replica::{Choice, Instead, NewOrder, Replica, ReplicaError};
use sync_core::view::lists::Filter;
use sync_core::view::order::OrderView;

use super::World;
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::phone::Hindered;
use crate::plan::{Deed, Event};
use crate::rules::{CREWS, KINDS, LOCALITIES};

const MEASURES: [(&str, &str); 3] = [("free_chlorine", "mg/L"), ("flow", "L/s"), ("ph", "pH")];
const STEPS: [&str; 6] = ["start", "pause", "finish", "cancel", "reopen", "approve"];
const BUNDLE_MAGIC_BYTES: usize = 8;
const HASH_BYTES: usize = 32;

/// For the chance of corrections alone.
const CORRECTS: u64 = 97;

/// An order of this phone, if it has any.
fn some_order(replica: &Replica<'_>, dice: &mut Dice) -> Result<String, ReplicaError> {
    let orders = replica.view().order_list(&Filter::default())?;
    // People work on what is new more often than on what is old.
    let from = if dice.one_in(2) { orders.len().saturating_sub(6) } else { 0 };
    let order = dice.pick(&orders[from..]).map(|order| order.folio.clone());
    order.ok_or_else(|| ReplicaError::Unknown { what: "order", word: "any".into(), known: Vec::new() })
}

fn one<'t>(dice: &mut Dice, among: &[&'t str]) -> &'t str {
    dice.pick(among).copied().unwrap_or("")
}

/// What a person does to an order. Answers it in words.
fn work(
    replica: &mut Replica<'_>,
    deed: Deed,
    (token, salt): (&str, u64),
    dice: &mut Dice,
    slips: &mut Slips,
) -> Result<String, ReplicaError> {
    if deed == Deed::Create {
        let crew = dice.one_in(2).then(|| one(dice, &CREWS).to_owned());
        let locality = dice.one_in(2).then(|| one(dice, &LOCALITIES).to_owned());
        let kind = one(dice, &KINDS).to_owned();
        let title = Some(format!("trabajo {token}"));
        let new = NewOrder { kind, crew, locality, title, ..NewOrder::default() };
        return Ok(format!("makes {}", replica.order_new(&new)?.folio));
    }
    let folio = some_order(replica, dice)?;
    let what = match deed {
        Deed::Note => {
            replica.note(&folio, &format!("nota {token}"))?;
            format!("notes {token}")
        }
        Deed::Measure => {
            let (what, unit) = MEASURES[dice.index(3)];
            replica.measure(&folio, what, &format!("{}.5", dice.below(6)), unit, None, None)?;
            format!("reads {what}")
        }
        Deed::Set => {
            let field = one(dice, &["new_pump_serial", "old_pump_serial", "tank", "dose", "remark"]);
            let value = dice.below(4).to_string();
            replica.set(&folio, field, &value)?;
            format!("sets {field} to {value}")
        }
        // Chance of its own: corrections came later than the stories that once broke something.
        Deed::Material if Dice::of(&[salt, CORRECTS]).one_in(3) => {
            correct(replica, &folio, &mut Dice::of(&[salt, CORRECTS, 1]), slips)?
        }
        Deed::Material => {
            replica.use_material(&folio, "TUB-2", &dice.between(1, 9).to_string(), "m")?;
            "uses material".to_owned()
        }
        Deed::Step => {
            let step = one(dice, &STEPS);
            replica.step(&folio, step, None)?;
            format!("step {step}")
        }
        Deed::Check => {
            let point = one(dice, &["power_locked_out", "water_in_source", "ppe_worn", "lid_closed"]);
            replica.check(&folio, point, dice.one_in(2))?;
            format!("ticks {point}")
        }
        Deed::Assign => {
            let crew = one(dice, &CREWS);
            replica.assign(&folio, crew)?;
            format!("assigns to {crew}")
        }
        _ => resolve(replica, &folio, dice)?,
    };
    Ok(format!("{folio}: {what}"))
}

/// What is seen of the corrections that a person makes.
#[derive(Default)]
struct Slips {
    bug: Option<Bug>,
    /// What is wrong with one.
    wrong: Option<String>,
}

/// The lists whose elements people correct.
fn corrected_lists(order: &OrderView) -> [(&'static str, &Vec<Value>); 3] {
    [("measurements", &order.measurements), ("materials", &order.materials), ("notes", &order.notes)]
}

/// Corrects something of an order, or voids it. Looks whether it is that which counts otherwise then, and nothing else.
fn correct(
    replica: &mut Replica<'_>,
    folio: &str,
    dice: &mut Dice,
    slips: &mut Slips,
) -> Result<String, ReplicaError> {
    let order = replica.view().order_show(folio)?;
    let all: Vec<(&str, String)> = corrected_lists(&order)
        .into_iter()
        .flat_map(|(list, items)| items.iter().map(move |item| (list, item)))
        .filter_map(|(list, item)| Some((list, item["id"].as_str()?.to_owned())))
        .collect();
    let Some((list, item)) = dice.pick(&all).cloned() else { return Ok("has nothing to correct".into()) };
    let instead = match dice.below(4) {
        0 => Instead::Nothing,
        _ => Instead::Value { value: dice.between(1, 9).to_string(), unit: None },
    };
    match (slips.bug, &instead) {
        (Some(Bug::CorrectionByPosition), _) => {
            let other = at_its_place(&order, list, &item);
            replica.correct(folio, &other, &instead, "faltó el punto")?;
        }
        (Some(Bug::CorrectionAdds), Instead::Value { value, .. }) if list == "measurements" => {
            let first = order.measurements.iter().find(|one| one["id"] == item.as_str());
            let text = |key: &str| first.and_then(|one| one[key].as_str()).unwrap_or_default().to_owned();
            replica.measure(folio, &text("what"), value, &text("unit"), None, None)?;
        }
        _ => drop(replica.correct(folio, &item, &instead, "faltó el punto")?),
    }
    let after = replica.view().order_show(folio)?;
    slips.wrong = is_meant(&order, &after, list, &item).err();
    Ok(format!("corrects {item}: {instead:?}"))
}

/// Returns the element at the place of another one, by who counts them in the order in which they were numbered.
fn at_its_place(order: &OrderView, list: &str, item: &str) -> String {
    let items = corrected_lists(order).into_iter().find(|(other, _)| *other == list);
    let ids: Vec<&str> =
        items.iter().flat_map(|(_, items)| items.iter()).filter_map(|one| one["id"].as_str()).collect();
    let number = |id: &str| id.split('@').next().and_then(|number| number.parse::<u64>().ok());
    let mut numbered = ids.clone();
    numbered.sort_by_key(|id| (number(id), *id));
    let place = ids.iter().position(|id| *id == item).unwrap_or(0);
    numbered.get(place).copied().unwrap_or(item).to_owned()
}

/// Checks that of all elements the one that was meant alone counts otherwise, and none came.
fn is_meant(before: &OrderView, after: &OrderView, list: &str, item: &str) -> Result<(), String> {
    let ids = |order: &OrderView| -> BTreeSet<(&str, String)> {
        let items = corrected_lists(order).into_iter();
        let named =
            items.flat_map(|(list, items)| items.iter().map(move |one| (list, one["id"].to_string())));
        named.collect()
    };
    let (was, is) = (ids(before), ids(after));
    if let Some((list, id)) = is.difference(&was).next() {
        return Err(format!("a correction of {item} in {list} made {id} count as well"));
    }
    let items = corrected_lists(after).into_iter().find(|(other, _)| *other == list);
    let mut items = items.into_iter().flat_map(|(_, items)| items.iter());
    let is_corrected = items.any(|one| one["id"] == item && one.get("corrected").is_some());
    let is_voided = after.voided.iter().any(|one| one["id"] == item);
    if is_corrected || is_voided {
        Ok(())
    } else {
        Err(format!("{item} of {list} counts as before its correction"))
    }
}

/// Resolves some conflict; of the given order if there is no other.
fn resolve(replica: &mut Replica<'_>, folio: &str, dice: &mut Dice) -> Result<String, ReplicaError> {
    let conflicts = replica.view().conflicts()?;
    let (folio, field, count) = match dice.pick(&conflicts) {
        Some(one) => (one.folio.clone(), one.conflict.field.clone(), one.conflict.values.len()),
        None => (folio.to_owned(), "new_pump_serial".to_owned(), 1),
    };
    let choice = Choice::Take(dice.index(count) + 1);
    replica.resolve(&folio, &field, &choice, "así lo dice la placa")?;
    Ok(format!("resolves {field} of {folio}"))
}

impl World {
    /// Does what the list says. Answers it in words.
    pub(crate) fn perform(&mut self, event: &Event, dice: &mut Dice) -> Result<String, Broken> {
        if !event.deed.is_of_phone() {
            return self.perform_apart(event, dice);
        }
        let phone = self.whose(event);
        if self.phones[phone].is_gone {
            return Ok(format!("phone {phone} is gone: it does not {:?}", event.deed));
        }
        let about = match event.deed {
            Deed::Sync => {
                self.begin_exchange(phone, event.salt)?;
                "synchronises".to_owned()
            }
            Deed::Create
            | Deed::Note
            | Deed::Measure
            | Deed::Set
            | Deed::Material
            | Deed::Step
            | Deed::Check
            | Deed::Assign
            | Deed::Resolve => {
                let token = format!("{phone}-{:x}", event.salt & 0xffff_ffff);
                let mut slips = Slips { bug: self.bug, wrong: None };
                let done = self.do_on(phone, |replica| {
                    work(replica, event.deed, (&token, event.salt), dice, &mut slips)
                })?;
                if let Some(wrong) = slips.wrong {
                    return Err(Property::CorrectionsMeant.broken(format!("phone {phone}: {wrong}")));
                }
                done
            }
            Deed::Invite => self.invite(phone, dice)?,
            Deed::Import => self.import(phone, event, dice)?,
            Deed::Revoke | Deed::Rights => self.change_rights(phone, event.deed, dice)?,
            Deed::Release | Deed::Dismiss => self.decide(phone, event.deed, dice)?,
            Deed::TakePhoto | Deed::ErasePhoto | Deed::FreePhotos => {
                self.handle_photos(phone, event.deed, dice)?
            }
            Deed::Bundle | Deed::CarryBack => self.hand_bundle(phone, event.deed, dice)?,
            _ => self.suffer(phone, event, dice)?,
        };
        Ok(format!("phone {phone}: {about}"))
    }

    /// Whose deed it is. Some deeds only make sense for some people.
    fn whose(&self, event: &Event) -> usize {
        let wanted: &[Role] = match event.deed {
            Deed::Invite | Deed::Revoke | Deed::Rights | Deed::Release | Deed::Dismiss | Deed::ErasePhoto => {
                &[Role::Admin, Role::Supervisor]
            }
            Deed::Import => &[Role::Admin, Role::Dispatcher],
            Deed::Assign | Deed::Resolve => &[Role::Dispatcher, Role::Admin, Role::Supervisor, Role::Crew],
            _ => &[],
        };
        let who = usize::try_from(event.who).unwrap_or(0);
        let fits: Vec<usize> = (0..self.phones.len())
            .filter(|number| wanted.is_empty() || wanted.contains(&self.phones[*number].role))
            .collect();
        if fits.is_empty() { who % self.phones.len() } else { fits[who % fits.len()] }
    }

    /// Something on a phone, in words, also if it was refused.
    pub(crate) fn do_on(
        &mut self,
        phone: usize,
        act: impl FnOnce(&mut Replica<'_>) -> Result<String, ReplicaError>,
    ) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let done = self.phones[phone].act(now_ms, act);
        Ok(self.settle(phone, done)?.unwrap_or_else(|why| format!("cannot: {why}")))
    }

    /// Imports one of a few lists. Now and then another office was sent it too, and imports it before the two meet.
    fn import(&mut self, phone: usize, event: &Event, dice: &mut Dice) -> Result<String, Broken> {
        let file = crate::rules::later_import(dice.below(4));
        let mut about = Vec::new();
        let other = self.whose(&Event { who: event.who.wrapping_add(1), ..*event });
        let is_other = other != phone && !self.phones[other].is_gone;
        let both = if is_other && dice.one_in(2) { vec![phone, other] } else { vec![phone] };
        for office in both {
            about.push(self.do_on(office, |replica| {
                replica.import(&file).map(|counts| format!("imports {counts:?} on phone {office}"))
            })?);
        }
        Ok(about.join("; "))
    }

    fn invite(&mut self, admin: usize, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let (role, crew) = match dice.below(8) {
            0 => (Role::Admin, None),
            1 => (Role::Supervisor, None),
            2 => (Role::Dispatcher, None),
            3 => (Role::Auditor, None),
            _ => (Role::Crew, Some(one(dice, &CREWS))),
        };
        let localities: Vec<String> =
            if dice.one_in(3) { vec![one(dice, &LOCALITIES).to_owned()] } else { Vec::new() };
        let new = NewInvitation { crew, localities: &localities, ..NewInvitation::of(role) };
        let invited = self.phones[admin].act(now_ms, |replica| replica.invite(&new));
        match self.settle(admin, invited)? {
            Ok(invited) if self.phones.len() < 250 => {
                let home = self.phones[admin].home;
                let number = self.add_phone(home, role, invited.secrets.secret);
                let salt = dice.roll();
                let delay_ms = i64::try_from(dice.between(1, 72)).unwrap_or(1) * 3_600_000;
                self.later(delay_ms, super::Coming::Retry { phone: number, salt });
                Ok(format!("invites {} {}: phone {number}", role.key(), crew.unwrap_or("")))
            }
            Ok(_) => Ok("invites somebody who does not come".into()),
            Err(why) => Ok(format!("cannot invite: {why}")),
        }
    }

    fn change_rights(&mut self, admin: usize, deed: Deed, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let home = self.phones[admin].home;
        let others: Vec<usize> = (0..self.phones.len())
            .filter(|number| *number != admin && self.phones[*number].home == home)
            .collect();
        let Some(other) = dice.pick(&others).copied() else { return Ok("has nobody to speak of".into()) };
        let done = self.phones[other].read(now_ms, |replica| Ok(replica.identity()?.device));
        let Ok(device) = self.settle(other, done)? else { return Ok("does not know whom".into()) };
        if deed == Deed::Revoke {
            let fate = [None, Some(Fate::Lost), Some(Fate::Stolen), Some(Fate::Retired)][dice.index(4)];
            return self.do_on(admin, |replica| {
                replica.revoke(&device, fate, "ya no se usa")?;
                Ok(format!("revokes phone {other}"))
            });
        }
        let (role, crew) = match dice.below(6) {
            0 => (Role::Dispatcher, None),
            1 => (Role::Supervisor, None),
            _ => (Role::Crew, Some(one(dice, &CREWS))),
        };
        let localities: Vec<String> =
            if dice.one_in(2) { vec![one(dice, &LOCALITIES).to_owned()] } else { Vec::new() };
        self.do_on(admin, |replica| {
            replica.assign_device(&device, role, crew, &localities, "cambia de cuadrilla")?;
            Ok(format!("makes phone {other} {} {} {localities:?}", role.key(), crew.unwrap_or("")))
        })
    }

    fn decide(&mut self, phone: usize, deed: Deed, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let held = self.phones[phone].read(now_ms, |replica| Ok(replica.view().quarantine()?));
        let held = match self.settle(phone, held)? {
            Ok(held) => held,
            Err(why) => return Ok(format!("cannot look at what is held: {why}")),
        };
        let Some(first) = dice.pick(&held).map(|item| item.id) else {
            return Ok("has nothing to decide".into());
        };
        let seqs: Vec<u64> = if dice.one_in(2) {
            vec![first]
        } else {
            held.iter().map(|item| item.id).filter(|id| *id >= first).take(6).collect()
        };
        self.do_on(phone, |replica| {
            if deed == Deed::Release {
                replica
                    .release(&seqs, "trabajo verificado")
                    .map(|done| format!("releases {seqs:?}: {done:?}"))
            } else {
                replica.dismiss(&seqs, "no era").map(|_| format!("dismisses {seqs:?}"))
            }
        })
    }

    /// A bundle from one phone to another, by memory card: what the server lacks one way, receipts the other way.
    fn hand_bundle(&mut self, from: usize, deed: Deed, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let others: Vec<usize> = (0..self.phones.len())
            .filter(|number| *number != from && !self.phones[*number].is_gone)
            .filter(|number| deed == Deed::Bundle || self.phones[*number].home == self.phones[from].home)
            .collect();
        let Some(to) = dice.pick(&others).copied() else { return Ok("is alone".into()) };
        let exported = self.phones[from].bundle(now_ms);
        let mut bytes = match self.settle(from, exported)? {
            Ok(bytes) => bytes,
            Err(why) => return Ok(format!("cannot make a bundle: {why}")),
        };
        let is_spoilt = dice.one_in(6);
        if is_spoilt {
            let at = dice.index(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
            if self.bug == Some(Bug::BundleUnchecked) {
                reseal_bundle(&mut bytes);
            }
        }
        self.tally.bundles += 1;
        let taken = self.take_bundle(to, &bytes);
        let taken = match taken {
            Ok(_) if is_spoilt => {
                let how = format!("phone {to} took a bundle with a changed byte");
                return Err(Property::FlipsNoticed.broken(how));
            }
            Ok(counts) => Ok(counts),
            Err(Hindered::Refused(error)) => Err(error.to_string()),
            other => self.settle(to, other)?,
        };
        self.look_at_phone(to);
        Ok(match taken {
            Ok(counts) => format!("hands {} entries to phone {to} by bundle", counts.entries),
            Err(why) => format!("hands a bundle to phone {to}, which does not take it: {why}"),
        })
    }
}

/// What who does not look at a checksum sees: a bundle that fits it.
fn reseal_bundle(bytes: &mut [u8]) {
    let Some((head, body)) = bytes.split_at_mut_checked(BUNDLE_MAGIC_BYTES + HASH_BYTES) else { return };
    head[..BUNDLE_MAGIC_BYTES].copy_from_slice(b"CUADRB01");
    let hash = sync_core::id::Hash::tagged("cuadrilla/bundle/v1", &[body]);
    head[BUNDLE_MAGIC_BYTES..].copy_from_slice(&hash.0);
}
