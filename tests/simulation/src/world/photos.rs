//! Photos: what people do with them, and how they come to the office after an exchange, as `crew sync` brings them.

use sync_core::limits::BLOB_ASKS_MAX;
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::replica::sync::upload::{Brought, Event as Heard, Step, Upload};

use super::{Coming, World};
use crate::broken::Broken;
use crate::dice::Dice;
use crate::phone::Hindered;
use crate::plan::Deed;

/// For the chance of photos alone: they came later than the rest, and change no story of before but in their own deeds.
pub(crate) const PHOTOS: u64 = 101;
/// Bytes of one piece: a photo has some hundreds here.
const PIECE_BYTES: u64 = 96;
/// Refused photos after which no more are tried in one exchange.
const REFUSED_MAX: u64 = 8;

impl World {
    /// What a person does with photos. Answers it in words.
    pub(crate) fn handle_photos(
        &mut self,
        phone: usize,
        deed: Deed,
        dice: &mut Dice,
    ) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let done = match deed {
            Deed::TakePhoto => self.phones[phone].take_photo(now_ms, dice),
            Deed::ErasePhoto => self.phones[phone].erase_photo(now_ms, dice),
            _ => self.phones[phone].free_photos(now_ms),
        };
        let count = match (deed, &done) {
            (_, Err(_)) => None,
            (Deed::TakePhoto, _) => Some(&mut self.tally.photos),
            (Deed::ErasePhoto, _) => Some(&mut self.tally.photo_erasures),
            _ => Some(&mut self.tally.photo_frees),
        };
        count.into_iter().for_each(|count| *count += 1);
        Ok(self.settle(phone, done)?.unwrap_or_else(|why| format!("cannot: {why}")))
    }

    /// An exchange has ended: what was erased goes from the phone, and what the office lacks is brought.
    pub(crate) fn bring_photos(&mut self, number: usize) -> Result<(), Broken> {
        if !self.phones[number].talk.moved.is_done {
            return Ok(());
        }
        let now_ms = self.now_ms;
        let erased = self.phones[number].delete_here(now_ms);
        if self.settle(number, erased)?.is_err() {
            return Ok(());
        }
        let tickets = self.phones[number].take_tickets();
        if tickets.is_empty() {
            return Ok(());
        }
        let home = self.phones[number].home;
        self.servers[home].look_again(now_ms)?;
        let mut dice = Dice::of(&[self.plan.seed, PHOTOS, number as u64, now_ms.unsigned_abs()]);
        let (mut sent, mut refused) = (0, 0);
        for ticket in tickets.iter().take(BLOB_ASKS_MAX) {
            let Some(bytes) = self.phones[number].photo(&ticket.sha256) else { continue };
            match self.bring_photo(home, ticket, &bytes, &mut dice)? {
                Brought::Whole => sent += 1,
                Brought::Refused(_) => refused += 1,
                Brought::Later => break,
            }
            if refused > REFUSED_MAX {
                break;
            }
        }
        self.tally.photos_brought += sent;
        // The next exchange hears that the office has them, and asks for the rest.
        if sent > 0 && refused <= REFUSED_MAX {
            self.begin_exchange(number, dice.roll())?;
        }
        Ok(())
    }

    fn bring_photo(
        &mut self,
        home: usize,
        ticket: &BlobTicket,
        bytes: &[u8],
        dice: &mut Dice,
    ) -> Result<Brought, Broken> {
        let mut upload = Upload::new(bytes.len() as u64, PIECE_BYTES);
        let mut heard = Heard::Begin;
        loop {
            // Now and then the program ends in the middle.
            if !self.is_calm && dice.one_in(16) {
                return Ok(Brought::Later);
            }
            heard = match upload.next(heard) {
                Step::Done(brought) => return Ok(brought),
                step => self.send_step(home, &ticket.ticket, &step, bytes, dice)?,
            };
        }
    }

    /// One request of an upload, and what the network does to it.
    fn send_step(
        &mut self,
        home: usize,
        ticket: &str,
        step: &Step,
        bytes: &[u8],
        dice: &mut Dice,
    ) -> Result<Heard, Broken> {
        let (weather, is_calm, now_ms) = (self.plan.weather, self.is_calm, self.now_ms);
        let mut fate = |chance: u32| !is_calm && dice.per_mille(chance);
        let (is_lost, is_unheard) = (fate(weather.loss), fate(weather.loss));
        let (is_cut, is_flipped) = (fate(weather.cut + weather.loss), fate(weather.flip));
        if is_lost {
            return Ok(Heard::Cut);
        }
        let server = &mut self.servers[home];
        let mut heard = match step {
            Step::Piece(range) => {
                let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
                let mut piece = bytes[at(range.start)..at(range.end)].to_vec();
                if is_cut {
                    piece.truncate(dice.index(piece.len()));
                } else if is_flipped && let Some(byte) = piece.first_mut() {
                    *byte ^= 1;
                }
                self.tally.pieces += 1;
                server.take_piece(ticket, range.start, &piece, now_ms)?
            }
            _ => server.begin_blob(ticket, now_ms)?,
        };
        if is_unheard || (is_cut && matches!(step, Step::Piece(_))) || server.medium.disk.has_stopped() {
            heard = Heard::Cut;
        }
        self.look_at_server(home);
        if !self.servers[home].is_up() {
            self.later(2_000, Coming::Start { server: home });
        }
        Ok(heard)
    }

    /// Takes a bundle in, with its photos.
    pub(crate) fn take_bundle(
        &mut self,
        to: usize,
        bytes: &[u8],
    ) -> Result<sync_core::replica::BundleCounts, Hindered> {
        self.phones[to].take_bundle(self.now_ms, bytes)
    }
}
