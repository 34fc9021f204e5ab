//! Office: what is done at the servers: rules, backups, restarts.

use super::{Coming, PHOTOS, World};
use crate::broken::Broken;
use crate::dice::Dice;
use crate::disk::{Fault, Stop};
use crate::plan::{Deed, Event};
use crate::rules;
use crate::server::Trouble;

impl World {
    /// What no phone does.
    pub(crate) fn perform_apart(&mut self, event: &Event, dice: &mut Dice) -> Result<String, Broken> {
        let server = usize::try_from(event.who).unwrap_or(0) % self.servers.len();
        let words = match event.deed {
            Deed::SyncAll => {
                for phone in 0..self.phones.len() {
                    self.begin_exchange(phone, dice.roll())?;
                }
                return Ok("everybody synchronises at once".into());
            }
            Deed::Replay => return Ok(self.replay(dice)),
            Deed::PublishRule => self.publish_rule(server, dice)?,
            Deed::BackUp => self.back_up(server),
            Deed::RestoreServer => self.restore(server, dice),
            Deed::RestartServer => {
                self.servers[server].close();
                self.later(5_000, Coming::Start { server });
                "is restarted".to_owned()
            }
            Deed::KillServer => {
                let how = if dice.one_in(2) { Stop::Kill } else { Stop::Power };
                self.servers[server].stop(how, dice);
                self.tally.server_kills += 1;
                let pause_ms = i64::try_from(dice.between(2, 40_000)).unwrap_or(2) * 1_000;
                self.later(pause_ms, Coming::Start { server });
                format!("stops ({how:?})")
            }
            Deed::ArmServer => {
                let after = dice.below(12);
                self.servers[server].medium.disk.arm(Fault::Stop, after, Dice::new(dice.roll()));
                format!("will stop in {after} operations of its disk")
            }
            Deed::FailServer => {
                let after = dice.below(12);
                self.servers[server].medium.disk.arm(Fault::Error, after, Dice::new(dice.roll()));
                format!("its disk will fail in {after} operations")
            }
            Deed::SweepPhotos => {
                let words = self.servers[server].sweep(self.now_ms)?;
                self.look_at_server(server);
                self.later(5_000, Coming::Start { server });
                words
            }
            Deed::FillServer => {
                self.servers[server].medium.disk.set_full(true);
                "its disk is full".to_owned()
            }
            Deed::FreeServer => {
                self.servers[server].medium.disk.set_full(false);
                "its disk has space".to_owned()
            }
            _ => {
                let jump_ms = jump(dice);
                self.tally.clock_jumps += 1;
                self.servers[server].clock_off_ms = jump_ms;
                format!("its clock is {jump_ms} ms off")
            }
        };
        Ok(format!("server {server}: {words}"))
    }

    fn publish_rule(&mut self, server: usize, dice: &mut Dice) -> Result<String, Broken> {
        let version = dice.between(2, 9);
        let adds = dice.one_in(2);
        self.servers[server].rules = rules::changed(version, adds);
        match self.servers[server].publish(self.now_ms) {
            Ok(()) => {}
            Err(Trouble::Broken(broken)) => return Err(broken),
            Err(Trouble::Disk(_)) => {}
        }
        self.look_at_server(server);
        if !self.servers[server].is_up() && !self.servers[server].medium.disk.has_stopped() {
            self.later(5_000, Coming::Start { server });
        }
        Ok(format!("publishes version {version} of a kind of work"))
    }

    fn back_up(&mut self, server: usize) -> String {
        if !self.servers[server].is_up() {
            return "is down: no backup".into();
        }
        // As the manual says: it is stopped, copied, and started again.
        self.servers[server].close();
        let copy = self.servers[server].medium.copy();
        self.servers[server].backup = Some(copy);
        self.servers[server].back_up_photos();
        self.later(60_000, Coming::Start { server });
        "is backed up".into()
    }

    fn restore(&mut self, server: usize, dice: &mut Dice) -> String {
        let Some(copy) = self.servers[server].backup.clone() else { return "has no backup".into() };
        self.servers[server].close();
        self.servers[server].book.lose();
        self.servers[server].kept.start_over();
        let way = dice.below(3);
        let live = self.servers[server].photo_folder();
        match way {
            0 => self.servers[server].medium.put_back(&copy, true),
            1 => self.servers[server].medium.put_back(&copy, false),
            _ => self.servers[server].medium.put_back_files(&copy),
        }
        let photos = Dice::of(&[self.plan.seed, PHOTOS, self.now_ms.unsigned_abs()]).below(3);
        self.servers[server].restore_photos(&live, photos);
        self.tally.server_restores += 1;
        self.later(120_000, Coming::Start { server });
        let how = ["with its index", "without an index", "under the index that was there"];
        let old = ["of the backup", "as they were", "of an older backup"];
        let at = |way: u64| usize::try_from(way).unwrap_or(0);
        format!("is restored from its backup, {}, its photos {}", how[at(way)], old[at(photos)])
    }
}

/// How far a clock may be off: a little, hours, or years.
pub(crate) fn jump(dice: &mut Dice) -> i64 {
    let most: u64 = [60_000, 3_600_000, 40 * 86_400_000, 20 * 365 * 86_400_000][dice.index(4)];
    let off_ms = i64::try_from(dice.below(most)).unwrap_or(0);
    if dice.one_in(2) { off_ms } else { -off_ms }
}
