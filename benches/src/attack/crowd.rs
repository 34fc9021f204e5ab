//! Crowd: strangers. Half-sent bodies, peers that never read, streams of one ticket, readers of the public log.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Plan;
use crate::load::dice::Dice;
use crate::load::town::Town;

/// How long an attacker waits before it comes again, at most.
const AGAIN_MS_MAX: u64 = 200;
/// What a peer that does not read has room for, in bytes.
const UNREAD_BYTES: u32 = 4_096;
/// Streams are asked for by so many at a time.
const ASKERS: usize = 64;

/// What attackers met, by kind.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    pub(super) fn add(&self, what: &str, count: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what.to_owned()).or_default() += count;
    }

    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An attack that did not take place proves nothing.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let all = self.all();
        for what in [
            "half a body: cut off",
            "never reads: cut off",
            "tile: 200",
            "stream: 401",
            "stream: 429",
            "poison: accepted",
        ] {
            ensure!(all.get(what).is_some_and(|count| *count > 0), "no attacker met: {what}");
        }
        for what in ["poison: sent", "revoked: sent"] {
            ensure!(all.keys().any(|met| met.starts_with(what)), "no attacker met: {what}");
        }
        Ok(())
    }
}

/// Whom to attack, and from where.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// The one address to attack from; otherwise each attacker has its own.
    pub(super) from: Option<Ipv4Addr>,
    pub(super) counts: Arc<Counts>,
    pub(super) stop: watch::Receiver<bool>,
}

impl Target {
    /// Connects as the attacker of that number. `unread` is what it has room for, if that is to be little.
    pub(super) async fn connect(&self, number: usize, unread: Option<u32>) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = unread {
            socket.set_recv_buffer_size(bytes)?;
        }
        let digit = |value: usize| u8::try_from(value % 250 + 1).unwrap_or(1);
        let own = Ipv4Addr::new(127, 66, digit(number / 250), digit(number));
        socket.bind(SocketAddr::new(IpAddr::V4(self.from.unwrap_or(own)), 0))?;
        socket.connect(self.address).await
    }

    pub(super) fn is_over(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Lets all of them begin.
pub(super) async fn begin(
    plan: &Plan,
    town: &Town,
    target: &Target,
    attackers: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let device = town.crews.last().context("the last device is hostile")?.lock().await;
    let ticket = device.ticket.clone().context("it was given a ticket")?;
    let id = device.id().context("it is enrolled")?;
    let mut number = 0;
    let mut next = |count: usize| {
        number += count;
        number - count..number
    };
    for number in next(plan.half_bodies) {
        attackers.spawn(again_and_again(target.clone(), number, half_body));
    }
    for number in next(plan.never_reading) {
        attackers.spawn(again_and_again(target.clone(), number, never_read));
    }
    for number in next(plan.readers) {
        attackers.spawn(again_and_again(target.clone(), number, read_tiles));
    }
    for number in next(ASKERS) {
        // One with the device's ticket, the next with its public name.
        let shown = if number % 2 == 0 { ticket.clone() } else { id.to_string() };
        attackers.spawn(ask_for_streams(target.clone(), number, shown, plan.streams.div_ceil(ASKERS)));
    }
    Ok(())
}

/// Attacks until it is over; comes again whenever it was cut off.
async fn again_and_again<F>(target: Target, number: usize, attack: impl Fn(Target, usize) -> F)
where
    F: Future<Output = io::Result<()>>,
{
    let mut dice = Dice::of(7, number as u64);
    let mut stop = target.stop.clone();
    while !target.is_over() {
        tokio::select! {
            // However it ended, it comes again.
            _ = attack(target.clone(), number) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        tokio::time::sleep(dice.wait(AGAIN_MS_MAX)).await;
    }
}

async fn half_body(target: Target, number: usize) -> io::Result<()> {
    let mut stream = target.connect(number, None).await?;
    let head = "POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-type: application/vnd.cuadrilla.v1\r\n\
                content-length: 8388608\r\n\r\nab";
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await;
    target.counts.add("half a body: cut off", 1);
    ended.map(drop)
}

async fn never_read(target: Target, number: usize) -> io::Result<()> {
    let mut stream = target.connect(number, Some(UNREAD_BYTES)).await?;
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    // It ends when the server closes.
    while stream.write_all(&asked).await.is_ok() {}
    target.counts.add("never reads: cut off", 1);
    Ok(())
}

async fn read_tiles(target: Target, number: usize) -> io::Result<()> {
    let mut stream = target.connect(number, None).await?;
    let mut dice = Dice::of(11, number as u64);
    loop {
        let width = 1 + dice.below(200);
        let asked = format!("GET /log/tile/entries/000.p/{width} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(asked.as_bytes()).await?;
        let status = read_answer(&mut stream).await?;
        target.counts.add(&format!("tile: {status}"), 1);
    }
}

/// Reads one whole answer; returns its status.
pub(super) async fn read_answer(stream: &mut TcpStream) -> io::Result<u16> {
    let mut read = Vec::new();
    let end = loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    while read.len() < end + length.unwrap_or(0) {
        if stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(status)
}

/// Asks for so many streams, and keeps each that is opened.
async fn ask_for_streams(target: Target, number: usize, ticket: String, count: usize) {
    let mut open = Vec::new();
    for _ in 0..count {
        if target.is_over() {
            return;
        }
        let asked = async {
            let mut stream = target.connect(number, None).await?;
            let head = format!("GET /v1/events?ticket={ticket} HTTP/1.1\r\nhost: x\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let mut status = [0; 12];
            stream.read_exact(&mut status).await?;
            io::Result::Ok((stream, String::from_utf8_lossy(&status[9..]).into_owned()))
        };
        match asked.await {
            Ok((stream, status)) => {
                target.counts.add(&format!("stream: {status}"), 1);
                open.push(stream);
            }
            Err(_) => target.counts.add("stream: cut off", 1),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut stop = target.stop.clone();
    // Those that are open stay so. It fails only if nobody is left to say stop.
    let _ = stop.wait_for(|stop| *stop).await;
    drop(open);
}
