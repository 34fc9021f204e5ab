//! Plan: what a seed says: how many servers and phones, what the world is like, and everything that people and the world
//! will do, as a list. Each seed enables some of it only, and with other weights: who does everything at once sees less.

use crate::dice::Dice;
use crate::world::PHOTOS;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 3_600_000;
/// When every story begins.
pub const BEGIN_MS: i64 = 1_795_000_000_000;

/// Something that a person, the office or the world does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each says what is done; the words are in `Deed::words`")]
pub enum Deed {
    Create,
    Note,
    Measure,
    Set,
    Material,
    Step,
    Check,
    Assign,
    Resolve,
    Sync,
    SyncAll,
    Import,
    Invite,
    Revoke,
    Release,
    Dismiss,
    Rights,
    Bundle,
    CarryBack,
    Clone,
    SavePhone,
    RestorePhone,
    LosePhone,
    Renew,
    PublishRule,
    BackUp,
    RestoreServer,
    RestartServer,
    KillServer,
    ArmServer,
    FailServer,
    FillServer,
    FreeServer,
    KillPhone,
    ArmPhone,
    FailPhone,
    FillPhone,
    FreePhone,
    GoAway,
    SetClock,
    SetServerClock,
    Replay,
    WrongServer,
    FlipAtRest,
    OldClient,
    TakePhoto,
    FreePhotos,
    ErasePhoto,
    SweepPhotos,
}

/// What is done with photos, with its usual weight.
const PHOTO_DEEDS: [(Deed, u64); 4] =
    [(Deed::TakePhoto, 60), (Deed::FreePhotos, 12), (Deed::ErasePhoto, 5), (Deed::SweepPhotos, 5)];

/// All deeds with their usual weight, and whether the world rather than a person does them.
const DEEDS: [(Deed, u64, bool); 45] = [
    (Deed::Create, 60, false),
    (Deed::Note, 90, false),
    (Deed::Measure, 60, false),
    (Deed::Set, 120, false),
    (Deed::Material, 50, false),
    (Deed::Step, 90, false),
    (Deed::Check, 30, false),
    (Deed::Assign, 40, false),
    (Deed::Resolve, 50, false),
    (Deed::Sync, 330, false),
    (Deed::SyncAll, 6, false),
    (Deed::Import, 6, false),
    (Deed::Invite, 5, false),
    (Deed::Revoke, 4, false),
    (Deed::Release, 24, false),
    (Deed::Dismiss, 8, false),
    (Deed::Rights, 8, false),
    (Deed::Bundle, 24, false),
    (Deed::CarryBack, 12, false),
    (Deed::Clone, 4, false),
    (Deed::SavePhone, 6, false),
    (Deed::RestorePhone, 4, false),
    (Deed::LosePhone, 2, false),
    (Deed::Renew, 3, false),
    (Deed::PublishRule, 4, false),
    (Deed::BackUp, 5, false),
    (Deed::RestoreServer, 3, true),
    (Deed::RestartServer, 8, true),
    (Deed::KillServer, 6, true),
    (Deed::ArmServer, 20, true),
    (Deed::FailServer, 10, true),
    (Deed::FillServer, 4, true),
    (Deed::FreeServer, 12, true),
    (Deed::KillPhone, 12, true),
    (Deed::ArmPhone, 30, true),
    (Deed::FailPhone, 16, true),
    (Deed::FillPhone, 5, true),
    (Deed::FreePhone, 14, true),
    (Deed::GoAway, 16, true),
    (Deed::SetClock, 8, true),
    (Deed::SetServerClock, 2, true),
    (Deed::Replay, 16, true),
    (Deed::WrongServer, 6, true),
    (Deed::FlipAtRest, 5, true),
    (Deed::OldClient, 6, true),
];

impl Deed {
    /// What it is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Create => "makes an order",
            Self::Note => "notes something",
            Self::Measure => "writes a reading down",
            Self::Set => "sets a field",
            Self::Material => "uses material",
            Self::Step => "makes a step",
            Self::Check => "ticks a point off",
            Self::Assign => "assigns an order",
            Self::Resolve => "resolves a conflict",
            Self::Sync => "synchronises",
            Self::SyncAll => "everybody synchronises at once",
            Self::Import => "imports localities, crews, materials and orders",
            Self::Invite => "invites somebody, who gets a new phone",
            Self::Revoke => "revokes a phone",
            Self::Release => "releases held work",
            Self::Dismiss => "dismisses held work",
            Self::Rights => "gives a phone other rights",
            Self::Bundle => "hands a bundle to another phone",
            Self::CarryBack => "carries receipts back by bundle",
            Self::Clone => "is copied to a second phone",
            Self::SavePhone => "is copied to a memory card",
            Self::RestorePhone => "is restored from its card",
            Self::LosePhone => "falls into the river",
            Self::Renew => "renews its key",
            Self::PublishRule => "the office publishes a rule",
            Self::BackUp => "the server is backed up",
            Self::RestoreServer => "the server is restored from its backup",
            Self::RestartServer => "the server is restarted",
            Self::KillServer => "the server is killed or loses power",
            Self::ArmServer => "the server will lose power in the middle of a write or sync",
            Self::FailServer => "the server's disk will fail once",
            Self::FillServer => "the server's disk is full",
            Self::FreeServer => "the server's disk has space again",
            Self::KillPhone => "loses power or is killed",
            Self::ArmPhone => "will lose power in the middle of a write or sync",
            Self::FailPhone => "its disk will fail once",
            Self::FillPhone => "its disk is full",
            Self::FreePhone => "its disk has space again",
            Self::GoAway => "goes where there is no signal",
            Self::SetClock => "its clock jumps",
            Self::SetServerClock => "the server's clock jumps",
            Self::Replay => "somebody sends a recorded request again",
            Self::WrongServer => "asks another municipality's server",
            Self::FlipAtRest => "a byte of a file turns over where it lies",
            Self::OldClient => "an older or newer client speaks in its name",
            Self::TakePhoto => "takes a photo",
            Self::FreePhotos => "lets go of photos that the office has",
            Self::ErasePhoto => "erases a photo",
            Self::SweepPhotos => "the server's photos are swept",
        }
    }

    /// Whether a phone does it or suffers it.
    pub fn is_of_phone(self) -> bool {
        !matches!(
            self,
            Self::SyncAll
                | Self::PublishRule
                | Self::BackUp
                | Self::RestoreServer
                | Self::RestartServer
                | Self::KillServer
                | Self::ArmServer
                | Self::FailServer
                | Self::FillServer
                | Self::FreeServer
                | Self::SetServerClock
                | Self::Replay
                | Self::SweepPhotos
        )
    }
}

/// One thing of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at_ms: i64,
    /// Who: a phone or a server, by number, counted around.
    pub who: u32,
    /// All further chance of it: what it does does not depend on what else is in the list.
    pub salt: u64,
    /// What.
    pub deed: Deed,
    /// Its number, by which it is called: photos came later than the rest, and are numbered behind it.
    pub number: usize,
}

/// What the network does, in so many of a thousand messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// Lost.
    pub loss: u32,
    /// Twice.
    pub twice: u32,
    /// Cut short.
    pub cut: u32,
    /// With a byte changed.
    pub flip: u32,
    /// Answered by a login page.
    pub portal: u32,
    /// Answered with an earlier answer.
    pub stale: u32,
    /// Hours late.
    pub late: u32,
}

/// What a seed says.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Days that the story takes.
    pub days: i64,
    /// Municipalities.
    pub servers: usize,
    /// Phones at the beginning.
    pub phones: usize,
    /// The network.
    pub weather: Weather,
    /// A new chunk of a ledger begins after so many bytes.
    pub chunk_bytes_max: u64,
    /// Whether a server sees that its disk is full before it writes.
    pub sees_space: bool,
    /// When servers' disks are slow: from, and until.
    pub slow: Vec<(i64, i64)>,
    /// Everything that will be done, by time.
    pub events: Vec<Event>,
}

/// For the chance of slow disks alone: it came later than the rest, and changes no story of before but in its own seeds.
const SLOW: u64 = 89;

/// So many of a thousand, or nothing.
fn some(dice: &mut Dice, most: u64) -> u32 {
    if dice.one_in(3) { u32::try_from(dice.between(1, most)).unwrap_or(1) } else { 0 }
}

/// In every fourth story, four stretches of one to ten days.
fn slow(seed: u64, days: i64) -> Vec<(i64, i64)> {
    let mut dice = Dice::of(&[seed, SLOW]);
    if !dice.one_in(4) {
        return Vec::new();
    }
    let stretch = |_| {
        let day = |dice: &mut Dice, most: i64| {
            i64::try_from(dice.between(1, u64::try_from(most).unwrap_or(1))).unwrap_or(1) * DAY_MS
        };
        let from = BEGIN_MS + day(&mut dice, days);
        (from, from + day(&mut dice, 10))
    };
    (0..4).map(stretch).collect()
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::of(&[seed, 1]);
        let days = i64::try_from(dice.between(20, 200)).unwrap_or(20);
        let servers = if dice.one_in(4) { dice.between(2, 3) } else { 1 };
        let phones = match dice.below(40) {
            0 => dice.between(60, 200),
            1..=4 => dice.between(13, 40),
            5..=6 => dice.between(1, 2),
            _ => dice.between(3, 12),
        };
        let weather = if dice.one_in(6) {
            Weather::default()
        } else {
            Weather {
                loss: some(&mut dice, 300),
                twice: some(&mut dice, 200),
                cut: some(&mut dice, 100),
                flip: some(&mut dice, 100),
                portal: some(&mut dice, 100),
                stale: some(&mut dice, 100),
                late: some(&mut dice, 100),
            }
        };
        let chunk_bytes_max = [2_000, 20_000, 200_000, 64 * 1024 * 1024][dice.index(4)];
        let sees_space = dice.one_in(2);
        let mut plan = Self {
            seed,
            days,
            servers: usize::try_from(servers).unwrap_or(1),
            phones: usize::try_from(phones).unwrap_or(1),
            weather,
            chunk_bytes_max,
            sees_space,
            slow: slow(seed, days),
            events: Vec::new(),
        };
        plan.fill(&mut dice);
        plan
    }

    /// How many days of phones it is.
    pub fn device_days(&self) -> u64 {
        self.phones as u64 * u64::try_from(self.days).unwrap_or(0)
    }

    fn fill(&mut self, dice: &mut Dice) {
        let mut weights = Vec::new();
        let trouble_per_mille = [0, 300, 1_000, 3_000][dice.index(4)];
        for (deed, weight, is_trouble) in DEEDS {
            // Three of four kinds of deeds happen in a story at all; work and exchange always do.
            let is_usual = weight >= 50;
            if !is_usual && dice.one_in(4) {
                continue;
            }
            let factor = [250, 500, 1_000, 1_000, 2_000, 4_000][dice.index(6)];
            let factor = if is_trouble { factor * trouble_per_mille / 1_000 } else { factor };
            weights.push((deed, weight * factor));
        }
        let total: u64 = weights.iter().map(|(_, weight)| weight).sum();
        // Phones idle on most days.
        let per_device_day_mille = [120, 250, 500, 900][dice.index(4)];
        let count = (self.device_days() * per_device_day_mille / 1_000).clamp(30, 1_500);
        let span_ms = u64::try_from(self.days * DAY_MS).unwrap_or(1);
        for _ in 0..count {
            let mut at = dice.below(total);
            let deed = weights.iter().find(|(_, weight)| {
                let is_here = at < *weight;
                at = at.saturating_sub(*weight);
                is_here
            });
            let Some((deed, _)) = deed else { continue };
            let at_ms = BEGIN_MS + DAY_MS + i64::try_from(dice.below(span_ms)).unwrap_or(0);
            let who = u32::try_from(dice.below(1 << 20)).unwrap_or(0);
            self.events.push(Event { at_ms, who, salt: dice.roll(), deed: *deed, number: 0 });
        }
        self.events.sort_by_key(|event| (event.at_ms, event.salt));
        let photos = self.photos(count, span_ms);
        self.events.extend(photos);
        self.events.iter_mut().enumerate().for_each(|(number, event)| event.number = number);
        self.events.sort_by_key(|event| (event.at_ms, event.salt));
    }
}

impl Plan {
    /// What is done with photos: in two of three stories, for every tenth to second deed of another kind.
    fn photos(&self, count: u64, span_ms: u64) -> Vec<Event> {
        let mut dice = Dice::of(&[self.seed, PHOTOS]);
        if dice.one_in(3) {
            return Vec::new();
        }
        let total: u64 = PHOTO_DEEDS.iter().map(|(_, weight)| weight).sum();
        let count = count / [2, 4, 10][dice.index(3)];
        let event = |_| {
            let mut at = dice.below(total);
            let is_it = |(_, weight): &&(Deed, u64)| {
                let is_here = at < *weight;
                at = at.saturating_sub(*weight);
                is_here
            };
            let deed = PHOTO_DEEDS.iter().find(is_it).map_or(Deed::TakePhoto, |(deed, _)| *deed);
            let at_ms = BEGIN_MS + DAY_MS + i64::try_from(dice.below(span_ms)).unwrap_or(0);
            let who = u32::try_from(dice.below(1 << 20)).unwrap_or(0);
            Event { at_ms, who, salt: dice.roll(), deed, number: 0 }
        };
        (0..count).map(event).collect()
    }
}

/// Which events of a list are kept: all, or some by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Only {
    /// All.
    All,
    /// Those, in order.
    These(Vec<usize>),
}

impl Only {
    /// Reads `3,17,40-44`.
    pub fn read(text: &str) -> Result<Self, String> {
        let number = |word: &str| word.trim().parse().map_err(|_| format!("{word:?} is no number"));
        let mut these = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            match part.split_once('-') {
                Some((first, last)) => these.extend(number(first)?..=number(last)?),
                None => these.push(number(part)?),
            }
        }
        Ok(Self::These(these))
    }

    /// Writes what [`Only::read`] reads.
    pub fn write(these: &[usize]) -> String {
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for number in these {
            match parts.last_mut() {
                Some((_, last)) if *last + 1 == *number => *last = *number,
                _ => parts.push((*number, *number)),
            }
        }
        let words = parts
            .iter()
            .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
        words.collect::<Vec<_>>().join(",")
    }
}
