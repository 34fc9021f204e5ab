//! Quiet: the end of every story. The network heals, nothing fails any more, everybody exchanges until nothing moves.

use sync_core::hub::Quotas;

use super::World;
use crate::broken::{Broken, Property};
use crate::plan::DAY_MS;
use crate::properties;
use crate::server::Server;

/// Rounds in which everybody exchanges; then nothing may move any more.
const ROUNDS_MAX: u64 = 16;

impl World {
    /// Heals everything, waits until it is quiet, and looks at all properties.
    pub(crate) fn fall_quiet(&mut self) -> Result<(), Broken> {
        self.happen_until(self.now_ms + DAY_MS)?;
        self.is_calm = true;
        for number in 0..self.servers.len() {
            let disk = &self.servers[number].medium.disk;
            disk.disarm();
            disk.set_full(false);
        }
        for phone in &mut self.phones {
            phone.medium.disk.disarm();
            phone.medium.disk.set_full(false);
            phone.away_until_ms = i64::MIN;
            phone.album.brings_all = true;
        }
        self.happen_all()?;
        for number in 0..self.servers.len() {
            // What waited for another day comes now.
            let server = &mut self.servers[number];
            (server.quotas, server.lifted_at) = (Quotas::default(), server.book.len() + 1);
            server.close();
            if !self.servers[number].is_up() && !self.servers[number].start(self.now_ms)? {
                let how = format!("server {number} does not start although nothing fails");
                return Err(Property::NothingBreaks.broken(how));
            }
        }
        self.tell(|| "everything heals".into());
        let mut moving = Vec::new();
        for round in 0..ROUNDS_MAX {
            moving.clear();
            for number in 0..self.phones.len() {
                if self.phones[number].is_gone {
                    continue;
                }
                self.exchange_now(number, round)?;
                let moved = &self.phones[number].talk.moved;
                if moved.pushed + moved.pulled > 0 {
                    let words = format!("phone {number}: {moved:?}");
                    moving.push(number);
                    self.tell(|| words);
                }
            }
            if moving.is_empty() {
                self.tell(|| "everything is quiet".into());
                self.servers.iter_mut().try_for_each(Server::rest)?;
                return properties::check(self);
            }
        }
        let differs = moving.iter().copied().find(|number| self.phones[*number].talk.moved.differs);
        if let Some(number) = differs {
            let what = properties::how_differs(self, number);
            let how = format!(
                "phone {number} differs from the server however often both compare record by record: {what}"
            );
            return Err(Property::SameState.broken(how));
        }
        let what = differs.map(|number| properties::how_differs(self, number)).unwrap_or_default();
        let how = format!("phones {moving:?} still move something after {ROUNDS_MAX} rounds of all {what}");
        Err(Property::OutboxDrains.broken(how))
    }
}
