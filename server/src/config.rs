//! Config: every setting of `serve` and every fixed limit of the server, each with its reason. A flag beats the
//! environment, which beats the file, which beats the default.
//!
//! OPERATING.md has the same as a table; a test compares the two.

mod sources;

use std::path::PathBuf;
use std::time::Duration;

use sync_core::limits::MESSAGE_BYTES_MAX;

use sync_core::hub::Quotas;

use crate::failure::Failure;
use crate::kept;
use crate::witness::Setting as Witness;
use words::say;

pub use sources::{LogFormat, Shown, Source, read_file};
use sources::{bad_setting, from_variable, settings};

settings! {
    /// Address to listen on; port 0 takes a free one.
    listen, "CUADRILLA_LISTEN": String = "127.0.0.1:8061";
    /// Folder of rule files that override the built-in ones; empty looks for one.
    schemas, "CUADRILLA_SCHEMAS": String = "";
    /// Folder with the app for browsers, read at each request; empty: the app that this program holds.
    web, "CUADRILLA_WEB": String = "";
    /// Log lines as `text` or `json`.
    log_format, "CUADRILLA_LOG_FORMAT": LogFormat = "text";

    // Work of devices. A place is taken once the body is here and its signature holds, never before: bytes that
    // do not arrive take no place away.
    /// Requests of devices in progress, all together; beyond it the answer is 503.
    requests_max, "CUADRILLA_REQUESTS_MAX": usize = "256";
    // A phone makes one request at a time; the others are those whose answer got lost on the way. It is also how many
    // requests one hostile device can have ahead of a crew's.
    /// Requests of one device in progress; beyond it the answer is 429.
    device_requests_max, "CUADRILLA_DEVICE_REQUESTS_MAX": usize = "4";
    /// Checked requests that wait for the writer.
    queue_max, "CUADRILLA_QUEUE_MAX": usize = "1024";
    /// Requests made durable by one fsync.
    batch_requests_max, "CUADRILLA_BATCH_REQUESTS_MAX": usize = "256";
    /// Bytes of requests made durable by one fsync.
    batch_bytes_max, "CUADRILLA_BATCH_BYTES_MAX": usize = "16777216";

    // Strangers: who has shown neither a ticket nor a signature yet. Threads of their own do their work.
    // At some 0.1 ms for a signature, the last of 256 waits 30 ms.
    /// Requests of strangers that wait for their signature to be checked; beyond it the answer is 503.
    strangers_max, "CUADRILLA_STRANGERS_MAX": usize = "256";
    // A bundle of the log takes milliseconds; an auditor reads a few at a time.
    /// Answers about the public log in progress; beyond it the answer is 503.
    public_max, "CUADRILLA_PUBLIC_MAX": usize = "64";
    // More than the 16,384 tiles that one verification reads of a log of four million entries.
    /// Reads of the public log that one address may make at once.
    public_reads_max, "CUADRILLA_PUBLIC_READS_MAX": u64 = "20000";
    /// Further reads of the public log a minute from one address.
    public_reads_per_min, "CUADRILLA_PUBLIC_READS_PER_MIN": u64 = "6000";

    // Connections. Where there is no room, the one goes that has not proven itself, of the address with the most.
    // Each costs a handle and up to 20 KiB: 160 MiB in all.
    /// Open connections; beyond it one that has not proven itself is closed for each new one.
    connections_max, "CUADRILLA_CONNECTIONS_MAX": usize = "8192";
    // A quarter of all. Hundreds of phones may share a carrier's address; their connections last seconds.
    /// Connections of one address (IPv6: one /64) that have not proven themselves; beyond it the oldest is closed.
    peer_connections_max, "CUADRILLA_PEER_CONNECTIONS_MAX": usize = "2048";
    /// Connections that one device keeps beside its streams; beyond it its oldest is closed.
    device_connections_max, "CUADRILLA_DEVICE_CONNECTIONS_MAX": usize = "4";
    // What the longest exchange over a good link takes; over a poor one the device connects again.
    /// Milliseconds after which a connection is closed, once its request is answered.
    connection_life_ms, "CUADRILLA_CONNECTION_LIFE_MS": u64 = "900000";
    /// Milliseconds for a request's headers, also between requests.
    header_timeout_ms, "CUADRILLA_HEADER_TIMEOUT_MS": u64 = "15000";
    // A link of 1 kB/s takes 30 kB in this time; a network that loses its way comes back in it.
    /// Milliseconds in which a peer must read at least 1 KiB of what is sent to it.
    write_timeout_ms, "CUADRILLA_WRITE_TIMEOUT_MS": u64 = "30000";

    // Bodies.
    /// Milliseconds for a request's body.
    body_timeout_ms, "CUADRILLA_BODY_TIMEOUT_MS": u64 = "60000";
    /// Milliseconds before a body's speed is judged.
    body_grace_ms, "CUADRILLA_BODY_GRACE_MS": u64 = "10000";
    // The poorest link that is served has some 1 kB/s.
    /// Bytes a second that a body must then have arrived with, on average.
    body_bytes_per_s, "CUADRILLA_BODY_BYTES_PER_S": u64 = "200";
    /// Bytes of bodies of strangers held at once; beyond it one of the address that holds the most is cut off.
    stranger_bytes_max, "CUADRILLA_STRANGER_BYTES_MAX": usize = "67108864";
    // Half of all: two addresses cannot crowd out the rest, and four phones behind one may send the largest message.
    /// Bytes of bodies of strangers held at once from one address.
    peer_bytes_max, "CUADRILLA_PEER_BYTES_MAX": usize = "33554432";
    /// Bytes of bodies of devices with a ticket held at once; of one device: two of the largest messages.
    device_bytes_max, "CUADRILLA_DEVICE_BYTES_MAX": usize = "134217728";
    /// Milliseconds for an answer once the body is here.
    answer_timeout_ms, "CUADRILLA_ANSWER_TIMEOUT_MS": u64 = "30000";

    // Event streams.
    /// Devices that listen for news at once.
    events_max, "CUADRILLA_EVENTS_MAX": usize = "4096";
    // One that listens, and one that the network lost and nobody closed.
    /// Event streams of one device; beyond it its oldest is closed.
    device_streams_max, "CUADRILLA_DEVICE_STREAMS_MAX": usize = "2";
    /// Milliseconds between signs of life to a device that listens.
    keep_alive_ms, "CUADRILLA_KEEP_ALIVE_MS": u64 = "25000";

    /// Milliseconds that requests in progress may take after a stop signal.
    grace_ms, "CUADRILLA_GRACE_MS": u64 = "10000";
    /// PEM file with the certificate chain; with `tls_key`, HTTPS is served.
    tls_cert, "CUADRILLA_TLS_CERT": String = "";
    /// PEM file with the certificate's private key.
    tls_key, "CUADRILLA_TLS_KEY": String = "";
    /// Folder outside the data for a checkpoint a day; empty: beside the data folder; none: keeps none.
    checkpoints, "CUADRILLA_CHECKPOINTS": String = "";
    /// Where photos are kept: empty: in the data folder; another folder; or s3://BUCKET, with AWS_ variables.
    blobs, "CUADRILLA_BLOBS": String = "";
    /// Witness that cosigns the checkpoint of each day: its address, a space, its key; empty asks none.
    witness, "CUADRILLA_WITNESS": Witness = "";
    /// Header in which a trusted proxy names the client's address, as `x-forwarded-for`; empty trusts none.
    peer_header, "CUADRILLA_PEER_HEADER": String = "";

    // Throttles: what a bucket holds, and how fast it fills.
    /// Attempts to enrol that one address may make at once; good codes do not count.
    enrol_tries_max, "CUADRILLA_ENROL_TRIES_MAX": u64 = "20";
    /// Further attempts to enrol a minute from one address.
    enrol_tries_per_min, "CUADRILLA_ENROL_TRIES_PER_MIN": u64 = "6";
    /// Attempts to enrol at once from all addresses together.
    enrol_all_tries_max, "CUADRILLA_ENROL_ALL_TRIES_MAX": u64 = "300";
    /// Further attempts to enrol a minute from all addresses together.
    enrol_all_tries_per_min, "CUADRILLA_ENROL_ALL_TRIES_PER_MIN": u64 = "120";
    /// Work units a device may use at once; one is a request, an entry, 8 operations or 1 KiB.
    device_units_max, "CUADRILLA_DEVICE_UNITS_MAX": u64 = "500000";
    /// Work units a second that a device gets back.
    device_units_per_s, "CUADRILLA_DEVICE_UNITS_PER_S": u64 = "500";
    /// Bytes that a crew's device may bring in a day.
    crew_day_bytes_max, "CUADRILLA_CREW_DAY_BYTES_MAX": u64 = "16777216";
    /// Bytes that any other device may bring in a day.
    office_day_bytes_max, "CUADRILLA_OFFICE_DAY_BYTES_MAX": u64 = "134217728";
    /// Bytes that are taken in all of a device after it was revoked.
    revoked_bytes_max, "CUADRILLA_REVOKED_BYTES_MAX": u64 = "4194304";
    /// Free bytes kept on the disk; below it work is refused, reading goes on. 0: 5 % of the disk, 4 to 64 MiB.
    reserve_bytes, "CUADRILLA_RESERVE_BYTES": u64 = "0";
}

/// What a connection may hold of a request's head, and of an answer that is not read, in bytes. `crew` sends 400.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of one request. `crew` sends 8; proxies add a dozen.
pub const HEADERS_MAX: usize = 64;
/// Most of a listener's head that is read without the HTTP library, in bytes: it has a ticket and few headers.
pub const LISTENER_HEAD_BYTES_MAX: usize = 2048;
/// How long to wait when the system has no more sockets.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// A connection younger than this goes last when room is made: its request is still on the way.
pub const NEWCOMER: Duration = Duration::from_secs(3);
/// Unproven connections of one address that are a crowd: room is made among these first. Fewer may be crews behind one
/// carrier's address, while attackers come with one connection from each of thousands.
pub const CROWD: usize = 32;
/// Handles kept for the store, the log and the system's own, beside those of connections.
pub const HANDLES_RESERVE: u64 = 128;
/// What a peer must read within `write_timeout_ms`, in bytes. A link of 1 kB/s reads thirty times as much.
pub const WRITE_BYTES_MIN: usize = 1024;
/// Answers about the public log are handed over in pieces of this size, in bytes: no more than a piece and what the
/// connection buffers is kept for a peer that does not read, once its place is free again.
pub const PIECE_BYTES: usize = 8 * 1024;
/// One address has at most this share of the strangers' and of the public places: a quarter.
pub const PEER_SHARE: usize = 4;
/// Enrolments in progress after their check. Each is one entry; the writer takes 256 at once.
pub const ENROLMENTS_MAX: usize = 16;
/// Longest body of an enrolment, in bytes: the longest message, and what a coding may add to it.
pub const ENROL_BODY_BYTES_MAX: usize = sync_core::limits::ENROL_BYTES_MAX + 1024;
/// Largest window of a compressed body, as a power of two: what a decoder may allocate, 8 MiB.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// By how much threads that work for strangers stand back behind those that work for devices, as Unix counts it.
pub const STRANGERS_NICE: i32 = 5;
/// A ticket for a photo counts this long, in seconds: a week of links that break.
pub const BLOB_TICKET_S: i64 = 7 * 24 * 3600;
/// Longest time that one piece of a photo may take, in seconds: 256 KiB at 500 bytes a second.
pub const BLOB_PIECE_S: u64 = 540;
/// Longest silence within a piece, in seconds.
pub const BLOB_IDLE_S: u64 = 30;
/// Bytes of photos that one device may bring in a day: six hundred of them.
pub const BLOB_DAY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of photos of one order: two hundred of them, at the largest usual size.
pub const BLOB_RECORD_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Bytes of photos that a revoked device may still bring, which its kept entries name.
pub const BLOB_REVOKED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A ticket opens an event stream this long, in seconds: twice the life of a stream.
pub const STREAM_TICKET_S: i64 = 2 * 3600;
/// A ticket says whose a body is this long, in seconds: longer than phones stay without signal.
pub const BODY_TICKET_S: i64 = 60 * 24 * 3600;
/// An event stream ends after this long, and the device opens another: a revoked one is then refused.
pub const STREAM_LIFE: Duration = Duration::from_secs(3600);
/// Streams that a device may open at once, for each that it may keep, and then a minute: it waits 5 s before another.
pub const STREAM_OPENINGS: u64 = 6;
/// Buckets of a throttle kept at once. Full ones are forgotten first; where none is, a newcomer is not counted by itself.
pub const BUCKETS_MAX: usize = 16_384;
/// Longest wait that a throttle asks for, in seconds.
pub const WAIT_S_MAX: u32 = 3_600;
/// The server is not ready once the writer has been at one thing for this long, in milliseconds: a batch takes less
/// than one second.
pub const STALL_MS: u64 = 10_000;
/// The server is not ready once it turned devices away for this long without taking one in between, in milliseconds.
pub const FULL_MS: u64 = 10_000;
/// One kind of alarm is logged once in this time; the next line says how many there were.
pub const ALARM_EVERY: Duration = Duration::from_secs(60);
/// How long a witness may take to be connected to, names and TLS included.
pub const WITNESS_CONNECT: Duration = Duration::from_secs(5);
/// How long one question to a witness may take. It checks one signature and one proof.
pub const WITNESS_TOTAL: Duration = Duration::from_secs(10);
/// Longest answer of a witness that is read, in bytes: some fifty signature lines.
pub const WITNESS_BYTES_MAX: u64 = 8 * 1024;
/// How long `check-tls` waits to connect, and then for each thing that a server says.
pub const TLS_CHECK_WITHIN: Duration = Duration::from_secs(10);
/// Longest file that is served from the folder `web`, in bytes: four times the app's largest.
pub const WEB_FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Certificates of one chain.
pub const CHAIN_MAX: usize = 16;

impl Config {
    /// From all sources.
    pub fn load(
        flags: Layer,
        file: Option<&PathBuf>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<Shown>), Failure> {
        let file = file.map(|path| read_file(path)).transpose()?.unwrap_or_default();
        let (config, shown) = Self::resolve(flags, Layer::from_env(env)?, file);
        config.check()?;
        Ok((config, shown))
    }

    /// How much of the ledger a device may fill.
    pub fn quotas(&self) -> Quotas {
        Quotas {
            crew_day_bytes: self.crew_day_bytes_max,
            office_day_bytes: self.office_day_bytes_max,
            revoked_bytes: self.revoked_bytes_max,
            ..Quotas::default()
        }
    }

    fn check(&self) -> Result<(), Failure> {
        let counts = [
            ("requests_max", self.requests_max as u64),
            ("device_requests_max", self.device_requests_max as u64),
            ("strangers_max", self.strangers_max as u64),
            ("public_max", self.public_max as u64),
            ("public_reads_max", self.public_reads_max),
            ("public_reads_per_min", self.public_reads_per_min),
            ("connections_max", self.connections_max as u64),
            ("peer_connections_max", self.peer_connections_max as u64),
            ("device_connections_max", self.device_connections_max as u64),
            ("connection_life_ms", self.connection_life_ms),
            ("header_timeout_ms", self.header_timeout_ms),
            ("write_timeout_ms", self.write_timeout_ms),
            ("body_timeout_ms", self.body_timeout_ms),
            ("body_grace_ms", self.body_grace_ms),
            ("body_bytes_per_s", self.body_bytes_per_s),
            ("answer_timeout_ms", self.answer_timeout_ms),
            ("keep_alive_ms", self.keep_alive_ms),
            ("events_max", self.events_max as u64),
            ("device_streams_max", self.device_streams_max as u64),
            ("queue_max", self.queue_max as u64),
            ("batch_requests_max", self.batch_requests_max as u64),
            ("batch_bytes_max", self.batch_bytes_max as u64),
            ("enrol_tries_max", self.enrol_tries_max),
            ("enrol_tries_per_min", self.enrol_tries_per_min),
            ("enrol_all_tries_max", self.enrol_all_tries_max),
            ("enrol_all_tries_per_min", self.enrol_all_tries_per_min),
            ("device_units_max", self.device_units_max),
            ("device_units_per_s", self.device_units_per_s),
            ("crew_day_bytes_max", self.crew_day_bytes_max),
            ("office_day_bytes_max", self.office_day_bytes_max),
            ("revoked_bytes_max", self.revoked_bytes_max),
        ];
        if self.witness.is_set() && self.checkpoints == kept::NONE {
            return Err(bad_setting(say!("server-setting-witness")));
        }
        match counts.into_iter().find(|(_, count)| !(1..=1 << 30).contains(count)) {
            None => self.check_pairs(),
            Some((name, count)) => Err(bad_setting(say!("server-setting-range", name, count))),
        }
    }

    /// Settings of which one must leave room for another.
    fn check_pairs(&self) -> Result<(), Failure> {
        let pairs = [
            ("connections_max", self.connections_max, self.events_max + 1),
            ("peer_bytes_max", self.peer_bytes_max, MESSAGE_BYTES_MAX),
            ("stranger_bytes_max", self.stranger_bytes_max, self.peer_bytes_max),
            ("device_bytes_max", self.device_bytes_max, MESSAGE_BYTES_MAX),
        ];
        match pairs.into_iter().find(|(_, count, least)| count < least) {
            None => Ok(()),
            Some((name, count, least)) => Err(bad_setting(say!("server-setting-least", name, count, least))),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::resolve(Layer::default(), Layer::default(), Layer::default()).0
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Layer, Source};

    #[test]
    fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
        let flags = Layer { queue_max: Some(1), ..Layer::default() };
        let env = |name: &str| match name {
            "CUADRILLA_QUEUE_MAX" => Some("2".to_owned()),
            "CUADRILLA_EVENTS_MAX" => Some("3".to_owned()),
            _ => None,
        };
        let file: Layer = toml::from_str("queue_max = 5\nevents_max = 6\nrequests_max = 7").unwrap();
        let (config, shown) = Config::resolve(flags, Layer::from_env(&env).unwrap(), file);
        assert_eq!((config.queue_max, config.events_max, config.requests_max), (1, 3, 7));
        assert_eq!(config.grace_ms, 10_000);
        let source = |name: &str| shown.iter().find(|one| one.name == name).unwrap().source;
        assert_eq!(source("queue_max"), Source::Flag);
        assert_eq!(source("events_max"), Source::Env);
        assert_eq!(source("requests_max"), Source::File);
        assert_eq!(source("grace_ms"), Source::Default);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let env = |name: &str| (name == "CUADRILLA_QUEUE_MAX").then(|| "many".to_owned());
        let failure = Layer::from_env(&env).unwrap_err();
        assert!(failure.message.of(words::Lang::En).contains("CUADRILLA_QUEUE_MAX"), "{failure:?}");
        assert!(toml::from_str::<Layer>("quue_max = 5").is_err());
        let zero = Layer { requests_max: Some(0), ..Layer::default() };
        assert!(Config::load(zero, None, &|_| None).is_err());
    }

    #[test]
    fn operating_has_every_setting_with_its_default_and_every_fixed_limit() {
        let manual = include_str!("../../docs/OPERATING.md");
        for shown in Config::resolve(Layer::default(), Layer::default(), Layer::default()).1 {
            let name = format!("`{}`", shown.name);
            let row = manual.lines().find(|line| line.starts_with("| ") && line.contains(&name));
            let row = row.unwrap_or_else(|| panic!("OPERATING.md has no row for {name}"));
            let default = if shown.value.is_empty() { "empty" } else { &shown.value };
            assert!(row.contains(default), "{name} is {default}: {row}");
        }
        let fixed =
            include_str!("config.rs").split("pub const ").skip(1).filter_map(|rest| rest.split(':').next());
        let fixed: Vec<&str> = fixed.filter(|name| name.bytes().all(|byte| byte != b' ')).collect();
        assert!(fixed.len() > 20);
        for name in fixed {
            assert!(manual.contains(&format!("`{name}`")), "OPERATING.md does not name {name}");
        }
    }

    #[test]
    fn settings_that_leave_no_room_for_each_other_are_refused() {
        let all = |layer: Layer| Config::load(layer, None, &|_| None);
        assert!(
            all(Layer { connections_max: Some(100), events_max: Some(100), ..Layer::default() }).is_err()
        );
        assert!(all(Layer { connections_max: Some(101), events_max: Some(100), ..Layer::default() }).is_ok());
        let refused = all(Layer { peer_bytes_max: Some(1_000), ..Layer::default() }).unwrap_err();
        assert!(refused.message.of(words::Lang::En).contains("peer_bytes_max"), "{refused:?}");
        assert!(all(Layer { stranger_bytes_max: Some(1 << 24), ..Layer::default() }).is_err());
        let key = sync_core::log::checkpoint::cosign::Witness::new("contraloria.example/w", &[8; 32]);
        let witness = format!("https://w.example {}", key.unwrap().verifier()).parse().ok();
        assert!(all(Layer { witness: witness.clone(), ..Layer::default() }).is_ok());
        let none = Some("none".to_owned());
        assert!(all(Layer { witness, checkpoints: none, ..Layer::default() }).is_err(), "nothing to show it");
    }
}
