//! Summary: what was done and what went wrong on purpose, counted.

use crate::broken::PROPERTIES;
use crate::disk::Struck;
use crate::server::Photos;
use crate::world::World;

macro_rules! tally {
    ($($field:ident $about:literal,)*) => {
        /// Counts of a run, or of many.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Tally {
            $(#[doc = $about] pub $field: u64,)*
        }

        impl Tally {
            /// Adds another run's counts.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
            }

            /// All counts with their words.
            pub fn lines(&self) -> Vec<(&'static str, u64)> {
                vec![$(($about, self.$field)),*]
            }
        }
    };
}

tally! {
    seeds "seeds",
    device_days "simulated device-days",
    deeds "deeds of people and troubles of the world",
    refusals "deeds that the replica refused",
    entries "entries in the ledgers",
    held "of them held back at first",
    requests "requests sent",
    exchanges "exchanges begun",
    batches "batches of more than one request",
    lost "messages lost",
    twice "messages that arrived twice",
    late "messages hours late",
    spoilt "messages cut or with a changed byte",
    stale "answers that were earlier ones",
    portals "login pages",
    replays "recorded requests sent again",
    wrong_server "requests to another municipality",
    odd_clients "requests of older and newer clients",
    away "times without signal",
    clock_jumps "clocks that jumped",
    server_stops "servers stopped in the middle of a write or sync",
    server_kills "servers killed or without power between two",
    server_restores "servers restored from a backup",
    server_starts "servers started",
    epochs "new epochs at a start",
    phone_stops "phones stopped in the middle of a write or sync",
    phone_kills "phones killed or without power between two",
    phone_restores "phones restored from a copy",
    clones "phones copied",
    drowned "phones lost for good",
    bundles "bundles handed over",
    write_errors "writes that failed",
    sync_errors "syncs that failed",
    slow_syncs "syncs that took up to ten minutes",
    full "writes refused for want of space",
    sectors_lost "sectors that did not reach a disk",
    names_lost "names that did not reach a disk",
    tails "torn tails cut",
    index_rolled_back "indexes that came back older",
    index_lost "indexes that came back empty",
    index_broken "indexes that did not open",
    flips_at_rest "bytes changed where they lay",
    orders_compared "orders compared between devices",
    photos "photos taken",
    photos_brought "photos and small forms brought to an office",
    pieces "pieces of photos sent",
    photos_kept "photos and small forms that a ledger said to be kept",
    photos_resumed "of them kept from the spool after a stop",
    photo_frees "times a phone let go of its copies",
    photo_erasures "photos erased by a person",
    photos_erased "blobs erased at an office, once more after a restore too",
    photos_missing "blobs that a ledger said to be missing after older ones were put back",
    photos_found "blobs found after an older ledger was put back, and said again",
    photos_swept "blobs and partials swept",
    photos_looked_at "times that a photo's bytes were held against what is said of it",
    checks "checks of a property at the end",
}

impl Tally {
    /// Adds what a world's disks and servers counted.
    pub fn gather(&mut self, world: &World) {
        self.seeds += 1;
        self.device_days += world.plan.device_days();
        for server in &world.servers {
            self.entries += server.book.len();
            self.held +=
                server.book.entries().filter(|(_, noted)| !noted.receipt.verdict.is_accepted()).count()
                    as u64;
            self.batches += server.counts.shared_batches;
            self.server_starts += server.counts.starts;
            self.epochs += server.counts.epochs;
            self.tails += server.counts.tails;
            self.photos(&server.photos);
            self.index(server.losses);
            self.disk(server.medium.disk.struck());
        }
        for phone in &world.phones {
            self.tails += phone.tails;
            self.index(phone.losses);
            self.disk(phone.medium.disk.struck());
        }
        self.checks += PROPERTIES.len() as u64;
    }

    fn photos(&mut self, photos: &Photos) {
        let counts = photos.counts;
        self.photos_kept += counts.kept;
        self.photos_resumed += counts.resumed;
        self.photos_erased += counts.erased;
        self.photos_missing += counts.missing;
        self.photos_found += counts.found;
        self.photos_swept += counts.swept;
        self.photos_looked_at += photos.looked;
    }

    fn index(&mut self, losses: crate::medium::IndexLosses) {
        self.index_rolled_back += losses.rolled_back;
        self.index_lost += losses.lost;
        self.index_broken += losses.broken;
    }

    fn disk(&mut self, struck: Struck) {
        self.write_errors += struck.write_errors;
        self.sync_errors += struck.sync_errors;
        self.full += struck.full;
        self.sectors_lost += struck.sectors_lost;
        self.names_lost += struck.names_lost;
    }
}
